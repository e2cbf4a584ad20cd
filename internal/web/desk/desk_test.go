package desk_test

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"robotbailiff/engine"
	"robotbailiff/engine/intake"
	"robotbailiff/internal/app/caselist"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/app/objections"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/desk"
	"robotbailiff/internal/web/ui/uitest"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// anybody is two people who may do everything: what roles may is tested by itself.
var anybody = []app.Actor{{Name: "desk:demo", Roles: app.Roles}, {Name: "desk:demo-2", Roles: app.Roles}}

type stage struct {
	*uitest.World
	*uitest.Browser
	service *app.Service
}

func setup(t *testing.T, demo bool) stage {
	t.Helper()
	people := anybody
	if !demo {
		people = nil
	}
	return setupFor(t, people)
}

// setupFor is a desk at which some people may sign in.
func setupFor(t *testing.T, people []app.Actor) stage {
	t.Helper()
	w, err := uitest.NewWorld(t.Context(), testkit.DB(t), testkit.Keys(t))
	must(t, err)
	service, err := app.New(app.Config{Pool: w.Pool, Cases: w.Store, Packs: w.Packs, OpenIIN: w.OpenIIN, Keys: w.Keys, Inbox: intake.NewInbox(w.Store, w.Keys, intake.InboxConfig{}), Objections: objections.New(w.Pool, w.Keys), Lists: caselist.New(w.Pool, w.Keys), DemoSignIn: people != nil, DemoPeople: people})
	must(t, err)
	h, err := desk.Handler(desk.Config{App: service, Key: uitest.Key(), Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	must(t, err)
	return stage{World: w, Browser: uitest.Open(t, h), service: service}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s stage) open(t *testing.T, x uitest.Writ) uitest.Person {
	t.Helper()
	p, err := s.Open(t.Context(), x)
	must(t, err)
	return p
}

func (s stage) signIn(t *testing.T) {
	t.Helper()
	if got := s.Submit(s.Get("/desk/"), "/desk/sign-in", nil); got.Status != http.StatusSeeOther || got.Header.Get("Location") != "/desk/" {
		t.Fatalf("signing in gave %d", got.Status)
	}
}

// as signs one of the people in, in a browser of his own.
func (s stage) as(t *testing.T, name string) *uitest.Browser {
	t.Helper()
	b := s.Another()
	b.Lang = "en"
	if got := b.Submit(b.Get("/desk/access"), "/desk/sign-in", map[string]string{"person": name}); got.Status != http.StatusSeeOther {
		t.Fatalf("%s: %d", name, got.Status)
	}
	return b
}

func (s stage) wants(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("the page does not say %q; it says:\n%.3000s", w, text)
		}
	}
}

// fill makes a small country: eight cases in three regions, one in each state and two more.
func (s stage) fill(t *testing.T) map[string]uitest.Person {
	t.Helper()
	ctx := t.Context()
	people := map[string]uitest.Person{}
	for i, name := range []string{"opened", "notified", "enforcing", "paid", "lifting", "cancelled", "handed_over", "part"} {
		people[name] = s.open(t, uitest.Writ{Region: []string{"75", "71", "10"}[i%3], Amount: int64(10000 + i*1111)})
	}
	id := func(name string) int64 { return people[name].CaseID }
	for _, name := range []string{"notified", "enforcing", "paid", "lifting", "part"} {
		must(t, s.Notify(ctx, id(name)))
	}
	must(t, s.Arrest(ctx, id("enforcing")))
	must(t, s.Arrest(ctx, id("lifting")))
	must(t, s.Pay(ctx, id("paid"), 13333))
	must(t, s.Pay(ctx, id("lifting"), 14444))
	must(t, s.Pay(ctx, id("part"), 777))
	must(t, s.World.Do(ctx, id("cancelled"), engine.ActorCourt, engine.Cancel{Ground: "appeal", Act: "77"}))
	s.Clock.Advance(20 * 24 * time.Hour)
	must(t, s.World.Do(ctx, id("handed_over"), engine.ActorRobot, engine.Tick{}))
	_, err := s.Pool.Exec(ctx, `INSERT INTO payments (source, txn_id, amount, currency, value_date, received_at, refund_due)
VALUES ('gateway', 'x1', 770000, 'KZT', '2026-03-10', '2026-03-10 05:00+00', 0), ('gateway', 'x2', 100000, 'KZT', '2026-03-10', '2026-03-10 05:00+00', 30000)`)
	must(t, err)
	return people
}

// comma writes 12345.67 as 12,345.67.
func comma(s string) string {
	whole, part, _ := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return whole + "." + part
}

func TestCase_showsTheFileAndHidesThePerson(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	p := s.fill(t)["lifting"]
	_, err := s.Pool.Exec(t.Context(), `INSERT INTO notices (case_id, ordinal, channel, kind, language, text_version, params, status, not_before, expires_at, created_at, sent_at)
VALUES ($1, 1, 'sms', 'opening', 'kk', 1, '{}', 'sent', now(), now(), now(), now())`, p.CaseID)
	must(t, err)
	s.signIn(t)
	number := caseno.Format(p.CaseID)
	page := s.Get("/desk/cases/" + number + "?lang=ru")
	if page.Status != http.StatusOK {
		t.Fatalf("status %d", page.Status)
	}
	s.wants(t, page.Text("main"), number, "А.Д.", "******"+p.IIN[8:], "Закон № 261-IV, ст. 10-3", "Арест 1", "снимается", "BTBKZ", "доставляется", "14 444,00 ₸", "arrest_ordered")
	for _, secret := range []string{p.IIN, "Ахметов", "Данияр"} {
		if strings.Contains(page.Body, secret) {
			t.Errorf("the desk shows %q", secret)
		}
	}
	for _, l := range []string{"kk", "ru", "en"} {
		page := s.Get("/desk/cases/" + number + "?lang=" + l)
		if strings.Contains(page.Text(), "<no value>") || page.Status != http.StatusOK {
			t.Errorf("%s: %d", l, page.Status)
		}
	}
}

func TestFind_readsNumbersAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	p := s.open(t, uitest.Writ{})
	s.signIn(t)
	number := caseno.Format(p.CaseID)
	for _, typed := range []string{number, " " + number + " ", strings.ReplaceAll(number, "-", ""), strings.ReplaceAll(number, "-", "–")} {
		if got := s.Submit(s.Get("/desk/"), "/desk/cases/search", map[string]string{"q": typed}).Header.Get("Location"); got != "/desk/cases/"+number {
			t.Errorf("%q leads to %q", typed, got)
		}
	}
	if got := s.Get("/desk/cases/" + caseno.Format(260000777)); got.Status != http.StatusNotFound {
		t.Errorf("a case that does not exist gave %d", got.Status)
	}
}

func TestSignIn_isForTheSandboxOnly(t *testing.T) {
	t.Parallel()
	s := setup(t, false)
	p := s.open(t, uitest.Writ{})
	for _, path := range []string{"/desk/", "/desk/cases/" + caseno.Format(p.CaseID), "/desk/cases"} {
		if got := s.Get(path); got.Status != http.StatusServiceUnavailable || !strings.Contains(s.Get(path+"?lang=en").Text("h1"), "not configured yet") {
			t.Errorf("%s without a way to sign in: %d", path, got.Status)
		}
	}
	form := url.Values{"form_token": {s.Get("/desk/").Attr("input[name=form_token]", "value")}}
	if got := s.Post("/desk/sign-in", form); got.Status == http.StatusSeeOther {
		t.Error("somebody was let in")
	}
}

func TestSignIn_guardsEveryPage(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	p := s.open(t, uitest.Writ{})
	file := "/desk/cases/" + caseno.Format(p.CaseID)
	for _, path := range []string{"/desk/", file, "/desk/cases"} {
		got := s.Get(path)
		if got.Status != http.StatusForbidden || !got.Has(`form[action="/desk/sign-in"]`) || strings.Contains(got.Body, caseno.Format(p.CaseID)+"</h1>") {
			t.Errorf("%s without a visit: %d", path, got.Status)
		}
	}
	if got := s.Submit(s.Get(file), "/desk/sign-in", nil).Header.Get("Location"); got != file {
		t.Errorf("after signing in one is led to %s", got)
	}
	if got := s.Submit(s.Get("/desk/"), "/desk/sign-out", nil).Status; got != http.StatusSeeOther {
		t.Errorf("signing out gave %d", got)
	}
	if got := s.Get("/desk/").Status; got != http.StatusForbidden {
		t.Errorf("after signing out: %d", got)
	}
	if got := s.Submit(s.Get("/desk/"), "/desk/sign-in", map[string]string{"next": "https://evil.example/desk/"}).Header.Get("Location"); got != "/desk/" {
		t.Errorf("sign-in leads away: %s", got)
	}
}

func TestReading_neverWrites(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	p := s.fill(t)["paid"]
	s.signIn(t)
	before, err := s.Counts(t.Context())
	must(t, err)
	for _, path := range []string{"/desk/", "/desk/?region=75", "/desk/cases/" + caseno.Format(p.CaseID), "/desk/cases", "/desk/sign-in", "/desk/sign-out", "/desk/nowhere"} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			if got := s.Browser.Do(method, path, nil, nil); got.Status >= 500 {
				t.Errorf("%s %s: %d", method, path, got.Status)
			}
		}
	}
	after, err := s.Counts(t.Context())
	must(t, err)
	if before != after {
		t.Errorf("reading has written:\n%s\n---\n%s", before, after)
	}
}

func TestPages_areAsTheyWere(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	p := s.fill(t)["lifting"]
	for _, l := range []string{"kk", "ru", "en"} {
		testkit.Golden(t, "signin."+l+".txt", []byte(s.Another().Get("/desk/?lang="+l).Outline("body")))
	}
	s.signIn(t)
	for _, l := range []string{"kk", "ru", "en"} {
		testkit.Golden(t, "today."+l+".txt", []byte(s.Get("/desk/?lang="+l).Outline("body")))
		testkit.Golden(t, "casefile."+l+".txt", []byte(s.Get("/desk/cases/"+caseno.Format(p.CaseID)+"?lang="+l).Outline("body", "details")))
	}
}
