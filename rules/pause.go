package rules

import (
	"slices"
	"strconv"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

// Pause is days on which we stopped by ourselves what the end of a term would bring: from the day on which that began up to, not
// including, the day on which it was over. To is unset while it goes on.
type Pause struct {
	From, To calendar.Date

	// Objection says that it was for an objection, which the pack may leave out of the terms or not by a value of its own.
	Objection bool
}

// leftOut gives those of the pauses that the pack of a day leaves out of the terms.
func leftOut(p *pack.Pack, pauses []Pause, on calendar.Date) []Pause {
	stops, _ := p.PauseExcluded(on)
	objections := p.ObjectionExcluded(on)
	return slices.DeleteFunc(slices.Clone(pauses), func(x Pause) bool { return x.Objection && !objections || !x.Objection && !stops })
}

// pausedDays counts the days of the pauses in [from, to), each once; of the working ones alone, if so asked.
func pausedDays(pauses []Pause, from, to calendar.Date, counts func(calendar.Date) bool) int {
	n := 0
	slices.SortFunc(pauses, func(a, b Pause) int { return a.From.Compare(b.From) })
	for _, p := range pauses {
		end := to
		if !p.To.IsZero() && p.To.Before(to) {
			end = p.To
		}
		for from = max(from, p.From); from.Before(end); from = from.AddDays(1) {
			if counts(from) {
				n++
			}
		}
	}
	return n
}

// AfterPause returns the last legal day of a case whose term stood still while a hand-over was stopped, how many days were left
// out for it, and the reason. Left is what was left out of the term before; since is the first day that was not counted yet, and
// today does not count. The zero Date means that nothing moves, as under a pack that does not know pauses.
func AfterPause(p *pack.Pack, opened calendar.Date, left int, pauses []Pause, since, today calendar.Date) (term calendar.Date, days int, trace Trace) {
	t, ok := p.Term(opened)
	pauses = leftOut(p, pauses, opened)
	days = pausedDays(pauses, max(since, opened), today, func(calendar.Date) bool { return true })
	if !ok || days == 0 {
		return 0, 0, nil
	}
	t.N += left + days
	term, step := last(p, pack.KeyTerm, t, ok, "opening_day", opened)
	return term, days, append(pauseSteps(pauses, days), step)
}

// LaterByPause returns the day to which the end of a shorter period moves: of the voluntary one, whose end brings an arrest, or of
// that before the collection. It lasts longer by those days of the pauses which it would have counted; a pause that began when
// the period was over already moves nothing.
func LaterByPause(p *pack.Pack, rule string, end calendar.Date, pauses []Pause, since, today calendar.Date) (calendar.Date, Trace) {
	t, ok := p.Voluntary(end)
	if rule == pack.KeyCollectionDelay {
		t, ok = p.CollectionDelay(end)
	}
	within := slices.DeleteFunc(leftOut(p, pauses, end), func(x Pause) bool { return x.From.After(end) })
	cal := p.Calendar()
	counts := func(calendar.Date) bool { return true }
	if t.Unit == pack.UnitWorkingDay {
		counts = cal.IsWorking
	}
	if t.N = pausedDays(within, since, today, counts); !ok || t.N == 0 {
		return 0, nil
	}
	t.Counting.StartNextDay = true // the day after the old end is the first one
	later, step := last(p, rule, t, ok, "moved_from", end)
	return later, append(pauseSteps(within, t.N), step)
}

// pauseSteps names each value of the pack by which days are left out; the days, of which none counts twice, stand in each.
func pauseSteps(pauses []Pause, days int) Trace {
	var t Trace
	for _, objection := range [...]bool{false, true} {
		some := slices.DeleteFunc(slices.Clone(pauses), func(x Pause) bool { return x.Objection != objection })
		if len(some) > 0 {
			t = append(t, pauseStep(some, days, objection))
		}
	}
	return t
}

func pauseStep(pauses []Pause, days int, objection bool) Step {
	rule, from, to := pack.KeyPause, "stopped_on", "released_on"
	if objection {
		rule, from, to = pack.KeyObjectionOut, "objected_on", "objection_over_on"
	}
	first, end := pauses[0].From, pauses[0].To
	for _, p := range pauses[1:] {
		first = min(first, p.From)
		if end.IsZero() || p.To.IsZero() {
			end = 0
		} else {
			end = max(end, p.To)
		}
	}
	facts := []Fact{{from, first.String()}}
	if !end.IsZero() {
		facts = append(facts, Fact{to, end.String()})
	}
	return Step{Rule: rule, Outcome: StepComputed, Facts: append(facts, Fact{"days", strconv.Itoa(days)})}
}
