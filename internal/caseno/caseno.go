package caseno

import (
	"fmt"
	"unicode"
)

const (
	yearDigits   = 2
	serialDigits = 7
	allDigits    = yearDigits + serialDigits + 1

	serials = 10_000_000 // serial numbers of one year: 1 .. serials-1

	// MaxID is the largest id that has a number: serial 9 999 999 of the year 99.
	MaxID int64 = 100*serials - 1
)

// Code says what is wrong with a case number.
type Code string

// What can be wrong with a case number.
const (
	CodeFormat     Code = "format"      // a character or a grouping that no spelling of a number has
	CodeLength     Code = "length"      // not ten digits
	CodeSerial     Code = "serial"      // the serial number is 0
	CodeCheckDigit Code = "check_digit" // a digit was mistyped
	CodeRange      Code = "range"       // year or serial outside the numbers that exist
)

// Error tells why a text is not a case number. It never holds the text.
type Error struct{ Code Code }

// Error implements error.
func (e *Error) Error() string { return "caseno: not a case number: " + string(e.Code) }

// Make gives the id of a serial number in a year (0 .. 99).
func Make(year, serial int) (int64, error) {
	if year < 0 || year > 99 || serial < 1 || serial >= serials {
		return 0, &Error{CodeRange}
	}
	return int64(year)*serials + int64(serial), nil
}

// Split is the reverse of [Make]; ok is false for an id that has no number.
func Split(id int64) (year, serial int, ok bool) {
	if !Valid(id) {
		return 0, 0, false
	}
	return int(id / serials), int(id % serials), true
}

// Valid reports whether an id has a number.
func Valid(id int64) bool { return id > 0 && id <= MaxID && id%serials != 0 }

// Format writes the number of a case. An id that no case can have gives a text that [Parse] refuses.
func Format(id int64) string {
	if !Valid(id) {
		return fmt.Sprintf("invalid(%d)", id)
	}
	var d [allDigits]byte
	rest := id
	for i := allDigits - 2; i >= 0; i-- {
		d[i] = byte(rest%10) + '0'
		rest /= 10
	}
	d[allDigits-1] = check(d[:allDigits-1]) + '0'
	out := make([]byte, 0, allDigits+2)
	out = append(out, d[:yearDigits]...)
	out = append(out, '-')
	out = append(out, d[yearDigits:allDigits-1]...)
	out = append(out, '-', d[allDigits-1])
	return string(out)
}

// Parse reads one number: dashes of any script or spaces between the three groups, or nothing at all; blanks around
// it are ignored. Digits of other scripts are refused. The error is an *[Error].
func Parse(s string) (int64, error) {
	var d [allDigits]byte
	n, gap := 0, 0
	for _, r := range s {
		switch {
		case '0' <= r && r <= '9':
			if n == allDigits {
				return 0, &Error{CodeLength}
			}
			if gap > 0 && n != 0 && n != yearDigits && n != allDigits-1 {
				return 0, &Error{CodeFormat}
			}
			d[n], n, gap = byte(r), n+1, 0
		case isDash(r):
			if n == 0 || n == allDigits {
				return 0, &Error{CodeFormat}
			}
			gap++
		case isSpace(r):
			if n > 0 && n < allDigits {
				gap++
			}
		default:
			return 0, &Error{CodeFormat}
		}
		if gap > maxGap {
			return 0, &Error{CodeFormat}
		}
	}
	if n != allDigits {
		return 0, &Error{CodeLength}
	}
	return decode(d[:])
}

// maxGap is the most that may stand between two groups: " - ".
const maxGap = 3

// decode reads ten ASCII digits.
func decode(d []byte) (int64, error) {
	if check(d) != 0 {
		return 0, &Error{CodeCheckDigit}
	}
	var id int64
	for _, c := range d[:allDigits-1] {
		id = id*10 + int64(c-'0')
	}
	if id%serials == 0 {
		return 0, &Error{CodeSerial}
	}
	return id, nil
}

// damm is the operation table of a weakly totally anti-symmetric quasigroup of order 10 whose diagonal is zero.
var damm = [10][10]byte{
	{0, 3, 1, 7, 5, 9, 8, 6, 4, 2},
	{7, 0, 9, 2, 1, 5, 4, 8, 6, 3},
	{4, 2, 0, 6, 8, 7, 1, 3, 5, 9},
	{1, 7, 5, 0, 9, 8, 3, 4, 2, 6},
	{6, 1, 2, 3, 0, 4, 5, 9, 7, 8},
	{3, 6, 7, 4, 2, 0, 9, 5, 8, 1},
	{5, 8, 6, 9, 7, 2, 0, 1, 3, 4},
	{8, 9, 4, 5, 3, 6, 2, 0, 1, 7},
	{9, 4, 3, 8, 6, 1, 7, 2, 0, 5},
	{2, 5, 8, 1, 4, 3, 6, 7, 9, 0},
}

// check gives the digit that follows d; over a whole number it gives 0 when the number is sound.
func check(d []byte) byte {
	var c byte
	for _, x := range d {
		c = damm[c][x-'0']
	}
	return c
}

// isDash knows the characters that keyboards, office programs and banks put where a dash is meant.
func isDash(r rune) bool {
	switch r {
	case '-', '_', '\u00AD', '\u02D7', '\u058A', '\u05BE', '\u1806', '\u2043', '\u207B', '\u208B', '\u2212',
		'\u2796', '\u2E3A', '\u2E3B', '\uFE58', '\uFE63', '\uFF0D':
		return true
	}
	return r >= '\u2010' && r <= '\u2015'
}

// isSpace also knows the characters without width that come along when a number is copied from a page.
func isSpace(r rune) bool {
	return unicode.IsSpace(r) || r == '\u200B' || r == '\u2060' || r == '\uFEFF'
}
