package portal

import (
	"errors"
	"net/http"
	"strconv"

	app "robotbailiff/internal/app/portal"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

// linkRoutes are the page on which a debtor has a new link sent, since somebody else has the old one.
func (h *handler) linkRoutes(route func(pattern string, f ui.HandlerFunc)) {
	route("GET /p/case/link", h.link)
	route("POST /p/case/link", h.renewLink)
	route("GET /p/renewed", h.entry("renewed"))
}

type linkPage struct {
	ui.Page
	Link app.Link
	Many bool
}

func (h *handler) link(w http.ResponseWriter, r *http.Request) error {
	return h.showLink(w, r, http.StatusOK, false)
}

func (h *handler) showLink(w http.ResponseWriter, r *http.Request, status int, many bool) error {
	l, err := h.app.Link(r.Context(), h.session(r))
	if err != nil {
		return err
	}
	p := linkPage{Page: h.page(w, r, i18n.Say("link.title")), Link: l, Many: many}
	return h.Render.Render(w, r, status, "link", p.Lang, p)
}

// renewLink ends the visit as well: whoever goes on comes in by the new link.
func (h *handler) renewLink(w http.ResponseWriter, r *http.Request) error {
	seen, err := strconv.Atoi(r.PostFormValue("seen"))
	if err != nil {
		return app.ErrNotFound
	}
	err = h.app.RenewLink(r.Context(), h.session(r), seen)
	if errors.Is(err, app.ErrTooMany) {
		return h.showLink(w, r, http.StatusConflict, true)
	}
	if err != nil {
		return err
	}
	h.setSession(w, "", -1)
	return ui.Redirect(w, "/p/renewed")
}
