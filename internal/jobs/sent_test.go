package jobs_test

import (
	"fmt"
	"testing"

	"robotbailiff/internal/caseno"
	"robotbailiff/internal/jobs"
	"robotbailiff/payments"
	"robotbailiff/payments/acts"
	"robotbailiff/payments/ledger"
	"robotbailiff/payments/source"
	"robotbailiff/rules/money"
)

// byHand is a departure that nobody ordered by a file.
func (b *bundle) byHand(ref string, sum int64) payments.Gone {
	b.t.Helper()
	b.statement("hand"+ref, source.Line{Ref: ref, Amount: money.FromTiyn(sum), Currency: "KZT", Booked: moneyDay, Value: moneyDay, Purpose: "перечисление"})
	list, err := b.robot.Payments.UnexplainedList(b.t.Context(), b.pool, "", 10)
	if err != nil {
		b.t.Fatal(err)
	}
	return list[len(list)-1]
}

// nameSent names the cases whose money a departure was.
func (b *bundle) nameSent(g payments.Gone, named ...acts.Named) (acts.Act, error) {
	parts, err := b.robot.NameSent(b.t.Context(), g.TxnID, named)
	return acts.Act{Kind: acts.Explain, TxnID: g.TxnID, Meaning: ledger.Remittance, Parts: parts}, err
}

// What a person sent to a claimant is not sent again by a run: it is taken off what is due, the oldest payment first.
func TestSent_byHandIsNotSentAgain(t *testing.T) {
	t.Parallel()
	b := paidCases(t, 2)
	b.statement("more", credit("M0", 50000, caseno.Format(b.ids[0])))
	g := b.byHand("D1", 120000)
	a, err := b.nameSent(g, acts.Named{CaseID: b.ids[0]})
	if err != nil || len(a.Parts) != 2 || a.Parts[0].Amount.String() != "1000.00" || a.Parts[1].Amount.String() != "200.00" {
		t.Fatalf("%+v, %v", a.Parts, err)
	}
	id := b.propose(a)
	if bal := b.balances(); bal["unexplained"] != "1200.00" || bal["due_to_claimants"] != "-2500.00" {
		t.Errorf("a proposal moved money: %v", bal)
	}
	e := b.seen(id)
	if err := b.robot.ApproveMoney(t.Context(), id, first, "", e.Seen()); code(err) != acts.CodeSamePerson {
		t.Errorf("the same person: %v", err)
	}
	if err := b.robot.ApproveMoney(t.Context(), id, second, "", e.Seen()); err != nil {
		t.Fatal(err)
	}
	if bal := b.balances(); bal["unexplained"] != "" || bal["due_to_claimants"] != "-1300.00" || bal["claims"] != "-37810.00" {
		t.Errorf("%v", bal)
	}
	if c := b.load(b.ids[0]); c.Paid.String() != "1500.00" {
		t.Errorf("the case changed: %s", c.Paid)
	}
	if run := b.run1(); run.Count != 2 || run.Sum.String() != "1300.00" {
		t.Errorf("the run sends %+v", run)
	}
	b.sound()
	hledger(t, b)
}

// What cannot be named stays unexplained, and says why.
func TestSent_refusals(t *testing.T) {
	t.Parallel()
	b := paidCases(t, 2)
	g := b.byHand("D1", 120000)
	one := acts.Named{CaseID: b.ids[0]}
	for name, c := range map[string]struct {
		named []acts.Named
		want  string
	}{
		"nobody":             {nil, acts.CodeUnnamed},
		"more than is due":   {[]acts.Named{one}, acts.CodeSentMore},
		"a case with none":   {[]acts.Named{{CaseID: 999}}, acts.CodeSentMore},
		"less than left":     {[]acts.Named{{CaseID: b.ids[0], Amount: money.FromTiyn(100000)}}, acts.CodeOtherSum},
		"nothing is left":    {[]acts.Named{{CaseID: b.ids[0], Amount: money.FromTiyn(120000)}, {CaseID: b.ids[1]}}, acts.CodeOtherSum},
		"a case twice":       {[]acts.Named{{CaseID: b.ids[0], Amount: money.FromTiyn(1)}, one}, acts.CodeShape},
		"two without a sum":  {[]acts.Named{one, {CaseID: b.ids[1]}}, acts.CodeShape},
		"both, to the tiyn":  {[]acts.Named{{CaseID: b.ids[0], Amount: money.FromTiyn(100000)}, {CaseID: b.ids[1]}}, ""},
		"a tiyn over a case": {[]acts.Named{{CaseID: b.ids[0], Amount: money.FromTiyn(100001)}, {CaseID: b.ids[1]}}, acts.CodeSentMore},
	} {
		got := ""
		if _, err := b.nameSent(g, c.named...); err != nil {
			got = code(err)
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	p := b.dueOf(b.ids[0])
	for name, c := range map[string]struct {
		parts []acts.Part
		want  string
	}{
		"no payment":        {nil, acts.CodeUnnamed},
		"another sum":       {[]acts.Part{{PaymentID: p, CaseID: b.ids[0], Amount: money.FromTiyn(1)}}, acts.CodeOtherSum},
		"another case's":    {[]acts.Part{{PaymentID: p, CaseID: b.ids[1], Amount: money.FromTiyn(1)}}, acts.CodeOtherCase},
		"one payment twice": {[]acts.Part{{PaymentID: p, CaseID: b.ids[0], Amount: money.FromTiyn(1)}, {PaymentID: p, CaseID: b.ids[0], Amount: money.FromTiyn(119999)}}, acts.CodeShape},
		"more than it has":  {[]acts.Part{{PaymentID: p, CaseID: b.ids[0], Amount: money.FromTiyn(120000)}}, acts.CodeSentMore},
		"an unknown one":    {[]acts.Part{{PaymentID: 1 << 40, CaseID: b.ids[0], Amount: money.FromTiyn(120000)}}, acts.CodeNoPayment},
	} {
		a := acts.Act{Kind: acts.Explain, TxnID: g.TxnID, Meaning: ledger.Remittance, Parts: c.parts, ProposedBy: first, Reason: "x"}
		if _, err := b.robot.ProposeMoney(t.Context(), a); code(err) != c.want {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	fee := acts.Act{Kind: acts.Explain, TxnID: g.TxnID, Meaning: ledger.BankFee, Parts: []acts.Part{{PaymentID: p, CaseID: b.ids[0], Amount: money.FromTiyn(1)}}, ProposedBy: first, Reason: "x"}
	if _, err := b.robot.ProposeMoney(t.Context(), fee); code(err) != acts.CodeShape {
		t.Errorf("a fee of a payment: %v", err)
	}
	if bal := b.balances(); bal["unexplained"] != "1200.00" || bal["due_to_claimants"] != "-2000.00" {
		t.Errorf("%v", bal)
	}
	b.sound()
}

func (b *bundle) dueOf(id int64) int64 {
	return int64(b.count(`SELECT min(id) FROM payments WHERE case_id = $1`, id))
}

// Between the two people a run may take the money into a file: then the second one is told, and nothing goes twice. Dropped, it can be named.
func TestSent_aRunComesBetween(t *testing.T) {
	t.Parallel()
	b := paidCases(t, 1)
	a, err := b.nameSent(b.byHand("D1", 100000), acts.Named{CaseID: b.ids[0]})
	if err != nil {
		t.Fatal(err)
	}
	id := b.propose(a)
	e := b.seen(id)
	run := b.run1()
	if err := b.robot.ApproveMoney(t.Context(), id, second, "", e.Seen()); code(err) != acts.CodeSentMore {
		t.Errorf("%v", err)
	}
	if err := b.robot.DropFile(t.Context(), run.File, first, "sent by hand"); err != nil {
		t.Fatal(err)
	}
	if err := b.approve(id); err != nil {
		t.Fatal(err)
	}
	if _, err := b.robot.CollectRemittances(t.Context(), "", ourIBAN, first, "x"); code(err) != jobs.CodeNotDue {
		t.Errorf("sent a second time: %v", err)
	}
	b.sound()
}

// Taken back after it was sent by hand, the claimant owes it as if a file had sent it.
func TestSent_takenBackAfterwards(t *testing.T) {
	t.Parallel()
	b := paidCases(t, 1)
	a, err := b.nameSent(b.byHand("D1", 100000), acts.Named{CaseID: b.ids[0]})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.approve(b.propose(a)); err != nil {
		t.Fatal(err)
	}
	if got := b.takenBack(0); got[payments.WasReverse] != 1 {
		t.Errorf("%v", got)
	}
	if owed := b.owed(); len(owed) != 1 || owed[0].Amount.String() != "1000.00" {
		t.Errorf("%+v", owed)
	}
	if bal := b.balances(); bal["owed_by_claimants"] != "1000.00" || bal["due_to_claimants"] != "" {
		t.Errorf("%v", bal)
	}
	b.sound()
	hledger(t, b)
}

// Two explanations of two departures cannot take the same money, whoever is first.
func TestSent_onlyOnce(t *testing.T) {
	t.Parallel()
	b := paidCases(t, 1)
	for i, ref := range []string{"D1", "D2"} {
		g := b.byHand(ref, 100000)
		a, err := b.nameSent(g, acts.Named{CaseID: b.ids[0]})
		if i == 1 {
			if code(err) != acts.CodeSentMore {
				t.Errorf("the second: %v", err)
			}
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := b.approve(b.propose(a)); err != nil {
			t.Fatal(err)
		}
	}
	if bal := b.balances(); bal["unexplained"] != "1000.00" {
		t.Error(fmt.Sprint(bal))
	}
	b.sound()
}
