package payments

// What people did with money, checked again.
const (
	// What was moved on stands in the payments that it was moved to, whole, until the whole payment is taken back from all its parts.
	checkMovesSQL = `(WITH gone AS (SELECT payment_id, sum(amount) AS amount FROM (SELECT m.payment_id, m.amount - CASE m.kind WHEN 'split' THEN coalesce(p.reversed, 0) ELSE 0 END AS amount FROM money_moves m LEFT JOIN payments p ON p.id = m.to_id UNION ALL SELECT from_id, amount FROM remittance_recoveries WHERE NOT kept UNION ALL SELECT from_id, amount FROM remittance_returns) AS m GROUP BY payment_id)
SELECT 'INV-M2' AS id, coalesce(p.case_id, 0) AS case_id, format('payment %s: moved %s, to other payments %s', coalesce(p.id, g.payment_id), p.moved, coalesce(g.amount, 0)) AS detail
  FROM (SELECT id, case_id, moved FROM payments WHERE moved > 0) AS p FULL JOIN gone g ON g.payment_id = p.id WHERE coalesce(p.moved, 0) <> coalesce(g.amount, 0)
UNION ALL
SELECT 'INV-M2', coalesce(p.case_id, 0), format('move of %s to payment %s: %s there, source %s', m.amount, m.to_id, p.amount, p.source)
  FROM money_moves m LEFT JOIN payments p ON p.id = m.to_id LEFT JOIN settlements t ON t.payment_id = m.to_id
 WHERE p.amount IS DISTINCT FROM m.amount + coalesce(t.fee, 0) OR (m.kind = 'split') <> (p.source = 'split')
UNION ALL
SELECT 'INV-M2', coalesce(p.case_id, 0), format('payment %s is a part of none', p.id)
  FROM payments p WHERE p.source = 'split' AND NOT EXISTS (SELECT 1 FROM money_moves m WHERE m.to_id = p.id AND m.kind = 'split')
 LIMIT 100)`

	// What is being paid, and what was paid back, is what the payment orders say; nothing is ordered twice at a time.
	checkPayoutsSQL = `(WITH ordered AS (
    SELECT payment_id, coalesce(sum(amount) FILTER (WHERE state IN ('collected', 'sent')), 0) AS paying, coalesce(sum(amount) FILTER (WHERE state = 'paid'), 0) AS refunded,
           count(*) FILTER (WHERE state IN ('collected', 'sent')) AS n
      FROM payouts WHERE kind = 'refund' GROUP BY payment_id)
SELECT 'INV-M1' AS id, coalesce(p.case_id, 0) AS case_id,
       format('payment %s: paying %s, paid back %s; its %s orders say %s and %s', coalesce(p.id, o.payment_id), p.paying, p.refunded, coalesce(o.n, 0), coalesce(o.paying, 0), coalesce(o.refunded, 0)) AS detail
  FROM (SELECT id, case_id, paying, refunded FROM payments WHERE paying > 0 OR refunded > 0) AS p FULL JOIN ordered o ON o.payment_id = p.id
 WHERE (coalesce(p.paying, 0), coalesce(p.refunded, 0)) <> (coalesce(o.paying, 0), coalesce(o.refunded, 0)) OR o.n > 1
UNION ALL
SELECT 'INV-M1', 0, format('order %s: %s, its file was released %s', o.id, o.state, a.act IS NOT NULL)
  FROM payouts o LEFT JOIN payout_file_acts a ON a.file_id = o.file_id AND a.act = 'released'
 WHERE (o.state IN ('collected', 'dropped')) = (a.act IS NOT NULL)
UNION ALL
SELECT 'INV-M1', 0, format('order %s of %s left as %s', o.id, o.amount, d.amount)
  FROM departures d JOIN payouts o ON o.id = d.payout_id WHERE d.amount <> o.amount OR NOT o.closed
UNION ALL
SELECT 'INV-M1', 0, format('order %s: %s, came back %s', o.id, o.state, r.amount)
  FROM payouts o FULL JOIN payout_returns r ON r.payout_id = o.id WHERE (o.state = 'returned') IS DISTINCT FROM (r.amount IS NOT NULL) OR r.amount <> o.amount
 LIMIT 100)`

	// Two people, within a day, and never more than they said.
	checkTwoPeopleSQL = `(SELECT 'INV-M6' AS id, 0::bigint AS case_id, format('act %s was decided by the one who proposed it, or too late', a.id) AS detail
  FROM money_acts a JOIN money_act_decisions d ON d.act_id = a.id
 WHERE d.verdict = 'approved' AND (d.actor = a.proposed_by OR d.at >= a.proposed_at + interval '24 hours' OR d.at < a.proposed_at)
UNION ALL
SELECT 'INV-M6', 0, format('file %s was released by the one who collected it, or too late', f.id)
  FROM payout_files f JOIN payout_file_acts d ON d.file_id = f.id
 WHERE d.act = 'released' AND (d.actor = f.collected_by OR d.at >= f.collected_at + interval '24 hours' OR d.at < f.collected_at)
UNION ALL
SELECT 'INV-M6', 0, format('requisites %s were approved by the one who proposed them, or too late', r.id)
  FROM claimant_requisites r JOIN claimant_requisites_decisions d ON d.requisites_id = r.id
 WHERE d.verdict = 'approved' AND (d.actor = r.proposed_by OR d.at >= r.proposed_at + interval '24 hours' OR d.at < r.proposed_at)
UNION ALL
SELECT 'INV-M6', 0, format('act %s moved %s and was to move %s', a.id, coalesce(m.amount, 0), coalesce(p.amount, 0))
  FROM money_acts a LEFT JOIN money_act_decisions d ON d.act_id = a.id AND d.verdict = 'approved'
  LEFT JOIN (SELECT act_id, sum(amount) AS amount FROM money_act_parts GROUP BY act_id) AS p ON p.act_id = a.id
  LEFT JOIN (SELECT act_id, sum(amount) AS amount FROM money_moves GROUP BY act_id) AS m ON m.act_id = a.id
 WHERE a.kind IN ('split', 'same_as') AND coalesce(m.amount, 0) <> CASE WHEN d.act_id IS NULL THEN 0 ELSE p.amount END
UNION ALL
SELECT 'INV-M6', 0, format('act %s explains nothing, or was not decided', coalesce(a.id, e.act_id))
  FROM (SELECT a.id FROM money_acts a JOIN money_act_decisions d ON d.act_id = a.id AND d.verdict = 'approved' WHERE a.kind = 'explain') AS a
  FULL JOIN explanations e ON e.act_id = a.id WHERE a.id IS NULL OR e.act_id IS NULL
 LIMIT 100)`
)
