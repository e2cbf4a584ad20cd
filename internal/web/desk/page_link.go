package desk

import (
	"errors"
	"net/http"
	"strconv"

	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/app/links"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

// linkRoutes are the page on which an operator makes the personal link of a debtor invalid: first what it does, then why.
func (h *handler) linkRoutes(route func(pattern string, f ui.HandlerFunc)) {
	route("GET /desk/cases/{number}/link", h.inside(h.link))
	route("POST /desk/cases/{number}/link", h.inside(h.renewLink))
}

type linkPage struct {
	ui.Page
	Number   string
	Actor    string
	Link     links.State
	Reason   string // as typed
	NoReason bool
	Over     bool // the case has no links any more
}

func (h *handler) link(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.showLink(w, r, actor, http.StatusOK, linkPage{})
}

func (h *handler) showLink(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, p linkPage) (err error) {
	if p.Link, err = h.app.Link(r.Context(), actor, r.PathValue("number")); err != nil {
		return err
	}
	id, err := caseno.Parse(r.PathValue("number"))
	if err != nil {
		return app.ErrNotFound
	}
	p.Number, p.Actor = caseno.Format(id), actor.Name
	p.Page = h.page(w, r, i18n.Say("desk.link.title"))
	return h.Render.Render(w, r, status, "caselink", p.Lang, p)
}

func (h *handler) renewLink(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	seen, err := strconv.Atoi(r.PostFormValue("seen"))
	if err != nil {
		return app.ErrNotFound
	}
	reason := r.PostFormValue("reason")
	err = h.app.RenewLink(r.Context(), actor, r.PathValue("number"), reason, seen)
	switch {
	case errors.Is(err, app.ErrNoReason):
		return h.showLink(w, r, actor, http.StatusUnprocessableEntity, linkPage{NoReason: true})
	case errors.Is(err, app.ErrNoLink):
		return h.showLink(w, r, actor, http.StatusConflict, linkPage{Over: true, Reason: reason})
	case err != nil:
		return err
	}
	return h.backToCase(w, r, actor)
}
