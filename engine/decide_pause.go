package engine

import (
	"slices"

	"robotbailiff/engine/stop"
	"robotbailiff/rules"
	"robotbailiff/rules/pack"
)

// prolong takes the pauses into account that the case has not met yet: days on which we had stopped ourselves what the end of a
// term brings do not count, and whoever gets another last day is told. Cases are not written when the switch is thrown or
// released; each meets a pause when it is looked at next, which is before anything else is done to it. While a pause goes on
// nothing is counted, unless the case is about to stand still for another reason (now).
func (d *decider) prolong(now bool) bool {
	c, today := &d.c, d.env.today()
	pauses := append(slices.Clip(d.env.Pauses), c.objectionPauses()...)
	if len(pauses) == 0 || c.State.Final() {
		return false
	}
	var term, arrest, collect []rules.Pause
	for _, x := range pauses {
		if x.To.IsZero() && !now {
			return false
		}
		if x.Stopped.Has(stop.HandOver) {
			term = append(term, x.Pause)
		}
		if x.Stopped.Has(stop.Arrest) {
			arrest = append(arrest, x.Pause)
		}
		if x.Stopped.Has(stop.Collect) {
			collect = append(collect, x.Pause)
		}
	}
	since := max(c.OpenedOn, c.PausedTo)
	data := Data{Date: &today}
	if end, days, trace := rules.AfterPause(d.p, c.OpenedOn, c.SuspendedDays, term, since, today); !end.IsZero() {
		data.Until, data.Days, data.Trace = &end, days, trace
	}
	switch {
	case c.State == Notified:
		end, trace := rules.LaterByPause(d.p, pack.KeyVoluntary, c.VoluntaryEndsOn, arrest, max(since, c.NotifiedOn.AddDays(1)), today)
		if !end.IsZero() {
			data.Voluntary, data.Trace = &end, append(data.Trace, trace...)
			if next, ok := rules.ReminderTime(d.p, end); ok && next.After(d.env.Now) {
				next = next.UTC()
				data.Next = &next
			}
		}
	case c.State == Enforcing && !c.CollectOn.IsZero():
		if end, trace := rules.LaterByPause(d.p, pack.KeyCollectionDelay, c.CollectOn, collect, since, today); !end.IsZero() {
			data.Collect, data.Trace = &end, append(data.Trace, trace...)
		}
	}
	if len(data.Trace) == 0 {
		return false
	}
	d.emit(EvProlonged, data)
	if data.Until != nil {
		d.tell("prolonged", c.Outstanding, c.TermEndsOn)
	}
	return true
}
