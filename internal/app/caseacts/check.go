package caseacts

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Violation is one broken promise about acts by hand (INV-C1 to INV-C3).
type Violation struct {
	ID     string
	CaseID int64  // 0 when no single case is concerned
	Detail string // ids alone, never personal data
}

// checks are the promises, each with a reading of its own that does not trust what the program or the database has held before. Each finds at most
// 100 rows: one is an alarm already.
var checks = []struct{ id, sql string }{
	// What takes two was agreed to by two different people, within a day of the first word. How many it takes is said here once more.
	{"INV-C1", `SELECT 0::bigint, format('act %s, a %s of %s cases, is %s; asked for by %s at %s, agreed to by %s at %s', a.id, a.kind, a.cases, a.state, a.asked_by, a.asked_at, coalesce(a.decided_by, 'nobody'), a.decided_at)
  FROM case_acts a
 WHERE a.state IN ('running', 'done') AND (a.two OR a.kind IN ('cancel', 'correct', 'lift', 'other_person') OR a.cases > 1 AND a.kind NOT IN ('hold', 'suspend'))
   AND (a.asked_at IS NULL OR a.decided_by IS NULL OR a.decided_by = a.asked_by OR a.verdict IS DISTINCT FROM 'agreed' OR a.decided_at < a.asked_at OR a.decided_at >= a.asked_at + interval '24 hours')
 ORDER BY a.id LIMIT 100`},
	// A list that was done has as many cases as were agreed to, each once and each with a result, and nothing was done of a list before its last word.
	{"INV-C2", `SELECT 0::bigint, format('act %s is %s: %s cases on its list, it is of %s; %s of them twice, %s without a result, %s with one', a.id, a.state, coalesce(i.n, 0), a.cases, coalesce(i.n - i.once, 0), coalesce(i.left, 0), coalesce(i.n - i.left, 0))
  FROM case_acts a LEFT JOIN (SELECT act_id, count(*) AS n, count(DISTINCT case_id) AS once, count(*) FILTER (WHERE outcome = '') AS left FROM case_act_items GROUP BY act_id) i ON i.act_id = a.id
 WHERE a.state <> 'draft' AND (coalesce(i.n, 0) <> a.cases OR i.once <> i.n)
    OR a.state = 'done' AND i.left > 0 OR a.state NOT IN ('running', 'done') AND i.n > i.left
 ORDER BY a.id LIMIT 100`},
	{"INV-C2", `SELECT i.case_id, format('is on the list of act %s, which is not there', i.act_id) FROM case_act_items i WHERE NOT EXISTS (SELECT 1 FROM case_acts a WHERE a.id = i.act_id) LIMIT 100`},
	// What a list says was done to a case stands in the chain of the case, under the names of those who did it, as often as lists say so.
	{"INV-C3", `WITH done AS (
    SELECT i.case_id, a.kind, CASE WHEN a.decided_by IS NULL THEN a.asked_by ELSE a.asked_by || ', ' || a.decided_by END AS actor, count(*) AS n, min(a.id) AS first
      FROM case_act_items i JOIN case_acts a ON a.id = i.act_id WHERE i.outcome = 'done' GROUP BY 1, 2, 3)
SELECT d.case_id, format('%s of %s was done to it %s times, as lists say (the first is act %s); its chain has %s', d.kind, d.actor, d.n, d.first, e.n)
  FROM done d CROSS JOIN LATERAL (SELECT count(*) AS n FROM events e WHERE e.case_id = d.case_id AND e.actor = d.actor AND e.kind = ANY (CASE d.kind
         WHEN 'hold' THEN ARRAY['held'] WHEN 'resume' THEN ARRAY['resumed'] WHEN 'suspend' THEN ARRAY['suspended'] WHEN 'notify' THEN ARRAY['notified_again']
         WHEN 'cancel' THEN ARRAY['cancelled', 'voided', 'handover_recalled'] WHEN 'other_person' THEN ARRAY['cancelled', 'voided', 'handover_recalled'] WHEN 'correct' THEN ARRAY['adjusted'] WHEN 'lift' THEN ARRAY['lift_ordered'] END)) e
 WHERE e.n < d.n ORDER BY d.case_id LIMIT 100`},
}

// Checked is the number of promises that Check looks at.
func Checked() int { return len(checks) }

// Check proves the promises about acts by hand again, with SQL of its own. It only reads.
func Check(ctx context.Context, q interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
},
) ([]Violation, error) {
	var found []Violation
	for _, c := range checks {
		rows, err := q.Query(ctx, c.sql)
		if err != nil {
			return found, fmt.Errorf("caseacts: check %s: %w", c.id, err)
		}
		bad, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Violation, error) {
			v := Violation{ID: c.id}
			err := row.Scan(&v.CaseID, &v.Detail)
			return v, err
		})
		if err != nil {
			return found, fmt.Errorf("caseacts: check %s: %w", c.id, err)
		}
		found = append(found, bad...)
	}
	return found, nil
}
