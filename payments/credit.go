package payments

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Credit is what a payment brought to a case: what a receipt is about.
type Credit struct {
	PaymentID int64
	CaseID    int64
	Amount    money.Amount // that the case was credited with, now
	Reversed  money.Amount // that was taken back
	Value     calendar.Date
	Received  time.Time
}

const broughtColumns = `SELECT id, case_id, allocated, reversed, value_date, received_at FROM payments`

// broughtSQL sorts what was found by the case (OFFSET 0): planned on an empty table, it would go through all payments by their id.
const broughtSQL = `SELECT * FROM (` + broughtColumns + ` WHERE case_id = $1 AND allocated > 0 OFFSET 0) p ORDER BY id`

// Credits lists what payments brought to a case, oldest first.
func (s *Store) Credits(ctx context.Context, q Querier, caseID int64) ([]Credit, error) {
	return collectCredits(ctx, q, broughtSQL, caseID)
}

const broughtByOneSQL = broughtColumns + ` WHERE id = $1 AND case_id IS NOT NULL AND allocated + reversed > 0`

// Credit gives what a payment brought to its case, or had brought before it was taken back; ok is false when it brought nothing.
func (s *Store) Credit(ctx context.Context, q Querier, paymentID int64) (c Credit, ok bool, err error) {
	list, err := collectCredits(ctx, q, broughtByOneSQL, paymentID)
	if err != nil || len(list) == 0 {
		return c, false, err
	}
	return list[0], true, nil
}

func collectCredits(ctx context.Context, q Querier, sql string, id int64) ([]Credit, error) {
	rows, err := q.Query(ctx, sql, id)
	if err != nil {
		return nil, fmt.Errorf("payments: credits: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c Credit, err error) {
		var allocated, reversed int64
		var value time.Time
		err = row.Scan(&c.PaymentID, &c.CaseID, &allocated, &reversed, &value, &c.Received)
		c.Amount, c.Reversed, c.Value = money.FromTiyn(allocated), money.FromTiyn(reversed), calendar.FromUTC(value)
		return c, err
	})
	if err != nil {
		return nil, fmt.Errorf("payments: credits: %w", err)
	}
	return list, nil
}
