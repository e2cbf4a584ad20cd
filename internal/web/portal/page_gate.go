package portal

import (
	"errors"
	"net/http"

	app "robotbailiff/internal/app/portal"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

type gatePage struct {
	ui.Page
	answers
	LinkDays int
	Phone    string // the last four digits of the number that is not the debtor's
	BadPhone bool
	SignIn   bool // an identity provider is the other way in
}

// answers are what was given at a gate, and what is wrong with it.
type answers struct {
	IIN, Year       string
	BadIIN, BadYear bool
	Wrong           *i18n.Text
}

type entryPage struct {
	ui.Page
	Name string
}

// entry shows a page that belongs to no case.
func (h *handler) entry(name string) ui.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		p := entryPage{Page: h.NewPage(w, r, i18n.Say("entry."+name+".title")), Name: name}
		return h.Render.Render(w, r, http.StatusOK, "entry", p.Lang, p)
	}
}

// gate asks who is there. It looks nothing up, so a link that does not exist answers in the same way and time as one that
// does, and a mail scanner that opens it learns and changes nothing.
func (h *handler) gate(w http.ResponseWriter, r *http.Request) error {
	return h.showGate(w, r, http.StatusOK, gatePage{})
}

func (h *handler) showGate(w http.ResponseWriter, r *http.Request, status int, p gatePage) (err error) {
	if p.LinkDays, err = h.app.LinkDays(r.Context()); err != nil {
		return err
	}
	p.Page = h.NewPage(w, r, i18n.Say("gate.title"))
	p.Fills, p.SignIn = true, h.signIn != nil
	return h.Render.Render(w, r, status, "gate", p.Lang, p)
}

// typed reads what stands in the form of the gate.
func typed(r *http.Request) gatePage {
	return gatePage{answers: answers{IIN: r.PostFormValue("iin"), Year: r.PostFormValue("year")}, Phone: r.PostFormValue("phone")}
}

func (h *handler) gateAgain(w http.ResponseWriter, r *http.Request) error {
	return h.showGate(w, r, http.StatusOK, typed(r))
}

// enter takes the answers, or hears that the message came to somebody else: one form holds both, so that its language changes as a whole.
func (h *handler) enter(w http.ResponseWriter, r *http.Request) error {
	if !h.tries.allow(r) {
		return &ui.Failure{Status: http.StatusTooManyRequests, Name: "busy", Out: r.URL.Path}
	}
	p := typed(r)
	if only := p.IIN == "" && p.Year == "" && p.Phone != ""; only || r.PostFormValue("stranger") != "" {
		return h.stranger(w, r, p)
	}
	visit, err := h.app.Enter(r.Context(), r.PathValue("token"), p.IIN, p.Year)
	if err == nil {
		return h.begin(w, r, visit)
	}
	status, err := p.explain(err, gateWords)
	if err != nil {
		return err
	}
	return h.showGate(w, r, status, p)
}

// begin opens the case for a visit; the address loses the token.
func (h *handler) begin(w http.ResponseWriter, r *http.Request, visit app.Visit) error {
	h.setSession(w, visit.ID, visit.For)
	h.Cookies.Set(w, caseCookie, visit.Case, longestVisit)
	if visit.Language != "" {
		h.SuggestLang(w, r, i18n.OfDebtor(visit.Language))
	}
	return ui.Redirect(w, "/p/case")
}

// words are what a way in says of answers that do not open it.
type words struct{ form, wrong, locked string }

var gateWords = words{form: "gate.form", wrong: "gate.wrong", locked: "gate.locked"}

// explain says what is wrong with the answers, in the words of a way in: the same for all that does not open it.
func (a *answers) explain(err error, way words) (status int, fault error) {
	form, locked := (*app.FormError)(nil), (*app.LockedError)(nil)
	switch {
	case errors.As(err, &form):
		a.BadIIN, a.BadYear = form.LastFour, form.BirthYear
		a.Wrong = text(way.form)
	case errors.As(err, &locked):
		a.Wrong = text(way.locked, "until", locked.Until)
		return http.StatusTooManyRequests, nil
	case errors.Is(err, app.ErrGate):
		a.BadIIN, a.BadYear = true, true
		a.Wrong = text(way.wrong)
	default:
		return 0, err
	}
	return http.StatusUnprocessableEntity, nil
}

// stranger hears that the message came to somebody else. One who only guesses links is slowed down as at the gate.
func (h *handler) stranger(w http.ResponseWriter, r *http.Request, p gatePage) error {
	err := h.app.Stranger(r.Context(), r.PathValue("token"), p.Phone)
	if _, ok := errors.AsType[*app.FormError](err); ok {
		p.Wrong, p.BadPhone = text("gate.phone_form"), true
		return h.showGate(w, r, http.StatusUnprocessableEntity, p)
	}
	if err != nil {
		return err
	}
	return ui.Redirect(w, "/p/stranger")
}

func text(key string, pairs ...any) *i18n.Text {
	t := i18n.Say(key, pairs...)
	return &t
}

func (h *handler) extend(w http.ResponseWriter, r *http.Request) error {
	id := h.session(r)
	life, err := h.app.Extend(r.Context(), id)
	if err != nil {
		return err
	}
	h.setSession(w, id, life)
	if person := h.person(r); person != "" {
		h.Cookies.Set(w, personCookie, person, life)
	}
	return ui.Redirect(w, "/p/case")
}

func (h *handler) leave(w http.ResponseWriter, r *http.Request) error {
	if err := h.app.Leave(r.Context(), h.session(r)); err != nil {
		return err
	}
	h.setSession(w, "", -1)
	if h.signIn != nil && h.person(r) != "" { // whoever closes one case means to go
		return h.signOut(w, r)
	}
	return ui.Redirect(w, "/p/closed")
}
