package main

import (
	"strings"
	"testing"

	"robotbailiff/engine/trial"
	"robotbailiff/internal/caseno"
)

// What is new is shown, one person confirms or rejects one arrest, two confirm all that wait.
func TestTrial_peopleOnTheServer(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	for _, args := range [][]string{{"trial", "pass"}, {"trial", "confirm"}, {"trial", "confirm", "x"}, {"trial", "agree", "0"}, {"trial", "agree", "1", "2"}} {
		if status, _, errs := s.run(args...); status != exitUsage || errs == "" {
			t.Errorf("%v: %d %s", args, status, errs)
		}
	}
	if status, out, _ := s.run("trial"); status != exitDone || !strings.Contains(out, "Nothing is on trial.") {
		t.Errorf("%d %s", status, out)
	}
	ids := s.cases(3)
	for _, state := range []string{"notified", "enforcing"} {
		s.exec(`UPDATE cases SET state = $1`, state)
	}
	s.exec(`INSERT INTO trials (kind, name, need, opened_at) VALUES ('source', 'X', 2, now())`)
	for _, id := range ids {
		s.exec(`INSERT INTO orders (case_id, purpose, ordinal, id, status, amount, requested_at) VALUES ($1, 'arrest', 1, gen_random_uuid(), 'requested', 100, now())`, id)
		s.exec(`INSERT INTO trial_arrests (case_id, ordinal, source, format, pack, picked_at) VALUES ($1, 1, 'X', '', '', '2026-01-01')`, id)
	}
	number := caseno.Format
	if status, _, errs := s.run("trial", "confirm", number(ids[0]), "--as", "Aigul"); status != exitUsage || !strings.Contains(errs, trial.CodeNoReason) {
		t.Errorf("confirmed in silence: %d %s", status, errs)
	}
	var r trialReport
	s.want(exitDone, &r, "trial", "confirm", number(ids[0]), "--why", "seen", "--as", "Aigul")
	if len(r.Trials) != 1 || r.Trials[0].Confirmed != 1 || r.Trials[0].Waiting != 2 || r.Waiting != 2 {
		t.Fatalf("%+v", r)
	}
	s.want(exitDone, &r, "trial", "reject", number(ids[1]), "--why", "another person", "--as", "Aigul")
	var hold string
	if err := s.pool.QueryRow(t.Context(), `SELECT hold FROM cases WHERE id = $1`, ids[1]).Scan(&hold); err != nil || hold != trial.HoldRejected || r.Trials[0].Rejected != 1 {
		t.Errorf("hold %q, %v, %+v", hold, err, r)
	}
	if status, out, _ := s.run("trial", "agree", "999", "--why", "seen", "--as", "Aigul"); status != exitFailed {
		t.Errorf("a trial that never was: %d %s", status, out)
	}
	var id string
	if err := s.pool.QueryRow(t.Context(), `SELECT id::text FROM trials WHERE name = 'X'`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	if status, out, _ := s.run("trial", "agree", id, "--why", "seen", "--as", "Aigul"); status != exitDone || !strings.Contains(out, "aigul proposes") {
		t.Errorf("proposed: %d %s", status, out)
	}
	if status, _, errs := s.run("trial", "agree", id, "--why", "seen", "--as", "AIGUL"); status != exitFailed || !strings.Contains(errs, trial.CodeSamePerson) {
		t.Errorf("the same person: %d %s", status, errs)
	}
	if s.want(exitDone, &r, "trial", "agree", id, "--why", "seen", "--as", "Bolat"); len(r.Trials) != 0 {
		t.Errorf("the trial goes on: %+v", r)
	}
}
