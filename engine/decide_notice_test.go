package engine

import (
	"slices"
	"testing"
	"time"

	"robotbailiff/rules/calendar"
)

func TestDecide_remindsOnce(t *testing.T) {
	t.Parallel()
	w := inState(Notified) // told on Tuesday, 1 September: the last day is the 8th
	morning := at("2026-09-07", 9)
	if next, duty, ok := NextLook(w.c, time.Hour); !ok || duty != "reminder" || !next.Equal(morning) {
		t.Fatalf("looks next at %s for %s, want %s", next, duty, morning)
	}
	w.now = morning.Add(-time.Second)
	if d := w.do(Tick{}); len(d.Events) != 0 {
		t.Fatalf("too early: %+v", d.Events)
	}
	w.now = morning
	d := w.do(Tick{})
	if len(d.Events) != 1 || d.Events[0].Kind != EvReminded || len(d.Effects) != 1 {
		t.Fatalf("%+v, %+v", d.Events, d.Effects)
	}
	n, ok := d.Effects[0].(NoticeWanted)
	if !ok || n.Kind != "reminder" || n.Until != calendar.MakeDate(2026, 9, 8) || !n.Amount.Equal(w.c.Outstanding) || !n.NotBefore.Equal(morning) {
		t.Errorf("%+v", d.Effects[0])
	}
	if d := w.do(Tick{}); len(d.Events) != 0 {
		t.Errorf("reminded twice: %+v", d.Events)
	}
	if next, duty, _ := NextLook(w.c, time.Hour); duty != "arrest" || !next.Equal(w.c.VoluntaryEndsOn.End()) {
		t.Errorf("looks next at %s for %s", next, duty)
	}
}

func TestDecide_howLongNoticesLive(t *testing.T) {
	t.Parallel()
	evening := func(s string) time.Time { return at(s, 21) }
	opened := newWorld()
	first := opened.do(openCmd("20155.00"))
	reminding := inState(Notified) // the last day is 8 September
	reminding.now = at("2026-09-07", 9)
	cancelled := inState(Enforcing)
	cancelled.now = at("2026-09-10", 22)
	for kind, c := range map[string]struct {
		d     Decision
		until time.Time
	}{
		"opening":   {first, evening(calendar.DateOf(opened.now).String())},
		"reminder":  {reminding.do(Tick{}), evening("2026-09-08")},
		"cancelled": {cancelled.do(Cancel{Ground: "appeal"}), evening("2026-09-14")}, // asked for in the night
	} {
		i := slices.IndexFunc(c.d.Effects, func(e Effect) bool { n, ok := e.(NoticeWanted); return ok && n.Kind == kind })
		if i < 0 {
			t.Fatalf("%s: no notice in %+v", kind, c.d)
		}
		if n := c.d.Effects[i].(NoticeWanted); !n.ExpiresAt.Equal(c.until) {
			t.Errorf("%s lives from %s until %s, want %s", kind, n.NotBefore, n.ExpiresAt, c.until)
		}
	}
}

func TestDecide_remindsNobodyInVain(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]func(*world){
		"paid":      func(w *world) { w.do(Pay{PaymentID: 1, Amount: tenge("20155.00"), ValueDate: calendar.DateOf(w.now)}) },
		"refused":   func(w *world) { w.now = at("2026-09-07", 8); w.do(RequestRefusal{}) },
		"held":      func(w *world) { w.do(SetHold{Reason: "death"}) },
		"too late":  func(w *world) { w.now = w.c.VoluntaryEndsOn.End() },
		"cancelled": func(w *world) { w.do(Cancel{Ground: "amnesty", Act: "1"}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := inState(Notified)
			before(w)
			if w.refusal != nil {
				t.Fatalf("fixture: %+v", w.refusal)
			}
			if w.now.Before(at("2026-09-07", 9)) {
				w.now = at("2026-09-07", 9)
			}
			for _, e := range w.do(Tick{}).Events {
				if e.Kind == EvReminded {
					t.Error("reminded in vain")
				}
			}
		})
	}
}
