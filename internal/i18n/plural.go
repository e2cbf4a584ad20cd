package i18n

// Plural is a form of a text with a number, by the names of CLDR.
type Plural string

// The plural forms that our languages have.
const (
	One   Plural = "one"
	Few   Plural = "few"
	Many  Plural = "many"
	Other Plural = "other"
)

// Plurals lists the forms a language needs.
func Plurals(l Lang) []Plural {
	if l == RU {
		return []Plural{One, Few, Many, Other}
	}
	return []Plural{One, Other}
}

// PluralOf chooses the form for a whole number. In Russian the form other is for fractions, which nothing here counts.
func PluralOf(l Lang, n int) Plural {
	if n < 0 {
		n = -n
	}
	if l != RU {
		if n == 1 {
			return One
		}
		return Other
	}
	switch tens := n % 100; {
	case n%10 == 1 && tens != 11:
		return One
	case n%10 >= 2 && n%10 <= 4 && (tens < 12 || tens > 14):
		return Few
	}
	return Many
}
