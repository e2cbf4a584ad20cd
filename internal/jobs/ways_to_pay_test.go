package jobs_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

const owed = 2015500 // tiyn, of every case of setup

// Every way to pay at every moment of a case: the debt goes down by what was paid and no more, what is too much is due back, and the
// bank never holds more than is still owed; after the end it holds nothing.
func TestMoney_everyWayToPayAtEveryMoment(t *testing.T) {
	ways := []struct {
		name string
		sums []int64
	}{
		{"a tiyn less", []int64{owed - 1}},
		{"exact", []int64{owed}},
		{"a tiyn more", []int64{owed + 1}},
		{"in a hundred parts", hundredParts()},
		{"two payers at once", []int64{owed, owed}},
	}
	moments := []struct {
		name  string
		reach func(*bundle)
	}{
		{"told", func(b *bundle) { b.rest(); b.delivered(); b.rest() }},
		{"arrest in flight", func(b *bundle) {
			b.bank.answer = func(in orders.Instruction) (orders.Reply, bool) {
				r := orders.Reply{ID: in.ID, Known: true, Answer: engine.Accepted, Sum: in.Amount, Bank: "test"}
				return r, in.Purpose != engine.Arrest // done, and the answer is lost
			}
			b.enforce()
		}},
		{"arrested", func(b *bundle) { b.enforce() }},
		{"the last second", func(b *bundle) {
			b.enforce()
			b.clock.Set(b.load(b.ids[0]).TermEndsOn.End().Add(-time.Second))
			b.rest()
		}},
	}
	for _, m := range moments {
		for _, w := range ways {
			t.Run(m.name+", "+w.name, func(t *testing.T) {
				t.Parallel()
				b := setup(t, 1)
				b.run()
				m.reach(b)
				b.paySums(w.sums)
				b.rest()
				b.clock.Advance(20 * time.Minute) // lost answers are asked for; in the last second the term ends
				b.rest()
				b.clock.Advance(20 * time.Minute)
				b.rest()
				b.judge(w.sums, m.name == "the last second")
				b.sound()
			})
		}
	}
}

func hundredParts() []int64 {
	parts := make([]int64, 100)
	for i := range parts {
		parts[i] = owed / 100
	}
	parts[99] += owed % 100
	return parts
}

func (b *bundle) paySums(sums []int64) {
	now, _ := b.clock.Now(b.t.Context())
	var wg sync.WaitGroup
	for i, sum := range sums {
		wg.Go(func() { b.pay(fmt.Sprintf("w%d", i), b.ids[0], money.FromTiyn(sum).String(), calendar.DateOf(now)) })
	}
	wg.Wait()
}

func (b *bundle) judge(sums []int64, termOver bool) {
	b.t.Helper()
	var total int64
	for _, s := range sums {
		total += s
	}
	left, tooMuch := max(owed-total, 0), max(total-owed, 0)
	c := b.load(b.ids[0])
	if c.Outstanding.Tiyn() != left {
		b.t.Errorf("outstanding %s, want %s", c.Outstanding, money.FromTiyn(left))
	}
	if got := int64(b.count(`SELECT coalesce(sum(refund_due), 0) FROM payments`)); got != tooMuch {
		b.t.Errorf("due back %s, want %s", money.FromTiyn(got), money.FromTiyn(tooMuch))
	}
	var held int64
	for _, sum := range b.bank.held {
		held += sum.Tiyn()
	}
	switch {
	case left == 0 && (c.State != engine.Paid || c.ReleasedAt.IsZero() || held != 0):
		b.t.Errorf("%s, released %v, the bank holds %s", c.State, c.ReleasedAt, money.FromTiyn(held))
	case left > 0 && termOver && c.State != engine.HandedOver:
		b.t.Errorf("%s after the term", c.State)
	case held > left:
		b.t.Errorf("the bank holds %s of %s", money.FromTiyn(held), money.FromTiyn(left))
	}
}
