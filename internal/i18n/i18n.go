// Package i18n says things in Kazakh, Russian and English, and to debtors in Kyrgyz and Uzbek as well: texts by key from the embedded catalogs, with plurals, dates,
// times and sums written the way people write them.
//
// It must not decide what is said, hold HTML, read a clock, or quietly take a text of another language: a missing key, a
// missing variable or an unknown one is an error.
//
// The entry point is [For].
package i18n

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Lang is a language of the pages.
type Lang string

// The languages of the pages, in the order of the language row.
const (
	KK Lang = "kk"
	RU Lang = "ru"
	EN Lang = "en"
	KY Lang = "ky" // debtors only
	UZ Lang = "uz" // debtors only
)

// Langs lists the languages in which everything is said; DebtorLangs those in which everything is said that a debtor meets.
var (
	Langs       = []Lang{KK, RU, EN}
	DebtorLangs = []Lang{KK, RU, EN, KY, UZ}
)

// Name is the language's own name.
func (l Lang) Name() string {
	switch l {
	case KK:
		return "Қазақша"
	case RU:
		return "Русский"
	case EN:
		return "English"
	case KY:
		return "Кыргызча"
	case UZ:
		return "Oʻzbekcha"
	}
	return string(l)
}

// Parse reads the code of a language in which everything is said.
func Parse(s string) (Lang, bool) { return ParseIn(s, Langs) }

// ParseIn reads the code of one of some languages.
func ParseIn(s string, langs []Lang) (Lang, bool) {
	l := Lang(s)
	return l, slices.Contains(langs, l)
}

// OfDebtor gives the language of the pages for the language of a debtor; who speaks none of theirs gets Russian.
func OfDebtor(s string) Lang {
	if l, ok := ParseIn(s, DebtorLangs); ok {
		return l
	}
	return RU
}

// OfLaw gives the language in which a reader gets what is said by the rules and the articles themselves: the law is published in Kazakh and
// Russian only, and the packs add English.
func OfLaw(l Lang) Lang {
	if slices.Contains(Langs, l) {
		return l
	}
	return RU
}

// Match chooses a language by an Accept-Language header; ok is false when it names none in which everything is said.
func Match(header string) (l Lang, ok bool) { return MatchIn(header, Langs) }

// MatchIn chooses one of some languages by an Accept-Language header.
func MatchIn(header string, langs []Lang) (l Lang, ok bool) {
	best := -1.0
	for part := range strings.SplitSeq(header, ",") {
		tag, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		base, _, _ := strings.Cut(strings.ToLower(tag), "-")
		q := quality(params)
		if found, known := ParseIn(base, langs); known && q > best && q > 0 {
			l, ok, best = found, true, q
		}
	}
	return l, ok
}

func quality(params string) float64 {
	value, found := strings.CutPrefix(strings.TrimSpace(params), "q=")
	if !found {
		return 1
	}
	q := 0.0
	if _, err := fmt.Sscanf(value, "%g", &q); err != nil || q < 0 || q > 1 {
		return 0
	}
	return q
}

// Text is something to be said later, by whoever knows the language.
type Text struct {
	Key  string
	Vars Vars
}

// Vars are the values for the variables of a text. Sums, dates, instants and numbers are written as the language does.
type Vars map[string]any

// Say makes a text without saying it.
func Say(key string, pairs ...any) Text {
	v := Vars{}
	for i := 0; i+1 < len(pairs); i += 2 {
		name, _ := pairs[i].(string)
		v[name] = pairs[i+1]
	}
	return Text{Key: key, Vars: v}
}

// Printer says things in one language. It is immutable and safe for concurrent use.
type Printer struct {
	lang  Lang
	texts map[string]entry
}

// For gives the printer of a language. An unknown language is a mistake of the program and panics.
func For(l Lang) *Printer {
	p, ok := printers()[l]
	if !ok {
		panic("i18n: no such language: " + string(l))
	}
	return p
}

// Lang is the language of the printer.
func (p *Printer) Lang() Lang { return p.lang }

// Has says whether there is a text under a key.
func (p *Printer) Has(key string) bool {
	_, ok := p.texts[key]
	return ok
}

// Keys lists the keys in order.
func (p *Printer) Keys() []string { return slices.Sorted(maps.Keys(p.texts)) }

// T says the text of a key; pairs are names and values of its variables.
func (p *Printer) T(key string, pairs ...any) (string, error) {
	if len(pairs)%2 != 0 {
		return "", fmt.Errorf("i18n: %s: a variable without a value", key)
	}
	return p.Say(Say(key, pairs...))
}

// Say says a text. A text with plural forms chooses by its variable n.
func (p *Printer) Say(t Text) (string, error) {
	e, ok := p.texts[t.Key]
	if !ok {
		return "", fmt.Errorf("i18n: no text %q in %s", t.Key, p.lang)
	}
	form := e.forms[Other]
	if len(e.forms) > 1 {
		n, ok := t.Vars["n"].(int)
		if !ok {
			return "", fmt.Errorf("i18n: %s in %s needs a whole number n", t.Key, p.lang)
		}
		form = e.forms[PluralOf(p.lang, n)]
	}
	for name := range t.Vars {
		if !slices.Contains(e.vars, name) {
			return "", fmt.Errorf("i18n: %s in %s has no variable %s", t.Key, p.lang, name)
		}
	}
	var b strings.Builder
	for _, part := range form {
		if part.name == "" {
			b.WriteString(part.text)
			continue
		}
		v, ok := t.Vars[part.name]
		if !ok {
			return "", fmt.Errorf("i18n: %s in %s lacks the variable %s", t.Key, p.lang, part.name)
		}
		s, err := p.write(v, part.style)
		if err != nil {
			return "", fmt.Errorf("i18n: %s in %s: %s: %w", t.Key, p.lang, part.name, err)
		}
		b.WriteString(s)
	}
	return b.String(), nil
}
