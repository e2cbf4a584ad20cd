package desk

import (
	"fmt"
	"mime"
	"net/http"
	"strconv"

	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/app/objections"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

type objectionsPage struct {
	ui.Page
	View app.ObjectionWork
}

type objectionPage struct {
	ui.Page
	View    app.ObjectionFile
	Problem string // of what was just tried
	Typed   string
}

// objections routes what belongs to objections.
func (h *handler) objections(route func(string, ui.HandlerFunc)) {
	route("GET /desk/objections", h.inside(h.objectionWork))
	route("GET /desk/objections/{number}/{seq}", h.inside(h.objection))
	route("POST /desk/objections/{number}/{seq}/answer", h.inside(h.answerObjection))
	route("POST /desk/objections/{number}/{seq}/told", h.inside(h.tellObjection))
	route("POST /desk/objections/{number}/{seq}/files", h.inside(h.takePaper))
	route("GET /desk/objections/{number}/{seq}/{was}", h.inside(h.backToObjection)) // the language row after a post
}

func (h *handler) objectionWork(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	v, err := h.app.Objections(r.Context(), actor)
	if err != nil {
		return err
	}
	p := objectionsPage{Page: h.page(w, r, i18n.Say("desk.objections.title")), View: v}
	return h.Render.Render(w, r, http.StatusOK, "objections", p.Lang, p)
}

func (h *handler) objection(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.showObjection(w, r, actor, http.StatusOK, "", "")
}

func (h *handler) showObjection(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, problem, typed string) error {
	v, err := h.app.Objection(r.Context(), actor, r.PathValue("number"), int(number(r.PathValue("seq"))))
	if err != nil {
		return err
	}
	p := objectionPage{Page: h.page(w, r, i18n.Say("object.number", "id", v.ID)), View: v, Problem: problem, Typed: typed}
	return h.Render.Render(w, r, status, "objection", p.Lang, p)
}

// objectionProblems are why an answer is refused beside its form.
var objectionProblems = []problem{
	{app.ErrNoAnswer, "reason", http.StatusUnprocessableEntity},
	{app.ErrNoReason, "note", http.StatusUnprocessableEntity},
	{objections.ErrLong, "long", http.StatusUnprocessableEntity},
	{app.ErrAnswered, "done", http.StatusConflict},
}

// answers says which form of the page was not filled in right, and how.
func (h *handler) answers(w http.ResponseWriter, r *http.Request, actor app.Actor, err error, typed string) error {
	if x := problemOf(err, objectionProblems); x != nil {
		return h.showObjection(w, r, actor, x.status, x.code, typed)
	}
	if err != nil {
		return err
	}
	return h.backToObjection(w, r, actor)
}

func (h *handler) answerObjection(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	answer, note := r.PostFormValue("answer"), r.PostFormValue("note")
	if answer != "accept" && answer != "decline" {
		return h.answers(w, r, actor, app.ErrNoAnswer, note)
	}
	err := h.app.AnswerObjection(r.Context(), actor, r.PathValue("number"), int(number(r.PathValue("seq"))), answer == "accept", r.PostFormValue("reason"), note)
	return h.answers(w, r, actor, err, note)
}

func (h *handler) tellObjection(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	how := r.PostFormValue("how")
	return h.answers(w, r, actor, h.app.TellObjection(r.Context(), actor, r.PathValue("number"), int(number(r.PathValue("seq"))), how), how)
}

// takePaper sends a paper as a file to keep: it is nobody's wish that a browser opens what a stranger handed in.
func (h *handler) takePaper(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	f, content, err := h.app.TakePaper(r.Context(), actor, r.PathValue("number"), int(number(r.PathValue("seq"))), number(r.PostFormValue("file")))
	if err != nil {
		return err
	}
	ending := map[string]string{"pdf": "pdf", "jpeg": "jpg", "png": "png"}[f.Kind]
	name := fmt.Sprintf("%s-%s-%d.%s", r.PathValue("number"), r.PathValue("seq"), f.ID, ending)
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	_, _ = w.Write(content) //nolint:gosec // never shown: a file to keep, nosniff, in a sandbox; a reader who has gone cannot be told
	return nil
}

func (h *handler) backToObjection(w http.ResponseWriter, r *http.Request, _ app.Actor) error {
	return ui.Redirect(w, "/desk/objections/"+r.PathValue("number")+"/"+r.PathValue("seq"))
}
