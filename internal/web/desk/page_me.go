package desk

import (
	"net/http"

	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

// meRoutes are the visits: one's own, and those of others.
func (h *handler) meRoutes(route func(pattern string, f ui.HandlerFunc)) {
	route("GET /desk/me", h.inside(h.me))
	route("POST /desk/me/end", h.inside(h.endVisit))
	route("POST /desk/me/everywhere", h.inside(h.endVisits))
	route("GET /desk/me/{was}", h.inside(h.backToMe)) // the language row after a post
	route("GET /desk/people", h.inside(h.people))
	route("POST /desk/people/end", h.inside(h.endOther))
	route("GET /desk/people/end", h.inside(h.backToPeople))
}

type mePage struct {
	ui.Page
	Actor  app.Actor
	Visits []app.Signed
}

func (h *handler) me(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	visits, err := h.app.Visits(r.Context(), actor, h.Cookies.Get(r, sessionCookie))
	if err != nil {
		return err
	}
	p := mePage{Page: h.page(w, r, i18n.Say("desk.me.title")), Actor: actor, Visits: visits}
	return h.Render.Render(w, r, http.StatusOK, "me", p.Lang, p)
}

func (h *handler) endVisit(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	if err := h.app.EndVisit(r.Context(), actor, number(r.PostFormValue("visit"))); err != nil {
		return err
	}
	return h.backToMe(w, r, actor)
}

func (h *handler) endVisits(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	if err := h.app.EndVisits(r.Context(), actor); err != nil {
		return err
	}
	h.Cookies.Set(w, sessionCookie, "", -1)
	return ui.Redirect(w, "/desk/signed-out")
}

func (h *handler) backToMe(w http.ResponseWriter, _ *http.Request, _ app.Actor) error {
	return ui.Redirect(w, "/desk/me")
}

type peoplePage struct {
	ui.Page
	Visits []app.Signed
}

func (h *handler) people(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	v, err := h.app.People(r.Context(), actor, h.Cookies.Get(r, sessionCookie))
	if err != nil {
		return err
	}
	p := peoplePage{Page: h.page(w, r, i18n.Say("desk.people.title")), Visits: v}
	return h.Render.Render(w, r, http.StatusOK, "people", p.Lang, p)
}

func (h *handler) endOther(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	if err := h.app.EndOther(r.Context(), actor, number(r.PostFormValue("visit"))); err != nil {
		return err
	}
	return h.backToPeople(w, r, actor)
}

func (h *handler) backToPeople(w http.ResponseWriter, _ *http.Request, _ app.Actor) error {
	return ui.Redirect(w, "/desk/people")
}
