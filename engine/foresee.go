package engine

import (
	"slices"
	"time"

	"robotbailiff/engine/stop"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

// foresight is what the robot will do with a case by itself if nothing else happens. It is found by letting [Decide] look at the case at
// every instant at which something can fall due, so that no rule is stated twice.
type foresight struct {
	cur   Case               // the case now, after what the robot does at this very instant before the first of the steps
	first map[Step]time.Time // when each step is taken; a step that is not taken is missing
}

// foreseeDays bounds how far ahead is looked: further than any suspension with a date that courts order.
const foreseeDays = 800

// stepOf maps events of the robot to the steps that people ask about.
var stepOf = map[EventKind]Step{EvArrestOrdered: StepArrest, EvCollectOrdered: StepCollect, EvHandedOver: StepHandOver}

// foresee looks ahead. What is stopped now is taken to stay stopped, and money that waits to be looked at to wait on: so a step that they
// keep is not foreseen.
func foresee(c Case, p *pack.Pack, env Env) foresight {
	f := foresight{first: map[Step]time.Time{}}
	pauses, today := env.Pauses, env.today()
	next, before := f.look(c, p, env, pauses)
	f.cur = next
	if len(f.first) > 0 {
		f.cur = before
	}
	c = next
	for range foreseeDays {
		for _, at := range hours(&c, p, env) {
			env.Now = at
			c, _ = f.look(c, p, env, pauses)
		}
		tomorrow := env.today().AddDays(1)
		if c.State.Final() || tomorrow.After(horizon(&c, p, today)) {
			break
		}
		env.Now = tomorrow.Start()
		c, _ = f.look(c, p, env, pauses)
	}
	return f
}

// look lets the robot do all that it does with a case at one instant, and gives the case afterwards, and as it was before the first step.
func (f *foresight) look(c Case, p *pack.Pack, env Env, pauses []stop.Pause) (after, before Case) {
	before = c
	stepped := false
	for range mostLooks {
		env.Pauses = unmet(pauses, &c)
		d := Decide(c, Tick{}, p, env)
		if len(d.Events) == 0 {
			break
		}
		for i := range d.Events {
			if s, ok := stepOf[d.Events[i].Kind]; ok {
				stepped = true
				if _, known := f.first[s]; !known {
					f.first[s] = env.Now
				}
			}
		}
		if c = d.Next; !stepped {
			before = c
		}
	}
	return c, before
}

// mostLooks is more than the robot ever has to do with a case at one instant: each look does one thing.
const mostLooks = 20

// unmet are the pauses that a case has not taken into account.
func unmet(pauses []stop.Pause, c *Case) []stop.Pause {
	return slices.DeleteFunc(slices.Clone(pauses), func(x stop.Pause) bool {
		return !x.To.IsZero() && !x.To.After(max(c.OpenedOn, c.PausedTo))
	})
}

// hours are the instants of the rest of a day at which something can fall due that has an hour of its own, in order.
func hours(c *Case, p *pack.Pack, env Env) (out []time.Time) {
	end := env.today().End()
	for _, at := range []time.Time{c.NextRungAt, finalAt(c, p, env)} {
		if at.After(env.Now) && at.Before(end) {
			out = append(out, at)
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return out
}

// finalAt is when a refusal may not be taken back any more; zero: there is none.
func finalAt(c *Case, p *pack.Pack, env Env) time.Time {
	if c.RefusalAt.IsZero() {
		return time.Time{}
	}
	return c.RefusalAt.Add(undoPeriod(p, env.today()))
}

// horizon is the last day on which a date of the case brings something.
func horizon(c *Case, p *pack.Pack, today calendar.Date) calendar.Date {
	last := max(today, c.TermEndsOn, c.VoluntaryEndsOn, c.CollectOn, c.RegisterOn, c.SuspendedUntil)
	if !c.RefusalAt.IsZero() {
		last = max(last, calendar.DateOf(c.RefusalAt.Add(undoPeriod(p, today))))
	}
	return last.AddDays(1)
}
