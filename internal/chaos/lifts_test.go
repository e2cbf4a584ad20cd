package chaos_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/sandbox"
)

// This campaign measures how long a debtor who has paid waits. Elsewhere legal time leaps when nothing is left to do, so that by it
// nobody ever waits; here it runs, at liftSpeed times the speed of the wall clock, and whatever the product waits for in real time
// (pulse, lease, the looks at what is late) is set to that part of what production waits. A second of legal time is then a second of
// production's wall clock, but for work and restarts, which count liftSpeed times.
const (
	liftSpeed  = 10
	liftLease  = 40 * time.Second / liftSpeed // the pulse of a run is a tenth of production's as it is
	liftCases  = 500
	liftLeast  = 120             // arrests in force when time begins to run
	liftWindow = 2 * time.Minute // in which all their debtors pay
	liftKills  = 60              // of workers
	liftTail   = 16 * time.Minute
)

// What is promised, in legal time.
const (
	liftOrdered   = 60 * time.Second // from the payment to the order, of 99 in 100
	liftConfirmed = 15 * time.Minute // from the payment to the bank's word, or to the alarm, of all
)

// lineFaults are banks on their worst day: of their minutes, three in ten are such that what is asked for is done and no answer comes, and
// three in ten such that nothing gets through. Payment messages come twice, anew and late.
var lineFaults = sandbox.Faults{LineDown: 3000, LineMute: 3000, LostAnswer: 1000, HookTwice: 2000, HookNewEvent: 1000}

var errUnderWay = errors.New("enough arrests are in force")

// TestChaos_paymentLiftsInTime has many debtors pay within minutes while workers are killed and banks hardly answer, and measures by the
// records of the product how long each waited for his lift.
func TestChaos_paymentLiftsInTime(t *testing.T) {
	if testing.Short() {
		t.Skip("a campaign of minutes")
	}
	z := sizes(t)
	z.cases, z.lease = liftCases, liftLease
	z.faults, z.shares = &sandbox.Faults{}, &sandbox.Shares{AfterArrest: 10_000}
	t.Logf("seed %d: replay with CHAOS_SEED=%d go test -run TestChaos_paymentLifts -count=1 -v ./internal/chaos", z.seed, z.seed)
	ctx := t.Context()
	begun := clock.StartStopwatch()
	s := newSite(ctx, t, z.seed)
	r := s.open(ctx, t, "lifts", z)
	r.untilArrests(ctx, t)
	from := r.worsen(ctx, t)
	t.Logf("%s until debtors begin to pay", begun.Elapsed().Round(time.Second))

	l := &liftRun{run: r, from: from, dice: rand.New(rand.NewPCG(z.seed, 0x6c696674))}
	watch := clock.StartStopwatch()
	must(t, l.live(ctx))
	t.Logf("%d workers killed in %s, in which %s of legal time passed", l.kills, watch.Elapsed().Round(time.Second), (liftSpeed * watch.Elapsed()).Round(time.Second))
	waits := r.waits(ctx, t, from)
	waits.assert(t)
	if l.kills != liftKills {
		t.Errorf("killed %d workers, want %d", l.kills, liftKills)
	}

	// What is late is asked for until it is done: legal time leaps again, and the banks are well.
	must(t, r.fleet.stop())
	r.begin(ctx, t, *z.faults)
	must(t, r.driveOn(ctx, grid, from.Add(24*time.Hour), nil))
	must(t, r.fleet.stop())
	found, err := r.check(ctx)
	must(t, err)
	for _, v := range found {
		t.Errorf("violation: %+v", v)
	}
	var open int
	must(t, r.pool.QueryRow(ctx, `SELECT count(*) FROM orders WHERE purpose = 'lift' AND status IN ('requested', 'unknown')`).Scan(&open))
	if open > 0 {
		t.Errorf("%d lifts are open a day later", open)
	}
}

// untilArrests leaps to where enough arrests are in force and their debtors know it.
func (r *run) untilArrests(ctx context.Context, t *testing.T) {
	t.Helper()
	err := r.drive(ctx, func(time.Time) error {
		var ready int
		if err := r.pool.QueryRow(ctx, readySQL).Scan(&ready); err != nil || ready < liftLeast {
			return err
		}
		return errUnderWay
	})
	if !errors.Is(err, errUnderWay) {
		t.Fatalf("no arrests: %v", err)
	}
}

// worsen has all who mean to pay do it within the window that begins now, and begins with workers whose banks hardly answer.
func (r *run) worsen(ctx context.Context, t *testing.T) (from time.Time) {
	t.Helper()
	must(t, r.fleet.stop())
	from, err := r.clock.Now(ctx)
	must(t, err)
	tag, err := r.worlds.Exec(ctx, hastenSQL, from, liftWindow.Milliseconds())
	must(t, err)
	t.Logf("%d debtors are about to pay", tag.RowsAffected())
	r.begin(ctx, t, lineFaults)
	return from
}

// begin starts the workers in a world with other faults.
func (r *run) begin(ctx context.Context, t *testing.T, faults sandbox.Faults) {
	t.Helper()
	r.fleet.args[slices.Index(r.fleet.args, "--faults")+1] = encoded(t, faults)
	must(t, r.fleet.start(ctx, workers))
}

const readySQL = `SELECT count(*) FROM sandbox.items i JOIN orders o USING (case_id) WHERE i.kind = 'act' AND i.handed_at IS NULL AND o.purpose = 'arrest' AND o.status = 'active'`

const hastenSQL = `UPDATE sandbox.items SET at = $1::timestamptz + abs(hashtext(key)) % $2::bigint * interval '1 millisecond' WHERE kind = 'act' AND handed_at IS NULL`

// liftRun lets legal time run.
type liftRun struct {
	run   *run
	from  time.Time
	dice  *rand.Rand
	kills int
}

// live lets the clock run, the world act, and workers be killed, until every lift has its word or its alarm.
func (l *liftRun) live(ctx context.Context) error {
	// The processes of the fleet live as long as the context in which they were started: what ends here is no part of it.
	var beside errgroup.Group
	over := make(chan struct{})
	end := sync.OnceFunc(func() { close(over) })
	defer end()
	beside.Go(func() error { return l.tick(ctx, over) })
	beside.Go(func() error { return l.hunt(ctx, over) })
	err := l.act(ctx)
	end()
	return errors.Join(err, beside.Wait())
}

// tick moves legal time with the wall's. Nothing else is done between, so that it never stands still.
func (l *liftRun) tick(ctx context.Context, over <-chan struct{}) error {
	watch := clock.StartStopwatch()
	every := time.NewTicker(5 * time.Millisecond)
	defer every.Stop()
	for {
		if err := l.run.clock.Set(ctx, l.from.Add(liftSpeed*watch.Elapsed())); err != nil {
			return err
		}
		select {
		case <-over:
			return nil
		case <-every.C:
		}
	}
}

// act lets the world live.
func (l *liftRun) act(ctx context.Context) error {
	outbox := l.run.outbox()
	every := time.NewTicker(20 * time.Millisecond)
	defer every.Stop()
	for {
		now, err := l.run.clock.Now(ctx)
		if err != nil {
			return err
		}
		if _, err := l.run.world.Step(ctx, now, outbox); err != nil && ctx.Err() != nil {
			return err // else what was not taken comes again
		}
		if after := now.Sub(l.from) - liftWindow - 2*time.Minute; after > 0 {
			var waiting int
			if err := l.run.pool.QueryRow(ctx, waitingSQL).Scan(&waiting); err != nil {
				return err
			}
			if waiting == 0 || after > liftTail {
				return nil
			}
		}
		<-every.C
	}
}

// hunt kills a worker every second or so.
func (l *liftRun) hunt(ctx context.Context, over <-chan struct{}) error {
	for l.kills < liftKills {
		timer := time.NewTimer(time.Duration(500+l.dice.IntN(1000)) * time.Millisecond)
		select {
		case <-over:
			timer.Stop()
			return nil
		case <-timer.C:
		}
		if err := l.run.fleet.kill(ctx, l.dice.IntN); err != nil {
			return err
		}
		l.kills++
	}
	return nil
}

// waitingSQL counts those who wait for both the bank's word and the alarm, and messages that wait to be settled.
const waitingSQL = `SELECT (SELECT count(*) FROM payment_pending) + (SELECT count(*) FROM orders o
 WHERE o.purpose = 'lift' AND o.status IN ('requested', 'unknown') AND NOT EXISTS (SELECT 1 FROM late_lifts a WHERE a.order_id = o.id))`

// liftWaits are how long debtors waited, in legal time.
type liftWaits struct {
	ordered, known []time.Duration // shortest first
	alarmed        int
}

// waits reads from the records: when the message of the payment that ended a case was taken in, when its lift was asked for, and when the
// bank had confirmed it or the alarm was raised, whichever came first.
func (r *run) waits(ctx context.Context, t *testing.T, from time.Time) (w liftWaits) {
	t.Helper()
	rows, err := r.pool.Query(ctx, waitsSQL, from)
	must(t, err)
	var (
		ordered, known int64
		alarmed        bool
	)
	_, err = pgx.ForEachRow(rows, []any{&ordered, &known, &alarmed}, func() error {
		w.ordered, w.known = append(w.ordered, time.Duration(ordered)*time.Microsecond), append(w.known, time.Duration(known)*time.Microsecond)
		if alarmed {
			w.alarmed++
		}
		return nil
	})
	must(t, err)
	slices.Sort(w.ordered)
	slices.Sort(w.known)
	return w
}

// waitsSQL gives microseconds; what has neither word nor alarm counts as a year.
const waitsSQL = `SELECT (extract(epoch FROM l.requested_at - v.at) * 1000000)::bigint,
  coalesce((extract(epoch FROM least(l.answered_at, a.raised_at) - v.at) * 1000000)::bigint, 31536000000000),
  a.raised_at IS NOT NULL AND (l.answered_at IS NULL OR a.raised_at < l.answered_at)
  FROM events e
  JOIN payments p ON p.id = (e.data ->> 'payment')::bigint
  CROSS JOIN LATERAL (SELECT min(m.received_at) AS at FROM payment_events m WHERE m.source = p.source AND m.event_id IN ('ev-' || p.txn_id, 'ev-' || p.txn_id || '-n')) v
  JOIN orders l ON l.case_id = e.case_id AND l.purpose = 'lift'
  LEFT JOIN late_lifts a ON a.order_id = l.id AND a.level = 1
 WHERE e.kind = 'paid' AND e.at >= $1`

// assert wants the promise kept, and tells by how much.
func (w *liftWaits) assert(t *testing.T) {
	t.Helper()
	n := len(w.ordered)
	if n < liftLeast*8/10 {
		t.Fatalf("only %d debtors waited for a lift", n)
	}
	at := func(all []time.Duration, percent int) time.Duration {
		return all[(n-1)*percent/100].Round(100 * time.Millisecond)
	}
	t.Logf("%d lifts; from the payment to the order: p50 %s, p99 %s, max %s; to the bank's word or the alarm: p50 %s, p99 %s, max %s; %d alarmed",
		n, at(w.ordered, 50), at(w.ordered, 99), at(w.ordered, 100), at(w.known, 50), at(w.known, 99), at(w.known, 100), w.alarmed)
	if p := w.ordered[(n-1)*99/100]; p > liftOrdered {
		t.Errorf("from the payment to the order p99 is %s, promised are %s", p, liftOrdered)
	}
	if longest := w.known[n-1]; longest > liftConfirmed {
		t.Errorf("from the payment to the bank's word or the alarm it took %s once, promised are %s", longest, liftConfirmed)
	}
	if w.ordered[0] < 0 || w.known[0] < w.ordered[0] {
		t.Errorf("a lift before its payment: %s, %s", w.ordered[0], w.known[0])
	}
}
