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

// ByHand is a departure by which money went to claimants by hand, with what of it has not come back.
type ByHand struct {
	TxnID string
	At    time.Time
	Parts []Sent
}

// Left is what of it has not come back.
func (b *ByHand) Left() money.Amount {
	sum := money.Zero
	for _, p := range b.Parts {
		sum = sum.Add(p.Amount)
	}
	return sum
}

const byHandSQL = `SELECT s.txn_id, d.at, s.payment_id, s.case_id, s.amount
  FROM (SELECT e.txn_id, m.part, m.payment_id, m.case_id, m.amount - coalesce((SELECT sum(r.amount) FROM remittance_returns r WHERE r.txn_id = e.txn_id AND r.payment_id = m.payment_id), 0)::bigint AS amount
          FROM explanations e JOIN money_act_parts m ON m.act_id = e.act_id WHERE e.meaning = 'remittance' AND NOT e.void AND ($1 = '' OR e.txn_id = $1)) AS s
  JOIN departures d ON d.txn_id = s.txn_id WHERE s.amount > 0 ORDER BY d.at DESC, s.txn_id, s.part LIMIT $2`

// SentByHand gives departures by which money went to claimants by hand and has not come back, the newest first; with an id only that one. limit is
// of payments.
func (s *Store) SentByHand(ctx context.Context, q Querier, txn string, limit int) ([]ByHand, error) {
	rows, err := q.Query(ctx, byHandSQL, txn, min(max(limit, 0), MaxBatch))
	if err != nil {
		return nil, fmt.Errorf("payments: sent by hand: %w", err)
	}
	var list []ByHand
	var b ByHand
	var p Sent
	var tiyn int64
	_, err = pgx.ForEachRow(rows, []any{&b.TxnID, &b.At, &p.PaymentID, &p.CaseID, &tiyn}, func() error {
		if len(list) == 0 || list[len(list)-1].TxnID != b.TxnID {
			list = append(list, b)
		}
		p.Amount = money.FromTiyn(tiyn)
		list[len(list)-1].Parts = append(list[len(list)-1].Parts, p)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("payments: sent by hand: %w", err)
	}
	return list, nil
}

const (
	dueAgainSQL = `UPDATE payments p SET remitted = p.remitted - w.amount FROM unnest($1::bigint[], $2::bigint[]) AS w (id, amount)
 WHERE p.id = w.id AND w.amount <= p.remitted AND p.remitting + p.remitted <= p.allocated RETURNING p.id, p.case_id`
	keepDueAgainSQL = `INSERT INTO remittance_returns (act_id, txn_id, from_id, payment_id, amount) SELECT $1, $2, $3, w.id, w.amount FROM unnest($4::bigint[], $5::bigint[]) AS w (id, amount)`
)

// DueAgain books, by two people's act, that money which went to claimants by the departure txn has come back and lies in suspense as the payment
// from: it is due to them again. The caller holds the locks of all payments, and has seen that no more comes back than went.
func (s *Store) DueAgain(ctx context.Context, tx pgx.Tx, txn string, from int64, back []Sent, act int64, now time.Time) error {
	id := func(p Sent) int64 { return p.PaymentID }
	if twice := duplicates(back, id); twice != nil || len(back) == 0 {
		return &RefusedError{Step: "due again", Problem: "no payment is named, or one twice", IDs: twice}
	}
	if err := checkBatch(len(back)); err != nil {
		return err
	}
	n, total := len(back), money.Zero
	ids, sums := make([]int64, n), make([]int64, n)
	for i, p := range back {
		ids[i], sums[i], total = p.PaymentID, p.Amount.Tiyn(), total.Add(p.Amount)
	}
	rows, err := tx.Query(ctx, dueAgainSQL, whole, ids, sums)
	if err != nil {
		return fmt.Errorf("payments: due again: %w", err)
	}
	cases, done := make(map[int64]int64, n), make(map[int64]struct{}, n)
	var payment, caseID int64
	if _, err = pgx.ForEachRow(rows, []any{&payment, &caseID}, func() error { cases[payment], done[payment] = caseID, struct{}{}; return nil }); err != nil {
		return fmt.Errorf("payments: due again: %w", err)
	}
	if short := missing(back, id, done); short != nil {
		return &RefusedError{Step: "due again", Problem: "so much was not sent, or the claimant owes for it", IDs: short}
	}
	if err := s.move(ctx, tx, from, total); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, keepDueAgainSQL, whole, act, txn, from, ids, sums); err != nil {
		return fmt.Errorf("payments: due again: %w", err)
	}
	var entries []ledger.Entry
	for _, p := range back {
		pair, err := ledger.DueAgain(from, p.PaymentID, cases[p.PaymentID], p.Amount, actReason(act))
		if err != nil {
			return err
		}
		entries = append(entries, pair...)
	}
	return post(ctx, tx, entries, now)
}
