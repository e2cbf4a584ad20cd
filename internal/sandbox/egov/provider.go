package egov

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/seal"
)

// Path is where the provider is, on the host of the sandbox.
const Path = "/sandbox/egov"

const (
	codeFor    = time.Minute
	tokenFor   = 5 * time.Minute
	sessionFor = time.Hour
)

// Person is somebody who can be chosen.
type Person struct {
	Subject string         // opaque, and the same for ever
	Shown   string         // on the page: masked
	Claims  map[string]any // of the ID token, besides those that every one has
}

// Client is a relying party.
type Client struct {
	ID, Secret    string
	Redirect, Bye string // exactly these
	// People are who can be chosen.
	People func(context.Context) ([]Person, error)
}

// Config is a provider.
type Config struct {
	// Host is the address of the sandbox, http://HOST:PORT.
	Host    string
	Clients []Client
	Clock   clock.Clock // the computer's own
}

// Provider is the identity provider. It keeps codes and sessions in memory: a sandbox that was started anew knows nobody.
type Provider struct {
	cfg    Config
	issuer string
	signer jose.Signer
	keys   jose.JSONWebKeySet
	mux    http.Handler

	mu       sync.Mutex
	codes    map[string]grant
	sessions map[string]session
}

// grant is what a code stands for.
type grant struct {
	wish
	person Person
	at     time.Time
}

// session is somebody who is signed in here.
type session struct {
	person Person
	at     time.Time
}

// New makes a provider with a key of its own.
func New(cfg Config) (*Provider, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("sandbox: egov: %w", err)
	}
	id := rand.Text()
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: id}}, nil)
	if err != nil {
		return nil, fmt.Errorf("sandbox: egov: %w", err)
	}
	p := &Provider{
		cfg: cfg, issuer: cfg.Host + Path, signer: s, codes: map[string]grant{}, sessions: map[string]session{},
		keys: jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: id, Algorithm: string(jose.ES256), Use: "sig"}}},
	}
	m := http.NewServeMux()
	m.HandleFunc("GET "+Path+"/.well-known/openid-configuration", p.discovery)
	m.HandleFunc("GET "+Path+"/keys", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, p.keys) })
	m.HandleFunc("GET "+Path+"/authorize", p.authorize)
	m.HandleFunc("POST "+Path+"/authorize", p.choose)
	m.HandleFunc("POST "+Path+"/token", p.token)
	m.HandleFunc("GET "+Path+"/end", p.askEnd)
	m.HandleFunc("POST "+Path+"/end", p.end)
	p.mux = http.NewCrossOriginProtection().Handler(m)
	return p, nil
}

// Issuer is the provider's name.
func (p *Provider) Issuer() string { return p.issuer }

// ServeHTTP implements http.Handler.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{
		"issuer": p.issuer, "authorization_endpoint": p.issuer + "/authorize", "token_endpoint": p.issuer + "/token", "jwks_uri": p.issuer + "/keys",
		"end_session_endpoint": p.issuer + "/end", "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"ES256"}, "code_challenge_methods_supported": []string{"S256"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post"}, "authorization_response_iss_parameter_supported": true,
	})
}

func (p *Provider) client(id string) *Client {
	for i := range p.cfg.Clients {
		if p.cfg.Clients[i].ID == id {
			return &p.cfg.Clients[i]
		}
	}
	return nil
}

// token turns a code into an ID token, once.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	id, secret, basic := r.BasicAuth()
	if basic { // both are escaped there (RFC 6749, 2.3.1)
		id, _ = url.QueryUnescape(id)
		secret, _ = url.QueryUnescape(secret)
	} else {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	c := p.client(id)
	if c == nil || !seal.Equal([]byte(secret), []byte(c.Secret)) {
		answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	if r.PostFormValue("grant_type") != "authorization_code" {
		answer(w, http.StatusBadRequest, map[string]string{"error": "unsupported_grant_type"})
		return
	}
	now, err := p.cfg.Clock.Now(r.Context())
	if failed(w, err) {
		return
	}
	g, ok := p.take(r.PostFormValue("code"), now)
	proof := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !ok || g.client != c.ID || g.redirect != r.PostFormValue("redirect_uri") || base64.RawURLEncoding.EncodeToString(proof[:]) != g.challenge {
		answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	signed, err := p.sign(g, now)
	if failed(w, err) {
		return
	}
	answer(w, http.StatusOK, map[string]any{"access_token": rand.Text(), "token_type": "Bearer", "expires_in": int(tokenFor.Seconds()), "id_token": signed})
}

// take gives what a code stands for, and forgets it and all that are too old.
func (p *Provider) take(code string, now time.Time) (grant, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g, ok := p.codes[code]
	delete(p.codes, code)
	for other, old := range p.codes {
		if now.Sub(old.at) >= codeFor {
			delete(p.codes, other)
		}
	}
	return g, ok && now.Sub(g.at) < codeFor
}

func (p *Provider) sign(g grant, now time.Time) (string, error) {
	claims := map[string]any{}
	for name, value := range g.person.Claims {
		claims[name] = value
	}
	claims["iss"], claims["aud"], claims["sub"], claims["nonce"] = p.issuer, g.client, g.person.Subject, g.nonce
	claims["iat"], claims["exp"], claims["auth_time"] = now.Unix(), now.Add(tokenFor).Unix(), g.at.Unix()
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	s, err := p.signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return s.CompactSerialize()
}

// answer writes JSON for programs.
func answer(w http.ResponseWriter, status int, what any) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(what) // the reader has gone: nobody is left to be told
}

func failed(w http.ResponseWriter, err error) bool {
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
	}
	return err != nil
}

func find(people []Person, subject string) (Person, bool) {
	i := slices.IndexFunc(people, func(one Person) bool { return one.Subject == subject })
	if i < 0 {
		return Person{}, false
	}
	return people[i], true
}
