package desk

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/oidc"
	"robotbailiff/internal/web/ui"
)

// Provider is a provider of identities, as package oidc speaks with one.
type Provider interface {
	Begin(ctx context.Context, ask oidc.Ask) (oidc.Departure, error)
	Finish(ctx context.Context, cookie string, query url.Values) (oidc.Identity, error)
	Goodbye(ctx context.Context, idToken string) (string, error)
}

const providerCookie = "desk_signin" // sealed, while the browser is at the provider

// mostBack bounds the path that is remembered while the browser is at the provider.
const mostBack = 500

// goToProvider sends the browser to the provider. It changes nothing but a cookie, so that a program that follows links does no harm.
func (h *handler) goToProvider(w http.ResponseWriter, r *http.Request) error {
	if h.provider == nil {
		return home(w, r)
	}
	back := nextPath(r.URL.Query().Get("next"))
	if len(back) > mostBack {
		back = "/desk/"
	}
	within := time.Duration(0)
	if r.URL.Query().Get("fresh") != "" {
		within = app.ProvedFor
	}
	d, err := h.provider.Begin(r.Context(), oidc.Ask{Back: back, Lang: string(h.Lang(r)), Within: within})
	if err != nil {
		return h.notLetIn(w, r, back, err)
	}
	h.Cookies.Set(w, providerCookie, d.Cookie, d.For)
	w.Header().Set("Location", d.URL)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// backFromProvider takes what the browser brings back. This GET begins a visit: the standard has it so. What it needs stands in a cookie that
// only the browser has which has asked, and the code is good for one time.
func (h *handler) backFromProvider(w http.ResponseWriter, r *http.Request) error {
	if h.provider == nil || r.Method != http.MethodGet {
		return home(w, r)
	}
	if !h.tries.Allow(h.clientIP(r)) {
		return &ui.Failure{Status: http.StatusTooManyRequests, Name: "busy"}
	}
	who, err := h.provider.Finish(r.Context(), h.Cookies.Get(r, providerCookie), r.URL.Query())
	h.Cookies.Set(w, providerCookie, "", -1)
	if err != nil {
		return h.notLetIn(w, r, "/desk/", err)
	}
	visit := h.visit(r)
	visit.Proved = who.At
	session, err := h.app.SignInProvider(r.Context(), who.Subject, who, visit)
	if err != nil {
		return h.notLetIn(w, r, who.Back, err)
	}
	return h.begin(w, session, who.Back)
}

// notLetIn says why there is no visit.
func (h *handler) notLetIn(w http.ResponseWriter, r *http.Request, back string, err error) error {
	show := func(status int, problem string) error {
		return h.showSignIn(w, r, status, nextPath(back), problem)
	}
	switch {
	case errors.Is(err, oidc.ErrState):
		return show(http.StatusForbidden, "again")
	case errors.Is(err, oidc.ErrDenied):
		return show(http.StatusForbidden, "denied")
	case errors.Is(err, app.ErrOneFactor):
		return show(http.StatusForbidden, "one_factor")
	case errors.Is(err, app.ErrNoRole), errors.Is(err, app.ErrNoName):
		return show(http.StatusForbidden, "no_role")
	case errors.Is(err, oidc.ErrAway), errors.Is(err, oidc.ErrAnswer):
		h.Fault(r, err)
		return show(http.StatusBadGateway, "away")
	}
	return err
}

type signedOutPage struct {
	ui.Page
	There string // where one signs out at the provider too; empty: nowhere
}

// signedOut offers to sign out at the provider too. It is a link, since the policy of our pages lets no form lead to others; and it names
// nobody, since an ID token in an address tells what it holds.
func (h *handler) signedOut(w http.ResponseWriter, r *http.Request) error {
	p := signedOutPage{Page: h.NewPage(w, r, i18n.Say("desk.signed_out.title"))}
	if h.provider != nil {
		there, err := h.provider.Goodbye(r.Context(), "")
		if err != nil && !errors.Is(err, oidc.ErrAway) {
			return err
		}
		p.There = there
	}
	return h.Render.Render(w, r, http.StatusOK, "signedout", p.Lang, p)
}
