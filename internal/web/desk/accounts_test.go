package desk_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"robotbailiff/engine/intake"
	"robotbailiff/internal/app/accounts"
	"robotbailiff/internal/app/caselist"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/desk"
	"robotbailiff/internal/web/ui/uitest"
)

// personnel is a desk with accounts, and with people who come in without one: two administrators, one who sees a single region, and an auditor.
func personnel(t *testing.T) (stage, *accounts.Store) {
	t.Helper()
	w, err := uitest.NewWorld(t.Context(), testkit.DB(t), testkit.Keys(t))
	must(t, err)
	store := accounts.New(w.Pool, w.Keys)
	administrator := []app.Role{app.Administrator}
	service, err := app.New(app.Config{Pool: w.Pool, Cases: w.Store, Packs: w.Packs, OpenIIN: w.OpenIIN, Inbox: intake.NewInbox(w.Store, w.Keys, intake.InboxConfig{}), Lists: caselist.New(w.Pool, w.Keys), Accounts: store, DemoSignIn: true, DemoPeople: []app.Actor{
		{Name: "desk:first", Roles: administrator}, {Name: "desk:second", Roles: administrator}, {Name: "desk:some", Roles: administrator, Regions: []string{"75"}}, {Name: "desk:auditor", Roles: []app.Role{app.Auditor}}, {Name: "desk:aigul", Roles: administrator},
	}})
	must(t, err)
	h, err := desk.Handler(desk.Config{App: service, Key: uitest.Key(), URL: "https://desk.example.kz"})
	must(t, err)
	return stage{World: w, Browser: uitest.Open(t, h), service: service}, store
}

const accountsPath = "/desk/people/accounts"

// chosen posts a form with several boxes of one name.
func chosen(b *uitest.Browser, at, path string, form url.Values) *uitest.Page {
	form.Set("form_token", b.Get(at).Attr("input[name=form_token]", "value"))
	return b.Post(path, form)
}

// A new account waits for a second administrator, who sees what it would have, and hands over the link that is shown once.
func TestAccounts_twoAdministrators(t *testing.T) {
	t.Parallel()
	s, store := personnel(t)
	first, second, some, aigul := s.as(t, "desk:first"), s.as(t, "desk:second"), s.as(t, "desk:some"), s.as(t, "desk:aigul")
	s.wants(t, first.Get(accountsPath).Text("main"), "Rights are given by two", "There is no account")
	form := func() url.Values {
		return url.Values{"login": {"aigul"}, "role": {"operator", "supervisor"}, "scope": {"some"}, "region": {"71", "75"}, "reason": {"order 12"}}
	}
	for name, x := range map[string]struct {
		key, value, says string
		status           int
	}{
		"no role": {"role", "", "at least one role", 422}, "a role that is none": {"role", "king", "at least one role", 422}, "no region": {"region", "", "at least one", 422},
		"no name": {"login", "Айгүл", "This is no name", 422}, "no reason": {"reason", " ", "Say why", 422}, "a region that is none": {"region", "7'", "at least one", 422},
	} {
		bad := form()
		if bad.Set(x.key, x.value); x.value == "" {
			bad.Del(x.key)
		}
		got := chosen(first, accountsPath, accountsPath, bad)
		if got.Status != x.status || !strings.Contains(got.Text(`[role="alert"]`), x.says) {
			t.Errorf("%s: %d %s", name, got.Status, got.Text(`[role="alert"]`))
		}
	}
	if got := chosen(some, accountsPath, accountsPath, form()); got.Status != http.StatusForbidden || !strings.Contains(got.Text("h1"), "all regions") {
		t.Errorf("one who sees a region: %d", got.Status)
	}
	at := chosen(first, accountsPath, accountsPath, form()).Header.Get("Location")
	if !strings.HasPrefix(at, "/desk/people/proposals/") {
		t.Fatalf("led to %q", at)
	}
	s.wants(t, second.Get("/desk/approvals").Text("main"), "Accounts and rights")
	own := first.Get(at)
	if own.Has(`form[action="`+at+`/agree"]`) || !own.Has(`form[action="`+at+`/refuse"]`) {
		t.Error("his own proposal is not his own")
	}
	if page := aigul.Get(at); page.Has(`form[action^="` + at + `"]`) {
		t.Error("the owner is asked")
	}
	page := second.Get(at)
	s.wants(t, page.Text("main"), "New account: aigul", "Operator, Supervisor", "Almaty", "order 12", "desk:first")
	for name, b := range map[string]*uitest.Browser{"his own word": first, "the owner": aigul} {
		if got := chosen(b, accountsPath, at+"/agree", url.Values{}); got.Status != http.StatusConflict {
			t.Errorf("%s: %d", name, got.Status)
		}
	}
	done := second.Submit(page, at+"/agree", nil)
	link := done.Text(".inset code")
	if done.Status != http.StatusOK || !strings.HasPrefix(link, "https://desk.example.kz/desk/first/") || !strings.Contains(done.Header.Get("Cache-Control"), "no-store") {
		t.Fatalf("%d %s %s", done.Status, link, done.Header.Get("Cache-Control"))
	}
	if got := second.Submit(page, at+"/agree", nil); got.Status != http.StatusConflict || strings.Contains(got.Body, "/desk/first/") {
		t.Errorf("agreed twice: %d", got.Status)
	}
	if got := s.Another().Get(strings.TrimPrefix(link, "https://desk.example.kz")); got.Status != http.StatusOK {
		t.Errorf("the link: %d", got.Status)
	}
	one := accountsPath + "/aigul"
	s.wants(t, first.Get(one).Text("main"), "Proposal № 1", "added an account", "desk:first, desk:second")
	s.wants(t, s.as(t, "desk:auditor").Get(accountsPath).Text("main"), "aigul", "waits for the first sign-in")

	more := url.Values{"role": {"operator", "finance"}, "scope": {"all"}, "reason": {"order 13"}}
	at = chosen(second, one, one+"/rights", more).Header.Get("Location")
	s.wants(t, first.Get(at).Text("main"), "Finance, Operator")
	if got := chosen(first, one, one+"/rights", more); got.Status != http.StatusConflict {
		t.Errorf("two wait: %d", got.Status)
	}
	if got := first.Submit(first.Get(at), at+"/refuse", map[string]string{"why": "no such order"}); got.Status != http.StatusSeeOther {
		t.Errorf("refused: %d", got.Status)
	}
	fewer := url.Values{"role": {"operator"}, "scope": {"some"}, "region": {"75"}, "reason": {"order 14"}}
	if got := chosen(first, one, one+"/rights", fewer); got.Header.Get("Location") != one {
		t.Errorf("taken away: %d to %s", got.Status, got.Header.Get("Location"))
	}
	if a, err := store.One(t.Context(), "aigul"); err != nil || len(a.Roles) != 1 || len(a.Regions) != 1 {
		t.Errorf("%+v, %v", a, err)
	}
	if got := chosen(first, one, one+"/close", url.Values{"reason": {"has left"}}); got.Status != http.StatusSeeOther {
		t.Errorf("closed: %d", got.Status)
	}
	at = chosen(first, one, one+"/reset", url.Values{"reason": {"is back"}}).Header.Get("Location")
	s.wants(t, second.Get(at).Text("main"), "New way in: aigul", "closed", "new, by a link")
	for _, path := range []string{accountsPath + "/nobody", "/desk/people/proposals/999"} {
		if got := first.Get(path); got.Status != http.StatusNotFound || !got.Has(`a[href="/desk/people/accounts"]`) {
			t.Errorf("%s: %d", path, got.Status)
		}
	}
}

// Where a provider knows the people, they are shown with what it said last, and nothing can be changed here.
func TestAccounts_ofAProvider(t *testing.T) {
	t.Parallel()
	w, err := uitest.NewWorld(t.Context(), testkit.DB(t), testkit.Keys(t))
	must(t, err)
	service, err := app.New(app.Config{Pool: w.Pool, Cases: w.Store, Packs: w.Packs, OpenIIN: w.OpenIIN, Inbox: intake.NewInbox(w.Store, w.Keys, intake.InboxConfig{}), Provider: &readAs})
	must(t, err)
	_, err = w.Pool.Exec(t.Context(), `INSERT INTO desk_sessions (id_hash, actor, roles, regions, way, expires_at) VALUES
		(sha256('a'), 'oidc:aigul', '{operator}', '{75}', 'oidc', now() + interval '1 hour'), (sha256('b'), 'oidc:bolat', '{auditor}', NULL, 'oidc', now() + interval '1 hour'), (sha256('c'), 'desk:x', '{auditor}', NULL, 'account', now() + interval '1 hour');
		DELETE FROM desk_sessions WHERE actor = 'oidc:bolat'`)
	must(t, err)
	who := app.Actor{Name: "oidc:chief", Roles: []app.Role{app.Administrator}}
	v, err := service.Accounts(t.Context(), who)
	must(t, err)
	if v.Local || len(v.Known) != 2 || v.Known[0].Actor != "oidc:aigul" || len(v.Known[0].Roles) != 1 || len(v.Known[0].Regions) != 1 || v.Known[1].Actor != "oidc:bolat" || len(v.Known[1].Roles) != 0 || v.Known[1].Seen.IsZero() {
		t.Errorf("%+v", v)
	}
	if _, err := service.ProposeAccount(t.Context(), who, accounts.Wish{Login: "aigul", Kind: accounts.KindAdd, Rights: accounts.Rights{Roles: []string{"viewer"}}}, "x"); !errors.Is(err, app.ErrNoAccounts) {
		t.Errorf("an account beside the provider's: %v", err)
	}
	if err := service.CloseAccount(t.Context(), who, "aigul", "x"); !errors.Is(err, app.ErrNoAccounts) {
		t.Errorf("closed: %v", err)
	}
}

// A visit that was begun while rights were taken away does not go on with them.
func TestAccounts_aVisitHasNoMoreThanTheAccount(t *testing.T) {
	t.Parallel()
	s, store := personnel(t)
	_, err := store.Add(t.Context(), "aigul", []string{"viewer"}, []string{"75"}, accounts.Act{Actor: "root", Reason: "order 1"})
	must(t, err)
	for name, x := range map[string]struct {
		roles, regions string
		want           error
	}{
		"as the account": {"{viewer}", "{75}", nil}, "another role": {"{viewer,auditor}", "{75}", app.ErrSignedOut}, "another region": {"{viewer}", "{71}", app.ErrSignedOut},
	} {
		_, err := s.Pool.Exec(t.Context(), `DELETE FROM desk_sessions WHERE actor = 'desk:aigul'`)
		must(t, err)
		_, err = s.Pool.Exec(t.Context(), `INSERT INTO desk_sessions (id_hash, actor, roles, regions, way, expires_at) VALUES (sha256('x'), 'desk:aigul', $1, $2, 'account', now() + interval '1 hour')`, x.roles, x.regions)
		must(t, err)
		if _, err := s.service.Who(t.Context(), "x", false); !errors.Is(err, x.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
