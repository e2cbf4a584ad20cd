package jobs_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"robotbailiff/engine"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/jobs"
	"robotbailiff/payments/source/gateway"
	"robotbailiff/rules/money"
)

func takenBack(txn string, sum int64, name string) gateway.Message {
	return gateway.Message{Type: gateway.Reversed, TxnID: txn, Amount: money.FromTiyn(sum), Currency: "KZT", Back: name}
}

// A reversal is told by a message and by the list of its day, in any order, with or without a name of its own: it is booked once.
func TestReversal_messageAndListAreOne(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewPCG(seed, 7)) // repeatable on purpose
			gw := newTill()
			b := setupConfig(t, 3, func(c *jobs.Config) { c.Tills = map[string]gateway.Driver{"gateway": gw} })
			want, listed, sent := map[int]int64{}, gw.day, []gateway.Message{}
			for i, id := range b.ids {
				txn := fmt.Sprintf("K-%d", i)
				p := paid(txn, 10_000, caseno.Format(id))
				b.message("paid-"+txn, p)
				listed[moneyDay] = append(listed[moneyDay], p)
				want[i] = 10_000
				named := rnd.IntN(2) == 0
				for n := range rnd.IntN(4) {
					sum, name := int64(1+rnd.IntN(2))*1000, "" // sums that are often alike
					if named {
						name = fmt.Sprintf("R-%d-%d", i, n)
					}
					want[i] -= sum
					m := takenBack(txn, sum, name)
					listed[moneyDay] = append(listed[moneyDay], m)
					sent = append(sent, m)
				}
			}
			b.settle()
			rnd.Shuffle(len(sent), func(i, j int) { sent[i], sent[j] = sent[j], sent[i] })
			early := rnd.IntN(len(sent) + 1)
			for i, m := range sent[:early] {
				b.message(fmt.Sprintf("back-%d", i), m)
				if rnd.IntN(3) == 0 {
					b.settle()
				}
			}
			b.clock.Advance(48 * time.Hour)
			for range 14 {
				b.ask()
			}
			for i, m := range sent { // the late ones, and all the early ones once more
				b.message(fmt.Sprintf("back-%d", i), m)
				if rnd.IntN(3) == 0 {
					b.settle()
				}
			}
			b.settle()
			for i, id := range b.ids {
				if got := b.load(id).Paid.Tiyn(); got != want[i] {
					t.Errorf("case %d has %d, want %d", i, got, want[i])
				}
			}
			if n := b.count(`SELECT count(*) FROM reversals_told WHERE message_id IS NOT NULL AND list_id IS NOT NULL`); n != len(sent) {
				t.Errorf("%d of %d reversals met", n, len(sent))
			}
			if n := b.count(`SELECT count(*) FROM reversal_tasks`); n != 0 {
				t.Errorf("%d tasks", n)
			}
			b.sound()
		})
	}
}

// A list that breaks off and is read again takes nothing back twice.
func TestReversal_aListReadTwice(t *testing.T) {
	t.Parallel()
	gw := newTill()
	b := setupConfig(t, 1, func(c *jobs.Config) { c.Tills = map[string]gateway.Driver{"gateway": gw} })
	p := paid("K-1", 10_000, caseno.Format(b.ids[0]))
	gw.day[moneyDay] = []gateway.Message{p, takenBack("K-1", 1000, ""), takenBack("K-1", 1000, "")}
	b.message("paid", p)
	b.settle()
	b.clock.Advance(48 * time.Hour)
	for range 2 {
		b.exec(`DELETE FROM registers`) // the comparison was not kept
		for range 14 {
			b.ask()
		}
	}
	if got := b.load(b.ids[0]).Paid.Tiyn(); got != 8000 {
		t.Errorf("paid %d", got)
	}
	b.sound()
}

// What is known under a name and comes with other content is refused; what takes back the money of an ended case reopens nothing; what
// takes back a payment that nobody knows is given up. Each is a task for a person.
func TestReversal_whatAPersonMustSee(t *testing.T) {
	t.Parallel()
	gw := newTill()
	b := setupConfig(t, 2, func(c *jobs.Config) { c.Tills = map[string]gateway.Driver{"gateway": gw} })
	whole := paid("K-1", owed, caseno.Format(b.ids[0]))
	part := paid("K-2", 10_000, caseno.Format(b.ids[1]))
	b.message("p1", whole)
	b.message("p2", part)
	b.settle()
	b.message("r1", takenBack("K-2", 1000, "R-1"))
	b.settle()
	gw.day[moneyDay] = []gateway.Message{
		whole, part,
		takenBack("K-2", 2000, "R-1"), // the same name, another sum
		takenBack("K-1", owed, "R-2"), // of a case that has ended
		takenBack("K-7", 5000, "R-3"), // of no payment
	}
	b.clock.Advance(48 * time.Hour)
	for range 14 {
		b.ask()
	}
	if n := b.count(`SELECT count(*) FROM payment_pending`); n != 1 {
		t.Errorf("%d messages wait; the payment of one may still come", n)
	}
	b.clock.Advance(73 * time.Hour)
	b.settle()
	b.message("r3", takenBack("K-7", 5000, "R-3")) // the message says so too, late
	b.settle()
	if c := b.load(b.ids[0]); c.State != engine.Paid || !c.Outstanding.IsZero() {
		t.Errorf("the ended case is %s with %s", c.State, c.Outstanding)
	}
	if got := b.load(b.ids[1]).Paid.Tiyn(); got != 9000 {
		t.Errorf("paid %d", got)
	}
	for why, n := range map[string]int{"conflict": 1, "ended": 1, "unmatched": 1} {
		if got := b.count(`SELECT count(*) FROM reversal_tasks WHERE why = $1`, why); got != n {
			t.Errorf("%s: %d tasks, want %d", why, got, n)
		}
	}
	if n := b.count(`SELECT count(*) FROM reversal_tasks WHERE why = 'ended' AND case_id = $1 AND txn_id = 'K-1' AND amount = $2`, b.ids[0], owed); n != 1 {
		t.Error("the task does not say which money")
	}
	b.sound()
}
