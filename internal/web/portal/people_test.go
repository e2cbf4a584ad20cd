package portal_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine"
	"robotbailiff/engine/intake"
	app "robotbailiff/internal/app/portal"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/oidc"
	"robotbailiff/internal/sandbox/egov"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/portal"
	"robotbailiff/internal/web/ui/uitest"
	"robotbailiff/notify/text"
)

// nobody is a person without a case.
var nobody = uitest.Person{IIN: uitest.IIN(900), Name: "Н Н"}

// withProvider makes a stage with an identity provider beside the portal, which knows all debtors of the stage and nobody else but one.
func withProvider(t *testing.T, change func(*app.Config, *portal.Config)) stage {
	t.Helper()
	mux := http.NewServeMux()
	b := uitest.Open(t, mux)
	s := setupWith(t, testkit.DB(t), func(use *app.Config, pages *portal.Config) {
		keys := testkit.Keys(t)
		use.BlindIIN = func(iin string) []byte { return keys.Blind(intake.BlindIIN, iin) }
		cfg := oidc.Config{
			Room: "portal", ClientID: "portal", ClientSecret: "secret", Redirect: b.URL("/p/signin/return"), Bye: b.URL("/p/"), Wants: []string{"iin"}, Clock: clock.System(), Seal: keys,
		}
		pool := use.Pool
		p, err := egov.New(egov.Config{Host: b.URL(""), Clock: cfg.Clock, Clients: []egov.Client{{
			ID: cfg.ClientID, Secret: cfg.ClientSecret, Redirect: cfg.Redirect, Bye: cfg.Bye, People: func(ctx context.Context) ([]egov.Person, error) { return everybody(ctx, pool, use.OpenIIN) },
		}}})
		must(t, err)
		mux.Handle(egov.Path+"/", p)
		cfg.Issuer = p.Issuer()
		pages.SignIn, err = oidc.New(cfg)
		must(t, err)
		pages.IINClaim = "iin"
		change(use, pages)
	})
	mux.Handle("/", s.handler)
	s.Browser = b
	return s
}

func everybody(ctx context.Context, pool *pgxpool.Pool, open func([]byte) (string, error)) ([]egov.Person, error) {
	rows, err := pool.Query(ctx, `SELECT iin_sealed, name FROM debtors ORDER BY id`)
	if err != nil {
		return nil, err
	}
	people, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (egov.Person, error) {
		var sealed []byte
		var name string
		if err := r.Scan(&sealed, &name); err != nil {
			return egov.Person{}, err
		}
		iin, err := open(sealed)
		return shown(iin, name), err
	})
	return append(people, shown(nobody.IIN, nobody.Name), egov.Person{Subject: "without", Shown: "–"}), err
}

func shown(iin, name string) egov.Person {
	return egov.Person{Subject: subject(iin), Shown: text.Initials(name) + " ········" + iin[8:], Claims: map[string]any{"iin": iin}}
}

func subject(iin string) string { return "s" + iin[8:] }

// path is where a page leads, on this server.
func (s stage) path(t *testing.T, p *uitest.Page) string {
	t.Helper()
	to, ok := strings.CutPrefix(p.Header.Get("Location"), s.URL(""))
	if p.Status != http.StatusSeeOther || !ok && !strings.HasPrefix(to, "/") {
		t.Fatalf("%d leads to %q: %s", p.Status, to, p.Text("main"))
	}
	return to
}

// choose goes to the provider, chooses somebody there and gives the address back to us.
func (s stage) choose(t *testing.T, who string) string {
	t.Helper()
	at := s.Get(s.path(t, s.Get("/p/signin")))
	return s.path(t, s.Submit(at, egov.Path+"/authorize", map[string]string{"person": who}))
}

// signIn signs somebody in.
func (s stage) signIn(t *testing.T, p uitest.Person) {
	t.Helper()
	if got := s.path(t, s.Get(s.choose(t, subject(p.IIN)))); got != "/p/cases" {
		t.Fatalf("the sign-in leads to %s", got)
	}
}

func TestSignIn_showsAllCasesAndOpensEachWithoutTheGate(t *testing.T) {
	t.Parallel()
	s := withProvider(t, func(*app.Config, *portal.Config) {})
	p := s.open(t, uitest.Writ{})
	arrest := s.open(t, uitest.Writ{Debtor: &p, Amount: 7000, Issuer: "Тараз салық басқармасы"})
	ended := s.open(t, uitest.Writ{Debtor: &p, Amount: 500})
	other := s.open(t, uitest.Writ{Name: "Бекова Сауле", Amount: 31337})
	must(t, s.Notify(t.Context(), arrest.CaseID))
	must(t, s.Arrest(t.Context(), arrest.CaseID))
	must(t, s.Pay(t.Context(), ended.CaseID, 500))
	if home := s.Get("/p/"); !home.Has(`main a[href="/p/signin"]`) {
		t.Error("the start page offers no sign-in")
	}
	s.signIn(t, p)
	list := s.Get("/p/cases?lang=ru")
	s.wants(t, list, "Ваши дела", "Открыто 2 дела", "27 155,00 ₸", caseno.Format(p.CaseID), "20 155,00 ₸", "Срок — до 1 апреля", caseno.Format(arrest.CaseID), "Тараз", "На счёте арестована сумма долга", caseno.Format(ended.CaseID), "Долг оплачен, дело закрыто", "Завершено 12 марта 2026")
	for _, secret := range []string{p.IIN, p.Phone, caseno.Format(other.CaseID), "31 337"} {
		if strings.Contains(plain(list.Body), secret) {
			t.Errorf("the list shows %q", secret)
		}
	}
	for _, id := range []int64{ended.CaseID, p.CaseID} {
		got := s.Submit(s.Get("/p/cases"), "/p/cases/open", map[string]string{"number": caseno.Format(id)})
		if s.path(t, got) != "/p/case" {
			t.Fatalf("opening leads to %s", got.Header.Get("Location"))
		}
		page := s.Get("/p/case?lang=ru")
		s.wants(t, page, caseno.Format(id), "Ахметов Данияр Серікұлы")
		if !page.Has(`main a[href="/p/cases"]`) || page.Has(`main a[href="/p/signin"]`) {
			t.Error("the case does not lead back to the list")
		}
	}
	if got := s.path(t, s.Get("/p/signin")); got != "/p/cases" {
		t.Errorf("whoever is signed in is sent to %s", got)
	}
	s.Submit(s.Get("/p/case"), "/p/case/extend", nil)
	s.Submit(s.Get("/p/cases"), "/p/cases/extend", nil)
	if got := s.path(t, s.Submit(s.Get("/p/case"), "/p/case/leave", nil)); got != "/p/signedout" {
		t.Errorf("leaving leads to %s", got)
	}
	out := s.Get("/p/signedout")
	there := strings.TrimPrefix(out.Attr(`main a.button`, "href"), s.URL(""))
	if !strings.HasPrefix(there, egov.Path+"/end?") || strings.Contains(there, "id_token_hint") {
		t.Errorf("the provider is left at %q", there)
	}
	if got := s.path(t, s.Submit(s.Get(there), egov.Path+"/end", nil)); got != "/p/" {
		t.Errorf("the provider sends back to %s", got)
	}
	for _, path := range []string{"/p/cases", "/p/case"} {
		if got := s.Get(path); got.Status != http.StatusForbidden || strings.Contains(got.Body, "Ахметов") {
			t.Errorf("signed out, %s: %d", path, got.Status)
		}
	}
}

// Whoever came by the gate is offered to see the others too; a helper is not.
func TestSignIn_isOfferedToTheDebtorAlone(t *testing.T) {
	t.Parallel()
	s := withProvider(t, func(*app.Config, *portal.Config) {})
	p := s.open(t, uitest.Writ{})
	if gate := s.Get("/p/" + p.Token); !gate.Has(`main a[href="/p/signin"]`) {
		t.Error("the gate offers no sign-in")
	}
	s.enter(t, p)
	if page := s.Get("/p/case"); !page.Has(`main a[href="/p/signin"]`) || page.Has(`main a[href="/p/cases"]`) {
		t.Error("the case offers no sign-in")
	}
	path, code := s.invite(t)
	helper := s
	helper.Browser = s.Another()
	helper.helps(path, code)
	if helper.Get("/p/case").Has(`a[href="/p/signin"]`) {
		t.Error("a helper is offered to sign in")
	}
}

func TestSignIn_isNowhereWithoutAProvider(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	offered := func(path string) {
		if page := s.Get(path); page.Has(`a[href^="/p/signin"]`) || page.Has(`a[href^="/p/cases"]`) || strings.Contains(page.Body, "eGov") {
			t.Errorf("%s offers what there is not", path)
		}
	}
	offered("/p/")
	offered("/p/" + p.Token)
	s.enter(t, p)
	offered("/p/case")
	for _, path := range []string{"/p/signin", "/p/signin/return?code=x&state=y", "/p/signedout", "/p/cases", "/p/cases/open"} {
		if got := s.Get(path); got.Status != http.StatusNotFound {
			t.Errorf("GET %s: %d", path, got.Status)
		}
	}
	token := s.Get("/p/case").Attr(`input[name="form_token"]`, "value")
	for _, path := range []string{"/p/cases/open", "/p/cases/extend", "/p/cases/leave"} {
		if got := s.Post(path, url.Values{"form_token": {token}, "number": {caseno.Format(p.CaseID)}}); got.Status != http.StatusNotFound {
			t.Errorf("POST %s: %d", path, got.Status)
		}
	}
}

// What does not sign anybody in says so calmly, begins no visit and leaves a way.
func TestSignIn_thatFails(t *testing.T) {
	t.Parallel()
	s := withProvider(t, func(*app.Config, *portal.Config) {})
	p := s.open(t, uitest.Writ{})
	theirs := s
	theirs.Browser = s.Another()
	for name, c := range map[string]struct {
		back func() string
		says string
	}{
		"cancelled":           {func() string { return s.choose(t, "") }, "Вы не вошли"},
		"no IIN":              {func() string { return s.choose(t, "without") }, "eGov не сообщил ваш ИИН"},
		"of another browser":  {func() string { return theirs.choose(t, subject(p.IIN)) }, "Войдите ещё раз"},
		"invented":            {func() string { return "/p/signin/return?code=x&state=y" }, "Войдите ещё раз"},
		"nothing":             {func() string { return "/p/signin/return" }, "Войдите ещё раз"},
		"a code of nobody":    {func() string { return s.choose(t, subject(p.IIN)) + "x" }, "eGov сейчас не отвечает"},
		"from another issuer": {func() string { return strings.Replace(s.choose(t, subject(p.IIN)), "iss=", "iss=x", 1) }, "eGov сейчас не отвечает"},
	} {
		back := c.back()
		if name == "a code of nobody" {
			back = strings.Replace(strings.TrimSuffix(back, "x"), "code=", "code=x", 1)
		}
		got := s.Get(back + "&lang=ru")
		if strings.HasSuffix(back, "return") {
			got = s.Get(back + "?lang=ru")
		}
		if got.Status < 400 || got.Text("h1") != c.says || !got.Has(`main a[href="/p/signin"]`) || !got.Has(`main a[href="/p/"]`) {
			t.Errorf("%s: %d %s", name, got.Status, got.Text("main"))
		}
		checkPage(t, got, "ru")
		if got := s.Get("/p/cases"); got.Status != http.StatusForbidden {
			t.Errorf("%s: signed in: %d", name, got.Status)
		}
	}
	var people int
	must(t, s.Pool.QueryRow(t.Context(), `SELECT count(*) FROM portal_people`).Scan(&people))
	if people != 0 {
		t.Errorf("%d visits were begun", people)
	}
	s.signIn(t, p)
	if got := s.path(t, s.Get("/p/signin/return?code=x&state=y")); got != "/p/cases" {
		t.Errorf("the same page once more leads to %s", got)
	}
}

// Whoever signs in on a device on which somebody is signed in already takes the other's place.
func TestSignIn_endsTheOneBefore(t *testing.T) {
	t.Parallel()
	s := withProvider(t, func(*app.Config, *portal.Config) {})
	a, b := s.open(t, uitest.Writ{}), s.open(t, uitest.Writ{})
	s.signIn(t, a)
	s.Submit(s.Get("/p/cases"), "/p/cases/open", nil)
	_, err := s.Pool.Exec(t.Context(), `UPDATE portal_people SET expires_at = now() - interval '1 second'`)
	must(t, err)
	s.signIn(t, b)
	s.wants(t, s.Get("/p/cases"), caseno.Format(b.CaseID))
	if got := s.Get("/p/case"); got.Status != http.StatusForbidden {
		t.Errorf("the case of the one before is open: %d", got.Status)
	}
	var people, visits int
	must(t, s.Pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM portal_people), (SELECT count(*) FROM portal_sessions)`).Scan(&people, &visits))
	if people != 1 || visits != 0 {
		t.Errorf("%d sign-ins and %d visits are left", people, visits)
	}
}

// A case of somebody else, one that does not exist and what is no number are one and the same.
func TestOpenOwn_tellsNothingOfOthers(t *testing.T) {
	t.Parallel()
	s := withProvider(t, func(*app.Config, *portal.Config) {})
	p, other := s.open(t, uitest.Writ{}), s.open(t, uitest.Writ{})
	s.signIn(t, p)
	var said []string
	for _, number := range []string{caseno.Format(other.CaseID), caseno.Format(260_777_777), "x", "", other.Token} {
		page := s.Get("/p/cases?lang=ru")
		got := s.Submit(page, "/p/cases/open", map[string]string{"number": number})
		if got.Status != http.StatusNotFound || got.Header.Get("Set-Cookie") != "" {
			t.Errorf("%q: %d", number, got.Status)
		}
		said = append(said, got.Text("body"))
	}
	for _, s := range said {
		if diff := cmp.Diff(said[0], s); diff != "" {
			t.Error(diff)
		}
	}
	var kept int
	must(t, s.Pool.QueryRow(t.Context(), `SELECT count(*) FROM signed_visits`).Scan(&kept))
	if kept != 0 {
		t.Errorf("%d visits were kept", kept)
	}
}

// Looking at any of the pages writes nothing, nor does HEAD on the way back.
func TestSignIn_readingNeverWrites(t *testing.T) {
	t.Parallel()
	s := withProvider(t, func(*app.Config, *portal.Config) {})
	p := s.open(t, uitest.Writ{})
	s.signIn(t, p)
	out := s
	out.Browser = s.Another()
	back := out.choose(t, subject(p.IIN))
	before, err := s.Counts(t.Context())
	must(t, err)
	for _, path := range []string{"/p/", "/p/signin", "/p/signin/return", "/p/signin/return?code=x&state=x", "/p/signedout", "/p/cases", "/p/cases?after=x", "/p/cases/open", "/p/cases/extend", "/p/cases/leave"} {
		for _, b := range []*uitest.Browser{s.Browser, s.Another()} {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				if got := b.Do(method, path, nil, nil); got.Status >= 500 {
					t.Errorf("%s %s: %d", method, path, got.Status)
				}
			}
		}
	}
	if got := out.Browser.Do(http.MethodHead, back, nil, nil); got.Header.Get("Set-Cookie") != "" && strings.Contains(got.Header.Get("Set-Cookie"), "person") {
		t.Error("HEAD signs in")
	}
	after, err := s.Counts(t.Context())
	must(t, err)
	if before != after {
		t.Errorf("reading has written:\n%s\n---\n%s", before, after)
	}
	if got := out.path(t, out.Get(back)); got != "/p/cases" {
		t.Errorf("after a HEAD the way back leads to %s", got)
	}
}

// A window of one case does not act on another that was opened in a second window: nothing is paid, refused, said or handed in for it.
func TestForms_actOnTheirOwnCase(t *testing.T) {
	t.Parallel()
	s := withProvider(t, func(*app.Config, *portal.Config) {})
	p := s.open(t, uitest.Writ{})
	second := s.open(t, uitest.Writ{Debtor: &p, Amount: 7000})
	s.signIn(t, p)
	opens := func(id int64) {
		t.Helper()
		s.path(t, s.Submit(s.Get("/p/cases"), "/p/cases/open", map[string]string{"number": caseno.Format(id)}))
	}
	opens(p.CaseID)
	s.path(t, s.Submit(s.Get("/p/case/object/not_me"), "/p/case/object/not_me", map[string]string{"words": "не я"}))
	pay, refuse, words, paper := s.Get("/p/case/pay"), s.Get("/p/case/refuse"), s.Get("/p/case/object/not_me"), s.Get("/p/case/object/not_me/files")
	opens(second.CaseID)
	before, err := s.Counts(t.Context())
	must(t, err)
	for what, got := range map[string]*uitest.Page{
		"paying": s.Submit(pay, "/p/case/pay", map[string]string{"sum": "100", "till": "alpha"}), "refusing": s.Submit(refuse, "/p/case/refuse", nil),
		"saying": s.Submit(words, "/p/case/object/not_me", map[string]string{"words": "это не я"}), "handing in": s.Upload(paper, "/p/case/object/not_me/files", nil, "a.png", []byte("x")),
	} {
		if got.Status != http.StatusConflict || got.Attr("main a.button", "href") != "/p/case" {
			t.Errorf("%s for another case: %d %s", what, got.Status, got.Text("main"))
		}
	}
	after, err := s.Counts(t.Context())
	must(t, err)
	if before != after || len(s.tills["alpha"].begun) != 0 {
		t.Errorf("something was done:\n%s\n---\n%s", before, after)
	}
	opens(p.CaseID) // the same case once more, by another visit: its window goes on
	if got := s.Submit(pay, "/p/case/pay", map[string]string{"sum": "100", "till": "alpha"}); got.Status != http.StatusSeeOther {
		t.Errorf("paying for the case of the page: %d", got.Status)
	}
	opens(second.CaseID)
	if got := s.path(t, s.Submit(pay, "/p/case/leave", nil)); got != "/p/signedout" {
		t.Errorf("leaving from the old window leads to %s", got)
	}
}

// The pages in every language, as a reader goes through them.
func TestOwnPages_areAsTheyWere(t *testing.T) {
	t.Parallel()
	s := withProvider(t, func(_ *app.Config, pages *portal.Config) { pages.GateTries = 1 << 30 })
	p := s.open(t, uitest.Writ{})
	second := s.open(t, uitest.Writ{Debtor: &p, Amount: 7000})
	third := s.open(t, uitest.Writ{Debtor: &p, Amount: 500})
	fourth := s.open(t, uitest.Writ{Debtor: &p, Amount: 900})
	must(t, s.Notify(t.Context(), second.CaseID))
	must(t, s.Pay(t.Context(), third.CaseID, 500))
	must(t, s.World.Do(t.Context(), fourth.CaseID, engine.ActorCourt, engine.Cancel{Act: "1", Ground: "annulled"}))
	for _, lang := range i18n.DebtorLangs {
		l := string(lang)
		in := s
		keep := func(name string, page *uitest.Page) {
			checkPage(t, page, l)
			testkit.Golden(t, "mine/"+name+"."+l+".txt", []byte(page.Outline("main")))
		}
		in.Browser = s.Another()
		keep("start", in.Get("/p/?lang="+l))
		in.signIn(t, p)
		keep("cases", in.Get("/p/cases"))
		in.Browser = s.Another()
		in.Get("/p/?lang=" + l)
		in.signIn(t, nobody)
		keep("none", in.Get("/p/cases"))
		keep("out", in.Get("/p/signedout"))
		in.Browser = s.Another()
		in.Get("/p/?lang=" + l)
		keep("over", in.Get("/p/cases"))
		keep("again", in.Get("/p/signin/return"))
		keep("denied", in.Get(in.choose(t, "")))
		keep("unknown", in.Get(in.choose(t, "without")))
	}
}

// While the provider is away the portal says so, and everything else works.
func TestSignIn_whileTheProviderIsAway(t *testing.T) {
	t.Parallel()
	s := withProvider(t, func(_ *app.Config, pages *portal.Config) {
		var err error
		pages.SignIn, err = oidc.New(oidc.Config{Room: "portal", Issuer: "http://127.0.0.1:1", ClientID: "portal", Redirect: "http://127.0.0.1:1/p/signin/return", Clock: clock.System(), Seal: testkit.Keys(t)})
		must(t, err)
	})
	p := s.open(t, uitest.Writ{})
	for _, lang := range i18n.DebtorLangs {
		got := s.Get("/p/signin?lang=" + string(lang))
		if got.Status != http.StatusBadGateway {
			t.Errorf("%d", got.Status)
		}
		checkPage(t, got, string(lang))
		testkit.Golden(t, "mine/away."+string(lang)+".txt", []byte(got.Outline("main")))
	}
	if got := s.Get("/p/signedout"); got.Status != http.StatusOK || got.Has("main a.button") {
		t.Errorf("signing out: %d %s", got.Status, got.Text("main"))
	}
	s.enter(t, p)
}
