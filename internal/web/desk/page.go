package desk

import (
	"net/http"
	"slices"

	"robotbailiff/engine/breaker"
	"robotbailiff/internal/app/caseacts"
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

	Acts []caseacts.Act // that wait or were done last

	Person  *caselist.Identity // whom the case is of, to one who said why
	Refused string             // why not
	Note    noteForm
}

func (h *handler) caseFile(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.showCaseWith(w, r, actor, http.StatusOK, casePage{})
}

func (h *handler) backToCase(w http.ResponseWriter, r *http.Request, _ app.Actor) error {
	return ui.Redirect(w, "/desk/cases/"+r.PathValue("number"))
}

// showCaseWith shows a case with what was just answered to one of its forms.
func (h *handler) showCaseWith(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, p casePage) error {
	v, err := h.app.Case(r.Context(), actor, r.PathValue("number"), h.Lang(r))
	if err != nil {
		return err
	}
	if p.Acts, err = h.app.CaseActs(r.Context(), actor, v.Number); err != nil {
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
