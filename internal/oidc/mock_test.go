package oidc_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/oauth2-proxy/mockoidc"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/oidc"
)

// debtor is a person of mockoidc with an identity number.
type debtor struct{ mockoidc.MockUser }

func (d *debtor) Claims(scopes []string, base *mockoidc.IDTokenClaims) (jwt.Claims, error) {
	return struct {
		*mockoidc.IDTokenClaims
		IIN    string   `json:"iin"`
		Groups []string `json:"groups"`
	}{base, "870212300014", d.Groups}, nil
}

// browser follows the provider's pages until they lead to an address of ours, which it does not open.
func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	must(t, err)
	return &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), redirect) || strings.HasPrefix(r.URL.String(), bye) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
}

// brought is what the browser brings back from the provider.
func brought(t *testing.T, resp *http.Response) url.Values {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	must(t, err)
	must(t, resp.Body.Close())
	u, err := url.Parse(resp.Header.Get("Location"))
	must(t, err)
	if !strings.HasPrefix(u.String(), redirect) {
		t.Fatalf("status %d leads to %q: %.2000s", resp.StatusCode, u, body)
	}
	return u.Query()
}

// mockoidc is a provider in Go that is written by others.
func TestParty_getsAlongWithMockOIDC(t *testing.T) {
	t.Parallel()
	m, err := mockoidc.Run()
	must(t, err)
	t.Cleanup(func() { must(t, m.Shutdown()) })
	now := clock.NewManual(time.Now())
	party, err := oidc.New(oidc.Config{
		Room: "portal", Issuer: m.Issuer(), ClientID: m.ClientID, ClientSecret: m.ClientSecret, Redirect: redirect,
		Scopes: []string{"profile", "groups"}, Clock: now, Seal: testKeys(t),
	})
	must(t, err)
	come := func() (oidc.Departure, url.Values) {
		m.QueueUser(&debtor{mockoidc.MockUser{Subject: "person 7", Groups: []string{"operator", "region-75"}}})
		d, err := party.Begin(t.Context(), oidc.Ask{Back: "/p/cases"})
		must(t, err)
		resp, err := browser(t).Get(d.URL)
		must(t, err)
		return d, brought(t, resp)
	}
	d, query := come()
	who, err := party.Finish(t.Context(), d.Cookie, query)
	must(t, err)
	if who.Subject != "person 7" || who.Text("iin") != "870212300014" || len(who.Texts("groups")) != 2 || who.Back != "/p/cases" {
		t.Errorf("%q %q %q %q", who.Subject, who.Text("iin"), who.Texts("groups"), who.Back)
	}
	if _, err := party.Finish(t.Context(), d.Cookie, query); !errors.Is(err, oidc.ErrAnswer) {
		t.Errorf("the same code again: %v", err)
	}
	if address, err := party.Goodbye(t.Context(), who.IDToken); err != nil || address != "" {
		t.Errorf("it has no way to sign out, and yet %q, %v", address, err)
	}
	d, query = come()
	now.Advance(9 * time.Minute)
	m.FastForward(-12 * time.Minute) // by our clock, the token that comes has ended
	if _, err := party.Finish(t.Context(), d.Cookie, query); !errors.Is(err, oidc.ErrAnswer) || !strings.Contains(err.Error(), "expired") {
		t.Errorf("an expired token: %v", err)
	}
}
