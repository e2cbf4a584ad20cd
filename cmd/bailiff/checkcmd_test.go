package main

import (
	"strings"
	"testing"

	"robotbailiff/engine"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/sandbox"
)

func TestCheck_findsWhatWasPlanted(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	ids := s.cases(4)
	s.live(ids)
	var r checkReport
	s.want(exitDone, &r, "check")
	if len(r.Violations) != 0 || r.Checked < engine.Checked() || r.Cases != 4 || r.World {
		t.Fatalf("untouched: %+v", r)
	}
	if _, out, _ := s.run("check"); !strings.Contains(out, "0 violations") {
		t.Error(out)
	}
	s.exec(`UPDATE ledger SET amount = amount + 1 WHERE kind = 'allocated' AND case_id = $1`, ids[0])
	s.exec(`DELETE FROM due WHERE case_id = $1`, ids[1])
	s.exec(`UPDATE notices SET attempts = 1 WHERE case_id = $1`, ids[2])
	s.exec(`UPDATE writs SET amount = amount + 100 WHERE case_id = $1`, ids[3])
	r = checkReport{}
	s.want(exitFailed, &r, "check")
	for _, want := range []foundViolation{
		{ID: "INV-M1", Case: caseno.Format(ids[0])},
		{ID: "INV-X1", Case: caseno.Format(ids[1])},
		{ID: "INV-N2", Case: caseno.Format(ids[2])},
		{ID: "INV-I2", Case: caseno.Format(ids[3])},
	} {
		found := false
		for _, v := range r.Violations {
			found = found || v.ID == want.ID && v.Case == want.Case && v.Detail != ""
		}
		if !found {
			t.Errorf("%s of case %s is not in %+v", want.ID, want.Case, r.Violations)
		}
	}
	if status, out, _ := s.run("check"); status != exitFailed || !strings.Contains(out, "case "+caseno.Format(ids[1])) {
		t.Errorf("%d %s", status, out)
	}
}

func TestCheck_comparesWithTheWorld(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	if err := sandbox.Install(t.Context(), s.pool); err != nil {
		t.Fatal(err)
	}
	ids := s.cases(2)
	var r checkReport
	s.want(exitDone, &r, "check")
	if !r.World || len(r.Violations) != 0 {
		t.Fatalf("untouched: %+v", r)
	}
	s.live(ids) // the arrests are in force with us, and no bank of the world knows of them
	r = checkReport{}
	s.want(exitFailed, &r, "check")
	for _, id := range ids {
		found := false
		for _, v := range r.Violations {
			found = found || v.ID == "INV-A5" && v.Case == caseno.Format(id)
		}
		if !found {
			t.Errorf("the arrest of case %s is not missed: %+v", caseno.Format(id), r.Violations)
		}
	}
}
