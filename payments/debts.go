package payments

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/payments/ledger"
	"robotbailiff/rules/money"
)

// DebtMove is a debt that came, went or changed otherwise than by money.
//
//	opened       Amount is the debt of the new case
//	cancelled    Amount is the outstanding rest (0 when all was paid); Refund is what the case's payments had paid: it is
//	             taken off their `allocated`, added to their `refund_due`, first what is still here, the youngest payment first, and booked payment
//	             by payment, so that each payment still tells where its money stands
//	transferred  Amount is the outstanding rest that a private bailiff now collects
//	taken_back   Amount is what the private bailiff may no longer ask, since it was paid or cancelled after all: book it
//	             before the allocation or the cancellation that uses it up
//	adjusted     Amount is the signed change of what is outstanding, which may be 0 where there is a Refund: what the case's
//	             payments had paid above the new debt, treated as with cancelled; Reason is required
//	returned     a payment was taken back from a case that had ended (Reverse with FromCase): Amount is what is open
//	             again; an end is final, so that the sum waits in its own account for a person
type DebtMove struct {
	CaseID int64
	Kind   ledger.MoveKind
	Amount money.Amount
	Refund money.Amount // with cancelled and adjusted only
	Reason string       // no personal data
}

const lockPaidSQL = `SELECT id FROM payments WHERE case_id = ANY($1::bigint[]) AND allocated > 0 ORDER BY id FOR UPDATE`

const refundClaimsSQL = `WITH part AS (
    SELECT p.id, least(p.allocated, w.refund - (sum(p.allocated) OVER (PARTITION BY p.case_id ORDER BY p.allocated <= p.remitting + p.remitted, p.id DESC) - p.allocated))::bigint AS share
      FROM payments p JOIN unnest($1::bigint[], $2::bigint[]) AS w (case_id, refund) ON p.case_id = w.case_id
     WHERE p.allocated > 0
)
UPDATE payments p SET allocated = p.allocated - part.share, refund_due = p.refund_due + part.share
  FROM part WHERE p.id = part.id AND part.share > 0
RETURNING p.id, p.case_id, part.share, greatest(0, p.remitting + p.remitted - p.allocated) - greatest(0, p.remitting + p.remitted - p.allocated - part.share)`

// MoveDebts books moves of debts. The caller holds the locks of the cases. A refund of more than the case's payments hold
// refuses the batch.
func (s *Store) MoveDebts(ctx context.Context, tx pgx.Tx, moves []DebtMove, now time.Time) error {
	if err := checkBatch(len(moves)); err != nil || len(moves) == 0 {
		return err
	}
	entries := make([]ledger.Entry, 0, len(moves))
	var back []DebtMove
	var err error
	for _, m := range moves {
		if onlyRefund := m.Kind == ledger.Adjusted && m.Amount.IsZero() && m.Refund.IsPositive() && m.Reason != ""; !onlyRefund {
			entries, err = ledger.Moved(entries, ledger.Move{CaseID: m.CaseID, Kind: m.Kind, Amount: m.Amount, Reason: m.Reason})
		}
		switch {
		case err != nil:
			return err
		case m.Refund.Sign() < 0 || m.Refund.IsPositive() && m.Kind != ledger.Cancelled && m.Kind != ledger.Adjusted:
			return &RefusedError{Step: "move debts", Problem: "refund that cannot be", IDs: []int64{m.CaseID}}
		case m.Refund.IsPositive():
			back = append(back, m)
		}
	}
	if len(back) > 0 {
		refunds, err := s.refundClaims(ctx, tx, back)
		if err != nil {
			return err
		}
		entries = append(entries, refunds...)
	}
	return post(ctx, tx, entries, now)
}

// refundClaims turns what was paid on void decisions into refunds.
func (s *Store) refundClaims(ctx context.Context, tx pgx.Tx, back []DebtMove) ([]ledger.Entry, error) {
	id := func(m DebtMove) int64 { return m.CaseID }
	if twice := duplicates(back, id); twice != nil {
		return nil, &RefusedError{Step: "move debts", Problem: "named twice", IDs: twice}
	}
	cases, refunds := make([]int64, len(back)), make([]int64, len(back))
	want, reason := make(map[int64]int64, len(back)), make(map[int64]string, len(back))
	for i, m := range back {
		cases[i], refunds[i] = m.CaseID, m.Refund.Tiyn()
		want[m.CaseID], reason[m.CaseID] = m.Refund.Tiyn(), m.Reason
	}
	if _, err := tx.Exec(ctx, lockPaidSQL, whole, cases); err != nil {
		return nil, fmt.Errorf("payments: refund: %w", err)
	}
	rows, err := tx.Query(ctx, refundClaimsSQL, whole, cases, refunds)
	if err != nil {
		return nil, fmt.Errorf("payments: refund: %w", err)
	}
	var entries []ledger.Entry
	var payment, caseID, share, gone int64
	_, err = pgx.ForEachRow(rows, []any{&payment, &caseID, &share, &gone}, func() (err error) {
		entries, err = ledger.RefundClaim(entries, payment, caseID, money.FromTiyn(share), money.FromTiyn(gone), reason[caseID])
		want[caseID] -= share
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("payments: refund: %w", err)
	}
	var short []int64
	for _, c := range cases {
		if want[c] != 0 {
			short = append(short, c)
		}
	}
	if short != nil {
		slices.Sort(short)
		return nil, &RefusedError{Step: "move debts", Problem: "refund of more than was paid", IDs: short}
	}
	slices.SortStableFunc(entries, func(a, b ledger.Entry) int { return int(a.PaymentID - b.PaymentID) })
	return entries, nil
}
