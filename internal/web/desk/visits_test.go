package desk_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/web/ui/uitest"
)

const sessionName = "rb_desk"

// cookie is what an answer sets.
func cookie(p *uitest.Page) string {
	for _, c := range (&http.Response{Header: p.Header}).Cookies() {
		if c.Name == sessionName {
			return c.Value
		}
	}
	return ""
}

// withCookie asks as a browser that has a session which it was not given, or has no more.
func (s stage) withCookie(path, session string) *uitest.Page {
	return s.Another().Do(http.MethodGet, path, nil, map[string]string{"Cookie": sessionName + "=" + session, "Accept-Language": "en"})
}

func (s stage) sessions(t *testing.T) string {
	t.Helper()
	return s.one(t, `SELECT count(*)::text FROM desk_sessions`)
}

// A session that somebody has slipped into a browser is never the one that a sign-in begins, and the one before ends.
func TestVisit_isNewAtEachSignIn(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	slipped := strings.Repeat("A", 43)
	b := s.Another()
	page := b.Get("/desk/")
	form := url.Values{"form_token": {page.Attr("input[name=form_token]", "value")}, "person": {"desk:demo"}}
	got := b.Do(http.MethodPost, "/desk/sign-in", form, map[string]string{"Cookie": sessionName + "=" + slipped + "; rb_form=" + formCookie(page)})
	first := cookie(got)
	if got.Status != http.StatusSeeOther || first == "" || first == slipped {
		t.Fatalf("%d, the session is %q", got.Status, first)
	}
	if got := s.withCookie("/desk/", slipped); got.Status != http.StatusForbidden {
		t.Errorf("the slipped session opens the desk: %d", got.Status)
	}
	if s.withCookie("/desk/", first).Status != http.StatusOK {
		t.Fatal("the new session does not open the desk")
	}
	again := s.Another()
	page = again.Get("/desk/")
	form.Set("form_token", page.Attr("input[name=form_token]", "value"))
	got = again.Do(http.MethodPost, "/desk/sign-in", form, map[string]string{"Cookie": sessionName + "=" + first + "; rb_form=" + formCookie(page)})
	if second := cookie(got); got.Status != http.StatusSeeOther || second == first || s.withCookie("/desk/", first).Status != http.StatusForbidden || s.withCookie("/desk/", second).Status != http.StatusOK {
		t.Errorf("signing in once more: %d, and the former session lives", got.Status)
	}
	if raw := s.one(t, `SELECT string_agg(encode(id_hash, 'escape') || actor, ' ') FROM desk_sessions`); strings.Contains(raw, first) {
		t.Error("the secret itself is stored")
	}
	if len(first) != 43 {
		t.Errorf("a secret of %d characters is not 256 bits", len(first))
	}
}

// formCookie is the cookie of the form token that a page has set.
func formCookie(p *uitest.Page) string {
	for _, c := range (&http.Response{Header: p.Header}).Cookies() {
		if c.Name == "rb_form" {
			return c.Value
		}
	}
	return ""
}

// What was signed out, is idle, or is older than a working day opens nothing, and is used no more.
func TestVisit_ends(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	in := func() (*uitest.Browser, string) {
		b := s.Another()
		got := b.Submit(b.Get("/desk/"), "/desk/sign-in", nil)
		return b, cookie(got)
	}
	b, session := in()
	if got := b.Submit(b.Get("/desk/me"), "/desk/sign-out", nil); got.Status != http.StatusSeeOther || cookie(got) != "" {
		t.Errorf("sign-out: %d", got.Status)
	}
	if got := s.withCookie("/desk/", session); got.Status != http.StatusForbidden {
		t.Errorf("reuse after sign-out: %d", got.Status)
	}
	for name, sql := range map[string]string{
		"idle": `UPDATE desk_sessions SET started_at = started_at - interval '1 hour', expires_at = expires_at - interval '1 hour', seen_at = now() - interval '15 minutes 1 second'`,
		"old":  `UPDATE desk_sessions SET started_at = started_at - interval '8 hours 1 second', expires_at = expires_at - interval '8 hours 1 second'`,
	} {
		_, session := in()
		if got := s.withCookie("/desk/", session); got.Status != http.StatusOK {
			t.Fatalf("%s: %d", name, got.Status)
		}
		_, err := s.Pool.Exec(t.Context(), sql)
		must(t, err)
		if got := s.withCookie("/desk/", session); got.Status != http.StatusForbidden {
			t.Errorf("%s: %d", name, got.Status)
		}
	}
	b, _ = in() // the next sign-in sweeps
	if n := s.sessions(t); n != "1" {
		t.Errorf("%s visits are kept", n)
	}
	_, err := s.Pool.Exec(t.Context(), `UPDATE desk_sessions SET started_at = started_at - interval '1 hour', expires_at = expires_at - interval '1 hour', seen_at = now() - interval '10 minutes'`)
	must(t, err)
	b.Do(http.MethodGet, "/desk/", nil, map[string]string{"Accept": "text/event-stream"})
	if s.one(t, `SELECT (seen_at < now() - interval '9 minutes')::text FROM desk_sessions`) != "true" {
		t.Error("what asks by itself prolongs a visit")
	}
	b.Get("/desk/")
	if s.one(t, `SELECT (seen_at < now() - interval '9 minutes')::text FROM desk_sessions`) != "false" {
		t.Error("a person who works is signed out")
	}
}

// One sees one's own visits and ends them, one or all; those of others only an administrator.
func TestVisits_areListedAndRevoked(t *testing.T) {
	t.Parallel()
	s := setupFor(t, app.DemoActors)
	first, second, other := s.as(t, "desk:demo"), s.as(t, "desk:demo"), s.as(t, "desk:demo-2")
	page := first.Get("/desk/me")
	if rows := page.All("tbody tr"); len(rows) != 2 || !strings.Contains(page.Text("tbody tr.on"), "this browser") || strings.Contains(page.Text("main"), "desk:demo-2") {
		t.Fatalf("%d visits: %s", len(rows), page.Text("main"))
	}
	theirs := s.one(t, `SELECT id::text FROM desk_sessions WHERE actor = 'desk:demo-2'`)
	if got := first.Submit(page, "/desk/me/end", map[string]string{"visit": theirs}); got.Status != http.StatusNotFound {
		t.Errorf("the visit of another: %d", got.Status)
	}
	if got := first.Get("/desk/people"); got.Status != http.StatusForbidden {
		t.Errorf("an operator sees everybody: %d", got.Status)
	}
	mine := page.Attr("tbody tr:not(.on) input[name=visit]", "value")
	if got := first.Submit(page, "/desk/me/end", map[string]string{"visit": mine}); got.Status != http.StatusSeeOther {
		t.Errorf("my other visit: %d", got.Status)
	}
	if got := second.Get("/desk/"); got.Status != http.StatusForbidden {
		t.Errorf("a visit that was ended: %d", got.Status)
	}
	second = s.as(t, "desk:demo")
	if got := first.Submit(first.Get("/desk/me"), "/desk/me/everywhere", nil); got.Header.Get("Location") != "/desk/signed-out" {
		t.Errorf("everywhere: %d", got.Status)
	}
	for _, b := range []*uitest.Browser{first, second} {
		if got := b.Get("/desk/"); got.Status != http.StatusForbidden {
			t.Errorf("after signing out everywhere: %d", got.Status)
		}
	}
	admin, auditor := s.as(t, "desk:demo-administrator"), s.as(t, "desk:demo-auditor")
	if got := auditor.Get("/desk/people"); got.Status != http.StatusOK || got.Has(`form[action="/desk/people/end"]`) || !strings.Contains(got.Text("main"), "desk:demo-2") {
		t.Errorf("the auditor: %d", got.Status)
	}
	s.wants(t, admin.Get("/desk/people").Text("main"), "desk:demo-2", "Operator", "this browser")
	if got := admin.Submit(admin.Get("/desk/people"), "/desk/people/end", map[string]string{"visit": theirs}); got.Status != http.StatusSeeOther {
		t.Errorf("the administrator: %d", got.Status)
	}
	if got := other.Get("/desk/"); got.Status != http.StatusForbidden {
		t.Errorf("a visit that the administrator has ended: %d", got.Status)
	}
}

// The second word for a batch that waits is a supervisor's, whoever has said the first.
func TestAccess_theSecondWordIsASupervisors(t *testing.T) {
	t.Parallel()
	s := setupFor(t, app.DemoActors)
	s.waitingBatch(t)
	release := func(who string) *uitest.Page {
		b := s.as(t, who)
		return b.Submit(b.Get("/desk/imports/1"), "/desk/imports/1/release", map[string]string{"reason": "asked"})
	}
	if got := release("desk:demo"); got.Status != http.StatusSeeOther {
		t.Fatalf("the first word: %d", got.Status)
	}
	if got := release("desk:demo-2"); got.Status != http.StatusForbidden || !strings.Contains(got.Text("h1"), "supervisor") {
		t.Errorf("another operator: %d %s", got.Status, got.Text("h1"))
	}
	if got := release("desk:demo-supervisor"); got.Status != http.StatusSeeOther {
		t.Errorf("the supervisor: %d %s", got.Status, got.Text("h1"))
	}
}
