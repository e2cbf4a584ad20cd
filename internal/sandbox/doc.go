// Package sandbox is the outside world of the demo, the tests and the fault campaigns: courts that send writs, debtors who
// read, pay, refuse or keep silent, banks with accounts and arrests, a payment gateway, an SMS centre and a push service.
//
// Charter: the world keeps books of its own, in its own schema and by its own commits, so that what a debtor suffered and
// paid is known apart from what our tables say, and survives the death of any of our processes. Every fate is a pure
// function of the seed and of a stable key (an order's id, a case number, a phone, a reference, a legal minute), never of the order of
// calls, of the wall clock or of a map. The world's time is given to it.
//
// It must not be reachable in a production configuration, write a table of the product, decide anything for the engine,
// know more than an outsider would be told, or keep an IIN or a phone in the clear.
//
// Entry points: [New] for the world, [NewCourt] for the court batch, [Install] for the books, [World.Step] to let time
// pass, [World.Compare] for the oracle.
package sandbox
