package payments_test

import (
	"context"
	"errors"
	"testing"

	"robotbailiff/internal/testkit"
	"robotbailiff/payments"
)

func TestReserveAndBook(t *testing.T) {
	ctx, tx := context.Background(), testkit.Tx(t)
	openCase(t, tx, 260_000_001, 1000)
	old := recordOne(t, tx, "old", 10)
	foreign := transfer("f", 5)
	foreign.Currency = "USD"
	batch := []payments.Transfer{transfer("old", 10), transfer("old", 11), transfer("b", 1200), transfer("b", 1200), transfer("b", 1), foreign, transfer("a", 7), transfer("c", 8)}
	got, err := store.Reserve(ctx, tx, batch)
	must(t, err)
	for i, want := range []payments.Verdict{payments.Duplicate, payments.Conflict, payments.Settled, payments.Duplicate, payments.Conflict, payments.Bad, payments.Settled, payments.Settled} {
		if got[i].Verdict() != want {
			t.Errorf("transfer %d: %+v, want %s", i, got[i], want)
		}
	}
	if got[0].PaymentID != old || got[3].PaymentID != got[2].PaymentID {
		t.Errorf("%+v", got)
	}
	if total, err := store.Suspense(ctx, tx); err != nil || total.Count != 1 {
		t.Errorf("reserving wrote something: %+v, %v", total, err)
	}
	must(t, store.Book(ctx, tx, []payments.Booking{
		{Transfer: batch[2], PaymentID: got[2].PaymentID, CaseID: 260_000_001, Allocated: tiyn(1000), RefundDue: tiyn(150)},
		{Transfer: batch[6], PaymentID: got[6].PaymentID},
		{Transfer: batch[7], PaymentID: got[7].PaymentID, RefundDue: tiyn(8)},
	}, now))
	_, err = tx.Exec(ctx, `UPDATE cases SET outstanding = 0, paid = 1000, state = 'paid', ended_at = $1`, now)
	must(t, err)
	clean(t, tx)
	again, err := store.Reserve(ctx, tx, batch[2:3])
	must(t, err)
	if again[0].Verdict() != payments.Duplicate || again[0].PaymentID != got[2].PaymentID {
		t.Errorf("again %+v", again)
	}
	if recordOne(t, tx, "next", 1) <= got[7].PaymentID {
		t.Error("ids went back")
	}
	late := payments.Booking{Transfer: batch[2], PaymentID: got[2].PaymentID + 1000}
	if err := store.Book(ctx, tx, []payments.Booking{late}, now); !errors.Is(err, payments.ErrRaced) {
		t.Errorf("booked twice: %v", err)
	}
}

func TestBook_refusals(t *testing.T) {
	ctx := context.Background()
	foreign := transfer("f", 5)
	foreign.Currency = "USD"
	for name, batch := range map[string][]payments.Booking{
		"more than came":    {{Transfer: transfer("a", 5), PaymentID: 1, CaseID: 260_000_001, Allocated: tiyn(4), RefundDue: tiyn(2)}},
		"foreign currency":  {{Transfer: foreign, PaymentID: 1}},
		"without a payment": {{Transfer: transfer("a", 5)}},
		"without a case":    {{Transfer: transfer("a", 5), PaymentID: 1, Allocated: tiyn(1)}},
		"negative":          {{Transfer: transfer("a", 5), PaymentID: 1, CaseID: 260_000_001, Allocated: tiyn(6), RefundDue: tiyn(-1)}},
		"twice":             {{Transfer: transfer("a", 5), PaymentID: 1}, {Transfer: transfer("b", 5), PaymentID: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := store.Book(ctx, testkit.Tx(t), batch, now); err == nil {
				t.Error("was booked")
			}
		})
	}
}
