package clock_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func now(t *testing.T, c clock.Clock) time.Time {
	t.Helper()
	at, err := c.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestSystem_isInUTCAndGoesOn(t *testing.T) {
	t.Parallel()
	a, b := now(t, clock.System()), now(t, clock.System())
	if a.Location() != time.UTC || b.Before(a) {
		t.Errorf("%v, then %v", a, b)
	}
	if clock.StartStopwatch().Elapsed() < 0 {
		t.Error("a stopwatch ran backwards")
	}
}

func TestFixedAndManual(t *testing.T) {
	t.Parallel()
	almaty := time.FixedZone("Almaty", 5*60*60)
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, almaty)
	if got := now(t, clock.Fixed(at)); !got.Equal(at) || got.Location() != time.UTC {
		t.Errorf("got %v", got)
	}
	m := clock.NewManual(at)
	if got := m.Advance(24 * time.Hour); !got.Equal(at.Add(24*time.Hour)) || !now(t, m).Equal(got) {
		t.Errorf("got %v", got)
	}
	m.Set(at)
	if got := now(t, m); !got.Equal(at) {
		t.Errorf("got %v", got)
	}
	broken := errors.New("no time")
	m.Fail(broken)
	if _, err := m.Now(context.Background()); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestSandbox_isRefusedWithoutItsMark(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"no table": `DROP TABLE IF EXISTS sandbox_clock`,
		"no row":   `CREATE TABLE IF NOT EXISTS sandbox_clock (singleton boolean PRIMARY KEY DEFAULT true, now timestamptz NOT NULL)`,
	} {
		t.Run(name, func(t *testing.T) {
			tx := testkit.Tx(t)
			if _, err := tx.Exec(t.Context(), sql); err != nil {
				t.Fatal(err)
			}
			if _, err := clock.Sandbox(t.Context(), tx); !errors.Is(err, clock.ErrNotSandbox) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestMarkSandbox_saysWhenTheSchemaIsMissing(t *testing.T) {
	t.Parallel()
	pool := testkit.DB(t)
	if _, err := pool.Exec(t.Context(), `DROP TABLE cases CASCADE`); err != nil {
		t.Fatal(err)
	}
	_, err := clock.MarkSandbox(t.Context(), pool, testkit.Morning)
	if err == nil || !strings.Contains(err.Error(), "migrate up") {
		t.Errorf("got %v", err)
	}
}

func TestSandbox_onlyGoesForward(t *testing.T) {
	t.Parallel()
	ctx, tx := t.Context(), testkit.Tx(t)
	c, err := clock.MarkSandbox(ctx, tx, testkit.Morning)
	if err != nil {
		t.Fatal(err)
	}
	if got := now(t, c); !got.Equal(testkit.Morning) || got.Location() != time.UTC {
		t.Errorf("begins at %v", got)
	}
	if again, err := clock.MarkSandbox(ctx, tx, testkit.Morning.Add(-time.Hour)); err != nil || !now(t, again).Equal(testkit.Morning) {
		t.Errorf("marked again: %v", err)
	}
	month := 31 * 24 * time.Hour
	if got, err := c.Advance(ctx, month); err != nil || !got.Equal(testkit.Morning.Add(month)) {
		t.Errorf("advanced to %v, %v", got, err)
	}
	for _, err := range []error{
		c.Set(ctx, testkit.Morning),
		func() error { _, err := c.Advance(ctx, -time.Second); return err }(),
	} {
		if !errors.Is(err, clock.ErrBackwards) {
			t.Errorf("went back: %v", err)
		}
	}
	if err := c.Set(ctx, testkit.Morning.Add(month)); err != nil {
		t.Errorf("set to the present: %v", err)
	}
	if err := c.Set(ctx, testkit.Morning.Add(2*month)); err != nil || !now(t, c).Equal(testkit.Morning.Add(2*month)) {
		t.Errorf("set forward: %v", err)
	}
}

func TestSandbox_isSharedAndLosesNoStep(t *testing.T) {
	t.Parallel()
	ctx, pool := t.Context(), testkit.DB(t)
	if _, err := clock.MarkSandbox(ctx, pool, testkit.Morning); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			c, err := clock.Sandbox(ctx, pool)
			if err != nil {
				t.Error(err)
				return
			}
			for range 25 {
				if _, err := c.Advance(ctx, time.Minute); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	c, err := clock.Sandbox(ctx, pool)
	if err != nil {
		t.Fatal(err)
	}
	if got := now(t, c); !got.Equal(testkit.Morning.Add(100 * time.Minute)) {
		t.Errorf("shows %v", got)
	}
}

func TestMarkSandbox_refusesARealDatabase(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	tx, err := testkit.DB(t).Begin(ctx) // of its own: another table of that name keeps others waiting
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	for _, sql := range []string{ // a table of that name that is easy to fill
		`ALTER TABLE cases RENAME TO other_cases`, `CREATE TABLE cases (id int)`, `INSERT INTO cases VALUES (1)`,
	} {
		if _, err := tx.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := clock.MarkSandbox(ctx, tx, testkit.Morning); !errors.Is(err, clock.ErrNotSandbox) {
		t.Errorf("got %v", err)
	}
}

func TestBefore(t *testing.T) {
	t.Parallel()
	if ctx, cancel := clock.Before(t.Context(), time.Second); ctx != t.Context() || cancel == nil {
		if _, bounded := ctx.Deadline(); bounded {
			t.Error("a context without an end got one")
		}
	}
	for left, want := range map[time.Duration]time.Duration{time.Hour: time.Hour - time.Minute, time.Minute: time.Minute / 2, -time.Second: -time.Second} {
		whole, stop := context.WithTimeout(t.Context(), left)
		ctx, cancel := clock.Before(whole, time.Minute)
		end, _ := whole.Deadline()
		got, bounded := ctx.Deadline()
		if off := got.Sub(end.Add(want - left)).Abs(); !bounded || off > time.Second {
			t.Errorf("%s left: ends %s before the end", left, end.Sub(got))
		}
		cancel()
		stop()
	}
}
