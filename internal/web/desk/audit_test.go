package desk_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine/audit"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/desk"
	"robotbailiff/internal/web/ui/uitest"
)

// auditor signs an auditor in at a small country, in which an operator has done something.
func auditor(t *testing.T) (stage, map[string]uitest.Person) {
	t.Helper()
	s := setupFor(t, []app.Actor{{Name: "desk:auditor", Roles: []app.Role{app.Auditor}}, {Name: "desk:operator", Roles: []app.Role{app.Operator}}, {Name: "desk:auditor-71", Roles: []app.Role{app.Auditor}, Regions: []string{"71"}}})
	people := s.fill(t)
	b := s.as(t, "desk:operator")
	path := "/desk/cases/" + caseno.Format(people["enforcing"].CaseID)
	if got := b.Submit(b.Get(path), path+"/unmask", map[string]string{"reason": "the debtor calls"}); got.Status != http.StatusOK {
		t.Fatalf("unmask: %d", got.Status)
	}
	s.Browser = s.as(t, "desk:auditor")
	return s, people
}

// The exact list of what an auditor may send: his own visits, views and searches, lists that are written down, and the verifier.
func TestAudit_auditorChangesNothing(t *testing.T) {
	t.Parallel()
	mayPost := []string{
		"POST /desk/me/end", "POST /desk/me/everywhere", "POST /desk/me/keys", // his own visits and keys
		"POST /desk/cases/search", "POST /desk/cases/views", "POST /desk/cases/views/drop", // his own searches and views
		"POST /desk/cases/export", "POST /desk/exports/{id}/take", "POST /desk/cases/{number}/unmask", "POST /desk/identities/{batch}/{row}/unmask", "POST /desk/objections/{number}/{seq}/files", "POST /desk/audit/csv", // what he sees, by a form since it is written down
		"POST /desk/audit/chain", // the verifier
	}
	var may []string
	one := app.Actor{Name: "desk:auditor", Roles: []app.Role{app.Auditor}}
	for _, r := range desk.Routes {
		if strings.HasPrefix(r.Pattern, "POST ") && r.Right != desk.Open && desk.May(one, r.Right) {
			may = append(may, r.Pattern)
		}
	}
	slices.Sort(may)
	slices.Sort(mayPost)
	if !slices.Equal(may, mayPost) {
		t.Errorf("an auditor may send\n%s\nand not\n%s", strings.Join(may, "\n"), strings.Join(mayPost, "\n"))
	}
	for _, role := range app.Roles {
		if desk.May(app.Actor{Name: "x", Roles: []app.Role{role}}, desk.Audit) != (role == app.Auditor) {
			t.Errorf("the audit room is open to %s, or shut to the auditor", role)
		}
	}
}

func TestAudit_eventsAreFound(t *testing.T) {
	t.Parallel()
	s, people := auditor(t)
	number := caseno.Format(people["paid"].CaseID)
	for query, wants := range map[string][]string{
		"":                                 {"Hash", ""},
		"case=" + number:                   {number + " · 1", "Case opened", "Paid"},
		"kind=paid":                        {number, "Paid"},
		"actor=robot&kind=arrest_ordered":  {caseno.Format(people["enforcing"].CaseID), "Arrest ordered"},
		"kind=paid&from=2026-03-02":        {number},
		"kind=cancelled&to=2026-12-31":     {caseno.Format(people["cancelled"].CaseID)},
		"kind=cancelled&to=2026-03-01":     {"There are no such events"},
		"actor=desk:nobody":                {"There are no such events"},
		"actor=desk:operator&kind=resumed": {"There are no such events"},
	} {
		got := s.Get("/desk/audit?lang=en&" + query)
		if got.Status != http.StatusOK {
			t.Errorf("%s: %d", query, got.Status)
		}
		if query != "" {
			s.wants(t, got.Text("main"), wants...)
		}
	}
	for _, query := range []string{"case=1", "kind=nothing", "from=tomorrow", "from=2026-03-02&to=2026-03-01", "after=1.2", "after=a.b.c", "actor=%ff"} {
		if got := s.Get("/desk/audit?lang=en&" + query); got.Status != http.StatusBadRequest || !strings.Contains(got.Text("main"), "make no sense") {
			t.Errorf("%s: %d", query, got.Status)
		}
	}
}

// An event's page shows what it changed, by which article, and its place in the chain; a byte that is changed shows.
func TestAudit_eventShowsBeforeAndAfter(t *testing.T) {
	t.Parallel()
	s, people := auditor(t)
	number := caseno.Format(people["paid"].CaseID)
	got := s.Get("/desk/audit/events/" + number + "/1?lang=en")
	s.wants(t, got.Text("main"), "the hash is right", "State", "—", "opened", "Outstanding", "13,333.00", "Hash of the one before", strings.Repeat("0", 64), "art. ")
	var seq int
	must(t, s.Pool.QueryRow(t.Context(), `SELECT seq FROM events WHERE case_id = $1 AND kind = 'paid'`, people["paid"].CaseID).Scan(&seq))
	path := fmt.Sprintf("/desk/audit/events/%s/%d", number, seq)
	page := s.Get(path + "?lang=en")
	s.wants(t, page.Text("main"), "Notified", "Paid", "13,333.00", "0.00", "Event before")
	for _, p := range []string{people["paid"].IIN, people["paid"].Name, people["paid"].Phone} {
		if strings.Contains(page.Body, p) || strings.Contains(got.Body, p) {
			t.Error("the record shows a person")
		}
	}
	for _, wrong := range []string{"/desk/audit/events/" + number + "/99", "/desk/audit/events/" + number + "/0", "/desk/audit/events/" + number + "/x", "/desk/audit/events/26-0000099-7/1", "/desk/audit/events/x/1"} {
		if got := s.Get(wrong); got.Status != http.StatusNotFound {
			t.Errorf("%s: %d", wrong, got.Status)
		}
	}
	must(t, pg.InTx(t.Context(), s.Pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `SET LOCAL session_replication_role = replica`); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), `UPDATE events SET data = '{"reason":"x"}' WHERE case_id = $1 AND seq = $2`, people["paid"].CaseID, seq)
		return err
	}))
	s.wants(t, s.Get(path+"?lang=en").Text("main"), "the hash is wrong", "cannot be read")
}

func TestAudit_actsOfPeopleAndAccess(t *testing.T) {
	t.Parallel()
	s, people := auditor(t)
	number := caseno.Format(people["enforcing"].CaseID)
	s.wants(t, s.Get("/desk/audit/acts?lang=en").Text("main"), "desk:operator", "signed in", "saw whom a case is of", number, "the debtor calls")
	if got := s.Get("/desk/audit/acts?lang=en&person=desk:operator&room=visits").Text("main"); !strings.Contains(got, "signed in") || strings.Contains(got, "the debtor calls") || strings.Contains(got, "desk:auditor") {
		t.Errorf("the filter lets too much through:\n%s", got)
	}
	if got := s.Get("/desk/audit/access?lang=en").Text("main"); !strings.Contains(got, "the debtor calls") || strings.Contains(got, "signed in") {
		t.Errorf("access:\n%s", got)
	}
	some := s.as(t, "desk:auditor-71")
	if got := some.Get("/desk/audit/access?lang=en"); strings.Contains(got.Body, number) == (region(t, s, people["enforcing"].CaseID) != "71") {
		t.Errorf("an act on a case of %s to one of 71", region(t, s, people["enforcing"].CaseID))
	}
	if got := some.Get("/desk/audit/chain?lang=en"); got.Status != http.StatusForbidden {
		t.Errorf("the whole record to one of a region: %d", got.Status)
	}
	s.Submit(s.Get("/desk/audit/acts?lang=en"), "/desk/sign-out", nil)
	s.Browser = s.as(t, "desk:auditor")
	s.wants(t, s.Get("/desk/audit/acts?lang=en&room=visits&person=desk:auditor").Text("main"), "the visit was over")
}

func region(t *testing.T, s stage, id int64) (code string) {
	t.Helper()
	must(t, s.Pool.QueryRow(t.Context(), `SELECT region FROM cases WHERE id = $1`, id).Scan(&code))
	return code
}

func TestAudit_listsLeaveAsFiles(t *testing.T) {
	t.Parallel()
	s, people := auditor(t)
	number := caseno.Format(people["paid"].CaseID)
	page := s.Get("/desk/audit?lang=en&kind=paid")
	got := s.Submit(page, "/desk/audit/csv", nil)
	if got.Status != http.StatusOK || !strings.HasPrefix(got.Body, "\ufeffWhen;Case;") || !strings.Contains(got.Body, number) || got.Header.Get("Content-Disposition") != `attachment; filename="audit-events.csv"` {
		t.Errorf("%d %s %.200q", got.Status, got.Header.Get("Content-Disposition"), got.Body)
	}
	must(t, pg.InTx(t.Context(), s.Pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `INSERT INTO desk_openings (actor, what, of_id, reason, at) VALUES ('desk:operator', 'payer', 1, '=HYPERLINK("http://x")', now())`)
		return err
	}))
	got = s.Submit(s.Get("/desk/audit/access?lang=en"), "/desk/audit/csv", nil)
	if got.Status != http.StatusOK || !strings.Contains(got.Body, "'=HYPERLINK") || strings.Contains(got.Body, "signed in") {
		t.Errorf("%d %.600q", got.Status, got.Body)
	}
	s.wants(t, s.Get("/desk/audit/access?lang=en").Text("main"), "took a list", "audit/events?kind=paid")
	token := page.Attr(`input[name="form_token"]`, "value")
	for _, form := range []url.Values{{"list": {"chain"}}, {}, {"list": {"events"}, "query": {"kind=nothing"}}, {"list": {"acts"}, "query": {"%zz"}}} {
		form.Set("form_token", token)
		if got := s.Post("/desk/audit/csv", form); got.Status != http.StatusBadRequest {
			t.Errorf("%v: %d", form, got.Status)
		}
	}
	if got := s.Post("/desk/audit/csv", url.Values{"form_token": {token}, "list": {"events"}, "query": {"actor=desk:nobody"}}); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("an empty list: %d", got.Status)
	}
}

// The button asks for a run; its result stays, and a fault leads to the event.
func TestAudit_theVerifierOnAButton(t *testing.T) {
	t.Parallel()
	s := openTillFor(t, []app.Actor{{Name: "desk:auditor", Roles: []app.Role{app.Auditor}}})
	b := s.as(t, "desk:auditor")
	page := b.Get("/desk/audit/chain")
	if got := b.Submit(page, "/desk/audit/chain", map[string]string{"reason": " "}); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("without a reason: %d", got.Status)
	}
	if got := b.Submit(page, "/desk/audit/chain", map[string]string{"reason": "monthly"}); got.Status != http.StatusSeeOther {
		t.Fatalf("%d", got.Status)
	}
	s.wants(t, b.Get("/desk/audit/chain").Text("main"), "waiting", "monthly", "0 of 3 cases")
	if got := b.Post("/desk/audit/chain", url.Values{"form_token": {page.Attr(`input[name="form_token"]`, "value")}, "reason": {"again"}}); got.Status != http.StatusConflict {
		t.Errorf("a second run: %d", got.Status)
	}
	more, err := s.robot.VerifyChain(t.Context(), 1)
	must(t, err)
	if more {
		t.Error("the run is not over")
	}
	s.wants(t, b.Get("/desk/audit/chain").Text("main"), "intact", "monthly")
	must(t, pg.InTx(t.Context(), s.Pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `SET LOCAL session_replication_role = replica`); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), `UPDATE events SET actor = 'desk:forger' WHERE case_id = $1 AND seq = 1`, s.people[1].CaseID)
		return err
	}))
	b.Submit(b.Get("/desk/audit/chain"), "/desk/audit/chain", map[string]string{"reason": "a doubt"})
	open, err := audit.OpenRun(t.Context(), s.Pool, 0)
	must(t, err)
	_, err = s.robot.VerifyChain(t.Context(), open)
	must(t, err)
	got := b.Get("/desk/audit/chain")
	s.wants(t, got.Text("main"), "tampered with", "case "+s.number(1)+", event 1", "the event is not what was written")
	if to := got.Attr("td .how a", "href"); to != "/desk/audit/events/"+s.number(1)+"/1" {
		t.Errorf("the fault leads to %s", to)
	}
	if n := s.one(t, `SELECT count(*)::text FROM stops WHERE scope = 'all' AND actor = 'breaker:violations' AND released_at IS NULL AND $1 <> ''`, "x"); n != "1" {
		t.Errorf("%s breakers are open", n)
	}
}

func TestAudit_pagesAreAsTheyWere(t *testing.T) {
	t.Parallel()
	s, people := auditor(t)
	number := caseno.Format(people["part"].CaseID)
	for _, l := range []string{"kk", "ru", "en"} {
		testkit.Golden(t, "audit."+l+".txt", []byte(s.Get("/desk/audit?kind=paid_in_part&lang="+l).Outline("main")))
		testkit.Golden(t, "auditevent."+l+".txt", []byte(s.Get("/desk/audit/events/"+number+"/1?lang="+l).Outline("main")))
	}
}
