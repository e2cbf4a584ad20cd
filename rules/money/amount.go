package money

import (
	"strconv"

	"github.com/shopspring/decimal"
)

// Limit bounds every Amount: its absolute value never exceeds Limit tiyn (ten trillion
// tenge), so a sum of any two fits an int64 with room to spare.
const Limit int64 = 1_000_000_000_000_000

// places is the number of decimals of the tenge: one tenge is one hundred tiyn.
const places = 2

// Amount is an exact sum in tenge with two decimals. The zero value is 0.00.
// Compare with [Amount.Equal] or [Amount.Cmp]: the operator == does not compile, since
// two equal sums may have different inner forms.
type Amount struct {
	_ [0]func() // forbids ==
	d decimal.Decimal
}

// Zero is 0.00 tenge.
var Zero Amount

// FromTiyn makes an Amount of t tiyn. It panics with a [*RangeError] when |t| exceeds
// [Limit]; sums from outside go through [Parse], which returns errors.
func FromTiyn(t int64) Amount {
	mustFit(t)
	return Amount{d: decimal.New(t, -places)}
}

// Tiyn returns the sum in tiyn, exactly.
func (a Amount) Tiyn() int64 { return a.d.CoefficientInt64() }

// Decimal returns the sum in tenge as a decimal, for codecs that speak it.
func (a Amount) Decimal() decimal.Decimal { return decimal.New(a.Tiyn(), -places) }

// Add returns a + b. It panics with a [*RangeError] past [Limit].
func (a Amount) Add(b Amount) Amount { return fit(a.d.Add(b.d)) }

// Sub returns a - b, which may be negative. It panics with a [*RangeError] past [Limit].
func (a Amount) Sub(b Amount) Amount { return fit(a.d.Sub(b.d)) }

// CheckedAdd returns a + b, or a [*RangeError] where Add would panic: for sums over
// input that nobody has bounded yet, such as the total of a foreign file.
func (a Amount) CheckedAdd(b Amount) (Amount, error) {
	t := a.Tiyn() + b.Tiyn() // both within Limit: no overflow
	if t > Limit || t < -Limit {
		return Zero, &RangeError{}
	}
	return FromTiyn(t), nil
}

// Neg returns -a.
func (a Amount) Neg() Amount { return Amount{d: a.d.Neg()} }

// MulInt returns a × n. It panics with a [*RangeError] past [Limit].
func (a Amount) MulInt(n int64) Amount { return fit(a.d.Mul(decimal.NewFromInt(n))) }

// Cmp returns -1, 0 or +1 as a is less than, equal to or greater than b.
func (a Amount) Cmp(b Amount) int { return a.d.Cmp(b.d) }

// Equal reports whether a and b are the same sum.
func (a Amount) Equal(b Amount) bool { return a.Cmp(b) == 0 }

// Less reports whether a is smaller than b.
func (a Amount) Less(b Amount) bool { return a.Cmp(b) < 0 }

// Sign returns -1, 0 or +1 with the sign of the sum.
func (a Amount) Sign() int { return a.d.Sign() }

// IsZero reports whether the sum is 0.00.
func (a Amount) IsZero() bool { return a.Sign() == 0 }

// IsPositive reports whether the sum is more than 0.00.
func (a Amount) IsPositive() bool { return a.Sign() > 0 }

// Min returns the smaller of a and b.
func Min(a, b Amount) Amount {
	if b.Less(a) {
		return b
	}
	return a
}

// Max returns the greater of a and b.
func Max(a, b Amount) Amount {
	if a.Less(b) {
		return b
	}
	return a
}

// String returns the sum in the form of the exchange contract: "12345.67", "-0.05".
func (a Amount) String() string {
	var buf [24]byte
	return string(a.Append(buf[:0]))
}

// Append adds the text of [Amount.String] to b and returns the longer slice.
func (a Amount) Append(b []byte) []byte {
	t := a.Tiyn()
	if t < 0 {
		b = append(b, '-')
		t = -t
	}
	b = strconv.AppendInt(b, t/100, 10)
	return append(b, '.', figures[t/10%10], figures[t%10])
}

const figures = "0123456789"

// MarshalText gives the text of [Amount.String]; in JSON the sum becomes a string.
func (a Amount) MarshalText() ([]byte, error) { return a.Append(nil), nil }

// UnmarshalText reads what MarshalText wrote, negative sums too; errors are [*ParseError].
func (a *Amount) UnmarshalText(text []byte) error {
	v, err := ParseSigned(string(text))
	if err != nil {
		return err
	}
	*a = v
	return nil
}

// fit bounds a computed sum and brings it to the one inner form, two decimals. d has at
// most two decimals.
func fit(d decimal.Decimal) Amount {
	if d.Exponent() != -places {
		d = d.Truncate(places).Add(cent).Sub(cent) // widens 5 or 5.1 to 5.00 or 5.10
	}
	if d.Cmp(upper) > 0 || d.Cmp(lower) < 0 {
		panic(&RangeError{})
	}
	return Amount{d: d}
}

var (
	cent  = decimal.New(1, -places)
	upper = decimal.New(Limit, -places)
	lower = decimal.New(-Limit, -places)
)

func mustFit(t int64) {
	if t > Limit || t < -Limit {
		panic(&RangeError{})
	}
}
