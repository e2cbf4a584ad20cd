package money

import (
	"errors"
	"strings"

	"github.com/shopspring/decimal"
)

// Rounding names how a product is brought to whole tiyn. The rule pack names one for
// each tariff; there is no default.
type Rounding string

// The roundings. "Half" means exactly half a tiyn.
const (
	HalfUp   Rounding = "half_up"   // half goes away from zero
	HalfEven Rounding = "half_even" // half goes to the even tiyn
	Down     Rounding = "down"      // toward zero
	Up       Rounding = "up"        // away from zero
)

// Valid reports whether r is one of the named roundings.
func (r Rounding) Valid() bool {
	switch r {
	case HalfUp, HalfEven, Down, Up:
		return true
	}
	return false
}

// Rate is an exact share of a sum, such as 25 % = 0.25. The zero value is 0.
type Rate struct {
	_ [0]func() // forbids ==, as in Amount
	d decimal.Decimal
}

// ErrRate says that a text is not a rate: see [ParseRate].
var ErrRate = errors.New("money: not a rate")

// rateDigits bounds the digits on either side of the point of a rate, and rateTop its size.
const rateDigits = 9

var rateTop = decimal.NewFromInt(1000)

// ParseRate reads "25 %", "25%", "12.5 %" or a plain fraction such as "0.25". Digits are
// ASCII, no sign, at most nine on either side of the point, and the rate is at most
// 100 000 %; else [ErrRate].
func ParseRate(s string) (Rate, error) {
	number, percent := strings.CutSuffix(s, "%")
	if percent {
		number = strings.TrimSuffix(number, " ")
	}
	whole, part, point := strings.Cut(number, ".")
	if !digits(whole) || point && !digits(part) {
		return Rate{}, ErrRate
	}
	d, err := decimal.NewFromString(number)
	if err != nil {
		return Rate{}, ErrRate
	}
	if percent {
		d = d.Shift(-2)
	}
	if d.Cmp(rateTop) > 0 {
		return Rate{}, ErrRate
	}
	return Rate{d: d}, nil
}

func digits(s string) bool {
	if s == "" || len(s) > rateDigits {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// String returns the rate in percent, "25 %" or "12.5 %"; [ParseRate] reads it back.
func (r Rate) String() string { return r.d.Shift(2).String() + " %" }

// Equal reports whether two rates are the same share.
func (r Rate) Equal(o Rate) bool { return r.d.Equal(o.d) }

// Cmp returns -1, 0 or +1 as r is less than, equal to or greater than o.
func (r Rate) Cmp(o Rate) int { return r.d.Cmp(o.d) }

// IsZero reports whether the rate is 0 %.
func (r Rate) IsZero() bool { return r.d.IsZero() }

// MulRate returns a × r brought to whole tiyn by the named rounding. It panics with a
// [*RangeError] past [Limit], and on a rounding that is not [Rounding.Valid].
func (a Amount) MulRate(r Rate, rounding Rounding) Amount {
	exact := a.d.Mul(r.d)
	switch rounding {
	case HalfUp:
		return fit(exact.Round(places))
	case HalfEven:
		return fit(exact.RoundBank(places))
	case Down:
		return fit(exact.RoundDown(places))
	case Up:
		return fit(exact.RoundUp(places))
	}
	panic("money: unknown rounding " + string(rounding))
}
