package portal_test

import (
	"net/http"
	"testing"

	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/ui/uitest"
)

func TestContact_isChosenForAllCases(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{Language: "uz"})
	if got := s.Get("/p/case/contact"); got.Status != http.StatusForbidden {
		t.Errorf("without a visit: %d", got.Status)
	}
	s.enter(t, p)
	page := s.Get("/p/case/contact?lang=ru")
	s.wants(t, page, "Как вам сообщать", "Oʻzbekcha", "отключить нельзя")
	chosen := func(page *uitest.Page) string {
		return page.Attr(`select[name="notices"] option[selected]`, "value") + " " + page.Attr(`select[name="channel"] option[selected]`, "value")
	}
	if got := chosen(page); got != "uz sms" {
		t.Errorf("before any wish: %s", got)
	}
	if !s.Get("/p/case").Has(`main a[href="/p/case/contact"]`) {
		t.Error("the case page does not lead there")
	}
	for _, bad := range []map[string]string{{"notices": "de", "channel": "sms"}, {"notices": "kk", "channel": "telegram"}, {"notices": "kk", "channel": ""}, {}} {
		if got := s.Submit(page, "/p/case/contact", bad); got.Status != http.StatusUnprocessableEntity {
			t.Errorf("%v: %d", bad, got.Status)
		}
	}
	if got := s.Submit(page, "/p/case/contact", map[string]string{"notices": "ky", "channel": "push"}); got.Header.Get("Location") != "/p/case/contact?saved=1" {
		t.Fatalf("%d %s", got.Status, got.Text("main"))
	}
	saved := s.Get("/p/case/contact?saved=1")
	s.wants(t, saved, "Сохранено")
	if got := chosen(saved); got != "ky push" {
		t.Errorf("after the wish: %s", got)
	}
	var act string
	must(t, s.Pool.QueryRow(t.Context(), `SELECT string_agg(concat_ws(' ', debtor_id = $1, case_id, actor, act, data->>'language', data->>'channel', at), ',') FROM contact_acts`, p.ID).Scan(&act))
	if want := "t 260000001 debtor preferred ky push 2026-03-02 04:00:00+00"; act != want {
		t.Errorf("recorded %q, want %q", act, want)
	}
	for _, l := range []string{"kk", "ru", "en"} {
		page := s.Get("/p/case/contact?lang=" + l)
		checkPage(t, page, l)
		testkit.Golden(t, "contact."+l+".txt", []byte(page.Outline("main")))
	}
}
