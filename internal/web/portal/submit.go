package portal

import (
	"net/http"

	app "robotbailiff/internal/app/portal"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

type refusePage struct {
	ui.Page
	View  app.View
	Moved bool
}

type refusedPage struct {
	ui.Page
	View app.View
}

func (h *handler) refuse(w http.ResponseWriter, r *http.Request) error {
	return h.showPrice(w, r, http.StatusOK, false)
}

func (h *handler) showPrice(w http.ResponseWriter, r *http.Request, status int, moved bool) error {
	v, ok, err := h.refusable(w, r)
	if !ok {
		return err
	}
	p := refusePage{Page: h.page(w, r, i18n.Say("refuse.title")), View: v, Moved: moved}
	return h.Render.Render(w, r, status, "refuse", p.Lang, p)
}

// refusable shows the case of a session if it can be refused, or leads to the refusal that stands.
func (h *handler) refusable(w http.ResponseWriter, r *http.Request) (app.View, bool, error) {
	v, err := h.app.Case(r.Context(), h.session(r), h.Lang(r))
	switch {
	case err != nil:
		return v, false, err
	case v.Refused && !v.UndoUntil.IsZero():
		return v, false, ui.Redirect(w, "/p/case/refused")
	case !v.CanRefuse:
		return v, false, app.ErrNotPossible
	}
	return v, true, nil
}

func (h *handler) refused(w http.ResponseWriter, r *http.Request) error {
	v, err := h.app.Case(r.Context(), h.session(r), h.Lang(r))
	if err != nil {
		return err
	}
	if v.UndoUntil.IsZero() {
		return ui.Redirect(w, "/p/case")
	}
	p := refusedPage{Page: h.page(w, r, i18n.Say("refused.title")), View: v}
	return h.Render.Render(w, r, http.StatusOK, "refused", p.Lang, p)
}

func (h *handler) undo(w http.ResponseWriter, r *http.Request) error {
	if err := h.app.UndoRefusal(r.Context(), h.session(r)); err != nil {
		return err
	}
	return ui.Redirect(w, "/p/case?undone=1")
}
