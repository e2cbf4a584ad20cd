package papers

import (
	"robotbailiff/engine"
	"robotbailiff/internal/paper"
	"robotbailiff/rules/pack"
)

// Rules of the pack under which the articles behind these decrees are cited.
const (
	ruleArrest = "measure_arrest"
	rulePaid   = "terminate_paid"
)

// takesBack says whether an event takes the case back from a private bailiff.
func (f *file) takesBack(e engine.Event) bool {
	switch e.Kind {
	case engine.EvHandoverRecalled:
		return true
	case engine.EvPaidAfterEnd, engine.EvAdjusted:
		if e.Data.Left == nil || !e.Data.Left.IsZero() || e.Kind == engine.EvPaidAfterEnd && !e.Data.InTime {
			return false
		}
		before := engine.Fold(f.id, f.events[:e.Seq-1])
		return before.State == engine.HandedOver && before.Outstanding.IsPositive()
	default:
		return false
	}
}

func (f *file) reduction(t told) paper.Act {
	a := paper.Reduction{Left: ordered(t.Event, engine.Reduce).Amount, TermEndsOn: t.before.TermEndsOn}
	a.Standing, _ = f.standing(engine.Fold(f.id, f.events[:t.Seq]), t.Seq)
	ground := []string{t.citation(ruleArrest)}
	switch t.Kind {
	case engine.EvPaidInPart:
		a.Paid, a.PaidOn = *t.Data.Amount, *t.Data.Date
		ground = append([]string{t.citation("part_payment")}, ground...)
		a.Articles.Term = t.cites(pack.KeyTerm)
	case engine.EvAdjusted:
		a.Lowered, a.Act = *t.Data.Amount, fact(t.Event, "act")
		ground = append([]string{t.citation("correction")}, ground...)
	default: // a bank's answer says that more is held
	}
	a.Articles.Ground = cite(articles(ground), t.lang)
	return a
}

func (f *file) collection(t told) paper.Act {
	o := ordered(t.Event, engine.Collect)
	a := paper.Collection{Order: o.Ordinal, Sum: o.Amount, Left: t.before.Outstanding, Articles: paper.Articles{
		Ground: t.cites("measure_collection"), Measures: t.cites(ruleArrest), Free: f.protected(t),
	}}
	a.Standing, _ = f.standing(t.before, t.Seq-1)
	return a
}

func (f *file) giveback(t told) paper.Act {
	a := paper.Giveback{Paid: t.before.Paid, Refund: *t.Data.RefundDue, Other: t.Data.Reason == engine.GroundOtherPerson}
	if !a.Other { // no article of the law speaks of another person
		a.Act, a.Articles.Ground = fact(t.Event, "act"), t.cites("terminate_cancelled")
	}
	return a
}

func (f *file) takeback(t told) paper.Act {
	a := paper.Takeback{TermEndsOn: t.before.TermEndsOn, Paid: t.before.Paid, Recall: ordered(t.Event, engine.Recall) != nil}
	for _, e := range f.events[:t.Seq-1] {
		if e.Kind == engine.EvHandedOver {
			a.Transfer, a.TransferOn = f.decreeNumber(e.Seq), day(e.At)
		}
	}
	a.Standing, a.Pending = f.standing(t.before, t.Seq-1)
	if t.Data.RefundDue != nil {
		a.Refund = *t.Data.RefundDue
	}
	switch t.Kind {
	case engine.EvPaidAfterEnd:
		a.Paid, a.PaidOn, a.Articles.Ground = a.Paid.Add(*t.Data.Amount), *t.Data.Date, t.cites(rulePaid)
	case engine.EvHandoverRecalled:
		if a.Other = t.Data.Reason == engine.GroundOtherPerson; a.Other {
			break
		}
		a.Cancelled, a.Act, a.Articles.Ground = true, fact(t.Event, "act"), t.cites("terminate_cancelled")
	default:
		a.Act, a.Articles.Ground = fact(t.Event, "act"), t.cites("correction")
	}
	return a
}
