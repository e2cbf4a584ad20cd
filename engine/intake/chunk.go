package intake

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"robotbailiff/engine"
	"robotbailiff/internal/pg"
	"robotbailiff/rules"
)

// Limits of repetition.
const (
	maxPasses  = 20 // over the rows that another uploader was faster with
	maxCommits = 5  // of a chunk whose commit got no answer
)

// ErrStopped says that nothing may be opened now. Rows without a verdict keep without one, and get theirs when the batch is worked
// after the release; rows that open nothing do not meet it.
var ErrStopped = errors.New("intake: the opening of cases is stopped: the batch waits, and goes on when the stop is released")

// run is one lane of an import into one batch.
type run struct {
	im      *Importer
	batchID int64
	lanes   []int // whose rows this run stores
	careful bool  // of other uploaders with the same rows, see put
	suspects
}

// store gives every row of a chunk its verdict and opens its cases, in one transaction. The lane is locked first and rows
// that have a verdict already are left alone: so a crash, a lost answer to a commit and a second uploader of the same file
// are one and the same thing, and each row is stored once.
func (r *run) store(ctx context.Context, items []*item) error {
	if len(items) == 0 {
		return nil
	}
	err := r.try(ctx, items)
	if raced(err) {
		r.careful = true
		err = r.try(ctx, items)
		r.careful = false
	}
	var lost *pg.AmbiguousCommitError
	for n := 1; errors.As(err, &lost) && n < maxCommits; n++ {
		err = r.try(ctx, items)
	}
	switch {
	case err == nil:
		return nil
	case !pg.BlamesData(err):
		return err
	case len(items) > 1: // one bad row must not stop the others
		half := len(items) / 2
		if err := r.store(ctx, items[:half]); err != nil {
			return err
		}
		return r.store(ctx, items[half:])
	}
	items[0].problem, items[0].cause = Problem{Code: CodeRowFailed}, causeOf(err)
	return r.try(ctx, items)
}

func (r *run) try(ctx context.Context, items []*item) error {
	return pg.InTx(ctx, r.im.store.Pool(), func(tx pgx.Tx) error {
		if err := r.lock(ctx, tx); err != nil {
			return err
		}
		fresh, err := r.unstored(ctx, tx, items)
		if err != nil || len(fresh) == 0 {
			return err
		}
		pending := make([]*item, 0, len(fresh))
		for _, it := range fresh {
			if it.clear(); it.problem.Code != "" {
				it.settle(it.problem)
				it.trace = it.cause
				continue
			}
			pending = append(pending, it)
		}
		for len(pending) > 0 {
			opens, corrections, rest := round(pending)
			if err := r.open(ctx, tx, opens); err != nil {
				return err
			}
			if err := r.correct(ctx, tx, corrections); err != nil {
				return err
			}
			pending = rest
		}
		return r.writeRows(ctx, tx, fresh)
	})
}

// open gives rows that begin a case their verdict.
func (r *run) open(ctx context.Context, tx pgx.Tx, pending []*item) (err error) {
	for pass := 0; len(pending) > 0; pass++ {
		if pass == maxPasses {
			return fmt.Errorf("intake: batch %d: rows from %d on: %w", r.batchID, pending[0].row.No, engine.ErrConflict)
		}
		if pending, err = r.pass(ctx, tx, pending); err != nil {
			return err
		}
	}
	return nil
}

// pass decides rows and stores those that begin a case. It returns the rows that must be looked at again since another
// uploader has meanwhile stored their document or their debtor.
func (r *run) pass(ctx context.Context, tx pgx.Tx, items []*item) (again []*item, err error) {
	k := newKnown(r.suspects)
	items, err = lookUp(ctx, tx, items, k)
	if err != nil || len(items) == 0 {
		return nil, err
	}
	numberDebtors(items, k)
	_, err = r.im.store.ApplyTx(ctx, tx, open(items, k), engine.BeforeWrite(func(ctx context.Context, tx pgx.Tx, pl *engine.Plan) error {
		for _, o := range pl.Outcomes {
			if o.Refusal != nil && o.Refusal.Code == engine.CodeStopped {
				return ErrStopped
			}
		}
		winners := walk(items, pl.Outcomes, k)
		lost, err := r.writeWinners(ctx, tx, winners, k)
		if err != nil {
			return err
		}
		drop := make(map[int64]bool, len(items)-len(winners))
		for _, it := range items {
			if lost.concerns(it) {
				it.clear()
				again = append(again, it)
			}
			if it.verdict != Accepted {
				drop[it.caseID] = true
			}
		}
		pl.DropAll(drop)
		return nil
	}))
	if err != nil {
		return nil, err
	}
	return again, r.doubt(ctx, tx, k.doubted)
}

// losses are the documents and persons that another uploader was faster with.
type losses struct {
	docs    map[docKey]bool
	persons map[personKey]bool
}

func (l losses) concerns(it *item) bool { return l.docs[it.doc] || l.persons[it.person] }

// writeWinners stores debtors, then writs. Nobody gets into the table of debtors without a writ that is accepted.
func (r *run) writeWinners(ctx context.Context, tx pgx.Tx, winners []*item, k *known) (losses, error) {
	lost := losses{map[docKey]bool{}, map[personKey]bool{}}
	if len(winners) == 0 {
		return lost, nil
	}
	if err := r.writeDebtors(ctx, tx, winners, k, lost); err != nil {
		return lost, err
	}
	kept := make([]*item, 0, len(winners))
	for _, it := range winners {
		if lost.persons[it.person] {
			lost.docs[it.doc] = true
			continue
		}
		kept = append(kept, it)
	}
	if err := r.writeWrits(ctx, tx, kept, k, lost); err != nil {
		return lost, err
	}
	return lost, r.fillAddresses(ctx, tx, slices.DeleteFunc(kept, lost.concerns), k)
}

// causeOf keeps of an error of the database what an engineer needs and what holds no value of the row.
func causeOf(err error) rules.Trace {
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) {
		return nil
	}
	return rules.Trace{{Rule: CodeRowFailed, Outcome: rules.StepFail, Facts: []rules.Fact{
		{Key: "sqlstate", Value: pgErr.Code}, {Key: "table", Value: pgErr.TableName}, {Key: "constraint", Value: pgErr.ConstraintName},
	}}}
}
