package oidc_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/oidc"
	"robotbailiff/internal/seal"
)

var start = time.Date(2026, time.March, 2, 4, 0, 0, 0, time.UTC)

const (
	client   = "bailiff"
	secret   = "a secret of the test"
	issuer   = "https://idp.example"
	redirect = "http://127.0.0.1:9/p/signin/return"
	bye      = "http://127.0.0.1:9/p/signedout"
)

// forge is a provider that lies in whatever way a test wants.
type forge struct {
	key    *rsa.PrivateKey
	clock  *clock.Manual
	keys   *seal.Keys
	party  *oidc.Party
	about  func(map[string]any)                              // changes what it says of itself
	claims func(map[string]any)                              // changes the claims of its next token
	sign   func(f *forge, claims map[string]any) string      // in the place of its signature
	token  func(w http.ResponseWriter, r *http.Request) bool // in the place of its token endpoint
	info   map[string]any                                    // userinfo
	down   bool
	nonce  string
	proof  string // PKCE challenge
	asked  []string
	noKeys bool
}

func newForge(t *testing.T, change func(*oidc.Config)) *forge {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	f := &forge{key: key, clock: clock.NewManual(start), keys: testKeys(t)}
	f.party = f.newParty(t, change)
	return f
}

func (f *forge) newParty(t *testing.T, change func(*oidc.Config)) *oidc.Party {
	t.Helper()
	cfg := oidc.Config{
		Room: "portal", Issuer: issuer, ClientID: client, ClientSecret: secret, Redirect: redirect, Bye: bye,
		Scopes: []string{"profile"}, Clock: f.clock, Seal: f.keys, Transport: f,
	}
	if change != nil {
		change(&cfg)
	}
	p, err := oidc.New(cfg)
	must(t, err)
	return p
}

// RoundTrip implements http.RoundTripper: the provider is asked without a network.
func (f *forge) RoundTrip(r *http.Request) (*http.Response, error) {
	if f.noKeys && r.URL.Path == "/keys" {
		return nil, io.ErrUnexpectedEOF
	}
	w := httptest.NewRecorder()
	f.serve(w, r)
	return w.Result(), nil
}

func (f *forge) serve(w http.ResponseWriter, r *http.Request) {
	f.asked = append(f.asked, r.URL.Path)
	if f.down {
		http.Error(w, "<html>not now</html>", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		about := map[string]any{
			"issuer": issuer, "authorization_endpoint": issuer + "/authorize", "token_endpoint": issuer + "/token", "jwks_uri": issuer + "/keys",
			"end_session_endpoint": issuer + "/end?theme=calm", "id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"},
		}
		if f.info != nil {
			about["userinfo_endpoint"] = issuer + "/userinfo"
		}
		if f.about != nil {
			f.about(about)
		}
		_ = json.NewEncoder(w).Encode(about)
	case "/keys":
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: f.key.Public(), KeyID: "1", Algorithm: "RS256", Use: "sig"}}})
	case "/token":
		f.exchange(w, r)
	case "/userinfo":
		_ = json.NewEncoder(w).Encode(f.info)
	default:
		http.NotFound(w, r)
	}
}

func (f *forge) exchange(w http.ResponseWriter, r *http.Request) {
	if f.token != nil && f.token(w, r) {
		return
	}
	proof := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	id, pass, _ := r.BasicAuth()
	if base64.RawURLEncoding.EncodeToString(proof[:]) != f.proof || r.PostFormValue("redirect_uri") != redirect || id != client || pass != url.QueryEscape(secret) {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": "invalid_grant", "error_description": "870212300014"})
		return
	}
	now := start.Unix()
	claims := map[string]any{"iss": issuer, "aud": client, "sub": "person 7", "nonce": f.nonce, "iat": now, "exp": now + 300, "name": "Асқар Ә.", "iin": "870212300014"}
	if f.claims != nil {
		f.claims(claims)
	}
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	sign := f.sign
	if sign == nil {
		sign = (*forge).signed
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "an access token", "token_type": "Bearer", "expires_in": 300, "id_token": sign(f, claims)})
}

func (f *forge) signed(claims map[string]any) string { return signWith(jose.RS256, f.key, claims) }

func signWith(alg jose.SignatureAlgorithm, key any, claims map[string]any) string {
	payload, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: "1"}}, nil)
	if err != nil {
		panic(err)
	}
	jws, err := s.Sign(payload)
	if err != nil {
		panic(err)
	}
	token, err := jws.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return token
}

// begin goes to the provider, which notes what it was asked for.
func (f *forge) begin(t *testing.T, ask oidc.Ask) (oidc.Departure, url.Values) {
	t.Helper()
	d, err := f.party.Begin(t.Context(), ask)
	must(t, err)
	u, err := url.Parse(d.URL)
	must(t, err)
	q := u.Query()
	f.nonce, f.proof = q.Get("nonce"), q.Get("code_challenge")
	return d, q
}

// visit begins and finishes a sign-in.
func (f *forge) visit(t *testing.T) (oidc.Identity, error) {
	t.Helper()
	d, q := f.begin(t, oidc.Ask{Back: "/p/cases"})
	return f.party.Finish(t.Context(), d.Cookie, url.Values{"code": {"a code"}, "state": q["state"]})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func testKeys(t testing.TB) *seal.Keys {
	t.Helper()
	keys, err := seal.New([]byte("0123456789abcdefghijklmnopqrstuv"))
	must(t, err)
	return keys
}
