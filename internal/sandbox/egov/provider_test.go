package egov_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/oidc"
	"robotbailiff/internal/sandbox/egov"
	"robotbailiff/internal/testkit"
)

const (
	redirect = "http://127.0.0.1:9/p/signin/return"
	bye      = "http://127.0.0.1:9/p/"
	secret   = "a secret: with signs"
)

type stage struct {
	t     *testing.T
	clock *clock.Manual
	host  string
	party *oidc.Party
	jar   *http.Client

	inside *oidc.Party // asks without a network
}

func setup(t *testing.T) stage {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s := stage{t: t, clock: clock.NewManual(time.Date(2026, time.March, 2, 4, 0, 0, 0, time.UTC)), host: server.URL}
	people := func(context.Context) ([]egov.Person, error) {
		return []egov.Person{{Subject: "s1", Shown: "А. Д. ········0014", Claims: map[string]any{"iin": "870212300014"}}, {Subject: "s2", Shown: "Б. С. ········0022", Claims: map[string]any{"iin": "870212300022"}}}, nil
	}
	p, err := egov.New(egov.Config{Host: server.URL, Clock: s.clock, Clients: []egov.Client{{ID: "portal", Secret: secret, Redirect: redirect, Bye: bye, People: people}}})
	must(t, err)
	mux.Handle(egov.Path+"/", p)
	cfg := oidc.Config{Room: "portal", Issuer: p.Issuer(), ClientID: "portal", ClientSecret: secret, Redirect: redirect, Bye: bye, Clock: s.clock, Seal: testkit.Keys(t)}
	s.party, err = oidc.New(cfg)
	must(t, err)
	cfg.Transport = p
	s.inside, err = oidc.New(cfg)
	must(t, err)
	s.jar = browser(t)
	return s
}

// browser stops where the provider leads back to us.
func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	must(t, err)
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)

// read gives a page and what its form sends.
func (s stage) read(address string) (string, url.Values) {
	s.t.Helper()
	resp, err := s.jar.Get(address)
	must(s.t, err)
	body, err := io.ReadAll(resp.Body)
	must(s.t, err)
	must(s.t, resp.Body.Close())
	form := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(strings.ReplaceAll(string(body), "&#43;", "+"), -1) {
		form.Add(m[1], m[2])
	}
	return string(body), form
}

// send sends a form and gives where it leads.
func (s stage) send(path string, form url.Values) *url.URL {
	s.t.Helper()
	resp, err := s.jar.PostForm(s.host+egov.Path+path, form)
	must(s.t, err)
	must(s.t, resp.Body.Close())
	if resp.StatusCode != http.StatusSeeOther {
		s.t.Fatalf("status %d", resp.StatusCode)
	}
	u, err := url.Parse(resp.Header.Get("Location"))
	must(s.t, err)
	return u
}

func (s stage) come(person string) (oidc.Departure, url.Values) {
	s.t.Helper()
	d, err := s.party.Begin(s.t.Context(), oidc.Ask{})
	must(s.t, err)
	_, form := s.read(d.URL)
	form.Set("person", person)
	back := s.send("/authorize", form)
	if !strings.HasPrefix(back.String(), redirect+"?") {
		s.t.Fatalf("leads to %s", back)
	}
	return d, back.Query()
}

func TestProvider_signsInWhoIsChosen(t *testing.T) {
	t.Parallel()
	for _, inside := range []bool{false, true} {
		s := setup(t)
		if inside {
			s.party = s.inside
		}
		signsIn(t, s)
	}
}

func signsIn(t *testing.T, s stage) {
	t.Helper()
	d, answer := s.come("s2")
	who, err := s.party.Finish(t.Context(), d.Cookie, answer)
	must(t, err)
	if who.Subject != "s2" || who.Text("iin") != "870212300022" || who.At.IsZero() {
		t.Errorf("%q %q %v", who.Subject, who.Text("iin"), who.At)
	}
	if _, err := s.party.Finish(t.Context(), d.Cookie, answer); !errors.Is(err, oidc.ErrAnswer) || !strings.Contains(err.Error(), "invalid_grant") {
		t.Errorf("the code is good twice: %v", err)
	}
	d, err = s.party.Begin(t.Context(), oidc.Ask{})
	must(t, err)
	body, _ := s.read(d.URL)
	if strings.Count(body, `value="s2"`) != 2 || strings.Count(body, `value="s1"`) != 1 {
		t.Errorf("it does not know who is here: %s", body)
	}
	for _, number := range []string{"870212300014", "870212300022"} {
		if strings.Contains(body, number) {
			t.Error("the page shows an IIN")
		}
	}
}

func TestProvider_endsItsSession(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.come("s1")
	address, err := s.party.Goodbye(t.Context(), "")
	must(t, err)
	_, form := s.read(address) // and reading changes nothing
	d, err := s.party.Begin(t.Context(), oidc.Ask{})
	must(t, err)
	if body, _ := s.read(d.URL); strings.Count(body, `value="s1"`) != 2 {
		t.Error("reading has signed out")
	}
	if got := s.send("/end", form).String(); got != bye {
		t.Errorf("leads to %s", got)
	}
	if body, _ := s.read(d.URL); strings.Count(body, `value="s1"`) != 1 {
		t.Error("it still knows who is here")
	}
	form.Set("post_logout_redirect_uri", "https://evil.example/")
	resp, err := s.jar.PostForm(s.host+egov.Path+"/end", form)
	must(t, err)
	must(t, resp.Body.Close())
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Location") != "" {
		t.Errorf("it leads to whoever asks: %d", resp.StatusCode)
	}
}

func TestProvider_refuses(t *testing.T) {
	t.Parallel()
	s := setup(t)
	d, answer := s.come("")
	if _, err := s.party.Finish(t.Context(), d.Cookie, answer); !errors.Is(err, oidc.ErrDenied) {
		t.Errorf("cancelled: %v", err)
	}
	d, answer = s.come("s1")
	s.clock.Advance(time.Minute)
	if _, err := s.party.Finish(t.Context(), d.Cookie, answer); !errors.Is(err, oidc.ErrAnswer) {
		t.Errorf("an old code: %v", err)
	}
	d, err := s.party.Begin(t.Context(), oidc.Ask{})
	must(t, err)
	u, err := url.Parse(d.URL)
	must(t, err)
	for name, change := range map[string]struct {
		set  url.Values
		want string // where it leads; empty: nowhere
	}{
		"another client":  {url.Values{"client_id": {"desk"}}, ""},
		"another address": {url.Values{"redirect_uri": {redirect + "/x"}}, ""},
		"no PKCE":         {url.Values{"code_challenge": {""}}, "invalid_request"},
		"plain PKCE":      {url.Values{"code_challenge_method": {"plain"}}, "invalid_request"},
		"implicit":        {url.Values{"response_type": {"id_token"}}, "invalid_request"},
		"no openid":       {url.Values{"scope": {"profile"}}, "invalid_request"},
		"silent":          {url.Values{"prompt": {"none"}}, "login_required"},
	} {
		q := u.Query()
		for k, v := range change.set {
			q[k] = v
		}
		resp, err := s.jar.Get(s.host + egov.Path + "/authorize?" + q.Encode())
		must(t, err)
		must(t, resp.Body.Close())
		back, err := url.Parse(resp.Header.Get("Location"))
		must(t, err)
		if got := back.Query().Get("error"); got != change.want || (change.want == "") != (resp.StatusCode == http.StatusBadRequest) {
			t.Errorf("%s: %d %s", name, resp.StatusCode, back)
		}
	}
	d, answer = s.come("s1")
	for name, form := range map[string]url.Values{
		"a wrong secret": {"client_id": {"portal"}, "client_secret": {"x"}, "grant_type": {"authorization_code"}, "code": {answer.Get("code")}},
		"no verifier":    {"client_id": {"portal"}, "client_secret": {secret}, "grant_type": {"authorization_code"}, "code": {answer.Get("code")}, "redirect_uri": {redirect}},
		"another grant":  {"client_id": {"portal"}, "client_secret": {secret}, "grant_type": {"password"}},
	} {
		resp, err := s.jar.PostForm(s.host+egov.Path+"/token", form)
		must(t, err)
		must(t, resp.Body.Close())
		if resp.StatusCode/100 != 4 {
			t.Errorf("%s: %d", name, resp.StatusCode)
		}
	}
	if _, err := s.party.Finish(t.Context(), d.Cookie, answer); err == nil {
		t.Error("a code that was tried without its verifier is still good")
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
