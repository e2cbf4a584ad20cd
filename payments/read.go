package payments

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/payments/ledger"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

const balancesSQL = `WITH pair AS (SELECT debit, credit, sum(amount) AS amount FROM ledger GROUP BY debit, credit)
SELECT s.account, sum(s.debit)::bigint, sum(s.credit)::bigint
  FROM (SELECT debit AS account, amount AS debit, 0 AS credit FROM pair UNION ALL SELECT credit, 0, amount FROM pair) AS s
 GROUP BY s.account ORDER BY s.account COLLATE "C"`

// Balances gives every account with both its sides, ordered by name.
func (s *Store) Balances(ctx context.Context, q Querier) ([]ledger.Balance, error) {
	rows, err := q.Query(ctx, balancesSQL)
	if err != nil {
		return nil, fmt.Errorf("payments: balances: %w", err)
	}
	var out []ledger.Balance
	var account string
	var debit, credit int64
	_, err = pgx.ForEachRow(rows, []any{&account, &debit, &credit}, func() error {
		d, err := exact(debit)
		if err != nil {
			return err
		}
		c, err := exact(credit)
		if err != nil {
			return err
		}
		out = append(out, ledger.Balance{Account: ledger.Account(account), Debit: d, Credit: c})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("payments: balances: %w", err)
	}
	return out, nil
}

// Payment is a payment and where its money stands: Amount = Allocated + RefundDue + Reversed + Refunded + Moved + Suspense.
type Payment struct {
	ID         int64
	CaseID     int64 // 0 when it has none
	Source     string
	TxnID      string
	Amount     money.Amount
	ValueDate  calendar.Date
	ReceivedAt time.Time
	Allocated  money.Amount
	RefundDue  money.Amount
	Reversed   money.Amount
	Refunded   money.Amount // paid back to the payer
	Moved      money.Amount // stands in other payments
	Suspense   money.Amount
	Remitting  money.Amount // of Allocated: on its way to the claimant
	Remitted   money.Amount // sent to him; with Remitting more than Allocated: he owes the rest
	Fee        money.Amount // that the gateway says it keeps when it pays the payment out
	Reference  string       // the payer's words: personal data, for the desk only
}

// Free is what can be sent to the claimant.
func (p *Payment) Free() money.Amount {
	return money.Max(money.Zero, p.Allocated.Sub(p.Remitting).Sub(p.Remitted))
}

// Overpaid is what the claimant owes of the payment: it was taken back, or is due back, after its money had gone, or while it goes.
func (p *Payment) Overpaid() money.Amount {
	return money.Max(money.Zero, p.Remitting.Add(p.Remitted).Sub(p.Allocated))
}

const caseMoneySQL = `SELECT ` + paymentColumns + `
  FROM payments WHERE case_id = ANY($1::bigint[]) ORDER BY case_id, id`

// CaseMoney gives the payments of cases, in the order they were booked.
func (s *Store) CaseMoney(ctx context.Context, q Querier, caseIDs []int64) (map[int64][]Payment, error) {
	out := make(map[int64][]Payment, len(caseIDs))
	list, err := collectPayments(ctx, q, caseMoneySQL, whole, caseIDs)
	for _, p := range list {
		out[p.CaseID] = append(out[p.CaseID], p)
	}
	return out, err
}

const suspenseListSQL = `SELECT ` + paymentColumns + `
  FROM payments WHERE amount > allocated + refund_due + reversed + refunded + moved AND id > $1 ORDER BY id LIMIT $2`

// SuspenseList gives payments with money that nobody has allocated, after an id, for the desk's queue.
func (s *Store) SuspenseList(ctx context.Context, q Querier, after int64, limit int) ([]Payment, error) {
	return collectPayments(ctx, q, suspenseListSQL, after, min(max(limit, 0), MaxBatch))
}

const refundsListSQL = `SELECT ` + paymentColumns + `
  FROM payments WHERE refund_due > 0 AND id > $1 ORDER BY id LIMIT $2`

// RefundList gives payments with money that is due back, after an id, for the desk's queue.
func (s *Store) RefundList(ctx context.Context, q Querier, after int64, limit int) ([]Payment, error) {
	return collectPayments(ctx, q, refundsListSQL, after, min(max(limit, 0), MaxBatch))
}

func collectPayments(ctx context.Context, q Querier, sql string, args ...any) ([]Payment, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("payments: read: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Payment, error) {
		var p Payment
		var amount, allocated, refund, reversed, refunded, moved, remitting, remitted, fee int64
		var date time.Time
		err := row.Scan(&p.ID, &p.CaseID, &p.Source, &p.TxnID, &amount, &date, &p.ReceivedAt, &allocated, &refund, &reversed, &refunded, &moved, &remitting, &remitted, &fee, &p.Reference)
		if err != nil {
			return p, err
		}
		p.ValueDate = calendar.FromUTC(date)
		p.Amount, p.Allocated = money.FromTiyn(amount), money.FromTiyn(allocated)
		p.RefundDue, p.Reversed = money.FromTiyn(refund), money.FromTiyn(reversed)
		p.Refunded, p.Moved = money.FromTiyn(refunded), money.FromTiyn(moved)
		p.Fee = money.FromTiyn(fee)
		p.Remitting, p.Remitted = money.FromTiyn(remitting), money.FromTiyn(remitted)
		p.Suspense = money.FromTiyn(amount - allocated - refund - reversed - refunded - moved)
		return p, nil
	})
	if err != nil {
		return nil, fmt.Errorf("payments: read: %w", err)
	}
	return list, nil
}

// Total is a sum over payments, and how many they are.
type Total struct {
	Amount money.Amount
	Count  int64
}

const suspenseSQL = `SELECT coalesce(sum(amount - allocated - refund_due - reversed - refunded - moved), 0)::bigint, count(*)
  FROM payments WHERE amount > allocated + refund_due + reversed + refunded + moved`

// Suspense gives the money that nobody has allocated yet.
func (s *Store) Suspense(ctx context.Context, q Querier) (Total, error) {
	return total(ctx, q, suspenseSQL)
}

const refundsSQL = `SELECT coalesce(sum(refund_due), 0)::bigint, count(*) FROM payments WHERE refund_due > 0`

// RefundsDue gives the money that is due back to payers.
func (s *Store) RefundsDue(ctx context.Context, q Querier) (Total, error) {
	return total(ctx, q, refundsSQL)
}

const (
	claimantsDueSQL = `SELECT coalesce(sum(allocated - remitting - remitted), 0)::bigint, count(*) FROM payments WHERE allocated > remitting + remitted`
	claimantsOweSQL = `SELECT coalesce(sum(remitting + remitted - allocated), 0)::bigint, count(*) FROM payments WHERE remitting + remitted > allocated`
)

// DueToClaimants gives the money that debtors have paid and that no order carries to the claimants yet.
func (s *Store) DueToClaimants(ctx context.Context, q Querier) (Total, error) {
	return total(ctx, q, claimantsDueSQL)
}

// OwedByClaimants gives what claimants owe.
func (s *Store) OwedByClaimants(ctx context.Context, q Querier) (Total, error) {
	return total(ctx, q, claimantsOweSQL)
}

func total(ctx context.Context, q Querier, sql string) (Total, error) {
	rows, err := q.Query(ctx, sql)
	if err != nil {
		return Total{}, fmt.Errorf("payments: total: %w", err)
	}
	t, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (Total, error) {
		var tiyn int64
		var t Total
		if err := row.Scan(&tiyn, &t.Count); err != nil {
			return t, err
		}
		var err error
		t.Amount, err = exact(tiyn)
		return t, err
	})
	if err != nil {
		return Total{}, fmt.Errorf("payments: total: %w", err)
	}
	return t, nil
}

// Backlog is what waits to be understood.
type Backlog struct {
	Count  int64
	Oldest time.Time // zero when nothing waits
}

const backlogSQL = `SELECT count(*), coalesce(min(e.received_at), 'epoch') FROM payment_pending p JOIN payment_events e ON e.id = p.event_id`

// Pending gives the number and the age of messages that nobody has settled: for the alarm of INV-M4.
func (s *Store) Pending(ctx context.Context, q Querier) (Backlog, error) {
	rows, err := q.Query(ctx, backlogSQL)
	if err != nil {
		return Backlog{}, fmt.Errorf("payments: pending: %w", err)
	}
	b, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Backlog])
	if err != nil {
		return Backlog{}, fmt.Errorf("payments: pending: %w", err)
	}
	if b.Count == 0 {
		b.Oldest = time.Time{}
	}
	return b, nil
}

const inTransitSQL = `SELECT EXISTS (SELECT 1 FROM payment_pending WHERE brings)`

// InTransit says whether money has been announced that nobody has booked yet. A reversal that waits for its payment brings
// no money and does not count.
func (s *Store) InTransit(ctx context.Context, q Querier) (bool, error) {
	rows, err := q.Query(ctx, inTransitSQL)
	if err != nil {
		return false, fmt.Errorf("payments: in transit: %w", err)
	}
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool])
	if err != nil {
		return false, fmt.Errorf("payments: in transit: %w", err)
	}
	return found, nil
}
