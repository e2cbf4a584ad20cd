package payments

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"robotbailiff/payments/ledger"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Due is a payment with money that is due back to its payer and that no payment order carries yet. What a claimant has of it is not in it: he
// gives it back first, since money of others pays nothing back.
type Due struct {
	PaymentID  int64
	CaseID     int64
	Source     string // of the payment, or of the one that it is a part of
	ReceivedAt time.Time
	ValueDate  calendar.Date
	Amount     money.Amount // that is due
	OnAccount  bool         // the money is on our own account; else a gateway still has it, and pays it back itself
	ByGateway  bool         // it came through a gateway, so that the payer of the line is the gateway
	Payer      []byte       // whom the bank named, sealed; nil: nobody, or a gateway
	Given      []byte       // requisites that a person gave, sealed; nil: none
	GivenBy    string
	GivenAt    time.Time
	Last       string // how the last order of it ended: "rejected", "returned" or ""
	Code       string // and why, as the bank says
}

const dueSQL = `SELECT p.id, coalesce(p.case_id, 0), r.source, p.received_at, p.value_date, p.refund_due - p.paying - greatest(0, p.remitting + p.remitted - p.allocated),
       r.source = 'treasury' OR EXISTS (SELECT 1 FROM settlements t WHERE t.payment_id = r.id),
       r.source <> 'treasury' OR EXISTS (SELECT 1 FROM arrivals a WHERE a.payment_id = r.id),
       (SELECT payer FROM statement_lines l WHERE l.payment_id = r.id AND l.payer IS NOT NULL LIMIT 1),
       g.sealed, coalesce(g.given_by, ''), g.at,
       coalesce(o.state, ''), coalesce(o.code, '')
  FROM payments p LEFT JOIN money_moves m ON m.to_id = p.id AND m.kind = 'split'
  JOIN payments r ON r.id = coalesce(m.payment_id, p.id)
  LEFT JOIN LATERAL (SELECT sealed, given_by, at FROM refund_requisites q WHERE q.payment_id = p.id ORDER BY q.id DESC LIMIT 1) AS g ON true
  LEFT JOIN LATERAL (SELECT state, code FROM payouts o WHERE o.payment_id = p.id AND o.kind = 'refund' AND o.state IN ('rejected', 'returned') ORDER BY o.id DESC LIMIT 1) AS o ON true
 WHERE p.refund_due > 0 AND p.refund_due - p.paying > greatest(0, p.remitting + p.remitted - p.allocated)`

const (
	dueListSQL = dueSQL + ` AND p.id > $1 ORDER BY p.id LIMIT $2`
	dueByIDSQL = dueSQL + ` AND p.id = ANY($1::bigint[]) ORDER BY p.id`
)

// DueList gives what is due back, after an id, for the desk's queue.
func (s *Store) DueList(ctx context.Context, q Querier, after int64, limit int) ([]Due, error) {
	return readDue(ctx, q, dueListSQL, after, min(max(limit, 0), MaxBatch))
}

// DueByID gives what is due back of these payments.
func (s *Store) DueByID(ctx context.Context, q Querier, ids []int64) ([]Due, error) {
	return readDue(ctx, q, dueByIDSQL, ids)
}

func readDue(ctx context.Context, q Querier, sql string, args ...any) ([]Due, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("payments: refunds: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (d Due, err error) {
		var tiyn int64
		var value time.Time
		var given pgtype.Timestamptz
		err = row.Scan(&d.PaymentID, &d.CaseID, &d.Source, &d.ReceivedAt, &value, &tiyn, &d.OnAccount, &d.ByGateway, &d.Payer, &d.Given, &d.GivenBy, &given, &d.Last, &d.Code)
		d.GivenAt = given.Time
		d.Amount, d.ValueDate = money.FromTiyn(tiyn), calendar.FromUTC(value)
		if d.ByGateway {
			d.Payer = nil
		}
		return d, err
	})
	if err != nil {
		return nil, fmt.Errorf("payments: refunds: %w", err)
	}
	return list, nil
}

// PayoutState is where a payment order stands. It is stored.
type PayoutState string

// The states of a payment order.
const (
	PayoutCollected PayoutState = "collected" // in a file that nobody has released
	PayoutSent      PayoutState = "sent"      // the file was released
	PayoutDropped   PayoutState = "dropped"   // the file was not wanted
	PayoutPaid      PayoutState = "paid"
	PayoutRejected  PayoutState = "rejected" // by the bank: due again
	PayoutReturned  PayoutState = "returned" // paid, and came back: due again
)

// PayOrder is one payment order.
type PayOrder struct {
	ID         int64
	Kind       PayoutKind
	FileID     int64
	PaymentID  int64
	CaseID     int64
	Amount     money.Amount
	EndToEnd   string
	Requisites []byte // sealed
	State      PayoutState
	ToldBy     string // "bank" or "statement"
	Code       string
	Departed   bool // a statement has shown it
}

const lockPayoutsSQL = `SELECT p.id FROM payments p WHERE p.id IN (SELECT o.payment_id FROM payouts o WHERE o.end_to_end = ANY($1)) ORDER BY p.id FOR UPDATE`

const payoutColumns = `SELECT o.id, o.kind, o.file_id, o.payment_id, coalesce(p.case_id, 0), o.amount, o.end_to_end, o.requisites, o.state, o.told_by, o.code,
       EXISTS (SELECT 1 FROM departures d WHERE d.payout_id = o.id)
  FROM payouts o JOIN payments p ON p.id = o.payment_id `

const (
	payoutsByNameSQL = payoutColumns + `WHERE o.end_to_end = ANY($1) ORDER BY o.id`
	payoutsOfFileSQL = payoutColumns + `WHERE o.file_id = $1 ORDER BY o.id`
)

// LockPayouts locks the payments of orders, and then gives the orders. Whoever also changes their cases locks those before.
func (s *Store) LockPayouts(ctx context.Context, tx pgx.Tx, endToEnd []string) (map[string]PayOrder, error) {
	if len(endToEnd) == 0 {
		return nil, nil
	}
	if _, err := tx.Exec(ctx, lockPayoutsSQL, endToEnd); err != nil {
		return nil, fmt.Errorf("payments: orders: %w", err)
	}
	return s.Payouts(ctx, tx, endToEnd)
}

// Payouts gives orders by the reference that travels with the money.
func (s *Store) Payouts(ctx context.Context, q Querier, endToEnd []string) (map[string]PayOrder, error) {
	out := map[string]PayOrder{}
	list, err := readPayouts(ctx, q, payoutsByNameSQL, endToEnd)
	for _, o := range list {
		out[o.EndToEnd] = o
	}
	return out, err
}

// PayoutsOf gives the orders of a file.
func (s *Store) PayoutsOf(ctx context.Context, q Querier, file int64) ([]PayOrder, error) {
	return readPayouts(ctx, q, payoutsOfFileSQL, file)
}

func readPayouts(ctx context.Context, q Querier, sql string, args ...any) ([]PayOrder, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("payments: orders: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (o PayOrder, err error) {
		var tiyn int64
		err = row.Scan(&o.ID, &o.Kind, &o.FileID, &o.PaymentID, &o.CaseID, &tiyn, &o.EndToEnd, &o.Requisites, &o.State, &o.ToldBy, &o.Code, &o.Departed)
		o.Amount = money.FromTiyn(tiyn)
		return o, err
	})
	if err != nil {
		return nil, fmt.Errorf("payments: orders: %w", err)
	}
	return list, nil
}

// Each end moves the order and its payment together; the caller holds LockPayouts. The first statement of each pair refuses what the
// order's state does not allow.
const (
	endPayoutSQL = `UPDATE payouts SET state = $2, told_by = coalesce(nullif($3, ''), told_by), code = coalesce(nullif($4, ''), code), ended_at = $5
 WHERE id = $1 AND state = $6`
	paidBackSQL    = `UPDATE payments SET paying = paying - $2, refund_due = refund_due - $2, refunded = refunded + $2 WHERE id = $1`
	notPaidSQL     = `UPDATE payments SET paying = paying - $2 WHERE id = $1`
	cameBackSQL    = `UPDATE payments SET refunded = refunded - $2, refund_due = refund_due + $2 WHERE id = $1`
	keepReturnSQL  = `INSERT INTO payout_returns (txn_id, payout_id, amount, at) VALUES ($1, $2, $3, $4)`
	knownReturnSQL = `SELECT txn_id FROM payout_returns WHERE txn_id = ANY($1)`
)

func (s *Store) end(ctx context.Context, tx pgx.Tx, o *PayOrder, to PayoutState, toldBy, code, sql string, now time.Time) error {
	tag, err := tx.Exec(ctx, endPayoutSQL, o.ID, string(to), toldBy, code, now, string(o.State))
	if err == nil && tag.RowsAffected() != 1 {
		return &RefusedError{Step: "order", Problem: "it has moved", IDs: []int64{o.ID}}
	}
	if err == nil {
		_, err = tx.Exec(ctx, sql, o.PaymentID, o.Amount.Tiyn())
	}
	if err != nil {
		return fmt.Errorf("payments: order %d: %w", o.ID, err)
	}
	o.State = to
	return nil
}

// Paid books that an order that was sent is done, as the bank or a statement says.
func (s *Store) Paid(ctx context.Context, tx pgx.Tx, o *PayOrder, toldBy string, now time.Time) error {
	kind, sql := ledger.KindRefunded, paidBackSQL
	if o.Kind == RemittanceKind {
		kind, sql = ledger.KindRemitted, remittedSQL
	}
	e, err := o.entry(kind)
	if err != nil {
		return err
	}
	if err := s.end(ctx, tx, o, PayoutPaid, toldBy, "", sql, now); err != nil {
		return err
	}
	return post(ctx, tx, []ledger.Entry{e}, now)
}

// Rejected makes the money of an order due again: the bank did not do it.
func (s *Store) Rejected(ctx context.Context, tx pgx.Tx, o *PayOrder, code string, now time.Time) error {
	if o.Kind == RefundKind {
		return s.end(ctx, tx, o, PayoutRejected, "bank", code, notPaidSQL, now)
	}
	if err := s.end(ctx, tx, o, PayoutRejected, "bank", code, notRemittedSQL, now); err != nil {
		return err
	}
	return s.setOff(ctx, tx, o, now)
}

// CameBack makes the money of an order due again that came back by a line.
func (s *Store) CameBack(ctx context.Context, tx pgx.Tx, o *PayOrder, txn string, now time.Time) error {
	if o.State == PayoutSent { // the day it came back is read before the day it left
		if err := s.Paid(ctx, tx, o, "statement", now); err != nil {
			return err
		}
	}
	kind, sql := ledger.KindCameBack, cameBackSQL
	if o.Kind == RemittanceKind {
		kind, sql = ledger.KindRemitBack, remitBackSQL
	}
	e, err := o.entry(kind)
	if err != nil {
		return err
	}
	if err := s.end(ctx, tx, o, PayoutReturned, "statement", "", sql, now); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, keepReturnSQL, txn, o.ID, o.Amount.Tiyn(), now); err != nil {
		return unlessTwice(err, "payments: came back: %w")
	}
	if err := post(ctx, tx, []ledger.Entry{e}, now); err != nil || o.Kind == RefundKind {
		return err
	}
	return s.setOff(ctx, tx, o, now)
}

// entry books what happened to the money of an order. What goes to a claimant says for which case.
func (o *PayOrder) entry(kind ledger.Kind) (ledger.Entry, error) {
	e, err := ledger.Of(kind, o.PaymentID, o.Amount, "")
	if o.Kind == RemittanceKind {
		e.CaseID = o.CaseID
	}
	return e, err
}

// Returned says which of these lines brought a refund back.
func (s *Store) Returned(ctx context.Context, q Querier, txns []string) (map[string]bool, error) {
	return named(ctx, q, knownReturnSQL, txns)
}

func named(ctx context.Context, q Querier, sql string, txns []string) (map[string]bool, error) {
	known := map[string]bool{}
	if len(txns) == 0 {
		return known, nil
	}
	rows, err := q.Query(ctx, sql, whole, txns)
	if err != nil {
		return nil, fmt.Errorf("payments: lines: %w", err)
	}
	var id string
	if _, err = pgx.ForEachRow(rows, []any{&id}, func() error { known[id] = true; return nil }); err != nil {
		return nil, fmt.Errorf("payments: lines: %w", err)
	}
	return known, nil
}
