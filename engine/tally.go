package engine

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/pg"
)

// What is counted for the breakers, by five minutes of legal time.
const (
	TallyOpened  = "opened"
	TallyTold    = "told"    // delivery of a notice was proven
	TallyArrest  = "arrest"  // an arrest was asked for
	TallyAnswer  = "answer"  // a bank answered to an arrest or a collection order
	TallyReject  = "reject"  // it refused
	TallyRefusal = "refusal" // the debtor refused the simplified procedure
	TallyNotMe   = "not_me"  // the notice came to another person, as that person says

	TallySent      = "sent:"     // and the name of a bank: it was sent its part of an arrest for the first time
	TallyObjection = "objection" // the debtor objected, on whatever ground
)

const tallyEvery = 5 * time.Minute

type tally struct{ n, low int64 }

// counted are the events that count as something by their kind alone.
var counted = map[EventKind]string{EvOpened: TallyOpened, EvNotified: TallyTold, EvArrestOrdered: TallyArrest, EvRefusalRequested: TallyRefusal, EvObjected: TallyObjection}

// tallyOf is what an event counts as; empty: nothing.
func tallyOf(e *storedEvent) (what, also string) {
	if e.Kind == EvHeld && e.Data.Reason == HoldWrongPerson {
		return TallyNotMe, ""
	}
	if a := e.Data.Answer; e.Kind == EvOrderAnswered && a.Purpose.Coercive() && !a.Purpose.Public() && a.Answer != Withdrawn {
		if a.Answer == Refused {
			also = TallyReject
		}
		return TallyAnswer, also
	}
	return counted[e.Kind], ""
}

// writeTallies adds what the plan counts as; a few rows a transaction, whatever its size.
func (w *writer) writeTallies(ctx context.Context, tx pgx.Tx) error {
	sum := map[string]*tally{}
	var order []string
	w.pl.each(func(p *planned) {
		for i := range p.events {
			first, second := tallyOf(&p.events[i])
			for _, what := range [...]string{first, second} {
				if what == "" {
					continue
				}
				t := sum[what]
				if t == nil {
					t = &tally{}
					sum[what] = t
					order = append(order, what)
				}
				t.n++
				if what == TallyOpened && (t.low == 0 || p.after.ID < t.low) {
					t.low = p.after.ID
				}
			}
		}
	})
	if len(order) == 0 {
		return nil
	}
	at := w.pl.env.Now.Truncate(tallyEvery)
	return pg.Copy(ctx, tx, "tallies", []string{"what", "at", "n", "low"}, len(order), func(r *pg.Row, i int) {
		r.Text(order[i])
		r.Time(at)
		r.Int8(sum[order[i]].n)
		r.Int8(sum[order[i]].low)
	})
}

// CountSent adds the arrests that banks are sent by this transaction: a row a bank, however many they are.
func CountSent(ctx context.Context, tx pgx.Tx, now time.Time, byBank map[string]int64) error {
	banks := slices.Sorted(maps.Keys(byBank))
	if len(banks) == 0 {
		return nil
	}
	return pg.Copy(ctx, tx, "tallies", []string{"what", "at", "n", "low"}, len(banks), func(r *pg.Row, i int) {
		r.Text(TallySent + banks[i])
		r.Time(now.Truncate(tallyEvery))
		r.Int8(byBank[banks[i]])
		r.Int8(0)
	})
}

// FoldTallies sums the increments when there are many, and forgets those of more than five weeks ago. One process at a time.
func (s *Store) FoldTallies(ctx context.Context) error {
	now, err := s.clock.Now(ctx)
	if err != nil {
		return err
	}
	return pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, foldTalliesSQL, now)
		return err
	})
}

const foldTalliesSQL = `WITH many AS (
    SELECT 1 WHERE (SELECT count(*) - count(DISTINCT (what, at)) FROM tallies) > 2000
       AND pg_try_advisory_xact_lock(hashtextextended('bailiff.tallies.fold', 0))),
old AS (DELETE FROM tallies WHERE EXISTS (SELECT 1 FROM many) RETURNING what, at, n, low)
INSERT INTO tallies (what, at, n, low)
SELECT what, at, sum(n), coalesce(min(low) FILTER (WHERE low > 0), 0) FROM old WHERE at > $1::timestamptz - interval '35 days' GROUP BY what, at`
