package desk_test

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"robotbailiff/engine/intake"
	"robotbailiff/internal/app/accounts"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/desk"
	"robotbailiff/internal/web/ui/uitest"
)

// counter is a desk whose people have accounts.
func counter(t *testing.T) (stage, *accounts.Store) {
	t.Helper()
	w, err := uitest.NewWorld(t.Context(), testkit.DB(t), testkit.Keys(t))
	must(t, err)
	store := accounts.New(w.Pool, w.Keys)
	service, err := app.New(app.Config{Pool: w.Pool, Cases: w.Store, Packs: w.Packs, OpenIIN: w.OpenIIN, Inbox: intake.NewInbox(w.Store, w.Keys, intake.InboxConfig{}), Accounts: store})
	must(t, err)
	h, err := desk.Handler(desk.Config{App: service, Key: uitest.Key(), Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	must(t, err)
	return stage{World: w, Browser: uitest.Open(t, h), service: service}, store
}

// telephone is what an authenticator shows that was given the secret of a page.
func (s stage) telephone(t *testing.T, page *uitest.Page) string {
	t.Helper()
	var now time.Time
	must(t, s.Pool.QueryRow(t.Context(), `SELECT now()`).Scan(&now))
	code, err := totp.GenerateCode(strings.ReplaceAll(page.Text(".qr code"), " ", ""), now)
	must(t, err)
	return code
}

func TestAccount_fromTheLinkToTheDesk(t *testing.T) {
	t.Parallel()
	s, store := counter(t)
	s.Lang = "en"
	by := accounts.Act{Actor: "root", Reason: "order 12"}
	link, err := store.Add(t.Context(), "aigul", []string{"administrator", "operator"}, []string{"75"}, by)
	must(t, err)
	path := "/desk/first/" + link
	page := s.Get(path)
	if page.Status != http.StatusOK || !page.Has(".qr svg path") || strings.Contains(page.Body, "script") {
		t.Fatalf("the link: %d", page.Status)
	}
	const password = "жаңбыр терезе қалам"
	good := map[string]string{"password": password, "again": password, "code": s.telephone(t, page)}
	with := func(key, value string) map[string]string {
		m := map[string]string{}
		for k, v := range good {
			m[k] = v
		}
		m[key] = value
		return m
	}
	for name, fill := range map[string]map[string]string{
		"two passwords": with("again", "other"), "a code that is not": with("code", "12345x"), "a short password": {"password": "short", "again": "short", "code": good["code"]},
	} {
		if got := s.Submit(page, path, fill); got.Status != http.StatusUnprocessableEntity || !got.Has(`[role="alert"]`) || strings.Contains(got.Body, password) {
			t.Errorf("%s: %d", name, got.Status)
		}
	}
	done := s.Submit(page, path, good)
	if done.Status != http.StatusOK || len(done.All(".codes li")) != 8 {
		t.Fatalf("set up: %d\n%s", done.Status, done.Text("main"))
	}
	if got := s.Get(path); got.Status != http.StatusNotFound || !strings.Contains(got.Text("h1"), "opens nothing") {
		t.Errorf("the link again: %d", got.Status)
	}
	if got := s.Get("/desk/"); got.Status != http.StatusForbidden {
		t.Errorf("the link alone signs in: %d", got.Status)
	}

	_, err = s.Pool.Exec(t.Context(), `UPDATE operators SET totp_step = 0`)
	must(t, err)
	form := s.Get("/desk/me")
	if form.Has(`form[action="/desk/sign-in"]`) {
		t.Error("people of the demonstration are offered")
	}
	var said []string
	for _, fill := range []map[string]string{
		{"login": "aigul", "password": "wrong", "code": s.telephone(t, page)}, {"login": "nobody", "password": password, "code": s.telephone(t, page)}, {"login": "aigul", "password": password, "code": "000"},
	} {
		got := s.Submit(form, "/desk/sign-in/account", fill)
		if got.Status != http.StatusForbidden || strings.Contains(got.Body, password) {
			t.Errorf("%v: %d", fill, got.Status)
		}
		said = append(said, got.Text("main"))
	}
	if said[0] != said[1] || said[1] != said[2] {
		t.Errorf("the answers tell what was wrong: %q", said)
	}
	got := s.Submit(form, "/desk/sign-in/account", map[string]string{"login": " aigul", "password": password, "code": s.telephone(t, page)})
	if got.Status != http.StatusSeeOther || got.Header.Get("Location") != "/desk/me" {
		t.Fatalf("sign-in: %d\n%s", got.Status, got.Text("main"))
	}
	s.wants(t, s.Get("/desk/me").Text("main"), "desk:aigul", "Administrator, Operator", "account")
	s.wants(t, s.Get("/desk/access").Text("main"), "You see the cases of Almaty")
	s.wants(t, s.Get("/desk/people/accounts").Text("main"), "aigul", "in use")
	must(t, store.SetRoles(t.Context(), "aigul", []string{"viewer"}, by))
	if got := s.Get("/desk/me"); got.Status != http.StatusForbidden {
		t.Errorf("a visit goes on with roles of before: %d", got.Status)
	}
}

// One address does not try for ever, whatever names it tries; another one is let in.
func TestAccount_triesOfAnAddressAreBounded(t *testing.T) {
	t.Parallel()
	s, _ := counter(t)
	form := url.Values{"form_token": {s.Get("/desk/").Attr("input[name=form_token]", "value")}}
	status := 0
	for i := 0; i < 40 && status != http.StatusTooManyRequests; i++ {
		status = s.Get("/desk/first/" + strings.Repeat("a", 43)).Status
	}
	if got := s.Post("/desk/sign-in/account", form); status != http.StatusTooManyRequests || got.Status != http.StatusTooManyRequests {
		t.Errorf("%d, then %d", status, got.Status)
	}
}

// A form of another site cannot sign anybody in or out, or end visits: login CSRF is CSRF.
func TestAccount_formsOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	s.signIn(t)
	before := s.sessions(t)
	for _, path := range []string{"/desk/sign-in", "/desk/sign-in/account", "/desk/first/x", "/desk/sign-out", "/desk/me/end", "/desk/me/everywhere", "/desk/people/end"} {
		token := s.Get("/desk/me").Attr("input[name=form_token]", "value")
		for name, got := range map[string]*uitest.Page{
			"without a token":                 s.Post(path, url.Values{"person": {"desk:demo-2"}}),
			"with a token of another browser": s.Post(path, url.Values{"person": {"desk:demo-2"}, "form_token": {s.Another().Get("/desk/").Attr("input[name=form_token]", "value")}}),
			"from another site":               s.Browser.Do(http.MethodPost, path, url.Values{"person": {"desk:demo-2"}, "form_token": {token}}, map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}),
		} {
			if got.Status != http.StatusForbidden || cookie(got) != "" {
				t.Errorf("%s %s: %d", path, name, got.Status)
			}
		}
	}
	if after := s.sessions(t); after != before {
		t.Errorf("%s visits, and %s before", after, before)
	}
}
