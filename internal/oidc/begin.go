package oidc

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	core "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Ask says what is wanted of a sign-in.
type Ask struct {
	// Back is handed back with the identity: where the browser wanted to go. It travels sealed, and is short.
	Back string
	// Within wants a proof that is not older than that, for acts that need one; 0: any that the provider has.
	Within time.Duration
	// Lang is the language in which the provider should speak.
	Lang string
}

// Departure is where the browser goes, and what it carries.
type Departure struct {
	URL    string        // the provider's page
	Cookie string        // for a cookie that only this host reads (HttpOnly, SameSite=Lax); it replaces an older one
	For    time.Duration // how long the cookie lives
}

// carried is what a browser carries while it is at the provider.
type carried struct {
	State    string    `json:"s"`
	Nonce    string    `json:"n"`
	Verifier string    `json:"v"`
	Back     string    `json:"b,omitempty"`
	MaxAge   int64     `json:"m,omitempty"` // seconds
	Until    time.Time `json:"u"`
}

// Begin makes the way to the provider. It fails with ErrAway.
func (p *Party) Begin(ctx context.Context, ask Ask) (Departure, error) {
	now, err := p.cfg.Clock.Now(ctx)
	if err != nil {
		return Departure{}, err
	}
	at, err := p.provider(ctx, now)
	if err != nil {
		return Departure{}, err
	}
	c := carried{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Back: ask.Back, Until: now.Add(waits)}
	options := []oauth2.AuthCodeOption{core.Nonce(c.Nonce), oauth2.S256ChallengeOption(c.Verifier)}
	with := func(name, value string) { options = append(options, oauth2.SetAuthURLParam(name, value)) }
	if ask.Within > 0 {
		c.MaxAge = int64(ask.Within / time.Second)
		with("max_age", strconv.FormatInt(c.MaxAge, 10))
	}
	if len(p.cfg.ACR) > 0 {
		with("acr_values", strings.Join(p.cfg.ACR, " "))
	}
	if ask.Lang != "" {
		with("ui_locales", ask.Lang)
	}
	plain, err := json.Marshal(c)
	if err != nil {
		return Departure{}, fmt.Errorf("oidc: %w", err)
	}
	return Departure{
		URL: at.oauth.AuthCodeURL(c.State, options...), For: waits,
		Cookie: base64.RawURLEncoding.EncodeToString(p.cfg.Seal.Seal(plain, p.place())),
	}, nil
}

func (p *Party) place() string { return "cookie.oidc_" + p.cfg.Room }

// recall opens what a browser carries.
func (p *Party) recall(cookie string, now time.Time) (c carried, err error) {
	sealed, err := base64.RawURLEncoding.DecodeString(cookie)
	if err != nil {
		return c, ErrState
	}
	plain, err := p.cfg.Seal.Open(sealed, p.place())
	if err != nil || json.Unmarshal(plain, &c) != nil || c.State == "" || c.Nonce == "" || !now.Before(c.Until) {
		return carried{}, ErrState
	}
	return c, nil
}

// Goodbye makes the address at which the browser signs out at the provider too; empty: the provider has none. With the ID token the
// provider need not ask whether it is meant; leave it out where the token holds an identity number, since this is an address.
func (p *Party) Goodbye(ctx context.Context, idToken string) (string, error) {
	now, err := p.cfg.Clock.Now(ctx)
	if err != nil {
		return "", err
	}
	at, err := p.provider(ctx, now)
	if err != nil || at.end == "" {
		return "", err
	}
	u, err := url.Parse(at.end)
	if err != nil {
		return "", away(err)
	}
	q := u.Query()
	q.Set("client_id", p.cfg.ClientID)
	if idToken != "" {
		q.Set("id_token_hint", idToken)
	}
	if p.cfg.Bye != "" {
		q.Set("post_logout_redirect_uri", p.cfg.Bye)
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}
