// Package links makes the personal links of a case invalid and has a new one sent, because somebody else has the old one.
//
// It must not decide who may do so, know a token, or show anything of the case.
//
// The event of the case says who did it and why; the links of before open nothing from then on, the visits of the case end, and so does
// what helpers were allowed, since whoever held the link may have let them in.
//
// The entry point is [New].
package links

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine"
	"robotbailiff/internal/pg"
)

// DebtorPerDay is how often a debtor may have a new link sent, in a day of legal time.
const DebtorPerDay = 3

// ByDebtor is the reason of a renewal that the debtor wants.
const ByDebtor = "debtor"

// Why no link is renewed.
var (
	ErrMany = errors.New("links: there were as many as may be in a day")
	ErrOver = errors.New("links: the case has no links any more")
	ErrNone = errors.New("links: there is no such case")
)

// Cases is what the package needs of the engine.
type Cases interface {
	ApplyTx(ctx context.Context, tx pgx.Tx, cmds []engine.For, opts ...engine.Option) (*engine.Plan, error)
	Now(ctx context.Context) (time.Time, error)
}

// Store renews links.
type Store struct {
	pool  *pgxpool.Pool
	cases Cases
}

// New gives a store.
func New(pool *pgxpool.Pool, cases Cases) *Store { return &Store{pool, cases} }

// State is how the links of a case stand.
type State struct {
	Below     int       // links of events before this one open nothing; 0: none was made invalid
	At        time.Time // when the last ones were
	Visits    int       // that are open now
	Helpers   int       // who may look now
	Reachable bool      // an SMS can reach the debtor: there is a number, nobody says that it is another's, and the last message arrived
}

const stateSQL = `SELECT coalesce((SELECT max(below) FROM link_renewals r WHERE r.case_id = c.id), 0), coalesce((SELECT max(at) FROM link_renewals r WHERE r.case_id = c.id), '0001-01-01Z'),
       (SELECT count(*) FROM portal_sessions s WHERE s.case_id = c.id AND s.expires_at > now()),
       (SELECT count(*) FROM portal_helpers h WHERE h.case_id = c.id AND h.ended_at IS NULL AND h.expires_at > $2),
       coalesce(c.hold, '') <> '` + engine.HoldWrongPerson + `' AND d.phone_sealed IS NOT NULL AND NOT coalesce((SELECT n.status = 'failed' FROM notices n
         WHERE n.case_id = c.id AND n.channel = 'sms' AND n.status IN ('delivered', 'failed') ORDER BY n.ordinal DESC LIMIT 1), false)
  FROM cases c JOIN debtors d ON d.id = c.debtor_id WHERE c.id = $1`

// State tells how the links of a case stand.
func (s *Store) State(ctx context.Context, caseID int64) (v State, err error) {
	now, err := s.cases.Now(ctx)
	if err != nil {
		return v, fmt.Errorf("links: legal time: %w", err)
	}
	err = s.pool.QueryRow(ctx, stateSQL, caseID, now).Scan(&v.Below, &v.At, &v.Visits, &v.Helpers, &v.Reachable)
	if errors.Is(err, pgx.ErrNoRows) {
		return v, ErrNone
	}
	if err != nil {
		return v, fmt.Errorf("links: case %d: %w", caseID, err)
	}
	return v, nil
}

const (
	lockSQL  = `SELECT FROM cases WHERE id = $1 FOR NO KEY UPDATE`
	knownSQL = `SELECT coalesce(max(below), 0), count(*) FILTER (WHERE actor = $2 AND at > $3) FROM link_renewals WHERE case_id = $1`

	// Whoever passes the gate of a link holds it shared until the visit is written: a visit is seen here, or its link is seen to be dead there.
	gateLockSQL = `SELECT pg_advisory_xact_lock(hashtextextended('bailiff.links', $1))`

	// What [End] has made invalid may reach up to the link of this very event already.
	renewSQL = `WITH r AS (INSERT INTO link_renewals (case_id, below, actor, at) SELECT id, seq, $2, $3 FROM cases WHERE id = $1 ON CONFLICT DO NOTHING),
     h AS (UPDATE portal_helpers SET ended_at = $3, ended_by = 'renewal' WHERE case_id = $1 AND ended_at IS NULL AND expires_at > $3)
DELETE FROM portal_sessions WHERE case_id = $1`
)

// Renew makes the links of a case invalid for the reason that a person gives, and has a new one sent. seen is [State.Below] as the person saw
// it: when there is a later one, this is a second click, and nothing is done.
func (s *Store) Renew(ctx context.Context, caseID int64, actor, reason string, seen int) error {
	now, err := s.cases.Now(ctx)
	if err != nil {
		return fmt.Errorf("links: legal time: %w", err)
	}
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockSQL, caseID); err != nil {
			return err
		}
		var below, today int
		if err := tx.QueryRow(ctx, knownSQL, caseID, actor, now.Add(-24*time.Hour)).Scan(&below, &today); err != nil {
			return err
		}
		switch {
		case below != seen:
			return nil
		case actor == engine.ActorDebtor && today >= DebtorPerDay:
			return ErrMany
		}
		plan, err := s.cases.ApplyTx(ctx, tx, []engine.For{{CaseID: caseID, Actor: actor, Command: engine.RenewLink{Reason: reason}}})
		if err != nil {
			return err
		}
		if r := plan.Outcomes[0].Refusal; r != nil {
			return refused(r)
		}
		if _, err := tx.Exec(ctx, gateLockSQL, caseID); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, renewSQL, caseID, actor, now) // the event is the newest one of the case
		return err
	})
	if err != nil {
		return fmt.Errorf("links: renewal of case %d: %w", caseID, err)
	}
	return nil
}

const (
	gateLocksSQL = `SELECT pg_advisory_xact_lock(hashtextextended('bailiff.links', c.id)) FROM (SELECT unnest($1::bigint[]) AS id ORDER BY 1) c`

	endSQL = `WITH r AS (INSERT INTO link_renewals (case_id, below, actor, at) SELECT id, seq + 1, $2, $3 FROM cases WHERE id = ANY ($1)),
     h AS (UPDATE portal_helpers SET ended_at = $3, ended_by = 'renewal' WHERE case_id = ANY ($1) AND ended_at IS NULL AND expires_at > $3)
DELETE FROM portal_sessions WHERE case_id = ANY ($1)`
)

// End makes all links of cases invalid for ever, that of the notice of their newest event as well, and ends what is open of them. The cases are
// locked, and their newest events say why.
func End(ctx context.Context, tx pgx.Tx, cases []int64, actor string, now time.Time) error {
	if _, err := tx.Exec(ctx, gateLocksSQL, cases); err != nil {
		return fmt.Errorf("links: end: %w", err)
	}
	if _, err := tx.Exec(ctx, endSQL, cases, actor, now); err != nil {
		return fmt.Errorf("links: end: %w", err)
	}
	return nil
}

func refused(r *engine.Refusal) error {
	switch r.Code {
	case engine.CodeEnded:
		return ErrOver
	case engine.CodeNotFound, engine.CodeNotOpened:
		return ErrNone
	}
	return r
}
