package portal_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/ui/uitest"
)

// invite makes a link for a helper, and gives its path and code.
func (s stage) invite(t *testing.T) (path, code string) {
	t.Helper()
	page := s.Submit(s.Get("/p/case/helper?lang=ru"), "/p/case/helper", nil)
	if page.Status != http.StatusOK {
		t.Fatalf("%d %s", page.Status, page.Text("main"))
	}
	link := page.Text("section.good b")
	path, ok := strings.CutPrefix(link, s.URL(""))
	if code = page.Text("section.good .big"); !ok || len(code) != 6 || !strings.HasSuffix(path, "/helper") {
		t.Fatalf("link %q, code %q", link, code)
	}
	return path, code
}

// helps comes in as a helper.
func (s stage) helps(path, code string) *uitest.Page {
	return s.Submit(s.Get(path), path, map[string]string{"code": code})
}

func TestHelper_seesAndPaysAndDoesNothingElse(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	notified(t, s, p.CaseID)
	s.enter(t, p)
	path, code := s.invite(t)
	h := stage{World: s.World, Browser: s.Another(), robot: s.robot, tills: s.tills}
	if got := h.helps(path, code); got.Header.Get("Location") != "/p/case" {
		t.Fatalf("%d %s", got.Status, got.Text("main"))
	}
	shown := s.Get("/p/case/helper?lang=ru")
	if s.wants(t, shown, "показываем один раз", "сделайте новую ссылку"); strings.Contains(shown.Body, code) || strings.Contains(shown.Body, path) {
		t.Error("the link or its code is shown again")
	}
	page := h.Get("/p/case?lang=ru")
	h.wants(t, page, "как помощник", "А.Д.", "20 155,00 ₸", "Помощник открыл дело по этой ссылке", "Вы сделали ссылку для помощника")
	for _, secret := range []string{"Ахметов", p.IIN, p.IIN[8:], p.Phone} {
		if strings.Contains(page.Body, secret) {
			t.Errorf("a helper is shown %q", secret)
		}
	}
	for _, path := range []string{"refuse", "contact", "helper"} {
		if page.Has(`main a[href="/p/case/` + path + `"]`) {
			t.Errorf("a helper is shown the way to %s", path)
		}
	}
	checkPage(t, page, "ru")
	before, err := s.Counts(t.Context())
	must(t, err)
	for _, path := range []string{"/p/case/helper", "/p/case/contact"} {
		if got := h.Get(path); got.Status != http.StatusForbidden || !got.Has(`main a[href="/p/case"]`) {
			t.Errorf("%s: %d", path, got.Status)
		}
	}
	if got := h.Get("/p/case/refuse"); got.Status != http.StatusConflict {
		t.Errorf("the price of a refusal: %d", got.Status)
	}
	for path, fields := range map[string]map[string]string{
		"/p/case/helper": nil, "/p/case/helper/end": {"helper": "1"}, "/p/case/contact": {"notices": "kk", "channel": "sms"}, "/p/case/device/remove": {"device": "1"},
		"/p/case/telegram": nil, "/p/case/telegram/remove": nil, "/p/case/refuse": nil, "/p/case/refuse/confirm": {"understood": "yes", "total": "25193.75", "code": code}, "/p/case/refuse/code": nil, "/p/case/undo": nil,
	} {
		if got := h.post(page, path, fields); got.Status != http.StatusForbidden && got.Status != http.StatusConflict {
			t.Errorf("%s: %d %s", path, got.Status, got.Text("main"))
		}
	}
	if got := h.PostBody("/p/case/device", "application/json", strings.NewReader(`{"platform":"android","token":"cOfAPhone:APA91b-0123456789"}`)); got.Status != http.StatusForbidden {
		t.Errorf("a device: %d %s", got.Status, got.Body)
	}
	after, err := s.Counts(t.Context())
	must(t, err)
	if before != after {
		t.Errorf("a helper has written:\n%s\n---\n%s", before, after)
	}
	ways := h.Get("/p/case/pay")
	if strings.Contains(ways.Body, "Ахметов") {
		t.Error("a helper who pays is shown the name")
	}
	got := h.Submit(ways, "/p/case/pay", map[string]string{"till": "alpha"})
	if !strings.HasPrefix(got.Header.Get("Location"), "/p/case/payment/") || len(s.tills["alpha"].begun) != 1 {
		t.Fatalf("paying: %d %v", got.Status, s.tills["alpha"].begun)
	}
	if wait := h.Get(got.Header.Get("Location")); wait.Status != http.StatusOK || strings.Contains(wait.Body, "Ахметов") {
		t.Errorf("the payment: %d", wait.Status)
	}
}

// post sends a form of its own with the form token of a page.
func (s stage) post(page *uitest.Page, path string, fields map[string]string) *uitest.Page {
	form := map[string][]string{"form_token": {page.Attr(`input[name="form_token"]`, "value")}}
	for k, v := range fields {
		form[k] = []string{v}
	}
	return s.Post(path, form)
}

func TestHelper_linkOpensOnce(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	s.enter(t, p)
	path, code := s.invite(t)
	for range 2 { // programs that look before the helper does
		if got := s.Another().Get(path + "?lang=ru"); got.Status != http.StatusOK {
			t.Errorf("%d", got.Status)
		}
	}
	if got := s.Submit(s.Get(path), path, nil); got.Status != http.StatusUnprocessableEntity { // the form as it stands there
		t.Errorf("an empty form: %d", got.Status)
	}
	first, second := stage{World: s.World, Browser: s.Another()}, stage{World: s.World, Browser: s.Another()}
	if got := first.helps(path, code[:3]+" "+code[3:]); got.Status != http.StatusSeeOther {
		t.Fatalf("the first: %d", got.Status)
	}
	if got := second.helps(path, code); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("the second: %d", got.Status)
	}
	s.wants(t, s.Get("/p/case/helper?lang=ru"), "Помощник открыл дело: 2 марта, 09:00")
	s.Submit(s.Get("/p/case/helper"), "/p/case/helper/end", nil)
	if got := first.Get("/p/case").Status; got != http.StatusForbidden {
		t.Errorf("after the debtor ended it: %d", got)
	}
	s.wants(t, s.Get("/p/case"), "Вы прекратили доступ помощника")
}

func TestHelper_endsByItselfAndByLeaving(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	s.enter(t, p)
	stays, late, leaves := stage{World: s.World, Browser: s.Another()}, stage{World: s.World, Browser: s.Another()}, stage{World: s.World, Browser: s.Another()}
	path, code := s.invite(t)
	stays.helps(path, code)
	path, code = s.invite(t)
	leaves.helps(path, code)
	leaves.Submit(leaves.Get("/p/case"), "/p/case/leave", nil)
	if got := leaves.Get("/p/case").Status; got != http.StatusForbidden {
		t.Errorf("after leaving: %d", got)
	}
	path, code = s.invite(t)
	s.Clock.Advance(24*time.Hour - time.Second)
	if got := stays.Get("/p/case").Status; got != http.StatusOK {
		t.Errorf("before its end: %d", got)
	}
	s.Clock.Advance(time.Second)
	for _, path := range []string{"/p/case", "/p/case/pay"} {
		if got := stays.Get(path).Status; got != http.StatusForbidden {
			t.Errorf("%s after its end: %d", path, got)
		}
	}
	if got := late.helps(path, code).Status; got != http.StatusUnprocessableEntity {
		t.Errorf("a link that is over: %d", got)
	}
	s.wants(t, s.Get("/p/case?lang=ru"), "Время ссылки для помощника вышло", "Помощник закрыл дело")
}

func TestHelper_wrongCodesUseTheLinkUp(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	s.enter(t, p)
	path, code := s.invite(t)
	wrong := string('0'+(code[0]-'0'+1)%10) + code[1:]
	talks := map[string]bool{}
	for _, at := range []string{path, "/p/" + strings.Repeat("2", 22) + "/helper", "/p/x/helper"} {
		h := stage{World: s.World, Browser: s.Another()}
		talk := ""
		for range 6 {
			got := h.helps(at, wrong)
			talk += got.Text("main") + strings.Repeat("!", got.Status)
		}
		talks[talk] = true
	}
	if len(talks) != 1 {
		t.Errorf("%d different conversations: a link gives itself away", len(talks))
	}
	s.Clock.Advance(23 * time.Hour)
	if got := s.helps(path, code).Status; got != http.StatusTooManyRequests {
		t.Errorf("the right code after five wrong ones: %d", got)
	}
	s.wants(t, s.Get("/p/case?lang=ru"), "код пять раз был неверным")
}

func TestHelper_atMostThreeAtATime(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	s.enter(t, p)
	for range 3 {
		s.invite(t)
	}
	page := s.Submit(s.Get("/p/case/helper?lang=ru"), "/p/case/helper", nil)
	if page.Status != http.StatusConflict {
		t.Errorf("a fourth: %d", page.Status)
	}
	s.wants(t, page, "Сейчас позваны три помощника")
	for _, l := range []string{"kk", "ru", "en", "ky", "uz"} {
		in := s.Get("/p/case/helper?lang=" + l)
		checkPage(t, in, l)
		testkit.Golden(t, "helpers."+l+".txt", []byte(in.Outline("main")))
		gate := s.Get("/p/" + strings.Repeat("2", 22) + "/helper?lang=" + l)
		checkPage(t, gate, l)
		testkit.Golden(t, "helpergate."+l+".txt", []byte(gate.Outline("main")))
	}
	s.Submit(page, "/p/case/helper/end", nil)
	s.invite(t)
	if _, err := s.Pool.Exec(t.Context(), `DELETE FROM portal_helpers`); err == nil {
		t.Error("what a helper was allowed can be wiped out")
	}
	if _, err := s.Pool.Exec(t.Context(), `UPDATE portal_helpers SET expires_at = expires_at + interval '1 day'`); err == nil {
		t.Error("what a helper was allowed can be prolonged")
	}
}
