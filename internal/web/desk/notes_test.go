package desk_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/web/ui/uitest"
)

// Notes are written, read by all who see the case, and corrected, but never changed.
func TestNotes(t *testing.T) {
	t.Parallel()
	s := setupFor(t, []app.Actor{
		{Name: "desk:operator", Roles: []app.Role{app.Operator}},
		{Name: "desk:auditor", Roles: []app.Role{app.Auditor}},
		{Name: "desk:viewer", Roles: []app.Role{app.Viewer}},
		{Name: "desk:71", Roles: []app.Role{app.Operator}, Regions: []string{"71"}},
	})
	p := s.open(t, uitest.Writ{})
	path := "/desk/cases/" + caseno.Format(p.CaseID)
	b := s.as(t, "desk:operator")
	page := b.Get(path)
	s.wants(t, page.Text("section[aria-labelledby=notes]"), "There are no notes.")
	for typed, says := range map[string]string{
		" \n ": "The note is empty", strings.Repeat("ж", 2001): "too long", "called " + p.IIN + " today": "There is an IIN in the note",
		"called " + p.IIN[:6] + " " + p.IIN[6:9] + "-" + p.IIN[9:]: "There is an IIN in the note",
	} {
		got := b.Submit(page, path+"/notes", map[string]string{"note": typed})
		if got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Text("#nonote"), says) || got.Text("#note") != strings.TrimSpace(strings.Join(strings.Fields(typed), " ")) {
			t.Errorf("%.20q: %d %q, the box has %.60q", typed, got.Status, got.Text("#nonote"), got.Text("#note"))
		}
	}
	for range 2 { // the second click writes nothing
		if got := b.Submit(page, path+"/notes", map[string]string{"note": "Spoke with the court.\r\n<b>Document</b> 261600000019 is right."}); got.Status != http.StatusSeeOther || got.Header.Get("Location") != path+"#notes" {
			t.Fatalf("a note: %d %s", got.Status, got.Header.Get("Location"))
		}
	}
	if n := s.one(t, `SELECT count(*)::text FROM case_notes`); n != "1" {
		t.Fatalf("%s notes", n)
	}
	page = b.Get(path + "?corrects=1")
	s.wants(t, page.Text("section[aria-labelledby=notes]"), "<b>Document</b>", "Correction of the note by desk:operator")
	if got := b.Submit(page, path+"/notes", map[string]string{"note": "It was the tax office."}); got.Status != http.StatusSeeOther {
		t.Fatalf("a correction: %d", got.Status)
	}
	after := b.Get(path).Text("section[aria-labelledby=notes]")
	s.wants(t, after, "It was the tax office. desk:operator", "corrects the note of", "Spoke with the court.", "Corrected:")
	if got := b.Submit(page, path+"/notes", map[string]string{"note": "Another correction."}); got.Status != http.StatusConflict || !strings.Contains(got.Text("#nonote"), "corrected before") {
		t.Errorf("a second correction: %d", got.Status)
	}
	token := page.Attr("input[name=form_token]", "value")
	for _, of := range []string{"77", "1000000"} {
		if got := b.Post(path+"/notes", url.Values{"form_token": {token}, "note": {"x"}, "corrects": {of}}); got.Status != http.StatusNotFound {
			t.Errorf("the correction of no note: %d", got.Status)
		}
	}
	for _, who := range []string{"desk:auditor", "desk:viewer"} {
		other := s.as(t, who)
		got := other.Get(path)
		s.wants(t, got.Text("main"), "It was the tax office.")
		token := other.Get("/desk/me").Attr("input[name=form_token]", "value")
		if got.Has("#newnote") || other.Post(path+"/notes", url.Values{"form_token": {token}, "note": {"x"}}).Status != http.StatusForbidden {
			t.Errorf("%s writes notes", who)
		}
	}
	far := s.as(t, "desk:71")
	token = far.Get("/desk/me").Attr("input[name=form_token]", "value")
	if got := far.Post(path+"/notes", url.Values{"form_token": {token}, "note": {"x"}}); got.Status != http.StatusNotFound {
		t.Errorf("a note about a case of another region: %d", got.Status)
	}
	if got := b.Get(path + "/notes"); got.Status != http.StatusSeeOther || got.Header.Get("Location") != path {
		t.Errorf("the form by GET: %d", got.Status)
	}
	for _, sql := range []string{`UPDATE case_notes SET text = 'x'`, `DELETE FROM case_notes`, `TRUNCATE case_notes`} {
		if _, err := s.Pool.Exec(t.Context(), sql); err == nil || !strings.Contains(err.Error(), "a note stays as it was written") {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if n := s.one(t, `SELECT count(*)::text FROM case_notes`); n != "2" {
		t.Errorf("%s notes in the end", n)
	}
}
