package paper

import (
	"strconv"
	"time"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Hold is money of a debtor at a bank: an arrest that is ordered, or one that stands.
type Hold struct {
	Bank    string
	Account string // masked; empty: told of a whole order
	Decree  string // number of the decree that arrested it, where no account is told
	Sum     money.Amount
}

// Articles are what the points of a decree rest on, in words. An empty one is not written.
type Articles struct{ Ground, Term, Measures, Free, Choice string }

// Opening begins a simplified proceeding.
type Opening struct {
	Sum            money.Amount
	InForce        calendar.Date // of the writ
	TermEndsOn     calendar.Date
	Voluntary      int // days to pay after proven delivery, before any measure; 0: not known
	VoluntaryWorks bool
	Free           bool   // the procedure itself costs the debtor nothing
	Checks         string // the articles that were looked at
	Articles       Articles
}

func (a Opening) title(w *words) string { return w.say("paper.opening.title") }

func (a Opening) facts(w *words, row func(label, value string)) {
	row(w.say("paper.fact.in_force"), w.p.Date(a.InForce))
	row(w.say("paper.fact.sum"), w.p.Money(a.Sum))
}

func (a Opening) found(w *words) []string {
	return []string{w.say("paper.opening.found"), w.say("paper.opening.checks", "articles", a.Checks)}
}

func (a Opening) decided(w *words) []clause {
	out := []clause{
		{w.say("paper.opening.begin"), a.Articles.Ground},
		{w.say("paper.opening.term", "until", a.TermEndsOn), a.Articles.Term},
		{w.say("paper.opening.pay", "sum", a.Sum), ""},
	}
	if a.Free {
		out = append(out, clause{w.say("paper.opening.free"), a.Articles.Free})
	}
	if a.Voluntary > 0 {
		key := "paper.opening.measures_calendar"
		if a.VoluntaryWorks {
			key = "paper.opening.measures_working"
		}
		out = append(out, clause{w.say(key, "n", a.Voluntary), a.Articles.Measures})
	}
	return append(out, clause{w.say("paper.opening.tell"), ""})
}

func (a Opening) holds() []Hold { return nil }

// Arrest holds money of the debtor at banks, within the debt.
type Arrest struct {
	Order           int          // which arrest of the case it is
	Sum             money.Amount // not more than this
	NotifiedOn      calendar.Date
	VoluntaryEndsOn calendar.Date
	Accounts        []Hold
	Articles        Articles
}

func (a Arrest) title(w *words) string { return w.say("paper.arrest.title") }

func (a Arrest) facts(w *words, row func(label, value string)) {
	row(w.say("paper.fact.order"), strconv.Itoa(a.Order))
	row(w.say("paper.fact.left"), w.p.Money(a.Sum))
}

func (a Arrest) found(w *words) []string {
	return []string{w.say("paper.arrest.found", "notified", a.NotifiedOn, "until", a.VoluntaryEndsOn, "sum", a.Sum)}
}

func (a Arrest) decided(w *words) []clause {
	return []clause{
		{w.say("paper.arrest.hold", "sum", a.Sum), a.Articles.Measures},
		{w.say("paper.arrest.rest"), ""},
		{w.say("paper.arrest.protected"), a.Articles.Free},
		{w.say("paper.arrest.send"), ""},
	}
}

func (a Arrest) holds() []Hold { return a.Accounts }

// Termination ends a proceeding and its measures.
type Termination struct {
	Paid      money.Amount  // in all
	PaidOn    calendar.Date // value date of the last payment; unset: the writ was lowered to what was paid before
	Cancelled bool          // the decision behind the writ was, and the debt is not paid
	Act       string        // number of the act that cancelled it; may be empty
	Other     bool          // the debtor is another person than the one whom the document is about
	Standing  []Hold        // arrests in force, by order
	Pending   bool          // a bank has still to answer an arrest
	Recall    bool          // a collection order is out
	Refund    money.Amount
	Articles  Articles
}

func (a Termination) title(w *words) string { return w.say("paper.termination.title") }

func (a Termination) facts(w *words, row func(label, value string)) {
	if a.Paid.IsPositive() {
		row(w.say("paper.fact.paid"), w.p.Money(a.Paid))
	}
}

func (a Termination) found(w *words) []string {
	switch {
	case a.Other:
		return []string{w.say("paper.termination.found_other")}
	case a.Cancelled && a.Act != "":
		return []string{w.say("paper.termination.found_cancelled", "act", a.Act)}
	case a.Cancelled:
		return []string{w.say("paper.termination.found_cancelled_bare")}
	case a.PaidOn.IsZero():
		return []string{w.say("paper.termination.found_lowered", "sum", a.Paid)}
	}
	return []string{w.say("paper.termination.found_paid", "sum", a.Paid, "on", a.PaidOn)}
}

func (a Termination) decided(w *words) []clause {
	out := append([]clause{{w.say("paper.termination.end"), a.Articles.Ground}}, measuresEnd(w, a.Standing, a.Pending, a.Recall, a.Refund)...)
	return append(out, clause{w.say("paper.termination.never"), ""})
}

func (a Termination) holds() []Hold { return a.Standing }

// Transfer hands the writ to a private bailiff.
type Transfer struct {
	Left       money.Amount
	TermEndsOn calendar.Date
	RefusedAt  time.Time // zero: the term has ended
	Standing   []Hold    // arrests that stay
	Pending    bool      // a bank has still to answer an arrest
	Recall     bool      // a collection order is out
	Articles   Articles
}

func (a Transfer) title(w *words) string { return w.say("paper.transfer.title") }

func (a Transfer) facts(w *words, row func(label, value string)) {
	row(w.say("paper.fact.left"), w.p.Money(a.Left))
}

func (a Transfer) found(w *words) []string {
	if a.RefusedAt.IsZero() {
		return []string{w.say("paper.transfer.found_term", "until", a.TermEndsOn, "sum", a.Left)}
	}
	return []string{w.say("paper.transfer.found_refusal", "at", w.p.Stamp(a.RefusedAt), "sum", a.Left)}
}

func (a Transfer) decided(w *words) []clause {
	out := []clause{{w.say("paper.transfer.give", "sum", a.Left), a.Articles.Ground}}
	if a.Recall {
		out = append(out, clause{w.say("paper.transfer.recall"), ""})
	}
	switch {
	case len(a.Standing) > 0:
		out = append(out, clause{w.say("paper.transfer.stays"), ""})
	case a.Pending:
	default:
		out = append(out, clause{w.say("paper.transfer.nothing"), ""})
	}
	if a.Pending {
		out = append(out, clause{w.say("paper.transfer.pending"), ""})
	}
	return append(out, clause{w.say("paper.transfer.choice"), a.Articles.Choice}, clause{w.say("paper.transfer.never"), ""})
}

func (a Transfer) holds() []Hold { return a.Standing }

// holds writes the money that a decree is about, and what it comes to.
func (l *decreeLayout) holds() {
	all := l.d.Act.holds()
	if len(all) == 0 {
		return
	}
	s := l.s
	s.part(l.say("paper.holds.title"))
	third := l.say("paper.holds.decree")
	if all[0].Account != "" {
		third = l.say("paper.holds.account")
	}
	t := &table{s: s, widths: []float64{12, 74, 52, bodyWidth - 138}, size: bodySize, shaded: -1}
	t.begin(t.columns(l.say("paper.holds.number"), l.say("paper.holds.bank"), third, l.say("paper.holds.sum")))
	total := money.Zero
	for i, h := range all {
		what := h.Account
		if h.Account == "" {
			what = h.Decree
		}
		t.row(strconv.Itoa(i+1), h.Bank, what, l.p.Money(h.Sum))
		total = total.Add(h.Sum)
	}
	t.end()
	if len(all) > 1 {
		s.space(1)
		s.need(lineOf(decreeSize))
		s.write(regular, decreeSize, black, l.say("paper.holds.total", "sum", total))
	}
}
