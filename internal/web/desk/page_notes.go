package desk

import (
	"errors"
	"net/http"
	"slices"
	"strconv"

	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/app/notes"
	"robotbailiff/internal/web/ui"
)

// noteRoutes are the notes of a case, which stand on its page.
func (h *handler) noteRoutes(route func(pattern string, f ui.HandlerFunc)) {
	route("POST /desk/cases/{number}/notes", h.inside(h.writeNote))
	route("GET /desk/cases/{number}/notes", h.inside(h.backToCase)) // the language row after a post
}

// noteForm is the form for a new note.
type noteForm struct {
	Corrects *notes.Note // which note it corrects; nil: none
	Typed    string
	Fault    string // why the note was not kept; empty: it was not tried
}

// noteFaults are what may be wrong with a note, by the word for it in the catalogs.
var noteFaults = []struct {
	err    error
	name   string
	status int
}{
	{notes.ErrEmpty, "empty", http.StatusUnprocessableEntity},
	{notes.ErrLong, "long", http.StatusUnprocessableEntity},
	{notes.ErrIIN, "iin", http.StatusUnprocessableEntity},
	{notes.ErrCorrected, "corrected", http.StatusConflict},
}

// find reads from a request which note is to be corrected. One that was corrected before, or that the case does not have, is none.
func (f *noteForm) find(r *http.Request, all []notes.Note) {
	id, err := strconv.ParseInt(r.FormValue("corrects"), 10, 64)
	if err != nil {
		return
	}
	if i := slices.IndexFunc(all, func(n notes.Note) bool { return n.ID == id && !n.Corrected() }); i >= 0 {
		f.Corrects = &all[i]
	}
}

func (h *handler) writeNote(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	typed := r.PostFormValue("note")
	corrects, _ := strconv.ParseInt(r.PostFormValue("corrects"), 10, 64) // what is no number corrects nothing
	err := h.app.AddNote(r.Context(), actor, r.PathValue("number"), typed, corrects)
	for _, x := range noteFaults {
		if errors.Is(err, x.err) {
			return h.showCaseWith(w, r, actor, x.status, casePage{Note: noteForm{Typed: typed, Fault: x.name}})
		}
	}
	if errors.Is(err, notes.ErrNone) {
		return app.ErrNotFound
	}
	if err != nil {
		return err
	}
	return ui.Redirect(w, "/desk/cases/"+r.PathValue("number")+"#notes")
}
