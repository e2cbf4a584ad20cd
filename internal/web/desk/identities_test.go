package desk_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"robotbailiff/engine/intake"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/web/ui/uitest"
)

// doubtful takes a batch in with a row of region 71 whose IIN belongs to somebody of another name, and gives the address of the row.
func (s stage) doubtful(t *testing.T) (path, iin string) {
	t.Helper()
	p := s.open(t, uitest.Writ{Region: "75", Name: "Ахметов Данияр"})
	_, err := s.Pool.Exec(t.Context(), `INSERT INTO case_serials (year, next) VALUES (26, 5000) ON CONFLICT DO NOTHING`) // the world has numbers of its own
	must(t, err)
	in := intake.NewInbox(s.Store, s.Keys, intake.InboxConfig{})
	file := "document_number,document_date,in_force_date,kind,debtor_iin,debtor_name,debtor_phone,debtor_language,region,amount,currency,unpaid_confirmed_on\n" +
		"D-1,2025-12-25,2026-01-12,fine_prescription," + p.IIN + ",Цой Виктор," + p.Phone + ",kk,71,20155.00,KZT,2026-02-20\n"
	b, err := in.Receive(t.Context(), intake.Arrival{Source: "court-7101", FileName: "a.csv", Via: intake.ViaAPI, By: "court"}, strings.NewReader(file))
	must(t, err)
	b, err = in.Process(t.Context(), b.ID, nil)
	must(t, err)
	if b.Quarantined != 1 {
		rows, _ := in.Rows(t.Context(), b.ID, intake.RowQuery{})
		t.Fatalf("%+v", rows)
	}
	return fmt.Sprintf("/desk/identities/%d/2", b.ID), p.IIN
}

// A row whose person is doubtful is let in by two: masked until somebody says why not, never by one alone, and not from another region.
func TestIdentities_twoPeopleLetARowIn(t *testing.T) {
	t.Parallel()
	s := setupFor(t, workers)
	at, iin := s.doubtful(t)
	anna, chief, east := s.as(t, "desk:anna"), s.as(t, "desk:chief"), s.as(t, "desk:east")
	key := strings.TrimPrefix(at, "/desk/identities/")
	listed := func(b *uitest.Browser, kind string) bool {
		t.Helper()
		return b.Get("/desk/work?kind="+kind).Has(`a[href="`+thing(kind, key)+`"]`) && b.Get(thing(kind, key)).Has(`a[href="`+at+`"]`)
	}
	if !listed(anna, "identities") {
		t.Error("the list of work does not lead to the row")
	}
	page := anna.Get(at + "?lang=en")
	s.wants(t, page.Text("main"), "court-7101", "№ D-1", "by another name", "Ц.В.", "А.Д.", "******"+iin[8:], "another name", "the same telephone", "nobody is told anything", "Nobody has said anything yet")
	for _, secret := range []string{iin, "Цой", "Ахметов"} {
		if strings.Contains(page.Text(), secret) {
			t.Errorf("the page shows %s", secret)
		}
	}
	if got := anna.Submit(page, at+"/unmask", map[string]string{"reason": " "}); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("unmasked without a reason: %d", got.Status)
	}
	s.wants(t, anna.Submit(page, at+"/unmask", map[string]string{"reason": "compare with the registry"}).Text("main"), iin, "Цой Виктор", "Ахметов Данияр")
	s.wants(t, east.Get(at+"?lang=en").Text("main"), "a person with cases in other regions alone", "another name", "Ц.В.")
	if got := east.Submit(east.Get(at), at+"/unmask", map[string]string{"reason": "because"}); strings.Contains(got.Text(), "Ахметов") || !strings.Contains(got.Text(), "Цой") {
		t.Error("a person of another region is shown")
	}

	if got := anna.Submit(page, at+"/propose", map[string]string{"answer": "same", "reason": " "}); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Text(`[role="alert"]`), "Give a reason") {
		t.Errorf("in silence: %d", got.Status)
	}
	if got := anna.Submit(page, at+"/propose", map[string]string{"answer": "same", "reason": "number " + iin}); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("the number of a person is kept: %d", got.Status)
	}
	if got := anna.Submit(page, at+"/propose", map[string]string{"answer": "same", "reason": "changed the name on marriage"}); got.Status != http.StatusSeeOther || got.Header.Get("Location") != at {
		t.Fatalf("proposing gave %d: %s", got.Status, got.Text("main"))
	}
	if got := anna.Submit(page, at+"/propose", map[string]string{"answer": "back", "reason": "in another tab"}); got.Status != http.StatusConflict {
		t.Errorf("a second first word: %d", got.Status)
	}
	s.wants(t, anna.Get(at).Text("main"), "You have said this yourself", "changed the name on marriage")
	token := page.Attr("input[name=form_token]", "value")
	if got := anna.Post(at+"/agree", url.Values{"form_token": {token}, "word": {"1"}}); got.Status != http.StatusForbidden {
		t.Errorf("an operator agrees with himself: %d", got.Status)
	}
	if listed(anna, "identities") {
		t.Error("it is still among what nobody has said anything of")
	}
	s.wants(t, chief.Get("/desk/approvals?lang=en").Text("main"), "Persons in doubt")
	if !listed(chief, "approve_identities") {
		t.Error("it is not among what waits for a second word")
	}
	seen := chief.Get(at + "?lang=en")
	s.wants(t, seen.Text("main"), "If you agree, a case is opened at once", "changed the name on marriage", "Waits for a second person until")
	if n := s.one(t, `SELECT count(*)::text FROM cases`); n != "1" {
		t.Fatalf("%s cases before the second word", n)
	}
	if got := chief.Submit(seen, at+"/agree", nil); got.Status != http.StatusSeeOther {
		t.Fatalf("agreeing gave %d: %s", got.Status, got.Text("main"))
	}
	if got := chief.Submit(seen, at+"/agree", nil); got.Status != http.StatusConflict || !strings.Contains(got.Text(`[role="alert"]`), "Somebody has been faster") {
		t.Errorf("a second click: %d", got.Status)
	}
	s.wants(t, chief.Get(at).Text("main"), "The row was let in", "Accepted", "desk:chief", "agreed")
	s.wants(t, east.Get("/desk/imports/2/rows?lang=en").Text("main")+east.Get("/desk/imports").Text("main"), "Accepted")
	if got := s.one(t, `SELECT e.actor || ' ' || c.region FROM events e JOIN cases c ON c.id = e.case_id JOIN writs w ON w.case_id = c.id WHERE w.document_number = 'D-1' AND e.seq = 1`); got != "desk:anna, desk:chief 71" {
		t.Error(got)
	}
}

// Nobody sees a row of a region that is not his, or says anything of it; a row that never waited has no page.
func TestIdentities_areOfRegions(t *testing.T) {
	t.Parallel()
	s := setupFor(t, workers)
	at, _ := s.doubtful(t)
	east := s.as(t, "desk:east")
	_, err := s.Pool.Exec(t.Context(), `UPDATE desk_sessions SET regions = '{75}' WHERE actor = 'desk:east'`)
	must(t, err)
	token := east.Get("/desk/cases").Attr("input[name=form_token]", "value")
	for _, path := range []string{at, "/desk/identities/1/1", "/desk/identities/x/y", strings.TrimSuffix(at, "2") + "9"} {
		if got := east.Get(path); got.Status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.Status)
		}
	}
	for _, act := range []string{"/propose", "/unmask"} {
		if got := east.Post(at+act, url.Values{"form_token": {token}, "answer": {"same"}, "reason": {"because"}}); got.Status != http.StatusNotFound {
			t.Errorf("%s: %d", act, got.Status)
		}
	}
	if n := s.one(t, `SELECT count(*)::text FROM identity_words`); n != "0" {
		t.Error("a word of another region is kept")
	}
}

// Two send a row back: the court reads why, and what to do.
func TestIdentities_twoPeopleSendARowBack(t *testing.T) {
	t.Parallel()
	s := setupFor(t, workers)
	at, _ := s.doubtful(t)
	anna, chief := s.as(t, "desk:anna"), s.as(t, "desk:chief")
	anna.Submit(anna.Get(at+"?lang=en"), at+"/propose", map[string]string{"answer": "back", "reason": "nobody of that name has the number"})
	seen := chief.Get(at + "?lang=en")
	s.wants(t, seen.Text("main"), "If you agree, the court reads: Whom the writ means could not be confirmed")
	if got := chief.Submit(seen, at+"/refuse", map[string]string{"why": "ask the court first"}); got.Status != http.StatusSeeOther {
		t.Fatalf("refusing gave %d", got.Status)
	}
	s.wants(t, anna.Get(at).Text("main"), "not agreed", "ask the court first")
	anna.Submit(anna.Get(at), at+"/propose", map[string]string{"answer": "back", "reason": "the court was asked"})
	if got := chief.Submit(chief.Get(at), at+"/agree", nil); got.Status != http.StatusSeeOther {
		t.Fatalf("agreeing gave %d: %s", got.Status, got.Text("main"))
	}
	s.wants(t, chief.Get(at).Text("main"), "Rejected", "identity_refused", "send the writ in a new file")
	if n := s.one(t, `SELECT count(*)::text FROM cases`); n != "1" {
		t.Errorf("%s cases", n)
	}
}

// A supervisor who says the first word does not say the second one, and whoever says it has shown who he is a short while ago.
func TestIdentities_nobodyAlone(t *testing.T) {
	t.Parallel()
	s := setupFor(t, append([]app.Actor{{Name: "desk:chief-2", Roles: []app.Role{app.Supervisor}}}, workers...))
	at, _ := s.doubtful(t)
	chief, other := s.as(t, "desk:chief"), s.as(t, "desk:chief-2")
	page := chief.Get(at + "?lang=en")
	chief.Submit(page, at+"/propose", map[string]string{"answer": "same", "reason": "because"})
	word := s.one(t, `SELECT max(id)::text FROM identity_words`)
	got := chief.Post(at+"/agree", url.Values{"form_token": {page.Attr("input[name=form_token]", "value")}, "word": {word}})
	if got.Status != http.StatusForbidden || !strings.Contains(got.Text(`[role="alert"]`), "another person has to agree") {
		t.Errorf("alone: %d %s", got.Status, got.Text(`[role="alert"]`))
	}
	seen := other.Get(at + "?lang=en")
	_, err := s.Pool.Exec(t.Context(), `UPDATE desk_sessions SET proved_at = now() - interval '20 minutes' WHERE actor = 'desk:chief-2'`)
	must(t, err)
	if got := other.Submit(seen, at+"/agree", nil); got.Status != http.StatusForbidden || !strings.Contains(got.Text("main"), "show once more who you are") {
		t.Errorf("without a proof: %d", got.Status)
	}
	if n := s.one(t, `SELECT count(*)::text FROM cases`); n != "1" {
		t.Errorf("%s cases", n)
	}
}
