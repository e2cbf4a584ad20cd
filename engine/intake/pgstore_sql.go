package intake

const lockContentSQL = `SELECT pg_advisory_xact_lock($1)`

const findBatchSQL = `SELECT id, state, rows FROM batches WHERE sha256 = $1 AND source = $2 AND state IN ('staging', 'done') ORDER BY id`

const (
	seenSQL       = `SELECT EXISTS (SELECT 1 FROM batches WHERE sha256 = $1 AND state = 'done')`
	rowsOfSameSQL = `SELECT rows FROM batches WHERE sha256 = $1 AND source = $2 AND state = 'done' ORDER BY id LIMIT 1`
)

const insertBatchSQL = `INSERT INTO batches (source, file_name, sha256, received_at) VALUES ($1, $2, $3, $4) RETURNING id`

// Two statements, since a subselect beside FOR UPDATE would not see what was committed while the lock was waited for.
const lockBatchSQL = `SELECT state FROM batches WHERE id = $1 FOR UPDATE`

const lockLaneSQL = `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`

const formatSQL = `UPDATE batches SET format = $2 WHERE id = $1 AND format <> $2`

const batchStateSQL = `SELECT state FROM batches WHERE id = $1`

const storedRowsSQL = `SELECT row_no FROM batch_rows WHERE batch_id = $1 AND row_no BETWEEN $2 AND $3`

const lastRowSQL = `SELECT coalesce(max(row_no), 0) FROM batch_rows WHERE batch_id = $1`

const countRowsSQL = `UPDATE batches SET rows = rows + $2, accepted = accepted + $3, duplicate = duplicate + $4, rejected = rejected + $5,
	quarantined = quarantined + $6, touched_at = now()
 WHERE id = $1 AND state IN ('received', 'staging')`

const endBatchSQL = `UPDATE batches SET state = $2, finished_at = $3 WHERE id = $1 AND state = 'staging'`

const readBatchSQL = `SELECT rows, accepted, duplicate, rejected, quarantined FROM batches WHERE id = $1`

// The rows of a file that was received before, each with its own verdict in the new batch.
const repeatRowsSQL = `INSERT INTO batch_rows (batch_id, row_no, verdict, case_id, document_number, code)
SELECT $1, row_no, 'duplicate', case_id, document_number, 'duplicate'
  FROM batch_rows WHERE batch_id = $2 AND row_no > $3 ORDER BY row_no LIMIT $4`

const problemRowsSQL = `SELECT row_no, code, field FROM batch_rows
 WHERE batch_id = $1 AND verdict IN ('rejected', 'quarantined') ORDER BY row_no LIMIT $2`

const duplicateRowsSQL = `SELECT row_no, code, field FROM batch_rows WHERE batch_id = $1 AND verdict = 'duplicate' ORDER BY row_no LIMIT $2`

const knownWritsSQL = `SELECT w.source, w.document_number, w.content_hash, w.case_id
  FROM unnest($1::text[], $2::text[]) AS u(source, document_number) JOIN writs w USING (source, document_number)`

const knownDebtorsSQL = `SELECT iin_blind, id, name, birth_date, address_sealed IS NOT NULL FROM debtors WHERE iin_blind = ANY($1)`

// The name of the sequence is looked up once, not for each row.
const nextDebtorsSQL = `WITH ids AS MATERIALIZED (SELECT pg_get_serial_sequence('debtors', 'id')::regclass AS seq)
SELECT nextval(ids.seq) FROM ids, generate_series(1, $1)`

const startYearSQL = `INSERT INTO case_serials (year, next) VALUES ($1, 1) ON CONFLICT (year) DO NOTHING`

const takeSerialsSQL = `UPDATE case_serials SET next = next + $2 WHERE year = $1 AND next + $2 <= 10000000 RETURNING next - $2`

const receivedBeforeSQL = `SELECT coalesce(min(id), 0) FROM batches WHERE sha256 = $1 AND source = $2 AND state = 'done'`
