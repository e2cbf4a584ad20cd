package engine

// checkDaysSQL counts the days anew from events and cases, and compares: what happened by the events alone, what falls due by the cases
// as they are.
const checkDaysSQL = `SELECT 0::bigint, 'region ' || region || ', ' || day || ', ' || what || ': the count says ' || sum(n) || ' and ' || sum(amount) || ' tiyn, there are ' || sum(m) || ' and ' || sum(there) || ' tiyn' FROM (
SELECT region, day, what, n, amount, 0 AS m, 0 AS there FROM day_totals UNION ALL
SELECT region, day, what, n, amount, 0, 0 FROM day_increments UNION ALL
SELECT region, day, what, 0, 0, n, amount FROM (
SELECT region, day, what, sum(n) AS n, sum(amount) AS amount FROM (
    SELECT c.region, (e.at AT TIME ZONE 'Asia/Almaty')::date AS day,
           CASE e.kind WHEN 'refusal_requested' THEN 'refused' WHEN 'order_answered' THEN 'lifted' ELSE e.kind END AS what, 1 AS n, 0::bigint AS amount
      FROM events e JOIN cases c ON c.id = e.case_id
     WHERE e.kind IN ('opened', 'notified', 'cancelled', 'handed_over', 'refusal_requested')
        OR e.kind = 'order_answered' AND e.data -> 'answer' ->> 'purpose' = 'lift' AND e.data -> 'answer' ->> 'answer' IN ('accepted', 'partial', 'already_done')
    UNION ALL
    SELECT region, day, CASE w WHEN 1 THEN 'collected' ELSE 'paid' END, CASE WHEN kind = 'payment_reversed' THEN -1 ELSE 1 END, CASE w WHEN 1 THEN moved ELSE paid END
      FROM (SELECT m.*, sum(moved - refund) OVER (PARTITION BY case_id ORDER BY seq) AS paid FROM (
          SELECT e.case_id, e.seq, e.kind, c.region, (e.at AT TIME ZONE 'Asia/Almaty')::date AS day,
                 CASE e.kind WHEN 'adjusted' THEN 0 WHEN 'payment_reversed' THEN -1 ELSE 1 END * replace(e.data ->> 'amount', '.', '')::bigint AS moved,
                 CASE e.kind WHEN 'adjusted' THEN replace(coalesce(e.data ->> 'refund_due', '0.00'), '.', '')::bigint ELSE 0 END AS refund
            FROM events e JOIN cases c ON c.id = e.case_id
           WHERE e.kind IN ('paid_in_part', 'paid', 'paid_after_end', 'payment_reversed', 'adjusted')) m) p
      JOIN (VALUES (1), (2)) v (w) ON w = 1 AND kind <> 'adjusted' OR w = 2 AND kind = 'paid'
    UNION ALL
    SELECT region, term_ends_on + 1, CASE WHEN kept THEN 'due_handover_kept' ELSE 'due_handover' END, 1, 0 FROM (
        SELECT c.region, c.term_ends_on, c.hold <> '' OR c.suspended <> '' OR c.objections > 0 AND EXISTS (SELECT 1 FROM objections j WHERE j.case_id = c.id AND j.status IN ('open', 'declined')) AS kept
          FROM cases c WHERE c.ended_at IS NULL) s
    UNION ALL
    SELECT c.region, CASE c.state WHEN 'notified' THEN c.voluntary_ends_on ELSE c.term_ends_on + 1 END, CASE c.state WHEN 'notified' THEN 'due_voluntary' ELSE 'due_unproven' END, 1, 0 FROM cases c
     WHERE (c.state = 'notified' AND c.refusal_at IS NULL OR c.state = 'opened' AND c.next_rung_at IS NULL) AND c.hold = '' AND c.suspended = ''
       AND NOT (c.objections > 0 AND EXISTS (SELECT 1 FROM objections j WHERE j.case_id = c.id AND j.status IN ('open', 'declined')))) u GROUP BY region, day, what
) counted) u GROUP BY region, day, what HAVING sum(n) <> sum(m) OR sum(amount) <> sum(there) LIMIT 100`
