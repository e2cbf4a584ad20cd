package pg

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Reader reads by a connection that others share; it may be used only within its turn of [Together]. Exec is there because the stores
// ask for all three.
type Reader interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Read is one of several readings that go together. It may read more than once, and what it asks for next may depend on what it was
// answered.
type Read func(ctx context.Context, q Reader) error

// Batcher sends several statements at once; a pool, a connection and a transaction do.
type Batcher interface {
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// errReadOver says that a reader was used after its reading had ended.
var errReadOver = errors.New("pg: this reader's turn is over")

// Together runs readings that do not depend on one another so that they share their round trips: the first statements of all go to the
// server at once, then the second ones of those that have more to ask, and so on. The readings take turns and never run at the same
// time, so they may write to what they share. They are for pages: nothing must be changed by them, and each statement sees the
// database of its own instant, as it would by itself. The first error ends all.
func Together(ctx context.Context, db Batcher, reads ...Read) error {
	open := make([]*turn, len(reads))
	for i, read := range reads {
		open[i] = begin(ctx, read)
	}
	defer func() {
		for _, t := range open {
			t.stop()
		}
	}()
	var asking []*turn
	for _, t := range open { // up to the first statement of each
		if more, err := t.next(nil, nil); err != nil {
			return err
		} else if more {
			asking = append(asking, t)
		}
	}
	for len(asking) > 0 {
		next, err := round(ctx, db, asking)
		if err != nil {
			return err
		}
		asking = next
	}
	return nil
}

// round has one statement of each turn answered, and gives the turns that have another one.
func round(ctx context.Context, db Batcher, asking []*turn) (next []*turn, err error) {
	b := &pgx.Batch{}
	for _, t := range asking {
		b.Queue(t.sql, t.args...)
	}
	results := db.SendBatch(ctx, b)
	defer func() {
		if cerr := results.Close(); err == nil && cerr != nil {
			next, err = nil, fmt.Errorf("pg: reading together: %w", cerr)
		}
	}()
	for _, t := range asking {
		rows, qerr := results.Query()
		more, err := t.next(rows, qerr)
		if rows != nil {
			rows.Close() // what a reading left over is in the way of the next
		}
		if err != nil {
			return nil, err
		}
		if more {
			next = append(next, t)
		}
	}
	return next, nil
}

// turn is a reading that stands still at its next statement.
type turn struct {
	sql    string
	args   []any
	rows   pgx.Rows
	err    error // of the statement
	failed error // of the whole reading
	over   bool
	yield  func(struct{}) bool
	resume func() (struct{}, bool)
	stop   func()
}

func begin(ctx context.Context, read Read) *turn {
	t := &turn{}
	t.resume, t.stop = iter.Pull(func(yield func(struct{}) bool) {
		t.yield = yield
		t.failed = read(ctx, t)
		t.over = true
	})
	return t
}

// next hands the turn the answer to its statement, and says whether it has another one.
func (t *turn) next(rows pgx.Rows, err error) (more bool, failed error) {
	t.rows, t.err = rows, err
	_, more = t.resume()
	return more, t.failed
}

// Query implements [Reader].
func (t *turn) Query(_ context.Context, sql string, args ...any) (pgx.Rows, error) {
	if t.over {
		return nil, errReadOver
	}
	t.sql, t.args = sql, args
	if !t.yield(struct{}{}) {
		t.over = true
		return nil, errReadOver
	}
	return t.rows, t.err
}

// Exec implements [Reader].
func (t *turn) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	rows, err := t.Query(ctx, sql, args...)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	rows.Close()
	return rows.CommandTag(), rows.Err()
}

// QueryRow implements [Reader].
func (t *turn) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := t.Query(ctx, sql, args...)
	return oneRow{rows, err}
}

// oneRow reads the first of some rows, as a connection's own does.
type oneRow struct {
	rows pgx.Rows
	err  error
}

// Scan implements pgx.Row.
func (r oneRow) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	defer r.rows.Close()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return pgx.ErrNoRows
	}
	if err := r.rows.Scan(dest...); err != nil {
		return err
	}
	r.rows.Close()
	return r.rows.Err()
}
