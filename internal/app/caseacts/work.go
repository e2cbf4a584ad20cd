package caseacts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/pg"
)

const (
	// atOnce is how many cases are done in one transaction, and before whoever has said the last word gets an answer.
	atOnce = 100
	// spell is how long one run goes on, so that whoever calls it gets to other things.
	spell = time.Second
)

// begin does the first cases of an act. The others are done by [Store.Work] of any process.
func (s *Store) begin(ctx context.Context, id int64) error {
	_, err := s.goOn(ctx, id, clock.StartStopwatch(), 0)
	return err
}

// Work goes on with acts for a while, the oldest first, and says how many cases were done. What is left is done by the next runs, of any
// process. Drafts that nobody has asked for are forgotten after two days.
func (s *Store) Work(ctx context.Context) (done int, err error) {
	watch := clock.StartStopwatch()
	rows, err := s.pool.Query(ctx, runningActsSQL)
	if err != nil {
		return 0, fmt.Errorf("caseacts: work: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return 0, fmt.Errorf("caseacts: work: %w", err)
	}
	for _, id := range ids {
		n, err := s.goOn(ctx, id, watch, spell)
		done += n
		if err != nil || watch.Elapsed() >= spell {
			return done, err
		}
	}
	if _, err := s.pool.Exec(ctx, forgetDraftsSQL); err != nil {
		return done, fmt.Errorf("caseacts: forget drafts: %w", err)
	}
	return done, nil
}

// goOn does cases of an act, in parts, until none is left or the time is over; one part in any case. A part that the database does not take is
// halved until the one bad case is found: it is left as it is, with an outcome that says so.
func (s *Store) goOn(ctx context.Context, id int64, watch clock.Stopwatch, spell time.Duration) (done int, err error) {
	size := atOnce
	for {
		n, left, err := s.part(ctx, id, size)
		done += n
		switch {
		case err == nil && (!left || watch.Elapsed() >= spell):
			return done, nil
		case err == nil:
			size = min(2*size, atOnce)
		case !pg.BlamesData(err):
			return done, fmt.Errorf("caseacts: act %d: %w", id, err)
		case size > 1:
			size /= 2
		default:
			if err := s.giveUp(ctx, id); err != nil {
				return done, errors.Join(err, fmt.Errorf("caseacts: act %d: %w", id, err))
			}
		}
	}
}

// part does the next cases of an act in one transaction with their outcomes; left says whether there are more.
func (s *Store) part(ctx context.Context, id int64, size int) (n int, left bool, err error) {
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		n, left = 0, false
		a, items, err := take(ctx, tx, id, size+1) // whether there is one more
		if err != nil || a == nil {
			return err
		}
		if left = len(items) > size; left {
			items = items[:size]
		}
		outcomes, err := s.do(ctx, tx, a, items)
		if err != nil {
			return err
		}
		n = len(items)
		if _, err = tx.Exec(ctx, saveOutcomesSQL, id, idsOf(items), outcomes); err != nil || left {
			return err
		}
		_, err = tx.Exec(ctx, finishActSQL, id)
		return err
	})
	return n, left, err
}

// take locks an act that is being done and reads the next cases of its list; nil: somebody else does it, or it is done.
func take(ctx context.Context, tx pgx.Tx, id int64, size int) (*Act, []item, error) {
	rows, err := tx.Query(ctx, takeActSQL, id)
	if err != nil {
		return nil, nil, err
	}
	a, err := pgx.CollectExactlyOneRow(rows, actFor(Who{}))
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if rows, err = tx.Query(ctx, leftItemsSQL, id, size); err != nil {
		return nil, nil, err
	}
	items, err := pgx.CollectRows(rows, toItem)
	return &a, items, err
}

// do does an act to some cases, and says what became of each. Of an act of two, cases that are not as they were are left alone.
func (s *Store) do(ctx context.Context, tx pgx.Tx, a *Act, items []item) (outcomes []string, err error) {
	changed, recent := map[int64]bool{}, map[int64]bool{}
	asSeen := engine.BeforeWrite(func(ctx context.Context, tx pgx.Tx, pl *engine.Plan) (err error) {
		for _, it := range items {
			before, _, ok := pl.Change(it.id)
			if !a.Two || !ok {
				continue
			}
			same, err := it.same(a.Kind, before)
			if err != nil {
				return err
			}
			if !same {
				changed[it.id] = true
			}
		}
		pl.DropAll(changed)
		if recent, err = sentAgain(ctx, tx, a, items); err == nil {
			pl.DropAll(recent)
		}
		return err
	})
	pl, err := s.cases.ApplyTx(ctx, tx, a.commands(idsOf(items), a.by()), asSeen)
	if err != nil {
		return nil, err
	}
	var ended []int64
	for i, it := range items {
		became := outcome(pl.Outcomes[i].Refusal)
		switch {
		case changed[it.id]:
			became = OutcomeChanged
		case recent[it.id] && became == OutcomeDone:
			became = OutcomeRecent
		}
		outcomes = append(outcomes, became)
		if a.Kind == OtherPerson && became == OutcomeDone {
			ended = append(ended, it.id)
		}
	}
	return outcomes, s.letGo(ctx, tx, a, ended)
}

// sentAgain gives the cases of which an act would send the notice again, and another one has within a day. While their cases are locked
// nothing is sent by others.
func sentAgain(ctx context.Context, q querier, a *Act, items []item) (map[int64]bool, error) {
	out := map[int64]bool{}
	if a.Kind != Notify {
		return out, nil
	}
	rows, err := q.Query(ctx, sentAgainSQL, idsOf(items))
	if err != nil {
		return nil, err
	}
	var id int64
	_, err = pgx.ForEachRow(rows, []any{&id}, func() error { out[id] = true; return nil })
	return out, err
}

// by is who has done an act, as events name them.
func (a *Act) by() string {
	if a.DecidedBy == "" {
		return a.AskedBy
	}
	return a.AskedBy + ", " + a.DecidedBy
}

// giveUp leaves the next case of an act as it is.
func (s *Store) giveUp(ctx context.Context, id int64) error {
	return pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		a, items, err := take(ctx, tx, id, 1)
		if err != nil || a == nil || len(items) == 0 {
			return err
		}
		_, err = tx.Exec(ctx, saveOutcomesSQL, id, idsOf(items), []string{engine.CodeFailed})
		return err
	})
}
