package paper

import (
	"strconv"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Reduction lowers an arrest to what is still owed.
type Reduction struct {
	Left       money.Amount  // still owed, and all that stays arrested
	Paid       money.Amount  // the part payment that it follows; zero: it follows something else
	PaidOn     calendar.Date // its value date
	Lowered    money.Amount  // by how much the issuer lowered the sum; zero: it did not
	Act        string        // number of the act by which the issuer did; may be empty
	TermEndsOn calendar.Date
	Standing   []Hold // arrests in force, as they are until a bank has done this
	Articles   Articles
}

func (a Reduction) title(w *words) string { return w.say("paper.reduction.title") }

func (a Reduction) facts(w *words, row func(label, value string)) {
	if a.Paid.IsPositive() {
		row(w.say("paper.fact.paid"), w.p.Money(a.Paid))
	}
	row(w.say("paper.fact.left"), w.p.Money(a.Left))
}

func (a Reduction) found(w *words) []string {
	switch {
	case a.Paid.IsPositive():
		return []string{w.say("paper.reduction.found_paid", "on", a.PaidOn, "sum", a.Paid, "left", a.Left)}
	case a.Lowered.IsPositive() && a.Act != "":
		return []string{w.say("paper.reduction.found_lowered", "sum", a.Lowered, "act", a.Act, "left", a.Left)}
	case a.Lowered.IsPositive():
		return []string{w.say("paper.reduction.found_lowered_bare", "sum", a.Lowered, "left", a.Left)}
	}
	return []string{w.say("paper.reduction.found_more", "left", a.Left)}
}

func (a Reduction) decided(w *words) []clause {
	out := []clause{
		{w.say("paper.reduction.lower", "sum", a.Left), a.Articles.Ground},
		{w.say("paper.reduction.free"), ""},
		{w.say("paper.reduction.send"), ""},
	}
	if a.Paid.IsPositive() {
		out = append(out, clause{w.say("paper.reduction.term", "until", a.TermEndsOn), a.Articles.Term})
	}
	return out
}

func (a Reduction) holds() []Hold { return a.Standing }

// Collection takes arrested money by a collection order.
type Collection struct {
	Order    int          // which collection order of the case it is
	Sum      money.Amount // not more than this
	Left     money.Amount // still owed
	Standing []Hold       // the arrests that it takes from
	Articles Articles
}

func (a Collection) title(w *words) string { return w.say("paper.collection.title") }

func (a Collection) facts(w *words, row func(label, value string)) {
	row(w.say("paper.fact.collection"), strconv.Itoa(a.Order))
	row(w.say("paper.fact.left"), w.p.Money(a.Left))
}

func (a Collection) found(w *words) []string {
	return []string{w.say("paper.collection.found", "left", a.Left)}
}

func (a Collection) decided(w *words) []clause {
	return []clause{
		{w.say("paper.collection.take", "sum", a.Sum), a.Articles.Ground},
		{w.say("paper.collection.order", "order", strconv.Itoa(a.Order), "sum", a.Sum), ""},
		{w.say("paper.collection.rest"), ""},
		{w.say("paper.collection.protected"), a.Articles.Free},
		{w.say("paper.collection.done"), a.Articles.Measures},
	}
}

func (a Collection) holds() []Hold { return a.Standing }

// Takeback takes a writ back from a private bailiff.
type Takeback struct {
	Transfer   string // number of the decree by which it was handed over
	TransferOn calendar.Date

	Paid       money.Amount  // in all
	PaidOn     calendar.Date // value date of the last payment; unset: the debt has ended in another way
	TermEndsOn calendar.Date
	Cancelled  bool   // the decision behind the writ was; else the issuer lowered the sum to what was paid
	Act        string // number of the act by which the issuer did either; may be empty
	Other      bool   // the debtor is another person than the one whom the document is about

	Standing []Hold // arrests in force
	Pending  bool   // a bank has still to answer an arrest
	Recall   bool   // a collection order is out
	Refund   money.Amount
	Articles Articles
}

func (a Takeback) title(w *words) string { return w.say("paper.takeback.title") }

func (a Takeback) facts(w *words, row func(label, value string)) {
	row(w.say("paper.fact.transfer"), w.say("paper.number", "number", a.Transfer)+", "+w.p.Date(a.TransferOn))
	if a.Paid.IsPositive() {
		row(w.say("paper.fact.paid"), w.p.Money(a.Paid))
	}
}

func (a Takeback) found(w *words) []string {
	if !a.PaidOn.IsZero() {
		return []string{w.say("paper.takeback.found_paid", "sum", a.Paid, "on", a.PaidOn, "until", a.TermEndsOn)}
	}
	return Termination{Cancelled: a.Cancelled, Act: a.Act, Other: a.Other, Paid: a.Paid}.found(w)
}

func (a Takeback) decided(w *words) []clause {
	out := []clause{{w.say("paper.takeback.take"), a.Articles.Ground}}
	if !a.PaidOn.IsZero() {
		out = append(out, clause{w.say("paper.takeback.in_time"), ""})
	}
	out = append(out, measuresEnd(w, a.Standing, a.Pending, a.Recall, a.Refund)...)
	return append(out, clause{w.say("paper.takeback.tell"), ""}, clause{w.say("paper.termination.never"), ""})
}

func (a Takeback) holds() []Hold { return a.Standing }

// Giveback gives back what was paid in a proceeding that had ended since all was paid.
type Giveback struct {
	Paid, Refund money.Amount
	Act          string // number of the act that cancelled the decision; may be empty
	Other        bool   // the debtor is another person than the one whom the document is about
	Articles     Articles
}

func (a Giveback) title(w *words) string { return w.say("paper.giveback.title") }

func (a Giveback) facts(w *words, row func(label, value string)) {
	row(w.say("paper.fact.paid"), w.p.Money(a.Paid))
}

func (a Giveback) found(w *words) []string {
	return append([]string{w.say("paper.giveback.before", "sum", a.Paid)}, Termination{Cancelled: !a.Other, Act: a.Act, Other: a.Other}.found(w)...)
}

func (a Giveback) decided(w *words) []clause {
	return []clause{
		{w.say("paper.giveback.nothing"), a.Articles.Ground}, {w.say("paper.termination.refund", "sum", a.Refund), ""}, {w.say("paper.termination.never"), ""},
	}
}

func (a Giveback) holds() []Hold { return nil }

// measuresEnd says what becomes of arrests, orders and money when nothing is owed any more.
func measuresEnd(w *words, standing []Hold, pending, recall bool, refund money.Amount) (out []clause) {
	if len(standing) > 0 {
		out = append(out, clause{w.say("paper.termination.lift"), ""})
	}
	if pending {
		out = append(out, clause{w.say("paper.termination.pending"), ""})
	}
	if len(standing) == 0 && !pending {
		out = append(out, clause{w.say("paper.termination.nothing"), ""})
	}
	if recall {
		out = append(out, clause{w.say("paper.termination.recall"), ""})
	}
	if refund.IsPositive() {
		out = append(out, clause{w.say("paper.termination.refund", "sum", refund), ""})
	}
	return out
}
