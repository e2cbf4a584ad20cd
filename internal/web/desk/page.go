package desk

import (
	"errors"
	"net/http"
	"slices"

	"robotbailiff/engine/breaker"
	"robotbailiff/internal/app/caselist"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/app/whynot"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

// whyStopped is the reason of the stop of everything; empty: there is no such stop.
func whyStopped(r app.RobotState, lang i18n.Lang) string {
	if r.Stopped == nil {
		return ""
	}
	return breaker.WhyStopped(r.Stopped, string(lang))
}

type casePage struct {
	ui.Page
	View app.CaseFile

	NoReason bool // the case was to go on, and nobody said why

	Person  *caselist.Identity // whom the case is of, to one who said why
	Refused string             // why not
	Note    noteForm
}

func (h *handler) caseFile(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.showCase(w, r, actor, http.StatusOK, false)
}

func (h *handler) resumeCase(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	err := h.app.ResumeCase(r.Context(), actor, r.PathValue("number"), r.PostFormValue("reason"))
	if errors.Is(err, app.ErrNoReason) {
		return h.showCase(w, r, actor, http.StatusUnprocessableEntity, true)
	}
	if err != nil {
		return err
	}
	return h.backToCase(w, r, actor)
}

func (h *handler) backToCase(w http.ResponseWriter, r *http.Request, _ app.Actor) error {
	return ui.Redirect(w, "/desk/cases/"+r.PathValue("number"))
}

func (h *handler) showCase(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, noReason bool) error {
	return h.showCaseWith(w, r, actor, status, casePage{NoReason: noReason})
}

// showCaseWith shows a case with what was just answered to one of its forms.
func (h *handler) showCaseWith(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, p casePage) error {
	v, err := h.app.Case(r.Context(), actor, r.PathValue("number"), h.Lang(r))
	if err != nil {
		return err
	}
	p.Note.find(r, v.Notes)
	p.Page, p.View = h.page(w, r, i18n.Say("case.number", "number", v.Number)), v
	for i := range v.Next {
		p.onlyOpen(v.Next[i].Open)
	}
	return h.Render.Render(w, r, status, "casefile", p.Lang, p)
}

// onlyOpen takes the links to rooms that the visitor may not open out of what is said about a case.
func (p *casePage) onlyOpen(conditions []whynot.Condition) {
	for i := range conditions {
		if c := &conditions[i]; !slices.ContainsFunc(p.Rooms, func(r ui.Room) bool { return r.Href == c.Href }) {
			c.Href = ""
		}
	}
}
