package payments_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"robotbailiff/internal/testkit"
	"robotbailiff/payments"
	"robotbailiff/payments/ledger"
	"robotbailiff/rules/money"
)

func TestReceive(t *testing.T) {
	ctx, tx := context.Background(), testkit.Tx(t)
	ev := payments.Event{Source: "kaspi", EventID: "e1", Body: []byte(`{"a":1}`)}
	for i, want := range []payments.Received{payments.Fresh, payments.Replay, payments.Replay} {
		if got, err := store.Receive(ctx, tx, ev, now); err != nil || got != want {
			t.Fatalf("%d: %s, %v", i, got, err)
		}
	}
	other := ev
	other.Body = []byte(`{"a":2}`)
	_, err := store.Receive(ctx, tx, other, now)
	if e, ok := errors.AsType[*payments.ConflictError](err); !ok || e.EventID != "e1" {
		t.Fatalf("another content: %v", err)
	}
	elsewhere := ev
	elsewhere.Source = "halyk"
	if got, err := store.Receive(ctx, tx, elsewhere, now); err != nil || got != payments.Fresh {
		t.Fatalf("another source: %s, %v", got, err)
	}
	if got, err := store.Receive(ctx, tx, payments.Event{Source: "kaspi", EventID: "empty"}, now); err != nil || got != payments.Fresh {
		t.Fatalf("empty body: %s, %v", got, err)
	}
	pending, err := store.TakePending(ctx, tx, 10)
	must(t, err)
	if len(pending) != 3 || pending[0].EventID != "e1" || !bytes.Equal(pending[0].Body, ev.Body) || !pending[0].ReceivedAt.Equal(now) {
		t.Fatalf("pending %+v", pending)
	}
	clean(t, tx)
}

func TestReceive_refusesUnusableIDs(t *testing.T) {
	ctx, tx := context.Background(), testkit.Tx(t)
	for name, ev := range map[string]payments.Event{
		"no source":   {EventID: "e"},
		"odd source":  {Source: "Kaspi Bank", EventID: "e"},
		"no id":       {Source: "kaspi"},
		"id with NUL": {Source: "kaspi", EventID: "a\x00"},
		"long id":     {Source: "kaspi", EventID: strings.Repeat("x", 256)},
		"large body":  {Source: "kaspi", EventID: "e", Body: make([]byte, 1<<20)},
	} {
		if _, err := store.Receive(ctx, tx, ev, now); !errors.Is(err, payments.ErrEvent) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMarkSettled_once(t *testing.T) {
	ctx, tx := context.Background(), testkit.Tx(t)
	for _, id := range []string{"a", "b", "c"} {
		_, err := store.Receive(ctx, tx, payments.Event{Source: "kaspi", EventID: id}, now)
		must(t, err)
	}
	backlog, err := store.Pending(ctx, tx)
	must(t, err)
	if backlog.Count != 3 || !backlog.Oldest.Equal(now) {
		t.Fatalf("backlog %+v", backlog)
	}
	pending, err := store.TakePending(ctx, tx, 2)
	must(t, err)
	rest, err := store.TakePendingAfter(ctx, tx, pending[1].Row, 10)
	must(t, err)
	if len(pending) != 2 || len(rest) != 1 || rest[0].EventID != "c" {
		t.Fatalf("%+v, then %+v", pending, rest)
	}
	a, b := pending[0].Row, pending[1].Row
	must(t, store.MarkSettled(ctx, tx, []payments.Outcome{{a, payments.Bad}, {EventRow: 0, Verdict: payments.Settled}, {b, payments.Duplicate}}))
	for name, batch := range map[string][]payments.Outcome{
		"again": {{a, payments.Settled}}, "unknown": {{a + 1_000_000, payments.Bad}},
		"twice": {{rest[0].Row, payments.Bad}, {rest[0].Row, payments.Bad}}, "empty": {{rest[0].Row, ""}},
	} {
		if _, refused := errors.AsType[*payments.RefusedError](store.MarkSettled(ctx, tx, batch)); !refused {
			t.Errorf("%s was settled", name)
		}
	}
	if left, err := store.TakePending(ctx, tx, 10); err != nil || len(left) != 1 {
		t.Fatalf("left %+v, %v", left, err)
	}
}

func TestRecord_onceForEver(t *testing.T) {
	ctx, tx := context.Background(), testkit.Tx(t)
	dollars, nothing, foreign := transfer("b", 100), transfer("c", 0), transfer("d", 5)
	dollars.Currency, foreign.Currency = "USD", "USD"
	undated, unnamed, nul := transfer("e", 1), transfer("", 1), transfer("f", 1)
	undated.ValueDate, nul.Reference = 0, "a\x00b\xff"+strings.Repeat("ё", 4000)
	batch := []payments.Transfer{
		transfer("b", 100), transfer("a", 50), transfer("b", 100), transfer("b", 101), dollars, nothing, foreign, undated, unnamed, nul,
	}
	got, err := record(ctx, tx, batch)
	must(t, err)
	want := []payments.Verdict{
		payments.Settled, payments.Settled, payments.Duplicate, payments.Conflict, payments.Conflict,
		payments.Bad, payments.Bad, payments.Bad, payments.Bad, payments.Settled,
	}
	for i, r := range got {
		if r.Verdict() != want[i] {
			t.Errorf("transfer %d: %+v, want %s", i, r, want[i])
		}
	}
	if got[2].PaymentID != got[0].PaymentID || got[5].Refused != payments.RefusedAmount || got[6].Refused != payments.RefusedCurrency {
		t.Errorf("%+v", got)
	}
	again, err := record(ctx, tx, batch[:2])
	must(t, err)
	if again[0].Verdict() != payments.Duplicate || again[0].PaymentID != got[0].PaymentID || again[1].PaymentID != got[1].PaymentID {
		t.Errorf("again %+v", again)
	}
	zero := transfer("a", 0)
	contradicted, err := record(ctx, tx, []payments.Transfer{zero, dollars})
	must(t, err)
	if !contradicted[0].Conflict || !contradicted[1].Conflict || contradicted[0].Refused != "" {
		t.Errorf("contradicted %+v", contradicted)
	}
	total, err := store.Suspense(ctx, tx)
	must(t, err)
	if total.Count != 3 || total.Amount.Tiyn() != 151 {
		t.Errorf("suspense %+v", total)
	}
	clean(t, tx)
}

func TestBatch_bounds(t *testing.T) {
	ctx, tx := context.Background(), testkit.Tx(t)
	if got, err := store.Reserve(ctx, tx, nil); err != nil || len(got) != 0 {
		t.Fatal(got, err)
	}
	must(t, store.Allocate(ctx, tx, nil, now))
	must(t, store.Reverse(ctx, tx, nil, now))
	must(t, store.MoveDebts(ctx, tx, nil, now))
	must(t, store.MarkSettled(ctx, tx, nil))
	if _, err := record(ctx, tx, make([]payments.Transfer, payments.MaxBatch+1)); !isBatch(err) {
		t.Fatal(err)
	}
	if err := store.Allocate(ctx, tx, make([]payments.Allocation, payments.MaxBatch+1), now); !isBatch(err) {
		t.Fatal(err)
	}
}

func isBatch(err error) bool {
	_, ok := errors.AsType[*payments.BatchError](err)
	return ok
}

func TestAllocate(t *testing.T) {
	ctx, tx := context.Background(), testkit.Tx(t)
	openCase(t, tx, 260_000_001, 1000)
	p := recordOne(t, tx, "a", 1500)
	q := recordOne(t, tx, "b", 70)
	must(t, store.Allocate(ctx, tx, []payments.Allocation{
		{PaymentID: p, CaseID: 260_000_001, Allocated: tiyn(1000), RefundDue: tiyn(400)},
		{PaymentID: q, RefundDue: tiyn(70)},
	}, now))
	_, err := tx.Exec(ctx, `UPDATE cases SET outstanding = 0, paid = 1000, state = 'paid', ended_at = $1`, now)
	must(t, err)
	of, err := store.CaseMoney(ctx, tx, []int64{260_000_001, 260_000_002})
	must(t, err)
	if len(of) != 1 || len(of[260_000_001]) != 1 || stand(of[260_000_001][0]) != "15.00=10.00+4.00+0.00+1.00" || of[260_000_001][0].ValueDate != day {
		t.Fatalf("%+v", of)
	}
	waiting, err := store.SuspenseList(ctx, tx, 0, 10)
	must(t, err)
	due, err := store.RefundList(ctx, tx, 0, 10)
	must(t, err)
	sum, err := store.RefundsDue(ctx, tx)
	must(t, err)
	if len(waiting) != 1 || waiting[0].ID != p || len(due) != 2 || sum.Amount.Tiyn() != 470 || sum.Count != 2 {
		t.Fatalf("%+v, %+v, %+v", waiting, due, sum)
	}
	balances, err := store.Balances(ctx, tx)
	must(t, err)
	net := map[ledger.Account]int64{}
	for _, b := range balances {
		net[b.Account] = b.Net().Tiyn()
	}
	for account, want := range map[ledger.Account]int64{
		ledger.Clearing("kaspi"): 1570, ledger.Suspense: -100, ledger.Receivable: 0, ledger.RefundsDue: -470, ledger.Claims: 0, ledger.DueToClaimants: -1000,
	} {
		if net[account] != want {
			t.Errorf("%s is %d, want %d", account, net[account], want)
		}
	}
	clean(t, tx)
}

// A refused batch says which payments; nothing of it may be committed, so each case has its own transaction.
func TestAllocate_refusals(t *testing.T) {
	for name, change := range map[string]func(p int64) []payments.Allocation{
		"too much": func(p int64) []payments.Allocation {
			return []payments.Allocation{{PaymentID: p, CaseID: 260_000_001, Allocated: tiyn(71)}}
		},
		"too much together": func(p int64) []payments.Allocation {
			return []payments.Allocation{{PaymentID: p, CaseID: 260_000_001, Allocated: tiyn(60), RefundDue: tiyn(11)}}
		},
		"another case": func(p int64) []payments.Allocation {
			return []payments.Allocation{{PaymentID: p, CaseID: 260_000_002, Allocated: tiyn(1)}}
		},
		"unknown payment": func(p int64) []payments.Allocation {
			return []payments.Allocation{{PaymentID: p + 999, CaseID: 260_000_001, Allocated: tiyn(1)}}
		},
		"twice in a batch": func(p int64) []payments.Allocation {
			a := payments.Allocation{PaymentID: p, CaseID: 260_000_001, Allocated: tiyn(1)}
			return []payments.Allocation{a, a}
		},
		"negative": func(p int64) []payments.Allocation {
			return []payments.Allocation{{PaymentID: p, CaseID: 260_000_001, Allocated: tiyn(2), RefundDue: tiyn(-1)}}
		},
		"no case": func(p int64) []payments.Allocation {
			return []payments.Allocation{{PaymentID: p, Allocated: tiyn(2)}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, tx := context.Background(), testkit.Tx(t)
			openCase(t, tx, 260_000_001, 1000)
			p := recordOne(t, tx, "a", 100)
			must(t, store.Allocate(ctx, tx, []payments.Allocation{{PaymentID: p, CaseID: 260_000_001, Allocated: tiyn(30)}}, now))
			if err := store.Allocate(ctx, tx, change(p), now); err == nil {
				t.Fatal("was booked")
			}
		})
	}
}

func TestReverse(t *testing.T) {
	ctx, tx := context.Background(), testkit.Tx(t)
	openCase(t, tx, 260_000_001, 1000)
	p := recordOne(t, tx, "a", 900)
	must(t, store.Allocate(ctx, tx, []payments.Allocation{{PaymentID: p, CaseID: 260_000_001, Allocated: tiyn(500), RefundDue: tiyn(300)}}, now))
	reversal := payments.Reversal{Source: "kaspi", TxnID: "a", Amount: tiyn(500), Currency: "KZT"}
	never, foreign, more := reversal, reversal, reversal
	never.TxnID, foreign.Currency, more.Amount = "z", "USD", tiyn(901)
	loaded, err := store.LockForReversal(ctx, tx, []payments.Reversal{never, reversal, foreign, more, reversal})
	must(t, err)
	seen, err := store.FindForReversal(ctx, tx, []payments.Reversal{reversal})
	must(t, err)
	if !seen[0].Found || seen[0].PaymentID != p || seen[0].CaseID != 260_000_001 {
		t.Fatalf("%+v", seen)
	}
	plan, verdicts := payments.PlanReversals(loaded)
	for i, want := range []payments.Verdict{payments.Unmatched, payments.WasReverse, payments.Conflict, payments.Conflict, payments.Duplicate} {
		if verdicts[i] != want {
			t.Errorf("reversal %d: %s, want %s", i, verdicts[i], want)
		}
	}
	if len(plan) != 1 || plan[0].FromSuspense.Tiyn() != 100 || plan[0].FromRefund.Tiyn() != 300 || plan[0].FromCase.Tiyn() != 100 {
		t.Fatalf("plan %+v", plan)
	}
	must(t, store.Reverse(ctx, tx, plan, now))
	_, err = tx.Exec(ctx, `UPDATE cases SET outstanding = 600, paid = 400`)
	must(t, err)
	of, err := store.CaseMoney(ctx, tx, []int64{260_000_001})
	must(t, err)
	if got := stand(of[260_000_001][0]); got != "9.00=4.00+0.00+5.00+0.00" {
		t.Fatal(got)
	}
	clean(t, tx)
	for name, batch := range map[string][]payments.ReversalOf{
		"more than the case has":    {{PaymentID: p, FromCase: tiyn(401)}},
		"more than is due back":     {{PaymentID: p, FromRefund: tiyn(1)}},
		"more than is in suspense":  {{PaymentID: p, FromSuspense: tiyn(1)}},
		"unknown":                   {{PaymentID: p + 99, FromCase: tiyn(1)}},
		"twice":                     {{PaymentID: p, FromCase: tiyn(1)}, {PaymentID: p, FromCase: tiyn(1)}},
		"a negative sum as balance": {{PaymentID: p, FromCase: tiyn(2), FromRefund: tiyn(-1)}},
	} {
		if _, refused := errors.AsType[*payments.RefusedError](store.Reverse(ctx, tx, batch, now)); !refused {
			t.Errorf("%s was booked", name)
		}
	}
}

// The decision is void: the rest of the debt goes, and what was paid is due back, payment by payment.
func TestMoveDebts_cancelled(t *testing.T) {
	ctx, tx := context.Background(), testkit.Tx(t)
	openCase(t, tx, 260_000_001, 1000)
	for i, sum := range []int64{100, 200, 300} {
		p := recordOne(t, tx, string(rune('a'+i)), sum)
		must(t, store.Allocate(ctx, tx, []payments.Allocation{{PaymentID: p, CaseID: 260_000_001, Allocated: tiyn(sum)}}, now))
	}
	over := []payments.DebtMove{{CaseID: 260_000_001, Kind: ledger.Cancelled, Amount: tiyn(400), Refund: tiyn(601)}}
	sp, err := tx.Begin(ctx)
	must(t, err)
	if _, refused := errors.AsType[*payments.RefusedError](store.MoveDebts(ctx, sp, over, now)); !refused {
		t.Fatal("more was refunded than was paid")
	}
	must(t, sp.Rollback(ctx))
	must(t, store.MoveDebts(ctx, tx, []payments.DebtMove{{CaseID: 260_000_001, Kind: ledger.Cancelled, Amount: tiyn(400), Refund: tiyn(450)}}, now))
	_, err = tx.Exec(ctx, `UPDATE cases SET outstanding = 400, paid = 600, state = 'cancelled', ended_at = $1`, now)
	must(t, err)
	of, err := store.CaseMoney(ctx, tx, []int64{260_000_001})
	must(t, err)
	for i, want := range []string{"1.00=1.00+0.00+0.00+0.00", "2.00=0.50+1.50+0.00+0.00", "3.00=0.00+3.00+0.00+0.00"} {
		if got := stand(of[260_000_001][i]); got != want {
			t.Errorf("payment %d: %s, want %s", i, got, want)
		}
	}
	clean(t, tx)
}

func TestMoveDebts_transferredAdjustedReturned(t *testing.T) {
	ctx, tx := context.Background(), testkit.Tx(t)
	openCase(t, tx, 260_000_001, 1000)
	openCase(t, tx, 260_000_002, 500)
	p := recordOne(t, tx, "a", 500)
	must(t, store.Allocate(ctx, tx, []payments.Allocation{{PaymentID: p, CaseID: 260_000_002, Allocated: tiyn(500)}}, now))
	must(t, store.Reverse(ctx, tx, []payments.ReversalOf{{PaymentID: p, FromCase: tiyn(500)}}, now))
	must(t, store.MoveDebts(ctx, tx, []payments.DebtMove{
		{CaseID: 260_000_001, Kind: ledger.Adjusted, Amount: tiyn(-100), Reason: "act 7"},
		{CaseID: 260_000_001, Kind: ledger.HandedOver, Amount: tiyn(900)},
		{CaseID: 260_000_002, Kind: ledger.ReturnedEnd, Amount: tiyn(500)},
	}, now))
	_, err := tx.Exec(ctx, `UPDATE cases SET adjusted = -100, outstanding = 900, state = 'handed_over', ended_at = $1 WHERE id = 260000001`, now)
	must(t, err)
	_, err = tx.Exec(ctx, `UPDATE cases SET paid = 500, outstanding = 0, state = 'paid', ended_at = $1 WHERE id = 260000002`, now)
	must(t, err)
	clean(t, tx)
	for name, m := range map[string]payments.DebtMove{
		"no reason":                {CaseID: 260_000_001, Kind: ledger.Adjusted, Amount: tiyn(1)},
		"refund of a hand-over":    {CaseID: 260_000_001, Kind: ledger.HandedOver, Amount: tiyn(1), Refund: tiyn(1)},
		"negative refund":          {CaseID: 260_000_001, Kind: ledger.Cancelled, Amount: tiyn(1), Refund: tiyn(-1)},
		"unknown kind":             {CaseID: 260_000_001, Kind: "lost", Amount: tiyn(1)},
		"opened without a debt":    {CaseID: 260_000_001, Kind: ledger.Opened, Amount: money.Zero},
		"cancelled without a case": {Kind: ledger.Cancelled, Amount: tiyn(1)},
	} {
		if err := store.MoveDebts(ctx, tx, []payments.DebtMove{m}, now); err == nil {
			t.Errorf("%s was booked", name)
		}
	}
}
