package calendar

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var (
	testFrom = MakeDate(2026, 1, 1)
	testTo   = MakeDate(2026, 12, 31)
	satSun   = []time.Weekday{time.Saturday, time.Sunday}
)

func mustCalendar(t interface{ Fatalf(string, ...any) }, days []Day) *Calendar {
	c, err := New(satSun, days, testFrom, testTo)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return c
}

func holidays(t *rapid.T) []Day {
	var out []Day
	for _, n := range rapid.SliceOfNDistinct(rapid.IntRange(0, 364), 0, 40, rapid.ID[int]).Draw(t, "holidays") {
		out = append(out, Day{Date: testFrom.AddDays(n), Kind: Holiday})
	}
	return out
}

func counting(t *rapid.T) Counting {
	return Counting{StartNextDay: rapid.Bool().Draw(t, "next"), RollForward: rapid.Bool().Draw(t, "roll")}
}

func TestTerms_properties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		days := holidays(t)
		c := mustCalendar(t, days)
		start := testFrom.AddDays(rapid.IntRange(-40, 400).Draw(t, "start"))
		n := rapid.IntRange(1, 60).Draw(t, "n")
		k := counting(t)

		end := c.AddWorkingDays(start, n)
		if !c.IsWorking(end) || end <= start {
			t.Fatalf("%d working days after %s is %s", n, start, end)
		}
		count := 0
		for d := start + 1; d <= end; d++ {
			if c.IsWorking(d) {
				count++
			}
		}
		if count != n {
			t.Fatalf("between %s and %s lie %d working days, want %d", start, end, count, n)
		}
		if back := c.AddWorkingDays(end, -n); back > start || c.IsWorking(start) && back != start {
			t.Fatalf("%s back by %d is %s, came from %s", end, n, back, start)
		}
		if a, b := c.Term(start, n, k), c.Term(start+1, n, k); a > b {
			t.Fatalf("a later start ends earlier: %s, %s", a, b)
		}
		if a, b := c.WorkingTerm(start, n, k), c.WorkingTerm(start+1, n, k); a > b {
			t.Fatalf("a later start ends earlier: %s, %s", a, b)
		}
		if a, b := c.Term(start, n, k), c.Term(start, n+1, k); a > b {
			t.Fatalf("a longer term ends earlier: %s, %s", a, b)
		}
		if c.WorkingTerm(start, n, k) < c.Term(start, n, Counting{StartNextDay: k.StartNextDay}) {
			t.Fatal("working days are shorter than calendar days")
		}
		if r := c.RollForward(start); r < start || !c.IsWorking(r) || c.RollForward(r) != r {
			t.Fatalf("%s rolls to %s", start, r)
		}
		if k.RollForward && !c.IsWorking(c.Term(start, n, k)) {
			t.Fatal("a rolled term ends on a day off")
		}
	})
}

func TestTerms_anotherHolidayNeverShortens(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		days := holidays(t)
		before := mustCalendar(t, days)
		extra := testFrom.AddDays(rapid.IntRange(0, 364).Draw(t, "extra"))
		if _, listed := before.Special(extra); listed {
			return
		}
		after := mustCalendar(t, append(days, Day{Date: extra, Kind: Holiday}))
		start := testFrom.AddDays(rapid.IntRange(-10, 364).Draw(t, "start"))
		n := rapid.IntRange(1, 40).Draw(t, "n")
		k := counting(t)
		if a, b := before.WorkingTerm(start, n, k), after.WorkingTerm(start, n, k); b < a {
			t.Fatalf("with %s off, %d working days from %s end %s instead of %s", extra, n, start, b, a)
		}
		if a, b := before.Term(start, n, k), after.Term(start, n, k); b < a {
			t.Fatalf("with %s off, %d days from %s end %s instead of %s", extra, n, start, b, a)
		}
	})
}

func TestNew_reportsAllFaults(t *testing.T) {
	t.Parallel()
	d := func(m time.Month, day int) Date { return MakeDate(2026, m, day) }
	_, err := New(satSun, []Day{
		{Date: d(3, 9), Kind: Holiday},
		{Date: d(3, 9), Kind: Holiday},
		{Date: MakeDate(2025, 3, 9), Kind: Holiday},
		{Date: d(4, 1), Kind: "feast"},
		{Date: d(4, 4), Kind: SwapOff, Of: d(4, 6)},
		{Date: d(4, 8), Kind: SwapWork, Of: d(4, 9)},
		{Date: d(4, 15), Kind: SwapOff, Of: d(4, 18)},
		{Date: d(5, 2), Kind: SwapWork},
	}, testFrom, testTo)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"2026-03-09 is listed twice", "2025-03-09 lies outside", `2026-04-01 has unknown kind "feast"`,
		"2026-04-04 is swap_off but already a day off", "2026-04-08 is swap_work but already a working day",
		"2026-04-15 is swap_off without", "2026-05-02 is swap_work without",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in:\n%v", want, err)
		}
	}
	allWeek := []time.Weekday{0, 1, 2, 3, 4, 5, 6}
	for name, f := range map[string]func() (*Calendar, error){
		"no working day": func() (*Calendar, error) { return New(allWeek, nil, testFrom, testTo) },
		"empty range":    func() (*Calendar, error) { return New(satSun, nil, testTo, testFrom) },
		"unset range":    func() (*Calendar, error) { return New(satSun, nil, 0, testTo) },
		"bad weekday":    func() (*Calendar, error) { return New([]time.Weekday{9}, nil, testFrom, testTo) },
	} {
		if _, err := f(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestCovers(t *testing.T) {
	t.Parallel()
	c := mustCalendar(t, []Day{{Date: testFrom, Kind: Holiday, Name: Names{KK: "Жаңа жыл", RU: "Новый год", EN: "New Year"}}})
	if !c.Covers(testFrom) || !c.Covers(testTo) || c.Covers(testFrom-1) || c.Covers(testTo+1) || c.Covers(0) {
		t.Error("Covers is not exactly the dated range")
	}
	if d, ok := c.Special(testFrom); !ok || d.Name.In("kk") != "Жаңа жыл" || d.Name.In("ru") != "Новый год" || d.Name.In("en") != "New Year" || d.Name.In("fr") != "" {
		t.Errorf("Special(%s) = %v, %t", testFrom, d, ok)
	}
	c.Days()[0].Kind = SwapWork
	if c.Days()[0].Kind != Holiday {
		t.Error("Days hands out the calendar's own memory")
	}
}
