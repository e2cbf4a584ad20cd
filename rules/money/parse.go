package money

import "strconv"

// Code names why a text is not a sum. It is stable: reports and catalogs use it as a key.
type Code string

// The reasons of a [ParseError].
const (
	CodeEmpty     Code = "empty"     // no text at all
	CodeCharacter Code = "character" // a sign, space, exponent, letter or foreign digit
	CodeDecimals  Code = "decimals"  // a point without digits around it, or more than two decimals
	CodeNegative  Code = "negative"  // a minus where only a sum to be paid makes sense
	CodeRange     Code = "range"     // beyond Limit
)

// ParseError says why a text is not a sum, and at which byte (from 0) reading stopped.
// The text itself is left out, so the error may be logged.
type ParseError struct {
	Code Code
	At   int
}

// Error implements error.
func (e *ParseError) Error() string {
	return "money: not an amount: " + string(e.Code) + " at byte " + strconv.Itoa(e.At)
}

// RangeError says that a computed sum went beyond [Limit].
type RangeError struct{}

// Error implements error.
func (*RangeError) Error() string {
	return "money: amount beyond " + strconv.FormatInt(Limit, 10) + " tiyn"
}

// Parse reads a sum of the exchange contract in tenge: ASCII digits, then at most a point
// and one or two more digits ("500", "500.5", "12345.67"). Signs, spaces, exponents, NaN,
// separators of thousands and digits of other scripts are refused; errors are [*ParseError].
func Parse(s string) (Amount, error) {
	if s != "" && s[0] == '-' {
		return Zero, &ParseError{Code: CodeNegative}
	}
	t, err := tiyn(s, 0)
	if err != nil {
		return Zero, err
	}
	return FromTiyn(t), nil
}

// ParseSigned is [Parse] with an optional leading minus: for reversals and stored sums.
func ParseSigned(s string) (Amount, error) {
	if s == "" || s[0] != '-' {
		return Parse(s)
	}
	t, err := tiyn(s, 1)
	if err != nil {
		return Zero, err
	}
	return FromTiyn(-t), nil
}

// tiyn reads s from byte `from` on.
func tiyn(s string, from int) (int64, error) {
	if len(s) == from {
		return 0, &ParseError{Code: CodeEmpty, At: from}
	}
	var t int64
	point := -1
	for i := from; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			if point >= 0 && i-point > places {
				return 0, &ParseError{Code: CodeDecimals, At: i}
			}
			t = t*10 + int64(c-'0')
			if t > Limit {
				return 0, &ParseError{Code: CodeRange, At: i}
			}
		case c == '.' && point < 0 && i > from && i < len(s)-1:
			point = i
		case c == '.':
			return 0, &ParseError{Code: CodeDecimals, At: i}
		default:
			return 0, &ParseError{Code: CodeCharacter, At: i}
		}
	}
	have := 0
	if point >= 0 {
		have = len(s) - 1 - point
	}
	for ; have < places; have++ {
		t *= 10
	}
	if t > Limit {
		return 0, &ParseError{Code: CodeRange, At: len(s)}
	}
	return t, nil
}
