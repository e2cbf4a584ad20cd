package jobs_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"robotbailiff/engine"
	"robotbailiff/internal/caseno"
	"robotbailiff/payments"
	"robotbailiff/payments/acts"
	"robotbailiff/payments/ledger"
	"robotbailiff/payments/source"
	"robotbailiff/payments/source/gateway"
	"robotbailiff/rules/money"
)

const (
	first  = "desk:demo"
	second = "desk:demo-2"
)

// suspense gives the payment in suspense of each line's reference, in the order of the queue.
func (b *bundle) suspense() []payments.Payment {
	b.t.Helper()
	list, err := b.robot.Payments.SuspenseList(b.t.Context(), b.pool, 0, 100)
	if err != nil {
		b.t.Fatal(err)
	}
	return list
}

func (b *bundle) propose(a acts.Act) int64 {
	b.t.Helper()
	a.ProposedBy, a.Reason = first, "the payer has called"
	id, err := b.robot.ProposeMoney(b.t.Context(), a)
	if err != nil {
		b.t.Fatal(err)
	}
	return id
}

// seen is what the second person looks at.
func (b *bundle) seen(id int64) acts.Effect {
	b.t.Helper()
	now, _ := b.clock.Now(b.t.Context())
	a, err := (&acts.Store{}).Act(b.t.Context(), b.pool, id, now)
	if err != nil {
		b.t.Fatal(err)
	}
	e, err := b.robot.MoneyEffect(b.t.Context(), a)
	if err != nil {
		b.t.Fatal(err)
	}
	return e
}

func (b *bundle) approve(id int64) error {
	b.t.Helper()
	e := b.seen(id)
	return b.robot.ApproveMoney(b.t.Context(), id, second, "", e.Seen())
}

func code(err error) string {
	if e, ok := errors.AsType[*acts.Error](err); ok {
		return e.Code
	}
	return fmt.Sprint(err)
}

func (b *bundle) byHands(id int64) int {
	return b.count(`SELECT count(*) FROM events WHERE case_id = $1 AND actor = $2`, id, first+", "+second)
}

func TestMoneyAct_assign(t *testing.T) {
	t.Parallel()
	b := setup(t, 2)
	b.accounts()
	l := credit("L1", 2500000, "штраф")
	l.Payer = source.Party{IIN: iin(1), Name: "Плательщик"}
	b.statement("s", l)
	p := b.suspense()[0]
	if n := b.count(`SELECT count(*) FROM unmatched_money`); n != 1 {
		t.Fatalf("%d doubts", n)
	}
	act := acts.Act{Kind: acts.Assign, Parts: []acts.Part{{PaymentID: p.ID, CaseID: b.ids[1], Amount: p.Suspense}}}
	id := b.propose(act)
	if c := b.load(b.ids[1]); !c.Paid.IsZero() {
		t.Fatal("a proposal paid")
	}
	e := b.seen(id)
	if got := e.Parts[0]; got.Allocated.String() != "20155.00" || got.RefundDue.String() != "4845.00" || !got.Left.IsZero() || got.State != "paid" {
		t.Errorf("preview %+v", got)
	}
	act.ProposedBy, act.Reason = second, "me too"
	if _, err := b.robot.ProposeMoney(t.Context(), act); code(err) != acts.CodeBusy {
		t.Errorf("proposed twice: %v", err)
	}
	if err := b.robot.ApproveMoney(t.Context(), id, " DESK:demo ", "", e.Seen()); code(err) != acts.CodeSamePerson {
		t.Errorf("the same person: %v", err)
	}
	if err := b.robot.ApproveMoney(t.Context(), id, second, "", "old"); code(err) != acts.CodeStale {
		t.Errorf("without looking: %v", err)
	}
	if err := b.robot.ApproveMoney(t.Context(), id, second, "", e.Seen()); err != nil {
		t.Fatal(err)
	}
	if err := b.robot.ApproveMoney(t.Context(), id, second, "", e.Seen()); code(err) != acts.CodeNotOpen {
		t.Errorf("done twice: %v", err)
	}
	if c := b.load(b.ids[1]); c.State != engine.Paid {
		t.Errorf("the case is %s", c.State)
	}
	if n := b.byHands(b.ids[1]); n != 1 {
		t.Errorf("%d events name both people", n)
	}
	if n := b.count(`SELECT count(*) FROM unmatched_money`); n != 0 {
		t.Errorf("%d doubts are left", n)
	}
	if bal := b.balances(); bal["suspense"] != "" || bal["refunds_due"] != "-4845.00" {
		t.Errorf("%v", bal)
	}
	b.sound()
}

// What the second person saw is what happens: money that came meanwhile makes him look again.
func TestMoneyAct_theCaseMovesMeanwhile(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	b.accounts()
	b.statement("s", credit("L1", 500000, "штраф"))
	p := b.suspense()[0]
	id := b.propose(acts.Act{Kind: acts.Assign, Parts: []acts.Part{{PaymentID: p.ID, CaseID: b.ids[0], Amount: p.Suspense}}})
	e := b.seen(id)
	b.statement("s2", credit("L2", 2015500, caseno.Format(b.ids[0])))
	if err := b.robot.ApproveMoney(t.Context(), id, second, "", e.Seen()); code(err) != acts.CodeStale {
		t.Errorf("%v", err)
	}
	if err := b.approve(id); err != nil { // he looks again: now all of it goes back
		t.Fatal(err)
	}
	if bal := b.balances(); bal["refunds_due"] != "-5000.00" || bal["suspense"] != "" {
		t.Errorf("%v", bal)
	}
	b.sound()
}

func TestMoneyAct_lapsesAndIsRejected(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	b.accounts()
	b.statement("s", credit("L1", 500000, "штраф"))
	p := b.suspense()[0]
	act := acts.Act{Kind: acts.Refund, Parts: []acts.Part{{PaymentID: p.ID, Amount: p.Suspense}}}
	id := b.propose(act)
	e := b.seen(id)
	b.clock.Advance(24 * time.Hour)
	if err := b.robot.ApproveMoney(t.Context(), id, second, "", e.Seen()); code(err) != acts.CodeNotOpen {
		t.Errorf("after a day: %v", err)
	}
	now, _ := b.clock.Now(t.Context())
	if _, err := b.pool.Exec(t.Context(), `INSERT INTO money_act_decisions (act_id, verdict, actor, reason, at) VALUES ($1, 'approved', $2, '', $3)`, id, second, now); err == nil || !strings.Contains(err.Error(), "within 24 hours") {
		t.Errorf("the database takes it: %v", err)
	}
	id = b.propose(act) // the lapsed one is in nobody's way
	if err := b.robot.RejectMoney(t.Context(), id, second, " "); code(err) != acts.CodeNoReason {
		t.Errorf("in silence: %v", err)
	}
	now, _ = b.clock.Now(t.Context())
	if _, err := b.pool.Exec(t.Context(), `INSERT INTO money_act_decisions (act_id, verdict, actor, reason, at) VALUES ($1, 'approved', $2, '', $3)`, id, first, now); err == nil {
		t.Error("the database lets one person do it")
	}
	if err := b.robot.RejectMoney(t.Context(), id, first, "a mistake"); err != nil {
		t.Fatal(err)
	}
	if bal := b.balances(); bal["suspense"] != "-5000.00" {
		t.Errorf("%v", bal)
	}
	b.sound()
}

func TestMoneyAct_splitAndMerge(t *testing.T) {
	t.Parallel()
	b := setup(t, 4)
	b.accounts()
	b.statement("s", credit("L1", 3000000, "два штрафа"), credit("L2", 10000, "часть"), credit("L3", 20000, "часть"))
	q := b.suspense()
	split := b.propose(acts.Act{Kind: acts.Split, Parts: []acts.Part{
		{PaymentID: q[0].ID, CaseID: b.ids[0], Amount: money.FromTiyn(2015500)}, {PaymentID: q[0].ID, CaseID: b.ids[1], Amount: money.FromTiyn(900000)},
	}})
	merge := b.propose(acts.Act{Kind: acts.Merge, Parts: []acts.Part{
		{PaymentID: q[1].ID, CaseID: b.ids[2], Amount: q[1].Suspense}, {PaymentID: q[2].ID, CaseID: b.ids[2], Amount: q[2].Suspense},
	}})
	for _, id := range []int64{split, merge} {
		if err := b.approve(id); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []string{"20155.00", "9000.00", "300.00", "0.00"} {
		if c := b.load(b.ids[i]); c.Paid.String() != want {
			t.Errorf("case %d has %s, want %s", i, c.Paid, want)
		}
	}
	if bal := b.balances(); bal["suspense"] != "-845.00" || bal["clearing:split"] != "" || bal["treasury"] != "30300.00" {
		t.Errorf("%v", bal)
	}
	b.sound()
	for name, a := range map[string]acts.Act{
		acts.CodeTooMuch:   {Kind: acts.Assign, Parts: []acts.Part{{PaymentID: q[0].ID, CaseID: b.ids[3], Amount: money.FromTiyn(84501)}}},
		acts.CodeNoCase:    {Kind: acts.Assign, Parts: []acts.Part{{PaymentID: q[0].ID, CaseID: 999, Amount: money.FromTiyn(1)}}},
		acts.CodeShape:     {Kind: acts.Split, Parts: []acts.Part{{PaymentID: q[0].ID, CaseID: b.ids[3], Amount: money.FromTiyn(1)}}},
		acts.CodeNoPayment: {Kind: acts.Refund, Parts: []acts.Part{{PaymentID: 1 << 40, Amount: money.FromTiyn(1)}}},
		acts.CodeExplained: {Kind: acts.Explain, TxnID: "nothing", Meaning: ledger.BankFee},
	} {
		a.ProposedBy, a.Reason = first, "x"
		if _, err := b.robot.ProposeMoney(t.Context(), a); code(err) != name {
			t.Errorf("want %s, got %v", name, err)
		}
	}
}

func TestMoneyAct_sameTransferAndWhyItLeft(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	b.accounts()
	b.message("ev", paid("K-1", 500000, caseno.Format(b.ids[0])))
	b.settle()
	l := paidOut("L1", "", 500000, "выплата") // the gateway did not name its transfer
	b.statement("s", l, source.Line{Ref: "D1", Amount: money.FromTiyn(700), Currency: "KZT", Booked: moneyDay, Value: moneyDay, Purpose: "комиссия"})
	p := b.suspense()[0]
	known := int64(b.count(`SELECT id FROM payments WHERE source = 'gateway'`))
	same := b.propose(acts.Act{Kind: acts.SameAs, Parts: []acts.Part{{PaymentID: p.ID, Known: known, Amount: p.Amount}}})
	gone, err := b.robot.Payments.UnexplainedList(t.Context(), b.pool, "", 10)
	if err != nil || len(gone) != 1 {
		t.Fatal(gone, err)
	}
	fee := b.propose(acts.Act{Kind: acts.Explain, TxnID: gone[0].TxnID, Meaning: ledger.BankFee})
	for _, id := range []int64{same, fee} {
		if err := b.approve(id); err != nil {
			t.Fatal(err)
		}
	}
	bal := b.balances()
	if bal["suspense"] != "" || bal["clearing:gateway"] != "" || bal["treasury"] != "4993.00" || bal["fees"] != "7.00" || bal["unexplained"] != "" {
		t.Errorf("%v", bal)
	}
	// It is one payment: taken back once, by the gateway.
	b.message("back", gateway.Message{Type: gateway.Reversed, TxnID: "K-1", Amount: money.FromTiyn(500000), Currency: "KZT", ValueDate: moneyDay})
	b.settle()
	if c := b.load(b.ids[0]); !c.Paid.IsZero() {
		t.Errorf("paid %s", c.Paid)
	}
	b.sound()
	hledger(t, b)
}

// Twenty people at once do it once.
func TestMoneyAct_onceWhoeverAsks(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	b.accounts()
	b.statement("s", credit("L1", 500000, "штраф"))
	p := b.suspense()[0]
	id := b.propose(acts.Act{Kind: acts.Assign, Parts: []acts.Part{{PaymentID: p.ID, CaseID: b.ids[0], Amount: p.Suspense}}})
	e := b.seen(id)
	var done sync.Map
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if err := b.robot.ApproveMoney(t.Context(), id, second, "", e.Seen()); err == nil {
				done.Store(i, true)
			} else if c := code(err); c != acts.CodeNotOpen {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	n := 0
	done.Range(func(any, any) bool { n++; return true })
	if n != 1 || b.load(b.ids[0]).Paid.String() != "5000.00" {
		t.Errorf("done %d times", n)
	}
	b.sound()
}
