// Package match says which case a payment means.
//
// Charter: the number of the case in the payer's own words comes first: exactly one distinct number with a good check digit is a
// match, several are none. Without any number the payer's IIN, told by his bank, and a sum that is to the tiyn what exactly one of his
// open cases asks for. Everything else waits in suspense for a person.
//
// It must not match by name, account or date, since two people may share them all; it must not look anything up, and it never repeats
// the text it was given.
//
// Entry points: [ByReference], [ByPerson].
package match

import (
	"robotbailiff/internal/caseno"
	"robotbailiff/rules/money"
)

// How a reference led to a case, or why it did not. Stored with reports; the words are stable.
const (
	ByNumber = "case_number"          // exactly one case number
	NoNumber = "no_case_number"       // none with a good check digit
	Several  = "several_case_numbers" // two or more different ones

	ByIIN     = "iin_and_sum"   // the payer has exactly one open case of this sum
	NoSuchSum = "no_such_sum"   // the payer has open cases, none of this sum
	Ambiguous = "several_cases" // the payer has several open cases of this sum
)

// Open is a case that still asks for money.
type Open struct {
	CaseID      int64
	Outstanding money.Amount
}

// ByPerson finds the one open case of a payer that asks for exactly this sum.
func ByPerson(amount money.Amount, cases []Open) (caseID int64, how string, ok bool) {
	for _, c := range cases {
		switch {
		case !c.Outstanding.Equal(amount):
		case caseID != 0:
			return 0, Ambiguous, false
		default:
			caseID = c.CaseID
		}
	}
	if caseID == 0 {
		return 0, NoSuchSum, false
	}
	return caseID, ByIIN, true
}

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
