package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/engine/restored"
	"robotbailiff/internal/jobs"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/testkit"
	"robotbailiff/notify"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

// listing is the bank, which lists what it holds.
type listing struct {
	*bank

	lists atomic.Int32
}

func (l *listing) Holds(context.Context, string, int) (out []orders.Hold, next string, err error) {
	l.lists.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, sum := range l.held {
		if sum.IsPositive() {
			out = append(out, orders.Hold{ID: id, CaseID: l.cases[id], Amount: sum})
		}
	}
	slices.SortFunc(out, func(a, b orders.Hold) int { return strings.Compare(a.ID.String(), b.ID.String()) })
	return out, "", nil
}

// start runs a robot of its own on a database until it is stopped.
func (b *bundle) start(pool *pgxpool.Pool, bank orders.Peer, mark *restored.Mark) (robot *jobs.Robot, stop func()) {
	b.t.Helper()
	packs, err := engine.RegisterPack(b.t.Context(), pool, pack.Default())
	if err != nil {
		b.t.Fatal(err)
	}
	robot, err = jobs.New(jobs.Config{
		Pool: pool, Clock: b.clock, Packs: packs, Keys: testkit.Keys(b.t), Log: slog.New(slog.DiscardHandler), Host: "example.kz", Work: true, Mark: mark,
		Banks: map[string]orders.Peer{"test": bank}, Gateways: map[notify.Channel]notify.Gateway{notify.SMS: post{}, notify.Push: post{}}, Pulse: 20 * time.Millisecond, Lease: time.Second,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- robot.Run(ctx) }()
	return robot, func() {
		cancel()
		if err := <-done; err != nil {
			b.t.Error(err)
		}
	}
}

// until waits for a condition of the database.
func (b *bundle) until(sql string, args ...any) {
	b.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	for b.count(`SELECT (`+sql+`)::int`, args...) == 0 {
		select {
		case <-tick.C:
		case <-limit.C:
			b.t.Fatalf("never: %s", sql)
		}
	}
}

// Two processes, one of which goes and comes back: each legal day every bank is compared once.
func TestRobot_comparesOnceALegalDay(t *testing.T) {
	t.Parallel()
	b := setup(t, 2)
	bank := &listing{bank: b.bank}
	_, stop := b.start(b.pool, bank, nil)
	defer stop()
	const days = 5
	for day := range days {
		_, other := b.start(b.pool, bank, nil)
		b.until(`SELECT count(*) = $1 FROM daily_runs WHERE duty = 'compare' AND finished_at IS NOT NULL`, day+1)
		other()
		if day < days-1 {
			b.clock.Advance(24 * time.Hour)
		}
	}
	if n := bank.lists.Load(); n != days {
		t.Errorf("the bank's list was read %d times in %d days", n, days)
	}
	if n := b.count(`SELECT count(*) FROM order_counts`); n != 0 {
		t.Errorf("%d counts without orders", n)
	}
}

// backup takes a copy of the database while it is in use, as an administrator would, and puts it back under another name.
func (b *bundle) backup() (restore func() *pgxpool.Pool) {
	b.t.Helper()
	tool := func(name string, args ...string) {
		b.t.Helper()
		path, err := exec.LookPath(name)
		if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name); err != nil && len(found) > 0 {
			path, err = found[len(found)-1], nil
		}
		if errors.Is(err, exec.ErrNotFound) {
			b.t.Skip(name + " is not installed")
		}
		if out, err := exec.CommandContext(b.t.Context(), path, args...).CombinedOutput(); err != nil {
			b.t.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	file := filepath.Join(b.t.TempDir(), "backup")
	tool("pg_dump", "-Fc", "-f", file, "-d", testkit.URL(b.t, b.pool))
	return func() *pgxpool.Pool {
		b.t.Helper()
		address, err := url.Parse(testkit.URL(b.t, b.pool))
		if err != nil {
			b.t.Fatal(err)
		}
		name := b.pool.Config().ConnConfig.Database + "_restored"
		server := *address
		server.Path, address.Path = "/postgres", "/"+name
		conn, err := pgx.Connect(b.t.Context(), server.String())
		if err == nil {
			_, err = conn.Exec(b.t.Context(), `CREATE DATABASE `+name)
		}
		if err != nil {
			b.t.Fatal(err)
		}
		b.t.Cleanup(func() {
			_, err := conn.Exec(context.Background(), `DROP DATABASE `+name+` WITH (FORCE)`)
			if err := errors.Join(err, conn.Close(context.Background())); err != nil {
				b.t.Error(err)
			}
		})
		tool("pg_restore", "-d", address.String(), file)
		pool, err := pg.Open(b.t.Context(), address.String(), pg.WithName("restored"), pg.WithMaxConns(8))
		if err != nil {
			b.t.Fatal(err)
		}
		b.t.Cleanup(pool.Close)
		return pool
	}
}

// A backup of the day before is put back with its own tools. The robot notices before it does anything, adopts what the bank
// holds, loses no payment that the gateway repeats, and orders nothing a second time when two people have let it go on.
func TestRobot_restoreOfAnOlderBackup(t *testing.T) {
	t.Parallel()
	b := setup(t, 6)
	bank, mark := &listing{bank: b.bank}, restored.NewMark(filepath.Join(t.TempDir(), "mark.json"))
	var stop func()
	b.robot, stop = b.start(b.pool, bank, mark)
	b.rest()
	b.delivered()
	b.rest()
	restore := b.backup()

	b.clock.Set(b.load(b.ids[0]).VoluntaryEndsOn.End())
	b.until(`SELECT count(*) = 6 FROM orders WHERE purpose = 'arrest' AND status = 'active'`)
	today := calendar.DateOf(b.clock.Advance(time.Hour))
	paid, part := b.ids[0], b.ids[1]
	pays := func() {
		b.pay("p1", paid, "20155.00", today)
		b.pay("p2", part, "155.00", today)
	}
	pays()
	b.until(`SELECT count(*) = 2 FROM orders WHERE purpose IN ('lift', 'reduce') AND status = 'done'`)
	stop()

	b.pool = restore()
	b.clock.Advance(time.Hour)
	b.robot, stop = b.start(b.pool, bank, mark)
	defer stop()
	b.until(`SELECT count(*) = 1 FROM daily_runs WHERE duty = 'restored-1' AND finished_at IS NOT NULL`)
	if n := b.count(`SELECT count(*) FROM restores WHERE released_at IS NULL AND noticed_by = 'mark'`); n != 1 {
		t.Error("the robot is not on hold")
	}
	b.rest()
	for i, id := range b.ids {
		c := b.load(id)
		switch a := c.LiveArrest(); {
		case i == 0 && (a != nil || c.Hold != restored.Reason):
			t.Errorf("what was over by the lost past may be ordered again: %+v", c.Orders)
		case i > 0 && (a == nil || a.Ordinal != 1 || a.Status != engine.Active):
			t.Errorf("case %d: not adopted: %+v", id, c.Orders)
		}
	}
	pays() // the gateway repeats what it was not told of by this copy
	pays()
	b.until(`SELECT state = 'paid' AND released_at IS NOT NULL FROM cases WHERE id = $1`, paid)
	b.until(`SELECT paid = 15500 FROM cases WHERE id = $1`, part)
	for _, who := range []string{"aigerim", "marat"} {
		now, _ := b.clock.Now(t.Context())
		if _, err := restored.Release(t.Context(), b.pool, []string{"test"}, who, "the register of the gateway was read again", now); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		b.clock.Advance(20 * time.Minute)
		b.rest()
	}
	bank.mu.Lock()
	for _, id := range b.ids {
		for n := 1; n < 5; n++ {
			if seen := bank.seen[orders.LegID(engine.OrderID(id, engine.Arrest, n), "test")]; n == 1 && seen == 0 || n > 1 && seen > 0 {
				t.Errorf("case %d: arrest %d came %d times", id, n, seen)
			}
		}
	}
	if len(bank.held) != 5 {
		t.Errorf("%d arrests at the bank, want those of the five who still owe", len(bank.held))
	}
	bank.mu.Unlock()
	b.sound()
}
