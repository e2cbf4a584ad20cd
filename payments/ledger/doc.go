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
// Sides: the debit side of an account minus its credit side is its balance. Assets (clearing, treasury, unexplained, fees, gateway_fees,
// otherwise, receivable, transferred, returned, owed_by_claimants) stand on the debit side, what is owed to others (suspense, refunds_due, outgoing, claims,
// due_to_claimants, sent_to_claimants) on the credit side. For each case claims = receivable + transferred + returned, always.
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
//	refund_claim   due_to_claimants, refunds_due       what was collected on a cancelled decision goes back; what has been sent, the claimant owes
//	               owed_by_claimants
//	transferred    transferred       receivable        the rest of the debt is with a private bailiff
//	taken_back     receivable        transferred       the private bailiff may no longer ask for it
//	adjusted +     receivable        claims            the debt grew
//	adjusted -     claims            receivable        the debt shrank
//	returned       returned          receivable        money of an ended case was taken back; a person decides
//	settled        treasury          clearing:<src>    what a gateway had told of came to our own account
//	fee_kept       gateway_fees      clearing:<src>    and what it kept of it for its work
//	paid_back      clearing:<src>    treasury          a gateway took back to itself what it had to give back to a payer
//	unexplained    unexplained       treasury          went from our own account; a person must say why
//	explained      fees, otherwise   unexplained       two people have said why: a bank's fee, something else
//	sent_by_hand   due_to_claimants  unexplained       it is what was due to the claimant for this payment
//	not_named      unexplained       claims            of a migration: "money to a claimant" that named no payment is unexplained again
//	split          suspense          clearing:split    a person splits a payment; each part is received from there
//	unsplit        clearing:split    suspense          a split payment is taken back as a whole: its parts are reversed to there
//	same_as        suspense          treasury          what came is the money of a payment that a gateway had told of: settled follows
//	refunded       refunds_due       outgoing          paid back to the payer, as the bank says
//	paid_out       outgoing          treasury          and seen in a statement
//	came_back      treasury          refunds_due       a refund that could not be delivered
//	collected      claims            due_to_claimants  with each allocated: the claimant gets it
//	uncollected    due_to_claimants  claims            with a reversed from a case, of what was still here
//	overpaid       owed_by_claimants claims            and of what was sent, or on its way
//	remitted       due_to_claimants  sent_to_claimants sent to the claimant, as the bank says
//	remit_left     sent_to_claimants treasury          and seen in a statement
//	remit_back     treasury          due_to_claimants  a remittance that could not be delivered
//	set_off        due_to_claimants  owed_by_claimants what was taken back on its way did not arrive: nobody owes it
//	given_back     suspense, claims  claims,           the claimant gave back what he owed: of the payment that brought it, and of the one
//	                                 owed_by_claimants that was taken back
//	netted         due_to_claimants, claims,           what the claimant owed is kept from another payment of the same case
//	               claims            owed_by_claimants
//	due_again      suspense, claims  claims,           what was sent by hand came back: of the payment that brought it, and of the one whose
//	                                 due_to_claimants  money is due to the claimant again
//
// Entry points: [Received], [Allocated], [Reversed], [Moved], [Settled], [Left], [Of],
// [Recovered], [SentByHand], [DueAgain], [FeeKept].
package ledger
