package intake

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
)

// Violation is one broken promise of the intake invariants (INV-I1 to INV-I3).
type Violation struct {
	ID     string // "INV-I1"
	CaseID int64  // 0 when no single case is concerned
	Detail string // ids, counts and sums in tiyn, never personal data
}

// Every part finds at most 100 rows: one is an alarm already.
const (
	checkBatchesSQL = `(WITH counted AS (
    SELECT batch_id, count(*) AS rows, count(*) FILTER (WHERE verdict = 'accepted') AS accepted, count(*) FILTER (WHERE verdict = 'duplicate') AS duplicate,
           count(*) FILTER (WHERE verdict = 'rejected') AS rejected, count(*) FILTER (WHERE verdict = 'quarantined') AS quarantined
      FROM batch_rows GROUP BY batch_id)
SELECT 'INV-I1' AS id, 0::bigint AS case_id,
       format('batch %s: %s/%s/%s/%s/%s, its rows %s/%s/%s/%s/%s', b.id, b.rows, b.accepted, b.duplicate, b.rejected, b.quarantined,
              coalesce(n.rows, 0), coalesce(n.accepted, 0), coalesce(n.duplicate, 0), coalesce(n.rejected, 0), coalesce(n.quarantined, 0)) AS detail
  FROM batches b LEFT JOIN counted n ON n.batch_id = b.id
 WHERE (b.rows, b.accepted, b.duplicate, b.rejected, b.quarantined) IS DISTINCT FROM
       (coalesce(n.rows, 0), coalesce(n.accepted, 0), coalesce(n.duplicate, 0), coalesce(n.rejected, 0), coalesce(n.quarantined, 0))
    OR b.rows <> b.accepted + b.duplicate + b.rejected + b.quarantined OR (b.state = 'done' AND b.expected > 0 AND b.rows <> b.expected)
 ORDER BY b.id LIMIT 100)`

	// What was not accepted keeps its content; what was accepted has the writ that names the row, or the correction of one that
	// does. A preview opens nothing.
	checkRowsSQL = `(SELECT 'INV-I1' AS id, coalesce(r.case_id, 0) AS case_id, format('batch %s row %s: %s without %s', r.batch_id, r.row_no, r.verdict,
       CASE r.verdict WHEN 'accepted' THEN 'its writ' ELSE 'its sealed content' END) AS detail
  FROM batch_rows r LEFT JOIN batches b ON b.id = r.batch_id
  LEFT JOIN writs w ON r.verdict = 'accepted' AND w.case_id = r.case_id AND (r.action <> 'open' OR (w.batch_id = r.batch_id AND w.row_no = r.row_no))
 WHERE (r.verdict = 'accepted' AND w.case_id IS NULL AND coalesce(b.state, '') NOT IN ('received', 'waiting', 'previewed', 'rejected'))
    OR (r.verdict IN ('rejected', 'quarantined') AND r.sealed IS NULL)
 ORDER BY r.batch_id, r.row_no LIMIT 100)`

	// A batch that nobody has let in has opened and changed nothing.
	checkOpenedSQL = `(SELECT 'INV-I1' AS id, u.case_id, format('batch %s is %s and has touched the case', b.id, b.state) AS detail
  FROM batches b JOIN (SELECT batch_id, case_id FROM writs UNION ALL SELECT batch_id, case_id FROM writ_corrections) u ON u.batch_id = b.id
 WHERE b.state IN ('received', 'waiting', 'previewed', 'refused', 'rejected') ORDER BY u.case_id LIMIT 100)`

	// A batch that has waited was let in by two different people within a day.
	checkReleasedSQL = `(SELECT 'INV-I1' AS id, 0::bigint AS case_id, format('batch %s was let in without two people', b.id) AS detail
  FROM batches b WHERE b.gated AND b.state IN ('staging', 'done', 'failed') AND NOT EXISTS (
    SELECT 1 FROM batch_acts r JOIN batch_acts p ON p.batch_id = r.batch_id AND p.act = 'proposed' AND lower(p.actor) <> lower(r.actor)
       AND p.at <= r.at AND r.at < p.at + interval '24 hours'
     WHERE r.batch_id = b.id AND r.act = 'released')
 ORDER BY b.id LIMIT 100)`

	// A row that waited for people has its verdict from two different ones, within a day, and the event of its opening names them.
	checkWordsSQL = `(SELECT 'INV-I3' AS id, coalesce(r.case_id, 0) AS case_id, format('word %s on row %s of batch %s: it is not of two people within a day, or the row is %s', i.id, i.row_no, i.batch_id, coalesce(r.verdict, 'gone')) AS detail
  FROM identity_words i LEFT JOIN batch_rows r ON r.batch_id = i.batch_id AND r.row_no = i.row_no
 WHERE i.verdict = 'agreed' AND (lower(i.decided_by) = lower(i.proposed_by) OR i.decided_at >= i.proposed_at + interval '24 hours' OR i.decided_at < i.proposed_at
    OR i.became <> 'quarantined' AND (r.verdict IS DISTINCT FROM i.became OR r.code IS DISTINCT FROM i.code))
 ORDER BY i.id LIMIT 100)`

	checkLetInSQL = `(SELECT 'INV-I3' AS id, e.case_id, 'a person has opened the case, and no two have found whom its writ means' AS detail
  FROM events e LEFT JOIN writs w ON w.case_id = e.case_id
 WHERE e.kind = 'opened' AND e.actor NOT IN ('robot', 'court', 'bank', 'register', 'payment', 'debtor', 'notice', 'stranger')
   AND NOT EXISTS (SELECT 1 FROM identity_words i WHERE i.batch_id = w.batch_id AND i.row_no = w.row_no AND i.verdict = 'agreed' AND i.became = 'accepted'
                      AND i.answer = 'same' AND e.actor = i.proposed_by || ', ' || i.decided_by)
 ORDER BY e.case_id LIMIT 100)`

	checkSentBackSQL = `(SELECT 'INV-I3' AS id, 0::bigint AS case_id, format('row %s of batch %s was sent back without two people', r.row_no, r.batch_id) AS detail
  FROM batch_rows r WHERE r.verdict = 'rejected' AND r.code IN ('identity_refused', 'sent_back')
   AND NOT EXISTS (SELECT 1 FROM identity_words i WHERE i.batch_id = r.batch_id AND i.row_no = r.row_no AND i.verdict = 'agreed' AND i.answer = 'back')
 ORDER BY r.batch_id, r.row_no LIMIT 100)`

	checkWritsSQL = `(SELECT 'INV-I2' AS id, coalesce(c.id, w.case_id) AS case_id,
       CASE WHEN w.case_id IS NULL THEN 'the case has no writ' WHEN c.id IS NULL THEN 'the writ has no case'
            ELSE format('writ: debtor %s, amount %s; case: debtor %s, debt %s', w.debtor_id, w.amount, c.debtor_id, c.debt) END AS detail
  FROM cases c FULL JOIN writs w ON w.case_id = c.id
 WHERE w.case_id IS NULL OR c.id IS NULL OR w.amount <> c.debt OR w.debtor_id <> c.debtor_id
 ORDER BY 2 LIMIT 100)`

	// No foreign key says so: it would look up and lock a debtor for each row of a bulk import.
	checkDebtorsSQL = `(SELECT 'INV-I2' AS id, w.case_id AS case_id, format('debtor %s of the writ is not there', w.debtor_id) AS detail
  FROM writs w WHERE NOT EXISTS (SELECT 1 FROM debtors d WHERE d.id = w.debtor_id) ORDER BY 2 LIMIT 100)`

	checkNumbersSQL = `(SELECT 'INV-I2' AS id, min(case_id) AS case_id, format('%s cases on one document', count(*)) AS detail
  FROM writs GROUP BY source, document_number HAVING count(*) > 1 ORDER BY 2 LIMIT 100)`

	checkSQL = checkBatchesSQL + ` UNION ALL ` + checkRowsSQL + ` UNION ALL ` + checkOpenedSQL + ` UNION ALL ` + checkReleasedSQL + ` UNION ALL ` + checkWordsSQL + ` UNION ALL ` + checkLetInSQL + ` UNION ALL ` + checkSentBackSQL + ` UNION ALL ` + checkWritsSQL + ` UNION ALL ` + checkDebtorsSQL + ` UNION ALL ` + checkNumbersSQL
)

// Check proves the intake invariants over all batches and cases, read-only, in one statement and so in one state of the
// database.
func Check(ctx context.Context, q engine.Querier) ([]Violation, error) {
	rows, err := q.Query(ctx, checkSQL)
	if err != nil {
		return nil, fmt.Errorf("intake: check: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Violation])
	if err != nil {
		return nil, fmt.Errorf("intake: check: %w", err)
	}
	return found, nil
}
