package desk

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"robotbailiff/internal/app/accounts"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

const sessionCookie = "desk"

// signInRoutes are the ways in and out.
func (h *handler) signInRoutes(route func(pattern string, f ui.HandlerFunc)) {
	route("POST /desk/sign-in", h.signIn)
	route("GET /desk/sign-in", home)
	route("POST /desk/sign-in/account", h.signInAccount)
	route("GET /desk/sign-in/account", home) // the language row after a post
	route("GET /desk/sign-in/provider", h.goToProvider)
	route("GET /desk/sign-in/return", h.backFromProvider)
	route("GET /desk/first/{link}", h.first)
	route("POST /desk/first/{link}", h.setUp)
	route("POST /desk/sign-out", h.signOut)
	route("GET /desk/sign-out", home)
	route("GET /desk/signed-out", h.signedOut)
}

func home(w http.ResponseWriter, _ *http.Request) error { return ui.Redirect(w, "/desk/") }

type signInPage struct {
	ui.Page
	Next     string
	Problem  string // why nobody was let in just now; empty: nobody has tried
	Account  bool   // people sign in by accounts
	Provider bool   // people sign in at a provider
	Demo     []demoPerson
	Again    bool // somebody is signed in, and shows once more who he is
}

// problemAgain says that an act wants it shown anew who acts.
const problemAgain = "fresh"

// demoPerson is one of the people of the demonstration.
type demoPerson struct{ Name, Key string }

// demoPeople are those who sign in by one click; outside a sandbox there are none.
func (h *handler) demoPeople() (people []demoPerson) {
	for _, a := range h.app.DemoPeople() {
		people = append(people, demoPerson{a.Name, strings.ReplaceAll(strings.TrimPrefix(a.Name, "desk:"), "-", "_")})
	}
	return people
}

func (h *handler) showSignIn(w http.ResponseWriter, r *http.Request, status int, next, problem string) error {
	p := signInPage{
		Page: h.NewPage(w, r, i18n.Say("desk.sign_in.title")), Next: next, Problem: problem, Account: h.app.HasAccounts(), Provider: h.provider != nil, Demo: h.demoPeople(), Again: problem == problemAgain,
	}
	return h.Render.Render(w, r, status, "signin", p.Lang, p)
}

func (h *handler) signIn(w http.ResponseWriter, r *http.Request) error {
	session, err := h.app.SignInDemo(r.Context(), r.PostFormValue("person"), h.visit(r))
	if err != nil {
		return err
	}
	return h.begin(w, session, r.PostFormValue("next"))
}

// signInAccount lets in who knows the password of an account and has its telephone. To all others it says one and the same thing.
func (h *handler) signInAccount(w http.ResponseWriter, r *http.Request) error {
	if !h.tries.Allow(h.clientIP(r)) {
		return &ui.Failure{Status: http.StatusTooManyRequests, Name: "busy"}
	}
	next := r.PostFormValue("next")
	session, err := h.app.SignInAccount(r.Context(), strings.TrimSpace(r.PostFormValue("login")), r.PostFormValue("password"), r.PostFormValue("code"), h.visit(r))
	if errors.Is(err, accounts.ErrWrong) {
		return h.showSignIn(w, r, http.StatusForbidden, nextPath(next), "wrong")
	}
	if err != nil {
		return err
	}
	return h.begin(w, session, next)
}

// begin gives the browser the secret of its visit, and leads where it wanted to go.
func (h *handler) begin(w http.ResponseWriter, session, next string) error {
	h.Cookies.Set(w, sessionCookie, session, app.SessionFor)
	return ui.Redirect(w, nextPath(next))
}

func (h *handler) visit(r *http.Request) app.Visit {
	return app.Visit{Old: h.Cookies.Get(r, sessionCookie), Browser: r.UserAgent()}
}

// nextPath keeps only a path of the desk itself.
func nextPath(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(u.Path, "/desk/") {
		return "/desk/"
	}
	return u.RequestURI()
}

func (h *handler) signOut(w http.ResponseWriter, r *http.Request) error {
	provider, err := h.app.SignOut(r.Context(), h.Cookies.Get(r, sessionCookie))
	if err != nil {
		return err
	}
	h.Cookies.Set(w, sessionCookie, "", -1)
	if provider {
		return ui.Redirect(w, "/desk/signed-out")
	}
	return home(w, r)
}
