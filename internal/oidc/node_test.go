package oidc_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/oidc"
	"robotbailiff/internal/testkit/peertest"
)

// provider is the certified provider of the npm package oidc-provider.
func provider(t *testing.T) (issuer string) {
	t.Helper()
	return peertest.NodeServer(t, "oidc-provider", "provider.mjs", "REDIRECT="+redirect, "BYE="+bye)
}

var (
	action = regexp.MustCompile(`action="([^"]+)"`)
	xsrf   = regexp.MustCompile(`name="xsrf" value="([^"]+)"`)
)

// submit sends the form of a page.
func submit(t *testing.T, b *http.Client, resp *http.Response, form url.Values) *http.Response {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	must(t, err)
	must(t, resp.Body.Close())
	to := action.FindSubmatch(body)
	if to == nil {
		t.Fatalf("status %d, and no form", resp.StatusCode)
	}
	u, err := resp.Request.URL.Parse(string(to[1]))
	must(t, err)
	next, err := b.PostForm(u.String(), form)
	must(t, err)
	return next
}

func TestParty_getsAlongWithACertifiedProvider(t *testing.T) {
	t.Parallel()
	issuer := provider(t)
	cfg := oidc.Config{
		Room: "portal", Issuer: issuer, ClientID: client, ClientSecret: "a secret of the test: not one of a client", Redirect: redirect, Bye: bye,
		Scopes: []string{"profile"}, Wants: []string{"iin", "roles"}, Clock: clock.System(), Seal: testKeys(t),
	}
	party, err := oidc.New(cfg)
	must(t, err)
	b := browser(t)
	come := func(form ...url.Values) (oidc.Departure, url.Values) {
		d, err := party.Begin(t.Context(), oidc.Ask{Back: "/p/cases", Lang: "kk"})
		must(t, err)
		resp, err := b.Get(d.URL)
		must(t, err)
		for _, f := range form {
			resp = submit(t, b, resp, f)
		}
		return d, brought(t, resp)
	}
	d, query := come(url.Values{"prompt": {"login"}, "login": {"person-7"}, "password": {"any"}}, url.Values{"prompt": {"consent"}})
	who, err := party.Finish(t.Context(), d.Cookie, query)
	must(t, err)
	if who.Subject != "person-7" || who.Name != "Асқар Ә." || who.Text("iin") != "870212300014" || !slices.Equal(who.Texts("roles"), []string{"operator", "approver"}) {
		t.Errorf("%q %q %q %q", who.Subject, who.Name, who.Text("iin"), who.Texts("roles"))
	}
	if _, err := party.Finish(t.Context(), d.Cookie, query); !errors.Is(err, oidc.ErrAnswer) || !strings.Contains(err.Error(), "invalid_grant") {
		t.Errorf("the same code again: %v", err)
	}

	// The provider knows the person, and asks for consent anew: it has taken back what the repeated code had given.
	mine, _ := come(url.Values{"prompt": {"consent"}})
	_, theirs := come()
	if _, err := party.Finish(t.Context(), mine.Cookie, theirs); !errors.Is(err, oidc.ErrState) {
		t.Errorf("an answer to another browser: %v", err)
	}
	stranger := cfg
	stranger.ClientSecret = "not the secret"
	wrong, err := oidc.New(stranger)
	must(t, err)
	d, query = come()
	if _, err := wrong.Finish(t.Context(), d.Cookie, query); !errors.Is(err, oidc.ErrAnswer) || !strings.Contains(err.Error(), "invalid_client") {
		t.Errorf("a wrong secret: %v", err)
	}

	goodbye(t, party, b, who.IDToken)
	if resp, err := b.Get(mine.URL); err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(resp.Request.URL.Path, "/interaction/") {
		t.Errorf("signed out, and yet let in: %v", err)
	}
}

// goodbye signs out at the provider, which leads back to where we asked it to.
func goodbye(t *testing.T, party *oidc.Party, b *http.Client, idToken string) {
	t.Helper()
	address, err := party.Goodbye(t.Context(), idToken)
	must(t, err)
	resp, err := b.Get(address)
	must(t, err)
	body, err := io.ReadAll(resp.Body)
	must(t, err)
	must(t, resp.Body.Close())
	to, token := action.FindSubmatch(body), xsrf.FindSubmatch(body)
	if to == nil || token == nil {
		t.Fatalf("status %d, and no form", resp.StatusCode)
	}
	resp, err = b.PostForm(string(to[1]), url.Values{"xsrf": {string(token[1])}, "logout": {"yes"}})
	must(t, err)
	must(t, resp.Body.Close())
	if got := resp.Header.Get("Location"); got != bye {
		t.Errorf("status %d leads to %q", resp.StatusCode, got)
	}
}

// What is not exactly as it was registered is refused by the provider itself, on a page of its own.
func TestParty_isHeldToItsAddress(t *testing.T) {
	t.Parallel()
	issuer := provider(t)
	party, err := oidc.New(oidc.Config{Room: "portal", Issuer: issuer, ClientID: client, Redirect: redirect + "/more", Clock: clock.System(), Seal: testKeys(t)})
	must(t, err)
	d, err := party.Begin(t.Context(), oidc.Ask{})
	must(t, err)
	resp, err := browser(t).Get(d.URL)
	must(t, err)
	must(t, resp.Body.Close())
	if resp.StatusCode != http.StatusBadRequest || resp.Header.Get("Location") != "" {
		t.Errorf("status %d, %q", resp.StatusCode, resp.Header.Get("Location"))
	}
}
