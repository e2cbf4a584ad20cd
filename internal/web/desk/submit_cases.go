package desk

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"robotbailiff/internal/app/caselist"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/web/ui"
)

// searchCases reads the one box. What was typed is nowhere in an address: a case number leads to the case, all else to a list under a word.
func (h *handler) searchCases(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	as := caselist.Kind(r.PostFormValue("as"))
	if as != "" && !slices.Contains(searchKinds, as) {
		return &ui.Failure{Status: http.StatusBadRequest, Name: "form", Out: "/desk/cases"}
	}
	found, err := h.app.SearchCases(r.Context(), actor, r.PostFormValue("q"), as)
	switch {
	case err != nil:
		return err
	case found.Hits > 0 && found.Number != "":
		return ui.Redirect(w, "/desk/cases/"+found.Number)
	case found.Hits > 0:
		return ui.Redirect(w, casesPath(url.Values{"s": {found.Word}}))
	}
	return h.showCases(w, r, actor, http.StatusNotFound, casesPage{Nothing: &found})
}

// posted reads the filter that a form of the list has brought along.
func posted(r *http.Request) (f caselist.Filter, ok bool) {
	q, err := url.ParseQuery(r.PostFormValue("query"))
	if err != nil {
		return f, false
	}
	f, bad := caselist.ParseFilter(q)
	return f, len(bad) == 0
}

func (h *handler) saveView(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	f, ok := posted(r)
	if !ok {
		return &ui.Failure{Status: http.StatusBadRequest, Name: "form", Out: "/desk/cases"}
	}
	name := r.PostFormValue("name")
	err := h.app.SaveView(r.Context(), actor, name, f)
	switch {
	case errors.Is(err, caselist.ErrNoName):
		return h.showCases(w, r, actor, http.StatusUnprocessableEntity, casesPage{Filter: f, Problem: "no_name", Typed: name})
	case errors.Is(err, caselist.ErrTooManyViews):
		return h.showCases(w, r, actor, http.StatusUnprocessableEntity, casesPage{Filter: f, Problem: "too_many_views", Typed: name})
	case err != nil:
		return err
	}
	return ui.Redirect(w, casesPath(f.Query()))
}

func (h *handler) dropView(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	if err := h.app.DropView(r.Context(), actor, r.PostFormValue("name")); err != nil {
		return err
	}
	return ui.Redirect(w, "/desk/cases")
}

// exportProblems are what can keep a list from leaving, with the status of the answer.
var exportProblems = []struct {
	err    error
	name   string
	status int
}{
	{caselist.ErrNeedsTwo, "needs_two", http.StatusUnprocessableEntity},
	{caselist.ErrNoReason, "no_reason", http.StatusUnprocessableEntity},
	{caselist.ErrTooMany, "too_many", http.StatusUnprocessableEntity},
	{caselist.ErrTooSlow, "too_slow", http.StatusUnprocessableEntity},
	{caselist.ErrNothing, "nothing", http.StatusUnprocessableEntity},
	{caselist.ErrNoSearch, "no_search", http.StatusGone},
}

func (h *handler) exportCases(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	f, ok := posted(r)
	format := caselist.Format(r.PostFormValue("format"))
	if !ok || format != caselist.CSV && format != caselist.XLSX {
		return &ui.Failure{Status: http.StatusBadRequest, Name: "form", Out: "/desk/cases"}
	}
	file, id, err := h.app.ExportCases(r.Context(), actor, f, format, r.PostFormValue("reason"), h.Lang(r))
	for _, x := range exportProblems {
		if errors.Is(err, x.err) {
			return h.showCases(w, r, actor, x.status, casesPage{Filter: f, Problem: x.name, Typed: r.PostFormValue("reason")})
		}
	}
	switch {
	case err != nil:
		return err
	case id != 0:
		return ui.Redirect(w, fmt.Sprintf("/desk/exports/%d", id))
	}
	return ui.SendFile(w, r, file.Name, file.MediaType, file.Body)
}

// unmask shows the person of a case once, on the answer to the form itself.
func (h *handler) unmask(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	v, err := h.app.Unmask(r.Context(), actor, r.PathValue("number"), r.PostFormValue("reason"))
	switch {
	case errors.Is(err, caselist.ErrNoReason):
		return h.showCaseWith(w, r, actor, http.StatusUnprocessableEntity, casePage{Refused: "no_reason"})
	case errors.Is(err, caselist.ErrTooOften):
		return h.showCaseWith(w, r, actor, http.StatusTooManyRequests, casePage{Refused: "too_often"})
	case err != nil:
		return err
	}
	return h.showCaseWith(w, r, actor, http.StatusOK, casePage{Person: &v})
}
