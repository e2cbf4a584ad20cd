package payments_test

import (
	"context"
	"fmt"

	"pgregory.net/rapid"

	"robotbailiff/payments"
	"robotbailiff/payments/ledger"
	"robotbailiff/rules/money"
)

// treasury is the bank that keeps our account, as the machine plays it: its own sums, as plain numbers.
type treasury struct {
	balance int64
	settled map[int64]int64 // gateway payments whose money came, by id
	orders  []string        // that were collected
	lines   int
}

const treasuryIBAN = "KZ510700000000000001"

// line is a line of a statement of our account.
func (w *world) line(t *rapid.T, verdict string, amount, payment int64) {
	w.bank.lines++
	w.bank.balance += amount
	_, err := w.tx.Exec(context.Background(), `INSERT INTO statement_lines (statement_id, line_no, verdict, amount, payment_id) VALUES (1, $1, $2, $3, nullif($4, 0::bigint))`, w.bank.lines, verdict, amount, payment)
	must(t, err)
}

type standing struct{ id, amount, allocated, remitting, remitted int64 }

func (w *world) payments(t *rapid.T, where string) (list []standing) {
	rows, err := w.tx.Query(context.Background(), `SELECT id, amount, allocated, remitting, remitted FROM payments p WHERE `+where+` ORDER BY id`)
	must(t, err)
	for rows.Next() {
		var s standing
		must(t, rows.Scan(&s.id, &s.amount, &s.allocated, &s.remitting, &s.remitted))
		list = append(list, s)
	}
	must(t, rows.Err())
	return list
}

func (w *world) some(t *rapid.T, where string) standing {
	list := w.payments(t, where)
	if len(list) == 0 {
		t.Skip()
	}
	return rapid.SampledFrom(list).Draw(t, "payment")
}

// settle brings the money of a payment that the gateway has told of: all of it, or all but a fee that it has told.
func (w *world) settle(t *rapid.T) {
	p := w.some(t, `source = 'kaspi' AND NOT EXISTS (SELECT 1 FROM settlements s WHERE s.payment_id = p.id)`)
	fee := int64(0)
	if p.amount > 1 && rapid.Bool().Draw(t, "net") {
		fee = rapid.Int64Range(1, p.amount-1).Draw(t, "fee")
		told, err := store.TellFees(context.Background(), w.tx, []payments.Fee{{PaymentID: p.id, Amount: tiyn(fee)}})
		must(t, err)
		if !told[0].Fresh {
			t.Fatalf("%+v", told)
		}
	}
	must(t, store.Settle(context.Background(), w.tx, []payments.Settlement{{TxnID: fmt.Sprint("line", p.id), Gateway: "kaspi", PaymentID: p.id, Amount: tiyn(p.amount - fee), Fee: tiyn(fee)}}, now))
	w.line(t, "settled", p.amount-fee, p.id)
	w.bank.settled[p.id] = p.amount
}

// remit collects what can go, and lets it go or not.
func (w *world) remit(t *rapid.T) {
	ctx := context.Background()
	var wanted []payments.Wanted
	for _, p := range w.payments(t, `allocated > remitting + remitted AND remitting = 0 AND EXISTS (SELECT 1 FROM settlements s WHERE s.payment_id = p.id OR s.payment_id = (SELECT m.payment_id FROM money_moves m WHERE m.to_id = p.id))`) {
		if rapid.Bool().Draw(t, "this one") {
			wanted = append(wanted, payments.Wanted{PaymentID: p.id, Amount: tiyn(p.allocated - p.remitted), Requisites: []byte("x"), EndToEnd: func(file int64, n int) string {
				name := fmt.Sprintf("RB-%d-%d", file, n)
				w.bank.orders = append(w.bank.orders, name)
				return name
			}})
		}
	}
	if len(wanted) == 0 {
		t.Skip()
	}
	file, err := store.Collect(ctx, w.tx, payments.RemittanceKind, treasuryIBAN, wanted, "a", "weekly", now)
	must(t, err)
	if rapid.IntRange(0, 4).Draw(t, "released") == 0 {
		if w.reverseOne(t); rapid.Bool().Draw(t, "left open") {
			return
		}
		must(t, store.Drop(ctx, w.tx, file, "b", "a mistake", now))
		return
	}
	must(t, store.Release(ctx, w.tx, file, "b", "", [32]byte{}, []byte("x"), now))
}

// reverseOne takes a whole payment back, wherever its money is.
func (w *world) reverseOne(t *rapid.T) {
	p := w.some(t, `source = 'kaspi' AND reversed = 0`)
	var txn string
	must(t, w.tx.QueryRow(context.Background(), `SELECT txn_id FROM payments WHERE id = $1`, p.id).Scan(&txn))
	w.takeBack(t, []payments.Reversal{{Source: "kaspi", TxnID: txn, Amount: tiyn(p.amount), Currency: "KZT"}})
}

// bankActs does something with an order: what it may not do is not booked.
func (w *world) bankActs(t *rapid.T) {
	ctx := context.Background()
	if len(w.bank.orders) == 0 {
		t.Skip()
	}
	name := rapid.SampledFrom(w.bank.orders).Draw(t, "order")
	got, err := store.LockPayouts(ctx, w.tx, []string{name})
	must(t, err)
	o := got[name]
	live := o.State == payments.PayoutSent || o.State == payments.PayoutPaid
	switch what := rapid.SampledFrom([]string{"done", "refused", "line", "back"}).Draw(t, "what"); {
	case what == "done" && o.State == payments.PayoutSent:
		must(t, store.Paid(ctx, w.tx, &o, "bank", now))
	case what == "refused" && o.State == payments.PayoutSent:
		must(t, store.Rejected(ctx, w.tx, &o, "AC01", now))
	case what == "line" && (live || o.State == payments.PayoutReturned) && !o.Departed:
		_, err := store.Leave(ctx, w.tx, []payments.Departure{{TxnID: "out " + name, Amount: o.Amount, Order: &o}}, now)
		must(t, err)
		w.line(t, "paid_out", -o.Amount.Tiyn(), o.PaymentID)
	case what == "back" && live:
		must(t, store.CameBack(ctx, w.tx, &o, "back "+name, now))
		w.line(t, "came_back", o.Amount.Tiyn(), o.PaymentID)
	default:
		t.Skip()
	}
}

// recover makes good what a claimant owes, with money of the same case that is due to him or with money in suspense.
func (w *world) recover(t *rapid.T) {
	ctx := context.Background()
	owed := w.some(t, `remitting = 0 AND remitted > allocated`)
	of, err := store.LockByID(ctx, w.tx, []int64{owed.id})
	must(t, err)
	p := of[owed.id]
	kept := rapid.Bool().Draw(t, "kept")
	where := fmt.Sprintf(`id <> %d AND amount > allocated + refund_due + reversed + refunded + moved`, p.ID)
	if kept {
		where = fmt.Sprintf(`id <> %d AND case_id = %d AND allocated > remitting + remitted`, p.ID, p.CaseID)
	}
	from := w.some(t, where)
	locked, err := store.LockByID(ctx, w.tx, []int64{from.id})
	must(t, err)
	source := locked[from.id]
	have := source.Suspense
	if kept {
		have = source.Free()
	}
	sum := money.Min(have, p.Overpaid())
	var act int64
	must(t, w.tx.QueryRow(ctx, `INSERT INTO money_acts (kind, proposed_by, reason, proposed_at) VALUES ('recover', 'a', 'r', $1) RETURNING id`, now).Scan(&act))
	_, err = w.tx.Exec(ctx, `INSERT INTO money_act_parts (act_id, part, payment_id, known_id, amount) VALUES ($1, 1, $2, $3, $4)`, act, source.ID, p.ID, sum.Tiyn())
	must(t, err)
	must(t, store.Recover(ctx, w.tx, source.ID, p.ID, kept, sum, act, now))
	_, err = w.tx.Exec(ctx, `INSERT INTO money_act_decisions (act_id, verdict, actor, reason, at) VALUES ($1, 'approved', 'b', '', $2)`, act, now)
	must(t, err)
}

// checkTreasury holds the books against the bank's: what lies on the account, and that nothing left twice but what nobody has named. What
// gateways kept, the state has to put in.
func (w *world) checkTreasury(t *rapid.T, balances []ledger.Balance) {
	apart := int64(0)
	for _, b := range balances {
		if b.Account == ledger.GatewayFees || b.Account == ledger.Unexplained {
			apart += b.Net().Tiyn()
		}
	}
	for _, b := range balances {
		switch n := b.Net().Tiyn(); {
		case b.Account == ledger.Treasury && n != w.bank.balance:
			t.Fatalf("the treasury holds %d, the books say %d", w.bank.balance, n)
		case b.Account == ledger.Treasury && n+apart < 0:
			t.Fatalf("more has left than came: %d, apart from %d", n, apart)
		case b.Account == ledger.DueToClaimants && n > 0, b.Account == ledger.OwedByClaimants && n < 0:
			t.Fatalf("%s is %d", b.Account, n)
		}
	}
}
