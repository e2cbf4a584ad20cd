package desk_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"robotbailiff/engine"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/web/ui/uitest"
)

func thing(kind, key string) string {
	return "/desk/work/thing?" + url.Values{"kind": {kind}, "key": {key}}.Encode()
}

// workers are two operators, a supervisor, one of a region, an auditor and one for money.
var workers = []app.Actor{
	{Name: "desk:anna", Roles: []app.Role{app.Operator}},
	{Name: "desk:boris", Roles: []app.Role{app.Operator}},
	{Name: "desk:chief", Roles: []app.Role{app.Supervisor}},
	{Name: "desk:east", Roles: []app.Role{app.Operator}, Regions: []string{"71"}},
	{Name: "desk:audit", Roles: []app.Role{app.Auditor}},
	{Name: "desk:cash", Roles: []app.Role{app.Finance}},
}

// Work is taken, given and given back; two never work the same; what ends in its own room leaves the list by itself.
func TestWork_isTakenGivenAndDone(t *testing.T) {
	t.Parallel()
	s := setupFor(t, workers)
	p := s.open(t, uitest.Writ{Region: "75", Amount: 20155})
	must(t, s.Notify(t.Context(), p.CaseID))
	must(t, s.World.Do(t.Context(), p.CaseID, engine.ActorDebtor, engine.Object{Ground: engine.GroundPaid}))
	var seq int
	must(t, s.Pool.QueryRow(t.Context(), `SELECT seq FROM objections WHERE case_id = $1`, p.CaseID).Scan(&seq))
	key, number := fmt.Sprintf("%d/%d", p.CaseID, seq), caseno.Format(p.CaseID)
	anna, boris, chief := s.as(t, "desk:anna"), s.as(t, "desk:boris"), s.as(t, "desk:chief")

	page := anna.Get("/desk/work?lang=en")
	s.wants(t, page.Text("main"), "Objections to answer", number, "nobody")
	do := func(b *uitest.Browser, act string, more ...string) *uitest.Page {
		t.Helper()
		fields := map[string]string{"kind": "objections", "key": key, "act": act}
		for i := 0; i+1 < len(more); i += 2 {
			fields[more[i]] = more[i+1]
		}
		values := url.Values{"form_token": {b.Get("/desk/work").Attr("input[name=form_token]", "value")}}
		for k, v := range fields {
			values.Set(k, v)
		}
		if act == "given" {
			return b.Post("/desk/work/give", values)
		}
		return b.Post("/desk/work/thing", values)
	}
	seen := anna.Get(thing("objections", key))
	s.wants(t, seen.Text("main"), "Nobody has touched it yet.", "nobody")
	if !seen.Has(`a[href="/desk/objections/` + number + "/" + fmt.Sprint(seq) + `"]`) {
		t.Error("the way to its room is missing")
	}
	if got := do(anna, "taken"); got.Status != http.StatusSeeOther {
		t.Fatalf("taking gave %d: %s", got.Status, got.Text("main"))
	}
	do(anna, "taken") // a second click is none
	if got := do(boris, "taken"); got.Status != http.StatusConflict || !strings.Contains(got.Text(`[role="alert"]`), "A colleague works this already") {
		t.Errorf("taken from a colleague: %d %s", got.Status, got.Text(`[role="alert"]`))
	}
	if got := do(boris, "returned"); got.Status != http.StatusConflict {
		t.Errorf("gave back what a colleague works: %d", got.Status)
	}
	if got := do(boris, "given", "assignee", "desk:boris"); got.Status != http.StatusForbidden {
		t.Errorf("an operator gives work: %d", got.Status)
	}
	sneak := url.Values{"form_token": {boris.Get("/desk/work").Attr("input[name=form_token]", "value")}, "kind": {"objections"}, "key": {key}, "act": {"given"}, "assignee": {"desk:boris"}}
	if got := boris.Post("/desk/work/thing", sneak); got.Status < http.StatusBadRequest {
		t.Errorf("work is given without the right to: %d", got.Status)
	}
	s.wants(t, anna.Get("/desk/work?whose=mine").Text("main"), number)
	if text := boris.Get("/desk/work?whose=mine").Text("main"); strings.Contains(text, number) {
		t.Error("it is on the list of one who does not work it")
	}
	if text := boris.Get("/desk/work?whose=free").Text("main"); strings.Contains(text, number) {
		t.Error("it is among what nobody works")
	}
	if got := do(chief, "given", "assignee", "desk:boris"); got.Status != http.StatusSeeOther {
		t.Errorf("the supervisor cannot give it: %d", got.Status)
	}
	if got := do(boris, "closed", "outcome", "nothing", "words", "x"); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("closed here what its room ends: %d", got.Status)
	}
	do(boris, "returned")
	s.wants(t, anna.Get(thing("objections", key)).Text("main"), "desk:anna · took it", "desk:chief · gave it: desk:boris", "desk:boris · gave it back")
	var acts int
	must(t, s.Pool.QueryRow(t.Context(), `SELECT count(*) FROM work_acts`).Scan(&acts))
	if acts != 3 {
		t.Errorf("%d acts are kept, want 3", acts)
	}
	if got := do(s.as(t, "desk:audit"), "taken"); got.Status != http.StatusForbidden {
		t.Errorf("an auditor takes work: %d", got.Status)
	}
	east := s.as(t, "desk:east")
	if got := east.Get(thing("objections", key)); got.Status != http.StatusNotFound || strings.Contains(east.Get("/desk/work").Text("main"), number) {
		t.Errorf("it is seen from another region: %d", got.Status)
	}
	if got := s.as(t, "desk:cash").Get(thing("objections", key)); got.Status != http.StatusNotFound {
		t.Errorf("who may not read objections sees one: %d", got.Status)
	}
	must(t, s.World.Do(t.Context(), p.CaseID, "desk:anna", engine.AnswerObjection{Seq: seq, Accepted: true, Reason: "payment_found"}))
	if got := anna.Get(thing("objections", key)); got.Status != http.StatusNotFound || strings.Contains(anna.Get("/desk/work").Text("main"), number) {
		t.Errorf("it waits after it was answered: %d", got.Status)
	}
	if _, err := s.Pool.Exec(t.Context(), `UPDATE work_acts SET actor = 'desk:x'`); err == nil {
		t.Error("what people did can be changed")
	}
}

// A notice that reached nobody is closed with an outcome, once, and is on no list any more.
func TestWork_isClosedWithAnOutcome(t *testing.T) {
	t.Parallel()
	s := setupFor(t, workers)
	anna := s.as(t, "desk:anna")
	p := s.open(t, uitest.Writ{Region: "75"})
	_, err := s.Pool.Exec(t.Context(), `UPDATE cases SET next_rung_at = NULL, term_ends_on = '2026-03-09' WHERE id = $1`, p.CaseID)
	must(t, err)
	key := fmt.Sprint(p.CaseID)
	page := anna.Get(thing("undelivered", key) + "&lang=en")
	s.wants(t, page.Text("main"), "Notices that reached nobody", "All ways of telling the debtor have failed", "The debtor was told in another way")
	post := func(fields map[string]string) *uitest.Page {
		t.Helper()
		return anna.Submit(anna.Get(thing("undelivered", key)), "/desk/work/thing", fields)
	}
	closing := map[string]string{"act": "closed", "outcome": "told", "words": "  "}
	if got := post(closing); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Text(`[role="alert"]`), "Say in a few words") {
		t.Errorf("closed in silence: %d", got.Status)
	}
	closing["words"] = "letter 12 of today"
	if got := post(closing); got.Status != http.StatusSeeOther {
		t.Errorf("closing gave %d", got.Status)
	}
	if got := anna.Get(thing("undelivered", key)); got.Status != http.StatusNotFound {
		t.Errorf("it still waits: %d", got.Status)
	}
	s.wants(t, anna.Get("/desk/work?kind=undelivered").Text("main"), "Nothing of this waits.")
	if got := s.as(t, "desk:east").Get(thing("undelivered", key)); got.Status != http.StatusNotFound {
		t.Errorf("it is seen from another region: %d", got.Status)
	}
}

// A decision that was drawn is shown with its reasons; a wrong one holds its case; a verdict is given once.
func TestWork_decisionsDrawnByChance(t *testing.T) {
	t.Parallel()
	s := setupFor(t, workers)
	p := s.open(t, uitest.Writ{Region: "75", Amount: 20155})
	must(t, s.Notify(t.Context(), p.CaseID))
	must(t, s.Arrest(t.Context(), p.CaseID))
	_, err := s.Pool.Exec(t.Context(), `INSERT INTO reviews (case_id, seq, region, kind, one_in, drawn_at) SELECT case_id, seq, (SELECT region FROM cases WHERE id = $1), kind, 100, at FROM events WHERE case_id = $1 AND kind = 'arrest_ordered' ON CONFLICT DO NOTHING`, p.CaseID)
	must(t, err)
	var seq int
	must(t, s.Pool.QueryRow(t.Context(), `SELECT seq FROM reviews WHERE case_id = $1`, p.CaseID).Scan(&seq))
	anna, at := s.as(t, "desk:anna"), thing("reviews", fmt.Sprintf("%d/%d", p.CaseID, seq))
	page := anna.Get(at + "&lang=en")
	s.wants(t, page.Text("main"), "Drawn by chance, one of 100", "What did you find?", "The decision is wrong: hold the case")
	if !page.Has(".steps li") {
		t.Error("the reasons of the decision are missing")
	}
	if got := anna.Submit(page, "/desk/work/review", map[string]string{"verdict": "wrong", "words": ""}); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("wrong without a word: %d", got.Status)
	}
	if got := s.as(t, "desk:audit").Get(at); got.Has(`form[action="/desk/work/review"]`) || got.Status != http.StatusOK {
		t.Errorf("an auditor is asked for a verdict: %d", got.Status)
	}
	if got := s.as(t, "desk:east").Get(at); got.Status != http.StatusNotFound {
		t.Errorf("it is seen from another region: %d", got.Status)
	}
	if got := anna.Submit(page, "/desk/work/review", map[string]string{"verdict": "wrong", "words": "the account was protected"}); got.Status != http.StatusSeeOther {
		t.Fatalf("the verdict gave %d", got.Status)
	}
	s.wants(t, anna.Get("/desk/cases/"+caseno.Format(p.CaseID)).Text("main"), "a person who looked at a decision drawn by chance found it wrong")
	if got := anna.Submit(page, "/desk/work/review", map[string]string{"verdict": "right", "words": ""}); got.Status != http.StatusNotFound {
		t.Errorf("a second verdict: %d", got.Status)
	}
}
