package caseno

import "unicode"

// ParseTyped reads a number as a person types it from paper or from a screen: whatever signs and blanks stand between the
// digits, a number sign before them, and letters of both alphabets that look like a digit. The check digit tells a misread letter.
// The error is an *[Error].
func ParseTyped(s string) (int64, error) {
	var d [allDigits]byte
	n := 0
	for _, r := range s {
		c, digit := looksLike(r)
		switch {
		case digit && n == allDigits:
			return 0, &Error{CodeLength}
		case digit:
			d[n], n = c, n+1
		case unicode.IsLetter(r) || unicode.IsDigit(r) || r == unicode.ReplacementChar:
			return 0, &Error{CodeFormat}
		}
	}
	if n != allDigits {
		return 0, &Error{CodeLength}
	}
	return decode(d[:])
}

// lookAlikes are letters that hands and optical readers put for a digit.
var lookAlikes = map[rune]byte{
	'O': '0', 'o': '0', 'О': '0', 'о': '0', 'Ө': '0', 'ө': '0',
	'I': '1', 'l': '1', 'i': '1', 'І': '1', 'і': '1',
	'Z': '2', 'z': '2', 'З': '3', 'з': '3', 'Ч': '4', 'ч': '4', 'S': '5', 's': '5', 'Ѕ': '5', 'ѕ': '5', 'б': '6', 'B': '8', 'В': '8', 'в': '8',
}

func looksLike(r rune) (digit byte, ok bool) {
	if '0' <= r && r <= '9' {
		return byte(r), true
	}
	c, ok := lookAlikes[r]
	return c, ok
}
