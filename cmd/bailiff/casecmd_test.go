package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"robotbailiff/engine"
	"robotbailiff/internal/caseno"
)

func TestCase_showsEverythingAndNobody(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	ids := s.cases(2)
	s.live(ids)
	number := caseno.Format(ids[0])
	var v caseView
	s.want(exitDone, &v, "case", number)
	if v.Number != number || v.State != engine.Enforcing || v.Outstanding.String() != "15154.50" || v.Debt.String() != "20155.00" {
		t.Errorf("%+v", v)
	}
	if len(v.Events) < 5 || len(v.Orders) < 2 || len(v.Notices) < 2 || len(v.Payments) != 1 || len(v.Decisions) != 0 {
		t.Errorf("%d events, %d orders, %d notices, %d payments, %d decisions", len(v.Events), len(v.Orders), len(v.Notices), len(v.Payments), len(v.Decisions))
	}
	if p := v.Payments[0]; p.Amount.String() != "5000.50" || p.Allocated.String() != "5000.50" {
		t.Errorf("%+v", p)
	}
	full := iin(0)
	for _, lang := range []string{"kk", "ru", "en"} {
		for _, args := range [][]string{{"--json"}, {}, {"--explain"}, {"--explain", "--json"}} {
			status, out, errs := s.run(append([]string{"case", number, "--lang", lang}, args...)...)
			if status != exitDone {
				t.Fatalf("%v: %d %s", args, status, errs)
			}
			if strings.Contains(out, full) || strings.Contains(out, "Ахметов") || !strings.Contains(out, "******"+full[8:]) || !strings.Contains(out, "А.А.") {
				t.Errorf("%v shows too much or too little of the person:\n%s", args, out)
			}
		}
	}
	// any way to write the number
	s.want(exitDone, &v, "case", strings.ReplaceAll(number, "-", ""))
}

func TestCase_explainMakesEveryDecisionAgain(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	ids := s.cases(2) // the second writ states the birth date, the first leaves it to the IIN
	s.live(ids)
	for _, id := range ids {
		var v caseView
		s.want(exitDone, &v, "case", caseno.Format(id), "--explain", "--lang", "en")
		if len(v.Decisions) < 4 {
			t.Fatalf("%d decisions", len(v.Decisions))
		}
		n := 0
		for _, d := range v.Decisions {
			n += len(d.Events)
			if d.Recomputed != "same" || len(d.Pack) != 64 {
				t.Errorf("decision %d (%s): %s, %s", d.Seq, d.Command, d.Recomputed, d.Got)
			}
		}
		if n != len(v.Events) {
			t.Errorf("%d of %d events are explained", n, len(v.Events))
		}
		first := v.Decisions[0]
		cited := false
		for _, st := range first.Steps {
			cited = cited || st.Rule == "threshold.limit" && strings.Contains(st.Citation, "10-1") && !st.Edition.IsZero() && st.Text != "" && len(st.Facts) > 2
		}
		if first.Command != "open" || !cited {
			t.Errorf("the opening is not explained: %+v", first)
		}
	}
	_, out, _ := s.run("case", caseno.Format(ids[0]), "--explain")
	if !strings.Contains(out, "recomputed: same") || strings.Contains(out, "different") || !strings.Contains(out, "ст. 10-1") {
		t.Errorf("%s", out)
	}
}

// Whether a letter could reach the debtor is part of the decision, and not of what is known of him today.
func TestCase_explainKnowsWhetherThereWasAnAddress(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	path := filepath.Join(t.TempDir(), "batch.csv")
	text := strings.TrimSpace(batchHeader) + ",debtor_address\n" + strings.TrimSpace(batchRow(0, "20155.00")) + ",Астана ул. Абая д. 1\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var r importReport
	s.want(exitDone, &r, "import", path)
	s.exec(`UPDATE debtors SET address_sealed = NULL`)
	var v caseView
	s.want(exitDone, &v, "case", "26-0000001-4", "--explain")
	if d := v.Decisions[0]; d.Recomputed != "same" {
		t.Errorf("%+v", d)
	}
}

func TestCase_explainTellsWhatDiffers(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	ids := s.cases(1)
	s.exec(`UPDATE writs SET in_force_date = in_force_date - 1 WHERE case_id = $1`, ids[0])
	var v caseView
	s.want(exitFailed, &v, "case", caseno.Format(ids[0]), "--explain")
	if d := v.Decisions[0]; d.Recomputed != "different" || !strings.Contains(d.Got, "2026-01-11") {
		t.Errorf("%+v", d)
	}
}

func TestCase_unknownAndMistyped(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	status, out, errs := s.run("case", numberSample, "--json")
	if status != exitFailed || out != "" || !strings.Contains(errs, "there is no case "+numberSample) {
		t.Errorf("unknown: %d %s %s", status, out, errs)
	}
	if status, _, errs = s.run("case", numberSample, "--explain"); status != exitFailed || !strings.Contains(errs, "there is no case") {
		t.Errorf("unknown, explained: %d %s", status, errs)
	}
	typo := numberSample[:len(numberSample)-1] + string('0'+(numberSample[len(numberSample)-1]-'0'+1)%10)
	status, _, errs = s.run("case", typo)
	if status != exitUsage || !strings.Contains(errs, "check digit") || !strings.Contains(errs, numberSample) {
		t.Errorf("mistyped: %d %s", status, errs)
	}
}

// A case that waits for a person goes on by one command, in somebody's name.
func TestCase_resume(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	ids := s.cases(2)
	number := caseno.Format(ids[0])
	p := s.parts()
	if _, err := p.robot.Engine.Apply(t.Context(), []engine.For{{CaseID: ids[0], Actor: engine.ActorStranger, Command: engine.SetHold{Reason: engine.HoldWrongPerson}}}); err != nil {
		t.Fatal(err)
	}
	var list struct{ Waiting []waitingCase }
	s.want(exitDone, &list, "case", "--waiting")
	if len(list.Waiting) != 1 || list.Waiting[0].Case != number || list.Waiting[0].Hold != engine.HoldWrongPerson || list.Waiting[0].Since.IsZero() {
		t.Errorf("%+v", list)
	}
	if status, out, _ := s.run("case", "--waiting"); status != exitDone || !strings.Contains(out, number) || !strings.Contains(out, engine.HoldWrongPerson) {
		t.Errorf("%d %s", status, out)
	}
	if status, _, stderr := s.run("case", number, "--waiting"); status != exitUsage || !strings.Contains(stderr, "leave the case number") {
		t.Errorf("%d %s", status, stderr)
	}
	if status, _, stderr := s.run("case", number, "--resume", "number was checked", "--as", " "); status != exitUsage || !strings.Contains(stderr, "--as NAME") {
		t.Errorf("%d %s", status, stderr)
	}
	if status, out, stderr := s.run("case", number, "--resume", "number was checked", "--as", "aigul"); status != exitDone || !strings.Contains(out, "goes on") {
		t.Errorf("%d %s%s", status, out, stderr)
	}
	if status, out, _ := s.run("case", "--waiting"); status != exitDone || !strings.Contains(out, "No case waits") {
		t.Errorf("%d %s", status, out)
	}
	var actor, reason string
	if err := s.pool.QueryRow(t.Context(), `SELECT actor, data->'cmd'->'in'->>'reason' FROM events WHERE case_id = $1 AND kind = 'resumed'`, ids[0]).Scan(&actor, &reason); err != nil || actor != "desk:aigul" || reason != "number was checked" {
		t.Errorf("%s %s %v", actor, reason, err)
	}
	for number, says := range map[string]string{number: "nothing to resume", numberSample: "there is no case"} {
		if status, _, stderr := s.run("case", number, "--resume", "again", "--as", "aigul"); status != exitFailed || !strings.Contains(stderr, says) {
			t.Errorf("%s: %d %s", number, status, stderr)
		}
	}
}
