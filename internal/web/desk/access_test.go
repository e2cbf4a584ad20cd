package desk_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/desk"
	"robotbailiff/internal/web/ui/uitest"
)

// oneOfEach is a person with each role alone.
func oneOfEach() (people []app.Actor) {
	for _, r := range app.Roles {
		people = append(people, app.Actor{Name: "desk:" + string(r), Roles: []app.Role{r}})
	}
	return people
}

// published reads the table of routes and roles from the page that shows it: who may, by pattern.
func published(t *testing.T, b *uitest.Browser) map[string][]app.Role {
	t.Helper()
	page := b.Get("/desk/access")
	rows, lists := page.All(".matrix tbody tr"), page.All("details ul")
	if page.Status != http.StatusOK || len(rows) == 0 || len(rows) != len(lists) {
		t.Fatalf("the page of access: %d, %d rows, %d lists of routes", page.Status, len(rows), len(lists))
	}
	may := map[string][]app.Role{}
	for i := range rows {
		var who []app.Role
		for k, cell := range page.All(fmt.Sprintf(".matrix tbody tr:nth-child(%d) td", i+1)) {
			if says := uitest.Words(cell); says == "yes" || says == "first word" {
				who = append(who, app.Roles[k])
			}
		}
		for _, li := range page.All(fmt.Sprintf("details ul:nth-of-type(%d) code", i+1)) {
			if pattern := uitest.Words(li); may[pattern] == nil {
				may[pattern] = who
			} else {
				t.Errorf("%s is published twice", pattern)
			}
		}
	}
	return may
}

// ask sends what a route takes: a form with its token, also where a file belongs into it.
func ask(t *testing.T, b *uitest.Browser, pattern, fill, token string) *uitest.Page {
	t.Helper()
	method, path := uitest.Route(pattern, fill)
	switch {
	case method != http.MethodPost:
		return b.Do(method, path, nil, nil)
	case path == "/desk/imports" || path == "/desk/money/report" || path == "/desk/rules":
		var body bytes.Buffer
		parts := multipart.NewWriter(&body)
		must(t, parts.WriteField("form_token", token))
		must(t, parts.Close())
		return b.PostBody(path, parts.FormDataContentType(), &body)
	}
	return b.Post(path, url.Values{"form_token": {token}})
}

// Every route answers every role, and nobody, exactly as the page says on which the table is published.
func TestAccess_everyRouteAndRoleAsPublished(t *testing.T) {
	t.Parallel()
	s := openTillFor(t, oneOfEach())
	h, err := desk.Handler(desk.Config{App: s.service, Key: uitest.Key()})
	must(t, err)
	patterns := uitest.Patterns(t, h)
	may := published(t, s.as(t, "desk:viewer"))
	open := []string{
		"GET /desk/sign-in", "POST /desk/sign-in", "POST /desk/sign-in/account", "GET /desk/sign-in/account", "GET /desk/sign-in/provider", "GET /desk/sign-in/return",
		"GET /desk/first/{link}", "POST /desk/first/{link}", "GET /desk/sign-out", "POST /desk/sign-out", "GET /desk/signed-out", "/desk/",
	}
	for _, p := range patterns {
		if strings.HasPrefix(p, "GET /desk/script/") {
			open = append(open, p) // it is the same for everybody, and named by its content
		}
		if _, ok := may[p]; ok == slices.Contains(open, p) {
			t.Errorf("%s: published %v", p, ok)
		}
	}
	if len(may) != len(patterns)-len(open) {
		t.Errorf("%d routes are published, of %d", len(may), len(patterns))
	}
	for _, role := range append([]app.Role{""}, app.Roles...) {
		t.Run("as "+string(role), func(t *testing.T) {
			b := s.Another()
			b.Lang = "en"
			token := b.Get("/desk/access").Attr("input[name=form_token]", "value")
			if role != "" {
				b = s.as(t, "desk:"+string(role))
				token = b.Get("/desk/access").Attr("input[name=form_token]", "value")
			}
			before, err := s.Counts(t.Context())
			must(t, err)
			for _, pattern := range patterns {
				if slices.Contains(open, pattern) || role == "" && slices.Contains(may[pattern], "") {
					continue
				}
				for _, fill := range []string{s.number(0), "999"} {
					allowed := slices.Contains(may[pattern], role)
					if allowed && !strings.HasPrefix(pattern, "GET ") && (role != app.Auditor || pattern == "POST /desk/me/everywhere") {
						continue // what the acts do is tested with them; that they can be reached is seen below
					}
					got := ask(t, b, pattern, fill, token)
					signIn, denied := got.Has(`form[action="/desk/sign-in"]`), strings.Contains(got.Text("h1"), "You have no right to this")
					switch {
					case role == "" && (!signIn || got.Status != http.StatusForbidden):
						t.Errorf("%s as nobody: %d %s", pattern, got.Status, got.Text("h1"))
					case role != "" && allowed && (signIn || denied || got.Status >= http.StatusInternalServerError):
						t.Errorf("%s as %s: %d %s", pattern, role, got.Status, got.Text("h1"))
					case role != "" && !allowed && (!denied || got.Status != http.StatusForbidden || !got.Has(`a[href="/desk/access"]`)):
						t.Errorf("%s as %s, who has no right: %d %s", pattern, role, got.Status, got.Text("h1"))
					}
				}
			}
			after, err := s.Counts(t.Context())
			must(t, err)
			if before != after {
				t.Errorf("what was refused, or read, has written:\n%s\n---\n%s", before, after)
			}
			if role == "" {
				return
			}
			for _, pattern := range patterns { // what may be done is reached
				if !strings.HasPrefix(pattern, "POST ") || slices.Contains(open, pattern) || !slices.Contains(may[pattern], role) || pattern == "POST /desk/me/everywhere" {
					continue // signing out everywhere is tested by itself
				}
				got := ask(t, b, pattern, caseno.Format(260000999), token)
				if got.Has(`form[action="/desk/sign-in"]`) || strings.Contains(got.Text("h1"), "You have no right to this") || got.Status >= http.StatusInternalServerError {
					t.Errorf("%s as %s: %d %s", pattern, role, got.Status, got.Text("h1"))
				}
			}
		})
	}
}

// The auditor reads every page there is, but for the question before the switch is thrown, and does nothing.
func TestAccess_auditorReadsAllAndChangesNothing(t *testing.T) {
	t.Parallel()
	may := published(t, openTillFor(t, oneOfEach()).as(t, "desk:auditor"))
	for pattern, who := range may {
		reads := strings.HasPrefix(pattern, "GET ") && pattern != "GET /desk/switch/stop"
		own := strings.HasPrefix(pattern, "POST /desk/me/") || strings.HasPrefix(pattern, "POST /desk/cases/views")
		switch pattern {
		case "POST /desk/objections/{number}/{seq}/files", "POST /desk/cases/search", "POST /desk/cases/{number}/unmask", "POST /desk/identities/{batch}/{row}/unmask", "POST /desk/cases/export", "POST /desk/exports/{id}/take",
			"POST /desk/audit/csv", "POST /desk/audit/chain":
			reads = true // by a form, since it is written down who takes a paper, looks for somebody or at somebody, or takes a list
		}
		if slices.Contains(who, app.Auditor) != (reads || own) {
			t.Errorf("%s: %v", pattern, who)
		}
	}
}

// What is shown as the table is what was agreed: a change of it is seen in a review.
func TestAccess_isAsItWas(t *testing.T) {
	t.Parallel()
	s := openTillFor(t, []app.Actor{{Name: "desk:two", Roles: []app.Role{app.Operator, app.Finance}, Regions: []string{"71", "75"}}})
	b := s.as(t, "desk:two")
	for _, l := range []string{"kk", "ru", "en"} {
		testkit.Golden(t, "access."+l+".txt", []byte(b.Get("/desk/access?lang="+l).Outline("main")))
	}
}

// The row of rooms has only those that can be opened.
func TestAccess_roomsAreThoseThatOpen(t *testing.T) {
	t.Parallel()
	s := openTillFor(t, oneOfEach())
	for _, role := range app.Roles {
		b := s.as(t, "desk:"+string(role))
		links := b.Get("/desk/access").All(".rooms nav a")
		if len(links) < 3 {
			t.Errorf("%s has %d rooms", role, len(links))
		}
		for i := range links {
			path := b.Get("/desk/access").Attr(fmt.Sprintf(".rooms nav a:nth-child(%d)", i+1), "href")
			if got := b.Get(path); got.Status != http.StatusOK || !got.Has(`.rooms nav a[aria-current="page"]`) {
				t.Errorf("%s at %s: %d", role, path, got.Status)
			}
		}
	}
	if got := s.as(t, "desk:operator").Get("/desk/access"); got.Has(`.rooms a[href="/desk/money"]`) {
		t.Error("an operator is led to the money")
	}
}
