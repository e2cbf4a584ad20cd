package desk

import (
	"errors"
	"net/http"

	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/app/papers"
	"robotbailiff/internal/web/ui"
)

// documentRoutes are the documents of a case, as the desk may see them.
func (h *handler) documentRoutes(route func(pattern string, f ui.HandlerFunc)) {
	route("GET /desk/cases/{number}/documents/{name}", h.inside(h.document))
}

func (h *handler) document(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	f, err := h.app.Document(r.Context(), actor, r.PathValue("number"), r.PathValue("name"), h.Lang(r))
	if errors.Is(err, papers.ErrNone) {
		return &ui.Failure{Status: http.StatusNotFound, Name: "not_found", Out: "/desk/"}
	}
	if err != nil {
		return err
	}
	return ui.SendFile(w, r, f.Name, papers.MediaType, f.Body)
}
