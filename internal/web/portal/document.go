package portal

import (
	"errors"
	"net/http"

	"robotbailiff/internal/app/papers"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

// documentRoutes are the documents of the case of the session. They are only read: what they say does not change by being fetched.
func (h *handler) documentRoutes(route func(pattern string, f ui.HandlerFunc)) {
	route("GET /p/case/documents/{name}", h.document)
}

func (h *handler) document(w http.ResponseWriter, r *http.Request) error {
	f, err := h.app.Document(r.Context(), h.session(r), r.PathValue("name"), h.Lang(r))
	if errors.Is(err, papers.ErrNone) {
		return &ui.Failure{Status: http.StatusNotFound, Name: "not_found"}
	}
	if err != nil {
		return err
	}
	return ui.SendFile(w, r, f.Name, papers.MediaType, f.Body)
}

// documentLink is one line of the list of documents.
type documentLink struct {
	Href string
	Lang i18n.Lang // of the document
	Text i18n.Text
	By   *i18n.Text // who has signed it; nil: nobody
}

func documentLinks(all []papers.Document) []documentLink {
	out := make([]documentLink, 0, len(all))
	for _, d := range all {
		out = append(out, documentLink{Href: "/p/case/documents/" + d.Name, Lang: d.Language, Text: d.Link(), By: d.By()})
	}
	return out
}
