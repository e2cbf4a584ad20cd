package desk

import (
	"errors"
	"fmt"
	"net/http"

	"robotbailiff/internal/app/caselist"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

type exportsPage struct {
	ui.Page
	Exports []caselist.Export
}

type exportPage struct {
	ui.Page
	Export  caselist.Export
	First   []caselist.Row
	Columns []caselist.Column
	Href    string // of the list as it is now
	Problem string
}

// exportRoutes are the pages of lists that leave the house.
func (h *handler) exportRoutes(route func(pattern string, f ui.HandlerFunc)) {
	route("GET /desk/exports", h.inside(h.exports))
	route("GET /desk/exports/{id}", h.inside(h.export))
	route("POST /desk/exports/{id}/agree", h.inside(h.decideExport(true)))
	route("POST /desk/exports/{id}/refuse", h.inside(h.decideExport(false)))
	route("POST /desk/exports/{id}/take", h.inside(h.takeExport))
	route("GET /desk/exports/{id}/{was}", h.inside(h.backToExport)) // the language row after a post
}

func (h *handler) exports(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	all, err := h.app.Exports(r.Context(), actor)
	if err != nil {
		return err
	}
	p := exportsPage{Page: h.page(w, r, i18n.Say("cases.export.list")), Exports: all}
	return h.Render.Render(w, r, http.StatusOK, "exports", p.Lang, p)
}

func (h *handler) export(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.showExport(w, r, actor, http.StatusOK, "")
}

func (h *handler) showExport(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, problem string) error {
	e, first, err := h.app.Export(r.Context(), actor, number(r.PathValue("id")))
	if err != nil {
		return err
	}
	p := exportPage{Page: h.page(w, r, i18n.Say("cases.export.title", "id", e.ID)), Export: e, First: first, Columns: e.Filter.Chosen(), Href: casesPath(e.Filter.Query()), Problem: problem}
	return h.Render.Render(w, r, status, "export", p.Lang, p)
}

// closed tells why an export cannot be decided about, or taken.
func (h *handler) closed(w http.ResponseWriter, r *http.Request, actor app.Actor, err error) error {
	switch {
	case errors.Is(err, caselist.ErrOwnExport):
		return h.showExport(w, r, actor, http.StatusForbidden, "own")
	case errors.Is(err, caselist.ErrExportClosed):
		return h.showExport(w, r, actor, http.StatusConflict, "closed")
	}
	return err
}

func (h *handler) decideExport(agree bool) guarded {
	return func(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
		if err := h.app.DecideExport(r.Context(), actor, number(r.PathValue("id")), agree); err != nil {
			return h.closed(w, r, actor, err)
		}
		return h.backToExport(w, r, actor)
	}
}

func (h *handler) takeExport(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	file, err := h.app.TakeExport(r.Context(), actor, number(r.PathValue("id")), h.Lang(r))
	if err != nil {
		return h.closed(w, r, actor, err)
	}
	return ui.SendFile(w, r, file.Name, file.MediaType, file.Body)
}

func (h *handler) backToExport(w http.ResponseWriter, r *http.Request, _ app.Actor) error {
	return ui.Redirect(w, fmt.Sprintf("/desk/exports/%d", number(r.PathValue("id"))))
}
