package pg_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/internal/pg"
	"robotbailiff/internal/testkit"
)

// counters gives a database with two rows to lock.
func counters(t *testing.T) *pgxpool.Pool {
	t.Helper()
	pool := testkit.DB(t)
	for _, sql := range []string{
		`CREATE TABLE counters (id int PRIMARY KEY, n int NOT NULL)`,
		`INSERT INTO counters VALUES (1, 0), (2, 0)`,
	} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	return pool
}

func count(t *testing.T, pool *pgxpool.Pool, id int) (n int) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), `SELECT n FROM counters WHERE id = $1`, id).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func add(ctx context.Context, tx pgx.Tx, id int) error {
	_, err := tx.Exec(ctx, `UPDATE counters SET n = n + 1 WHERE id = $1`, id)
	return err
}

func TestInTx_commitsOrLeavesNothing(t *testing.T) {
	t.Parallel()
	ctx, pool := t.Context(), counters(t)
	if err := pg.InTx(ctx, pool, func(tx pgx.Tx) error { return add(ctx, tx, 1) }); err != nil {
		t.Fatal(err)
	}
	refusal := errors.New("refused")
	err := pg.InTx(ctx, pool, func(tx pgx.Tx) error { return errors.Join(add(ctx, tx, 1), refusal) })
	if !errors.Is(err, refusal) {
		t.Errorf("got %v", err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = pg.InTx(ctx, pool, func(tx pgx.Tx) error { _ = add(ctx, tx, 1); panic("bug") })
	}()
	stopped, cancel := context.WithCancel(ctx)
	err = pg.InTx(stopped, pool, func(tx pgx.Tx) error { defer cancel(); return add(ctx, tx, 1) })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
	if got := count(t, pool, 1); got != 1 {
		t.Errorf("counted %d", got)
	}
	if busy := pool.Stat().AcquiredConns(); busy != 0 {
		t.Errorf("%d connections leaked", busy)
	}
}

func TestInTx_retriesDeadlocks(t *testing.T) {
	t.Parallel()
	ctx, pool := t.Context(), counters(t)
	var attempts atomic.Int32
	var both sync.WaitGroup // makes the first attempts meet in a deadlock
	both.Add(2)
	var wg sync.WaitGroup
	for _, order := range [][2]int{{1, 2}, {2, 1}} {
		wg.Go(func() {
			first := true
			err := pg.InTx(ctx, pool, func(tx pgx.Tx) error {
				attempts.Add(1)
				if err := add(ctx, tx, order[0]); err != nil {
					return err
				}
				if first {
					first = false
					both.Done()
					both.Wait()
				}
				return add(ctx, tx, order[1])
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if one, two := count(t, pool, 1), count(t, pool, 2); one != 2 || two != 2 {
		t.Errorf("counted %d and %d", one, two)
	}
	if attempts.Load() < 3 {
		t.Errorf("%d attempts: they never met", attempts.Load())
	}
}

func TestInTx_commitRefusedByTheServerIsNotAmbiguous(t *testing.T) {
	t.Parallel()
	ctx, pool := t.Context(), counters(t)
	const sql = `CREATE TABLE late (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)`
	if _, err := pool.Exec(ctx, sql); err != nil {
		t.Fatal(err)
	}
	err := pg.InTx(ctx, pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO late VALUES (1), (1)`)
		return err
	})
	_, ambiguous := errors.AsType[*pg.AmbiguousCommitError](err)
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	if ambiguous || !ok || pgErr.Code != "23505" {
		t.Errorf("got %v", err)
	}
	// fn swallows the error of a failed statement: the server answers ROLLBACK to COMMIT.
	err = pg.InTx(ctx, pool, func(tx pgx.Tx) error { _, _ = tx.Exec(ctx, `SELECT 1/0`); return nil })
	if _, ambiguous := errors.AsType[*pg.AmbiguousCommitError](err); ambiguous || !errors.Is(err, pgx.ErrTxCommitRollback) {
		t.Errorf("got %v", err)
	}
}

// cutter loses whatever comes back after COMMIT went out.
type cutter struct {
	net.Conn
	armed, lost *atomic.Bool
}

func (c cutter) Write(b []byte) (int, error) {
	if bytes.Contains(bytes.ToLower(b), []byte("commit\x00")) && c.armed.Load() {
		c.lost.Store(true)
	}
	return c.Conn.Write(b)
}

func (c cutter) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.lost.Load() {
		return 0, io.ErrUnexpectedEOF
	}
	return n, err
}

func TestInTx_lostAnswerToCommitIsAmbiguousAndNotRepeated(t *testing.T) {
	t.Parallel()
	ctx, base := t.Context(), counters(t)
	var armed atomic.Bool
	pool := open(t, base, pg.WithConfig(func(c *pgxpool.Config) {
		dial := c.ConnConfig.DialFunc
		c.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := dial(ctx, network, addr)
			return cutter{conn, &armed, new(atomic.Bool)}, err
		}
	}))
	calls := 0
	armed.Store(true)
	err := pg.InTx(ctx, pool, func(tx pgx.Tx) error { calls++; return add(ctx, tx, 1) })
	if _, ok := errors.AsType[*pg.AmbiguousCommitError](err); !ok {
		t.Errorf("got %v", err)
	}
	if calls != 1 {
		t.Errorf("ran %d times", calls)
	}
	// Here it was committed, which only reading again can tell.
	for range 100 {
		if count(t, base, 1) == 1 {
			return
		}
	}
	t.Error("the commit was not seen")
}

// fake fails where it is told to; everything else of a transaction it does not have.
type fake struct {
	pgx.Tx
	begin, commit error
	begins        int
}

func (f *fake) BeginTx(context.Context, pgx.TxOptions) (pgx.Tx, error) { f.begins++; return f, f.begin }
func (f *fake) Commit(context.Context) error                           { return f.commit }
func (f *fake) Conn() *pgx.Conn                                        { return nil }
func (f *fake) Rollback(context.Context) error                         { return nil }

type unsent struct{ error }

func (unsent) SafeToRetry() bool { return true }

func TestInTx_connectionLostInFnIsRetried(t *testing.T) {
	t.Parallel()
	ctx, pool := t.Context(), counters(t)
	calls := 0
	err := pg.InTx(ctx, pool, func(tx pgx.Tx) error {
		if calls++; calls == 1 {
			_ = add(ctx, tx, 1)
			_, _ = tx.Exec(ctx, `SELECT pg_terminate_backend(pg_backend_pid())`)
			return nil // a careless fn
		}
		return add(ctx, tx, 1)
	})
	if err != nil || calls != 2 || count(t, pool, 1) != 1 {
		t.Errorf("%d calls, counted %d: %v", calls, count(t, pool, 1), err)
	}
}

func TestInTx_classifiesFailures(t *testing.T) {
	t.Parallel()
	server := func(severity, code string) error {
		return &pgconn.PgError{SeverityUnlocalized: severity, Code: code}
	}
	const many = 6
	for name, c := range map[string]struct {
		begin, fn, commit error
		begins            int
		ambiguous         bool
	}{
		"begin not sent":           {begin: unsent{errors.New("x")}, begins: many},
		"begin refused":            {begin: server("FATAL", "53300"), begins: 1},
		"serialization":            {fn: server("ERROR", "40001"), begins: many},
		"deadlock":                 {fn: server("ERROR", "40P01"), begins: many},
		"constraint":               {fn: server("ERROR", "23505"), begins: 1},
		"lock timeout":             {fn: server("ERROR", "55P03"), begins: 1},
		"connection lost in fn":    {fn: errors.New("EOF"), begins: 1},
		"commit: serialization":    {commit: server("ERROR", "40001"), begins: many},
		"commit: claims not sent":  {commit: unsent{errors.New("x")}, begins: 1, ambiguous: true},
		"commit: server going":     {commit: server("FATAL", "57P01"), begins: 1, ambiguous: true},
		"commit: unknown":          {commit: server("ERROR", "40003"), begins: 1, ambiguous: true},
		"commit: connection lost":  {commit: errors.New("EOF"), begins: 1, ambiguous: true},
		"commit: no answer":        {commit: context.DeadlineExceeded, begins: 1, ambiguous: true},
		"commit: answered with rb": {commit: pgx.ErrTxCommitRollback, begins: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{begin: c.begin, commit: c.commit}
			err := pg.InTx(t.Context(), f, func(pgx.Tx) error { return c.fn })
			_, ambiguous := errors.AsType[*pg.AmbiguousCommitError](err)
			if err == nil || ambiguous != c.ambiguous || f.begins != c.begins {
				t.Errorf("%d begins, ambiguous %t: %v", f.begins, ambiguous, err)
			}
		})
	}
}
