package jobs_test

import (
	"testing"
	"time"

	"robotbailiff/engine"
	"robotbailiff/internal/caseno"
	"robotbailiff/payments"
	"robotbailiff/payments/acts"
	"robotbailiff/payments/source"
	"robotbailiff/payments/source/gateway"
	"robotbailiff/rules/money"
)

// splitUp makes one payment of 30 000.00 of a source pay the first case in full and the second in part; 845.00 stay in suspense.
func splitUp(t *testing.T, come func(*bundle)) *bundle {
	t.Helper()
	b := setup(t, 3)
	b.accounts()
	b.claimant(budget)
	come(b)
	q := b.suspense()
	id := b.propose(acts.Act{Kind: acts.Split, Parts: []acts.Part{
		{PaymentID: q[0].ID, CaseID: b.ids[0], Amount: money.FromTiyn(2015500)}, {PaymentID: q[0].ID, CaseID: b.ids[1], Amount: money.FromTiyn(900000)},
	}})
	if err := b.approve(id); err != nil {
		t.Fatal(err)
	}
	b.sound()
	return b
}

func byBank(b *bundle) { b.statement("s", credit("L1", 3000000, "два штрафа")) }

func backLine(sum int64) source.Line {
	l := credit("L1", sum, "два штрафа")
	l.Credit, l.Reversal = false, true
	return l
}

// A split payment that is taken back as a whole takes from each case exactly what it gave: nothing is left of it anywhere, and an ended case
// stays ended with a task for a person.
func TestSplitBack_eachCaseExactly(t *testing.T) {
	t.Parallel()
	for name, back := range map[string]func(*bundle){
		"by the bank": func(b *bundle) {
			if got := b.statement("s2", backLine(3000000)); got[payments.WasReverse] != 1 {
				b.t.Errorf("%v", got)
			}
		},
		"by the gateway, twice": func(b *bundle) {
			m := gateway.Message{Type: gateway.Reversed, TxnID: "K-1", Amount: money.FromTiyn(3000000), Currency: "KZT", ValueDate: moneyDay}
			b.message("back", m)
			b.message("again", m)
			b.settle()
			if n := b.count(`SELECT count(*) FROM payment_verdicts WHERE verdict IN ('reversed', 'duplicate')`); n != 2 {
				b.t.Errorf("%d of 2 messages have a verdict", n)
			}
			b.message("later", m)
			b.settle()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := splitUp(t, func(b *bundle) {
				if name == "by the bank" {
					byBank(b)
					return
				}
				b.message("ev", paid("K-1", 3000000, "два штрафа"))
				b.settle()
			})
			back(b)
			if c := b.load(b.ids[0]); c.State != engine.Paid {
				t.Errorf("the ended case is %s", c.State)
			}
			if n := b.count(`SELECT count(*) FROM events WHERE case_id = $1 AND kind = 'payment_reversed' AND data->>'reason' = 'task'`, b.ids[0]); n != 1 {
				t.Errorf("%d tasks for a person", n)
			}
			if c := b.load(b.ids[1]); !c.Paid.IsZero() || c.Outstanding.String() != "20155.00" {
				t.Errorf("the open case: paid %s, left %s", c.Paid, c.Outstanding)
			}
			bal := b.balances()
			if bal["treasury"] != "" || bal["suspense"] != "" || bal["clearing:split"] != "" || bal["clearing:gateway"] != "" || bal["due_to_claimants"] != "" || bal["returned"] != "20155.00" {
				t.Errorf("%v", bal)
			}
			if n := b.count(`SELECT count(*) FROM payments WHERE reversed <> amount OR allocated + refund_due + moved > 0`); n != 0 {
				t.Errorf("%d payments hold something", n)
			}
			b.sound()
			hledger(t, b)
		})
	}
}

// What had gone to a claimant he owes, of the case whose part it was.
func TestSplitBack_afterItWasSent(t *testing.T) {
	t.Parallel()
	b := splitUp(t, byBank)
	b.clock.Advance(7 * 24 * time.Hour)
	_, orders := b.remitted()
	if len(orders) != 2 {
		t.Fatalf("%d orders", len(orders))
	}
	if got := b.statement("s2", backLine(3000000)); got[payments.WasReverse] != 1 {
		t.Errorf("%v", got)
	}
	owed := map[int64]string{}
	for _, o := range b.owed() {
		owed[o.CaseID] = o.Amount.String()
	}
	if len(owed) != 2 || owed[b.ids[0]] != "20155.00" || owed[b.ids[1]] != "9000.00" {
		t.Errorf("%v", owed)
	}
	b.sound()
}

// A part of a split payment, or one whose money a part has given on, is for a person: nothing is booked against any case.
func TestSplitBack_whatAPersonDecides(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before func(*bundle)
		sum    int64
	}{
		"a part of it":             {func(*bundle) {}, 1000000},
		"what lies in suspense":    {func(*bundle) {}, 84500},
		"a refund is on its way":   {func(b *bundle) { b.refundOfPart() }, 3000000},
		"the rest is with a payer": {func(b *bundle) { b.refundOfRest() }, 3000000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := splitUp(t, byBank)
			c.before(b)
			before := b.load(b.ids[1]).Paid
			if got := b.statement("s2", backLine(c.sum)); got[payments.Unexplained] != 1 {
				t.Errorf("%v", got)
			}
			if after := b.load(b.ids[1]).Paid; !after.Equal(before) {
				t.Errorf("the case had %s and has %s", before, after)
			}
			b.sound()
		})
	}
}

// refundOfPart collects what a cancelled decision gives back of a part.
func (b *bundle) refundOfPart() {
	b.cancel(b.ids[1])
	b.refund(int64(b.count(`SELECT id FROM payments WHERE case_id = $1`, b.ids[1])))
}

// refundOfRest pays back what nobody has split off.
func (b *bundle) refundOfRest() {
	p := b.suspense()[0]
	if err := b.approve(b.propose(acts.Act{Kind: acts.Refund, Parts: []acts.Part{{PaymentID: p.ID, Amount: p.Suspense}}})); err != nil {
		b.t.Fatal(err)
	}
	b.refund(p.ID)
}

// refund collects the refund of a payment into a file.
func (b *bundle) refund(id int64) {
	b.t.Helper()
	if err := b.robot.GiveRequisites(b.t.Context(), id, payments.Payer{Name: "Ахметов Данияр", IBAN: payerIBAN}, first, "he called"); err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.robot.CollectRefunds(b.t.Context(), []int64{id}, ourIBAN, first, "x"); err != nil {
		b.t.Fatal(err)
	}
}

// A payment that names its case and was split for the rest takes back both.
func TestSplitBack_withACaseOfItsOwn(t *testing.T) {
	t.Parallel()
	b := setup(t, 3)
	b.accounts()
	b.statement("s", credit("L1", 3000000, "штраф"))
	p := b.suspense()[0]
	if err := b.approve(b.propose(acts.Act{Kind: acts.Assign, Parts: []acts.Part{{PaymentID: p.ID, CaseID: b.ids[2], Amount: money.FromTiyn(100000)}}})); err != nil {
		t.Fatal(err)
	}
	if err := b.approve(b.propose(acts.Act{Kind: acts.Split, Parts: []acts.Part{
		{PaymentID: p.ID, CaseID: b.ids[0], Amount: money.FromTiyn(1)}, {PaymentID: p.ID, CaseID: b.ids[1], Amount: money.FromTiyn(2)},
	}})); err != nil {
		t.Fatal(err)
	}
	b.statement("s2", backLine(3000000))
	for _, id := range b.ids {
		if c := b.load(id); !c.Paid.IsZero() {
			t.Errorf("%s has %s", caseno.Format(id), c.Paid)
		}
	}
	if bal := b.balances(); bal["suspense"] != "" || bal["treasury"] != "" || bal["clearing:split"] != "" {
		t.Errorf("%v", bal)
	}
	b.sound()
}
