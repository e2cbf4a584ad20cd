package rules

import (
	"errors"
	"time"

	"robotbailiff/rules/calendar"
)

// Reasons why an identification number is refused. They are constant values: compare with
// [errors.Is]. None of them carries the number itself, so they may be logged.
var (
	ErrIINForm   = errors.New("rules: IIN is not twelve digits")
	ErrIINCheck  = errors.New("rules: IIN check digit does not agree")
	ErrIINOfBody = errors.New("rules: the number is a BIN, not an IIN")
	ErrBINForm   = errors.New("rules: BIN is not twelve digits")
	ErrBINCheck  = errors.New("rules: BIN check digit does not agree")
	ErrBINType   = errors.New("rules: the number is an IIN, not a BIN")
	ErrIBANForm  = errors.New("rules: IBAN is not KZ, 2 digits, 3 digits of the bank and 13 letters or digits")
	ErrIBANCheck = errors.New("rules: IBAN check digits do not agree")
)

// Sex is what the seventh digit of an IIN says.
type Sex string

// The sexes an IIN can state.
const (
	Male   Sex = "male"
	Female Sex = "female"
)

// CheckIIN reports whether s may be the IIN of a natural person: twelve ASCII digits, a
// check digit that agrees, and not a BIN. Errors: [ErrIINForm], [ErrIINCheck],
// [ErrIINOfBody]. The birth date inside is not checked, since numbers of foreigners and
// old numbers break its rule: see [IINBirthDate].
func CheckIIN(s string) error {
	switch {
	case !twelveDigits(s) || s == "000000000000":
		return ErrIINForm
	case !checkDigitAgrees(s):
		return ErrIINCheck
	case IsBIN(s):
		return ErrIINOfBody
	}
	return nil
}

// CheckBIN reports whether s may be the BIN of a legal person or a sole-trader venture.
// Errors: [ErrBINForm], [ErrBINCheck], [ErrBINType].
func CheckBIN(s string) error {
	switch {
	case !twelveDigits(s):
		return ErrBINForm
	case !checkDigitAgrees(s):
		return ErrBINCheck
	case !IsBIN(s):
		return ErrBINType
	}
	return nil
}

// IsBIN reports whether twelve digits have the form of a BIN: the fifth digit, which in an
// IIN begins the day of birth, is 4 or more. The check digit is not looked at.
func IsBIN(s string) bool { return twelveDigits(s) && s[4] >= '4' }

func twelveDigits(s string) bool { return len(s) == 12 && allDigits(s) }

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func checkDigitAgrees(s string) bool {
	c, ok := IINCheckDigit(s[:11])
	return ok && c == s[11]
}

// IINCheckDigit returns the check digit, as an ASCII digit, of the first eleven digits of
// an IIN or BIN. It is false for a text that is not eleven digits, and for the about 0.8 %
// of numbers that have no check digit and are never issued.
func IINCheckDigit(first11 string) (byte, bool) {
	if len(first11) != 11 || !allDigits(first11) {
		return 0, false
	}
	for shift := range 2 { // weights 1..11, then 3..11,1,2
		sum := 0
		for i := range 11 {
			sum += int(first11[i]-'0') * ((i+2*shift)%11 + 1)
		}
		if c := sum % 11; c < 10 {
			return '0' + byte(c), true
		}
	}
	return 0, false
}

// IINBirthDate reads the birth date and the sex from an IIN. ok is false where the number
// does not tell: not twelve digits, a seventh digit outside 1 to 6 (0 is met in numbers of
// foreigners), or a date that does not exist. The check digit is not looked at.
func IINBirthDate(s string) (born calendar.Date, sex Sex, ok bool) {
	if !twelveDigits(s) || s[6] < '1' || s[6] > '6' {
		return 0, "", false
	}
	n := func(i int) int { return int(s[i]-'0')*10 + int(s[i+1]-'0') }
	marker := int(s[6] - '1')
	y, m, d := 1800+marker/2*100+n(0), time.Month(n(2)), n(4)
	born = calendar.MakeDate(y, m, d)
	if y2, m2, d2 := born.YMD(); y2 != y || m2 != m || d2 != d {
		return 0, "", false
	}
	sex = Male
	if marker%2 == 1 {
		sex = Female
	}
	return born, sex, true
}

// CheckIBAN reports whether s is a Kazakh account number in its electronic form: no
// spaces, capital letters, twenty characters, ISO 13616 check. Errors: [ErrIBANForm],
// [ErrIBANCheck].
func CheckIBAN(s string) error {
	if len(s) != 20 || s[:2] != "KZ" || !allDigits(s[2:7]) {
		return ErrIBANForm
	}
	mod := 0
	for i := range len(s) {
		c := s[(i+4)%len(s)] // the first four characters go to the end
		switch {
		case c >= '0' && c <= '9':
			mod = (mod*10 + int(c-'0')) % 97
		case c >= 'A' && c <= 'Z':
			mod = (mod*100 + int(c-'A') + 10) % 97
		default:
			return ErrIBANForm
		}
	}
	if mod != 1 {
		return ErrIBANCheck
	}
	return nil
}
