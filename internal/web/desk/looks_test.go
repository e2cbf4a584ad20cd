package desk_test

import (
	"net/http"
	"strings"
	"testing"

	"robotbailiff/engine/intake"
	"robotbailiff/internal/app/caselist"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/desk"
	"robotbailiff/internal/web/ui/uitest"
)

// Who opens a case's page, or takes a document of it, is in the log once in a quarter of an hour, on the page itself and in the audit room; who may
// not see the case is not, nor is he shown who did.
func TestLookLog_everyLookOnce(t *testing.T) {
	t.Parallel()
	w, err := uitest.NewWorld(t.Context(), testkit.DB(t), testkit.Keys(t))
	must(t, err)
	docs, err := w.Papers(nil)
	must(t, err)
	operator := []app.Role{app.Operator}
	service, err := app.New(app.Config{
		Pool: w.Pool, Cases: w.Store, Packs: w.Packs, OpenIIN: w.OpenIIN, Inbox: intake.NewInbox(w.Store, w.Keys, intake.InboxConfig{}), Lists: caselist.New(w.Pool, w.Keys), Papers: docs, DemoSignIn: true,
		DemoPeople: []app.Actor{{Name: "desk:aigul", Roles: operator}, {Name: "desk:bolat", Roles: operator}, {Name: "desk:there", Roles: operator, Regions: []string{"71"}}, {Name: "desk:auditor", Roles: []app.Role{app.Auditor}}},
	})
	must(t, err)
	h, err := desk.Handler(desk.Config{App: service, Key: uitest.Key()})
	must(t, err)
	s := stage{World: w, Browser: uitest.Open(t, h), service: service}
	p := s.open(t, uitest.Writ{Region: "75"})
	path := "/desk/cases/" + caseno.Format(p.CaseID)
	rows := func() (n int) {
		t.Helper()
		must(t, s.Pool.QueryRow(t.Context(), `SELECT count(*) FROM desk_looks`).Scan(&n))
		return n
	}
	aigul, bolat, there := s.as(t, "desk:aigul"), s.as(t, "desk:bolat"), s.as(t, "desk:there")
	for range 3 {
		if got := aigul.Get(path); got.Status != http.StatusOK || strings.Contains(got.Text("#looks ~ ul"), "opened the page") {
			t.Errorf("her own page: %d %s", got.Status, got.Text("#looks ~ ul"))
		}
		if got := aigul.Get(path + "/documents/decree-1.pdf"); got.Status != http.StatusOK {
			t.Errorf("the document: %d", got.Status)
		}
	}
	for _, none := range []string{path + "/documents/decree-9.pdf", "/desk/cases/26-0000009-7"} {
		if got := aigul.Get(none); got.Status != http.StatusNotFound {
			t.Errorf("%s: %d", none, got.Status)
		}
	}
	if n := rows(); n != 2 {
		t.Errorf("%d rows, want her page and her document", n)
	}
	for _, hidden := range []string{path, path + "/documents/decree-1.pdf"} {
		if got := there.Get(hidden); got.Status != http.StatusNotFound {
			t.Errorf("%s from another region: %d", hidden, got.Status)
		}
	}
	if n := rows(); n != 2 {
		t.Errorf("a look at nothing is written down: %d rows", n)
	}
	says := bolat.Get(path).Text("main")
	s.wants(t, says, "desk:aigul opened the page", "desk:aigul opened a document: decree of opening")
	auditor := s.as(t, "desk:auditor")
	s.wants(t, auditor.Get("/desk/audit/access").Text("main"), "desk:aigul", "opened the page of a case", "took a document of a case", "decree of opening", "desk:bolat")

	// A quarter of an hour later it is another look, and what was written stays.
	_, err = s.Pool.Exec(t.Context(), `ALTER TABLE desk_looks DISABLE TRIGGER desk_looks_immutable; UPDATE desk_looks SET quarter = quarter - 1; ALTER TABLE desk_looks ENABLE TRIGGER desk_looks_immutable`)
	must(t, err)
	if got := aigul.Get(path).Text("main"); !strings.Contains(got, "desk:aigul opened the page") || rows() != 4 {
		t.Errorf("%d rows", rows())
	}
	for _, sql := range []string{`DELETE FROM desk_looks`, `UPDATE desk_looks SET actor = 'desk:x'`, `TRUNCATE desk_looks`} {
		if _, err := s.Pool.Exec(t.Context(), sql); err == nil {
			t.Errorf("%s is possible", sql)
		}
	}
}

// What cannot be written down is not shown.
func TestLookLog_orNoPage(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	p := s.open(t, uitest.Writ{})
	s.signIn(t)
	_, err := s.Pool.Exec(t.Context(), `ALTER TABLE desk_looks ADD CHECK (what <> 'page') NOT VALID`)
	must(t, err)
	if got := s.Get("/desk/cases/" + caseno.Format(p.CaseID)); got.Status != http.StatusInternalServerError {
		t.Errorf("a page that nobody knows of: %d", got.Status)
	}
}
