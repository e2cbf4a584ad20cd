package payments

// What belongs to claimants, checked again.
const (
	// Case by case: what we owe its claimant and nobody has paid is what debtor, private bailiff and payers who took their money back owe for it.
	checkClaimsSQL = `(WITH books AS (
    SELECT s.case_id, coalesce(-sum(s.amount) FILTER (WHERE s.account = 'claims'), 0) AS claims, coalesce(sum(s.amount) FILTER (WHERE s.account <> 'claims'), 0) AS owed
      FROM (SELECT case_id, debit AS account, amount FROM ledger UNION ALL SELECT case_id, credit, -amount FROM ledger) AS s
     WHERE s.case_id IS NOT NULL AND s.account IN ('claims', 'receivable', 'transferred', 'returned') GROUP BY s.case_id)
SELECT 'INV-M1' AS id, case_id, format('claims %s, open debt %s', claims, owed) AS detail FROM books WHERE claims <> owed
 LIMIT 100)`

	// Payment by payment: what it paid to its case = due to the claimant + sent to him - what he owes; and its columns, the ledger and the
	// orders say the same.
	checkRemittedSQL = `(WITH booked AS (
    SELECT payment_id,
           coalesce(sum(amount) FILTER (WHERE credit = 'due_to_claimants'), 0) - coalesce(sum(amount) FILTER (WHERE debit = 'due_to_claimants'), 0) AS due,
           coalesce(sum(amount) FILTER (WHERE debit = 'owed_by_claimants'), 0) - coalesce(sum(amount) FILTER (WHERE credit = 'owed_by_claimants'), 0) AS owed,
           coalesce(sum(amount) FILTER (WHERE kind IN ('remitted', 'sent_by_hand') OR kind = 'netted' AND debit = 'due_to_claimants'), 0)
             - coalesce(sum(amount) FILTER (WHERE kind = 'remit_back' OR kind IN ('netted', 'given_back') AND credit = 'owed_by_claimants' OR kind = 'due_again' AND credit = 'due_to_claimants'), 0) AS remitted
      FROM ledger WHERE payment_id IS NOT NULL GROUP BY payment_id),
ordered AS (
    SELECT payment_id, coalesce(sum(amount) FILTER (WHERE state IN ('collected', 'sent')), 0) AS remitting, coalesce(sum(amount) FILTER (WHERE state = 'paid'), 0) AS remitted,
           count(*) FILTER (WHERE state IN ('collected', 'sent')) AS n
      FROM payouts WHERE kind = 'remittance' GROUP BY payment_id),
recovered AS (
    SELECT id, sum(amount) AS amount FROM (SELECT payment_id AS id, -amount AS amount FROM remittance_recoveries UNION ALL SELECT from_id, amount FROM remittance_recoveries WHERE kept
        UNION ALL SELECT payment_id, -amount FROM remittance_returns
        UNION ALL SELECT m.payment_id, m.amount FROM explanations e JOIN money_act_parts m ON m.act_id = e.act_id WHERE e.meaning = 'remittance' AND NOT e.void) AS r GROUP BY id)
SELECT 'INV-M1' AS id, coalesce(p.case_id, 0) AS case_id,
       format('payment %s: paid its case %s; due to the claimant %s, sent %s, owed by him %s; on its way %s; its %s open orders say %s and %s', p.id, p.allocated,
              coalesce(b.due, 0), p.remitted, coalesce(b.owed, 0), p.remitting, coalesce(o.n, 0), coalesce(o.remitting, 0), coalesce(o.remitted, 0)) AS detail
  FROM payments p LEFT JOIN booked b ON b.payment_id = p.id LEFT JOIN ordered o ON o.payment_id = p.id LEFT JOIN recovered r ON r.id = p.id
 WHERE p.allocated <> coalesce(b.due, 0) + p.remitted - coalesce(b.owed, 0) OR coalesce(b.owed, 0) <> greatest(0, p.remitting + p.remitted - p.allocated)
    OR p.remitted <> coalesce(b.remitted, 0) OR p.remitting <> coalesce(o.remitting, 0) OR p.remitted <> coalesce(o.remitted, 0) + coalesce(r.amount, 0) OR o.n > 1
UNION ALL
SELECT 'INV-M2', 0, format('orders of payment %s, which is not there', o.payment_id) FROM ordered o WHERE NOT EXISTS (SELECT 1 FROM payments p WHERE p.id = o.payment_id)
 LIMIT 100)`

	// Only money that a statement has shown on our own account goes to a claimant; an order is of the kind of its file.
	checkSentSQL = `(SELECT 'INV-M1' AS id, coalesce(p.case_id, 0) AS case_id, format('order %s: the money of payment %s is not on our account', o.id, p.id) AS detail
  FROM payouts o JOIN payments p ON p.id = o.payment_id LEFT JOIN money_moves m ON m.to_id = p.id AND m.kind = 'split' JOIN payments r ON r.id = coalesce(m.payment_id, p.id)
 WHERE o.kind = 'remittance' AND r.source <> 'treasury' AND NOT EXISTS (SELECT 1 FROM settlements t WHERE t.payment_id = r.id)
UNION ALL
SELECT 'INV-M1', 0, format('order %s is a %s in a file of another kind', o.id, o.kind) FROM payouts o JOIN payout_files f ON f.id = o.file_id WHERE o.kind <> f.kind
 LIMIT 100)`

	// What a claimant made good was decided by two people, once, and of the sum that they saw.
	checkRecoveriesSQL = `(SELECT 'INV-M6' AS id, 0::bigint AS case_id, format('act %s recovers %s and was to recover %s', coalesce(a.id, r.act_id), r.amount, p.amount) AS detail
  FROM (SELECT a.id FROM money_acts a JOIN money_act_decisions d ON d.act_id = a.id AND d.verdict = 'approved' WHERE a.kind = 'recover') AS a
  FULL JOIN remittance_recoveries r ON r.act_id = a.id LEFT JOIN money_act_parts p ON p.act_id = a.id
 WHERE a.id IS NULL OR (r.from_id, r.payment_id, r.amount) IS DISTINCT FROM (p.payment_id, p.known_id, p.amount)
 LIMIT 100)`

	// What went to claimants by hand is told payment by payment, each of its own case, to the last tiyn.
	checkByHandSQL = `(SELECT 'INV-M1' AS id, 0::bigint AS case_id, format('departure of act %s: %s left, its payments are of %s', e.act_id, e.amount, coalesce(sum(m.amount), 0)) AS detail
  FROM explanations e LEFT JOIN money_act_parts m ON m.act_id = e.act_id LEFT JOIN payments p ON p.id = m.payment_id AND p.case_id = m.case_id
 WHERE e.meaning = 'remittance' AND NOT e.void GROUP BY e.act_id, e.amount HAVING coalesce(sum(m.amount) FILTER (WHERE p.id IS NOT NULL), 0) <> e.amount
 LIMIT 100)`

	// What came back from claimants was decided by two people, of the sums that they saw, and is not more than had gone to them by that departure.
	checkReturnsSQL = `(SELECT 'INV-M6' AS id, 0::bigint AS case_id, format('act %s makes %s of payment %s due again and was to make %s', coalesce(a.act_id, r.act_id), r.amount, coalesce(a.known_id, r.payment_id), a.amount) AS detail
  FROM (SELECT p.act_id, p.payment_id, p.known_id, p.amount, a.txn_id FROM money_acts a JOIN money_act_decisions d ON d.act_id = a.id AND d.verdict = 'approved' JOIN money_act_parts p ON p.act_id = a.id WHERE a.kind = 'due_again') AS a
  FULL JOIN remittance_returns r ON r.act_id = a.act_id AND r.payment_id = a.known_id
 WHERE (r.from_id, r.amount, r.txn_id) IS DISTINCT FROM (a.payment_id, a.amount, a.txn_id)
UNION ALL
SELECT 'INV-M1', 0, format('of payment %s came back %s of departure %s, which had %s of it', r.payment_id, r.amount, r.txn_id, coalesce(m.amount, 0))
  FROM (SELECT txn_id, payment_id, sum(amount) AS amount FROM remittance_returns GROUP BY txn_id, payment_id) AS r
  LEFT JOIN explanations e ON e.txn_id = r.txn_id AND e.meaning = 'remittance' AND NOT e.void LEFT JOIN money_act_parts m ON m.act_id = e.act_id AND m.payment_id = r.payment_id
 WHERE r.amount > coalesce(m.amount, 0)
 LIMIT 100)`
)
