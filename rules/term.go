package rules

import (
	"strconv"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

// TermEnd returns the last legal day of the 30 days of a case opened on a day (EL 10-4);
// the term ends at 24:00 of it in Almaty. The zero Date means that the pack has no rule.
func TermEnd(p *pack.Pack, opened calendar.Date) (calendar.Date, Step) {
	t, ok := p.Term(opened)
	return last(p, pack.KeyTerm, t, ok, "opening_day", opened)
}

// Suspension is a time in which a case stood still, from a day on until one on which it went on.
type Suspension struct {
	From  calendar.Date
	Until calendar.Date // the last day that was ordered; unset: none was
	Ended calendar.Date // when it was ended in fact, or seen to be over
	Days  int           // left out of the term before, for earlier suspensions
}

// AfterSuspension returns the last legal day of a case whose term goes on after a suspension, the first day that counts again,
// and the reason. Where the pack leaves suspended time out of the term (EL 39(4), by analogy), the term is longer by the days
// from the first of the suspension to the last, the earlier ones added; they end with the day that was ordered, however late
// that is looked at. The zero Dates mean that nothing moves.
func AfterSuspension(p *pack.Pack, opened calendar.Date, s Suspension) (term, resumed calendar.Date, trace Trace) {
	resumed = s.Ended
	if !s.Until.IsZero() && resumed.After(s.Until) {
		resumed = s.Until.AddDays(1)
	}
	days := resumed.Sub(s.From)
	t, ok := p.Term(opened)
	if leftOut, known := p.SuspensionExcluded(opened); !ok || !known || !leftOut || days <= 0 {
		return 0, 0, nil
	}
	t.N += s.Days + days
	term, step := last(p, pack.KeyTerm, t, ok, "opening_day", opened)
	return term, resumed, Trace{{Rule: pack.KeySuspension, Outcome: StepComputed, Facts: []Fact{
		{"suspended_on", s.From.String()}, {"resumed_on", resumed.String()}, {"days", strconv.Itoa(days)},
	}}, step}
}

// VoluntaryEnd returns the last day on which a debtor may pay before any measure, counted
// from the day a notice was proven delivered; a measure may follow the day after. The zero
// Date means that the pack has no rule.
func VoluntaryEnd(p *pack.Pack, delivered calendar.Date) (calendar.Date, Step) {
	t, ok := p.Voluntary(delivered)
	return last(p, pack.KeyVoluntary, t, ok, "delivered_on", delivered)
}

// CollectionDay returns the day on which a collection order follows an arrest that the
// bank confirmed (EL 10-3). The zero Date means that the pack has no rule.
func CollectionDay(p *pack.Pack, arrestActiveOn calendar.Date) (calendar.Date, Step) {
	t, ok := p.CollectionDelay(arrestActiveOn)
	return last(p, pack.KeyCollectionDelay, t, ok, "arrested_on", arrestActiveOn)
}

// AppealEnd returns the last day to challenge a decree made known on a day (EL 10(5)). The
// zero Date means that the pack has no rule.
func AppealEnd(p *pack.Pack, known calendar.Date) (calendar.Date, Step) {
	t, ok := p.Appeal(known)
	return last(p, pack.KeyAppeal, t, ok, "known_on", known)
}

func last(p *pack.Pack, rule string, t pack.Term, ok bool, from string, start calendar.Date) (calendar.Date, Step) {
	if !ok || start.IsZero() {
		return 0, Step{Rule: rule, Facts: []Fact{{from, start.String()}}, Outcome: StepHold}
	}
	cal := p.Calendar()
	end := t.Last(cal, start)
	facts := []Fact{{from, start.String()}, {"length", strconv.Itoa(t.N)}, {"last_day", end.String()}}
	if !cal.Covers(end) {
		facts = append(facts, Fact{"calendar", "estimated"})
	}
	return end, Step{Rule: rule, Facts: facts, Outcome: StepComputed}
}

// Fee returns what a private bailiff may charge on a recovered sum after hand-over
// (EL 118): the rate of the band of the whole sum, never more than the cap. Bands and cap
// are counted in MCI of the day; a sum that is not positive costs nothing. Without a rule
// for the day the fee is zero and the outcome of the step is StepHold.
func Fee(p *pack.Pack, sum money.Amount, on calendar.Date) (money.Amount, Step) {
	mci, ok1 := p.MCI(on, pack.General)
	bands, ok2 := p.FeeBands(on)
	most, ok3 := p.FeeCap(on)
	rounding, ok4 := p.FeeRounding(on)
	facts := []Fact{{"sum", sum.String()}, {"day", on.String()}}
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return money.Zero, Step{Rule: pack.KeyFeeBands, Facts: facts, Outcome: StepHold}
	}
	if !sum.IsPositive() {
		return money.Zero, Step{Rule: pack.KeyFeeBands, Facts: append(facts, Fact{"fee", money.Zero.String()}), Outcome: StepComputed}
	}
	rate := bandOf(bands, sum, mci).Rate
	fee := sum.MulRate(rate, rounding)
	facts = append(facts, Fact{"mci", mci.String()}, Fact{"rate", rate.String()})
	if ceiling := mci.MulInt(int64(most)); ceiling.Less(fee) {
		fee = ceiling
		facts = append(facts, Fact{"cap", ceiling.String()})
	}
	facts = append(facts, Fact{"fee", fee.String()})
	return fee, Step{Rule: pack.KeyFeeBands, Facts: facts, Outcome: StepComputed}
}

// bandOf finds the band of a sum; the last band has no upper end, so there is always one.
func bandOf(bands []pack.Band, sum, mci money.Amount) pack.Band {
	for _, b := range bands {
		if b.UpTo == 0 || sum.Cmp(mci.MulInt(int64(b.UpTo))) <= 0 {
			return b
		}
	}
	return pack.Band{}
}
