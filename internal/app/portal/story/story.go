package story

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"robotbailiff/engine"
	"robotbailiff/internal/i18n"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

// Entry is one event of a case in words.
type Entry struct {
	Seq   int
	Kind  string
	At    time.Time
	Actor string
	Says  []i18n.Text
	Steps []Step
	Pack  string // short hash of the rule pack that decided
}

// Step is one application of a rule in words.
type Step struct {
	Rule     string
	Text     string
	Citation string
	Edition  calendar.Date // of the act that was read; may be unset
	Result   string        // pass, fail, … as stored
	Outcome  string        // in words
	Facts    []Fact
}

// Fact is one thing that a step looked at, written for people.
type Fact struct{ Label, Value string }

// Packs finds the rule pack behind an old decision.
type Packs interface {
	ByID(ctx context.Context, id int16) (*pack.Pack, error)
}

// Teller tells cases.
type Teller struct{ packs Packs }

// NewTeller returns a teller that explains decisions by the packs that made them.
func NewTeller(packs Packs) *Teller { return &Teller{packs: packs} }

// Case tells the events of a case, oldest first, with the articles in the language asked for.
func (t *Teller) Case(ctx context.Context, q engine.Querier, caseID int64, lang i18n.Lang) ([]Entry, []engine.Event, error) {
	events, err := engine.Events(ctx, q, caseID)
	if err != nil {
		return nil, nil, err
	}
	told, err := t.Events(ctx, events, lang)
	return told, events, err
}

// Events tells all the events of a case, oldest first, with the articles in the language asked for.
func (t *Teller) Events(ctx context.Context, events []engine.Event, lang i18n.Lang) ([]Entry, error) {
	out := make([]Entry, 0, len(events))
	says := Tell(events)
	for i, e := range events {
		p, err := t.packs.ByID(ctx, e.Pack)
		if err != nil {
			return nil, fmt.Errorf("story: %w", err)
		}
		out = append(out, Entry{
			Seq: e.Seq, Kind: string(e.Kind), At: e.At, Actor: e.Actor, Says: says[i], Pack: p.ShortHash(),
			Steps: Explain(e.Data.Trace, p, calendar.DateOf(e.At), lang),
		})
	}
	return out, nil
}

// Explain puts a trace into words, in the language of the law for a reader. Steps of rules that the pack does not describe are left out of no page: they keep
// their key.
func Explain(t rules.Trace, p *pack.Pack, on calendar.Date, lang i18n.Lang) []Step {
	lang = i18n.OfLaw(lang)
	printer := i18n.For(lang)
	var out []Step
	for _, x := range t.Explain(p, on, string(lang)) {
		s := Step{Rule: x.Rule, Text: x.Text, Citation: Citation(x.Citation, lang), Edition: x.Edition, Result: x.Result, Outcome: x.Outcome}
		if s.Text == "" {
			s.Text = x.Rule
		}
		for _, f := range x.Facts {
			s.Facts = append(s.Facts, Fact{Label: f.Label, Value: writeFact(printer, f.Text)})
		}
		out = append(out, s)
	}
	return out
}

var sumForm = regexp.MustCompile(`^\d{1,13}\.\d\d$`)

// writeFact writes the plain dates and sums of traces as people do; other words stay.
func writeFact(p *i18n.Printer, s string) string {
	if d, err := calendar.ParseDate(s); err == nil {
		return p.Date(d)
	}
	if sumForm.MatchString(s) {
		if a, err := money.Parse(s); err == nil {
			return p.Plain(a)
		}
	}
	return s
}
