package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	core "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"robotbailiff/internal/outcall"
	"robotbailiff/internal/seal"
)

// Finish takes what the browser brings back: its cookie, which is to be removed whatever comes of this, and the query of the address. It
// fails with ErrState, ErrDenied, ErrAnswer or ErrAway; no error holds a token, a code or a claim of a person.
func (p *Party) Finish(ctx context.Context, cookie string, query url.Values) (Identity, error) {
	now, err := p.cfg.Clock.Now(ctx)
	if err != nil {
		return Identity{}, err
	}
	c, err := p.recall(cookie, now)
	if err != nil {
		return Identity{}, err
	}
	if !seal.Equal([]byte(query.Get("state")), []byte(c.State)) {
		return Identity{}, ErrState
	}
	at, err := p.provider(ctx, now)
	if err != nil {
		return Identity{}, err
	}
	if said := query.Get("iss"); said != p.cfg.Issuer && (said != "" || at.named) {
		return Identity{}, wrong("another provider answers")
	}
	if code := query.Get("error"); code != "" {
		return Identity{}, refusal(code)
	}
	if query.Get("code") == "" {
		return Identity{}, wrong("there is no code")
	}
	ctx = core.ClientContext(ctx, p.client)
	token, err := at.oauth.Exchange(ctx, query.Get("code"), oauth2.VerifierOption(c.Verifier))
	if err != nil {
		return Identity{}, exchange(err)
	}
	return p.identify(ctx, at, token, c, now)
}

// identify checks what the token endpoint gave.
func (p *Party) identify(ctx context.Context, at *provider, token *oauth2.Token, c carried, now time.Time) (Identity, error) {
	raw, _ := token.Extra("id_token").(string)
	keys := &watched{KeySet: at.keys}
	signed, err := core.NewVerifier(p.cfg.Issuer, keys, &core.Config{
		ClientID: p.cfg.ClientID, SupportedSigningAlgs: algorithms, Now: func() time.Time { return now.Add(-skew) },
	}).Verify(ctx, raw)
	switch {
	case err != nil && keys.err != nil && outcall.Code(keys.err) != "failed":
		return Identity{}, away(keys.err)
	case err != nil:
		return Identity{}, wrong("%.160q", err.Error())
	}
	who := Identity{Subject: signed.Subject, Back: c.Back, IDToken: raw}
	var proved struct {
		At int64 `json:"auth_time"`
	}
	if signed.Claims(&who.signed) != nil || signed.Claims(&proved) != nil {
		return Identity{}, wrong("the claims cannot be read")
	}
	if proved.At != 0 {
		who.At = time.Unix(proved.At, 0).UTC()
	}
	oldest := now.Add(-time.Duration(c.MaxAge)*time.Second - skew)
	switch {
	case !seal.Equal([]byte(signed.Nonce), []byte(c.Nonce)):
		return Identity{}, wrong("the nonce is not ours")
	case who.Subject == "":
		return Identity{}, wrong("there is no subject")
	case signed.IssuedAt.After(now.Add(skew)):
		return Identity{}, wrong("it comes from the future")
	case len(signed.Audience) > 1 && who.Text("azp") == "", who.Text("azp") != "" && who.Text("azp") != p.cfg.ClientID:
		return Identity{}, wrong("it was issued to another party")
	case signed.AccessTokenHash != "" && signed.VerifyAccessToken(token.AccessToken) != nil:
		return Identity{}, wrong("the access token belongs to another ID token")
	case c.MaxAge > 0 && who.At.Before(oldest):
		return Identity{}, wrong("the proof is older than was asked for")
	}
	if err := p.askMore(ctx, at, token, &who); err != nil {
		return Identity{}, err
	}
	who.Name = who.Text("name")
	return who, nil
}

// watched keeps why keys were not to be had: the verifier tells it as text alone.
type watched struct {
	core.KeySet
	err error
}

// VerifySignature implements core.KeySet.
func (w *watched) VerifySignature(ctx context.Context, jwt string) (payload []byte, err error) {
	payload, err = w.KeySet.VerifySignature(ctx, jwt)
	w.err = err
	return payload, err
}

// askMore asks the provider for the claims that the ID token does not have.
func (p *Party) askMore(ctx context.Context, at *provider, token *oauth2.Token, who *Identity) error {
	missing := func(claim string) bool { return lookup(who.signed, claim) == nil }
	if at.core.UserInfoEndpoint() == "" || !slices.ContainsFunc(p.cfg.Wants, missing) {
		return nil
	}
	info, err := at.core.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		if code := outcall.Code(err); code != "failed" {
			return away(err)
		}
		return wrong("userinfo is refused") // the error would hold the whole answer
	}
	if info.Subject != who.Subject {
		return wrong("userinfo is about somebody else")
	}
	if err := info.Claims(&who.told); err != nil {
		return wrong("userinfo cannot be read")
	}
	return nil
}

func wrong(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrAnswer, fmt.Sprintf(format, args...))
}

// refusal tells what the provider says instead of a code, in words that the standards have; an invented one is not passed on.
func refusal(code string) error {
	switch code {
	case "access_denied", "login_required", "consent_required", "interaction_required", "account_selection_required", "unmet_authentication_requirements":
		return fmt.Errorf("%w: %s", ErrDenied, code)
	case "temporarily_unavailable", "server_error":
		return fmt.Errorf("%w: %s", ErrAway, code)
	}
	return wrong("%s", known(code))
}

func known(code string) string {
	for _, k := range []string{
		"invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope", "invalid_client", "invalid_grant",
		"unsupported_grant_type", "invalid_request_object", "request_not_supported",
	} {
		if k == code {
			return k
		}
	}
	return "an error without a name"
}

// exchange tells why a code could not be turned into tokens.
func exchange(err error) error {
	refused, ok := errors.AsType[*oauth2.RetrieveError](err) // its text holds all of the answer
	switch {
	case !ok && outcall.Code(err) != "failed":
		return away(err)
	case !ok:
		return wrong("the token endpoint answers with something else than a token")
	case refused.Response != nil && refused.Response.StatusCode >= 500:
		return fmt.Errorf("%w: status %d", ErrAway, refused.Response.StatusCode)
	}
	return wrong("the code is not taken: %s", known(refused.ErrorCode))
}
