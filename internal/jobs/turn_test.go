package jobs_test

import (
	"slices"
	"testing"
	"time"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
)

// oneDebtor makes the first n cases those of one debtor, and has the bank note the arrests in the order in which they come.
func (b *bundle) oneDebtor(n int) (arrests func() []int64) {
	b.t.Helper()
	ids := b.ids[:n]
	b.exec(`UPDATE writs SET debtor_id = (SELECT debtor_id FROM writs WHERE case_id = $1) WHERE case_id = ANY($2)`, ids[0], ids)
	b.exec(`UPDATE cases SET debtor_id = (SELECT debtor_id FROM cases WHERE id = $1) WHERE id = ANY($2)`, ids[0], ids)
	var came []int64
	b.bank.answer = func(in orders.Instruction) (orders.Reply, bool) {
		told := true
		if in.Purpose == engine.Arrest && slices.Contains(ids, in.CaseID) {
			came = append(came, in.CaseID)
			told = len(came) > 1 // the first answer is lost after the deed
		}
		return in.Reply(engine.Accepted, in.Amount), told
	}
	return func() []int64 {
		b.bank.mu.Lock()
		defer b.bank.mu.Unlock()
		return slices.Clone(came)
	}
}

// Several writs against one person go to the bank one after the other, and nobody else waits for them.
func TestRobot_arrestsOfOneDebtorGoInTurn(t *testing.T) {
	t.Parallel()
	b := setup(t, 7)
	arrests := b.oneDebtor(5)
	b.run()
	b.enforce()
	if got := arrests(); !slices.Equal(got, b.ids[:1]) {
		t.Fatalf("while the first is not answered the bank has %v", got)
	}
	if got := b.count(`SELECT count(*) FROM orders WHERE status = 'active' AND case_id = ANY($1)`, b.ids[5:]); got != 2 {
		t.Fatalf("%d arrests of other debtors", got)
	}
	b.clock.Advance(2 * time.Minute) // the first answer is asked for
	b.rest()
	if got := arrests(); !slices.Equal(got, b.ids[:5]) {
		t.Fatalf("the bank got %v, want %v", got, b.ids[:5])
	}
	if got := b.count(`SELECT count(*) FROM orders WHERE status = 'active' AND attempts = 1`); got != 6 {
		t.Errorf("%d arrests were sent once and are active", got)
	}
	b.sound()
}

// The order does not depend on which worker's sweep is faster.
func TestRobot_arrestWaitsForALowerCaseThatIsDue(t *testing.T) {
	t.Parallel()
	b := setup(t, 3)
	arrests := b.oneDebtor(3)
	b.exec(`UPDATE chunks SET done_at = now()`)
	b.proveDelivery()
	b.clock.Set(b.load(b.ids[0]).VoluntaryEndsOn.End())
	if _, err := b.robot.Engine.Apply(t.Context(), []engine.For{{CaseID: b.ids[2], Actor: engine.ActorRobot, Command: engine.Tick{}}}); err != nil {
		t.Fatal(err)
	}
	b.run()
	b.rest()
	b.clock.Advance(2 * time.Minute)
	b.rest()
	if got := arrests(); !slices.Equal(got, b.ids) {
		t.Errorf("the bank got %v, want %v", got, b.ids)
	}
	b.sound()
}

// A collection that waits is taken back unsent when its case is paid; what gives back never waits.
func TestRobot_givingBackNeverWaits(t *testing.T) {
	t.Parallel()
	b := setup(t, 3)
	arrests := b.oneDebtor(3)
	b.run()
	b.enforce()
	b.clock.Advance(2 * time.Minute)
	b.rest()
	// The first case's collection stays unanswered: the second case is paid meanwhile.
	b.bank.mu.Lock()
	former := b.bank.answer
	b.bank.answer = func(in orders.Instruction) (orders.Reply, bool) {
		r, told := former(in)
		return r, told && in.Purpose != engine.Collect
	}
	b.bank.mu.Unlock()
	b.clock.Set(b.load(b.ids[0]).CollectOn.Start())
	b.rest()
	if got := b.count(`SELECT count(*) FROM orders WHERE purpose = 'collect' AND attempts > 0`); got != 1 {
		t.Fatalf("%d collections at once", got)
	}
	b.pay("p", b.ids[1], "20155.00", b.load(b.ids[1]).OpenedOn.AddDays(12))
	b.rest()
	c := b.load(b.ids[1])
	if c.State != engine.Paid || b.count(`SELECT count(*) FROM orders WHERE case_id = $1 AND purpose = 'lift' AND status = 'done'`, c.ID) != 1 {
		t.Errorf("%s, orders %+v", c.State, c.Orders)
	}
	if got := b.count(`SELECT count(*) FROM orders WHERE case_id = $1 AND purpose = 'collect' AND attempts > 0`, c.ID); got != 0 {
		t.Error("a paid case was collected")
	}
	if len(arrests()) != 3 {
		t.Errorf("arrests %v", arrests())
	}
	b.sound()
}

// Whether the collection's own answer or that of its recall is heard first makes no difference.
func TestRobot_recallIsKnownAfterItsCollection(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	b.run()
	b.enforce()
	b.bank.mu.Lock()
	b.bank.answer = func(in orders.Instruction) (orders.Reply, bool) {
		return in.Reply(engine.Accepted, in.Amount), in.Purpose != engine.Collect
	}
	b.bank.mu.Unlock()
	id := b.ids[0]
	b.clock.Set(b.load(id).CollectOn.Start())
	b.rest()
	b.pay("p", id, "20155.00", b.load(id).OpenedOn.AddDays(12))
	b.rest()
	if got := b.count(`SELECT count(*) FROM orders WHERE status = 'done' AND purpose = 'lift'`); got != 1 {
		t.Errorf("%d lifts while the collection is open", got)
	}
	if got := b.count(`SELECT count(*) FROM orders WHERE status = 'unknown' AND purpose IN ('recall', 'collect')`); got != 2 {
		t.Errorf("%d open", got)
	}
	b.clock.Advance(2 * time.Minute)
	b.rest()
	if got := b.count(`SELECT count(*) FROM orders WHERE status = 'done' AND purpose IN ('recall', 'collect')`); got != 2 {
		t.Errorf("%+v", b.load(id).Orders)
	}
	if b.load(id).ReleasedAt.IsZero() {
		t.Error("not released")
	}
	b.sound()
}
