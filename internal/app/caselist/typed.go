package caselist

import (
	"strings"
	"unicode"

	"robotbailiff/engine/intake"
	"robotbailiff/internal/caseno"
	"robotbailiff/rules"
	"robotbailiff/rules/money"
)

// Kind is what a typed text was taken for.
type Kind string

// Kinds of what can be looked for.
const (
	Number   Kind = "number"   // of a case
	IIN      Kind = "iin"      // of a debtor
	Phone    Kind = "phone"    // of a debtor, as the court gave it
	Sum      Kind = "sum"      // of a writ
	Document Kind = "document" // number of a writ
	Name     Kind = "name"     // beginning of a debtor's name
)

// Meaning is one thing that a typed text may mean.
type Meaning struct {
	Kind  Kind
	Value string // in the one spelling that is looked for
}

// maxTyped bounds what is read of the box.
const maxTyped = 200

// maxSumDigits is the longest whole number without a mark that may be a sum: no claim here has more.
const maxSumDigits = 7

// Guess tells what a typed text may mean, the likeliest first. Nothing: it means nothing.
func Guess(typed string) []Meaning {
	if len(typed) > maxTyped {
		return nil
	}
	typed = strings.Join(strings.Fields(typed), " ")
	var out []Meaning
	for _, m := range []Meaning{asNumber(typed), asIIN(typed), asPhone(typed), asSum(typed), asDocument(typed), asName(typed)} {
		if m.Value != "" {
			out = append(out, m)
		}
	}
	return out
}

// digits counts digits, letters of any script, and the rest without blanks.
func digits(s string) (digits, letters int) {
	for _, r := range s {
		switch {
		case '0' <= r && r <= '9':
			digits++
		case unicode.IsLetter(r):
			letters++
		}
	}
	return digits, letters
}

// asNumber takes at most half of the digits for letters that look like them.
func asNumber(s string) Meaning {
	if n, _ := digits(s); n < 5 {
		return Meaning{}
	}
	id, err := caseno.ParseTyped(s)
	if err != nil {
		return Meaning{}
	}
	return Meaning{Number, caseno.Format(id)}
}

func asIIN(s string) Meaning {
	plain := strings.ReplaceAll(s, " ", "")
	if len(plain) != 12 || rules.CheckIIN(plain) != nil {
		return Meaning{}
	}
	return Meaning{IIN, plain}
}

func asPhone(s string) Meaning {
	number, ok := intake.Phone(s)
	if !ok {
		return Meaning{}
	}
	return Meaning{Phone, number}
}

// asSum wants two decimals or the sign of the currency when a whole number is too long to be a likely sum.
func asSum(s string) Meaning {
	plain, marked := strings.ToLower(s), false
	for _, mark := range []string{"₸", "тенге", "теңге", "тг.", "тг", "kzt"} {
		if cut, ok := strings.CutSuffix(plain, mark); ok {
			plain, marked = cut, true
			break
		}
	}
	n, letters := digits(plain)
	if letters > 0 || n == 0 || strings.HasPrefix(plain, "0") && n > 1 && !strings.ContainsAny(plain, ".,") {
		return Meaning{}
	}
	amount, ok := parseSum(plain)
	if !ok || !amount.IsPositive() || !marked && !strings.ContainsAny(plain, ".,") && n > maxSumDigits {
		return Meaning{}
	}
	return Meaning{Sum, amount.String()}
}

// parseSum reads a sum as people write it: 20155, 20 155,50 or 20155.5.
func parseSum(s string) (money.Amount, bool) {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return -1
		case r == ',':
			return '.'
		}
		return r
	}, s)
	amount, err := money.Parse(s)
	return amount, err == nil
}

// asDocument takes whatever has a digit; the case of letters is left as it was typed.
func asDocument(s string) Meaning {
	s = strings.TrimSpace(strings.TrimPrefix(s, "№"))
	if n, _ := digits(s); n == 0 || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar }) {
		return Meaning{}
	}
	return Meaning{Document, s}
}

// asName wants two letters and no digit.
func asName(s string) Meaning {
	if n, letters := digits(s); n > 0 || letters < 2 {
		return Meaning{}
	}
	return Meaning{Name, intake.NameKey(s)}
}
