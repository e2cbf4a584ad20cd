package main

import (
	"strings"
	"testing"

	"robotbailiff/engine/breaker"
	"robotbailiff/engine/stop"
)

func TestSwitch_oneStopsTwoRelease(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	var r switchReport
	s.want(exitDone, &r, "switch", "list")
	if len(r.Stops) != 0 || len(r.Breakers) != len(breaker.Names) {
		t.Fatalf("%+v", r)
	}
	for _, args := range [][]string{{"switch", "stop", "lift"}, {"switch", "stop", "--as", "Aigul"}, {"switch", "release"}, {"switch", "release", "x"}, {"switch", "off"}, {"switch", "stop", "all", "more"}} {
		if status, _, errs := s.run(args...); status != exitUsage || errs == "" {
			t.Errorf("%v: %d %s", args, status, errs)
		}
	}
	r = switchReport{}
	s.want(exitDone, &r, "switch", "stop", "region:75", "--why", "INC-42", "--as", "Aigul")
	if len(r.Stops) != 1 || r.Stops[0].Scope != "region:75" || r.Stops[0].Actor != "aigul" {
		t.Fatalf("%+v", r)
	}
	if status, _, errs := s.run("switch", "stop", "region:75", "--why", "x", "--as", "Bolat"); status != exitFailed || !strings.Contains(errs, stop.CodeAlready) {
		t.Errorf("stopped twice: %d %s", status, errs)
	}
	if status, out, _ := s.run("switch", "release", "1", "--why", "over", "--as", "Aigul"); status != exitDone || !strings.Contains(out, "another person than aigul") {
		t.Errorf("proposed: %d %s", status, out)
	}
	if status, _, errs := s.run("switch", "release", "1", "--why", "over", "--as", "AIGUL"); status != exitFailed || !strings.Contains(errs, stop.CodeSamePerson) {
		t.Errorf("the same person: %d %s", status, errs)
	}
	s.want(exitDone, &r, "switch", "release", "1", "--why", "over", "--as", "Bolat")
	if status, out, _ := s.run("switch"); status != exitDone || !strings.Contains(out, "Nothing is stopped.") || !strings.Contains(out, "too little to compare yet") {
		t.Errorf("%d %s", status, out)
	}
	if status, out, _ := s.run("switch", "history"); status != exitDone || !strings.Contains(out, "INC-42") || !strings.Contains(out, "released by bolat") {
		t.Errorf("%d %s", status, out)
	}
}

// A broken promise stops everything when the check is told to.
func TestCheck_stopsOnAViolation(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	ids := s.cases(1)
	var found checkReport
	s.want(exitDone, &found, "check", "--stop")
	s.exec(`DELETE FROM due WHERE case_id = $1`, ids[0])
	s.want(exitFailed, &found, "check")
	var r switchReport
	if s.want(exitDone, &r, "switch", "list"); len(r.Stops) != 0 {
		t.Fatalf("a mere look stops: %+v", r.Stops)
	}
	s.want(exitFailed, &found, "check", "--stop")
	s.want(exitFailed, &found, "check", "--stop")
	if s.want(exitDone, &r, "switch", "list"); len(r.Stops) != 1 || r.Stops[0].Scope != stop.Everything || r.Stops[0].Breaker() != breaker.Violations {
		t.Errorf("%+v", r.Stops)
	}
}
