// Package ledger says which accounts each business event of the payments domain touches.
//
// Charter: double entry as transfers. One [Entry] moves one sum from one account to another, so every entry balances by
// construction and the sum over all accounts is always zero. Functions here are pure: they build entries from facts and
// refuse facts that make no entry. Package payments writes the entries; nothing edits them afterwards, and a correction
// is a further entry (INV-M6).
//
// It must not touch a database, read a clock, know a state of a case, or decide how much of a payment a case takes:
// the engine decides, this package books.
//
// Sides: the debit side of an account minus its credit side is its balance. Assets (clearing, treasury, unexplained, fees,
// otherwise, receivable, transferred, returned) stand on the debit side, what is owed to others (suspense, refunds_due, outgoing, claims) on the credit side.
//
//	event          debit             credit            what it means
//	received       clearing:<src>    suspense          money came in, nobody has said yet what for
//	               treasury          suspense            the same, told by the statement of our own account
//	allocated      suspense          receivable        it pays a case
//	refund_due     suspense          refunds_due       it pays nothing: it goes back
//	reversed       receivable        clearing:<src>    taken back by the payment system, from a case
//	               refunds_due       clearing:<src>      from what was due back (also: the refund was paid out)
//	               suspense          clearing:<src>      from what was not allocated
//	opened         receivable        claims            a debtor owes, we owe the claimant
//	cancelled      claims            receivable        the rest of the debt is gone
//	refund_claim   claims            refunds_due       what was collected on a cancelled decision goes back
//	transferred    transferred       receivable        the rest of the debt is with a private bailiff
//	taken_back     receivable        transferred       the private bailiff may no longer ask for it
//	adjusted +     receivable        claims            the debt grew
//	adjusted -     claims            receivable        the debt shrank
//	returned       returned          receivable        money of an ended case was taken back; a person decides
//	settled        treasury          clearing:<src>    what a gateway had told of came to our own account
//	paid_back      clearing:<src>    treasury          a gateway took back to itself what it had to give back to a payer
//	unexplained    unexplained       treasury          went from our own account; a person must say why
//	explained      fees, claims,     unexplained         a person has said why: a bank's fee, money to a claimant, something else
//	               otherwise
//	split          suspense          clearing:split    a person splits a payment; each part is received from there
//	same_as        suspense          treasury          what came is the money of a payment that a gateway had told of: settled follows
//	refunded       refunds_due       outgoing          paid back to the payer, as the bank says
//	paid_out       outgoing          treasury          and seen in a statement
//	came_back      treasury          refunds_due       a refund that could not be delivered
//
// Entry points: [Received], [Allocated], [Reversed], [Moved], [Settled], [Left], [Of].
package ledger
