package payments

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Violation is one broken promise of the money invariants (INV-M1 to INV-M6).
type Violation struct {
	ID     string // "INV-M1"
	CaseID int64  // 0 when no single case is concerned
	Detail string // ids and sums in tiyn, never personal data
}

// Every part finds at most 100 rows: one is an alarm already. A part is a whole statement with the columns id, case_id,
// detail.
const (
	// Each payment's columns say what its entries say, and each payment is received exactly once (INV-M2).
	checkPaymentsSQL = `(WITH booked AS (
    SELECT payment_id,
           coalesce(sum(amount) FILTER (WHERE kind = 'received'), 0) AS received,
           coalesce(sum(amount) FILTER (WHERE credit = 'receivable'), 0) - coalesce(sum(amount) FILTER (WHERE debit = 'receivable' OR kind = 'refund_claim'), 0) AS allocated,
           coalesce(sum(amount) FILTER (WHERE credit = 'refunds_due'), 0) - coalesce(sum(amount) FILTER (WHERE debit = 'refunds_due'), 0) AS refund_due,
           coalesce(sum(amount) FILTER (WHERE kind = 'reversed'), 0) AS reversed,
           coalesce(sum(amount) FILTER (WHERE kind = 'refunded'), 0) - coalesce(sum(amount) FILTER (WHERE kind = 'came_back'), 0) AS refunded,
           coalesce(sum(amount) FILTER (WHERE kind IN ('split', 'same_as') OR kind IN ('given_back', 'due_again') AND debit = 'suspense'), 0) - coalesce(sum(amount) FILTER (WHERE kind = 'unsplit'), 0) AS moved
      FROM ledger WHERE payment_id IS NOT NULL GROUP BY payment_id)
SELECT CASE WHEN b.received IS DISTINCT FROM p.amount THEN 'INV-M2' ELSE 'INV-M1' END AS id, coalesce(p.case_id, 0) AS case_id,
       format('payment %s: amount/allocated/refund_due/reversed/refunded/moved %s/%s/%s/%s/%s/%s, in the ledger %s/%s/%s/%s/%s/%s', coalesce(p.id, b.payment_id),
              p.amount, p.allocated, p.refund_due, p.reversed, p.refunded, p.moved, b.received, b.allocated, b.refund_due, b.reversed, b.refunded, b.moved) AS detail
  FROM payments p FULL JOIN booked b ON b.payment_id = p.id
 WHERE (p.amount, p.allocated, p.refund_due, p.reversed, p.refunded, p.moved) IS DISTINCT FROM (b.received, b.allocated, b.refund_due, b.reversed, b.refunded, b.moved)
 LIMIT 100)`

	// What the books say a debtor owes is what the case says. A case that has ended owes nothing here any more.
	checkReceivableSQL = `(WITH owed AS (
    SELECT case_id, sum(CASE WHEN debit = 'receivable' THEN amount ELSE -amount END) AS amount
      FROM ledger WHERE 'receivable' IN (debit, credit) GROUP BY case_id)
SELECT 'INV-M1' AS id, coalesce(c.id, o.case_id, 0) AS case_id,
       format('state %s, outstanding %s, receivable %s', c.state, c.outstanding, coalesce(o.amount, 0)) AS detail
  FROM cases c FULL JOIN owed o ON o.case_id = c.id
 WHERE coalesce(o.amount, 0) IS DISTINCT FROM CASE WHEN c.state IN ('paid', 'cancelled', 'handed_over') THEN 0 ELSE c.outstanding END
 LIMIT 100)`

	// The case's own sums agree; a live case has received what was allocated to it.
	checkCasesSQL = `(WITH got AS (
    SELECT case_id, sum(allocated) AS amount FROM payments WHERE case_id IS NOT NULL GROUP BY case_id)
SELECT 'INV-M1' AS id, c.id AS case_id,
       format('debt %s, adjusted %s, paid %s, outstanding %s, allocated %s', c.debt, c.adjusted, c.paid, c.outstanding, coalesce(g.amount, 0)) AS detail
  FROM cases c LEFT JOIN got g ON g.case_id = c.id
 WHERE c.debt + c.adjusted <> c.paid + c.outstanding OR c.outstanding < 0 OR c.outstanding > c.debt + greatest(c.adjusted, 0)
    OR (c.state NOT IN ('paid', 'cancelled', 'handed_over') AND c.paid <> coalesce(g.amount, 0))
 LIMIT 100)`

	// Accounts of money we hold for others equal the payments: no tenge without a payment.
	checkAccountsSQL = `(WITH booked AS (
    SELECT s.account, sum(s.amount) AS amount
      FROM (SELECT debit AS account, amount FROM ledger UNION ALL SELECT credit, -amount FROM ledger) AS s
     WHERE s.account IN ('suspense', 'refunds_due', 'treasury', 'unexplained', 'outgoing', 'fees', 'gateway_fees', 'otherwise', 'due_to_claimants', 'sent_to_claimants', 'owed_by_claimants') OR s.account LIKE 'clearing:%' GROUP BY s.account),
held AS (
    SELECT 'clearing:' || source AS account, sum(amount) AS amount FROM (
        SELECT p.source, p.amount - p.reversed - CASE WHEN t.payment_id IS NULL THEN 0 ELSE p.amount END AS amount
          FROM payments p LEFT JOIN settlements t ON t.payment_id = p.id WHERE p.source <> 'treasury'
        UNION ALL SELECT 'split', coalesce(p.reversed, 0) - m.amount FROM money_moves m LEFT JOIN payments p ON p.id = m.to_id WHERE m.kind = 'split'
        UNION ALL SELECT gateway, -amount FROM statement_lines WHERE verdict = 'paid_back'
        UNION ALL SELECT a.gateway, -p.reversed - coalesce((SELECT sum(l.amount) FROM statement_lines l WHERE l.payment_id = p.id AND l.verdict = 'reversed'), 0)
          FROM arrivals a JOIN payments p ON p.id = a.payment_id) AS c GROUP BY source
    UNION ALL SELECT 'gateway_fees', sum(fee) FROM settlements
    UNION ALL SELECT 'treasury', sum(amount) FROM statement_lines WHERE verdict NOT IN ('duplicate', 'conflict')
    UNION ALL SELECT 'unexplained', coalesce(-sum(amount) FILTER (WHERE verdict = 'unexplained'), 0) - (SELECT coalesce(sum(amount), 0) FROM explanations WHERE NOT void) FROM statement_lines
    UNION ALL SELECT CASE meaning WHEN 'bank_fee' THEN 'fees' ELSE 'otherwise' END, sum(amount) FROM explanations WHERE meaning <> 'remittance' GROUP BY 1
    UNION ALL SELECT CASE o.kind WHEN 'refund' THEN 'outgoing' ELSE 'sent_to_claimants' END, coalesce(-sum(o.amount) FILTER (WHERE o.closed), 0) + coalesce(sum(o.amount) FILTER (WHERE d.payout_id IS NOT NULL), 0)
         FROM payouts o LEFT JOIN departures d ON d.payout_id = o.id GROUP BY o.kind
    UNION ALL SELECT 'due_to_claimants', -sum(greatest(allocated - remitted, remitting)) FROM payments
    UNION ALL SELECT 'owed_by_claimants', sum(greatest(0, remitting + remitted - allocated)) FROM payments
    UNION ALL SELECT 'suspense', -sum(amount - allocated - refund_due - reversed - refunded - moved) FROM payments
    UNION ALL SELECT 'refunds_due', -sum(refund_due) FROM payments)
SELECT 'INV-M1' AS id, 0::bigint AS case_id,
       format('account %s: balance %s, payments %s', coalesce(b.account, h.account), coalesce(b.amount, 0), coalesce(h.amount, 0)) AS detail
  FROM booked b FULL JOIN held h ON h.account = b.account
 WHERE coalesce(b.amount, 0) <> coalesce(h.amount, 0)
 LIMIT 100)`

	// One transfer, one payment, even if the unique index were gone.
	checkTwiceSQL = `(SELECT 'INV-M2' AS id, coalesce(min(case_id), 0) AS case_id, format('%s payments of one transfer of %s, the first is %s', count(*), source, min(id)) AS detail
  FROM payments GROUP BY source, txn_id HAVING count(*) > 1
 LIMIT 100)`

	// A message is what it was when it came.
	checkContentSQL = `(SELECT 'INV-M3' AS id, 0::bigint AS case_id, format('message %s: content changed', id) AS detail
  FROM payment_events WHERE content <> sha256(body)
 LIMIT 100)`

	// A statement adds up, has all its lines when it is done, and a line that brought money has its payment.
	checkStatementsSQL = `(SELECT 'INV-M1' AS id, 0::bigint AS case_id, format('statement %s: %s lines for %s, in %s for %s, out %s for %s', s.id, coalesce(l.n, 0), s.lines, coalesce(l.credits, 0), s.credits, coalesce(l.debits, 0), s.debits) AS detail
  FROM statements s LEFT JOIN (SELECT statement_id, count(*) AS n, coalesce(sum(amount) FILTER (WHERE amount > 0), 0) AS credits, coalesce(-sum(amount) FILTER (WHERE amount < 0), 0) AS debits
         FROM statement_lines GROUP BY statement_id) AS l ON l.statement_id = s.id
 WHERE s.state = 'done' AND (s.lines, s.credits, s.debits) IS DISTINCT FROM (coalesce(l.n, 0), coalesce(l.credits, 0), coalesce(l.debits, 0))
 LIMIT 100)`

	// What came of a gateway's payment and what the gateway kept of it are the payment, and it keeps no more than it said.
	checkSettledSQL = `(SELECT 'INV-M2' AS id, coalesce(p.case_id, 0) AS case_id, format('payment %s: settled %s, in the ledger %s; kept %s of %s, in the ledger %s', coalesce(p.id, b.payment_id), t.payment_id IS NOT NULL, coalesce(b.amount, 0), coalesce(t.fee, 0), p.fee, coalesce(b.fee, 0)) AS detail
  FROM (SELECT payment_id, sum(amount) AS amount, coalesce(sum(amount) FILTER (WHERE kind = 'fee_kept'), 0) AS fee FROM ledger WHERE kind IN ('settled', 'fee_kept') GROUP BY payment_id) AS b
  FULL JOIN settlements t ON t.payment_id = b.payment_id LEFT JOIN payments p ON p.id = coalesce(t.payment_id, b.payment_id)
 WHERE b.amount IS DISTINCT FROM p.amount OR b.fee IS DISTINCT FROM t.fee OR t.fee NOT IN (0, p.fee) OR t.payment_id IS NULL
 LIMIT 100)`

	// Money of a case belongs to a case that exists; nothing stands twice or nowhere.
	checkPlacesSQL = `(SELECT 'INV-M4' AS id, coalesce(p.case_id, 0) AS case_id, format('payment %s: case %s, suspense %s', p.id, coalesce(p.case_id::text, 'none'), p.amount - p.allocated - p.refund_due - p.reversed - p.refunded - p.moved) AS detail
  FROM payments p LEFT JOIN cases c ON c.id = p.case_id
 WHERE (p.case_id IS NOT NULL AND c.id IS NULL) OR (p.case_id IS NULL AND p.allocated > 0)
    OR p.allocated + p.refund_due + p.reversed + p.refunded + p.moved > p.amount OR p.paying > p.refund_due OR p.remitting + p.remitted > p.amount
    OR least(p.allocated, p.refund_due, p.reversed, p.refunded, p.moved, p.paying, p.remitting, p.remitted) < 0
 LIMIT 100)`

	// A message that was settled as a payment has one.
	checkLostSQL = `(SELECT 'INV-M5' AS id, 0::bigint AS case_id, format('source %s: %s messages recorded, %s payments', e.source, e.n, coalesce(p.n, 0)) AS detail
  FROM (SELECT source, count(*) AS n FROM payment_events JOIN payment_verdicts v ON v.event_id = id WHERE v.verdict = 'recorded' GROUP BY source) AS e
  LEFT JOIN (SELECT source, count(*) AS n FROM payments GROUP BY source) AS p ON p.source = e.source
 WHERE e.n > coalesce(p.n, 0)
 LIMIT 100)`

	// A message waits or has a verdict, and not both.
	checkWaitSQL = `(SELECT 'INV-M5' AS id, 0::bigint AS case_id, format('message %s: waits %s, verdict %s', e.id, p.event_id IS NOT NULL, coalesce(v.verdict, 'none')) AS detail
  FROM payment_events e LEFT JOIN payment_pending p ON p.event_id = e.id LEFT JOIN payment_verdicts v ON v.event_id = e.id
 WHERE (p.event_id IS NULL) = (v.event_id IS NULL)
 LIMIT 100)`

	// Entries have the shapes that package ledger publishes, and a correction has its reason.
	checkShapesSQL = `(SELECT 'INV-M6' AS id, coalesce(case_id, 0) AS case_id, format('entry %s: %s, debit %s, credit %s', id, kind, debit, credit) AS detail
  FROM ledger
 WHERE CASE kind
       WHEN 'received' THEN (debit LIKE 'clearing:_%' OR debit = 'treasury') AND credit = 'suspense' AND payment_id IS NOT NULL
       WHEN 'allocated' THEN debit = 'suspense' AND credit = 'receivable' AND payment_id IS NOT NULL AND case_id IS NOT NULL
       WHEN 'refund_due' THEN debit = 'suspense' AND credit = 'refunds_due' AND payment_id IS NOT NULL
       WHEN 'reversed' THEN debit IN ('receivable', 'refunds_due', 'suspense') AND (credit LIKE 'clearing:_%' OR credit = 'treasury') AND payment_id IS NOT NULL AND (case_id IS NOT NULL OR debit <> 'receivable')
       WHEN 'opened' THEN debit = 'receivable' AND credit = 'claims' AND case_id IS NOT NULL
       WHEN 'cancelled' THEN debit = 'claims' AND credit = 'receivable' AND case_id IS NOT NULL
       WHEN 'refund_claim' THEN debit IN ('claims', 'due_to_claimants', 'owed_by_claimants') AND credit = 'refunds_due' AND payment_id IS NOT NULL AND case_id IS NOT NULL
       WHEN 'transferred' THEN debit = 'transferred' AND credit = 'receivable' AND case_id IS NOT NULL
       WHEN 'taken_back' THEN debit = 'receivable' AND credit = 'transferred' AND case_id IS NOT NULL
       WHEN 'adjusted' THEN (debit, credit) IN (('receivable', 'claims'), ('claims', 'receivable')) AND case_id IS NOT NULL AND reason <> ''
       WHEN 'returned' THEN debit = 'returned' AND credit = 'receivable' AND case_id IS NOT NULL
       WHEN 'settled' THEN debit = 'treasury' AND credit LIKE 'clearing:_%' AND payment_id IS NOT NULL
       WHEN 'fee_kept' THEN debit = 'gateway_fees' AND credit LIKE 'clearing:_%' AND payment_id IS NOT NULL
       WHEN 'paid_back' THEN debit LIKE 'clearing:_%' AND credit = 'treasury'
       WHEN 'unexplained' THEN debit = 'unexplained' AND credit = 'treasury'
       WHEN 'sent_by_hand' THEN debit = 'due_to_claimants' AND credit = 'unexplained' AND payment_id IS NOT NULL AND case_id IS NOT NULL AND reason <> ''
       WHEN 'not_named' THEN debit = 'unexplained' AND credit = 'claims' AND payment_id IS NULL AND reason <> ''
       WHEN 'explained' THEN debit IN ('fees', 'claims', 'otherwise') AND credit = 'unexplained' AND payment_id IS NULL AND reason <> ''
       WHEN 'split' THEN debit = 'suspense' AND credit = 'clearing:split' AND payment_id IS NOT NULL AND reason <> ''
       WHEN 'unsplit' THEN debit = 'clearing:split' AND credit = 'suspense' AND payment_id IS NOT NULL
       WHEN 'same_as' THEN debit = 'suspense' AND credit = 'treasury' AND payment_id IS NOT NULL AND reason <> ''
       WHEN 'refunded' THEN debit = 'refunds_due' AND credit = 'outgoing' AND payment_id IS NOT NULL
       WHEN 'paid_out' THEN debit = 'outgoing' AND credit = 'treasury' AND payment_id IS NOT NULL
       WHEN 'came_back' THEN debit = 'treasury' AND credit = 'refunds_due' AND payment_id IS NOT NULL
       WHEN 'collected' THEN debit = 'claims' AND credit = 'due_to_claimants' AND payment_id IS NOT NULL AND case_id IS NOT NULL
       WHEN 'uncollected' THEN debit = 'due_to_claimants' AND credit = 'claims' AND payment_id IS NOT NULL AND case_id IS NOT NULL
       WHEN 'overpaid' THEN debit = 'owed_by_claimants' AND credit = 'claims' AND payment_id IS NOT NULL AND case_id IS NOT NULL
       WHEN 'remitted' THEN debit = 'due_to_claimants' AND credit = 'sent_to_claimants' AND payment_id IS NOT NULL AND case_id IS NOT NULL
       WHEN 'remit_left' THEN debit = 'sent_to_claimants' AND credit = 'treasury' AND payment_id IS NOT NULL AND case_id IS NOT NULL
       WHEN 'remit_back' THEN debit = 'treasury' AND credit = 'due_to_claimants' AND payment_id IS NOT NULL AND case_id IS NOT NULL
       WHEN 'set_off' THEN debit = 'due_to_claimants' AND credit = 'owed_by_claimants' AND payment_id IS NOT NULL AND case_id IS NOT NULL
       WHEN 'given_back' THEN (debit, credit) IN (('suspense', 'claims'), ('claims', 'owed_by_claimants')) AND payment_id IS NOT NULL AND case_id IS NOT NULL AND reason <> ''
       WHEN 'due_again' THEN (debit, credit) IN (('suspense', 'claims'), ('claims', 'due_to_claimants')) AND payment_id IS NOT NULL AND case_id IS NOT NULL AND reason <> ''
       WHEN 'netted' THEN (debit, credit) IN (('due_to_claimants', 'claims'), ('claims', 'owed_by_claimants')) AND payment_id IS NOT NULL AND case_id IS NOT NULL AND reason <> ''
       ELSE false END IS NOT TRUE OR amount <= 0
 LIMIT 100)`

	// The guard that keeps entries as they were written is in place.
	checkGuardSQL = `(SELECT 'INV-M6' AS id, 0::bigint AS case_id, 'the guard of the ledger is off' AS detail
 WHERE NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = 'ledger'::regclass AND tgname = 'ledger_immutable' AND tgenabled IN ('O', 'A')))`
)

// checkSQL is one statement, so that all parts see the same snapshot on any connection.
const checkSQL = checkPaymentsSQL + " UNION ALL " + checkReceivableSQL + " UNION ALL " + checkCasesSQL + " UNION ALL " +
	checkAccountsSQL + " UNION ALL " + checkTwiceSQL + " UNION ALL " + checkContentSQL + " UNION ALL " + checkPlacesSQL +
	" UNION ALL " + checkLostSQL + " UNION ALL " + checkWaitSQL + " UNION ALL " + checkShapesSQL + " UNION ALL " + checkStatementsSQL + " UNION ALL " + checkSettledSQL + " UNION ALL " + checkMovesSQL + " UNION ALL " + checkPayoutsSQL + " UNION ALL " + checkTwoPeopleSQL + " UNION ALL " + checkClaimsSQL + " UNION ALL " + checkRemittedSQL + " UNION ALL " + checkSentSQL + " UNION ALL " + checkRecoveriesSQL + " UNION ALL " + checkByHandSQL + " UNION ALL " + checkReturnsSQL + " UNION ALL " + checkGuardSQL + " ORDER BY id, case_id, detail"

// Check proves the money invariants again, from the tables alone and with code of its own. It changes nothing; an empty
// result means that all hold. It reads whole tables, so it belongs on a connection with the auditor's long timeout.
func Check(ctx context.Context, q Querier) ([]Violation, error) {
	rows, err := q.Query(ctx, checkSQL)
	if err != nil {
		return nil, fmt.Errorf("payments: check: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Violation])
	if err != nil {
		return nil, fmt.Errorf("payments: check: %w", err)
	}
	return found, nil
}
