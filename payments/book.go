package payments

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"robotbailiff/internal/pg"
	"robotbailiff/payments/ledger"
	"robotbailiff/rules/money"
)

// reserveSQL looks the sequence up once, not for every number.
const reserveSQL = `WITH ids AS MATERIALIZED (SELECT pg_get_serial_sequence('payments', 'id')::regclass AS seq)
SELECT nextval(ids.seq) FROM ids, generate_series(1, $1)`

// Reserve says of each transfer, in their order, whether it is new: each counts once for ever by (source, transaction id).
// It writes nothing and gives every new one the id it will have, so that the engine can decide before Book writes each
// payment once, complete. A transfer that is known, refused or in conflict stops no other; an id that is never booked leaves a
// gap, which is harmless.
func (s *Store) Reserve(ctx context.Context, tx pgx.Tx, transfers []Transfer) ([]Recorded, error) {
	if err := checkBatch(len(transfers)); err != nil || len(transfers) == 0 {
		return nil, err
	}
	out := make([]Recorded, len(transfers))
	first, ask := sieve(transfers, out)
	if err := lockMeetings(ctx, tx, transfers, "pg_advisory_xact_lock_shared"); err != nil {
		return nil, err
	}
	for _, i := range first {
		ask = append(ask, transfers[i].identity())
	}
	booked := make(map[identity]known, len(transfers))
	if err := s.lookUp(ctx, tx, ask, booked); err != nil {
		return nil, fmt.Errorf("payments: reserve: %w", err)
	}
	var fresh []int
	for _, i := range first {
		if _, old := booked[transfers[i].identity()]; !old {
			fresh = append(fresh, i)
		}
	}
	fresh, err := s.claimArrivals(ctx, tx, transfers, fresh, out, booked)
	if err != nil {
		return nil, err
	}
	if len(fresh) > 0 {
		rows, err := tx.Query(ctx, reserveSQL, len(fresh))
		if err != nil {
			return nil, fmt.Errorf("payments: reserve: %w", err)
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		if err != nil {
			return nil, fmt.Errorf("payments: reserve: %w", err)
		}
		for k, i := range fresh {
			t := transfers[i]
			out[i].PaymentID, out[i].Fresh = ids[k], true
			booked[t.identity()] = known{id: ids[k], tiyn: t.Amount.Tiyn(), currency: currency}
		}
	}
	compare(transfers, booked, out)
	return out, nil
}

// Booking is a reserved transfer with what becomes of it: so much pays the case, so much is due back, the rest waits in
// suspense. Without a case both sums are 0, or only a refund.
type Booking struct {
	Transfer  Transfer
	PaymentID int64
	CaseID    int64
	Allocated money.Amount
	RefundDue money.Amount
	Reason    string // optional, kept in the ledger; no personal data
}

// ErrRaced says that another transaction booked one of the transfers after Reserve. Roll back and begin again from
// Reserve, which then knows it.
var ErrRaced = errors.New("payments: a transfer was booked by somebody else meanwhile")

var paymentsColumns = []string{
	"id", "source", "txn_id", "amount", "currency", "value_date", "reference", "case_id", "received_at",
	"allocated", "refund_due",
}

// Book writes reserved transfers with their allocations.
func (s *Store) Book(ctx context.Context, tx pgx.Tx, bookings []Booking, now time.Time) error {
	if err := checkBatch(len(bookings)); err != nil || len(bookings) == 0 {
		return err
	}
	id := func(b Booking) int64 { return b.PaymentID }
	if twice := duplicates(bookings, id); twice != nil {
		return &RefusedError{Step: "book", Problem: "named twice", IDs: twice}
	}
	entries := make([]ledger.Entry, 0, 2*len(bookings))
	for _, b := range bookings {
		t := b.Transfer
		if t.refuse() != "" || t.Amount.Less(b.Allocated.Add(b.RefundDue)) {
			return &RefusedError{Step: "book", Problem: "not bookable, or more allocated than came", IDs: []int64{b.PaymentID}}
		}
		e, err := ledger.Received(t.Source, b.PaymentID, t.Amount)
		if err != nil {
			return err
		}
		entries = append(entries, e)
		if b.Allocated.IsZero() && b.RefundDue.IsZero() {
			continue
		}
		entries, err = ledger.Allocated(entries, ledger.Allocation{
			PaymentID: b.PaymentID, CaseID: b.CaseID,
			Allocated: b.Allocated, RefundDue: b.RefundDue, Reason: b.Reason,
		})
		if err != nil {
			return err
		}
	}
	// Two batches with common transfers wait for each other instead of dead-locking.
	bookings = slices.SortedFunc(slices.Values(bookings), func(a, b Booking) int {
		return cmp.Or(cmp.Compare(a.Transfer.Source, b.Transfer.Source), cmp.Compare(a.Transfer.TxnID, b.Transfer.TxnID))
	})
	err := pg.Copy(ctx, tx, "payments", paymentsColumns, len(bookings), func(r *pg.Row, i int) {
		b, t := &bookings[i], &bookings[i].Transfer
		r.Int8(b.PaymentID)
		r.Text(t.Source)
		r.Text(t.TxnID)
		r.Int8(t.Amount.Tiyn())
		r.Text(t.Currency)
		r.Date(t.ValueDate.UTC())
		r.Text(storable(t.Reference))
		r.ID(b.CaseID)
		r.Time(now)
		r.Int8(b.Allocated.Tiyn())
		r.Int8(b.RefundDue.Tiyn())
	})
	if err != nil {
		if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == uniqueViolation {
			return ErrRaced
		}
		return fmt.Errorf("payments: book: %w", err)
	}
	return post(ctx, tx, entries, now)
}
