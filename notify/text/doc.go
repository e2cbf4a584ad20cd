// Package text holds the wording of every notice: eight kinds in five languages, an SMS
// and a push for each, under a version number that is stored with the notice, so that the
// text of an old notice can be made again byte for byte.
//
// It must not decide who is told what, or when; it must not read a clock, a database or
// a setting; and it never sees an IIN, a phone or a full name of a debtor. A change of
// any sentence is a new version: wordings that have been sent are kept as they were.
//
// Length is part of the wording, since an SMS is billed and delivered by the part. An
// opening may take two parts, because EL 27(5) wants who, whom, what and the case number
// in it, and the personal link has to fit too. Every other SMS takes one. One part of
// Cyrillic has 70 units and the personal link alone takes up to 38, so these name the
// host and the case number instead: the number opens the same page, the person has the
// link from the opening, and a message without a link cannot be spoofed into a trap.
//
// The entry point is [Render].
package text
