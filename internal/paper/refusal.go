package paper

import (
	"errors"
	"fmt"
	"time"

	"robotbailiff/internal/i18n"
	"robotbailiff/rules/money"
)

// RefusalPaper confirms to a debtor that he refused the simplified procedure: what he was told of the price, when, and until when it
// can be undone.
type RefusalPaper struct {
	Lang       i18n.Lang
	Region     string
	Case       string
	Debtor     string
	At         time.Time
	Debt, Fee  money.Amount // outstanding then, and what a private bailiff may add
	Rate       string
	FeeArticle string
	Until      time.Time    // it can be undone before
	Held       money.Amount // arrested at banks then
	Undone     time.Time    // zero: it was not
	Article    string
}

// Refusal lays out the confirmation of a refusal.
func Refusal(d RefusalPaper) ([]byte, error) {
	if _, known := i18n.Parse(string(d.Lang)); !known || d.Case == "" || d.Region == "" || d.At.IsZero() || d.Until.IsZero() {
		return nil, errors.New("paper: a confirmation of a refusal needs a language, a case, a body and its instants")
	}
	w := &words{p: i18n.For(d.Lang)}
	title := w.say("paper.refusal.title")
	s := newSheet(title+", "+d.Case, string(d.Lang), d.At)
	s.running(title, w.say("paper.number", "number", d.Case))
	s.title(w, d.Region, title)
	t := &table{s: s, widths: []float64{72, bodyWidth - 72}, size: decreeSize, shaded: -1}
	s.line()
	t.row(w.say("paper.fact.case"), w.say("paper.number", "number", d.Case))
	t.row(w.say("paper.fact.debtor"), d.Debtor)
	t.row(w.say("paper.refusal.at"), w.p.Stamp(d.At))
	t.row(w.say("paper.refusal.debt"), w.p.Money(d.Debt))
	t.row(w.say("paper.refusal.fee", "rate", d.Rate), w.p.Money(d.Fee))
	t.row(w.say("paper.refusal.total"), w.p.Money(d.Debt.Add(d.Fee)))
	t.row(w.say("paper.refusal.until"), w.p.Stamp(d.Until))
	if !d.Undone.IsZero() {
		t.row(w.say("paper.refusal.undone"), w.p.Stamp(d.Undone))
	}
	s.part(w.say("paper.refusal.meaning"))
	para := func(text string) {
		s.write(regular, decreeSize, black, text)
		s.space(1.5)
	}
	if d.Undone.IsZero() {
		para(w.say("paper.refusal.next"))
	} else {
		para(w.say("paper.refusal.next_undone"))
	}
	if d.Held.IsPositive() {
		para(w.say("paper.refusal.held", "sum", d.Held))
	}
	para(w.say("paper.refusal.pay"))
	if d.Article != "" {
		s.write(regular, smallSize+0.5, faint, d.Article+"; "+d.FeeArticle)
	}
	s.formed(w, d.At)
	s.foot(w.say("paper.foot.case", "number", d.Case), w.page)
	if w.err != nil {
		return nil, fmt.Errorf("paper: %w", w.err)
	}
	return s.bytes()
}

// title begins a paper that is no decree.
func (s *sheet) title(w *words, region, title string) {
	s.write(regular, bodySize, faint, w.say("paper.ministry"))
	s.write(regular, 12, black, w.of("paper.body.", region))
	s.space(6)
	s.write(bold, 15, accent, title)
	s.space(4)
}

// formed says what made the paper, where nobody signs.
func (s *sheet) formed(w *words, at time.Time) {
	s.space(6)
	s.write(regular, smallSize+0.5, faint, w.say("paper.sign.formed", "at", instant(at)))
}

// NoticePaper shows one notice as it was sent.
type NoticePaper struct {
	Lang   i18n.Lang
	Region string
	Case   string
	Notice EvidenceNotice // sent at least once
}

// Notice lays out a notice: its text, its times and what proves its delivery.
func Notice(d NoticePaper) ([]byte, error) {
	if _, known := i18n.Parse(string(d.Lang)); !known || d.Case == "" || d.Region == "" || d.Notice.SentAt == nil {
		return nil, errors.New("paper: a notice needs a language, a case, a body and the instant when it was sent")
	}
	w := &words{p: i18n.For(d.Lang)}
	title := w.say("paper.notice.title")
	s := newSheet(title+", "+d.Case, string(d.Lang), *d.Notice.SentAt)
	s.running(title, w.say("paper.number", "number", d.Case))
	s.title(w, d.Region, title)
	l := evidenceLayout{words: w, s: s}
	s.write(regular, decreeSize, black, w.say("paper.notice.intro", "number", d.Case))
	s.space(4)
	l.notice(d.Notice)
	s.space(3)
	s.write(regular, bodySize, faint, w.say("paper.notice.secret"))
	s.foot(w.say("paper.foot.case", "number", d.Case), w.page)
	if w.err != nil {
		return nil, fmt.Errorf("paper: %w", w.err)
	}
	return s.bytes()
}
