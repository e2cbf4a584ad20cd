package portal

import (
	"strings"

	"robotbailiff/internal/i18n"
	"robotbailiff/rules/money"
)

// SumError says what is wrong with a sum that a debtor typed. The words are stable and have a text each.
type SumError struct{ Code string }

// Codes of a [SumError].
const (
	SumMissing = "missing"
	SumForm    = "form"    // no number
	SumTiyn    = "tiyn"    // more than two digits after the comma
	SumNothing = "nothing" // zero
	SumTooMuch = "too_much"
	SumMoved   = "moved" // the debt has changed since it was shown
)

// Error implements error.
func (e *SumError) Error() string { return "portal: the sum is not right: " + e.Code }

// units are what people write after a sum.
var units = []string{"₸", "тенге", "теңге", "тг.", "тг", "tenge", "kzt", "т"}

// ParseSum reads a sum as people type it: "20 155", "20155,50", "20155.5 тг". It never guesses: what could mean two sums is no sum.
func ParseSum(typed string) (money.Amount, error) {
	s := strings.ToLower(strings.TrimSpace(typed[:min(len(typed), 64)]))
	for _, u := range units {
		if before, found := strings.CutSuffix(s, u); found {
			s = before
			break
		}
	}
	s = strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', '\u00a0', '\u2009', '\u202f':
			return -1
		case ',':
			return '.'
		}
		return r
	}, s)
	if s == "" {
		return money.Zero, &SumError{SumMissing}
	}
	whole, tiyn, pointed := strings.Cut(s, ".")
	if !onlyDigits(whole) || pointed && !onlyDigits(tiyn) || len(whole) > 12 {
		return money.Zero, &SumError{SumForm}
	}
	switch {
	case len(tiyn) > 2:
		return money.Zero, &SumError{SumTiyn}
	case len(tiyn) == 1:
		tiyn += "0"
	case tiyn == "":
		tiyn = "00"
	}
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	sum, err := money.Parse(whole + "." + tiyn)
	switch {
	case err != nil:
		return money.Zero, &SumError{SumForm}
	case !sum.IsPositive():
		return money.Zero, &SumError{SumNothing}
	}
	return sum, nil
}

// FieldSum writes a sum into the field in which it is typed, so that [ParseSum] reads it again.
func FieldSum(sum money.Amount, lang i18n.Lang) string {
	if lang == i18n.EN {
		return sum.String() // its thousands would have commas
	}
	return i18n.For(lang).Plain(sum)
}

func onlyDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
