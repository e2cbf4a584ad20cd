package desk_test

import (
	"net/http"
	"testing"

	"robotbailiff/internal/caseno"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/ui/uitest"
)

// An operator sees what a new link ends, says why, and the chain of the case keeps who did it.
func TestLink_isRenewedByAnOperator(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	p := s.open(t, uitest.Writ{})
	_, err := s.Pool.Exec(t.Context(), `INSERT INTO portal_sessions (id_hash, case_id, expires_at) VALUES (sha256('x'), $1, now() + interval '1 hour')`, p.CaseID)
	must(t, err)
	s.signIn(t)
	home := "/desk/cases/" + caseno.Format(p.CaseID)
	path := home + "/link"
	if !s.Get(home).Has(`a[href="` + path + `"]`) {
		t.Error("the case does not lead to its link")
	}
	for _, l := range i18n.Langs {
		testkit.Golden(t, "caselink."+string(l)+".txt", []byte(s.Get(path+"?lang="+string(l)).Outline("main")))
	}
	page := s.Get(path + "?lang=ru")
	s.wants(t, page.Text("main"), "Закроется 1 открытое посещение", "по SMS на номер должника")
	if got := s.Submit(page, path, map[string]string{"reason": " "}); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("without a reason: %d", got.Status)
	} else {
		s.wants(t, got.Text("main"), "Напишите причину")
	}
	for range 2 { // a second click does no harm
		if got := s.Submit(page, path, map[string]string{"reason": "SMS переслано чужому"}); got.Header.Get("Location") != home {
			t.Fatalf("%d %s", got.Status, got.Text("main"))
		}
	}
	var n, visits int
	var reason string
	must(t, s.Pool.QueryRow(t.Context(), `SELECT count(*), max(data->>'reason'), (SELECT count(*) FROM portal_sessions) FROM events WHERE case_id = $1 AND kind = 'link_renewed' AND actor LIKE 'desk:%'`, p.CaseID).Scan(&n, &reason, &visits))
	if n != 1 || reason != "SMS переслано чужому" || visits != 0 {
		t.Errorf("%d events because of %q, %d visits", n, reason, visits)
	}
	if _, found, err := s.CaseByToken(t.Context(), p.Token); found || err != nil {
		t.Errorf("the old link still opens the case: %v", err)
	}
	s.wants(t, s.Get(path).Text("main"), "В прошлый раз ссылка отключена")
	_, err = s.Pool.Exec(t.Context(), `UPDATE debtors SET phone_sealed = NULL`)
	must(t, err)
	s.wants(t, s.Get(path).Text("main"), "SMS до должника не дойдёт")
	for _, other := range []string{"/desk/cases/26-9999999-1/link", "/desk/cases/x/link"} {
		if got := s.Get(other); got.Status != http.StatusNotFound {
			t.Errorf("%s: %d", other, got.Status)
		}
	}
	must(t, s.Pay(t.Context(), p.CaseID, 20155))
	s.Clock.Advance(50 * 24 * 3600 * 1e9)
	late := s.Get(path)
	got := s.Submit(late, path, map[string]string{"reason": "поздно"})
	s.wants(t, got.Text("main"), "Дело закончено давно")
	if got.Status != http.StatusConflict {
		t.Errorf("%d", got.Status)
	}
}
