// Package stop is the kill-switch: what is stopped, for whom, since when and why. One person stops by one act; two different
// people release, the second within 24 hours of the first. Nothing here ever stops money, lifts, reductions, recalls, refunds,
// objections or receipts.
//
// What a scope stops:
//
//	scope           open  arrest  collect  hand_over  notify  register
//	all              x      x        x         x        x        x
//	measure:M        M alone
//	source:S         x      x        x         x        x        x     of the writs of that source
//	region:NN               x        x         x        x        x     of the cases of that region
//	bank:B                  x        x                                 at that bank, when an order is sent
//
// A region does not stop the opening: a batch has rows of all regions, and each row has its verdict once. Such a case is opened
// and stands still. A stopped batch waits as a whole and loses nothing. Notify is what goes before coercion, the opening notice
// and the reminder; what tells of money, of a lift or of an end is never stopped.
//
// A pause is a stop that has ended: its days, from the one on which it began up to the one before it ended, do not count against
// the debtor. They are not written into cases when the switch is thrown; [Set.Pauses] gives them to whoever looks at a case.
//
// It must not decide about a case (engine does), call anything outside the database, or import the engine. Its entry points are
// [Set], which a transaction reads by [Read], and [Store], with which people act.
package stop
