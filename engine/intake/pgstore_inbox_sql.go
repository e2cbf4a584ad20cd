package intake

const nextBatchSQL = `SELECT nextval(pg_get_serial_sequence('batches', 'id'))`

const insertPartSQL = `INSERT INTO batch_files (batch_id, proven, part, sealed) VALUES ($1, $2, $3, $4)`

const readPartSQL = `SELECT sealed FROM batch_files WHERE batch_id = $1 AND proven = $2 AND part = $3`

// Never the parts of a batch: a commit whose answer was lost may have made one.
const dropPartsSQL = `DELETE FROM batch_files WHERE batch_id = $1 AND NOT EXISTS (SELECT 1 FROM batches WHERE id = $1)`

const dropOrphansSQL = `DELETE FROM batch_files f WHERE f.stored_at < now() - interval '1 day'
   AND NOT EXISTS (SELECT 1 FROM batches b WHERE b.id = f.batch_id)`

const lockKeySQL = `SELECT pg_advisory_xact_lock(hashtextextended($1 || ' ' || $2, 1))`

const findKeySQL = `SELECT k.batch_id, k.sha256, b.dry_run FROM batch_keys k JOIN batches b ON b.id = k.batch_id
 WHERE k.source = $1 AND k.key = $2`

const insertKeySQL = `INSERT INTO batch_keys (source, key, batch_id, sha256, at) VALUES ($1, $2, $3, $4, $5)`

const findContentSQL = `SELECT coalesce(min(id) FILTER (WHERE state IN ('received', 'waiting', 'staging') AND size > 0 AND dry_run = $3 AND sender_known = $4), 0),
       coalesce(min(id) FILTER (WHERE state = 'done'), 0)
  FROM batches WHERE sha256 = $1 AND source = $2`

const insertInboxSQL = `INSERT INTO batches (id, source, file_name, sha256, state, received_at, via, received_by, signer, language, dry_run, sender_known,
	size, proven_size, proven_sha256, same_as, fault, promised)
OVERRIDING SYSTEM VALUE
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, nullif($16::bigint, 0), $17, $18)`

const readInboxSQL = `SELECT b.id, b.source, b.file_name, b.sha256, b.size, b.via, b.received_by, b.signer, b.language, b.dry_run, b.state,
       b.rows, b.accepted, b.duplicate, b.rejected, b.quarantined, b.expected, b.figures, b.reasons, b.fault, coalesce(b.same_as, 0),
       b.received_at, b.finished_at, p.actor, p.reason, p.at
  FROM batches b LEFT JOIN LATERAL (SELECT actor, reason, at FROM batch_acts
       WHERE batch_id = b.id AND act = 'proposed' ORDER BY id DESC LIMIT 1) p ON b.state = 'waiting'`

const readRowsSQL = `SELECT row_no, action, verdict, code, field, document_number, coalesce(case_id, 0), trace FROM batch_rows
 WHERE batch_id = $1 AND row_no > $2 AND (cardinality($3::text[]) = 0 OR verdict = ANY($3)) AND ($5 = '' OR code = $5) ORDER BY row_no LIMIT $4`

const liveProposalSQL = `SELECT actor FROM batch_acts WHERE batch_id = $1 AND act = 'proposed' AND at > $2 ORDER BY id DESC LIMIT 1`

const insertActSQL = `INSERT INTO batch_acts (batch_id, act, actor, reason, at) VALUES ($1, $2, $3, $4, $5)`

const readActsSQL = `SELECT batch_id, act, actor, reason, at FROM batch_acts WHERE batch_id = $1 ORDER BY id`

const dropRowsSQL = `DELETE FROM batch_rows WHERE batch_id = $1`

const startStagingSQL = `UPDATE batches SET state = 'staging', rows = 0, accepted = 0, duplicate = 0, rejected = 0, quarantined = 0,
	touched_at = now(), finished_at = NULL
 WHERE id = $1 AND state IN ('received', 'waiting')`

const rejectBatchSQL = `UPDATE batches SET state = 'rejected', finished_at = $2 WHERE id = $1 AND state = 'waiting'`

const usualRowsSQL = `SELECT count(*)::int, coalesce(percentile_disc(0.5) WITHIN GROUP (ORDER BY rows), 0)::int
  FROM (SELECT rows FROM batches WHERE source = $1 AND state = 'done' AND same_as IS NULL ORDER BY id DESC LIMIT $2) s`

const touchBatchSQL = `UPDATE batches SET touched_at = now() WHERE id = $1`

const readWorkSQL = `SELECT proven_size, coalesce(proven_sha256, sha256), sender_known, suspects, promised FROM batches WHERE id = $1`

const moveBatchSQL = `UPDATE batches SET state = $2, expected = $3, looked = true, suspects = $4, figures = $5, reasons = $6, gated = $7,
	rows = CASE WHEN $8 THEN 0 ELSE rows END, accepted = CASE WHEN $8 THEN 0 ELSE accepted END, duplicate = CASE WHEN $8 THEN 0 ELSE duplicate END,
	rejected = CASE WHEN $8 THEN 0 ELSE rejected END, quarantined = CASE WHEN $8 THEN 0 ELSE quarantined END,
	finished_at = $9, touched_at = now()
 WHERE id = $1 AND state = 'received'`

const failBatchSQL = `UPDATE batches SET state = 'failed', fault = $2, finished_at = $3 WHERE id = $1 AND state IN ('received', 'staging')`

const dueBatchesSQL = `WITH picked AS MATERIALIZED (
    SELECT id FROM batches WHERE state IN ('received', 'staging') AND size > 0 AND touched_at < now() - $1::interval
     ORDER BY touched_at LIMIT $2 FOR UPDATE SKIP LOCKED)
UPDATE batches b SET touched_at = now() FROM picked p WHERE b.id = p.id RETURNING b.id`
