package portal

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/rules/money"
)

const insertPersonSQL = `INSERT INTO portal_people (id_hash, iin_blind, expires_at) VALUES ($1, $2, now() + $3::interval)`

func insertPerson(ctx context.Context, db execer, hash, blind []byte, d time.Duration) error {
	_, err := db.Exec(ctx, insertPersonSQL, hash, blind, d)
	return err
}

const prolongPersonSQL = `UPDATE portal_people SET expires_at = least(now() + $2::interval, started_at + interval '8 hours') WHERE id_hash = $1 AND expires_at > now()`

// prolongPerson gives a living sign-in its full time again.
func prolongPerson(ctx context.Context, db execer, hash []byte, d time.Duration) (bool, error) {
	tag, err := db.Exec(ctx, prolongPersonSQL, hash, d)
	return tag.RowsAffected() == 1, err
}

const deletePersonSQL = `DELETE FROM portal_people WHERE id_hash = $1`

// deletePerson ends a sign-in, and with it the visits of cases that were opened after it.
func deletePerson(ctx context.Context, db execer, hash []byte) error {
	_, err := db.Exec(ctx, deletePersonSQL, hash)
	return err
}

// ownSQL is all cases of the person of a living sign-in; what belongs to nobody else begins here, and nowhere else.
const ownSQL = ` FROM portal_people p JOIN debtors d ON d.iin_blind = p.iin_blind JOIN writs w ON w.debtor_id = d.id JOIN cases c ON c.id = w.case_id
 WHERE p.id_hash = $1 AND p.expires_at > now()`

// ownTotalSQL always gives one row.
const ownTotalSQL = `SELECT EXISTS (SELECT 1 FROM portal_people WHERE id_hash = $1 AND expires_at > now()),
       count(o.id) FILTER (WHERE o.ended_at IS NULL), coalesce(sum(o.outstanding) FILTER (WHERE o.ended_at IS NULL), 0)::bigint
  FROM (SELECT c.id, c.ended_at, c.outstanding` + ownSQL + `) o`

// readOwnTotal tells whether a sign-in lives, and how many cases are open and how much is owed in them.
func readOwnTotal(ctx context.Context, q engine.Querier, hash []byte) (lives bool, open int, owed money.Amount, err error) {
	var tiyn int64
	err = q.QueryRow(ctx, ownTotalSQL, hash).Scan(&lives, &open, &tiyn)
	if err != nil {
		return false, 0, money.Zero, err
	}
	return lives, open, money.FromTiyn(tiyn), nil
}

// place is where a page of the list goes on: after a case. The zero place is before all.
type place struct {
	ended bool
	id    int64
}

// ownListSQL gives open cases first, then ended ones, the newest first.
const ownListSQL = `SELECT c.id, coalesce(nullif(w.claimant_name, ''), w.issuer_name), h.recalled_at IS NOT NULL,
       coalesce(h.recall_reason, (SELECT e.data ->> 'reason' FROM events e WHERE e.case_id = c.id AND c.state = 'paid' AND e.kind = 'voided'), '')
  FROM (SELECT c.id, c.ended_at IS NOT NULL AS ended` + ownSQL + `) o
  JOIN cases c ON c.id = o.id JOIN writs w ON w.case_id = o.id LEFT JOIN handovers h ON h.case_id = o.id
 WHERE $3 = 0 OR (o.ended, -o.id) > ($2, -$3)
 ORDER BY o.ended, o.id DESC LIMIT $4`

type ownRow struct {
	id       int64
	claimant string
	recalled bool
	reason   string
}

func readOwn(ctx context.Context, q engine.Querier, hash []byte, after place, limit int) ([]ownRow, error) {
	rows, err := q.Query(ctx, ownListSQL, hash, after.ended, after.id, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (o ownRow, err error) {
		err = r.Scan(&o.id, &o.claimant, &o.recalled, &o.reason)
		return o, err
	})
}

const ownCaseSQL = `SELECT c.language, c.ended_at IS NOT NULL` + ownSQL + ` AND c.id = $2`

// readOwnCase finds one case of the person of a living sign-in; ok is false for everybody else's.
func readOwnCase(ctx context.Context, q engine.Querier, hash []byte, id int64) (language string, ended, ok bool, err error) {
	err = q.QueryRow(ctx, ownCaseSQL, hash, id).Scan(&language, &ended)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", false, false, nil
	}
	return language, ended, err == nil, err
}

const personLivesSQL = `SELECT EXISTS (SELECT 1 FROM portal_people WHERE id_hash = $1 AND expires_at > now())`

func personLives(ctx context.Context, q engine.Querier, hash []byte) (lives bool, err error) {
	err = q.QueryRow(ctx, personLivesSQL, hash).Scan(&lives)
	return lives, err
}

const insertOwnSessionSQL = `INSERT INTO portal_sessions (id_hash, case_id, expires_at, person_hash) VALUES ($1, $2, now() + $3::interval, $4)`

// insertOwnSession begins the visit of a case after a sign-in.
func insertOwnSession(ctx context.Context, db execer, hash []byte, caseID int64, d time.Duration, person []byte) error {
	_, err := db.Exec(ctx, insertOwnSessionSQL, hash, caseID, d, person)
	return err
}

// keepSignedVisitSQL is for sign-ins what keepVisitSQL is for links.
const keepSignedVisitSQL = `INSERT INTO signed_visits AS v (case_id, first_at, last_at) VALUES ($1, $2, $2)
ON CONFLICT (case_id) DO UPDATE SET last_at = greatest(v.last_at, $2), visits = v.visits + 1`

func keepSignedVisit(ctx context.Context, db execer, caseID int64, now time.Time) error {
	_, err := db.Exec(ctx, keepSignedVisitSQL, caseID, now)
	return err
}
