package rules

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

var gateFacts = GateFacts{NotifiedOn: "2026-09-01", VoluntaryEndsOn: "2026-09-08", LimitationOn: "2027-06-01", Outstanding: "20155.00", Measure: "arrest"}

// The guards of an open gate are one step in the stored trace, ten in the trace that is read, and sentences for people.
func TestPassedGate_isShortWhenStoredAndWholeWhenRead(t *testing.T) {
	t.Parallel()
	act := Step{Rule: "measure_arrest", Outcome: "arrest", Facts: []Fact{{"notified_on", "2026-09-01"}, {"outstanding", "20155.00"}}}
	trace := append(PassedGate(gateFacts), act)
	raw := trace.AppendJSON(nil)
	want := `[["guards.1",1,"notified_on=2026-09-01","voluntary_ends_on=2026-09-08","limitation_on=2027-06-01","outstanding=20155.00","measure=arrest"],["measure_arrest","arrest","notified_on","outstanding"]]`
	if string(raw) != want {
		t.Errorf("stored %s\nwant   %s", raw, want)
	}
	var back Trace
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(trace, back); d != "" {
		t.Errorf("read (-want +got):\n%s", d)
	}
	for _, lang := range []string{"kk", "ru", "en"} {
		steps := back.Explain(pack.Default(), calendar.MakeDate(2026, 9, 10), lang)
		if len(steps) != len(guards)+1 {
			t.Fatalf("%d steps in %s", len(steps), lang)
		}
		for _, s := range steps {
			if s.Text == "" || s.Citation == "" || lang != "en" && s.Outcome == s.Result {
				t.Errorf("%s: %+v", lang, s)
			}
			for _, f := range s.Facts {
				if lang != "en" && f.Label == f.Key {
					t.Errorf("%s: the fact %s has no name", lang, f.Key)
				}
			}
		}
	}
}

// What is not exactly an open gate is written step by step, and what is no gate is not read as one.
func TestTrace_onlyAWholeGateIsShort(t *testing.T) {
	t.Parallel()
	whole := func() Trace { return PassedGate(gateFacts) }
	for name, spoil := range map[string]func(Trace) Trace{
		"one guard missing":  func(t Trace) Trace { return append(t[:3:3], t[4:]...) },
		"one not passed":     func(t Trace) Trace { t[4].Outcome = StepFail; return t },
		"another fact":       func(t Trace) Trace { t[0].Facts = []Fact{{"day", "x"}}; return t },
		"a fact too many":    func(t Trace) Trace { t[2].Facts = []Fact{{"day", "x"}}; return t },
		"cut short":          func(t Trace) Trace { return t[:5] },
		"in another order":   func(t Trace) Trace { t[2], t[3] = t[3], t[2]; return t },
		"two facts of one":   func(t Trace) Trace { t[0].Facts = append(t[0].Facts, Fact{"x", "y"}); return t },
		"after another step": func(t Trace) Trace { return append(Trace{{Rule: "x", Outcome: "y"}}, t[:9]...) },
	} {
		spoilt := spoil(whole())
		raw := spoilt.AppendJSON(nil)
		if strings.Contains(string(raw), guardsPassed) {
			t.Errorf("%s is written as a whole gate: %s", name, raw)
		}
		var back Trace
		if err := json.Unmarshal(raw, &back); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(spoilt, back); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	for _, raw := range []string{`[["guards.1",1]]`, `[["guards.1",1,"notified_on=x"]]`, `[["guards.1","fail","notified_on=a","voluntary_ends_on=b","limitation_on=c","outstanding=d","measure=e"]]`} {
		var back Trace
		if err := json.Unmarshal([]byte(raw), &back); err == nil {
			t.Errorf("%s is read as %+v", raw, back)
		}
	}
}
