package desk_test

import (
	"archive/zip"
	"bytes"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/web/ui/uitest"
	"robotbailiff/rules/pack"
)

// archive packs the built-in rules in a folder, as people do, with one text replaced.
func archive(t *testing.T, file, old, with string) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for name, text := range pack.Default().Files() {
		if name == file {
			text = []byte(strings.Replace(string(text), old, with, 1))
		}
		w, err := z.Create("rules-2027/" + name)
		must(t, err)
		_, err = w.Write(text)
		must(t, err)
	}
	must(t, z.Close())
	return buf.Bytes()
}

func proposeRules(t *testing.T, b *uitest.Browser, from, reason string, file []byte) *uitest.Page {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	must(t, form.WriteField("form_token", b.Get("/desk/rules").Attr("input[name=form_token]", "value")))
	must(t, form.WriteField("from", from))
	must(t, form.WriteField("reason", reason))
	w, err := form.CreateFormFile("file", "rules.zip")
	must(t, err)
	_, err = w.Write(file)
	must(t, err)
	must(t, form.Close())
	return b.PostBody("/desk/rules", form.FormDataContentType(), &body)
}

// A version of the rules is brought, checked, compared, tried on past cases, and agreed to by a second person; the page says what is in force.
func TestRules_aVersionIsPutInForceByTwo(t *testing.T) {
	t.Parallel()
	s := setupFor(t, []app.Actor{
		{Name: "desk:anna", Roles: []app.Role{app.Administrator}},
		{Name: "desk:chief", Roles: []app.Role{app.Supervisor}},
		{Name: "desk:chief-2", Roles: []app.Role{app.Supervisor}},
		{Name: "desk:east", Roles: []app.Role{app.Supervisor}, Regions: []string{"71"}},
	})
	s.fill(t)
	anna, chief, second := s.as(t, "desk:anna"), s.as(t, "desk:chief"), s.as(t, "desk:chief-2")
	s.wants(t, chief.Get("/desk/rules").Text("main"), "in force", "comes with the program", "Nobody has proposed another version yet.", pack.Default().ShortHash())

	for what, x := range map[string]struct {
		from, reason string
		file         []byte
		says         string
	}{
		"no archive":   {"2027-01-01", "x", []byte("hello"), "This is no ZIP archive"},
		"nothing":      {"2027-01-01", "x", nil, "Choose an archive"},
		"a fault":      {"2027-01-01", "x", archive(t, "term.yaml", "value: 30\n", "value: soon\n"), "term.yaml:"},
		"today":        {"2026-03-02", "x", archive(t, "term.yaml", "value: 30\n", "value: 60\n"), "Choose a day from tomorrow on."},
		"no reason":    {"2027-01-01", " ", archive(t, "term.yaml", "value: 30\n", "value: 60\n"), "Say why"},
		"the same":     {"2027-01-01", "x", archive(t, "", "", ""), "This is the version that is in force."},
		"another room": {"2027-01-01", "x", append([]byte("PK"), bytes.Repeat([]byte{7}, 2000)...), "This is no ZIP archive"},
	} {
		got := proposeRules(t, chief, x.from, x.reason, x.file)
		if got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Text(`[role="alert"]`), x.says) {
			t.Errorf("%s: %d %q", what, got.Status, got.Text(`[role="alert"]`))
		}
	}
	if got := proposeRules(t, s.as(t, "desk:east"), "2027-01-01", "x", archive(t, "term.yaml", "value: 30\n", "value: 60\n")); got.Status != http.StatusForbidden {
		t.Errorf("who sees one region proposes rules for all: %d", got.Status)
	}
	got := proposeRules(t, chief, "2027-01-01", "the law of December", archive(t, "term.yaml", "value: 30\n", "value: 60\n"))
	if got.Status != http.StatusSeeOther {
		t.Fatalf("proposing gave %d: %s", got.Status, got.Text("main"))
	}
	at := got.Header.Get("Location")
	page := chief.Get(at)
	s.wants(t, page.Text("main"), "desk:chief proposes it", "the law of December", "The opening of 8 cases was decided again.", "These are all cases.", "Every one of them would have been opened.", "term", "60", "waits for a second person")
	if page.Has(`form[action="` + at + `/agree"]`) {
		t.Error("the page offers him to agree to his own proposal")
	}
	if got := chief.Submit(second.Get(at), at+"/agree", nil); got.Status != http.StatusForbidden && got.Status != http.StatusConflict {
		t.Errorf("he agreed to his own proposal: %d", got.Status)
	}
	if anna.Get(at).Has(`form[action="` + at + `/agree"]`) {
		t.Error("an administrator is offered the second word")
	}
	submit(t, second, at, at+"/agree", nil)
	s.wants(t, chief.Get(at).Text("main"), "desk:chief-2 has agreed", "agreed, not in force yet")
	var force string
	must(t, s.Pool.QueryRow(t.Context(), `SELECT from_on::text FROM rule_pack_decisions WHERE agreed`).Scan(&force))
	if force != "2027-01-01" {
		t.Errorf("in force from %s", force)
	}
	page = chief.Get("/desk/rules")
	got = chief.Submit(page, "/desk/rules/again", map[string]string{"hash": page.Attr("#hash option", "value"), "from": "2027-02-01", "reason": "again"})
	if got.Status != http.StatusSeeOther {
		t.Fatalf("a known version: %d %s", got.Status, got.Text("main"))
	}
	at = got.Header.Get("Location")
	submit(t, chief, at, at+"/refuse", map[string]string{"reason": "a mistake"})
	s.wants(t, chief.Get(at).Text("main"), "desk:chief has refused", "a mistake")
	if got := chief.Get("/desk/rules/999"); got.Status != http.StatusNotFound {
		t.Errorf("no such proposal: %d", got.Status)
	}
}
