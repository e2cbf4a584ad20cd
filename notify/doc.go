// Package notify owes the debtor the news: it keeps every notice of a case, sends it over
// its channels, and knows what was proven to arrive.
//
// It must not decide that a notice is due, start or stop a term, or change a case: the
// caller asks for notices and hears about proofs. It must not import the other domains,
// the job engine or the outside world; gateways are given to it. It never logs, and never
// stores in a notice, a phone, a push token, an address, an IIN or a full name.
//
// # At most twice, and why not once
//
// A gateway may take a message and its answer may still be lost, so nobody can promise
// exactly one SMS. What is promised (INV-N2): an attempt is written down before the call,
// under a reference that never changes; a lost answer is asked for by that reference; only
// when the gateway does not know the message, some time after the attempt, it is sent a
// second time; there is no third. So sends ≤ 1 + crashes between call and answer, and ≤ 2.
// An attempt that was cut off by the death of its worker, and of which the gateway knows
// nothing afterwards, was no send and does not count as one; of both sorts together there
// are five at most.
//
// A message also carries the start of the next quiet hours as its expiry, so that a late
// queue at the operator does not wake anybody (EL has no rule for robots; the pack has). A
// notice that lives longer than its day waits for the next morning; a letter wakes nobody.
// What a newer notice has overtaken meanwhile (the table of overtakers) is not sent any more.
//
// # States
//
// The edges are [Transitions]. "sent" means that the gateway took it; "delivered" means
// delivered to the number, not to the person; only "delivered" may start a term (INV-N3).
//
// The entry points are [Store.Create], [Sender.Run] and [Store.Receive].
package notify
