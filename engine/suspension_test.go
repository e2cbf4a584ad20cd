package engine

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"robotbailiff/rules/calendar"
)

// Days under suspension are left out of the thirty, as the pack says: once, up to the last day that was ordered, and added up
// when a case is suspended again. A hold by a person moves nothing.
func TestSuspension_isLeftOutOfTheTerm(t *testing.T) {
	t.Parallel()
	day := func(s string) calendar.Date { return calendar.DateOf(at(s, 12)) }
	tick, resume := Command(Tick{}), Command(Resume{Reason: "over"})
	type step struct {
		on  string
		cmd Command
	}
	for name, c := range map[string]struct {
		steps []step
		term  string // opened on 1 September 2026: the thirtieth day is Thursday, 1 October
	}{
		"never":                        {nil, "2026-10-01"},
		"ten days":                     {[]step{{"2026-09-07", Suspend{Reason: "appeal"}}, {"2026-09-17", resume}}, "2026-10-12"}, // 11 October is a Sunday
		"not a whole day":              {[]step{{"2026-09-07", Suspend{Reason: "appeal"}}, {"2026-09-07", resume}}, "2026-10-01"},
		"until a day, by itself":       {[]step{{"2026-09-07", Suspend{Reason: "deferral", Until: day("2026-09-09")}}, {"2026-09-10", tick}}, "2026-10-05"}, // 4 October is a Sunday
		"until a day, looked at later": {[]step{{"2026-09-07", Suspend{Reason: "deferral", Until: day("2026-09-08")}}, {"2026-09-20", tick}}, "2026-10-05"},
		"until a day, ended before":    {[]step{{"2026-09-07", Suspend{Reason: "deferral", Until: day("2026-09-30")}}, {"2026-09-08", resume}}, "2026-10-02"},
		"twice": {[]step{
			{"2026-09-07", Suspend{Reason: "appeal"}}, {"2026-09-10", resume}, {"2026-09-14", Suspend{Reason: "appeal"}}, {"2026-09-16", resume},
		}, "2026-10-06"},
		"a hold": {[]step{{"2026-09-07", SetHold{Reason: "identity"}}, {"2026-09-17", resume}}, "2026-10-01"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := inState(Notified)
			for _, s := range c.steps {
				w.now = at(s.on, 12)
				if d := w.do(s.cmd); d.Refusal != nil {
					t.Fatalf("%s on %s: %+v", s.cmd.Kind(), s.on, d.Refusal)
				}
			}
			if got := w.c.TermEndsOn.String(); got != c.term || w.c.Suspended != "" || !w.c.SuspendedOn.IsZero() {
				t.Errorf("the term ends on %s, want %s: %+v", got, c.term, w.c)
			}
			if d := cmp.Diff(caseJSON(t, w.c), caseJSON(t, Fold(w.c.ID, w.events))); d != "" {
				t.Errorf("the events do not make the case: %s", d)
			}
			w.now = w.c.TermEndsOn.End().Add(-time.Second)
			if w.do(Tick{}); w.c.State == HandedOver {
				t.Error("handed over on the last day")
			}
			for range 3 { // an arrest comes first
				w.now = w.c.TermEndsOn.End()
				w.do(Tick{})
			}
			if w.c.State != HandedOver {
				t.Errorf("%s after the last day", w.c.State)
			}
		})
	}
}
