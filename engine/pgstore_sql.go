package engine

const appliedSQL = `SELECT EXISTS (SELECT 1 FROM applies WHERE id = $1)`

const insertApplySQL = `INSERT INTO applies (id, at) VALUES ($1, $2)`

const caseColumnsSQL = `id, debtor_id, region, language, state, hold, suspended, suspended_on, suspended_until, suspended_days, debt, outstanding, paid, adjusted,
	opened_on, term_ends_on, notified_on, voluntary_ends_on, collect_on, register_on, paused_to, limitation_on, notice_rung, next_rung_at, refusal_at,
	bailiff_id, ended_at, released_at, pack, seq, head, mail, objections`

const lockCasesSQL = `SELECT ` + caseColumnsSQL + ` FROM cases WHERE id = ANY($1) ORDER BY id FOR UPDATE`

const lockFreeCasesSQL = `SELECT ` + caseColumnsSQL + ` FROM cases WHERE id = ANY($1) ORDER BY id FOR UPDATE SKIP LOCKED`

const readCasesSQL = `SELECT ` + caseColumnsSQL + ` FROM cases WHERE id = ANY($1) ORDER BY id`

const firstEventsSQL = `SELECT case_id, data::text FROM events WHERE case_id = ANY($1) AND seq = 1`

const readOrdersSQL = `SELECT case_id, purpose, ordinal, status, amount, held, requested_at
  FROM orders WHERE case_id = ANY($1) ORDER BY case_id, requested_at, purpose, ordinal`

const updateCasesSQL = `UPDATE cases c SET state = u.state, hold = u.hold, suspended = u.suspended, suspended_until = u.suspended_until,
	outstanding = u.outstanding, paid = u.paid, adjusted = u.adjusted, notified_on = u.notified_on,
	voluntary_ends_on = u.voluntary_ends_on, collect_on = u.collect_on, notice_rung = u.notice_rung,
	next_rung_at = u.next_rung_at, refusal_at = u.refusal_at, bailiff_id = u.bailiff_id, ended_at = u.ended_at,
	released_at = u.released_at, pack = u.pack, seq = u.seq, head = u.head
  FROM unnest($1::bigint[], $2::int[], $3::text[], $4::text[], $5::text[], $6::date[], $7::bigint[], $8::bigint[], $9::bigint[],
	$10::date[], $11::date[], $12::date[], $13::smallint[], $14::timestamptz[], $15::timestamptz[], $16::bigint[],
	$17::timestamptz[], $18::timestamptz[], $19::smallint[], $20::int[], $21::bytea[])
    AS u(id, was, state, hold, suspended, suspended_until, outstanding, paid, adjusted, notified_on, voluntary_ends_on, collect_on,
	notice_rung, next_rung_at, refusal_at, bailiff_id, ended_at, released_at, pack, seq, head)
 WHERE c.id = u.id AND c.seq = u.was`

// Few cases are ever suspended or paused, or wait for an entry: what that changes besides is written apart.
const updateTermsSQL = `UPDATE cases c SET suspended_on = u.suspended_on, suspended_days = u.suspended_days, term_ends_on = u.term_ends_on, paused_to = u.paused_to, register_on = u.register_on
  FROM unnest($1::bigint[], $2::date[], $3::int[], $4::date[], $5::date[], $6::date[]) AS u(id, suspended_on, suspended_days, term_ends_on, paused_to, register_on) WHERE c.id = u.id`

const updateOrdersSQL = `UPDATE orders o SET status = u.status, held = u.held, bank = CASE WHEN u.bank = '' THEN o.bank ELSE u.bank END,
	detail = CASE WHEN u.detail = '' THEN o.detail ELSE u.detail END, answered_at = COALESCE(u.answered_at, o.answered_at)
  FROM unnest($1::bigint[], $2::text[], $3::smallint[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::timestamptz[])
    AS u(case_id, purpose, ordinal, status, held, bank, detail, answered_at)
 WHERE o.case_id = u.case_id AND o.purpose = u.purpose AND o.ordinal = u.ordinal`

const moveDueSQL = `UPDATE due d SET at = u.at, duty = u.duty, voluntary_ends_on = u.voluntary_ends_on
  FROM unnest($1::bigint[], $2::timestamptz[], $3::text[], $4::date[]) AS u(case_id, at, duty, voluntary_ends_on) WHERE d.case_id = u.case_id`

const upsertDueSQL = `INSERT INTO due (case_id, at, duty, voluntary_ends_on)
SELECT * FROM unnest($1::bigint[], $2::timestamptz[], $3::text[], $4::date[])
    ON CONFLICT (case_id) DO UPDATE SET at = EXCLUDED.at, duty = EXCLUDED.duty, voluntary_ends_on = EXCLUDED.voluntary_ends_on`

const deleteDueSQL = `DELETE FROM due WHERE case_id = ANY($1)`

const dueCasesSQL = `SELECT case_id FROM due WHERE at <= $1 ORDER BY at, case_id LIMIT $2`

const claimChunkSQL = `UPDATE chunks SET fence = fence + 1, touched_at = now(), claimed_by = pg_backend_pid() WHERE id = $1 AND done_at IS NULL
RETURNING kind, case_ids, not_before, fence`

const holdChunkSQL = `SELECT 1 FROM chunks WHERE id = $1 AND fence = $2 AND done_at IS NULL FOR UPDATE`

const finishChunkSQL = `UPDATE chunks SET done_at = now() WHERE id = $1 AND fence = $2`

const splitChunkSQL = `UPDATE chunks SET done_at = now(), error = $2 WHERE id = $1`

// takeOutSQL leaves a chunk without some of its cases; one without any is done.
const takeOutSQL = `UPDATE chunks SET done_at = CASE WHEN case_ids <@ $2::bigint[] THEN now() END,
    case_ids = CASE WHEN case_ids <@ $2 THEN case_ids ELSE array(SELECT c FROM unnest(case_ids) AS c WHERE c <> ALL ($2) ORDER BY c) END
 WHERE id = $1 AND done_at IS NULL`

const failChunkSQL = `UPDATE chunks SET error = $2, touched_at = now() WHERE id = $1`

// A chunk that nobody was asked to work yet counts as untouched since ever, so that the pulse starts it on time.
const insertChunkSQL = `INSERT INTO chunks (kind, case_ids, not_before, touched_at)
VALUES ($1, $2, $3, CASE WHEN $4::boolean THEN now() ELSE '-infinity' END) RETURNING id`

// A worker's death ends the connection through which it claimed. A process of the database under the same number that began
// later is another one. Where beginnings are hidden, and behind a pooler, time has to do.
const dueChunksSQL = `WITH picked AS MATERIALIZED (
    SELECT id, touched_at = '-infinity' AS fresh FROM chunks c WHERE done_at IS NULL AND not_before <= $1 AND kind <> ALL ($5)
        AND (touched_at < now() - CASE WHEN claimed_by IS NULL THEN $2::interval ELSE $3::interval END
         OR claimed_by IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pg_stat_activity a WHERE a.pid = c.claimed_by AND (a.backend_start IS NULL OR a.backend_start <= c.touched_at)))
     ORDER BY not_before, id LIMIT $4 FOR UPDATE SKIP LOCKED)
UPDATE chunks c SET touched_at = now(), claimed_by = NULL FROM picked p WHERE c.id = p.id
RETURNING c.id, c.kind, c.case_ids, c.not_before, p.fresh`

const mergedChunksSQL = `UPDATE chunks SET done_at = now(), error = 'merged' WHERE id = ANY($1)`

const fillChunkSQL = `UPDATE chunks SET case_ids = $2 WHERE id = $1`

// The identifiers of calls begin with their time in milliseconds (RFC 9562, version 7), so the oldest stand together.
const forgetAppliesSQL = `DELETE FROM applies WHERE id IN (SELECT id FROM applies
    WHERE id < (lpad(to_hex((extract(epoch FROM now() - interval '1 day') * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
    ORDER BY id LIMIT $1)`

// Numbers of chunks grow with time: only the oldest are looked at, of which few are still open.
const forgetChunksSQL = `DELETE FROM chunks WHERE id IN (SELECT id FROM (SELECT id, done_at FROM chunks ORDER BY id LIMIT $1) old
    WHERE done_at < now() - interval '7 days')`
