package portal

import (
	"errors"
	"net/http"

	app "robotbailiff/internal/app/portal"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/oidc"
	"robotbailiff/internal/web/ui"
	"robotbailiff/rules/calendar"
)

const (
	personCookie = "person" // of a sign-in
	signInCookie = "signin" // sealed, while the browser is at the provider
)

// peopleRoutes are the way in by an identity provider, and the list of all cases to which it leads. Without a provider there is nothing here.
func (h *handler) peopleRoutes(all func(pattern string, f ui.HandlerFunc)) {
	route := all
	if h.signIn == nil {
		route = func(pattern string, _ ui.HandlerFunc) { all(pattern, h.NotFound) }
	}
	route("GET /p/signin", h.goToProvider)
	route("GET /p/signin/return", h.backFromProvider)
	route("GET /p/signedout", h.signedOut)
	route("GET /p/cases", h.ownCases)
	route("POST /p/cases/open", h.openOwn)
	route("POST /p/cases/extend", h.extendSignIn)
	route("POST /p/cases/leave", h.signOut)
	for _, acting := range []string{"open", "extend", "leave"} {
		route("GET /p/cases/"+acting, h.backToOwn) // the language row after a post
	}
}

func (h *handler) person(r *http.Request) string { return h.Cookies.Get(r, personCookie) }

func (h *handler) backToOwn(w http.ResponseWriter, _ *http.Request) error {
	return ui.Redirect(w, "/p/cases")
}

// goToProvider sends the browser to the provider. It changes nothing but a cookie, so that a program that follows links does no harm.
func (h *handler) goToProvider(w http.ResponseWriter, r *http.Request) error {
	if in, err := h.app.SignedIn(r.Context(), h.person(r)); err != nil || in {
		return errors.Join(err, h.backToOwn(w, r))
	}
	d, err := h.signIn.Begin(r.Context(), oidc.Ask{Lang: string(h.Lang(r))})
	if err != nil {
		return h.notSignedIn(w, r, err)
	}
	h.Cookies.Set(w, signInCookie, d.Cookie, d.For)
	w.Header().Set("Location", d.URL)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// backFromProvider takes what the browser brings back. This GET begins a visit: the standard has it so. What it needs stands in a cookie
// that only the browser has which has asked, and the code is good for one time.
func (h *handler) backFromProvider(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet {
		return h.signInPage(w, r, http.StatusOK, "again", "")
	}
	if !h.tries.allow(r) {
		return &ui.Failure{Status: http.StatusTooManyRequests, Name: "busy"}
	}
	who, err := h.signIn.Finish(r.Context(), h.Cookies.Get(r, signInCookie), r.URL.Query())
	if in, fault := h.app.SignedIn(r.Context(), h.person(r)); errors.Is(err, oidc.ErrState) && (in || fault != nil) {
		return errors.Join(fault, h.backToOwn(w, r)) // the same page once more
	}
	h.Cookies.Set(w, signInCookie, "", -1)
	if err != nil {
		return h.notSignedIn(w, r, err)
	}
	visit, err := h.app.SignIn(r.Context(), who.Text(h.iinClaim))
	if err != nil {
		return h.notSignedIn(w, r, err)
	}
	if err := h.app.SignOut(r.Context(), h.person(r)); err != nil { // whoever was here before
		return err
	}
	h.Cookies.Set(w, personCookie, visit.ID, visit.For)
	return h.backToOwn(w, r)
}

// notSignedIn says why there is no visit, and which ways there are.
func (h *handler) notSignedIn(w http.ResponseWriter, r *http.Request, err error) error {
	switch {
	case errors.Is(err, oidc.ErrState):
		return h.signInPage(w, r, http.StatusForbidden, "again", "")
	case errors.Is(err, oidc.ErrDenied):
		return h.signInPage(w, r, http.StatusForbidden, "denied", "")
	case errors.Is(err, app.ErrNoIIN):
		return h.signInPage(w, r, http.StatusForbidden, "unknown", "")
	case errors.Is(err, oidc.ErrAway), errors.Is(err, oidc.ErrAnswer):
		h.Fault(r, err)
		return h.signInPage(w, r, http.StatusBadGateway, "away", "")
	case errors.Is(err, app.ErrNoSession):
		return h.signInPage(w, r, http.StatusForbidden, "over", "")
	}
	return err
}

type signInPage struct {
	ui.Page
	Name     string // why there is no visit: again, denied, unknown, away, over, or out
	Provider string // where one signs out there too; empty: nowhere
}

func (h *handler) signInPage(w http.ResponseWriter, r *http.Request, status int, name, provider string) error {
	p := signInPage{Page: h.NewPage(w, r, i18n.Say("mine."+name+".title")), Name: name, Provider: provider}
	return h.Render.Render(w, r, status, "signin", p.Lang, p)
}

type ownPage struct {
	ui.Page
	Own         app.Own
	Open, Ended []ownEntry
}

// ownEntry is one case in the list.
type ownEntry struct {
	app.OwnCase
	Title i18n.Text
	When  i18n.Text
}

func (h *handler) ownCases(w http.ResponseWriter, r *http.Request) error {
	own, err := h.app.Own(r.Context(), h.person(r), r.URL.Query().Get("after"), h.Lang(r))
	if err != nil {
		return h.notSignedIn(w, r, err)
	}
	p := ownPage{Page: h.NewPage(w, r, i18n.Say("mine.title")), Own: own}
	for _, c := range own.Cases {
		e := ownEntry{OwnCase: c, Title: title(c.View), When: when(c.View)}
		if c.End.At.IsZero() {
			p.Open = append(p.Open, e)
		} else {
			p.Ended = append(p.Ended, e)
		}
	}
	return h.Render.Render(w, r, http.StatusOK, "cases", p.Lang, p)
}

// when says which day matters next in a case, or when it ended.
func when(v app.View) i18n.Text {
	switch {
	case !v.End.At.IsZero():
		return i18n.Say("mine.ended_on", "on", calendar.DateOf(v.End.At))
	case v.State == "notified" && v.VoluntaryRuns:
		return i18n.Say("case.fact.voluntary", "until", v.VoluntaryEndsOn)
	}
	return i18n.Say("mine.until", "until", v.TermEndsOn)
}

func (h *handler) openOwn(w http.ResponseWriter, r *http.Request) error {
	visit, err := h.app.OpenOwn(r.Context(), h.person(r), r.PostFormValue("number"))
	if errors.Is(err, app.ErrNotFound) {
		return &ui.Failure{Status: http.StatusNotFound, Name: "not_found", Out: "/p/cases"}
	}
	if err != nil {
		return h.notSignedIn(w, r, err)
	}
	h.Cookies.Set(w, personCookie, h.person(r), visit.For)
	return h.begin(w, r, visit)
}

func (h *handler) extendSignIn(w http.ResponseWriter, r *http.Request) error {
	visit, err := h.app.ExtendSignIn(r.Context(), h.person(r))
	if err != nil {
		return h.notSignedIn(w, r, err)
	}
	h.Cookies.Set(w, personCookie, visit.ID, visit.For)
	return h.backToOwn(w, r)
}

func (h *handler) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := h.app.SignOut(r.Context(), h.person(r)); err != nil {
		return err
	}
	h.Cookies.Set(w, personCookie, "", -1)
	return ui.Redirect(w, "/p/signedout")
}

// signedOut offers to sign out at the provider too. The address names nobody: an ID token in it would tell the IIN.
func (h *handler) signedOut(w http.ResponseWriter, r *http.Request) error {
	there, err := h.signIn.Goodbye(r.Context(), "")
	if err != nil && !errors.Is(err, oidc.ErrAway) {
		return err
	}
	return h.signInPage(w, r, http.StatusOK, "out", there)
}
