package desk_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/oauth2-proxy/mockoidc"

	"robotbailiff/engine/intake"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/oidc"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/testkit/peertest"
	"robotbailiff/internal/web/desk"
	"robotbailiff/internal/web/ui/uitest"
)

// readAs is how these tests read a provider.
var readAs = app.ProviderRules{Roles: "groups", Of: map[string]app.Role{"ops": app.Operator}, Regions: "regions", AMR: []string{"mfa"}}

// door is a desk whose people a provider knows.
type door struct {
	stage
	server *httptest.Server
	client *http.Client // a browser that walks through both, and keeps cookies of both
}

// openDoor opens a desk at a provider, which is started once the desk's address is known.
func openDoor(t *testing.T, provider func(base string) oidc.Config) door {
	t.Helper()
	w, err := uitest.NewWorld(t.Context(), testkit.DB(t), testkit.Keys(t))
	must(t, err)
	var h http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	cfg := provider(server.URL)
	cfg.Room, cfg.Redirect, cfg.Bye, cfg.Wants, cfg.Seal = "desk", server.URL+"/desk/sign-in/return", server.URL+"/desk/signed-out", []string{"groups", "regions"}, w.Keys
	party, err := oidc.New(cfg)
	must(t, err)
	service, err := app.New(app.Config{Pool: w.Pool, Cases: w.Store, Packs: w.Packs, OpenIIN: w.OpenIIN, Inbox: intake.NewInbox(w.Store, w.Keys, intake.InboxConfig{}), Provider: &readAs})
	must(t, err)
	h, err = desk.Handler(desk.Config{App: service, Key: uitest.Key(), Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Provider: party})
	must(t, err)
	d := door{stage: stage{World: w, Browser: uitest.Visit(t, server), service: service}, server: server}
	d.client = d.browser(t)
	return d
}

func (d door) browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	must(t, err)
	return &http.Client{Jar: jar}
}

// read gives what an answer says.
func read(t *testing.T, resp *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	must(t, err)
	must(t, resp.Body.Close())
	return string(body)
}

// signIn goes to the provider and says there who one is; it gives the page at which that ends.
func (d door) signInAs(t *testing.T, b *http.Client, who, next string) (*http.Response, string) {
	t.Helper()
	resp, err := b.Get(d.server.URL + "/desk/sign-in/provider?lang=en&next=" + url.QueryEscape(next))
	must(t, err)
	if who != "" {
		_ = read(t, resp)
		resp, err = b.Get(resp.Request.URL.String() + "?as=" + who)
		must(t, err)
	}
	return resp, read(t, resp)
}

// nodeProvider is the certified provider of the npm package oidc-provider.
func nodeProvider(t *testing.T, base string) (issuer string) {
	t.Helper()
	return peertest.NodeServer(t, "oidc-provider", "provider.mjs", "REDIRECT="+base+"/desk/sign-in/return", "BYE="+base+"/desk/signed-out")
}

var (
	endAction = regexp.MustCompile(`action="([^"]+)"`)
	endToken  = regexp.MustCompile(`name="xsrf" value="([^"]+)"`)
	endLink   = regexp.MustCompile(`class="button" href="([^"]+)"`)
)

func TestProvider_certifiedOneLetsPeopleIn(t *testing.T) {
	t.Parallel()
	d := openDoor(t, func(base string) oidc.Config {
		return oidc.Config{Issuer: nodeProvider(t, base), ClientID: "bailiff-desk", ClientSecret: "a secret of the test: not one of a client", Scopes: []string{"profile"}, Clock: clock.System()}
	})
	resp, page := d.signInAs(t, d.client, "aigul-mfa", "/desk/access")
	if resp.StatusCode != http.StatusOK || resp.Request.URL.Path != "/desk/access" || !strings.Contains(page, "oidc:aigul-mfa") || !strings.Contains(page, "<b>Operator</b>") || !strings.Contains(page, "Almaty") {
		t.Fatalf("%d at %s: %.2000s", resp.StatusCode, resp.Request.URL, page)
	}
	for who, says := range map[string]string{"daulet": "No second factor was shown", "bolat-mfa": "This account has no role", "nobody": "The sign-in was not allowed"} {
		b := d.browser(t)
		resp, page := d.signInAs(t, b, who, "/desk/")
		if resp.StatusCode != http.StatusForbidden || !strings.Contains(page, says) {
			t.Errorf("%s: %d: %.2000s", who, resp.StatusCode, page)
		}
		if resp, err := b.Get(d.server.URL + "/desk/"); err != nil || resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s is inside: %v", who, err)
		}
	}

	// what another browser has begun is not finished here: nobody is signed in as somebody else
	b := d.browser(t)
	stay := &http.Client{Jar: b.Jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.Contains(r.URL.Path, "/sign-in/return") {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	resp, err := stay.Get(d.server.URL + "/desk/sign-in/provider")
	must(t, err)
	_ = read(t, resp)
	resp, err = stay.Get(resp.Request.URL.String() + "?as=aigul-mfa")
	must(t, err)
	_ = read(t, resp)
	theirs := resp.Header.Get("Location")
	if !strings.Contains(theirs, "code=") {
		t.Fatalf("no answer to send: %q", theirs)
	}
	victim := d.browser(t)
	if resp, err := victim.Get(theirs); err != nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("another's answer signs this browser in: %v", err)
	}
	if resp, err := b.Get(theirs); err != nil || resp.Request.URL.Path != "/desk/" || resp.StatusCode != http.StatusOK {
		t.Errorf("one's own answer: %v, %d at %s", err, resp.StatusCode, resp.Request.URL.Path)
	}
	if resp, err := b.Get(theirs); err != nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("the same answer again: %v", err)
	}
	d.signsOut(t)
}

// signsOut leaves the desk, and the provider too.
func (d door) signsOut(t *testing.T) {
	t.Helper()
	resp, err := d.client.Get(d.server.URL + "/desk/me")
	must(t, err)
	token := regexp.MustCompile(`name="form_token" value="([^"]+)"`).FindStringSubmatch(read(t, resp))
	resp, err = d.client.PostForm(d.server.URL+"/desk/sign-out", url.Values{"form_token": {token[1]}})
	must(t, err)
	page := read(t, resp)
	link := endLink.FindStringSubmatch(page)
	if resp.Request.URL.Path != "/desk/signed-out" || link == nil {
		t.Fatalf("signing out ends at %s: %.2000s", resp.Request.URL, page)
	}
	if resp, err := d.client.Get(d.server.URL + "/desk/"); err != nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("signed out, and yet inside: %v", err)
	}
	resp, err = d.client.Get(strings.ReplaceAll(link[1], "&amp;", "&"))
	must(t, err)
	page = read(t, resp)
	to, xsrf := endAction.FindStringSubmatch(page), endToken.FindStringSubmatch(page)
	if to == nil || xsrf == nil {
		t.Fatalf("the provider does not ask: %.2000s", page)
	}
	resp, err = d.client.PostForm(to[1], url.Values{"xsrf": {xsrf[1]}, "logout": {"yes"}})
	must(t, err)
	if _ = read(t, resp); resp.Request.URL.Path != "/desk/signed-out" {
		t.Errorf("the provider leads to %s", resp.Request.URL)
	}
	resp, page = d.signInAs(t, d.client, "", "/desk/")
	if page != "Who are you?" {
		t.Errorf("signed out at the provider, and yet let in: %d %.200s", resp.StatusCode, page)
	}
}

// clerk is a person of mockoidc.
type clerk struct {
	mockoidc.MockUser
	factors []string
}

func (c *clerk) Claims(_ []string, base *mockoidc.IDTokenClaims) (jwt.Claims, error) {
	return struct {
		*mockoidc.IDTokenClaims
		Groups  []string `json:"groups"`
		AMR     []string `json:"amr"`
		Regions []string `json:"regions"`
	}{base, c.Groups, c.factors, []string{"all"}}, nil
}

// mockoidc is a provider in Go that is written by others.
func TestProvider_anotherOneLetsPeopleIn(t *testing.T) {
	t.Parallel()
	m, err := mockoidc.Run()
	must(t, err)
	t.Cleanup(func() { must(t, m.Shutdown()) })
	now := clock.NewManual(time.Now())
	d := openDoor(t, func(string) oidc.Config {
		return oidc.Config{Issuer: m.Issuer(), ClientID: m.ClientID, ClientSecret: m.ClientSecret, Scopes: []string{"groups"}, Clock: now}
	})
	come := func(who *clerk) (*http.Response, string) {
		m.QueueUser(who)
		return d.signInAs(t, d.browser(t), "", "/desk/me")
	}
	resp, page := come(&clerk{mockoidc.MockUser{Subject: "7", Groups: []string{"ops"}}, []string{"mfa"}})
	if resp.StatusCode != http.StatusOK || resp.Request.URL.Path != "/desk/me" || !strings.Contains(page, "oidc:7") {
		t.Errorf("%d at %s", resp.StatusCode, resp.Request.URL)
	}
	if resp, page := come(&clerk{mockoidc.MockUser{Subject: "8", Groups: []string{"ops"}}, []string{"pwd"}}); resp.StatusCode != http.StatusForbidden || !strings.Contains(page, "No second factor") {
		t.Errorf("one factor: %d", resp.StatusCode)
	}
	m.QueueError(&mockoidc.ServerError{Code: http.StatusInternalServerError, Error: mockoidc.InternalServerError})
	b := d.browser(t)
	if resp, _ := d.signInAs(t, b, "", "/desk/"); resp.StatusCode < http.StatusInternalServerError {
		t.Errorf("a provider with a fault: %d", resp.StatusCode)
	}
	if resp, err := b.Get(d.server.URL + "/desk/"); err != nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("a provider with a fault lets somebody in: %v", err)
	}
}

// What is no answer of the provider to this browser opens nothing, and says so on the sign-in page.
func TestProvider_strayAnswersOpenNothing(t *testing.T) {
	t.Parallel()
	d := openDoor(t, func(string) oidc.Config {
		return oidc.Config{Issuer: "http://127.0.0.1:9", ClientID: "x", Clock: clock.System()}
	})
	for _, query := range []string{"", "?code=a&state=b", "?error=access_denied&state=b"} {
		got := d.Get("/desk/sign-in/return" + query)
		if got.Status != http.StatusForbidden || !got.Has(`[role="alert"]`) || !got.Has(`a[href^="/desk/sign-in/provider"]`) {
			t.Errorf("%q: %d", query, got.Status)
		}
	}
	if got := d.Get("/desk/sign-in/provider?next=https://evil.example/desk/"); got.Status != http.StatusBadGateway || strings.Contains(got.Attr("main a.button", "href"), "evil") {
		t.Errorf("a provider that is away: %d", got.Status)
	}
	if got := d.Get("/desk/"); got.Status != http.StatusForbidden || got.Has(`form[action="/desk/sign-in"]`) || got.Has(`form[action="/desk/sign-in/account"]`) {
		t.Errorf("the sign-in page shows another way: %d", got.Status)
	}
	if _, err := desk.Handler(desk.Config{App: d.service, Key: uitest.Key()}); err == nil {
		t.Error("a desk without its provider was opened")
	}
}
