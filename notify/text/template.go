package text

import (
	"fmt"
	"strings"
)

// field is a placeholder of the templates.
type field int

const (
	literal   field = iota // not a placeholder
	fCase                  // {case}
	fInitials              // {initials}
	fAmount                // {amount}
	fLeft                  // {left}
	fUntil                 // {until}
	fAt                    // {at}
	fBailiff               // {bailiff}
	fHost                  // {host}
	fLink                  // {link}
	fReason                // {reason}
	fArrest                // {?arrest}: prints nothing, asks for an arrest
	fields                 // how many there are
)

var fieldNames = map[string]field{
	"case": fCase, "initials": fInitials, "amount": fAmount, "left": fLeft, "until": fUntil, "at": fAt,
	"bailiff": fBailiff, "reason": fReason, "host": fHost, "link": fLink, "?arrest": fArrest,
}

// values are the facts in words; an empty one is not set.
type values [fields]string

type segment struct {
	field field
	words string
}

// template is one message or sentence, cut at its placeholders.
type template []segment

// sentence is a list of alternatives.
type sentence []template

// passage is a list of sentences; for an SMS, of whole messages.
type passage []sentence

type compiled struct {
	words                    Wording // as it was written
	sms, title, body, letter passage
}

// compile cuts the wordings of a language that is built in. A slip in one stops the program
// at its start, and so every test.
func compile(words map[Kind]Wording) map[Kind]compiled {
	out := make(map[Kind]compiled, len(words))
	for k, w := range words {
		c, err := w.compile()
		if err != nil {
			panic(err)
		}
		out[k] = c
	}
	return out
}

func (w Wording) compile() (c compiled, err error) {
	c.words = w
	if c.sms, err = cutAll(w.SMS...); err != nil {
		return c, err
	}
	if c.title, err = cutAll(w.Title); err != nil {
		return c, err
	}
	if c.body, err = cutAll(w.Body...); err != nil {
		return c, err
	}
	c.letter, err = cutAll(w.Letter...)
	return c, err
}

func cutAll(texts ...string) (passage, error) {
	p := make(passage, 0, len(texts))
	for _, t := range texts {
		var s sentence
		for alternative := range strings.SplitSeq(t, "|") {
			cut, err := cut(alternative)
			if err != nil {
				return nil, err
			}
			s = append(s, cut)
		}
		p = append(p, s)
	}
	return p, nil
}

// placeholderError names what stands in braces and is no placeholder.
type placeholderError struct{ name string }

func (e *placeholderError) Error() string {
	return fmt.Sprintf("text: unknown placeholder {%s}", e.name)
}

func cut(s string) (template, error) {
	var t template
	for s != "" {
		before, rest, found := strings.Cut(s, "{")
		if before != "" {
			t = append(t, segment{words: before})
		}
		if !found {
			break
		}
		name, after, closed := strings.Cut(rest, "}")
		f, ok := fieldNames[name]
		if !closed || !ok {
			return nil, &placeholderError{name}
		}
		t = append(t, segment{field: f})
		s = after
	}
	return t, nil
}

// fill returns the text, and false when a fact is missing.
func (t template) fill(v *values) (string, bool) {
	var b strings.Builder
	for _, s := range t {
		switch {
		case s.field == literal:
			b.WriteString(s.words)
		case v[s.field] == "":
			return "", false
		case s.field != fArrest:
			b.WriteString(v[s.field])
		}
	}
	return b.String(), true
}

func (s sentence) fill(v *values) (string, bool) {
	for _, t := range s {
		if text, ok := t.fill(v); ok {
			return text, true
		}
	}
	return "", false
}

// all joins the sentences that have their facts.
func (p passage) all(v *values) string {
	said := make([]string, 0, len(p))
	for _, s := range p {
		if text, ok := s.fill(v); ok {
			said = append(said, text)
		}
	}
	return strings.Join(said, " ")
}

// shortest returns the first message that has its facts and keeps the budget; when none
// keeps it, the last that has its facts. At is its place in the list, -1 when none has.
func (p passage) shortest(v *values, budget int) (message string, at int) {
	at = -1
	for i, s := range p {
		text, ok := s.fill(v)
		if !ok {
			continue
		}
		if message, at = text, i; Parts(text) <= budget {
			break
		}
	}
	return message, at
}
