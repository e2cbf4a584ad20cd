// Package paper lays out the papers that leave the house as PDF: the evidence pack of a case, and a letter. The same facts in the same
// language give the same bytes, so that the hash of a paper can be recorded and compared later.
//
// It must not decide anything, read a clock, a database or a file, or know the domains: it gets plain facts and gives bytes. It
// must not shorten what it was given, and what it is given holds no IIN, and but for a letter no full name and no secret.
//
// The entry points are [Evidence] and [Letter].
package paper
