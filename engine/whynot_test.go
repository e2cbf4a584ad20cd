package engine

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"robotbailiff/engine/stop"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

func (w *world) env() Env {
	return Env{Now: w.now, Stopped: w.stopped(), Pauses: w.pausesNow(), MoneyInTransit: w.transit, Register: w.public, PackID: 1}
}

func (w *world) outlooks() map[Step]Outlook {
	out := map[Step]Outlook{}
	for _, o := range WhyNot(w.c, w.p, w.env()) {
		out[o.Step] = o
	}
	return out
}

// tickAll lets the robot do all that is due now, as sweeps do, and gives the steps that it took.
func (w *world) tickAll(t *rapid.T) (took []Step) {
	for range 50 {
		d := w.do(Tick{})
		if len(d.Events) == 0 {
			return took
		}
		for _, e := range d.Events {
			if s, ok := stepOf[e.Kind]; ok {
				took = append(took, s)
			}
		}
	}
	t.Fatal("the robot does not come to rest")
	return nil
}

// apart is the same world on a way of its own.
func (w *world) apart() *world {
	u := *w
	u.c, u.events, u.effects, u.pauses = w.c.clone(), slices.Clone(w.events), nil, slices.Clone(w.pauses)
	return &u
}

// history draws a case that anything has happened to, mostly one that still goes on.
func history(t *rapid.T) *world {
	w := newWorld()
	w.public, w.p = rapid.Bool().Draw(t, "public"), packWith(rapid.SampledFrom([]string{pack.RegisterNever, pack.RegisterEnforcing, pack.RegisterUnsecured}).Draw(t, "when"))
	w.do(openCmd("20155.00"))
	stage := rapid.IntRange(0, 3).Draw(t, "stage")
	if stage > 0 {
		w.do(NoticeDelivered{Ordinal: 1, Opening: true, Channel: "sms", At: w.now})
	}
	if stage > 1 {
		w.now = w.c.VoluntaryEndsOn.End()
		w.do(Tick{})
	}
	if stage > 2 {
		w.do(OrderAnswered{Purpose: Arrest, Ordinal: 1, Answer: Accepted, Sum: tenge("20155.00")})
	}
	if rapid.IntRange(0, 4).Draw(t, "refuses") == 0 {
		w.do(RequestRefusal{})
	}
	w.some = rapid.SampledFrom([]stop.Measures{stop.None, stop.None, stop.HandOver, stop.Arrest, stop.Collect, stop.Notify}).Draw(t, "some")
	for range rapid.IntRange(0, 8).Draw(t, "steps") {
		w.now = w.now.Add(time.Duration(rapid.IntRange(0, 120).Draw(t, "hours")) * time.Hour)
		if end := []calendar.Date{w.c.TermEndsOn, w.c.VoluntaryEndsOn, w.c.CollectOn.AddDays(-1)}; rapid.IntRange(0, 3).Draw(t, "to an end") == 0 {
			w.now = later(w.now, rapid.SampledFrom(end).Draw(t, "end").End())
		}
		w.throw(rapid.IntRange(0, 9).Draw(t, "switch") == 0)
		w.transit = rapid.IntRange(0, 7).Draw(t, "transit") == 0
		next := w.apart()
		if next.do(drawCommand(t, w)); !next.c.State.Final() || rapid.IntRange(0, 9).Draw(t, "ends") == 0 {
			*w = *next
		}
	}
	return w
}

var foreseeable = []Step{StepArrest, StepCollect, StepHandOver}

// What is said to come now is what the robot does now, and it is said to come now exactly when no condition is left.
func TestWhyNot_nowIsWhenTheRobotActs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := history(t)
		says := w.outlooks()
		took := w.apart().tickAll(t)
		for _, s := range foreseeable {
			o := says[s]
			if (o.When == WhenNow) != slices.Contains(took, s) {
				t.Fatalf("%s is said to come %q, and the robot took %v: %+v", s, o.When, took, o)
			}
			if o.When == WhenDone || o.When == WhenNever {
				continue
			}
			left := slices.ContainsFunc(o.Conditions, func(c Condition) bool { return c.Met != MetYes })
			if (o.When == WhenNow) == left {
				t.Fatalf("%s is said to come %q with the conditions %+v", s, o.When, o.Conditions)
			}
			if no := slices.ContainsFunc(o.Conditions, func(c Condition) bool { return c.Met == MetNo || c.Met == MetLater }); o.When == WhenNot && !no {
				t.Fatalf("%s waits for nothing: %+v", s, o.Conditions)
			}
		}
	})
}

// If nothing else happens, the robot takes a step at the instant that was said and not before, and does not take one that was not foreseen.
func TestWhyNot_datesAreKept(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := history(t)
		says := w.outlooks()
		at := map[Step]time.Time{}
		end := w.now
		var stops []time.Time
		for _, s := range foreseeable {
			if o := says[s]; o.When == WhenOn || o.When == WhenNow {
				at[s], stops = o.At, append(stops, o.At)
				end = later(end, o.At)
			}
		}
		// Ticks come whenever they like, and exactly when something was said to happen.
		first := w.now
		end = end.Add(40 * 24 * time.Hour)
		for x := calendar.DateOf(first).Start(); x.Before(end); x = x.Add(time.Duration(rapid.SampledFrom([]int{3, 6, 12}).Draw(t, "pace")) * time.Hour) {
			if x.After(first) {
				stops = append(stops, x)
			}
		}
		stops = append(stops, first)
		slices.SortFunc(stops, time.Time.Compare)
		taken := map[Step]time.Time{}
		for _, x := range stops {
			w.now = x
			for _, s := range w.tickAll(t) {
				if _, twice := taken[s]; !twice {
					taken[s] = x
				}
			}
		}
		for _, s := range foreseeable {
			if !taken[s].Equal(at[s]) {
				t.Fatalf("%s was said to come %q at %s, and came at %s: %+v", s, says[s].When, at[s], taken[s], says[s])
			}
		}
	})
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// The answers for the states that operators ask about.
func TestWhyNot_answers(t *testing.T) {
	t.Parallel()
	met := func(o Outlook, b Block) Met {
		for _, c := range o.Conditions {
			if c.What == b {
				return c.Met
			}
		}
		return "missing"
	}
	opened := inState(Opened)
	o := opened.outlooks()
	if a := o[StepArrest]; a.When != WhenNot || met(a, BlockNotice) != MetNo || met(a, BlockVoluntary) != MetLater || met(a, BlockHold) != MetYes {
		t.Errorf("opened: %+v", a)
	}
	notified := inState(Notified)
	want := notified.outlooks()[StepArrest]
	if !o[StepArrest].If.Equal(want.At) || want.When != WhenOn || !want.At.Equal(notified.c.VoluntaryEndsOn.End()) || met(want, BlockVoluntary) != MetSoon {
		t.Errorf("if the notice came now: %s, and when it has: %+v", o[StepArrest].If, want)
	}
	if a := o[StepHandOver]; a.When != WhenOn || !a.At.Equal(opened.c.TermEndsOn.End()) || met(a, BlockTerm) != MetSoon {
		t.Errorf("hand-over: %+v", a)
	}
	if a := o[StepNotice]; a.When != WhenNot || met(a, BlockProof) != MetNo || met(a, BlockRungs) != MetYes {
		t.Errorf("notice: %+v", a)
	}
	notified.do(SetHold{Reason: "person"})
	if a := notified.outlooks()[StepArrest]; a.When != WhenNot || met(a, BlockHold) != MetNo || met(a, BlockVoluntary) != MetSoon {
		t.Errorf("on hold: %+v", a)
	}
	notified.do(Resume{Reason: "looked"})
	notified.transit = true
	if a := notified.outlooks()[StepArrest]; a.When != WhenNot || met(a, BlockMoney) != MetNo {
		t.Errorf("money in transit: %+v", a)
	}
	enforcing := inState(Enforcing)
	o = enforcing.outlooks()
	if a := o[StepArrest]; a.When != WhenDone || a.Order.Purpose != Arrest || a.Order.Status != Requested {
		t.Errorf("arrest: %+v", a)
	}
	if a := o[StepCollect]; a.When != WhenNot || met(a, BlockHeld) != MetNo || met(a, BlockDay) != MetLater || a.If.IsZero() {
		t.Errorf("collection: %+v", a)
	}
	enforcing.do(OrderAnswered{Purpose: Arrest, Ordinal: 1, Answer: Accepted, Sum: tenge("20155.00")})
	if a := enforcing.outlooks()[StepCollect]; a.When != WhenOn || !a.At.Equal(o[StepCollect].If) || met(a, BlockDay) != MetSoon || met(a, BlockHeld) != MetYes {
		t.Errorf("collection after the answer: %+v, was said %s", a, o[StepCollect].If)
	}
	paid := inState(Paid)
	o = paid.outlooks()
	if a := o[StepRelease]; a.When != WhenNot || met(a, BlockOrder) != MetNo {
		t.Errorf("lift that no bank has confirmed: %+v", a)
	}
	if a := o[StepHandOver]; a.When != WhenNever || len(a.Conditions) != 0 {
		t.Errorf("hand-over of a paid case: %+v", a)
	}
	paid.do(OrderAnswered{Purpose: Lift, Ordinal: 1, Answer: Accepted})
	if a := paid.outlooks()[StepRelease]; a.When != WhenDone || !a.At.Equal(paid.c.ReleasedAt) {
		t.Errorf("release: %+v", a)
	}
	over := inState(HandedOver).outlooks()
	if a := over[StepHandOver]; a.When != WhenDone || met(a, BlockBailiff) != MetNo {
		t.Errorf("handed over: %+v", a)
	}
}

// Every condition that names a rule is found in the pack, with its article and words.
func TestWhyNot_everyRuleIsInThePack(t *testing.T) {
	t.Parallel()
	on := day("2026-09-01")
	for _, s := range []State{Opened, Notified, Enforcing, Paid, HandedOver} {
		w := inState(s)
		for _, o := range WhyNot(w.c, w.p, w.env()) {
			for _, c := range o.Conditions {
				if v, ok := c.Law(w.p, on); c.Rule != "" && (!ok || v.Citation == "" || v.Note.KK == "") {
					t.Errorf("%s, %s: the rule %q of %s has no value", s, o.Step, c.Rule, c.What)
				}
			}
		}
	}
}
