package restored

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/internal/pg"
)

// Who noticed a restore.
const (
	ByMark    = "mark"    // the file beside the key was ahead of the database
	ByPerson  = "person"  // somebody said so
	ByCompare = "compare" // a bank knows an order that is newer than all we know
)

// Reason is why the robot is stopped meanwhile.
const Reason = "restored"

// Restore is one time that an older copy of the database came back.
type Restore struct {
	ID         int64      `json:"id"`
	At         time.Time  `json:"at"` // noticed, in legal time
	NoticedBy  string     `json:"noticed_by"`
	Actor      string     `json:"actor"`
	Proposal   *Act       `json:"proposal,omitempty"` // a release that another person can still agree to
	ReleasedAt *time.Time `json:"released_at,omitempty"`
}

const dutyPrefix = "restored-"

// Duty is the name of the compare that a restore asks for, once for each bank.
func (r *Restore) Duty() string { return fmt.Sprintf("%s%d", dutyPrefix, r.ID) }

// IsDuty says whether a duty is the compare after a restore.
func IsDuty(name string) bool { return strings.HasPrefix(name, dutyPrefix) }

// Act is what a person did towards the release.
type Act struct {
	Actor  string    `json:"actor"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// ActError says why a person may not do this.
type ActError struct{ Code, Remedy string }

// Codes of [ActError].
const (
	CodeNoRestore  = "not_restored"
	CodeNotCompare = "not_compared"
	CodeSamePerson = "same_person"
	CodeNoReason   = "reason_missing"
	CodeNoActor    = "actor_missing"
)

// Error names code and remedy.
func (e *ActError) Error() string { return "restored: " + e.Code + ": " + e.Remedy }

// ReleaseWithin is how long a proposed release waits for the second person, in legal time. The database knows the same bound.
const ReleaseWithin = 24 * time.Hour

// serialsSkipped is how many case numbers are left out after a restore: those that the lost past may have given away. Their
// orders are known to banks, so a new case must never come under one of them.
const serialsSkipped = "500000"

// Querier reads; a pool, a connection and a transaction are queriers.
type Querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Open gives the restore that is not released yet, nil if there is none.
func Open(ctx context.Context, q Querier, now time.Time) (*Restore, error) {
	var r Restore
	var actor, reason *string
	var at *time.Time
	err := q.QueryRow(ctx, openSQL, now.Add(-ReleaseWithin)).Scan(&r.ID, &r.At, &r.NoticedBy, &r.Actor, &actor, &reason, &at)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("restored: %w", err)
	case actor != nil:
		r.Proposal = &Act{Actor: *actor, Reason: *reason, At: at.UTC()}
	}
	r.At = r.At.UTC()
	return &r, nil
}

// Declare says that this database is an older copy: everything is stopped from the commit on (package stop reads it), case numbers of the lost past are left
// out, and every bank has to be compared anew. Said twice, it is one restore. Money and lifts go on.
func Declare(ctx context.Context, tx pgx.Tx, noticedBy, actor string, now time.Time) (Restore, error) {
	if _, err := tx.Exec(ctx, declareSQL, now, noticedBy, actor); err != nil {
		return Restore{}, fmt.Errorf("restored: declare: %w", err)
	}
	r, err := Open(ctx, tx, now)
	if err != nil {
		return Restore{}, err
	}
	if r == nil {
		return Restore{}, errors.New("restored: declare: it was released meanwhile")
	}
	return *r, nil
}

// DeclareNow is a person's word that an older copy was restored.
func DeclareNow(ctx context.Context, pool *pgxpool.Pool, actor string, now time.Time) (*Restore, error) {
	if actor = strings.ToLower(clean(actor)); actor == "" || len(actor) > 200 {
		return nil, &ActError{CodeNoActor, "say who acts"}
	}
	var r Restore
	err := pg.InTx(ctx, pool, func(tx pgx.Tx) (err error) {
		r, err = Declare(ctx, tx, ByPerson, actor, now)
		return err
	})
	return &r, err
}

// Release lets coercion go on, by two people: the first call is a proposal, which stands for [ReleaseWithin], the second one by
// another person releases. Both must have seen that the payments since the copy were read in again; every bank that is
// connected must have been compared since.
func Release(ctx context.Context, pool *pgxpool.Pool, banks []string, actor, reason string, now time.Time) (*Restore, error) {
	actor, reason = strings.ToLower(clean(actor)), clean(reason)
	switch {
	case actor == "" || len(actor) > 200 || actor == "robot":
		return nil, &ActError{CodeNoActor, "say who acts"}
	case reason == "" || len(reason) > 2000:
		return nil, &ActError{CodeNoReason, "say what was looked at, in at most 2000 bytes and without personal data"}
	}
	now = now.UTC().Truncate(time.Microsecond)
	var out *Restore
	err := pg.InTx(ctx, pool, func(tx pgx.Tx) error {
		r, err := Open(ctx, tx, now)
		if err != nil {
			return err
		}
		if r == nil {
			return &ActError{CodeNoRestore, "no older copy is known to have been restored, nothing was done"}
		}
		var missing []string
		if err := tx.QueryRow(ctx, uncomparedSQL, r.Duty(), banks).Scan(&missing); err != nil {
			return err
		}
		if len(banks) == 0 || len(missing) > 0 {
			return &ActError{CodeNotCompare, "not compared since the restore: " + strings.Join(missing, ", ") + "; the workers do that, or bailiff compare"}
		}
		act := "proposed"
		if r.Proposal != nil {
			if r.Proposal.Actor == actor {
				return &ActError{CodeSamePerson, "another person has to approve what you have proposed"}
			}
			act = "released"
		}
		if _, err := tx.Exec(ctx, actSQL, r.ID, act, actor, reason, now); err != nil {
			return err
		}
		if act == "released" {
			if _, err := tx.Exec(ctx, releaseSQL, r.ID, now); err != nil {
				return err
			}
			r.ReleasedAt, r.Proposal = &now, nil
		} else {
			r.Proposal = &Act{Actor: actor, Reason: reason, At: now}
		}
		out = r
		return nil
	})
	if _, told := errors.AsType[*ActError](err); err != nil && !told {
		err = fmt.Errorf("restored: release: %w", err)
	}
	return out, err
}

func clean(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "")))
}

const openSQL = `SELECT r.id, r.at, r.noticed_by, r.actor, a.actor, a.reason, a.at
  FROM restores r LEFT JOIN LATERAL (SELECT actor, reason, at FROM restore_acts a
    WHERE a.restore_id = r.id AND a.act = 'proposed' AND a.at > $1 ORDER BY a.id DESC LIMIT 1) a ON true
 WHERE r.released_at IS NULL`

// The numbers of the lost past are left out once, by whoever inserts the row.
const declareSQL = `WITH fresh AS (INSERT INTO restores (at, noticed_by, actor) VALUES ($1, $2, $3)
    ON CONFLICT ((true)) WHERE released_at IS NULL DO NOTHING RETURNING id)
UPDATE case_serials SET next = least(next + ` + serialsSkipped + `, 10000000) WHERE EXISTS (SELECT 1 FROM fresh)`

const uncomparedSQL = `SELECT coalesce(array_agg(b ORDER BY b), '{}') FROM unnest($2::text[]) b
 WHERE NOT EXISTS (SELECT 1 FROM daily_runs d WHERE d.duty = $1 AND d.bank = b AND d.finished_at IS NOT NULL)`

const actSQL = `INSERT INTO restore_acts (restore_id, act, actor, reason, at) VALUES ($1, $2, $3, $4, $5)`

const releaseSQL = `UPDATE restores SET released_at = $2 WHERE id = $1`
