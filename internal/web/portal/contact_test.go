package portal_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/pg"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/ui/uitest"
	"robotbailiff/notify/contact"
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
	for _, l := range []string{"kk", "ru", "en", "ky", "uz"} {
		page := s.Get("/p/case/contact?lang=" + l)
		checkPage(t, page, l)
		testkit.Golden(t, "contact."+l+".txt", []byte(page.Outline("main")))
	}
}

// A device is registered by the app that has the session, listed on the page, and removed there.
func TestDevice_isRegisteredByTheApp(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	const good = `{"platform":"android","token":"cOfAPhone:APA91b-0123456789"}`
	post := func(kind, body string) (int, string) {
		got := s.PostBody("/p/case/device", kind, strings.NewReader(body))
		return got.Status, got.Body
	}
	if status, says := post("application/json", good); status != http.StatusForbidden || !strings.Contains(says, "no_session") {
		t.Errorf("without a visit: %d %s", status, says)
	}
	s.enter(t, p)
	for _, c := range []struct {
		kind, body string
		status     int
		code       string
	}{
		{"text/plain", good, http.StatusUnsupportedMediaType, "media_type"}, // what a page of another site could send
		{"application/x-www-form-urlencoded", "platform=android&token=0123456789abcdef", http.StatusUnsupportedMediaType, "media_type"},
		{"application/json", `{"platform":"android"`, http.StatusUnprocessableEntity, "body"},
		{"application/json", strings.Replace(good, "android", "nokia", 1), http.StatusUnprocessableEntity, "platform"},
		{"application/json", strings.Replace(good, "APA91b", "A B", 1), http.StatusUnprocessableEntity, "token"},
		{"application/json", strings.Replace(good, "APA91b", strings.Repeat("A", 9000), 1), http.StatusUnprocessableEntity, "body"},
	} {
		if status, says := post(c.kind, c.body); status != c.status || !strings.Contains(says, `"code":"`+c.code+`"`) || strings.Contains(says, "cOfAPhone") {
			t.Errorf("%s %.40s: %d %s", c.kind, c.body, status, says)
		}
	}
	for range 2 { // apps register at every start
		if status, says := post("application/json; charset=utf-8", good); status != http.StatusNoContent {
			t.Fatalf("%d %s", status, says)
		}
	}
	page := s.Get("/p/case/contact?lang=en")
	s.wants(t, page, "Android, added on 2 March 2026")
	if got := len(page.All(`form[action="/p/case/device/remove"]`)); got != 1 {
		t.Errorf("%d devices", got)
	}
	for _, l := range []string{"kk", "ru", "en", "ky", "uz"} {
		checkPage(t, s.Get("/p/case/contact?lang="+l), l)
	}
	if got := s.Submit(page, "/p/case/device/remove", map[string]string{"device": "x"}); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("no number: %d", got.Status)
	}
	s.Submit(page, "/p/case/device/remove", nil)
	if s.Get("/p/case/contact").Has(`form[action="/p/case/device/remove"]`) {
		t.Error("the device is still there")
	}
}

func TestTelegram_isLinkedByAnAddressForOneChat(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	s.enter(t, p)
	page := s.Get("/p/case/contact?lang=ru")
	s.wants(t, page, "Подключить Telegram", "не заменяют SMS")
	shown := s.Submit(page, "/p/case/telegram", nil)
	checkPage(t, shown, "ru")
	address := shown.Attr("main a.button", "href")
	code, ok := strings.CutPrefix(address, "https://t.me/bailiff_bot?start=")
	if !ok || len(code) != 24 {
		t.Fatalf("the address is %q", address)
	}
	must(t, pg.InTx(t.Context(), s.Pool, func(tx pgx.Tx) error {
		_, linked, err := contact.New(s.Keys).LinkChat(t.Context(), tx, code, 77, uitest.Morning)
		if !linked {
			t.Error("the code is not good")
		}
		return err
	}))
	page = s.Get("/p/case/contact")
	s.wants(t, page, "Чат подключён", "Telegram: в чат с нашим ботом")
	if got := s.Submit(page, "/p/case/contact", map[string]string{"notices": "ru", "channel": "telegram"}); got.Status != http.StatusSeeOther {
		t.Errorf("%d", got.Status)
	}
	for _, l := range []string{"kk", "ru", "en", "ky", "uz"} {
		page := s.Get("/p/case/contact?lang=" + l)
		checkPage(t, page, l)
		testkit.Golden(t, "telegram."+l+".txt", []byte(page.Outline("main")))
	}
	s.Submit(page, "/p/case/telegram/remove", nil)
	s.wants(t, s.Get("/p/case/contact?lang=ru"), "Подключить Telegram")
}
