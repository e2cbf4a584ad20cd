package desk

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// FlowRow is what came in on a day by one source, and where it stands now.
type FlowRow struct {
	Source    string
	Count     int64
	Received  money.Amount
	Allocated money.Amount
	Refunds   money.Amount
	Suspense  money.Amount
}

// Parts of a payment are not counted again.
const flowSQL = `SELECT source, count(*), sum(amount)::bigint, sum(allocated + (SELECT coalesce(sum(c.allocated), 0) FROM money_moves m JOIN payments c ON c.id = m.to_id WHERE m.payment_id = p.id AND m.kind = 'split'))::bigint,
       sum(refund_due)::bigint, sum(amount - allocated - refund_due - reversed - refunded - moved)::bigint
  FROM payments p WHERE received_at >= $1 AND source <> 'split' GROUP BY source ORDER BY source`

func readFlow(ctx context.Context, tx pgx.Tx, now time.Time) (list []FlowRow, total FlowRow, err error) {
	rows, err := tx.Query(ctx, flowSQL, calendar.DateOf(now).Start())
	if err != nil {
		return nil, total, fmt.Errorf("flow: %w", err)
	}
	list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (f FlowRow, err error) {
		var received, allocated, refunds, suspense int64
		err = row.Scan(&f.Source, &f.Count, &received, &allocated, &refunds, &suspense)
		f.Received, f.Allocated, f.Refunds, f.Suspense = money.FromTiyn(received), money.FromTiyn(allocated), money.FromTiyn(refunds), money.FromTiyn(suspense)
		return f, err
	})
	for _, f := range list {
		total.Count += f.Count
		total.Received, total.Allocated = total.Received.Add(f.Received), total.Allocated.Add(f.Allocated)
		total.Refunds, total.Suspense = total.Refunds.Add(f.Refunds), total.Suspense.Add(f.Suspense)
	}
	return list, total, err
}

// AgeRow is how long money has been standing in one place.
type AgeRow struct {
	Place  string // "suspense", "refunds", "clearing", "outgoing", "claimants" or "sent"
	Source string // of clearing
	Sums   [4]money.Amount
	Counts [4]int64
	Oldest time.Time
}

// Ages are the bounds of the columns, in days: up to one, three, seven, and older.
var Ages = [3]int{1, 3, 7}

const agesSQL = `WITH stands AS (
    SELECT 'suspense' AS place, '' AS source, received_at AS since, amount - allocated - refund_due - reversed - refunded - moved AS amount
      FROM payments WHERE amount > allocated + refund_due + reversed + refunded + moved
    UNION ALL SELECT 'refunds', '', received_at, refund_due FROM payments WHERE refund_due > 0
    UNION ALL SELECT 'clearing', p.source, p.received_at, p.amount - p.reversed FROM payments p
     WHERE p.source NOT IN ('treasury', 'split') AND p.amount > p.reversed AND NOT EXISTS (SELECT 1 FROM settlements t WHERE t.payment_id = p.id)
    UNION ALL SELECT 'claimants', '', received_at, allocated - remitting - remitted FROM payments WHERE allocated > remitting + remitted
    UNION ALL SELECT CASE o.kind WHEN 'refund' THEN 'outgoing' ELSE 'sent' END, '', o.ended_at, o.amount FROM payouts o WHERE o.closed AND NOT EXISTS (SELECT 1 FROM departures d WHERE d.payout_id = o.id))
SELECT place, source, min(since),
       coalesce(sum(amount) FILTER (WHERE since > $1), 0)::bigint, coalesce(sum(amount) FILTER (WHERE since <= $1 AND since > $2), 0)::bigint,
       coalesce(sum(amount) FILTER (WHERE since <= $2 AND since > $3), 0)::bigint, coalesce(sum(amount) FILTER (WHERE since <= $3), 0)::bigint,
       count(*) FILTER (WHERE since > $1), count(*) FILTER (WHERE since <= $1 AND since > $2), count(*) FILTER (WHERE since <= $2 AND since > $3), count(*) FILTER (WHERE since <= $3)
  FROM stands GROUP BY place, source ORDER BY array_position(ARRAY['suspense', 'refunds', 'clearing', 'outgoing', 'claimants', 'sent'], place), source`

func readAges(ctx context.Context, tx pgx.Tx, now time.Time) ([]AgeRow, error) {
	rows, err := tx.Query(ctx, agesSQL, now.AddDate(0, 0, -Ages[0]), now.AddDate(0, 0, -Ages[1]), now.AddDate(0, 0, -Ages[2]))
	if err != nil {
		return nil, fmt.Errorf("ages: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (a AgeRow, err error) {
		var sums [4]int64
		err = row.Scan(&a.Place, &a.Source, &a.Oldest, &sums[0], &sums[1], &sums[2], &sums[3], &a.Counts[0], &a.Counts[1], &a.Counts[2], &a.Counts[3])
		for i, n := range sums {
			a.Sums[i] = money.FromTiyn(n)
		}
		return a, err
	})
}

// StatementRow is one statement with its control sums.
type StatementRow struct {
	ID               int64
	Account, Number  string
	From, To         calendar.Date
	Balanced         bool
	Opening, Closing money.Amount
	Credits, Debits  money.Amount
	Lines            int64
	Done             bool
	Suspense         int64 // lines that wait for a person
	Unexplained      int64
	Gap              bool         // it does not begin where the one before ended
	Before           money.Amount // where that one ended
}

// The balance before is that of the statement with the latest day before: also when it was read later.
const statementsSQL = `SELECT s.id, s.account, s.number, s.from_on, s.to_on, s.opening, s.closing, s.credits, s.debits, s.lines, s.state = 'done',
       (SELECT count(*) FROM statement_lines l WHERE l.statement_id = s.id AND l.verdict = 'suspense'),
       (SELECT count(*) FROM statement_lines l WHERE l.statement_id = s.id AND l.verdict = 'unexplained'),
       (SELECT b.closing FROM statements b WHERE b.account = s.account AND b.closing IS NOT NULL AND b.to_on < s.from_on ORDER BY b.to_on DESC, b.id DESC LIMIT 1)
  FROM statements s ORDER BY s.to_on DESC, s.id DESC LIMIT 30`

func readStatements(ctx context.Context, tx pgx.Tx) ([]StatementRow, error) {
	rows, err := tx.Query(ctx, statementsSQL)
	if err != nil {
		return nil, fmt.Errorf("statements: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (s StatementRow, err error) {
		var from, to time.Time
		var opening, closing, before *int64
		var credits, debits int64
		err = row.Scan(&s.ID, &s.Account, &s.Number, &from, &to, &opening, &closing, &credits, &debits, &s.Lines, &s.Done, &s.Suspense, &s.Unexplained, &before)
		s.From, s.To = calendar.FromUTC(from), calendar.FromUTC(to)
		s.Credits, s.Debits = money.FromTiyn(credits), money.FromTiyn(debits)
		if opening != nil && closing != nil {
			s.Balanced, s.Opening, s.Closing = true, money.FromTiyn(*opening), money.FromTiyn(*closing)
			if before != nil {
				s.Gap, s.Before = *before != *opening, money.FromTiyn(*before)
			}
		}
		return s, err
	})
}
