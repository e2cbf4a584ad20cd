package engine

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Violation is a broken promise, found by reading.
type Violation struct {
	ID     string `json:"id"` // INV-…
	CaseID int64  `json:"case"`
	Detail string `json:"detail"`
}

// Check re-proves the engine's invariants with SQL of its own, so that a fault of the code that writes is not repeated
// by the code that looks. It only reads.
func Check(ctx context.Context, q Querier) ([]Violation, error) {
	var found []Violation
	for _, c := range checks {
		rows, err := q.Query(ctx, c.sql)
		if err != nil {
			return found, fmt.Errorf("engine: check %s: %w", c.id, err)
		}
		bad, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Violation, error) {
			v := Violation{ID: c.id}
			err := row.Scan(&v.CaseID, &v.Detail)
			return v, err
		})
		if err != nil {
			return found, fmt.Errorf("engine: check %s: %w", c.id, err)
		}
		found = append(found, bad...)
	}
	return found, nil
}

// Checked is the number of invariants that Check looks at.
func Checked() int { return len(checks) }

// askedSQL says that an order was asked for here, and not found at a bank after a restore: such an arrest is lifted where this
// database has no ground for it.
const askedSQL = `NOT EXISTS (SELECT 1 FROM events e WHERE e.case_id = o.case_id AND e.kind = 'bank_holds' AND (e.data ->> 'arrest')::int = o.ordinal AND o.purpose = 'arrest')`

// foundEntrySQL says that an entry was found in the register after a restore, and not asked for here.
const foundEntrySQL = `EXISTS (SELECT 1 FROM events e WHERE e.case_id = o.case_id AND e.kind = 'entry_found' AND (e.data ->> 'entry')::int = o.ordinal)`

// checks are the promises. INV-V1 leaves the first day of drawing out: programs of before may still be at work on it.
var checks = []struct{ id, sql string }{
	{"INV-M1", `SELECT id, 'debt ' || debt || ' + adjusted ' || adjusted || ' <> paid ' || paid || ' + outstanding ' || outstanding
	  FROM cases WHERE debt + adjusted <> paid + outstanding OR outstanding < 0 OR outstanding > debt LIMIT 100`},
	{"INV-A1", `SELECT case_id, count(*) || ' live arrests' FROM orders
	 WHERE purpose = 'arrest' AND status IN ('requested', 'unknown', 'active', 'lift_requested') GROUP BY case_id HAVING count(*) > 1 LIMIT 100`},
	{"INV-A2", `SELECT o.case_id, 'arrest asked for ' || o.amount || ' of a debt of ' || c.debt FROM orders o JOIN cases c ON c.id = o.case_id
	 WHERE o.purpose IN ('arrest', 'collect') AND o.amount > c.debt LIMIT 100`},
	{"INV-A2", `SELECT o.case_id, 'holds ' || o.held || ' with ' || c.outstanding || ' outstanding and no reduction on its way' FROM orders o JOIN cases c ON c.id = o.case_id
	 WHERE o.purpose = 'arrest' AND o.status = 'active' AND o.held > c.outstanding AND NOT EXISTS (SELECT 1 FROM orders r
	   WHERE r.case_id = o.case_id AND r.purpose = 'reduce' AND r.status IN ('requested', 'unknown')) LIMIT 100`},
	{"INV-A3", `SELECT o.case_id, o.purpose || ' asked for on ' || (o.requested_at AT TIME ZONE 'Asia/Almaty')::date || ', voluntary until ' || COALESCE(c.voluntary_ends_on::text, 'never')
	  FROM orders o JOIN cases c ON c.id = o.case_id
	 WHERE o.purpose IN ('arrest', 'collect') AND (c.notified_on IS NULL OR (o.requested_at AT TIME ZONE 'Asia/Almaty')::date <= c.voluntary_ends_on) AND ` + askedSQL + ` LIMIT 100`},
	{"INV-A3", `SELECT o.case_id, o.purpose || ' asked for after the end' FROM orders o JOIN cases c ON c.id = o.case_id
	 WHERE o.purpose IN ('arrest', 'collect') AND c.ended_at IS NOT NULL AND o.requested_at > c.ended_at AND ` + askedSQL + ` LIMIT 100`},
	{"INV-A4", `SELECT c.id, c.state || ' with an arrest that is ' || o.status FROM cases c JOIN orders o ON o.case_id = c.id AND o.purpose = 'arrest'
	 WHERE c.released_at IS NOT NULL AND o.status NOT IN ('lifted', 'handed_over', 'rejected', 'withdrawn') LIMIT 100`},
	{"INV-A4", `SELECT c.id, c.state || ' with an active arrest and no lift' FROM cases c JOIN orders o ON o.case_id = c.id AND o.purpose = 'arrest' AND o.status = 'active'
	 WHERE c.state IN ('paid', 'cancelled', 'handed_over') LIMIT 100`},
	{"INV-R1", `SELECT case_id, count(*) || ' live entries in the register' FROM orders
	 WHERE purpose = 'register' AND status IN ('requested', 'unknown', 'active', 'lift_requested', 'handed_over') GROUP BY case_id HAVING count(*) > 1 LIMIT 100`},
	{"INV-R2", `SELECT o.case_id, 'entry asked for on ' || (o.requested_at AT TIME ZONE 'Asia/Almaty')::date || ', voluntary until ' || COALESCE(c.voluntary_ends_on::text, 'never') || ', ended ' || COALESCE(c.ended_at::text, 'never')
	  FROM orders o JOIN cases c ON c.id = o.case_id WHERE o.purpose = 'register' AND NOT ` + foundEntrySQL + `
	   AND (c.notified_on IS NULL OR (o.requested_at AT TIME ZONE 'Asia/Almaty')::date <= c.voluntary_ends_on OR o.requested_at > c.ended_at) LIMIT 100`},
	{"INV-R3", `SELECT c.id, c.state || ' with an entry in the register that is ' || o.status FROM cases c JOIN orders o ON o.case_id = c.id AND o.purpose = 'register'
	 WHERE o.status = 'active' AND c.ended_at IS NOT NULL OR c.state IN ('paid', 'cancelled') AND (o.status = 'handed_over' OR c.released_at IS NOT NULL AND o.status NOT IN ('lifted', 'rejected', 'withdrawn')) LIMIT 100`},
	{"INV-S1", `SELECT c.id, 'the case counts ' || c.seq || ' events, there are ' || count(e.seq) FROM cases c LEFT JOIN events e ON e.case_id = c.id
	 GROUP BY c.id, c.seq HAVING count(e.seq) <> c.seq OR max(e.seq) <> c.seq OR min(e.seq) <> 1 LIMIT 100`},
	{"INV-S3", `SELECT case_id, count(*) || ' ends' FROM events WHERE kind IN ('paid', 'cancelled', 'handed_over') GROUP BY case_id HAVING count(*) > 1 LIMIT 100`},
	{"INV-S3", `SELECT c.id, 'is ' || c.state || ', its end says ' || COALESCE(e.kind, 'nothing') FROM cases c
	  LEFT JOIN events e ON e.case_id = c.id AND e.kind IN ('paid', 'cancelled', 'handed_over')
	 WHERE (c.state IN ('paid', 'cancelled', 'handed_over') OR e.kind IS NOT NULL) AND c.state IS DISTINCT FROM e.kind LIMIT 100`},
	{"INV-T1", `SELECT c.id, 'handed over on ' || (c.ended_at AT TIME ZONE 'Asia/Almaty')::date || ', the term ends on ' || c.term_ends_on FROM cases c
	 WHERE c.state = 'handed_over' AND c.refusal_at IS NULL AND (c.ended_at AT TIME ZONE 'Asia/Almaty')::date <= c.term_ends_on LIMIT 100`},
	{"INV-T1", `SELECT id, 'the term of a case opened on ' || opened_on || ' ends on ' || term_ends_on FROM cases WHERE term_ends_on < opened_on + 30 + suspended_days LIMIT 100`},
	{"INV-T1", `SELECT id, 'suspended without a first day, or the other way round' FROM cases WHERE (suspended <> '') <> (suspended_on IS NOT NULL) LIMIT 100`},
	{"INV-X1", `SELECT c.id, c.state || ' waits for nothing' FROM cases c LEFT JOIN due d ON d.case_id = c.id
	 WHERE c.ended_at IS NULL AND c.hold = '' AND c.suspended = '' AND d.case_id IS NULL
	   AND NOT EXISTS (SELECT 1 FROM objections j WHERE j.case_id = c.id AND j.status IN ('open', 'declined')) LIMIT 100`},
	{"INV-X1", `SELECT c.id, 'has ended, is not released and nobody looks' FROM cases c LEFT JOIN due d ON d.case_id = c.id
	 WHERE c.ended_at IS NOT NULL AND c.released_at IS NULL AND d.case_id IS NULL LIMIT 100`},
	{"INV-X1", `SELECT c.id, 'is due with the voluntary period until ' || COALESCE(d.voluntary_ends_on::text, 'never') || ', the case says ' || COALESCE(s.until::text, 'never') FROM due d JOIN cases c ON c.id = d.case_id
	 CROSS JOIN LATERAL (SELECT CASE WHEN c.state = 'notified' AND c.refusal_at IS NULL AND c.hold = '' AND c.suspended = ''
	   AND NOT (c.objections > 0 AND EXISTS (SELECT 1 FROM objections j WHERE j.case_id = c.id AND j.status IN ('open', 'declined'))) THEN c.voluntary_ends_on END AS until) s
	 WHERE d.voluntary_ends_on IS DISTINCT FROM s.until LIMIT 100`},
	{"INV-ROLLUP", `SELECT 0::bigint, 'region ' || region || ', ' || state || ': the rollup says ' || r || ', there are ' || n FROM (
	   SELECT region, state, sum(r) AS r, sum(n) AS n FROM (
	     SELECT region, state, cases AS r, 0 AS n FROM case_totals UNION ALL SELECT region, state, 0, 1 FROM cases) u GROUP BY region, state) s WHERE r <> n LIMIT 100`},
	{"INV-ROLLUP", `SELECT 0::bigint, 'the rollup has ' || (SELECT COALESCE(sum(outstanding), 0) FROM case_totals) || ' outstanding, the cases ' || COALESCE(sum(outstanding), 0)
	  FROM cases HAVING COALESCE(sum(outstanding), 0) <> (SELECT COALESCE(sum(outstanding), 0) FROM case_totals)`},
	{"INV-DAYS", checkDaysSQL},
	{"INV-A7", `SELECT o.case_id, 'arrest ' || o.ordinal || ' was sent while something of it was new and nobody had confirmed it' FROM orders o
	  JOIN writs w ON w.case_id = o.case_id LEFT JOIN batches b ON b.id = w.batch_id
	  LEFT JOIN events e ON e.case_id = o.case_id AND e.kind = 'arrest_ordered' AND e.at = o.requested_at LEFT JOIN rule_packs k ON k.id = e.pack
	 WHERE o.purpose = 'arrest' AND o.attempts > 0 AND NOT EXISTS (SELECT 1 FROM trials WHERE kind = 'all') AND ` + askedSQL + `
	   AND NOT EXISTS (SELECT 1 FROM trial_arrests a WHERE a.case_id = o.case_id AND a.ordinal = o.ordinal AND a.verdict = 'confirmed')
	   AND 3 > (SELECT count(*) FROM trials t WHERE t.passed_at IS NOT NULL AND (t.need = 0 OR o.answered_at IS NULL OR t.passed_at <= o.answered_at)
	     AND (t.kind, t.name) IN (('source', w.source), ('format', coalesce(b.format, '')), ('pack', coalesce(k.hash, '')))) LIMIT 100`},
	{"INV-A7", `SELECT 0::bigint, 'the trial of ' || t.kind || ' ' || t.name || ' ended with ' || n || ' of ' || t.need || ' confirmed' FROM trials t CROSS JOIN LATERAL
	   (SELECT count(*) AS n FROM trial_arrests a WHERE a.verdict = 'confirmed' AND CASE t.kind WHEN 'source' THEN a.source WHEN 'format' THEN a.format ELSE a.pack END = t.name) s
	 WHERE t.passed_at IS NOT NULL AND n < t.need`},
	{"INV-O1", `SELECT e.case_id, e.kind || ' (event ' || e.seq || ') while objection ' || j.seq || ' stood' FROM objections j
	  JOIN events e ON e.case_id = j.case_id AND e.seq > j.seq AND e.kind IN ('arrest_ordered', 'collect_ordered', 'handed_over')
	   AND e.seq < COALESCE((SELECT min(o.seq) FROM events o WHERE o.case_id = j.case_id AND o.seq > j.seq AND o.kind IN ('objection_accepted', 'objection_told')
	     AND (o.data ->> 'objection')::int = j.seq), e.seq + 1) LIMIT 100`},
	{"INV-O1", `SELECT c.id, 'counts ' || c.objections || ' objections, made were ' || n FROM (SELECT j.case_id, count(*) AS n FROM objections j GROUP BY j.case_id) j
	  JOIN cases c ON c.id = j.case_id WHERE c.objections <> n OR n <> (SELECT count(*) FROM events e WHERE e.case_id = c.id AND e.kind = 'objected') LIMIT 100`},
	{"INV-O1", `SELECT c.id, 'counts objections that nobody made' FROM cases c WHERE c.objections > 0 AND NOT EXISTS (SELECT 1 FROM objections j WHERE j.case_id = c.id) LIMIT 100`},
	{"INV-V1", `SELECT e.case_id, e.kind || ' (event ' || e.seq || ') is drawn for a person to look at, and is not laid before one' FROM events e
	 WHERE e.kind IN ('arrest_ordered', 'collect_ordered', 'handed_over') AND e.at > (SELECT min(drawn_at) + interval '1 day' FROM reviews)
	   AND ('x' || encode(substr(e.hash, 29, 4), 'hex'))::bit(32)::bigint % 100 = 0 AND NOT EXISTS (SELECT 1 FROM reviews r WHERE r.case_id = e.case_id AND r.seq = e.seq) LIMIT 100`},
	{"INV-V1", `SELECT r.case_id, 'event ' || r.seq || ' was laid before a person and is not drawn' FROM reviews r LEFT JOIN events e ON e.case_id = r.case_id AND e.seq = r.seq
	 WHERE e.kind IS DISTINCT FROM r.kind OR ('x' || encode(substr(e.hash, 29, 4), 'hex'))::bit(32)::bigint % r.one_in <> 0 LIMIT 100`},
	{"INV-T3", `SELECT c.id, 'decided under a rule pack that is gone' FROM cases c LEFT JOIN rule_packs p ON p.id = c.pack WHERE p.id IS NULL LIMIT 100`},
	{"INV-H1", `SELECT c.id, 'bailiff of the case ' || COALESCE(c.bailiff_id::text, 'none') || ', of the hand-over ' || COALESCE(h.bailiff_id::text, 'none')
	  FROM cases c FULL JOIN handovers h ON h.case_id = c.id WHERE c.bailiff_id IS DISTINCT FROM h.bailiff_id AND (c.bailiff_id IS NOT NULL OR h.bailiff_id IS NOT NULL) LIMIT 100`},
}
