package main

import (
	"strings"
	"testing"
	"time"

	"robotbailiff/internal/testkit"
	"robotbailiff/rules/calendar"
)

func TestClock_movesOnlyForward(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	at := func(want time.Time, args ...string) {
		t.Helper()
		var r clockReport
		s.want(exitDone, &r, args...)
		if !r.Now.Equal(want) || r.Day != calendar.DateOf(want) {
			t.Errorf("%v: %s (%s), want %s", args, r.Now, r.Day, want)
		}
	}
	m := testkit.Morning
	at(m, "clock")
	at(m.Add(36*time.Hour), "clock", "advance", "36h")
	at(m.Add((36+72)*time.Hour), "clock", "advance", "3d")
	at(m.Add((36+72+36)*time.Hour), "clock", "advance", "1d12h")
	at(m.Add((36+72+36)*time.Hour), "clock", "advance", "0h")
	at(time.Date(2026, 3, 31, 19, 0, 0, 0, time.UTC), "clock", "to", "2026-04-01") // midnight in Almaty
	at(time.Date(2026, 4, 1, 4, 0, 0, 0, time.UTC), "clock", "to", "2026-04-01T09:00:00+05:00")
	status, _, errs := s.run("clock", "to", "2026-04-01")
	if status != exitFailed || !strings.Contains(errs, "cannot go back") || !strings.Contains(errs, "fresh database") {
		t.Errorf("back: %d %s", status, errs)
	}
	if status, _, _ := s.run("clock", "advance", "--", "-3h"); status != exitUsage {
		t.Errorf("a negative duration: %d", status)
	}
	at(time.Date(2026, 4, 1, 4, 0, 0, 0, time.UTC), "clock")
	if _, out, _ := s.run("clock"); !strings.Contains(out, "2026-04-01 09:00:00 in Almaty") {
		t.Errorf("%s", out)
	}
}

func TestClock_refusesARealDatabase(t *testing.T) {
	t.Parallel()
	url := testkit.URL(t, testkit.DB(t))
	for _, args := range [][]string{{"clock"}, {"clock", "advance", "1d"}, {"clock", "to", "2030-01-01"}} {
		status, out, errs := bailiff(append(args, "--db", url)...)
		if status != exitFailed || out != "" || !strings.Contains(errs, "not a sandbox") {
			t.Errorf("%v: %d %s %s", args, status, out, errs)
		}
	}
}
