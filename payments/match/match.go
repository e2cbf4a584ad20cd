// Package match says which case a payment means.
//
// Charter: one way only, the number of the case in the payer's own words. Exactly one distinct number with a good check
// digit is a match; none or several is none, and the money waits in suspense for a person.
//
// It must not match by name, amount, account or date, since two people may share them all; it must not look anything up,
// and it never repeats the text it was given.
//
// Entry point: [ByReference].
package match

import "robotbailiff/internal/caseno"

// How a reference led to a case, or why it did not. Stored with reports; the words are stable.
const (
	ByNumber = "case_number"          // exactly one case number
	NoNumber = "no_case_number"       // none with a good check digit
	Several  = "several_case_numbers" // two or more different ones
)

// ByReference finds the one case that a purpose text names. Without a match ok is false, caseID is 0 and how says why.
func ByReference(reference string) (caseID int64, how string, ok bool) {
	switch found := caseno.FindAll(reference); len(found) {
	case 0:
		return 0, NoNumber, false
	case 1:
		return found[0], ByNumber, true
	default:
		return 0, Several, false
	}
}
