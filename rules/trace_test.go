package rules

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"robotbailiff/rules/pack"
)

func TestTrace_jsonRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		// Few words, so that facts repeat.
		word := func(label string) string {
			return rapid.OneOf(rapid.SampledFrom([]string{"on", "day", "a=b", ""}), rapid.String()).Draw(t, label)
		}
		var trace Trace
		for range rapid.IntRange(0, 4).Draw(t, "steps") {
			s := Step{Rule: rapid.String().Draw(t, "rule"), Outcome: rapid.String().Draw(t, "outcome")}
			for range rapid.IntRange(0, 3).Draw(t, "facts") {
				s.Facts = append(s.Facts, Fact{word("key"), word("value")})
			}
			trace = append(trace, s)
		}
		direct := trace.AppendJSON(nil)
		viaJSON, err := json.Marshal(trace)
		if err != nil || !json.Valid(direct) {
			t.Fatalf("%s: %v", direct, err)
		}
		if string(direct) != string(viaJSON) {
			t.Fatalf("AppendJSON %s\njson.Marshal %s", direct, viaJSON)
		}
		var back Trace
		if err := json.Unmarshal(direct, &back); err != nil {
			t.Fatalf("%s: %v", direct, err)
		}
		if len(trace) == 0 {
			return
		}
		if diff := cmp.Diff(trace, back); diff != "" {
			t.Fatalf("-went +came\n%s", diff)
		}
	})
}

func TestTrace_json(t *testing.T) {
	t.Parallel()
	trace := Trace{{Rule: "term.days", Facts: []Fact{{"a", "<\"\\\x01\x7f\u2028ә\xff>"}}, Outcome: StepPass}, {Rule: "y", Outcome: StepComputed}, {Rule: "x"}}
	want := `[["term.days",1,"a=\u003c\"\\\u0001\u007f\u2028ә\ufffd\u003e"],["y",2],["x",""]]`
	if got := string(trace.AppendJSON(nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := string(Trace(nil).AppendJSON(nil)); got != "[]" {
		t.Errorf("an empty trace is %s", got)
	}
	repeated := Trace{
		{Rule: "a", Facts: []Fact{{"on", "1"}, {"on", "1"}, {"on", "2"}, {"k=v", "x"}}, Outcome: StepPass},
		{Rule: "b", Facts: []Fact{{"on", "2"}, {"on", "1"}, {"no", ""}, {"no", ""}, {"eq", "a=b"}}, Outcome: StepFail},
	}
	want = `[["a",1,"on=1","on","on=2",["k=v","x"]],["b","fail","on","on=1","no=","no","eq=a=b"]]`
	if got := string(repeated.AppendJSON(nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, bad := range []string{`[[1,1]]`, `[["a"]]`, `[["a",1,["x"]]]`, `[["a",1,["x","y","z"]]]`, `[["a",1,"never_said"]]`, `[["a",1,7]]`, `[["a",3]]`, `{}`} {
		var back Trace
		if err := json.Unmarshal([]byte(bad), &back); err == nil {
			t.Errorf("%s was read as %v", bad, back)
		}
	}
}

func FuzzTraceUnmarshal(f *testing.F) {
	f.Add(`[["term.days",1,"a=b","a"],["x","fail",["k=","v"]]]`)
	f.Add(`[["x",null]]`)
	f.Fuzz(func(t *testing.T, text string) {
		var once, twice Trace
		if json.Unmarshal([]byte(text), &once) != nil {
			return
		}
		if err := json.Unmarshal(once.AppendJSON(nil), &twice); err != nil {
			t.Fatal(err)
		}
		if len(once) > 0 {
			if diff := cmp.Diff(once, twice); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

func TestExplain(t *testing.T) {
	t.Parallel()
	p := pack.Default()
	w, on := good(t)
	w.Amount = sum(t, "86500")
	v := Eligibility(p, w, on)
	x := v.Trace.Explain(p, on, "kk")
	last := x[len(x)-1]
	want := Explained{
		Rule: "threshold.limit", Citation: "EL 10-1(1)", Edition: day(t, "2024-08-20"), Basis: "act", Lang: "kk",
		Text:    "Оңайлатылған тәртіп шегі: іс қозғалған күнгі 20 айлық есептік көрсеткіш. Әр құжат жеке тексеріледі.",
		Outcome: "талап орындалмады", Result: StepFail,
		Facts: []ExplainedFact{
			{"amount", "сома, теңге", "86500.00", "86500.00"},
			{"limit", "шек, теңге", "86500.00", "86500.00"},
			{"limit_mci", "шек, АЕК", "20", "20"},
			{"inclusive", "шекке тең сома жата ма", "no", "жоқ"},
		},
	}
	if diff := cmp.Diff(want, last); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if got := v.Trace.Explain(p, on, "uz")[0].Lang; got != "ru" {
		t.Errorf("Uzbek falls back to %q", got)
	}
	if got := (Trace{{Rule: "lost", Outcome: "odd"}}).Explain(p, on, "en")[0]; got.Text != "" || got.Rule != "lost" || got.Outcome != "odd" {
		t.Errorf("an unknown rule is explained as %+v", got)
	}
}

// TestWords_coverEveryTrace walks the traces of random writs, and of every computed date
// and fee, and finds a word in each language for all that is a word.
func TestWords_coverEveryTrace(t *testing.T) {
	t.Parallel()
	p := pack.Default()
	check := func(tr Trace) {
		for _, s := range tr {
			for _, f := range s.Facts {
				n, ok := words[f.Key]
				if !ok || n.KK == "" || n.RU == "" || n.EN == "" {
					t.Errorf("fact %q of %s has no label", f.Key, s.Rule)
				}
				foreign := f.Key == FieldKind || f.Key == FieldCurrency
				if _, ok := words[f.Value]; !ok && !foreign && strings.Trim(f.Value, "0123456789.-% ") != "" {
					t.Errorf("value %q of fact %q has no word", f.Value, f.Key)
				}
			}
			if _, ok := words[s.Outcome]; !ok {
				t.Errorf("outcome %q has no word", s.Outcome)
			}
		}
	}
	for s, n := range words {
		if n.KK == "" || n.RU == "" || n.EN == "" {
			t.Errorf("word %q lacks a language: %+v", s, n)
		}
	}
	gen := rapid.Custom(func(t *rapid.T) Trace {
		w, on := anyWrit(t)
		return Eligibility(p, w, on).Trace
	})
	for seed := range 500 {
		check(gen.Example(seed))
	}
	on := day(t, "2027-12-30")
	_, a := TermEnd(p, on)
	_, b := VoluntaryEnd(p, on)
	_, c := CollectionDay(p, on)
	_, d := AppealEnd(p, on)
	_, e := Fee(p, sum(t, "9000000000"), on)
	check(Trace{a, b, c, d, e})
}
