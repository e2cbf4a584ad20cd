package oidc

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	core "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/sync/singleflight"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/outcall"
)

var (
	// ErrAway says that the provider gave no answer that can be used. Nobody has done anything wrong; later it may be there.
	ErrAway = errors.New("oidc: the identity provider cannot be reached")
	// ErrState says that this browser has begun no such sign-in, or too long ago. It has to begin anew.
	ErrState = errors.New("oidc: this browser has begun no such sign-in")
	// ErrDenied says that the person, or the provider, did not want it.
	ErrDenied = errors.New("oidc: the sign-in was not allowed")
	// ErrAnswer says that an answer came from the provider that must not be believed, or that it could not serve us.
	ErrAnswer = errors.New("oidc: the answer of the identity provider does not hold")
)

// waits is for how long a browser may stay at the provider.
const waits = 10 * time.Minute

// skew is how far the provider's clock and ours may be apart.
const skew = time.Minute

// algorithms are those by which an ID token may be signed. None of them is one whose key the two sides share, and none is "none".
var algorithms = []string{core.RS256, core.RS384, core.RS512, core.PS256, core.PS384, core.PS512, core.ES256, core.ES384, core.ES512, core.EdDSA}

// Sealer seals what a browser carries, as *seal.Keys does.
type Sealer interface {
	Seal(plaintext []byte, aad string) []byte
	Open(sealed []byte, aad string) ([]byte, error)
}

// Config is one room of the house (the desk, the portal) at one provider.
type Config struct {
	// Room is a constant of the program. What was begun for one room is finished in no other.
	Room string
	// Issuer is the provider's name, which is its address as well: https, or http on this machine alone.
	Issuer       string
	ClientID     string
	ClientSecret string // empty: the provider knows us by PKCE alone
	// Redirect is where the provider sends the browser back to, exactly as it is registered there.
	Redirect string
	// Bye is where the provider sends the browser after a sign-out there; empty: it stays.
	Bye string
	// Scopes besides openid.
	Scopes []string
	// ACR are the ways of signing in that are asked for, best first, such as one with a second factor. That one of them was taken is for the
	// caller to check: a provider may ignore it.
	ACR []string
	// Wants are claims that the room needs. Those that the ID token does not have are asked for at the userinfo endpoint.
	Wants []string
	// Clock is what tokens are measured by: the computer's own, also in a sandbox, since the provider's clock does not leap.
	Clock clock.Clock
	Seal  Sealer
	// Transport is for tests and for the sandbox's own provider; nil: over TLS that is checked.
	Transport http.RoundTripper
}

// Party is our side of a provider. It is safe for concurrent use.
type Party struct {
	cfg    Config
	client *http.Client
	found  discovered
	asking singleflight.Group
}

// New checks a configuration. It asks nobody: the house starts also while the provider is away.
func New(cfg Config) (*Party, error) {
	if cfg.Room == "" || cfg.ClientID == "" || cfg.Clock == nil || cfg.Seal == nil {
		return nil, errors.New("oidc: room, client id, clock and sealer belong to a configuration")
	}
	for _, address := range []string{cfg.Issuer, cfg.Redirect} {
		if _, err := outcall.Base(address); err != nil {
			return nil, fmt.Errorf("oidc: issuer and redirect: %w", err)
		}
	}
	if _, err := outcall.Base(cfg.Bye); cfg.Bye != "" && err != nil {
		return nil, fmt.Errorf("oidc: the address after a sign-out: %w", err)
	}
	cfg.Scopes = append([]string{core.ScopeOpenID}, slices.DeleteFunc(slices.Clone(cfg.Scopes), func(s string) bool { return s == "" || s == core.ScopeOpenID })...)
	return &Party{cfg: cfg, client: newClient(cfg.Transport)}, nil
}

// Identity is who somebody is, as the provider says.
type Identity struct {
	Subject string // the provider's own name for the person, for ever
	Name    string // for people to read; may be empty
	Back    string // what was handed to Begin
	// At is when the person proved it last, if the provider says so.
	At time.Time
	// IDToken is for [Party.Goodbye]. It holds all that the provider tells of the person: keep it sealed, and out of addresses and logs
	// where it holds an identity number.
	IDToken string

	signed map[string]any // of the ID token
	told   map[string]any // of userinfo
}

// Text gives a claim that is a text; empty: there is none. A dot leads into an object ("realm_access.roles"), unless a claim has that very name.
func (i Identity) Text(claim string) string {
	s, _ := i.claim(claim).(string)
	return s
}

// Texts gives a claim that is a list of texts, or one text.
func (i Identity) Texts(claim string) []string { return texts(i.claim(claim)) }

// Signed gives a claim as [Identity.Texts] does, but only if it stands in the signed ID token: for how somebody has signed in (acr, amr).
func (i Identity) Signed(claim string) []string { return texts(lookup(i.signed, claim)) }

func (i Identity) claim(name string) any {
	if v := lookup(i.signed, name); v != nil {
		return v
	}
	return lookup(i.told, name)
}

func texts(v any) (out []string) {
	switch v := v.(type) {
	case string:
		if v != "" {
			out = append(out, v)
		}
	case []any:
		for _, one := range v {
			if s, ok := one.(string); ok && s != "" {
				out = append(out, s)
			}
		}
	}
	return out
}

func lookup(claims map[string]any, name string) any {
	if v, ok := claims[name]; ok {
		return v
	}
	head, rest, dotted := strings.Cut(name, ".")
	inner, ok := claims[head].(map[string]any)
	if !dotted || !ok {
		return nil
	}
	return lookup(inner, rest)
}
