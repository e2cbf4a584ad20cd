package portal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"robotbailiff/engine"
	"robotbailiff/rules/calendar"
)

type execer interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// countAttemptSQL counts an attempt unless the link is locked; a lock that is over begins anew.
const countAttemptSQL = `INSERT INTO portal_gate AS g (token_hash, wrong) VALUES ($1, 1)
ON CONFLICT (token_hash) DO UPDATE SET touched_at = now(),
       wrong = CASE WHEN g.locked_until > $2 THEN g.wrong WHEN g.locked_until IS NOT NULL THEN 1 ELSE g.wrong + 1 END,
       locked_until = CASE WHEN g.locked_until > $2 THEN g.locked_until END
RETURNING locked_until, wrong`

func countAttempt(ctx context.Context, tx pgx.Tx, hash []byte, now time.Time) (until time.Time, wrong int, err error) {
	var locked pgtype.Timestamptz
	err = tx.QueryRow(ctx, countAttemptSQL, hash, now).Scan(&locked, &wrong)
	return locked.Time, wrong, err
}

const lockGateSQL = `UPDATE portal_gate SET locked_until = $2 WHERE token_hash = $1`

func lockGate(ctx context.Context, tx pgx.Tx, hash []byte, until time.Time) error {
	_, err := tx.Exec(ctx, lockGateSQL, hash, until)
	return err
}

const clearGateSQL = `DELETE FROM portal_gate WHERE token_hash = $1`

func clearGate(ctx context.Context, tx pgx.Tx, hash []byte) error {
	_, err := tx.Exec(ctx, clearGateSQL, hash)
	return err
}

const (
	gateLockSQL = `SELECT pg_advisory_xact_lock_shared(hashtextextended('bailiff.links', $1))`
	standsSQL   = `SELECT EXISTS (SELECT FROM links l WHERE l.token_hash = $1 AND NOT EXISTS (SELECT FROM link_renewals r WHERE r.case_id = l.case_id AND r.below > l.ordinal))`
)

// linkStands looks once more whether a link opens its case: it may have been made invalid since it was looked up, and a visit that is
// written after that would stay open. See package links, which takes the same lock.
func linkStands(ctx context.Context, tx pgx.Tx, hash []byte, caseID int64) (stands bool, err error) {
	if _, err := tx.Exec(ctx, gateLockSQL, caseID); err != nil {
		return false, err
	}
	err = tx.QueryRow(ctx, standsSQL, hash).Scan(&stands)
	return stands, err
}

// keepVisitSQL outlives the session: that a link was opened behind the gate is a proof. A clock that stands behind moves nothing back.
const keepVisitSQL = `INSERT INTO link_visits AS v (token_hash, case_id, first_at, last_at) VALUES ($1, $2, $3, $3)
ON CONFLICT (token_hash) DO UPDATE SET last_at = greatest(v.last_at, $3), visits = v.visits + 1`

func keepVisit(ctx context.Context, tx pgx.Tx, hash []byte, caseID int64, now time.Time) error {
	_, err := tx.Exec(ctx, keepVisitSQL, hash, caseID, now)
	return err
}

const personSQL = `SELECT d.iin_sealed, d.birth_date, coalesce(p.language, c.language), c.ended_at
  FROM cases c JOIN debtors d ON d.id = c.debtor_id LEFT JOIN contact_preferences p ON p.debtor_id = d.id WHERE c.id = $1`

func readPerson(ctx context.Context, q engine.Querier, caseID int64) (person, error) {
	var p person
	var born pgtype.Date
	var ended pgtype.Timestamptz
	err := q.QueryRow(ctx, personSQL, caseID).Scan(&p.sealed, &born, &p.language, &ended)
	if errors.Is(err, pgx.ErrNoRows) {
		return person{}, nil
	}
	if born.Valid {
		p.birthYear = born.Time.Year()
	}
	p.ended = ended.Time
	return p, err
}

const phoneSQL = `SELECT coalesce(d.phone_sealed, '') FROM cases c JOIN debtors d ON d.id = c.debtor_id WHERE c.id = $1`

// readPhone gives the sealed telephone of a case; empty: there is none, or no such case.
func readPhone(ctx context.Context, q engine.Querier, caseID int64) (sealed []byte, err error) {
	err = q.QueryRow(ctx, phoneSQL, caseID).Scan(&sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return sealed, err
}

const insertSessionSQL = `INSERT INTO portal_sessions (id_hash, case_id, expires_at, helper_id) VALUES ($1, $2, now() + $3::interval, nullif($4, 0))`

func insertSession(ctx context.Context, tx pgx.Tx, hash []byte, caseID int64, d time.Duration, helper int64) error {
	_, err := tx.Exec(ctx, insertSessionSQL, hash, caseID, d, helper)
	return err
}

const readSessionSQL = `SELECT s.case_id, coalesce(s.helper_id, 0), s.person_hash, h.ended_at IS NOT NULL, h.expires_at
  FROM portal_sessions s LEFT JOIN portal_helpers h ON h.id = s.helper_id LEFT JOIN portal_people p ON p.id_hash = s.person_hash
 WHERE s.id_hash = $1 AND s.expires_at > now() AND (s.person_hash IS NULL OR p.expires_at > now())`

// sessionRow is a living session; ended and until tell whether its helper may still see the case, in legal time.
type sessionRow struct {
	visitor
	ended bool
	until time.Time
}

func readSession(ctx context.Context, q engine.Querier, hash []byte) (r sessionRow, ok bool, err error) {
	var until pgtype.Timestamptz
	err = q.QueryRow(ctx, readSessionSQL, hash).Scan(&r.caseID, &r.helper, &r.person, &r.ended, &until)
	if errors.Is(err, pgx.ErrNoRows) {
		return sessionRow{}, false, nil
	}
	r.until = until.Time
	return r, err == nil, err
}

const extendSessionSQL = `UPDATE portal_sessions SET expires_at = least(now() + $2::interval, started_at + interval '8 hours')
 WHERE id_hash = $1 AND expires_at > now()`

func extendSession(ctx context.Context, db execer, hash []byte, d time.Duration) (bool, error) {
	tag, err := db.Exec(ctx, extendSessionSQL, hash, d)
	return tag.RowsAffected() == 1, err
}

const deleteSessionSQL = `DELETE FROM portal_sessions WHERE id_hash = $1`

func deleteSession(ctx context.Context, db execer, hash []byte) error {
	_, err := db.Exec(ctx, deleteSessionSQL, hash)
	return err
}

// purgeSQL forgets visits that are over and gates that nobody has tried for two days.
const purgeSQL = `WITH s AS (DELETE FROM portal_sessions WHERE expires_at < now() RETURNING 1),
     g AS (DELETE FROM portal_gate WHERE touched_at < now() - interval '2 days' RETURNING 1),
     p AS (DELETE FROM portal_people WHERE expires_at < now() RETURNING 1)
SELECT (SELECT count(*) FROM s) + (SELECT count(*) FROM g) + (SELECT count(*) FROM p)`

// Purge forgets sessions that are over and old attempts at the gate. Somebody calls it now and then.
func (s *Service) Purge(ctx context.Context) (int, error) {
	var n int
	if err := s.cfg.Pool.QueryRow(ctx, purgeSQL).Scan(&n); err != nil {
		return 0, fmt.Errorf("portal: purge: %w", err)
	}
	return n, nil
}

const debtorSQL = `SELECT c.debtor_id, c.language, d.name FROM cases c JOIN debtors d ON d.id = c.debtor_id WHERE c.id = $1`

// readDebtor gives whose case it is, and the language that its document asks for.
func readDebtor(ctx context.Context, q engine.Querier, caseID int64) (id int64, language, name string, err error) {
	err = q.QueryRow(ctx, debtorSQL, caseID).Scan(&id, &language, &name)
	return id, language, name, err
}

const writSQL = `SELECT w.document_number, w.document_date, w.kind, w.issuer_name, d.name,
       coalesce(b.name, ''), coalesce(b.licence, ''), coalesce(b.contact, ''), coalesce(h.recalled_at IS NOT NULL, false)
  FROM writs w JOIN debtors d ON d.id = w.debtor_id
  LEFT JOIN handovers h ON h.case_id = w.case_id LEFT JOIN bailiffs b ON b.id = h.bailiff_id
 WHERE w.case_id = $1`

type writRow struct {
	document     string
	documentDate calendar.Date
	kind         string
	issuer       string
	name         string
	bailiff      string
	licence      string
	contact      string
	recalled     bool
}

func readWrit(ctx context.Context, q engine.Querier, caseID int64) (writRow, error) {
	var w writRow
	var date pgtype.Date
	err := q.QueryRow(ctx, writSQL, caseID).Scan(&w.document, &date, &w.kind, &w.issuer, &w.name, &w.bailiff, &w.licence, &w.contact, &w.recalled)
	if date.Valid {
		w.documentDate = calendar.FromUTC(date.Time)
	}
	return w, err
}
