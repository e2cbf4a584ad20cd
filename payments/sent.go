package payments

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/payments/ledger"
	"robotbailiff/rules/money"
)

// Sent is money due to a claimant for one payment that went to him past the files of payment orders.
type Sent struct {
	PaymentID int64
	CaseID    int64
	Amount    money.Amount
}

const sentByHandSQL = `UPDATE payments p SET remitted = p.remitted + w.amount FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS w (id, case_id, amount)
 WHERE p.id = w.id AND p.case_id = w.case_id AND w.amount <= p.allocated - p.remitting - p.remitted RETURNING p.id`

// ExplainSent books, by two people's act, that money which left is money of these payments that was due to claimants: it is not due again. The
// parts are the whole departure, or all is refused.
func (s *Store) ExplainSent(ctx context.Context, tx pgx.Tx, txn string, sent []Sent, act int64, now time.Time) error {
	id := func(p Sent) int64 { return p.PaymentID }
	if twice := duplicates(sent, id); twice != nil || len(sent) == 0 {
		return &RefusedError{Step: "explain", Problem: "no payment is named, or one twice", IDs: twice}
	}
	if err := checkBatch(len(sent)); err != nil {
		return err
	}
	n := len(sent)
	ids, cases, sums, entries := make([]int64, n), make([]int64, n), make([]int64, n), make([]ledger.Entry, n)
	total := money.Zero
	for i, p := range sent {
		e, err := ledger.SentByHand(p.PaymentID, p.CaseID, p.Amount, actReason(act))
		if err != nil {
			return err
		}
		ids[i], cases[i], sums[i], entries[i], total = p.PaymentID, p.CaseID, p.Amount.Tiyn(), e, total.Add(p.Amount)
	}
	left, err := explain(ctx, tx, txn, ledger.Remittance, act)
	if err != nil {
		return err
	}
	if !left.Equal(total) {
		return &RefusedError{Step: "explain", Problem: "another sum has left", IDs: ids}
	}
	if _, err := tx.Exec(ctx, lockDueSQL, ids); err != nil {
		return fmt.Errorf("payments: explain: %w", err)
	}
	done, err := collectIDs(ctx, tx, sentByHandSQL, whole, ids, cases, sums)
	if err != nil {
		return fmt.Errorf("payments: explain: %w", err)
	}
	if short := missing(sent, id, done); short != nil {
		return &RefusedError{Step: "explain", Problem: "so much is not due to the claimant", IDs: short}
	}
	return post(ctx, tx, entries, now)
}
