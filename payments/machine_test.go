package payments_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"robotbailiff/internal/caseno"
	"robotbailiff/internal/testkit"
	"robotbailiff/payments"
	"robotbailiff/payments/ledger"
	"robotbailiff/payments/match"
	"robotbailiff/payments/source/gateway"
	"robotbailiff/rules/money"
)

// world plays the engine, the gateway and the bank around the real tables. It keeps its own sums as plain numbers.
type world struct {
	tx       pgx.Tx
	cases    map[int64]*file
	sent     []gateway.Message // every message that ever left the gateway
	received map[string]int64  // transfers the books should know, by id
	reversed map[string]int64  // and what was taken back of them
	events   int
	bank     treasury
}

// file is the engine's case.
type file struct {
	debt, outstanding, paid, adjusted int64
	state                             string
}

func (f *file) final() bool { return f.state != "opened" }

func (w *world) save(t *rapid.T, id int64) {
	f := w.cases[id]
	_, err := w.tx.Exec(context.Background(), `UPDATE cases SET outstanding = $2, paid = $3, adjusted = $4, state = $5,
		ended_at = CASE WHEN $5 = 'opened' THEN NULL ELSE coalesce(ended_at, $6) END WHERE id = $1`,
		id, f.outstanding, f.paid, f.adjusted, f.state, now)
	must(t, err)
}

// decide is what the engine says to money for a case: the debt first, the rest goes back. After a hand-over it also
// lowers what the private bailiff may ask.
func (w *world) decide(t *rapid.T, caseID int64, sum money.Amount) (allocated, refund money.Amount) {
	f := w.cases[caseID]
	if f.state == "paid" || f.state == "cancelled" {
		return money.Zero, sum
	}
	allocated = money.Min(sum, tiyn(f.outstanding))
	f.outstanding -= allocated.Tiyn()
	f.paid += allocated.Tiyn()
	switch {
	case f.state == "handed_over" && allocated.IsPositive():
		must(t, store.MoveDebts(context.Background(), w.tx, []payments.DebtMove{{CaseID: caseID, Kind: ledger.TakenBack, Amount: allocated}}, now))
	case f.state == "opened" && f.outstanding == 0:
		f.state = "paid"
	}
	return allocated, sum.Sub(allocated)
}

func (w *world) known(caseID int64) bool { _, ok := w.cases[caseID]; return ok }

func (w *world) anyCase(t *rapid.T) int64 {
	if len(w.cases) == 0 {
		t.Skip()
	}
	return rapid.SampledFrom(slices.Sorted(maps.Keys(w.cases))).Draw(t, "case")
}

// send delivers a message of the gateway, perhaps more than once under the same id.
func (w *world) send(t *rapid.T, m gateway.Message) {
	w.events++
	body, err := gateway.Encode(m)
	must(t, err)
	ev := payments.Event{Source: "kaspi", EventID: fmt.Sprint("e", w.events), Body: body}
	for i := range rapid.IntRange(1, 3).Draw(t, "deliveries") {
		got, err := store.Receive(context.Background(), w.tx, ev, now)
		must(t, err)
		if (got == payments.Fresh) != (i == 0) {
			t.Fatalf("delivery %d is %s", i, got)
		}
	}
	w.sent = append(w.sent, m)
}

// work settles the pending messages as the money queue does: transfers first, then reversals; a reversal whose payment
// has not come stays pending.
func (w *world) work(t *rapid.T) {
	ctx := context.Background()
	pending, err := store.TakePending(ctx, w.tx, rapid.IntRange(1, 20).Draw(t, "limit"))
	must(t, err)
	var in []payments.Transfer
	var back []payments.Reversal
	for _, p := range pending {
		m, err := gateway.Parse(p.Body)
		must(t, err)
		if m.Type == gateway.Paid {
			in = append(in, m.Transfer(p.Source, p.Row))
		} else {
			back = append(back, m.Reversal(p.Source, p.Row))
		}
	}
	var outcomes []payments.Outcome
	for i, r := range w.book(t, in, rapid.Bool().Draw(t, "bulk")) {
		outcomes = append(outcomes, payments.Outcome{EventRow: in[i].EventRow, Verdict: r.Verdict()})
	}
	for i, v := range w.takeBack(t, back) {
		if v != payments.Unmatched {
			outcomes = append(outcomes, payments.Outcome{EventRow: back[i].EventRow, Verdict: v})
		}
	}
	must(t, store.MarkSettled(ctx, w.tx, outcomes))
}

// book takes transfers in with what is decided of them, or into suspense and allocates them then: both must leave the same
// books.
func (w *world) book(t *rapid.T, in []payments.Transfer, bulk bool) []payments.Recorded {
	ctx := context.Background()
	take := func() ([]payments.Recorded, error) { return record(ctx, w.tx, in) }
	if bulk {
		take = func() ([]payments.Recorded, error) { return store.Reserve(ctx, w.tx, in) }
	}
	got, err := take()
	must(t, err)
	var to []payments.Allocation
	var whole []payments.Booking
	for i, r := range got {
		before, old := w.received[in[i].TxnID]
		if r.Fresh == old || r.Conflict != (old && before != in[i].Amount.Tiyn()) {
			t.Fatalf("%+v of %+v, known %v with %d", r, in[i], old, before)
		}
		if !r.Fresh {
			continue
		}
		w.received[in[i].TxnID] = in[i].Amount.Tiyn()
		b := payments.Booking{Transfer: in[i], PaymentID: r.PaymentID}
		if id, _, ok := match.ByReference(in[i].Reference); ok && w.known(id) {
			b.CaseID = id
			b.Allocated, b.RefundDue = w.decide(t, id, in[i].Amount)
			to = append(to, payments.Allocation{PaymentID: r.PaymentID, CaseID: id, Allocated: b.Allocated, RefundDue: b.RefundDue})
			w.save(t, id)
		}
		whole = append(whole, b)
	}
	if bulk {
		must(t, store.Book(ctx, w.tx, whole, now))
		return got
	}
	must(t, store.Allocate(ctx, w.tx, to, now))
	return got
}

func (w *world) takeBack(t *rapid.T, back []payments.Reversal) []payments.Verdict {
	ctx := context.Background()
	loaded, err := store.LockForReversal(ctx, w.tx, back)
	must(t, err)
	plan, verdicts := payments.PlanReversals(loaded)
	for i, r := range loaded {
		if verdicts[i] == payments.WasReverse {
			w.reversed[r.TxnID] += r.Amount.Tiyn()
		}
	}
	must(t, store.Reverse(ctx, w.tx, plan, now))
	var open []payments.DebtMove
	for _, p := range plan {
		if !p.FromCase.IsPositive() {
			continue
		}
		id := p.CaseID
		f := w.cases[id]
		switch f.state {
		case "paid", "cancelled":
			open = append(open, payments.DebtMove{CaseID: id, Kind: ledger.ReturnedEnd, Amount: p.FromCase})
			continue
		case "handed_over":
			open = append(open, payments.DebtMove{CaseID: id, Kind: ledger.HandedOver, Amount: p.FromCase})
		}
		f.outstanding += p.FromCase.Tiyn()
		f.paid -= p.FromCase.Tiyn()
		w.save(t, id)
	}
	must(t, store.MoveDebts(ctx, w.tx, open, now))
	return verdicts
}

// end closes a case that is still open.
func (w *world) end(t *rapid.T, id int64, state string, kind ledger.MoveKind) {
	f := w.cases[id]
	if f.final() {
		t.Skip()
	}
	m := payments.DebtMove{CaseID: id, Kind: kind, Amount: tiyn(f.outstanding)}
	if kind == ledger.Cancelled {
		m.Refund = tiyn(f.paid)
	}
	must(t, store.MoveDebts(context.Background(), w.tx, []payments.DebtMove{m}, now))
	f.state = state
	w.save(t, id)
}

// Whatever comes, in whatever order and however often: every money invariant holds after every step, and what the books
// hold is what came less what was taken back.
func TestMoney_anySequence(t *testing.T) {
	t.Parallel()
	pool := testkit.DB(t)
	rapid.Check(t, func(rt *rapid.T) {
		ctx := context.Background()
		tx, err := pool.Begin(ctx)
		must(rt, err)
		defer func() { _ = tx.Rollback(ctx) }()
		w := &world{tx: tx, cases: map[int64]*file{}, received: map[string]int64{}, reversed: map[string]int64{}, bank: treasury{settled: map[int64]int64{}}}
		must(rt, store.RegisterAccount(ctx, tx, payments.Account{IBAN: treasuryIBAN, AddedBy: "test", AddedAt: now}))
		rt.Repeat(map[string]func(*rapid.T){
			"": w.check,
			"open": func(t *rapid.T) {
				id := 260_000_001 + int64(len(w.cases))
				debt := rapid.Int64Range(1, 1000).Draw(t, "debt")
				openCase(t, w.tx, id, debt)
				w.cases[id] = &file{debt: debt, outstanding: debt, state: "opened"}
			},
			"pay": func(t *rapid.T) {
				reference := "штраф"
				if id := 260_000_001 + rapid.Int64Range(0, int64(len(w.cases))).Draw(t, "case"); rapid.IntRange(0, 4).Draw(t, "matched") > 0 {
					reference = "дело " + caseno.Format(id)
				}
				w.send(t, gateway.Message{
					Type: gateway.Paid, TxnID: fmt.Sprint("t", rapid.IntRange(0, 30).Draw(t, "txn")),
					Amount: tiyn(rapid.Int64Range(1, 1500).Draw(t, "sum")), Currency: "KZT", Reference: reference, ValueDate: day,
				})
			},
			"say it again": func(t *rapid.T) {
				if len(w.sent) == 0 {
					t.Skip()
				}
				w.send(t, rapid.SampledFrom(w.sent).Draw(t, "message"))
			},
			"reverse": func(t *rapid.T) {
				w.send(t, gateway.Message{
					Type: gateway.Reversed, TxnID: fmt.Sprint("t", rapid.IntRange(0, 30).Draw(t, "txn")),
					Amount: tiyn(rapid.Int64Range(1, 1500).Draw(t, "sum")), Currency: "KZT",
				})
			},
			"work":      w.work,
			"work more": w.work,
			"settle":    w.settle,
			"remit":     w.remit,
			"bank acts": w.bankActs,
			"recover":   w.recover,
			"split":     w.split,
			"by hand":   w.byHand,
			"came back": w.comesBack,
			"take back": w.reverseOne,
			"cancel":    func(t *rapid.T) { w.end(t, w.anyCase(t), "cancelled", ledger.Cancelled) },
			"hand over": func(t *rapid.T) { w.end(t, w.anyCase(t), "handed_over", ledger.HandedOver) },
			"adjust": func(t *rapid.T) {
				id := w.anyCase(t)
				f := w.cases[id]
				by := rapid.Int64Range(1, 100).Draw(t, "by")
				if f.final() || f.outstanding <= by {
					t.Skip()
				}
				must(t, store.MoveDebts(ctx, w.tx, []payments.DebtMove{{CaseID: id, Kind: ledger.Adjusted, Amount: tiyn(-by), Reason: "act"}}, now))
				f.outstanding, f.adjusted = f.outstanding-by, f.adjusted-by
				w.save(t, id)
			},
			"allocate from suspense": func(t *rapid.T) {
				id := w.anyCase(t)
				waiting, err := store.SuspenseList(ctx, w.tx, 0, 5)
				must(t, err)
				for _, p := range waiting {
					if p.CaseID != 0 && p.CaseID != id {
						continue
					}
					allocated, refund := w.decide(t, id, p.Suspense)
					must(t, store.Allocate(ctx, w.tx, []payments.Allocation{{PaymentID: p.ID, CaseID: id, Allocated: allocated, RefundDue: refund}}, now))
				}
				w.save(t, id)
			},
		})
	})
}

func (w *world) check(t *rapid.T) {
	ctx := context.Background()
	clean(t, w.tx)
	var want, have int64
	for txn, sum := range w.received {
		want += sum - w.reversed[txn]
	}
	for _, sum := range w.bank.settled {
		want -= sum
	}
	balances, err := store.Balances(ctx, w.tx)
	must(t, err)
	w.checkTreasury(t, balances)
	zero := money.Zero
	for _, b := range balances {
		zero = zero.Add(b.Net())
		if b.Account == ledger.Clearing("kaspi") {
			have = b.Net().Tiyn()
		}
		if b.Account == ledger.Suspense && b.Net().Sign() > 0 {
			t.Fatal("suspense is overdrawn")
		}
	}
	if have != want || !zero.IsZero() {
		t.Fatalf("the books hold %d, %d came; the accounts sum to %s", have, want, zero)
	}
}
