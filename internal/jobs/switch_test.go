package jobs_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"robotbailiff/engine"
	"robotbailiff/engine/breaker"
	"robotbailiff/engine/intake"
	"robotbailiff/engine/orders"
	"robotbailiff/engine/stop"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/jobs"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

func (b *bundle) now() time.Time {
	b.t.Helper()
	now, err := b.clock.Now(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return now
}

// throw stops a scope and gives the way to release it by two people.
func (b *bundle) throw(scope stop.Scope) (release func()) {
	b.t.Helper()
	s := stop.NewStore(b.pool)
	id, err := s.Throw(b.t.Context(), scope, "Aigul", "a drill", b.now())
	if err != nil {
		b.t.Fatal(err)
	}
	return func() {
		b.t.Helper()
		for _, who := range []string{"Aigul", "Bolat"} {
			if _, err := s.Release(b.t.Context(), id, who, "over", b.now()); err != nil {
				b.t.Fatal(err)
			}
		}
	}
}

// F18: the switch is thrown while workers run flat out, some debtors paying. Nothing coercive is committed after the throw has
// returned, though the promise is five seconds; every lift goes through.
func TestSwitch_thrownUnderLoad(t *testing.T) {
	t.Parallel()
	b := setup(t, 400)
	b.run()
	b.rest()
	b.delivered()
	b.clock.Set(b.load(b.ids[0]).VoluntaryEndsOn.End())
	const coercive = `SELECT count(*) FROM events WHERE kind IN ('opened', 'notice_repeated', 'reminded', 'arrest_ordered', 'collect_ordered', 'handed_over', 'assigned')`
	const sent = `SELECT count(*) FROM orders WHERE purpose IN ('arrest', 'collect') AND attempts > 0`
	batch, err := b.robot.Inbox.Receive(t.Context(), intake.Arrival{Source: "ERAP", FileName: "a.csv", Via: intake.ViaAPI, By: "test"}, bytes.NewReader(batchOf(0, 300)))
	if err != nil {
		t.Fatal(err)
	}
	for b.count(`SELECT count(*) FROM orders WHERE purpose = 'arrest' AND status = 'active'`) == 0 { // the load is on
	}
	for i, id := range b.ids[:100] {
		b.pay("p"+string(rune('a'+i/26))+string(rune('a'+i%26)), id, "20155.00", calendar.DateOf(b.now()))
	}
	watch := clock.StartStopwatch()
	b.throw(stop.Everything)
	took, before, out := watch.Elapsed(), b.count(coercive), b.count(sent)
	if took > 5*time.Second {
		t.Errorf("the switch took %s", took)
	}
	for watch.Elapsed() < took+2*time.Second { // the workers look again and again
		b.robot.Nudge()
		if n, o := b.count(coercive), b.count(sent); n != before || o != out {
			t.Fatalf("%d coercive acts and %d orders sent after the throw", n-before, o-out)
		}
	}
	b.clock.Advance(20 * time.Minute)
	until := clock.StartStopwatch()
	lifted := func() int {
		return b.count(`SELECT count(*) FROM cases c WHERE c.id = ANY ($1) AND c.state = 'paid' AND c.released_at IS NOT NULL`, b.ids[:100])
	}
	for lifted() < 100 && until.Elapsed() < 20*time.Second {
		b.robot.Nudge()
	}
	if n := lifted(); n != 100 {
		t.Errorf("%d of 100 who paid are free", n)
	}
	if n := b.count(coercive); n != before {
		t.Errorf("%d coercive acts after the throw", n-before)
	}
	if got := b.batch(batch.ID); got.State != intake.StateDone && got.State != intake.StateStaging && got.State != intake.StateReceived {
		t.Errorf("the batch: %+v", got)
	}
	b.sound()
}

// A batch that comes while opening is stopped waits with all its rows, and is taken in after the release.
func TestSwitch_aBatchWaitsAndLosesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	release := b.throw("source:ERAP")
	got, err := b.robot.Inbox.Receive(t.Context(), intake.Arrival{Source: "ERAP", FileName: "a.csv", Via: intake.ViaAPI, By: "test"}, bytes.NewReader(batchOf(0, 30)))
	if err != nil {
		t.Fatal(err)
	}
	other, err := b.robot.Inbox.Receive(t.Context(), intake.Arrival{Source: "KGD", FileName: "b.csv", Via: intake.ViaAPI, By: "test"}, bytes.NewReader(bytes.ReplaceAll(batchOf(50, 5), []byte("ERAP"), []byte("KGD"))))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		at, err := b.robot.Inbox.Process(t.Context(), got.ID, nil)
		if err != nil || at.State != intake.StateStaging || at.Rows != 0 {
			t.Fatalf("%+v, %v", at, err)
		}
	}
	if at, err := b.robot.Inbox.Process(t.Context(), other.ID, nil); err != nil || at.Accepted != 5 {
		t.Errorf("another source: %+v, %v", at, err)
	}
	release()
	b.exec(`UPDATE batches SET touched_at = now() - interval '1 minute'`)
	b.run()
	b.rest()
	if at := b.batch(got.ID); at.State != intake.StateDone || at.Accepted != 30 {
		t.Errorf("after the release: %+v", at)
	}
}

func (b *bundle) command(id int64, c engine.Command) {
	b.t.Helper()
	if _, err := b.robot.Engine.Apply(b.t.Context(), []engine.For{{CaseID: id, Actor: "desk:test", Command: c}}); err != nil {
		b.t.Fatal(err)
	}
}

// At a stopped bank collections wait under their ids, and so do arrests that could lie there; lifts go through.
func TestSwitch_ofOneBank(t *testing.T) {
	t.Parallel()
	b := setup(t, 3)
	b.run()
	b.rest()
	b.delivered()
	b.command(b.ids[2], engine.SetHold{Reason: "test"}) // its arrest comes later
	b.clock.Set(b.load(b.ids[0]).VoluntaryEndsOn.End())
	b.rest()
	release := b.throw("bank:test")
	b.command(b.ids[2], engine.Resume{Reason: "test"})
	b.pay("p", b.ids[1], "20155.00", calendar.DateOf(b.now()))
	b.clock.Set(b.load(b.ids[0]).CollectOn.Start())
	b.rest()
	status := func(id int64, purpose string) string {
		var s string
		if err := b.pool.QueryRow(t.Context(), `SELECT status || '/' || attempts FROM orders WHERE purpose = $2 AND case_id = $1`, id, purpose).Scan(&s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	b.clock.Advance(16 * time.Minute)
	b.rest()
	if c, a := status(b.ids[0], "collect"), status(b.ids[2], "arrest"); c != "requested/0" || a != "requested/0" {
		t.Errorf("at the stopped bank: collection %s, arrest %s", c, a)
	}
	if l := status(b.ids[1], "lift"); !strings.HasPrefix(l, "done/") {
		t.Errorf("the lift: %s", l)
	}
	release()
	for range 4 {
		b.clock.Advance(31 * time.Minute)
		b.rest()
	}
	// A worker that was slow is asked again, under the same id: how often is not the matter here.
	if c, a := status(b.ids[0], "collect"), status(b.ids[2], "arrest"); !strings.HasPrefix(c, "done/") || !strings.HasPrefix(a, "active/") {
		t.Errorf("after the release: collection %s, arrest %s", c, a)
	}
	b.sound()
}

// What tells of coercion waits while that is stopped; what tells of an end does not.
func TestSwitch_holdsNoticesOfCoercion(t *testing.T) {
	t.Parallel()
	b := setup(t, 2)
	release := b.throw("measure:notify")
	b.pay("p", b.ids[1], "20155.00", calendar.DateOf(b.now()))
	b.run()
	b.rest()
	left := func(id int64, kind string) int {
		return b.count(`SELECT count(*) FROM notices WHERE case_id = $1 AND kind = $2 AND status <> 'created'`, id, kind)
	}
	if left(b.ids[0], "opening") != 0 || left(b.ids[1], "paid") == 0 {
		t.Errorf("opening notices: %d, of the end: %d", left(b.ids[0], "opening"), left(b.ids[1], "paid"))
	}
	release()
	b.clock.Advance(16 * time.Minute)
	b.rest()
	if left(b.ids[0], "opening") == 0 {
		t.Error("the opening notice does not leave after the release")
	}
}

// A breaker opens by itself, stops everything, is released by two people, and then looks only at what comes after.
func TestBreaker_opensAndIsReleased(t *testing.T) {
	t.Parallel()
	b := setup(t, 80)
	b.bank.answer = func(in orders.Instruction) (orders.Reply, bool) {
		r := in.Reply(engine.Accepted, in.Amount)
		if in.Purpose == engine.Arrest && in.CaseID%4 == 0 {
			r.Answer, r.Sum = engine.Refused, money.Zero
		}
		return r, true
	}
	b.run()
	b.enforce()
	w := breaker.NewWatcher(b.pool, b.robot.Engine.Pack, nil)
	opened, err := w.Watch(t.Context(), b.now())
	if err != nil || len(opened) != 1 || opened[0].Name != breaker.Rejects {
		t.Fatalf("opened: %v, %v", opened, err)
	}
	s := stop.NewStore(b.pool)
	open, err := s.Open(t.Context(), b.now())
	if err != nil || len(open) != 1 || open[0].Scope != stop.Everything || open[0].Reason != "Banks refused 20 of 80 orders: the limit is 10 %." {
		t.Fatalf("%+v, %v", open, err)
	}
	if again, err := w.Watch(t.Context(), b.now()); err != nil || len(again) > 0 {
		t.Errorf("opened twice: %v, %v", again, err)
	}
	for _, who := range []string{"Aigul", "Bolat"} {
		if _, err := s.Release(context.WithoutCancel(t.Context()), open[0].ID, who, "the bank says sorry", b.now()); err != nil {
			t.Fatal(err)
		}
	}
	if again, err := w.Watch(t.Context(), b.now().Add(time.Minute)); err != nil || len(again) > 0 {
		t.Errorf("opened by what was before the release: %v, %v", again, err)
	}
	readings, err := b.robot.Breakers(t.Context())
	if err != nil || len(readings) != len(breaker.Names) {
		t.Errorf("%+v, %v", readings, err)
	}
}

// A bank that was sent more than its own rate is stopped, and it alone; each order has counted once, and lifts go on.
func TestBreaker_stopsOneBankAlone(t *testing.T) {
	t.Parallel()
	b := setupConfig(t, 12, func(c *jobs.Config) { c.BankRates, c.Breakers = map[string]int{"test": 11}, 20*time.Millisecond })
	b.run()
	b.enforce()
	s := stop.NewStore(b.pool)
	var open []stop.Stop
	for until := clock.StartStopwatch(); len(open) == 0 && until.Elapsed() < 20*time.Second; {
		b.robot.Nudge()
		var err error
		if open, err = s.Open(t.Context(), b.now()); err != nil {
			t.Fatal(err)
		}
	}
	if len(open) != 1 || open[0].Scope != "bank:test" || open[0].Breaker() != breaker.Bank || *open[0].Figures != (stop.Figures{Count: 12, Limit: 11}) {
		t.Fatalf("%+v", open)
	}
	for i, id := range b.ids {
		b.pay("b"+string(rune('a'+i)), id, "20155.00", calendar.DateOf(b.now()))
	}
	b.rest()
	if n := b.count(`SELECT count(*) FROM cases WHERE state = 'paid' AND released_at IS NOT NULL`); n != 12 {
		t.Errorf("%d of 12 who paid are free", n)
	}
	b.sound()
}
