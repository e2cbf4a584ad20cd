package desk

import (
	"net/http"

	"robotbailiff/engine/breaker"
	"robotbailiff/internal/app/caseacts"
	"robotbailiff/internal/app/caselist"
	app "robotbailiff/internal/app/desk"
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

	Person   *caselist.Identity // whom the case is of, to one who said why
	Refused  string             // why not
	Accesses []caselist.Access
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
	if p.Accesses, err = h.app.Accesses(r.Context(), actor, v.Number); err != nil {
		return err
	}
	if p.Acts, err = h.app.CaseActs(r.Context(), actor, v.Number); err != nil {
		return err
	}
	p.Page, p.View = h.page(w, r, i18n.Say("case.number", "number", v.Number)), v
	return h.Render.Render(w, r, status, "casefile", p.Lang, p)
}
