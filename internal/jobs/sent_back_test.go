package jobs_test

import (
	"testing"

	"robotbailiff/payments/acts"
	"robotbailiff/rules/money"
)

// sentBack is money sent by hand for a case that has come back by a line: the departure and the payment that the line has become.
func (b *bundle) sentBack(sum int64, named ...acts.Named) (txn string, payment int64) {
	b.t.Helper()
	g := b.byHand("D1", sum)
	a, err := b.nameSent(g, named...)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := b.approve(b.propose(a)); err != nil {
		b.t.Fatal(err)
	}
	b.statement("back", credit("B1", sum, "возврат перечисления"))
	return g.TxnID, int64(b.count(`SELECT max(id) FROM payments WHERE amount = $1`, sum))
}

func (b *bundle) nameBack(payment, came int64, txn string, caseID int64) (acts.Act, error) {
	parts, err := b.robot.NameBack(b.t.Context(), payment, money.FromTiyn(came), txn, caseID)
	return acts.Act{Kind: acts.DueAgain, TxnID: txn, Parts: parts}, err
}

// What a person sent to a claimant by hand and what came back is due to him again, by two people, and the next run sends it.
func TestSentBack_isDueAgain(t *testing.T) {
	t.Parallel()
	b := paidCases(t, 2)
	b.statement("more", credit("M0", 50000, "перевод"))
	txn, line := b.sentBack(120000, acts.Named{CaseID: b.ids[0], Amount: money.FromTiyn(100000)}, acts.Named{CaseID: b.ids[1]})
	before := b.balances()
	if before["suspense"] != "-1700.00" || before["due_to_claimants"] != "-800.00" {
		t.Fatalf("%v", before)
	}
	a, err := b.nameBack(line, 120000, txn, 0)
	if err != nil || len(a.Parts) != 2 || a.Parts[0].Amount.String() != "1000.00" || a.Parts[1].Amount.String() != "200.00" {
		t.Fatalf("%+v, %v", a.Parts, err)
	}
	id := b.propose(a)
	if bal := b.balances(); bal["suspense"] != before["suspense"] {
		t.Errorf("a proposal moved money: %v", bal)
	}
	e := b.seen(id)
	if err := b.robot.ApproveMoney(t.Context(), id, first, "", e.Seen()); code(err) != acts.CodeSamePerson {
		t.Errorf("the same person: %v", err)
	}
	if err := b.robot.ApproveMoney(t.Context(), id, second, "", e.Seen()); err != nil {
		t.Fatal(err)
	}
	if bal := b.balances(); bal["suspense"] != "-500.00" || bal["due_to_claimants"] != "-2000.00" || bal["claims"] != before["claims"] || bal["treasury"] != before["treasury"] {
		t.Errorf("%v, before %v", bal, before)
	}
	if n := b.count(`SELECT count(*) FROM remittance_returns r JOIN statement_lines l ON l.payment_id = r.from_id WHERE r.txn_id = $1`, txn); n != 2 {
		t.Errorf("%d returns are tied to the line", n)
	}
	if _, err := b.nameBack(line, 100, txn, 0); code(err) != acts.CodeNotSent {
		t.Errorf("it came back twice: %v", err)
	}
	if run := b.run1(); run.Count != 2 || run.Sum.String() != "2000.00" {
		t.Errorf("the run sends %+v", run)
	}
	b.sound()
	hledger(t, b)
}

// A part of it comes back: whose it is must be clear.
func TestSentBack_refusals(t *testing.T) {
	t.Parallel()
	b := paidCases(t, 2)
	txn, line := b.sentBack(120000, acts.Named{CaseID: b.ids[0], Amount: money.FromTiyn(100000)}, acts.Named{CaseID: b.ids[1]})
	for name, c := range map[string]struct {
		came   int64
		txn    string
		caseID int64
		want   string
	}{
		"of nothing":           {120000, "", 0, acts.CodeNotSent},
		"of another departure": {120000, "x", 0, acts.CodeNotSent},
		"of another case":      {1000, txn, 999, acts.CodeNotSent},
		"a part, of whom":      {1000, txn, 0, acts.CodeOtherBack},
		"more than went":       {20001, txn, b.ids[1], acts.CodeOtherBack},
		"a part of one case":   {1000, txn, b.ids[1], ""},
	} {
		got := ""
		if _, err := b.nameBack(line, c.came, c.txn, c.caseID); err != nil {
			got = code(err)
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	of := b.dueOf(b.ids[0])
	for name, c := range map[string]struct {
		act  acts.Act
		want string
	}{
		"no departure":     {acts.Act{Parts: []acts.Part{{PaymentID: line, Known: of, Amount: money.FromTiyn(1)}}}, acts.CodeShape},
		"more than lies":   {acts.Act{TxnID: txn, Parts: []acts.Part{{PaymentID: b.dueOf(b.ids[1]), Known: of, Amount: money.FromTiyn(1)}}}, acts.CodeTooMuch},
		"twice the same":   {acts.Act{TxnID: txn, Parts: []acts.Part{{PaymentID: line, Known: of, Amount: money.FromTiyn(1)}, {PaymentID: line, Known: of, Amount: money.FromTiyn(1)}}}, acts.CodeShape},
		"more than went":   {acts.Act{TxnID: txn, Parts: []acts.Part{{PaymentID: line, Known: of, Amount: money.FromTiyn(100001)}}}, acts.CodeNotSent},
		"another's money":  {acts.Act{TxnID: "x", Parts: []acts.Part{{PaymentID: line, Known: of, Amount: money.FromTiyn(1)}}}, acts.CodeNotSent},
		"of an unknown":    {acts.Act{TxnID: txn, Parts: []acts.Part{{PaymentID: line, Known: 1 << 40, Amount: money.FromTiyn(1)}}}, acts.CodeNotSent},
		"with a case":      {acts.Act{TxnID: txn, Parts: []acts.Part{{PaymentID: line, Known: of, CaseID: b.ids[0], Amount: money.FromTiyn(1)}}}, acts.CodeShape},
		"with no payments": {acts.Act{TxnID: txn}, acts.CodeShape},
	} {
		c.act.Kind, c.act.ProposedBy, c.act.Reason = acts.DueAgain, first, "x"
		if _, err := b.robot.ProposeMoney(t.Context(), c.act); code(err) != c.want {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	b.sound()
}

// What the debtor took back meanwhile, the claimant owes: that is made good first.
func TestSentBack_whatIsOwedComesFirst(t *testing.T) {
	t.Parallel()
	b := paidCases(t, 1)
	txn, line := b.sentBack(100000, acts.Named{CaseID: b.ids[0]})
	a, err := b.nameBack(line, 100000, txn, 0)
	if err != nil {
		t.Fatal(err)
	}
	id := b.propose(a)
	e := b.seen(id)
	if got := b.takenBack(0); len(got) != 1 {
		t.Fatalf("%v", got)
	}
	if err := b.robot.ApproveMoney(t.Context(), id, second, "", e.Seen()); code(err) != acts.CodeOwesFirst {
		t.Errorf("%v", err)
	}
	if bal := b.balances(); bal["owed_by_claimants"] != "1000.00" || bal["suspense"] != "-1000.00" {
		t.Errorf("%v", bal)
	}
	b.sound()
}
