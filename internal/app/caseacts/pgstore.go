package caseacts

const actColumnsSQL = `SELECT a.id, a.kind, a.params, a.reason, a.cases, a.two, a.state, a.asked_by, a.made_at, a.asked_at, a.expires_at, coalesce(a.decided_by, ''), a.verdict IS NOT DISTINCT FROM 'agreed', a.decided_at,
       a.why, a.done_at, a.state = 'asked' AND a.expires_at <= clock_timestamp() OR a.state = 'draft' AND a.made_at <= clock_timestamp() - interval '24 hours',
       CASE WHEN a.state IN ('running', 'done') THEN (SELECT coalesce(json_agg(json_build_object('Outcome', o.outcome, 'Cases', o.n) ORDER BY o.n DESC, o.outcome), '[]')
         FROM (SELECT i.outcome, count(*) AS n FROM case_act_items i WHERE i.act_id = a.id GROUP BY i.outcome) o) ELSE '[]' END
  FROM case_acts a`

// seenActSQL hides acts on cases of regions that one does not see, and drafts of others.
const seenActSQL = ` ($1::text[] IS NULL OR a.regions <@ $1) AND (a.state <> 'draft' OR a.asked_by = $2) `

const readActSQL = actColumnsSQL + ` WHERE` + seenActSQL + `AND a.id = $3`

const lockActSQL = readActSQL + ` FOR UPDATE OF a`

const listActsSQL = actColumnsSQL + ` WHERE` + seenActSQL + `ORDER BY a.id DESC LIMIT $3`

const waitingActsSQL = actColumnsSQL + ` WHERE` + seenActSQL + `AND a.state = 'asked' AND a.expires_at > clock_timestamp() ORDER BY a.asked_at, a.id LIMIT $3`

const actsOfCaseSQL = actColumnsSQL + ` WHERE` + seenActSQL + `AND a.id IN (SELECT i.act_id FROM case_act_items i WHERE i.case_id = $3)
   AND a.state <> 'draft' ORDER BY a.state IN ('asked', 'running') DESC, a.id DESC LIMIT 5`

const insertActSQL = `INSERT INTO case_acts (kind, params, reason, cases, regions, two, asked_by) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`

const insertItemsSQL = `INSERT INTO case_act_items (act_id, case_id, mark) SELECT $1, * FROM unnest($2::bigint[], $3::bytea[])`

const itemsSQL = `SELECT case_id, mark, outcome FROM case_act_items WHERE act_id = $1 AND case_id > $2 ORDER BY case_id LIMIT $3`

const leftItemsSQL = `SELECT case_id, mark, outcome FROM case_act_items WHERE act_id = $1 AND outcome = '' ORDER BY case_id LIMIT $2`

// askSQL asks for an act that takes two, or begins one that does not.
const askSQL = `UPDATE case_acts SET state = CASE WHEN two THEN 'asked' ELSE 'running' END, asked_at = t.now, expires_at = t.now + interval '24 hours'
  FROM (SELECT clock_timestamp() AS now) t WHERE id = $1`

const decideActSQL = `UPDATE case_acts SET state = CASE WHEN $3 THEN 'running' ELSE 'refused' END, verdict = CASE WHEN $3 THEN 'agreed' ELSE 'refused' END,
       decided_by = $2, decided_at = clock_timestamp(), why = $4 WHERE id = $1`

// takeActSQL takes an act to go on with; who finds it taken has nothing to do.
const takeActSQL = actColumnsSQL + ` WHERE a.id = $1 AND a.state = 'running' FOR UPDATE OF a SKIP LOCKED`

const saveOutcomesSQL = `UPDATE case_act_items i SET outcome = u.outcome, done_at = clock_timestamp()
  FROM unnest($2::bigint[], $3::text[]) AS u (case_id, outcome) WHERE i.act_id = $1 AND i.case_id = u.case_id`

const sentAgainSQL = `SELECT i.case_id FROM case_act_items i JOIN case_acts a ON a.id = i.act_id
 WHERE i.case_id = ANY ($1) AND a.kind = 'notify' AND i.outcome = 'done' AND i.done_at > clock_timestamp() - interval '24 hours'`

const finishActSQL = `UPDATE case_acts SET state = 'done', done_at = clock_timestamp() WHERE id = $1`

const runningActsSQL = `SELECT id FROM case_acts WHERE state = 'running' ORDER BY id LIMIT 100`

const forgetDraftsSQL = `DELETE FROM case_acts WHERE id IN (SELECT id FROM case_acts WHERE state = 'draft' AND made_at < clock_timestamp() - interval '2 days' ORDER BY made_at LIMIT 10)`
