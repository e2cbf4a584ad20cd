// Package paper lays out the papers that leave the house as PDF: the decrees of a case, the confirmation of a refusal, a notice as it was
// sent, the payment slip, the receipt, the evidence pack, and a letter. The same facts in the same
// language give the same bytes, so that the hash of a paper can be recorded and compared later.
//
// It must not decide anything, read a clock, a database or a file, or know the domains: it gets plain facts and gives bytes. It
// must not shorten what it was given, and what it is given holds no whole IIN or account, and but for a letter no secret; the name of a debtor
// stands only on what goes to that debtor.
//
// The entry points are [MakeDecree], [Refusal], [Notice], [Slip], [Receipt], [Evidence] and [Letter].
package paper
