package desk_test

import (
	"net/http"
	"strings"
	"testing"

	"robotbailiff/engine"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui/uitest"
)

// A case that waits for a person says why in the page's language, and goes on by the operator's word and reason.
func TestCase_goesOnByAnOperator(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	p, err := s.Open(t.Context(), uitest.Writ{})
	must(t, err)
	_, err = s.Store.Apply(t.Context(), []engine.For{{CaseID: p.CaseID, Actor: engine.ActorStranger, Command: engine.SetHold{Reason: engine.HoldWrongPerson}}})
	must(t, err)
	path := "/desk/cases/" + caseno.Format(p.CaseID)
	s.signIn(t)
	page := s.Get(path + "?lang=kk")
	s.wants(t, page.Text("main"), "нөмір иесі хабарлама басқа адамға келгенін айтты", "Істі жалғастыру")
	if strings.Contains(page.Text("section.warn"), engine.HoldWrongPerson) {
		t.Error("a code is shown where there are words for it")
	}
	page = s.Submit(s.Get(path+"?lang=ru"), path+"/resume", map[string]string{"reason": "  "})
	if page.Status != http.StatusUnprocessableEntity {
		t.Errorf("without a reason: %d", page.Status)
	}
	s.wants(t, page.Text("main"), "Напишите причину")
	for range 2 { // a second click does no harm
		got := s.Submit(page, path+"/resume", map[string]string{"reason": "номер проверен"})
		if got.Status != http.StatusSeeOther || got.Header.Get("Location") != path {
			t.Fatalf("%d: %s", got.Status, got.Text("main"))
		}
	}
	if page = s.Get(path); page.Has("section.warn") {
		t.Error("the case still waits")
	}
	var n int
	must(t, s.Pool.QueryRow(t.Context(), `SELECT count(*) FROM events WHERE case_id = $1 AND kind = 'resumed' AND actor LIKE 'desk:%'`, p.CaseID).Scan(&n))
	if n != 1 {
		t.Errorf("%d events", n)
	}
	if got := s.Get(path + "/resume"); got.Header.Get("Location") != path {
		t.Errorf("the language row after a post leads to %q", got.Header.Get("Location"))
	}
	for _, l := range i18n.Langs {
		for _, why := range []string{engine.HoldWrongPerson, "identity_conflict", "outside_call_failed"} {
			if !i18n.For(l).Has("hold." + why) {
				t.Errorf("%s: no words for %s", l, why)
			}
		}
	}
}
