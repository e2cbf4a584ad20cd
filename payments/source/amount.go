package source

import (
	"errors"

	"robotbailiff/rules/money"
)

// ParseAmount reads the sum of a line or balance, with a point; code is empty, or that of a [Fault].
func ParseAmount(s string) (sum money.Amount, code string) {
	sum, err := money.Parse(s)
	if p, ok := errors.AsType[*money.ParseError](err); ok && p.Code == money.CodeNegative {
		return sum, CodeNegative
	}
	if err != nil {
		return sum, CodeAmount
	}
	return sum, ""
}

// IsIIN says whether s has the form of an IIN or a BIN, twelve digits. Banks fill the field with other numbers too, so no more
// is asked here.
func IsIIN(s string) bool { return len(s) == 12 && Digits(s) }

// Digits says whether s is made of ASCII digits only.
func Digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
