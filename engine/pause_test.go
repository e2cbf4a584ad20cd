package engine

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"robotbailiff/engine/stop"
	"robotbailiff/rules/calendar"
)

// Days on which everything was stopped are left out: of the term, of the voluntary period, and of none twice, also when the case
// was suspended meanwhile. A stop within one day moves nothing.
func TestPause_isLeftOutOfTheTerms(t *testing.T) {
	t.Parallel()
	type step struct {
		on    string
		throw bool
		cmd   Command // nil: the switch
	}
	stopped := func(on string) step { return step{on: on, throw: true} }
	released := func(on string) step { return step{on: on} }
	do := func(on string, cmd Command) step { return step{on: on, cmd: cmd} }
	for name, c := range map[string]struct {
		steps     []step
		term      string // opened on 1 September 2026, a Tuesday: the thirtieth day is Thursday, 1 October
		voluntary string // notified on the same day: the fifth working day is Tuesday, 8 September
		told      int
	}{
		"never":               {nil, "2026-10-01", "2026-09-08", 0},
		"not a whole day":     {[]step{stopped("2026-09-03"), released("2026-09-03")}, "2026-10-01", "2026-09-08", 0},
		"three working days":  {[]step{stopped("2026-09-02"), released("2026-09-05")}, "2026-10-05", "2026-09-11", 1}, // 4 October is a Sunday
		"beyond the period":   {[]step{stopped("2026-09-07"), released("2026-09-17")}, "2026-10-12", "2026-09-18", 1},
		"after the period":    {[]step{stopped("2026-09-09"), released("2026-09-12")}, "2026-10-05", "2026-09-08", 1},
		"twice, looked twice": {[]step{stopped("2026-09-02"), released("2026-09-05"), do("2026-09-05", Tick{}), stopped("2026-09-14"), released("2026-09-16")}, "2026-10-06", "2026-09-11", 2},
		"twice, looked once":  {[]step{stopped("2026-09-02"), released("2026-09-05"), stopped("2026-09-14"), released("2026-09-16")}, "2026-10-06", "2026-09-11", 1},
		"suspended within":    {[]step{stopped("2026-09-02"), do("2026-09-04", Suspend{Reason: "appeal"}), released("2026-09-08"), do("2026-09-10", Resume{Reason: "over"})}, "2026-10-09", "2026-09-10", 1},
		"around it":           {[]step{do("2026-09-03", Suspend{Reason: "appeal"}), stopped("2026-09-04"), released("2026-09-08"), do("2026-09-10", Resume{Reason: "over"})}, "2026-10-08", "2026-09-08", 0},
		"past the end of it":  {[]step{do("2026-09-03", Suspend{Reason: "appeal"}), stopped("2026-09-08"), do("2026-09-10", Resume{Reason: "over"}), released("2026-09-12")}, "2026-10-12", "2026-09-10", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := inState(Notified)
			for _, s := range c.steps {
				w.now = at(s.on, 12)
				if s.cmd == nil {
					w.throw(s.throw)
					continue
				}
				if d := w.do(s.cmd); d.Refusal != nil {
					t.Fatalf("%s on %s: %+v", s.cmd.Kind(), s.on, d.Refusal)
				}
			}
			if len(c.steps) > 0 {
				w.now = w.now.Add(time.Hour)
				w.do(Tick{})
			}
			if got := w.c.TermEndsOn.String() + " " + w.c.VoluntaryEndsOn.String(); got != c.term+" "+c.voluntary {
				t.Errorf("ends on %s, want %s %s", got, c.term, c.voluntary)
			}
			told := 0
			for _, e := range w.effects {
				if n, ok := e.(NoticeWanted); ok && n.Kind == "prolonged" {
					if told++; n.Until.Before(day("2026-10-01")) || !n.Outstanding.IsPositive() {
						t.Errorf("told %+v", n)
					}
				}
			}
			if told != c.told {
				t.Errorf("told %d times, want %d", told, c.told)
			}
			if d := cmp.Diff(caseJSON(t, w.c), caseJSON(t, Fold(w.c.ID, w.events))); d != "" {
				t.Errorf("the events do not make the case: %s", d)
			}
			if last := w.c.VoluntaryEndsOn.End().Add(-time.Second); w.now.Before(last) {
				w.now = last
				if w.do(Tick{}); w.c.State == Enforcing {
					t.Error("arrested within the voluntary period")
				}
			}
			w.now = w.c.TermEndsOn.End().Add(-time.Second)
			if w.do(Tick{}); w.c.State == HandedOver {
				t.Error("handed over on the last day")
			}
			for range 3 {
				w.now = w.c.TermEndsOn.End()
				w.do(Tick{})
			}
			if w.c.State != HandedOver {
				t.Errorf("%s after the last day", w.c.State)
			}
		})
	}
}

// The day of the collection moves too, and the trace says why.
func TestPause_movesTheCollection(t *testing.T) {
	t.Parallel()
	w := inState(Enforcing)
	w.do(OrderAnswered{Purpose: Arrest, Ordinal: 1, Answer: Accepted, Sum: tenge("20155.00")})
	before := w.c.CollectOn
	w.throw(true)
	w.now = w.now.AddDate(0, 0, 7)
	w.throw(false)
	d := w.do(Tick{})
	if w.c.CollectOn != before.AddDays(7) || len(d.Events) != 1 || d.Events[0].Kind != EvProlonged {
		t.Errorf("collection on %s, was %s: %+v", w.c.CollectOn, before, d.Events)
	}
	var rules []string
	for _, s := range d.Events[0].Data.Trace {
		rules = append(rules, s.Rule)
	}
	if want := []string{"term.pause_excluded", "term.days", "term.pause_excluded", "coercion.collection_delay"}; !slices.Equal(rules, want) {
		t.Errorf("trace %v, want %v", rules, want)
	}
}

// A stop of one measure moves only what that measure ends.
func TestPause_ofOneMeasure(t *testing.T) {
	t.Parallel()
	for measure, want := range map[stop.Measures][2]string{
		stop.Arrest:   {"2026-10-01", "2026-09-11"},
		stop.HandOver: {"2026-10-05", "2026-09-08"},
		stop.Collect:  {"2026-10-01", "2026-09-08"},
		stop.Notify:   {"2026-10-01", "2026-09-08"},
		stop.Open:     {"2026-10-01", "2026-09-08"},
	} {
		w := inState(Notified)
		w.now = at("2026-09-02", 12)
		w.throw(true)
		w.now = at("2026-09-05", 12)
		w.throw(false)
		w.pauses[0].Stopped = measure
		w.do(Tick{})
		if got := [2]string{w.c.TermEndsOn.String(), w.c.VoluntaryEndsOn.String()}; got != want {
			t.Errorf("%s: %v, want %v", measure, got, want)
		}
	}
}

// What each measure keeps from happening, and nothing else: every command in every state comes out as if nothing were stopped,
// but for that.
func TestStopped_stopsItsMeasureAlone(t *testing.T) {
	t.Parallel()
	due := map[string]func() (*world, Command){
		"open":      func() (*world, Command) { return newWorld(), openCmd("20155.00") },
		"arrest":    func() (*world, Command) { w := inState(Notified); w.now = w.c.VoluntaryEndsOn.End(); return w, Tick{} },
		"collect":   func() (*world, Command) { w := arrested(); w.now = w.c.CollectOn.Start(); return w, Tick{} },
		"hand_over": func() (*world, Command) { w := arrested(); w.now = w.c.TermEndsOn.End(); return w, Tick{} },
		"notify":    func() (*world, Command) { w := inState(Opened); w.now = w.c.NextRungAt; return w, Tick{} },
		"lift": func() (*world, Command) {
			w := arrested()
			return w, Pay{PaymentID: 1, Amount: tenge("20155.00"), ValueDate: calendar.DateOf(w.now)}
		},
		"objection": func() (*world, Command) { return arrested(), RequestRefusal{} },
		"receipt": func() (*world, Command) {
			w := inState(Opened)
			return w, NoticeDelivered{Ordinal: 1, Opening: true, Channel: "sms", At: w.now}
		},
		"cancelled": func() (*world, Command) { return arrested(), Cancel{Ground: "amnesty", Act: "1"} },
	}
	for name, make := range due {
		for i, measure := range append(slices.Clone(stop.Names), "all") {
			w, cmd := make()
			m := stop.All
			if measure != "all" {
				m = stop.Measures(1 << i)
			}
			env := Env{Now: w.now, PackID: 1, Stopped: m}
			free := Decide(w.c, cmd, w.p, Env{Now: w.now, PackID: 1})
			if free.Refusal != nil {
				t.Fatalf("%s does not happen even when nothing is stopped: %+v", name, free.Refusal)
			}
			stops := slices.Contains(stop.Names, name) && m.Any(1<<slices.Index(stop.Names, name))
			if got := Decide(w.c, cmd, w.p, env); (got.Refusal != nil) != stops {
				t.Errorf("%s while %s is stopped: %+v", name, measure, got.Refusal)
			} else if !stops && len(got.Effects) != len(free.Effects) {
				t.Errorf("%s while %s is stopped: %d effects instead of %d", name, measure, len(got.Effects), len(free.Effects))
			}
		}
	}
}

func arrested() *world {
	w := inState(Enforcing)
	w.do(OrderAnswered{Purpose: Arrest, Ordinal: 1, Answer: Accepted, Sum: tenge("20155.00")})
	return w
}

// Every coercive order says which guards let it pass, and with which facts.
func TestTrace_ofACoerciveOrderNamesItsGuards(t *testing.T) {
	t.Parallel()
	w := arrested()
	w.now = w.c.CollectOn.Start()
	w.do(Tick{})
	found := 0
	for _, e := range w.events {
		if e.Kind != EvArrestOrdered && e.Kind != EvCollectOrdered {
			continue
		}
		found++
		tr := e.Data.Trace
		if len(tr) != 11 || tr[0].Rule != "guard.notice" || tr[9].Rule != "guard.measure" || tr[0].Facts[0].Value != "2026-09-01" || tr[6].Facts[0].Value != "2027-06-01" {
			t.Errorf("%s: %+v", e.Kind, tr)
		}
	}
	if found != 2 {
		t.Errorf("%d coercive orders", found)
	}
	if w.c.LimitationOn != day("2027-06-01") {
		t.Errorf("limitation %s", w.c.LimitationOn)
	}
}
