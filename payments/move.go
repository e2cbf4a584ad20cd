package payments

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"robotbailiff/payments/ledger"
	"robotbailiff/rules/money"
)

const paymentColumns = `id, coalesce(case_id, 0), source, txn_id, amount, value_date, received_at, allocated, refund_due, reversed, refunded, moved, remitting, remitted, fee, reference`

const byIDSQL = `SELECT ` + paymentColumns + ` FROM payments WHERE id = ANY($1::bigint[]) ORDER BY id`

const lockByIDSQL = byIDSQL + ` FOR UPDATE`

// ByID reads payments.
func (s *Store) ByID(ctx context.Context, q Querier, ids []int64) (map[int64]Payment, error) {
	return s.byID(ctx, q, byIDSQL, ids)
}

// LockByID reads and locks payments. Whoever also changes their cases locks those before.
func (s *Store) LockByID(ctx context.Context, tx pgx.Tx, ids []int64) (map[int64]Payment, error) {
	return s.byID(ctx, tx, lockByIDSQL, ids)
}

func (s *Store) byID(ctx context.Context, q Querier, sql string, ids []int64) (map[int64]Payment, error) {
	list, err := collectPayments(ctx, q, sql, ids)
	out := make(map[int64]Payment, len(list))
	for _, p := range list {
		out[p.ID] = p
	}
	return out, err
}

// Split moves a part of the money of a payment into a payment of its own, that belongs to another case.
type Split struct {
	PaymentID int64 // that is split
	ToID      int64 // the part, as Reserve gave it, of the source ledger.SourceSplit
	Amount    money.Amount
}

const moveSQL = `UPDATE payments p SET moved = p.moved + $2 WHERE p.id = $1
   AND $2 <= p.amount - p.allocated - p.refund_due - p.reversed - p.refunded - p.moved`

const keepMoveSQL = `INSERT INTO money_moves (to_id, payment_id, kind, amount, act_id)
SELECT w.to_id, $2, $3, w.amount, $4 FROM unnest($1::bigint[], $5::bigint[]) AS w (to_id, amount)`

// MoveOn books that parts of one payment in suspense are payments of their own now, by a person's act. The caller books the parts.
func (s *Store) MoveOn(ctx context.Context, tx pgx.Tx, parts []Split, act int64, now time.Time) error {
	if err := checkBatch(len(parts)); err != nil || len(parts) == 0 {
		return err
	}
	entries := make([]ledger.Entry, len(parts))
	to, amounts := make([]int64, len(parts)), make([]int64, len(parts))
	sum := money.Zero
	for i, p := range parts {
		if p.PaymentID != parts[0].PaymentID {
			return &RefusedError{Step: "split", Problem: "of several payments", IDs: []int64{p.PaymentID}}
		}
		e, err := ledger.Of(ledger.KindSplit, p.PaymentID, p.Amount, actReason(act))
		if err != nil {
			return err
		}
		entries[i], to[i], amounts[i], sum = e, p.ToID, p.Amount.Tiyn(), sum.Add(p.Amount)
	}
	if err := s.move(ctx, tx, parts[0].PaymentID, sum); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, keepMoveSQL, to, parts[0].PaymentID, "split", act, amounts); err != nil {
		return fmt.Errorf("payments: split: %w", err)
	}
	return post(ctx, tx, entries, now)
}

func (s *Store) move(ctx context.Context, tx pgx.Tx, payment int64, sum money.Amount) error {
	tag, err := tx.Exec(ctx, moveSQL, payment, sum.Tiyn())
	switch {
	case err != nil:
		return fmt.Errorf("payments: move: %w", err)
	case tag.RowsAffected() != 1:
		return &RefusedError{Step: "move", Problem: "unknown, or too little in suspense", IDs: []int64{payment}}
	}
	return nil
}

// actReason is what the ledger says of an act: where the words of the people stand.
func actReason(act int64) string { return fmt.Sprint("act ", act) }

const settledSQL = `SELECT EXISTS (SELECT 1 FROM settlements WHERE payment_id = $1)`

// Settled says whether the money of a gateway's payment has come.
func (s *Store) Settled(ctx context.Context, q Querier, payment int64) (bool, error) {
	rows, err := q.Query(ctx, settledSQL, payment)
	if err == nil {
		var is bool
		if is, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool]); err == nil {
			return is, nil
		}
	}
	return false, fmt.Errorf("payments: settled: %w", err)
}

const (
	arrivedAsSQL     = `SELECT coalesce(txn_id, '') FROM arrivals WHERE payment_id = $1 FOR UPDATE`
	forgetArrivedSQL = `DELETE FROM arrivals WHERE payment_id = $1 AND txn_id IS NULL`
)

// SameAs books that what a line brought, a payment wholly in suspense, is the money of a payment that a gateway had told of: the double
// entry is taken back, and the known one is settled by the line.
func (s *Store) SameAs(ctx context.Context, tx pgx.Tx, payment, known int64, act int64, now time.Time) error {
	refuse := func(problem string) error {
		return &RefusedError{Step: "same as", Problem: problem, IDs: []int64{payment, known}}
	}
	both, err := s.ByID(ctx, tx, []int64{payment, known})
	if err != nil {
		return err
	}
	if err := lockMeetings(ctx, tx, []Transfer{{Source: both[known].Source}}, "pg_advisory_xact_lock"); err != nil {
		return err
	}
	if both, err = s.LockByID(ctx, tx, []int64{payment, known}); err != nil {
		return err
	}
	p, k := both[payment], both[known]
	switch {
	case p.ID == 0 || k.ID == 0:
		return refuse("unknown")
	case p.Source != ledger.SourceTreasury || k.Source == ledger.SourceTreasury || k.Source == ledger.SourceSplit:
		return refuse("not a line and a gateway's payment")
	case !p.Suspense.Equal(p.Amount) || !k.ComesAs(p.Amount):
		return refuse("another sum, or used already")
	}
	var met string
	switch err := tx.QueryRow(ctx, arrivedAsSQL, payment).Scan(&met); {
	case err != nil && !errors.Is(err, pgx.ErrNoRows):
		return fmt.Errorf("payments: same as: %w", err)
	case met != "":
		return refuse("a gateway has told of it already")
	}
	if _, err := tx.Exec(ctx, forgetArrivedSQL, payment); err != nil {
		return fmt.Errorf("payments: same as: %w", err)
	}
	return s.join(ctx, tx, &p, &k, act, now)
}

// join takes what a line brought back out of suspense and settles the payment of a gateway with it, by an act or, with none, by itself.
func (s *Store) join(ctx context.Context, tx pgx.Tx, p, k *Payment, act int64, now time.Time) error {
	kind, reason, by := "met", "met", any(nil)
	if act != 0 {
		kind, reason, by = "same_as", actReason(act), act
	}
	e, err := ledger.Of(ledger.KindSameAs, p.ID, p.Amount, reason)
	if err != nil {
		return err
	}
	if err := s.move(ctx, tx, p.ID, p.Amount); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, keepMoveSQL, []int64{k.ID}, p.ID, kind, by, []int64{p.Amount.Tiyn()}); err != nil {
		return unlessTwice(err, "payments: same as: %w")
	}
	if _, err := tx.Exec(ctx, forgetWaitSQL, p.ID); err != nil {
		return fmt.Errorf("payments: same as: %w", err)
	}
	if err := post(ctx, tx, []ledger.Entry{e}, now); err != nil {
		return err
	}
	return s.Settle(ctx, tx, []Settlement{{TxnID: p.TxnID, Gateway: k.Source, PaymentID: k.ID, Amount: p.Amount, Fee: k.Amount.Sub(p.Amount)}}, now)
}

func unlessTwice(err error, format string) error {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == uniqueViolation {
		return ErrRaced
	}
	return fmt.Errorf(format, err)
}

// Gone is money that left our account, and nobody has said why yet.
type Gone struct {
	TxnID  string
	Amount money.Amount
	At     time.Time
}

const unexplainedSQL = `SELECT d.txn_id, d.amount, d.at FROM departures d
 WHERE d.gateway = '' AND d.payout_id IS NULL AND NOT EXISTS (SELECT 1 FROM explanations e WHERE e.txn_id = d.txn_id AND NOT e.void)
   AND ($1 = '' OR d.txn_id = $1) ORDER BY d.at, d.txn_id LIMIT $2`

// UnexplainedList gives departures that wait for a person, the oldest first. With an id only that one.
func (s *Store) UnexplainedList(ctx context.Context, q Querier, txn string, limit int) ([]Gone, error) {
	rows, err := q.Query(ctx, unexplainedSQL, txn, min(max(limit, 0), MaxBatch))
	if err != nil {
		return nil, fmt.Errorf("payments: departures: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (g Gone, err error) {
		var tiyn int64
		err = row.Scan(&g.TxnID, &tiyn, &g.At)
		g.Amount = money.FromTiyn(tiyn)
		return g, err
	})
	if err != nil {
		return nil, fmt.Errorf("payments: departures: %w", err)
	}
	return list, nil
}

const explainSQL = `INSERT INTO explanations (txn_id, meaning, amount, act_id)
SELECT d.txn_id, $2, d.amount, $3 FROM departures d WHERE d.txn_id = $1 AND d.gateway = '' AND d.payout_id IS NULL
RETURNING amount`

// Explain books why money left, by two people's act. What went to a claimant is booked by [Store.ExplainSent].
func (s *Store) Explain(ctx context.Context, tx pgx.Tx, txn string, meaning ledger.Meaning, act int64, now time.Time) error {
	sum, err := explain(ctx, tx, txn, meaning, act)
	if err != nil {
		return err
	}
	e, err := ledger.Explained(meaning, sum, actReason(act))
	if err != nil {
		return err
	}
	return post(ctx, tx, []ledger.Entry{e}, now)
}

// explain keeps, once for ever, why money left, and gives its sum.
func explain(ctx context.Context, tx pgx.Tx, txn string, meaning ledger.Meaning, act int64) (money.Amount, error) {
	var tiyn int64
	switch err := tx.QueryRow(ctx, explainSQL, txn, string(meaning), act).Scan(&tiyn); {
	case errors.Is(err, pgx.ErrNoRows):
		return money.Zero, &RefusedError{Step: "explain", Problem: "it needs no explanation"}
	case err != nil:
		return money.Zero, unlessTwice(err, "payments: explain: %w")
	}
	return money.FromTiyn(tiyn), nil
}

const clearDoubtsSQL = `DELETE FROM unmatched_money m USING payments p WHERE m.payment_id = ANY($1::bigint[]) AND p.id = m.payment_id
   AND p.amount = p.allocated + p.refund_due + p.reversed + p.refunded + p.moved`

// ClearDoubts forgets of payments that have left suspense that they may be a debtor's.
func (s *Store) ClearDoubts(ctx context.Context, tx pgx.Tx, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	if _, err := tx.Exec(ctx, clearDoubtsSQL, ids); err != nil {
		return fmt.Errorf("payments: doubts: %w", err)
	}
	return nil
}
