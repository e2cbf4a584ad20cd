package portal

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"robotbailiff/internal/app/objections"
	app "robotbailiff/internal/app/portal"
	"robotbailiff/internal/exhibit"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

type objectPage struct {
	ui.Page
	View  app.Draft
	Step  string // 1, 2 or 3
	Typed string
	Fault string // what is wrong with what was sent; empty: nothing
	Most  int    // characters
}

type objectionPage struct {
	ui.Page
	View app.Objection
	Made bool // just now
}

// objecting routes what belongs to objections.
func (h *handler) objecting(m *ui.Router, route func(string, ui.HandlerFunc), form func(pattern string, act, again ui.HandlerFunc)) {
	route("GET /p/case/object", h.backToCase)
	route("GET /p/case/object/{ground}", h.objectWords)
	form("POST /p/case/object/{ground}", h.saveWords, h.wordsAgain)
	route("GET /p/case/object/{ground}/files", h.objectFiles)
	m.Handle("POST /p/case/object/{ground}/files", h.HandleUpload(exhibit.MaxBytes+1, h.addPaper, explain))
	route("POST /p/case/object/{ground}/files/remove", h.removePaper)
	route("GET /p/case/object/{ground}/files/remove", h.backToFiles) // the language row after a post
	route("GET /p/case/object/{ground}/check", h.objectCheck)
	route("POST /p/case/object/{ground}/check", h.object)
	route("GET /p/case/objections/{seq}", h.objection)
}

func objectPath(r *http.Request) string { return "/p/case/object/" + r.PathValue("ground") }

// draft gives what is being written, or leads to the objection that stands already.
func (h *handler) draft(w http.ResponseWriter, r *http.Request) (app.Draft, bool, error) {
	d, err := h.app.Draft(r.Context(), h.session(r), r.PathValue("ground"))
	if err == nil && d.Standing != 0 {
		return d, false, toObjection(w, d.Standing, false)
	}
	return d, err == nil, err
}

func toObjection(w http.ResponseWriter, seq int, made bool) error {
	path := "/p/case/objections/" + strconv.Itoa(seq)
	if made {
		path += "?made=1"
	}
	return ui.Redirect(w, path)
}

func (h *handler) showObject(w http.ResponseWriter, r *http.Request, status int, page string, p objectPage) error {
	fills := p.Fills
	p.Page = h.page(w, r, i18n.Say("object."+page+".title"))
	p.Fills = fills
	p.Most = objections.MaxWords
	return h.Render.Render(w, r, status, page, p.Lang, p)
}

func (h *handler) objectWords(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := h.draft(w, r)
	if !ok {
		return err
	}
	return h.showWords(w, r, http.StatusOK, objectPage{View: d, Typed: d.Words})
}

func (h *handler) showWords(w http.ResponseWriter, r *http.Request, status int, p objectPage) error {
	p.Step = "1"
	p.Page = h.page(w, r, i18n.Say("object.ground."+p.View.Ground))
	p.Fills = true
	p.Most = objections.MaxWords
	return h.Render.Render(w, r, status, "object", p.Lang, p)
}

func (h *handler) wordsAgain(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := h.draft(w, r)
	if !ok {
		return err
	}
	return h.showWords(w, r, http.StatusOK, objectPage{View: d, Typed: r.PostFormValue("words")})
}

func (h *handler) saveWords(w http.ResponseWriter, r *http.Request) error {
	words := r.PostFormValue("words")
	fault := ""
	err := h.app.SaveWords(r.Context(), h.session(r), r.PathValue("ground"), words)
	switch {
	case err == nil:
		return ui.Redirect(w, objectPath(r)+"/files")
	case errors.Is(err, app.ErrNoWords):
		fault = "words"
	case errors.Is(err, objections.ErrLong):
		fault = "long"
	default:
		return err
	}
	d, ok, err := h.draft(w, r)
	if !ok {
		return err
	}
	return h.showWords(w, r, http.StatusUnprocessableEntity, objectPage{View: d, Typed: words, Fault: fault})
}

func (h *handler) objectFiles(w http.ResponseWriter, r *http.Request) error {
	for _, f := range fileFaults { // of a file that came with the language row
		if r.URL.Query().Get("fault") == f.code {
			return h.showFiles(w, r, http.StatusOK, f.code)
		}
	}
	return h.showFiles(w, r, http.StatusOK, "")
}

func (h *handler) showFiles(w http.ResponseWriter, r *http.Request, status int, fault string) error {
	d, ok, err := h.draft(w, r)
	if !ok {
		return err
	}
	if !d.Written {
		return ui.Redirect(w, objectPath(r))
	}
	p := objectPage{View: d, Step: "2", Fault: fault}
	p.Fills = d.Room
	return h.showObject(w, r, status, "objectfiles", p)
}

// fileFaults say in a word why a paper is not taken.
var fileFaults = []struct {
	err  error
	code string
}{
	{exhibit.ErrEmpty, "empty"},
	{exhibit.ErrLarge, "large"},
	{exhibit.ErrKind, "kind"},
	{exhibit.ErrDamaged, "damaged"},
	{exhibit.ErrPixels, "pixels"},
	{exhibit.ErrActive, "active"},
	{objections.ErrMany, "many"},
}

// addPaper takes one file. What it is, its content says; its name is not even read. The language row sends the form too: no page can put a chosen
// file back into its field, so it is taken, and the page comes in the other language.
func (h *handler) addPaper(w http.ResponseWriter, r *http.Request, fields url.Values, _ string, file io.Reader) error {
	if err := h.sameCase(r, fields.Get("case")); err != nil {
		return err
	}
	if file == nil {
		file = http.NoBody
	}
	content, err := io.ReadAll(io.LimitReader(file, exhibit.MaxBytes+1))
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		err = exhibit.ErrLarge
	}
	lang := ui.SpokenIn(fields)
	if err == nil && (lang == "" || len(content) > 0) {
		err = h.app.AddPaper(r.Context(), h.session(r), r.PathValue("ground"), content)
	}
	if err == nil && lang == "" {
		return h.backToFiles(w, r)
	}
	again := url.Values{"lang": {lang}}
	if err == nil {
		return ui.Redirect(w, objectPath(r)+"/files?"+again.Encode())
	}
	for _, f := range fileFaults {
		if errors.Is(err, f.err) {
			if lang != "" {
				again.Set("fault", f.code)
				return ui.Redirect(w, objectPath(r)+"/files?"+again.Encode())
			}
			return h.showFiles(w, r, http.StatusUnprocessableEntity, f.code)
		}
	}
	return err
}

func (h *handler) removePaper(w http.ResponseWriter, r *http.Request) error {
	id, err := strconv.ParseInt(r.PostFormValue("file"), 10, 64)
	if err != nil {
		return app.ErrNotFound
	}
	if err := h.app.RemovePaper(r.Context(), h.session(r), r.PathValue("ground"), id); err != nil {
		return err
	}
	return h.backToFiles(w, r)
}

func (h *handler) backToFiles(w http.ResponseWriter, r *http.Request) error {
	return ui.Redirect(w, objectPath(r)+"/files")
}

func (h *handler) objectCheck(w http.ResponseWriter, r *http.Request) error {
	d, ok, err := h.draft(w, r)
	if !ok {
		return err
	}
	if !d.Written {
		return ui.Redirect(w, objectPath(r))
	}
	return h.showObject(w, r, http.StatusOK, "objectcheck", objectPage{View: d, Step: "3"})
}

// object makes the objection. A second click leads to the same one.
func (h *handler) object(w http.ResponseWriter, r *http.Request) error {
	seq, err := h.app.Object(r.Context(), h.session(r), r.PathValue("ground"))
	if errors.Is(err, app.ErrNoWords) {
		return ui.Redirect(w, objectPath(r))
	}
	if err != nil {
		return err
	}
	return toObjection(w, seq, true)
}

func (h *handler) objection(w http.ResponseWriter, r *http.Request) error {
	seq, err := strconv.Atoi(r.PathValue("seq"))
	if err != nil {
		return app.ErrNotFound
	}
	v, err := h.app.Objection(r.Context(), h.session(r), seq)
	if err != nil {
		return err
	}
	p := objectionPage{View: v, Made: r.URL.Query().Get("made") != "" && v.Status == "open"}
	title := i18n.Say("object.heading." + v.Status)
	if p.Made {
		title = i18n.Say("object.made")
	}
	p.Page = h.page(w, r, title)
	return h.Render.Render(w, r, http.StatusOK, "objection", p.Lang, p)
}
