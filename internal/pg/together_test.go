package pg_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/internal/pg"
	"robotbailiff/internal/testkit"
)

// waits counts how often a pool waits for the server.
type waits struct{ n atomic.Int64 }

func (w *waits) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	w.n.Add(1)
	return ctx
}
func (*waits) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
func (w *waits) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	w.n.Add(1)
	return ctx
}
func (*waits) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}
func (*waits) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData)     {}

func together(t *testing.T) (*pgxpool.Pool, *waits) {
	t.Helper()
	w := &waits{}
	p, err := pg.Open(t.Context(), testkit.URL(t, testkit.DB(t)), pg.WithMaxConns(1), pg.WithConfig(func(c *pgxpool.Config) { c.ConnConfig.Tracer = w }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	w.n.Store(0)
	return p, w
}

// Readings share their round trips: there are as many as the one that asks most often has statements, and each is answered as it would
// be by itself, also one that leaves rows unread.
func TestTogether_sharesRoundTrips(t *testing.T) {
	t.Parallel()
	p, w := together(t)
	var many []int
	var one, none, last int
	var tag int64
	err := pg.Together(t.Context(), p,
		func(ctx context.Context, q pg.Reader) error {
			rows, err := q.Query(ctx, `SELECT generate_series(1, $1::int)`, 5)
			if err != nil {
				return err
			}
			many, err = pgx.CollectRows(rows, pgx.RowTo[int])
			return err
		},
		func(ctx context.Context, q pg.Reader) error {
			if err := q.QueryRow(ctx, `SELECT generate_series(7, 1000)`).Scan(&one); err != nil {
				return err
			}
			return q.QueryRow(ctx, `SELECT $1::int + 1`, one).Scan(&last)
		},
		func(ctx context.Context, q pg.Reader) error {
			err := q.QueryRow(ctx, `SELECT 1 WHERE false`).Scan(&none)
			if !errors.Is(err, pgx.ErrNoRows) {
				t.Errorf("no row gives %v", err)
			}
			return nil
		},
		func(ctx context.Context, q pg.Reader) error {
			got, err := q.Exec(ctx, `SELECT generate_series(1, 3)`)
			tag = got.RowsAffected()
			return err
		},
		func(context.Context, pg.Reader) error { return nil },
	)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(many, []int{1, 2, 3, 4, 5}) || one != 7 || last != 8 || tag != 3 {
		t.Errorf("%v, %d, %d, %d", many, one, last, tag)
	}
	if n := w.n.Load(); n != 2 {
		t.Errorf("%d round trips, want 2", n)
	}
	if err := p.QueryRow(t.Context(), `SELECT 1`).Scan(&one); err != nil {
		t.Errorf("the connection is not given back whole: %v", err)
	}
}

// The first error ends all, comes out as it is, and leaves a connection that works.
func TestTogether_endsWithTheFirstError(t *testing.T) {
	t.Parallel()
	p, _ := together(t)
	mine := errors.New("mine")
	var kept pg.Reader
	for name, bad := range map[string]pg.Read{
		"of the reading, before it asks": func(context.Context, pg.Reader) error { return mine },
		"of the reading, after it asked": func(ctx context.Context, q pg.Reader) error {
			kept = q
			var n int
			return errors.Join(q.QueryRow(ctx, `SELECT 1`).Scan(&n), mine)
		},
		"of the statement": func(ctx context.Context, q pg.Reader) error {
			var n int
			if err := q.QueryRow(ctx, `SELECT 1 / $1::int`, 0).Scan(&n); err != nil {
				return mine
			}
			return nil
		},
		"of what is no statement": func(ctx context.Context, q pg.Reader) error {
			if _, err := q.Exec(ctx, `SELECT nothing FROM nowhere`); err != nil {
				return mine
			}
			return nil
		},
	} {
		second := 0
		good := func(ctx context.Context, q pg.Reader) error {
			var n int
			if err := q.QueryRow(ctx, `SELECT 1`).Scan(&n); err != nil {
				return err
			}
			return q.QueryRow(ctx, `SELECT 2`).Scan(&second)
		}
		if err := pg.Together(t.Context(), p, bad, good); !errors.Is(err, mine) {
			t.Errorf("%s: %v", name, err)
		}
		if second != 0 {
			t.Errorf("%s: another reading went on", name)
		}
		if err := p.QueryRow(t.Context(), `SELECT 1`).Scan(&second); err != nil {
			t.Errorf("%s: the connection is not given back whole: %v", name, err)
		}
	}
	if _, err := kept.Exec(t.Context(), `SELECT 1`); err == nil {
		t.Error("a reader goes on after its turn")
	}
}
