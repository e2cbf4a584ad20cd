package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"robotbailiff/internal/app/whatif"
	"robotbailiff/rules/pack"
)

// packWith writes the built-in pack to a folder, with changes.
func packWith(t *testing.T, change map[string][2]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range pack.Default().Files() {
		if c, ok := change[name]; ok {
			if !strings.Contains(string(text), c[0]) {
				t.Fatalf("%s has no %q", name, c[0])
			}
			text = []byte(strings.Replace(string(text), c[0], c[1], 1))
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRules_list(t *testing.T) {
	t.Parallel()
	for lang, article := range map[string]string{"kk": "Заң, 10-1", "ru": "ст. 10-1", "en": "art. 10-1"} {
		status, out, _ := bailiff("rules", "list", "--json", "--lang", lang)
		var r ruleList
		oneObject(t, out, &r)
		found := false
		for _, v := range r.Values {
			found = found || v.Key == "threshold.limit" && v.Value == "20" && v.Unit == "mci" && v.From.String() == "2015-01-01" && strings.Contains(v.Citation, article) && v.Note != ""
		}
		if status != exitDone || !found || r.Hash != pack.Default().Hash() {
			t.Errorf("%s: %d, %d values, found %v", lang, status, len(r.Values), found)
		}
	}
	status, out, _ := bailiff("rules", "list")
	if status != exitDone || !strings.HasPrefix(out, "KEY ") || !strings.Contains(out, "threshold.limit") {
		t.Errorf("%d %s", status, out)
	}
}

func TestRules_validate(t *testing.T) {
	t.Parallel()
	var r packReport
	status, out, _ := bailiff("rules", "validate", "--json")
	oneObject(t, out, &r)
	if status != exitDone || !r.Valid || r.Hash != pack.Default().Hash() || r.Values == 0 {
		t.Errorf("built in: %d %+v", status, r)
	}
	bad := packWith(t, map[string][2]string{"threshold.yaml": {"value: 20\n", "value: 0\n"}, "term.yaml": {`citation: "EL 10-4"`, `citation: ""`}})
	r = packReport{}
	status, out, _ = bailiff("rules", "validate", bad, "--json")
	oneObject(t, out, &r)
	if status != exitFailed || r.Valid || r.Hash != "" || len(r.Faults) < 2 {
		t.Fatalf("%d %+v", status, r)
	}
	for _, f := range r.Faults {
		if f.File == "" || f.Line == 0 || f.Reason == "" {
			t.Errorf("%+v", f)
		}
	}
	status, out, _ = bailiff("rules", "validate", bad)
	if status != exitFailed || !strings.Contains(out, "threshold.yaml:") || !strings.Contains(out, "cannot be used") {
		t.Errorf("%d %s", status, out)
	}
	if status, out, _ = bailiff("rules", "validate", filepath.Join(bad, "nothing")); status != exitFailed || !strings.Contains(out, "no such folder") {
		t.Errorf("%d %s", status, out)
	}
}

func TestRules_simulateCountsWhatWouldChange(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	var rows []string
	for i := range 6 {
		rows = append(rows, batchRow(i, []string{"20155.00", "70000.10"}[i%2]))
	}
	var imported importReport
	s.want(exitDone, &imported, "import", s.file("batch.csv", rows...))
	var same whatif.Result
	s.want(exitDone, &same, "rules", "simulate")
	if same.Cases != 6 || same.Same != 6 || len(same.Changed) != 0 {
		t.Errorf("the pack that decided: %+v", same)
	}
	lower := packWith(t, map[string][2]string{"threshold.yaml": {"value: 20\n", "value: 10\n"}})
	var r whatif.Result
	s.want(exitDone, &r, "rules", "simulate", "--pack", lower)
	if r.Cases != 6 || r.Same != 3 || len(r.Changed) != 1 {
		t.Fatalf("%+v", r)
	}
	if c := r.Changed[0]; c.From != "open" || c.To != "above_threshold" || c.Cases != 3 || c.Amount.String() != "210000.30" {
		t.Errorf("%+v", c)
	}
	longer := packWith(t, map[string][2]string{"term.yaml": {"value: 30\n", "value: 60\n"}})
	r = whatif.Result{}
	s.want(exitDone, &r, "rules", "simulate", "--pack", longer)
	if r.OtherTerm != 6 || r.Same != 0 || len(r.Changed) != 0 {
		t.Errorf("%+v", r)
	}
	if status, out, _ := s.run("rules", "simulate", "--pack", t.TempDir()); status != exitFailed || !strings.Contains(out, "no files") {
		t.Errorf("%d %s", status, out)
	}
}
