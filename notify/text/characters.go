package text

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	// manyDigits finds what looks like an identity number, a card or a phone, also with spaces in it. The service numbers
	// that people may be told have four digits.
	manyDigits = regexp.MustCompile(`\p{Nd}(?:[ .\-–()]{0,2}\p{Nd}){8,}`)
	// addresses finds what a phone would make a link of. The only link in a notice is the placeholder's.
	addresses  = regexp.MustCompile(`(?i)https?:|www\.|[\p{L}\p{Nd}-]\.(?:kz|қаз|рф|ru|com|net|org|info|uz|kg|me|ly|io|app|link|site|online)\b`)
	wordsOf    = regexp.MustCompile(`[\p{L}ʻʼ']+`)
	inBrackets = regexp.MustCompile(`\{[^{}]*\}`)
)

// characters looks at what stands between the placeholders.
func (c *checker) characters(part Part, number int, line string) {
	plain := inBrackets.ReplaceAllString(line, " ")
	if !utf8.ValidString(line) || strings.ContainsFunc(line, unseen) {
		c.add(part, number, CodeControl, "")
		return
	}
	if manyDigits.MatchString(plain) {
		c.add(part, number, CodeDigits, "") // without the number: it may be somebody's
	}
	if found := addresses.FindString(plain); found != "" {
		c.add(part, number, CodeAddress, found)
	}
	for _, w := range wordsOf.FindAllString(plain, -1) {
		latin := strings.ContainsFunc(w, func(r rune) bool { return unicode.Is(unicode.Latin, r) })
		cyrillic := strings.ContainsFunc(w, func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) })
		other := strings.ContainsFunc(w, func(r rune) bool {
			return unicode.IsLetter(r) && !unicode.In(r, unicode.Latin, unicode.Cyrillic, unicode.Common)
		})
		if other || latin && cyrillic || cyrillic && c.language.latin {
			c.add(part, number, CodeScript, w)
			return
		}
	}
}

// unseen is true of characters that a reader of the words does not see: control characters, those that turn the direction
// of writing or join letters, and those that no font has.
func unseen(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs, unicode.Zl, unicode.Zp, unicode.M) || r == utf8.RuneError ||
		!unicode.IsPrint(r) && !unicode.IsSpace(r)
}

// Storable says whether words may be kept while they are being worked on. Wrong words may; what looks like the number of a
// person, and what is no text, may not.
func Storable(problems []Problem) bool {
	for _, p := range problems {
		if p.Code == CodeDigits || p.Code == CodeControl || p.Code == CodeMany || p.Code == CodeLong && p.Part != PartBody && (p.Part != PartLetter || p.Number > 0) {
			return false
		}
	}
	return true
}

// ParseLines reads a wording as a form has it: a message, a sentence or a paragraph a line. Spaces that mean nothing are left out.
func ParseLines(sms, title, body, letter string) Wording {
	w := Wording{SMS: lines(sms), Title: oneLine(title), Body: lines(body)}
	if paragraphs := lines(letter); len(paragraphs) > 0 {
		w.Letter = paragraphs
	}
	return w
}

// Lines writes a wording as [ParseLines] reads it.
func (w Wording) Lines() (sms, title, body, letter string) {
	return strings.Join(w.SMS, "\n"), w.Title, strings.Join(w.Body, "\n"), strings.Join(w.Letter, "\n")
}

func lines(s string) []string {
	out := []string{}
	for line := range strings.SplitSeq(s, "\n") {
		alternatives := strings.Split(line, "|")
		for i, a := range alternatives {
			alternatives[i] = oneLine(a)
		}
		if line = strings.Join(alternatives, "|"); line != "" {
			out = append(out, line)
		}
	}
	return out
}
