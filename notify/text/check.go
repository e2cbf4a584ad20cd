package text

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Part of a wording that a problem is about.
type Part string

// The parts of a wording.
const (
	PartSMS   Part = "sms"
	PartTitle Part = "title"
	PartBody  Part = "body"

	PartLetter Part = "letter"
)

// Parts of a wording, in the order of a form.
var wordingParts = []Part{PartSMS, PartTitle, PartBody, PartLetter}

// Problem says what is wrong with a wording, and where.
type Problem struct {
	Place

	Part   Part
	Number int    // of the message or the sentence, from 1; 0: the part as a whole
	Code   string // one of Codes
	Detail string // the placeholder, word or number that it is about
}

// Codes of problems.
const (
	CodeEmpty       = "empty"        // the part says nothing
	CodeMany        = "many"         // more messages or sentences than there is room for
	CodeLong        = "long"         // one of them is longer than anybody reads
	CodeControl     = "control"      // characters that cannot be seen
	CodeDigits      = "digits"       // a number like that of a person or a phone
	CodeAddress     = "address"      // an address that is not the placeholder's
	CodeScript      = "script"       // letters of two alphabets in a word, or of the wrong one
	CodeGSM         = "gsm"          // a letter that makes the whole SMS UTF-16
	CodeBar         = "bar"          // alternatives where there can be none
	CodeUnknown     = "unknown"      // no such placeholder
	CodeUnset       = "unset"        // a placeholder that this kind has no value for
	CodeNeeds       = "needs"        // a placeholder that has to be there
	CodeLast        = "last"         // the last resort asks for a value that may be missing
	CodeBudget      = "budget"       // the last resort takes too many parts
	CodeNever       = "never"        // too long even with the shortest values
	CodeMustSay     = "must_say"     // with the longest values the SMS leaves out what it must say
	CodeOtherTongue = "other_tongue" // a placeholder that the other languages have
)

// Codes lists every code.
var Codes = []string{
	CodeEmpty, CodeMany, CodeLong, CodeControl, CodeDigits, CodeAddress, CodeScript, CodeGSM, CodeBar, CodeUnknown, CodeUnset, CodeNeeds,
	CodeLast, CodeBudget, CodeNever, CodeMustSay, CodeOtherTongue,
}

// Bounds of a wording. The title is what a lock screen shows; the body was measured with the longest values.
const (
	mostMessages  = 6
	mostSentences = 8
	longestLine   = 400
	longestTitle  = 50
	longestBody   = 420
)

// Check says everything that is wrong with one wording by itself. It is pure; what it lets
// pass keeps its budget whatever the values are.
func Check(k Kind, lang string, w Wording) []Problem {
	c := checker{place: Place{k, lang}, language: BuiltIn().languages[lang]}
	sms, readSMS := c.passage(PartSMS, w.SMS, mostMessages)
	title, readTitle := c.passage(PartTitle, []string{w.Title}, 1)
	body, readBody := c.passage(PartBody, w.Body, mostSentences)
	if HasLetter(k) {
		if letter, read := c.passage(PartLetter, w.Letter, mostParagraphs); read {
			c.letter(letter)
		}
	} else if len(w.Letter) > 0 {
		c.add(PartLetter, 0, CodeMany, "0")
	}
	if readSMS {
		c.messages(sms)
	}
	if readTitle {
		c.title(title)
	}
	if readBody {
		c.body(body)
	}
	return c.found
}

// CheckWords says what is wrong with all the words of a version: with each wording, and with
// those of one kind beside each other. All languages say the same, so they have the same
// placeholders.
func CheckWords(ws Words) []Problem {
	var found []Problem
	for _, k := range Kinds {
		for _, lang := range Languages {
			found = append(found, Check(k, lang, ws[lang][k])...)
		}
		found = append(found, compare(k, ws)...)
	}
	return found
}

// compare finds placeholders that some languages of a kind have and others have not.
func compare(k Kind, ws Words) (found []Problem) {
	for _, part := range wordingParts {
		var of [8]set // by language; there are fewer
		var all set
		var unread [8]bool // what is wrong there was said already
		for i, lang := range Languages {
			w := ws[lang][k]
			lines := map[Part][]string{PartSMS: w.SMS, PartTitle: {w.Title}, PartBody: w.Body, PartLetter: w.Letter}[part]
			p, err := cutAll(lines...)
			unread[i] = err != nil || len(lines) == 0
			of[i] = p.fields()
			all |= of[i]
		}
		for i, lang := range Languages {
			if unread[i] {
				continue
			}
			for _, f := range (all &^ of[i]).list() {
				found = append(found, Problem{Place: Place{k, lang}, Part: part, Code: CodeOtherTongue, Detail: f.name()})
			}
		}
	}
	return found
}

type checker struct {
	place    Place
	language language
	found    []Problem
}

func (c *checker) add(part Part, number int, code, detail string) {
	c.found = append(c.found, Problem{Place: c.place, Part: part, Number: number, Code: code, Detail: detail})
}

// passage looks at the characters and the placeholders of some lines. It is false when they cannot be looked at further.
func (c *checker) passage(part Part, lines []string, most int) (passage, bool) {
	before := len(c.found)
	if len(lines) == 0 {
		c.add(part, 0, CodeEmpty, "")
	}
	if len(lines) > most {
		c.add(part, 0, CodeMany, strconv.Itoa(most))
		return nil, false
	}
	for i, line := range lines {
		longest := longestLine
		if part == PartLetter {
			longest = longestParagraph
		}
		if utf8.RuneCountInString(line) > longest {
			c.add(part, i+1, CodeLong, strconv.Itoa(longest))
		}
		c.characters(part, i+1, line)
		if strings.Contains(line, "|") && part != PartBody && part != PartLetter {
			c.add(part, i+1, CodeBar, "|")
		}
		for alternative := range strings.SplitSeq(line, "|") {
			if strings.TrimSpace(alternative) == "" {
				c.add(part, i+1, CodeEmpty, "")
			}
			cut, err := cut(alternative)
			if unknown, ok := errors.AsType[*placeholderError](err); ok {
				c.add(part, i+1, CodeUnknown, "{"+strings.TrimSpace(unknown.name)+"}")
			}
			for _, f := range (cut.fields() &^ valuesOf()[c.place.Kind]).list() {
				c.add(part, i+1, CodeUnset, f.name())
			}
		}
	}
	if len(c.found) > before {
		return nil, false
	}
	p, err := cutAll(lines...)
	return p, err == nil
}

// bareOf is what every notice of a kind has. The links of a case that was about somebody else open nothing.
func bareOf(k Kind) set {
	if k == NotYours {
		return 1<<fCase | 1<<fHost
	}
	return 1<<fCase | 1<<fHost | 1<<fLink
}

// wayOf is where a push leads.
func wayOf(k Kind) field {
	if k == NotYours {
		return fHost
	}
	return fLink
}

// messages looks at the SMS: each says the case and leads to the page, the last needs nothing else, and what is sent in the
// longest case still says what it must.
func (c *checker) messages(p passage) {
	budget := Budget(c.place.Kind)
	long, short := c.language.values(Longest(c.place.Kind), c.language.sms), c.language.values(shortest(c.place.Kind), c.language.sms)
	long[fArrest], short[fArrest] = "yes", "yes"
	for i, s := range p {
		fields, last := s[0].fields(), i == len(p)-1
		if fields&(1<<fCase) == 0 {
			c.add(PartSMS, i+1, CodeNeeds, fCase.name())
		}
		switch {
		case c.place.Kind == Opening && fields&(1<<fLink) == 0: // the only one that brings the link
			c.add(PartSMS, i+1, CodeNeeds, fLink.name())
		case fields&(1<<fLink|1<<fHost) == 0:
			c.add(PartSMS, i+1, CodeNeeds, fHost.name())
		}
		if extra := fields &^ bareOf(c.place.Kind); last && extra != 0 {
			c.add(PartSMS, i+1, CodeLast, extra.names())
		}
		most, _ := s.fill(&long)
		least, _ := s.fill(&short)
		if c.language.latin {
			if at := strings.IndexFunc(most, func(r rune) bool { return gsmCost(r) == 0 }); at >= 0 {
				r, _ := utf8.DecodeRuneInString(most[at:])
				c.add(PartSMS, i+1, CodeGSM, string(r))
			}
		}
		switch { // one that is too long with long values only is good: then the next one is sent
		case last && Parts(most) > budget:
			c.add(PartSMS, i+1, CodeBudget, strconv.Itoa(budget))
		case Parts(least) > budget:
			c.add(PartSMS, i+1, CodeNever, strconv.Itoa(budget))
		}
	}
	long[fArrest] = ""
	_, at := p.shortest(&long, budget)
	if at < 0 {
		return // the last one asks for what may be missing, which was said above
	}
	for _, wanted := range mustSay[c.place.Kind] {
		if p[at][0].fields()&wanted == 0 {
			c.add(PartSMS, at+1, CodeMustSay, wanted.names())
		}
	}
}

// mustSay is what the SMS of a kind says even with the longest values, one of each set. An opening names whom it is about, what
// for and by when (EL 27(5)).
var mustSay = map[Kind][]set{
	Opening:   {1 << fInitials, 1 << fAmount, 1 << fUntil, 1 << fLink},
	PartPaid:  {1<<fLeft | 1<<fAmount, 1 << fUntil},
	Arrest:    {1 << fAmount},
	Paid:      {1 << fAmount},
	RefundDue: {1 << fAmount},
	Refusal:   {1 << fAt},
	Prolonged: {1 << fUntil},
	Objection: {1 << fUntil},

	ObjectionDeclined: {1 << fReason, 1 << fLink},
}

func (c *checker) title(p passage) {
	fields := p.fields()
	if fields&(1<<fCase) == 0 {
		c.add(PartTitle, 1, CodeNeeds, fCase.name())
	}
	if extra := fields &^ bareOf(c.place.Kind); extra != 0 {
		c.add(PartTitle, 1, CodeLast, extra.names())
	}
	v := c.language.values(Longest(c.place.Kind), c.language.push)
	if utf8.RuneCountInString(p.all(&v)) > longestTitle {
		c.add(PartTitle, 1, CodeLong, strconv.Itoa(longestTitle))
	}
}

// body looks at the push: it ends with the way to the page, whatever is known of the case.
func (c *checker) body(p passage) {
	n := len(p)
	end := p[n-1]
	for _, t := range end {
		if way := wayOf(c.place.Kind); t.fields()&(1<<way) == 0 {
			c.add(PartBody, n, CodeNeeds, way.name())
			break
		}
	}
	if extra := end[len(end)-1].fields() &^ bareOf(c.place.Kind); extra != 0 {
		c.add(PartBody, n, CodeLast, extra.names())
	}
	v := c.language.values(Longest(c.place.Kind), c.language.push)
	v[fArrest] = "yes"
	if utf8.RuneCountInString(p.all(&v)) > longestBody {
		c.add(PartBody, 0, CodeLong, strconv.Itoa(longestBody))
	}
}
