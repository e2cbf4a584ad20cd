package trial

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/internal/person"
	"robotbailiff/internal/pg"
	"robotbailiff/rules/money"
)

// AgreeWithin is how long a proposal waits for the second person, in legal time. The database knows the same bound.
const AgreeWithin = 24 * time.Hour

// HoldRejected holds a case whose arrest a person has rejected.
const HoldRejected = "trial_rejected"

// Verdicts on an arrest.
const (
	VerdictConfirmed = "confirmed"
	VerdictRejected  = "rejected"
)

// ErrNone says that there is no such trial, or no such arrest before people.
var ErrNone = errors.New("trial: there is no such trial or arrest")

// ActError says why a person may not do this.
type ActError struct {
	Code   string // one of the Code constants
	Remedy string
}

// Codes of [ActError].
const (
	CodeDecided    = "already_decided"
	CodeGone       = "nothing_waits" // the arrest was withdrawn, or the case is held
	CodeSamePerson = "same_person"
	CodeNoReason   = "reason_missing"
	CodeNoActor    = "actor_missing"
)

// Error names code and remedy.
func (e *ActError) Error() string { return "trial: " + e.Code + ": " + e.Remedy }

// Trial is what is new, and how far people are with it.
type Trial struct {
	ID                           int64
	Kind, Name                   string
	Need                         int64
	Opened                       time.Time
	Confirmed, Waiting, Rejected int64
	Proposal                     *Act // the latest, while somebody can still agree
}

// Act is one recorded act. Acts are never changed.
type Act struct {
	Actor, Reason string
	At            time.Time
}

// Pick is an arrest that waits for a person.
type Pick struct {
	CaseID               int64
	Ordinal              int
	Amount               money.Amount
	Asked, Picked        time.Time
	Source, Format, Pack string
	PackID               int16
	Trace                json.RawMessage // why it is lawful, as the event of the case has it
}

// Store is the trials as people work with them.
type Store struct{ pool *pgxpool.Pool }

// NewStore makes a store on a database.
func NewStore(pool *pgxpool.Pool) *Store { return &Store{pool: pool} }

// Querier reads; a pool, a connection and a transaction are queriers.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Open lists the trials that go on, the oldest first.
func Open(ctx context.Context, q Querier, now time.Time) ([]Trial, error) {
	rows, err := q.Query(ctx, openSQL, now.Add(-AgreeWithin))
	if err != nil {
		return nil, fmt.Errorf("trial: list: %w", err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (t Trial, err error) {
		var actor, reason *string
		var at *time.Time
		if err = row.Scan(&t.ID, &t.Kind, &t.Name, &t.Need, &t.Opened, &t.Confirmed, &t.Waiting, &t.Rejected, &actor, &reason, &at); at != nil {
			t.Proposal = &Act{*actor, *reason, at.UTC()}
		}
		t.Opened = t.Opened.UTC()
		return t, err
	})
	if err != nil {
		return nil, fmt.Errorf("trial: list: %w", err)
	}
	return all, nil
}

// Waiting lists the arrests that wait for a person, the oldest first.
func Waiting(ctx context.Context, q Querier, limit int) ([]Pick, error) {
	rows, err := q.Query(ctx, waitingSQL, limit)
	if err != nil {
		return nil, fmt.Errorf("trial: waiting: %w", err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p Pick, err error) {
		var amount int64
		err = row.Scan(&p.CaseID, &p.Ordinal, &amount, &p.Asked, &p.Picked, &p.Source, &p.Format, &p.Pack, &p.PackID, &p.Trace)
		p.Amount, p.Asked, p.Picked = money.FromTiyn(amount), p.Asked.UTC(), p.Picked.UTC()
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("trial: waiting: %w", err)
	}
	return all, nil
}

// CountWaiting counts the arrests that wait for a person.
func CountWaiting(ctx context.Context, q Querier) (n int64, err error) {
	if err := q.QueryRow(ctx, countWaitingSQL).Scan(&n); err != nil {
		return 0, fmt.Errorf("trial: waiting: %w", err)
	}
	return n, nil
}

// Confirm lets one arrest leave: one person is enough for one.
func (s *Store) Confirm(ctx context.Context, caseID int64, ordinal int, actor, reason string, now time.Time) error {
	return s.decide(ctx, caseID, ordinal, VerdictConfirmed, actor, reason, now)
}

// Reject keeps one arrest from leaving. The caller has put the case on hold with [HoldRejected] before, so that the order is withdrawn.
func (s *Store) Reject(ctx context.Context, caseID int64, ordinal int, actor, reason string, now time.Time) error {
	return s.decide(ctx, caseID, ordinal, VerdictRejected, actor, reason, now)
}

// Undecided says whether an arrest is before people and this person may decide about it.
func (s *Store) Undecided(ctx context.Context, caseID int64, ordinal int, actor, reason string) error {
	if _, _, err := Who(actor, reason); err != nil {
		return err
	}
	var verdict string
	switch err := s.pool.QueryRow(ctx, verdictSQL, caseID, ordinal).Scan(&verdict); {
	case errors.Is(err, pgx.ErrNoRows):
		return ErrNone
	case err != nil:
		return fmt.Errorf("trial: case %d: %w", caseID, err)
	case verdict != "":
		return &ActError{CodeDecided, "nothing was done"}
	}
	return nil
}

func (s *Store) decide(ctx context.Context, caseID int64, ordinal int, verdict, actor, reason string, now time.Time) error {
	actor, reason, err := Who(actor, reason)
	if err != nil {
		return err
	}
	return pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		var was string
		var waits bool
		err := tx.QueryRow(ctx, pickedSQL, caseID, ordinal).Scan(&was, &waits)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return ErrNone
		case err != nil:
			return fmt.Errorf("trial: case %d: %w", caseID, err)
		case was != "":
			return &ActError{CodeDecided, "nothing was done"}
		case !waits && verdict == VerdictConfirmed:
			return &ActError{CodeGone, "this arrest will not leave: it was withdrawn, or its case is held"}
		}
		if _, err := tx.Exec(ctx, decideSQL, caseID, ordinal, verdict, actor, reason, now); err != nil {
			return fmt.Errorf("trial: case %d: %w", caseID, err)
		}
		return nil
	})
}

// Agree is one person's word for all arrests of a trial that wait now: the first call is a proposal, which stands for [AgreeWithin]; the
// call of another person within that time confirms what waited when it was made, and ends the trial if enough is confirmed then.
func (s *Store) Agree(ctx context.Context, id int64, actor, reason string, now time.Time) (done bool, err error) {
	actor, reason, err = Who(actor, reason)
	if err != nil {
		return false, err
	}
	now = now.UTC().Truncate(time.Microsecond)
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		var over bool
		err := tx.QueryRow(ctx, lockOneSQL, id).Scan(&over)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return ErrNone
		case err != nil:
			return err
		case over:
			return &ActError{CodeDecided, "the trial is over"}
		}
		var first string
		var at time.Time
		err = tx.QueryRow(ctx, proposalSQL, id, now.Add(-AgreeWithin)).Scan(&first, &at)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			_, err = tx.Exec(ctx, insertActSQL, id, "proposed", actor, reason, now)
			return err
		case err != nil:
			return err
		case first == actor:
			return &ActError{CodeSamePerson, "another person has to agree to what you have proposed"}
		}
		for _, step := range []struct {
			sql  string
			args []any
		}{{insertActSQL, []any{id, "agreed", actor, reason, now}}, {confirmAllSQL, []any{id, at, actor, reason, now}}, {passSQL, []any{id, now}}} {
			if _, err := tx.Exec(ctx, step.sql, step.args...); err != nil {
				return err
			}
		}
		done = true
		return nil
	})
	if _, told := errors.AsType[*ActError](err); err != nil && !told && !errors.Is(err, ErrNone) {
		err = fmt.Errorf("trial %d: %w", id, err)
	}
	return done && err == nil, err
}

// Who tidies a person's name and reason.
func Who(actor, reason string) (string, string, error) {
	name, ok := person.Name(actor)
	if !ok {
		return "", "", &ActError{CodeNoActor, "say who acts"}
	}
	if reason, ok = person.Reason(reason); !ok || reason == "" {
		return "", "", &ActError{CodeNoReason, "say why, in at most 2000 bytes and without personal data"}
	}
	return name, reason, nil
}

const (
	// liveProposalSQL finds the latest proposal of a trial that nobody has agreed to and that still stands.
	liveProposalSQL = `FROM trial_acts p WHERE p.act = 'proposed' AND p.at > $2 AND NOT EXISTS (SELECT 1 FROM trial_acts g WHERE g.trial_id = p.trial_id AND g.id > p.id) AND p.trial_id = `

	openSQL = `SELECT t.id, t.kind, t.name, t.need, t.opened_at, n.confirmed, n.waiting, n.rejected, p.actor, p.reason, p.at
  FROM trials t CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE a.verdict = 'confirmed') AS confirmed, count(*) FILTER (WHERE a.verdict = 'rejected') AS rejected,
         count(*) FILTER (WHERE ` + waitsSQL + `) AS waiting FROM trial_arrests a WHERE ` + subjectSQL + `) n
  LEFT JOIN LATERAL (SELECT p.actor, p.reason, p.at FROM trial_acts p WHERE p.trial_id = t.id AND p.act = 'proposed' AND p.at > $1
     AND NOT EXISTS (SELECT 1 FROM trial_acts g WHERE g.trial_id = p.trial_id AND g.id > p.id)) p ON true
 WHERE t.passed_at IS NULL ORDER BY t.id LIMIT 1000`

	waitingSQL = `SELECT a.case_id, a.ordinal, o.amount, o.requested_at, a.picked_at, a.source, a.format, a.pack, e.pack, coalesce(e.data -> 'trace', '[]')
  FROM trial_arrests a JOIN orders o ON o.case_id = a.case_id AND o.purpose = 'arrest' AND o.ordinal = a.ordinal
  JOIN events e ON e.case_id = a.case_id AND e.kind = 'arrest_ordered' AND e.at = o.requested_at
 WHERE ` + waitsSQL + ` ORDER BY a.picked_at, a.case_id LIMIT $1`

	countWaitingSQL = `SELECT count(*) FROM trial_arrests a WHERE ` + waitsSQL

	verdictSQL = `SELECT verdict FROM trial_arrests WHERE case_id = $1 AND ordinal = $2`

	pickedSQL = `SELECT a.verdict, ` + waitsSQL + ` FROM trial_arrests a WHERE a.case_id = $1 AND a.ordinal = $2 FOR UPDATE OF a`

	decideSQL = `UPDATE trial_arrests SET verdict = $3, actor = $4, reason = $5, decided_at = $6 WHERE case_id = $1 AND ordinal = $2`

	lockOneSQL = `SELECT passed_at IS NOT NULL FROM trials WHERE id = $1 FOR UPDATE`

	proposalSQL = `SELECT p.actor, p.at ` + liveProposalSQL + `$1`

	insertActSQL = `INSERT INTO trial_acts (trial_id, act, actor, reason, at) VALUES ($1, $2, $3, $4, $5)`

	confirmAllSQL = `UPDATE trial_arrests a SET verdict = 'confirmed', actor = $3, reason = $4, decided_at = $5 FROM trials t
 WHERE t.id = $1 AND ` + subjectSQL + ` AND a.picked_at <= $2 AND ` + waitsSQL

	passSQL = `UPDATE trials t SET passed_at = $2
 WHERE t.id = $1 AND t.need <= (SELECT count(*) FROM trial_arrests a WHERE a.verdict = 'confirmed' AND ` + subjectSQL + `)`
)
