// Package payments records money that comes in, once and for ever.
//
// Charter: a message of a payment system is kept raw before it is answered (INV-M5), a transfer is counted once whatever
// carries it (INV-M2, INV-M3), every tenge stands in exactly one place (INV-M1), and nothing that does not fit
// disappears: it waits in suspense or is due back (INV-M4). The books are double entry, see package ledger.
//
// It must not decide what a payment does to a case: the engine decides, and this package books what was decided. It must
// not send anything, start a job, read a clock, or write another domain's tables; it reads the table cases in [Check]
// only. It logs nothing, and no error of it repeats a purpose text, which is personal data.
//
// # Flow
//
//	Receive            the raw message, answered after the commit
//	TakePending        messages not yet understood, parsed by their source adapter
//	Reserve            which transfers are new, and their ids
//	match.ByReference  which case
//	  engine           decides: so much pays the case, the rest is due back
//	Book               writes each payment once, with what was decided; without a case it waits in suspense
//	MarkSettled        the message is done
//
// What waits in suspense is given to a case later by Allocate.
//
// Every write takes a batch of up to [MaxBatch] and runs a fixed number of statements whatever its size. A method that
// returns an error leaves the transaction to be rolled back as a whole. Locks are taken in the order case, payment; rows
// of one kind by ascending id.
//
// Entry point: [Store].
package payments
