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
	p := gatePage{Page: h.NewPage(w, r, i18n.Say("gate.title"))}
	return h.Render.Render(w, r, http.StatusOK, "gate", p.Lang, p)
}

func (h *handler) enter(w http.ResponseWriter, r *http.Request) error {
	if !h.tries.Allow(h.who(r)) {
		return &ui.Failure{Status: http.StatusTooManyRequests, Name: "busy", Out: r.URL.Path}
	}
	p := gatePage{IIN: r.PostFormValue("iin"), Year: r.PostFormValue("year")}
	visit, err := h.app.Enter(r.Context(), r.PathValue("token"), p.IIN, p.Year)
	if err == nil {
		h.setSession(w, visit.ID, visit.For)
		h.SuggestLang(w, r, i18n.OfDebtor(visit.Language))
		return ui.Redirect(w, "/p/case")
	}
	p.Page = h.NewPage(w, r, i18n.Say("gate.title"))
	status := http.StatusUnprocessableEntity
	form, locked := (*app.FormError)(nil), (*app.LockedError)(nil)
	switch {
	case errors.As(err, &form):
		p.BadIIN, p.BadYear = form.LastFour, form.BirthYear
		p.Wrong = text("gate.form")
	case errors.As(err, &locked):
		status = http.StatusTooManyRequests
		p.Wrong = text("gate.locked", "until", locked.Until)
	case errors.Is(err, app.ErrGate):
		p.BadIIN, p.BadYear = true, true
		p.Wrong = text("gate.wrong")
	default:
		return err
	}
	return h.Render.Render(w, r, status, "gate", p.Lang, p)
}

// stranger hears that the message came to somebody else. One who only guesses links is slowed down as at the gate.
func (h *handler) stranger(w http.ResponseWriter, r *http.Request) error {
	if !h.tries.Allow(h.who(r)) {
		return &ui.Failure{Status: http.StatusTooManyRequests, Name: "busy", Out: "/p/" + r.PathValue("token")}
	}
	if err := h.app.Stranger(r.Context(), r.PathValue("token")); err != nil {
		return err
	}
	return ui.Redirect(w, "/p/stranger")
}

func (h *handler) backToGate(w http.ResponseWriter, r *http.Request) error {
	return ui.Redirect(w, "/p/"+r.PathValue("token"))
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
	return ui.Redirect(w, "/p/case")
}

func (h *handler) leave(w http.ResponseWriter, r *http.Request) error {
	if err := h.app.Leave(r.Context(), h.session(r)); err != nil {
		return err
	}
	h.setSession(w, "", -1)
	return ui.Redirect(w, "/p/closed")
}
