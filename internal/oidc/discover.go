package oidc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	core "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"robotbailiff/internal/outcall"
)

// fresh is for how long what a provider says of itself is not asked for again.
const fresh = time.Hour

// provider is what a provider says of itself.
type provider struct {
	core  *core.Provider
	keys  core.KeySet
	oauth *oauth2.Config
	end   string // end_session_endpoint; empty: none
	named bool   // it says in every answer who it is (RFC 9207)
	at    time.Time
}

type discovered = atomic.Pointer[provider]

// provider gives what the provider says of itself, and asks when that is not known or old. While it is away, the old is good enough.
// All who wait share one question, which therefore no one of them can cancel.
func (p *Party) provider(ctx context.Context, now time.Time) (*provider, error) {
	known := p.found.Load()
	if known != nil && now.Sub(known.at) < fresh && !now.Before(known.at) {
		return known, nil
	}
	asked := p.asking.DoChan("discovery", func() (any, error) {
		got, err := p.discover(context.WithoutCancel(ctx), now)
		if err == nil {
			p.found.Store(got)
		}
		return got, err
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-asked:
		if r.Err == nil {
			return r.Val.(*provider), nil //nolint:forcetypeassert // discover gives nothing else
		}
		if known != nil {
			return known, nil
		}
		return nil, r.Err
	}
}

func (p *Party) discover(ctx context.Context, now time.Time) (*provider, error) {
	ctx = core.ClientContext(ctx, p.client)
	found, err := core.NewProvider(ctx, p.cfg.Issuer)
	if err != nil {
		return nil, away(err)
	}
	var more struct {
		Keys  string `json:"jwks_uri"`
		End   string `json:"end_session_endpoint"`
		Named bool   `json:"authorization_response_iss_parameter_supported"`
	}
	if err := found.Claims(&more); err != nil {
		return nil, away(err)
	}
	at := found.Endpoint()
	for _, must := range []string{at.AuthURL, at.TokenURL, more.Keys} {
		if !p.trusted(must) {
			return nil, away(errors.New("an endpoint is missing, or not as safe as the issuer"))
		}
	}
	for _, may := range []string{more.End, found.UserInfoEndpoint()} {
		if may != "" && !p.trusted(may) {
			return nil, away(errors.New("an endpoint is not as safe as the issuer"))
		}
	}
	if p.cfg.ClientSecret == "" {
		at.AuthStyle = oauth2.AuthStyleInParams
	}
	return &provider{core: found, keys: core.NewRemoteKeySet(ctx, more.Keys), end: more.End, named: more.Named, at: now, oauth: &oauth2.Config{
		ClientID: p.cfg.ClientID, ClientSecret: p.cfg.ClientSecret, Endpoint: at, RedirectURL: p.cfg.Redirect, Scopes: p.cfg.Scopes,
	}}, nil
}

// trusted says whether an endpoint is reached as safely as the issuer: https, or http on this machine where the issuer is that too.
func (p *Party) trusted(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Fragment != "" {
		return false
	}
	u.RawQuery = ""
	_, err = outcall.Base(u.String())
	return err == nil && (u.Scheme == "https" || strings.HasPrefix(p.cfg.Issuer, "http:"))
}

// away keeps of an error what tells an operator enough, and not a page of HTML.
func away(err error) error {
	if code := outcall.Code(err); code != "failed" {
		return fmt.Errorf("%w: %s", ErrAway, code)
	}
	return fmt.Errorf("%w: %.160q", ErrAway, err.Error())
}

// How the provider is called.
const (
	abreast   = 16
	perSecond = 50
	within    = 5 * time.Second
	longest   = 1 << 20
)

// newClient makes a client whose every request is one of outcall: bounded, in the house's way, and never redirected.
func newClient(transport http.RoundTripper) *http.Client {
	calls := outcall.New(outcall.Config{Abreast: abreast, Rate: perSecond, Within: within, MaxAnswer: longest, Transport: transport})
	return &http.Client{Transport: through{calls}, CheckRedirect: outcall.Stay}
}

type through struct{ calls *outcall.Caller }

// RoundTrip implements http.RoundTripper.
func (t through) RoundTrip(r *http.Request) (*http.Response, error) {
	a, err := t.calls.Do(r.Context(), func(ctx context.Context) (*http.Request, error) { return r.Clone(ctx), nil })
	if err != nil {
		return nil, err
	}
	return &http.Response{
		Status: fmt.Sprint(a.Status, " ", http.StatusText(a.Status)), StatusCode: a.Status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.Header, Body: io.NopCloser(bytes.NewReader(a.Body)), ContentLength: int64(len(a.Body)), Request: r,
	}, nil
}
