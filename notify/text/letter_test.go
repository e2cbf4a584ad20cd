package text

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLetter_golden(t *testing.T) {
	for _, lang := range Languages {
		var b strings.Builder
		for _, f := range []Facts{sample(Opening), {Case: "26-0012345-7", Host: "1414.gov.kz"}} {
			text := render(t, Opening, lang, f)
			fmt.Fprintf(&b, "== %s\n\n%s\n\n", text.LetterHeading, text.Letter)
		}
		path := filepath.Join("testdata", fmt.Sprintf("v%d.letter.%s.golden", Version, lang))
		if *update {
			if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), b.String()); d != "" {
			t.Errorf("wording of version %d changed; a change is a new version (-want +got):\n%s", Version, d)
		}
	}
}

func TestLetter_onlyOfOpenings(t *testing.T) {
	for _, k := range Kinds {
		if HasLetter(k) != (k == Opening) {
			t.Errorf("%s: letter %t", k, HasLetter(k))
		}
		for _, lang := range Languages {
			if text := render(t, k, lang, sample(k)); (text.Letter != "") != HasLetter(k) || (text.LetterHeading != "") != HasLetter(k) {
				t.Errorf("%s %s: %q", k, lang, text.LetterHeading)
			}
		}
	}
}

// Words of before there were letters have the letter that is built in; a new version may change it.
func TestLetter_ofOlderAndNewerVersions(t *testing.T) {
	words := BuiltIn().Words()
	old := words["ru"][Opening]
	old.Letter, old.Title = nil, "Дело {case} открыто"
	e, err := Compile(words.With(Opening, "ru", old))
	if err != nil {
		t.Fatal(err)
	}
	got, err := e.Render(Opening, "ru", sample(Opening))
	if err != nil || got.PushTitle != "Дело 26-0012345-7 открыто" || got.Letter != render(t, Opening, "ru", sample(Opening)).Letter {
		t.Errorf("%v: %+v", err, got)
	}
	newer := words["ru"][Opening]
	newer.Letter = slices.Clone(newer.Letter)
	newer.Letter[0] = "Письмо по делу {case}"
	changed := words.With(Opening, "ru", newer)
	if problems := CheckWords(changed); len(problems) > 0 {
		t.Errorf("%+v", problems)
	}
	if places := words.Changes(changed); len(places) != 1 || places[0] != (Place{Opening, "ru"}) {
		t.Errorf("%v", places)
	}
	if e, err = Compile(changed); err != nil {
		t.Fatal(err)
	}
	if got, _ = e.Render(Opening, "ru", sample(Opening)); got.LetterHeading != "Письмо по делу 26-0012345-7" {
		t.Errorf("%q", got.LetterHeading)
	}
}

func TestCheck_letters(t *testing.T) {
	good := BuiltIn().Words()["ru"][Opening]
	with := func(change func(letter []string) []string) Wording {
		w := good
		w.Letter = change(slices.Clone(good.Letter))
		return w
	}
	for name, c := range map[string]struct {
		kind Kind
		w    Wording
		code string
	}{
		"none":               {Opening, with(func([]string) []string { return nil }), CodeEmpty},
		"no case":            {Opening, with(func(l []string) []string { l[0] = "Извещение"; return l }), CodeNeeds},
		"heading with a sum": {Opening, with(func(l []string) []string { l[0] += " {amount}"; return l }), CodeLast},
		"no sum":             {Opening, with(func(l []string) []string { return slices.Delete(l, 3, 4) }), CodeNeeds},
		"a number":           {Opening, with(func(l []string) []string { l[1] += " 850101300075"; return l }), CodeDigits},
		"too many":           {Opening, with(func(l []string) []string { return slices.Concat(l, l) }), CodeMany},
		"a long paragraph":   {Opening, with(func(l []string) []string { l[1] += strings.Repeat(" слово", 100); return l }), CodeLong},
		"by another kind":    {Paid, Wording{SMS: []string{"{case} {host}"}, Title: "{case}", Body: []string{"{link}"}, Letter: good.Letter}, CodeMany},
	} {
		problems := Check(c.kind, "ru", c.w)
		if !slices.ContainsFunc(problems, func(p Problem) bool { return p.Part == PartLetter && p.Code == c.code }) {
			t.Errorf("%s: %+v", name, problems)
		}
	}
	if problems := Check(Opening, "ru", good); len(problems) > 0 {
		t.Errorf("%+v", problems)
	}
}
