package payments_test

import (
	"context"
	"fmt"

	"pgregory.net/rapid"

	"robotbailiff/payments"
	"robotbailiff/payments/ledger"
	"robotbailiff/rules/money"
)

// act keeps an act of two people, and gives its number.
func (w *world) act(t *rapid.T, kind, txn, meaning string) (id int64) {
	must(t, w.tx.QueryRow(context.Background(), `INSERT INTO money_acts (kind, txn_id, meaning, proposed_by, reason, proposed_at) VALUES ($1, $2, $3, 'a', 'r', $4) RETURNING id`, kind, txn, meaning, now).Scan(&id))
	_, err := w.tx.Exec(context.Background(), `INSERT INTO money_act_decisions (act_id, verdict, actor, reason, at) VALUES ($1, 'approved', 'b', '', $2)`, id, now)
	must(t, err)
	return id
}

func (w *world) part(t *rapid.T, act int64, n int, payment, caseID int64, sum money.Amount) {
	_, err := w.tx.Exec(context.Background(), `INSERT INTO money_act_parts (act_id, part, payment_id, case_id, amount) VALUES ($1, $2, $3, $4, $5)`, act, n, payment, caseID, sum.Tiyn())
	must(t, err)
}

// split makes money in suspense pay two cases.
func (w *world) split(t *rapid.T) {
	ctx := context.Background()
	p := w.some(t, `source = 'kaspi' AND amount - allocated - refund_due - reversed - refunded - moved > 1`)
	locked, err := store.LockByID(ctx, w.tx, []int64{p.id})
	must(t, err)
	a, b := w.anyCase(t), w.anyCase(t)
	if a == b {
		t.Skip()
	}
	rest := locked[p.id].Suspense.Tiyn()
	one := rapid.Int64Range(1, rest-1).Draw(t, "one")
	sums, cases := []int64{one, rapid.Int64Range(1, rest-one).Draw(t, "other")}, []int64{a, b}
	act := w.act(t, "split", "", "")
	var transfers []payments.Transfer
	for i, sum := range sums {
		w.part(t, act, i+1, p.id, cases[i], tiyn(sum))
		transfers = append(transfers, payments.Transfer{Source: ledger.SourceSplit, TxnID: fmt.Sprintf("act/%d/%d", act, i), Amount: tiyn(sum), Currency: "KZT", ValueDate: day})
	}
	got, err := store.Reserve(ctx, w.tx, transfers)
	must(t, err)
	var whole []payments.Booking
	var parts []payments.Split
	for i, r := range got {
		x := payments.Booking{Transfer: transfers[i], PaymentID: r.PaymentID, CaseID: cases[i]}
		x.Allocated, x.RefundDue = w.decide(t, cases[i], transfers[i].Amount)
		w.save(t, cases[i])
		whole, parts = append(whole, x), append(parts, payments.Split{PaymentID: p.id, ToID: r.PaymentID, Amount: transfers[i].Amount})
	}
	must(t, store.Book(ctx, w.tx, whole, now))
	must(t, store.MoveOn(ctx, w.tx, parts, act, now))
}

// byHand lets money that is due to a claimant leave without an order, and two people say whose it was.
func (w *world) byHand(t *rapid.T) {
	ctx := context.Background()
	p := w.some(t, `allocated > remitting + remitted`)
	sum := rapid.Int64Range(1, p.allocated-p.remitting-p.remitted).Draw(t, "sum")
	if w.bank.balance < sum {
		t.Skip()
	}
	txn := fmt.Sprint("hand", w.bank.lines)
	_, err := store.Leave(ctx, w.tx, []payments.Departure{{TxnID: txn, Amount: tiyn(sum)}}, now)
	must(t, err)
	w.line(t, "unexplained", -sum, 0)
	if rapid.IntRange(0, 3).Draw(t, "named") == 0 {
		return // it waits
	}
	locked, err := store.LockByID(ctx, w.tx, []int64{p.id})
	must(t, err)
	act := w.act(t, "explain", txn, "remittance")
	w.part(t, act, 1, p.id, locked[p.id].CaseID, tiyn(sum))
	must(t, store.ExplainSent(ctx, w.tx, txn, []payments.Sent{{PaymentID: p.id, CaseID: locked[p.id].CaseID, Amount: tiyn(sum)}}, act, now))
}

// comesBack lets money that went by hand come back by a line, and two people make it due again.
func (w *world) comesBack(t *rapid.T) {
	ctx := context.Background()
	gone, err := store.SentByHand(ctx, w.tx, "", 100)
	must(t, err)
	if len(gone) == 0 {
		t.Skip()
	}
	g := rapid.SampledFrom(gone).Draw(t, "departure")
	part := g.Parts[0]
	known, err := store.LockByID(ctx, w.tx, []int64{part.PaymentID})
	must(t, err)
	of := known[part.PaymentID]
	from := w.some(t, fmt.Sprintf(`id <> %d AND amount > allocated + refund_due + reversed + refunded + moved`, of.ID))
	locked, err := store.LockByID(ctx, w.tx, []int64{from.id})
	must(t, err)
	sum := money.Min(money.Min(locked[from.id].Suspense, part.Amount), of.Remitted)
	if of.Overpaid().IsPositive() || !sum.IsPositive() {
		t.Skip()
	}
	act := w.act(t, "due_again", g.TxnID, "")
	_, err = w.tx.Exec(ctx, `INSERT INTO money_act_parts (act_id, part, payment_id, known_id, amount) VALUES ($1, 1, $2, $3, $4)`, act, from.id, of.ID, sum.Tiyn())
	must(t, err)
	must(t, store.DueAgain(ctx, w.tx, g.TxnID, from.id, []payments.Sent{{PaymentID: of.ID, Amount: sum}}, act, now))
}
