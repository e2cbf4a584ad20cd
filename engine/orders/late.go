package orders

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
)

// When a lift that is not confirmed is late, in legal time. Somebody is told by then; sending it goes on all the while.
const (
	LateAfter     = 15 * time.Minute // level 1
	VeryLateAfter = time.Hour        // level 2
)

// ahead is how much earlier level 1 is raised: the promise is a quarter of an hour from the payment, of which its settling may take a
// minute, and the next look at what is late comes within some seconds.
const ahead = 90 * time.Second

// Lifts is what gives back and was not confirmed yet: lifts, reductions, recalls and removals from the register, corrections that the
// compare asks for, and arrests and entries of paid or cancelled cases that were sent and have still to be answered before they can be ended.
type Lifts struct {
	Count    int64 // all of them
	Late     int64 // of them after LateAfter, before VeryLateAfter
	VeryLate int64
	Oldest   time.Time // since when the oldest waits; zero: none does
	CaseID   int64     // of the oldest
}

// Escalate raises the levels of what has become late since it was last called, each once, and clears those of what was confirmed.
func (c *Comparer) Escalate(ctx context.Context) error {
	now, err := c.Sender.Store.Now(ctx)
	if err != nil {
		return err
	}
	pool := c.Sender.Store.Pool()
	rows, err := pool.Query(ctx, raiseSQL, now, LateAfter-ahead, VeryLateAfter)
	if err != nil {
		return fmt.Errorf("orders: late lifts: %w", err)
	}
	var (
		caseID  int64
		level   int
		purpose engine.Purpose
		since   time.Time
	)
	_, err = pgx.ForEachRow(rows, []any{&caseID, &level, &purpose, &since}, func() error {
		c.Sender.Log.ErrorContext(ctx, "a lift is not confirmed in time", "level", level, "case", caseID, "purpose", purpose, "minutes", int(now.Sub(since).Minutes()))
		if c.Alarm != nil {
			c.Alarm("late_lift", fmt.Sprint(level), 1)
		}
		return nil
	})
	if err == nil {
		_, err = pool.Exec(ctx, clearSQL, now)
	}
	if err != nil {
		return fmt.Errorf("orders: late lifts: %w", err)
	}
	return nil
}

// ReadLifts counts what waits for its confirmation now.
func ReadLifts(ctx context.Context, q engine.Querier, now time.Time) (l Lifts, err error) {
	var oldest *time.Time
	err = q.QueryRow(ctx, liftsSQL, now, LateAfter, VeryLateAfter).Scan(&l.Count, &l.Late, &l.VeryLate, &oldest, &l.CaseID)
	if errors.Is(err, pgx.ErrNoRows) {
		return l, nil
	}
	if err != nil {
		return l, fmt.Errorf("orders: lifts: %w", err)
	}
	if oldest != nil {
		l.Oldest = oldest.UTC()
	}
	return l, nil
}

// waitingSQL goes by the chunks that are open, which are few, and not by the orders, which are many. Their cases are asked last: most of
// what waits is an arrest that nobody was asked for yet.
const waitingSQL = `WITH waiting AS (
SELECT o.id, o.case_id, o.purpose, CASE WHEN o.purpose IN ('arrest', 'register') THEN c.ended_at
         WHEN o.purpose IN ('lift', 'deregister') AND c.state IN ('paid', 'cancelled') THEN least(o.requested_at, c.ended_at) ELSE o.requested_at END AS since
  FROM (SELECT DISTINCT unnest(case_ids) AS case_id FROM chunks WHERE done_at IS NULL AND kind IN ('lift', 'orders', 'register', 'deregister')) k
  CROSS JOIN LATERAL (SELECT * FROM orders o WHERE o.case_id = k.case_id AND o.status IN ('requested', 'unknown') AND (o.purpose NOT IN ('arrest', 'register') OR o.attempts > 0) OFFSET 0) o
  JOIN cases c ON c.id = o.case_id
 WHERE o.purpose IN ('lift', 'reduce', 'recall', 'deregister') OR o.purpose IN ('arrest', 'register') AND o.attempts > 0 AND c.state IN ('paid', 'cancelled')
UNION ALL
SELECT k.id, f.case_id, k.purpose, k.ordered_at FROM bank_corrections k JOIN bank_findings f ON f.id = k.finding_id WHERE k.confirmed_at IS NULL
UNION ALL
SELECT removal_id, case_id, 'deregister', found_at FROM register_findings WHERE removal_id IS NOT NULL AND resolved_at IS NULL) `

const raiseSQL = waitingSQL + `INSERT INTO late_lifts (order_id, level, case_id, purpose, since, raised_at)
SELECT w.id, l.level, w.case_id, w.purpose, w.since, $1
  FROM waiting w JOIN (VALUES (1, $2::interval), (2, $3::interval)) AS l(level, after) ON w.since + l.after <= $1
    ON CONFLICT DO NOTHING RETURNING case_id, level, purpose, since`

const clearSQL = `UPDATE late_lifts l SET cleared_at = $1 WHERE cleared_at IS NULL
   AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.case_id = l.case_id AND o.id = l.order_id AND o.status IN ('requested', 'unknown'))
   AND NOT EXISTS (SELECT 1 FROM bank_corrections k WHERE k.id = l.order_id AND k.confirmed_at IS NULL)
   AND NOT EXISTS (SELECT 1 FROM register_findings f WHERE f.removal_id = l.order_id AND f.resolved_at IS NULL)`

const liftsSQL = waitingSQL + `SELECT count(*) OVER (), count(*) FILTER (WHERE since + $2::interval <= $1 AND since + $3::interval > $1) OVER (),
       count(*) FILTER (WHERE since + $3::interval <= $1) OVER (), since, case_id FROM waiting ORDER BY since, case_id LIMIT 1`
