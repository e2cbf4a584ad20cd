package payments

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/payments/ledger"
	"robotbailiff/rules/money"
)

// Allocation says what becomes of the money of a payment: so much pays the case, so much is due back to the payer. The
// rest stays in suspense. CaseID may be 0 only when nothing is allocated.
type Allocation struct {
	PaymentID int64
	CaseID    int64
	Allocated money.Amount
	RefundDue money.Amount
	Reason    string // optional, kept in the ledger; no personal data
}

const allocateSQL = `UPDATE payments p
   SET case_id = coalesce(p.case_id, nullif(w.case_id, 0)), allocated = p.allocated + w.allocated, refund_due = p.refund_due + w.refund_due
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS w (id, case_id, allocated, refund_due)
 WHERE p.id = w.id AND (p.case_id IS NULL OR w.case_id IN (0, p.case_id))
   AND w.allocated + w.refund_due <= p.amount - p.allocated - p.refund_due - p.reversed - p.refunded - p.moved
RETURNING p.id`

// Allocate books what was decided for payments in suspense. A payment belongs to one case for ever: a second case, an
// unknown payment, or more than lies in suspense refuses the batch.
func (s *Store) Allocate(ctx context.Context, tx pgx.Tx, allocations []Allocation, now time.Time) error {
	if err := checkBatch(len(allocations)); err != nil || len(allocations) == 0 {
		return err
	}
	id := func(a Allocation) int64 { return a.PaymentID }
	if twice := duplicates(allocations, id); twice != nil {
		return &RefusedError{Step: "allocate", Problem: "named twice", IDs: twice}
	}
	n := len(allocations)
	ids, cases := make([]int64, n), make([]int64, n)
	allocated, refunds := make([]int64, n), make([]int64, n)
	entries := make([]ledger.Entry, 0, n)
	var err error
	for i, a := range allocations {
		ids[i], cases[i], allocated[i], refunds[i] = a.PaymentID, a.CaseID, a.Allocated.Tiyn(), a.RefundDue.Tiyn()
		if entries, err = ledger.Allocated(entries, ledger.Allocation(a)); err != nil {
			return err
		}
	}
	done, err := collectIDs(ctx, tx, allocateSQL, whole, ids, cases, allocated, refunds)
	if err != nil {
		return fmt.Errorf("payments: allocate: %w", err)
	}
	if left := missing(allocations, id, done); left != nil {
		return &RefusedError{Step: "allocate", Problem: "unknown, of another case, or too little in suspense", IDs: left}
	}
	return post(ctx, tx, entries, now)
}
