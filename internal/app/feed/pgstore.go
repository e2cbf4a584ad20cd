package feed

// The transactions below the oldest one that still runs have all ended, and what they wrote is visible to this very
// statement. A row of the bound comes back even when it is another source's, to say how far was looked.
const readFeedSQL = `WITH page AS MATERIALIZED (
    SELECT tx, case_id, seq, kind, at, row_number() OVER w AS n, count(*) OVER () AS total
      FROM (SELECT tx, case_id, seq, kind, at FROM events
             WHERE (tx, case_id, seq) > ($2::bigint::text::xid8, $3::bigint, $4::int)
               AND (tx, case_id, seq) <= ($5::bigint::text::xid8, $6::bigint, $7::int)
               AND tx < pg_snapshot_xmin(pg_current_snapshot())
             ORDER BY tx, case_id, seq LIMIT $8) s
    WINDOW w AS (ORDER BY tx, case_id, seq))
SELECT p.tx::text::bigint, p.case_id, p.seq, p.kind, p.at, coalesce(w.document_number, ''), coalesce(c.state, ''), coalesce(c.outstanding, 0),
       w.case_id IS NOT NULL, p.n::int, p.total::int,
       CASE WHEN w.case_id IS NOT NULL AND p.kind IN ('cancelled', 'voided', 'handover_recalled') THEN (SELECT coalesce(e.data ->> 'reason', '') FROM events e WHERE e.case_id = p.case_id AND e.seq = p.seq) ELSE '' END
  FROM page p LEFT JOIN writs w ON w.case_id = p.case_id AND w.source = $1 LEFT JOIN cases c ON c.id = w.case_id
 WHERE w.case_id IS NOT NULL OR p.n = p.total
 ORDER BY p.n`

const dueSQL = `SELECT s.name FROM sources s LEFT JOIN webhook_deliveries d ON d.source = s.name
 WHERE s.active AND s.webhook_url <> '' AND s.webhook_secret IS NOT NULL AND (d.source IS NULL OR NOT d.stopped AND d.next_at <= now())
 ORDER BY d.next_at NULLS FIRST LIMIT $1`

const claimSQL = `INSERT INTO webhook_deliveries AS d (source, claim, next_at) VALUES ($1, 1, now() + $2::interval)
    ON CONFLICT (source) DO UPDATE SET claim = d.claim + 1, next_at = now() + $2::interval WHERE NOT d.stopped AND d.next_at <= now()
RETURNING position, pending, claim, attempts`

const pendSQL = `UPDATE webhook_deliveries SET position = $3, pending = $4, next_at = now() + $5::interval WHERE source = $1 AND claim = $2`

const takenSQL = `UPDATE webhook_deliveries SET position = pending, pending = '', attempts = 0, failing_since = NULL, last_at = now(), last_status = $3,
	told = told + $4, next_at = now() + $5::interval
 WHERE source = $1 AND claim = $2`

const idleSQL = `UPDATE webhook_deliveries SET position = $3, next_at = now() + $4::interval WHERE source = $1 AND claim = $2`

const failedSQL = `UPDATE webhook_deliveries SET attempts = attempts + 1, failing_since = coalesce(failing_since, now()), last_at = now(), last_status = $3,
	next_at = now() + $4::interval, stopped = $6 OR coalesce(failing_since, now()) + $5::interval <= now()
 WHERE source = $1 AND claim = $2 RETURNING stopped`

const replaySQL = `INSERT INTO webhook_deliveries AS d (source, position) VALUES ($1, $2)
    ON CONFLICT (source) DO UPDATE SET position = excluded.position, pending = '', claim = d.claim + 1, attempts = 0, failing_since = NULL,
	stopped = false, next_at = now()`
