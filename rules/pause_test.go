package rules

import (
	"testing"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

// Days of a pause are left out, each once, as the days of a suspension are.
func TestAfterPause(t *testing.T) {
	t.Parallel()
	p := pack.Default()
	d := func(s string) calendar.Date {
		if s == "" {
			return 0
		}
		day, err := calendar.ParseDate(s)
		if err != nil {
			t.Fatal(err)
		}
		return day
	}
	for name, c := range map[string]struct {
		pauses [][2]string
		left   int
		since  string
		term   string // opened on 1 September 2026: the thirtieth day is Thursday, 1 October
		days   int
	}{
		"none":                     {nil, 0, "2026-09-01", "", 0},
		"ten days":                 {[][2]string{{"2026-09-07", "2026-09-17"}}, 0, "2026-09-01", "2026-10-12", 10}, // 11 October is a Sunday
		"two that overlap":         {[][2]string{{"2026-09-10", "2026-09-17"}, {"2026-09-07", "2026-09-12"}}, 0, "2026-09-01", "2026-10-12", 10},
		"counted before":           {[][2]string{{"2026-09-07", "2026-09-17"}}, 5, "2026-09-12", "2026-10-12", 5},
		"all counted":              {[][2]string{{"2026-09-07", "2026-09-17"}}, 10, "2026-09-17", "", 0},
		"before the case":          {[][2]string{{"2026-08-01", "2026-09-03"}}, 0, "2026-09-01", "2026-10-05", 2}, // 3 October is a Saturday
		"goes on, to the day":      {[][2]string{{"2026-09-27", ""}}, 0, "2026-09-01", "2026-10-05", 3},
		"ends after today, to now": {[][2]string{{"2026-09-27", "2026-12-01"}}, 0, "2026-09-01", "2026-10-05", 3},
	} {
		var pauses []Pause
		for _, x := range c.pauses {
			pauses = append(pauses, Pause{From: d(x[0]), To: d(x[1])})
		}
		term, days, trace := AfterPause(p, d("2026-09-01"), c.left, pauses, d(c.since), d("2026-09-30"))
		if term != d(c.term) || days != c.days || (len(trace) == 2) != (c.days > 0) {
			t.Errorf("%s: %s, %d days, %+v", name, term, days, trace)
		}
	}
}

// Five working days last longer by the working days of a pause that began before they were over.
func TestLaterByPause(t *testing.T) {
	t.Parallel()
	p := pack.Default()
	day := func(d int) calendar.Date { return calendar.MakeDate(2026, 9, d) }
	end, today := day(8), day(20) // a Tuesday; a Sunday
	for name, c := range map[string]struct {
		pause Pause
		want  calendar.Date
	}{
		"within":          {Pause{From: day(3), To: day(8)}, day(11)}, // Thursday, Friday, Monday
		"a weekend":       {Pause{From: day(5), To: day(7)}, 0},
		"beyond its end":  {Pause{From: day(8), To: day(14)}, day(14)}, // four working days
		"after its end":   {Pause{From: day(9), To: day(14)}, 0},
		"before it began": {Pause{From: day(1), To: day(2)}, 0},
	} {
		got, trace := LaterByPause(p, pack.KeyVoluntary, end, []Pause{c.pause}, day(2), today)
		if got != c.want || (len(trace) == 2) != !c.want.IsZero() {
			t.Errorf("%s: %s, want %s: %+v", name, got, c.want, trace)
		}
	}
	if got, _ := LaterByPause(p, pack.KeyCollectionDelay, end, []Pause{{From: day(3), To: day(8)}}, day(2), today); got != day(11) {
		t.Errorf("the collection: %s", got)
	}
}

// The days of an objection are left out like those of a stop, none twice, and each value of the pack is named.
func TestAfterPause_ofAnObjection(t *testing.T) {
	t.Parallel()
	p := pack.Default()
	day := func(d int) calendar.Date { return calendar.MakeDate(2026, 9, d) }
	both := []Pause{{From: day(2), To: day(6)}, {From: day(4), To: day(9), Objection: true}}
	term, days, trace := AfterPause(p, day(1), 0, both, day(1), day(20))
	if days != 7 || term != calendar.MakeDate(2026, 10, 8) || len(trace) != 3 || trace[0].Rule != pack.KeyPause || trace[1].Rule != pack.KeyObjectionOut {
		t.Errorf("%s, %d days, %+v", term, days, trace)
	}
	if end, trace := LaterByPause(p, pack.KeyVoluntary, day(8), both[1:], day(2), day(20)); end != day(11) || trace[0].Facts[1] != (Fact{"objection_over_on", "2026-09-09"}) {
		t.Errorf("%s, %+v", end, trace)
	}
}

// An objection of a Friday is answered by the Friday after; a pack of before knows none.
func TestObjectionDue(t *testing.T) {
	t.Parallel()
	if due, step := ObjectionDue(pack.Default(), calendar.MakeDate(2026, 9, 4)); due != calendar.MakeDate(2026, 9, 11) || step.Rule != pack.KeyObjectionDays {
		t.Errorf("%s, %+v", due, step)
	}
	if due, step := ObjectionDue(pack.Default(), calendar.MakeDate(2014, 9, 4)); !due.IsZero() || step.Outcome != StepHold {
		t.Errorf("%s, %+v", due, step)
	}
}
