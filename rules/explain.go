package rules

import (
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

// Explained is one step of a trace in words, for an operator, a debtor or a court.
type Explained struct {
	Rule     string          // key of the rule in the pack
	Text     string          // the rule in plain words
	Citation string          // article and act
	Edition  calendar.Date   // edition of the act that was read; may be unset
	Basis    string          // act, press, practice or decision
	Facts    []ExplainedFact // what was looked at
	Outcome  string          // the outcome in words
	Result   string          // the outcome as a constant: StepPass, …
	Lang     string          // language of the texts: kk, ru or en
}

// ExplainedFact is one fact with a label in words. Dates, sums and numbers keep their plain
// form; whoever shows them knows how to write them.
type ExplainedFact struct {
	Key   string
	Label string
	Value string // as in the trace
	Text  string // Value in words where it is one of our words, else Value itself
}

// Explain puts the trace into words with the pack that made it and the day it was made
// for. Texts exist in kk, ru and en; every other language gets ru, and Lang says so. A
// rule that the pack does not know keeps its key and has no text.
func (t Trace) Explain(p *pack.Pack, on calendar.Date, lang string) []Explained {
	if lang != "kk" && lang != "en" {
		lang = "ru"
	}
	out := make([]Explained, 0, len(t))
	for _, s := range t {
		x := Explained{Rule: s.Rule, Result: s.Outcome, Outcome: word(s.Outcome, lang), Lang: lang}
		if v, ok := p.Lookup(s.Rule, on); ok {
			x.Text, x.Citation, x.Edition, x.Basis = v.Note.In(lang), v.Citation, v.Edition, v.Basis
		}
		for _, f := range s.Facts {
			x.Facts = append(x.Facts, ExplainedFact{
				Key: f.Key, Label: word(f.Key, lang), Value: f.Value, Text: word(f.Value, lang),
			})
		}
		out = append(out, x)
	}
	return out
}

// word returns a word of the traces in a language, or the word itself where it has none.
func word(s, lang string) string {
	if n, ok := words[s]; ok {
		return n.In(lang)
	}
	return s
}
