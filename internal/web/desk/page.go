package desk

import (
	"errors"
	"net/http"
	"regexp"
	"strings"

	"robotbailiff/engine/breaker"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

type overviewPage struct {
	ui.Page
	View    app.Overview
	Bars    []bar
	Codes   []string // regions to choose from
	Unknown string   // a searched number that nobody has
	Why     string   // everything is stopped
}

// bar is one piece of the stacked bar of states.
type bar struct {
	State    string
	X, Width int
}

const barWidth = 1000

var regionForm = regexp.MustCompile(`^[0-9]{2}$`)

func (h *handler) overview(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.showOverview(w, r, actor, http.StatusOK, "")
}

func (h *handler) showOverview(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, unknown string) error {
	region := r.URL.Query().Get("region")
	if !regionForm.MatchString(region) {
		region = ""
	}
	v, err := h.app.Overview(r.Context(), actor, region)
	if err != nil {
		return err
	}
	p := overviewPage{Page: h.page(w, r, i18n.Say("desk.title")), View: v, Bars: bars(v), Unknown: unknown}
	p.Why = whyStopped(v.Robot, p.Lang)
	for _, row := range v.Regions {
		p.Codes = append(p.Codes, row.Code)
	}
	return h.Render.Render(w, r, status, "overview", p.Lang, p)
}

// whyStopped is the reason of the stop of everything; empty: there is no such stop.
func whyStopped(r app.RobotState, lang i18n.Lang) string {
	if r.Stopped == nil {
		return ""
	}
	return breaker.WhyStopped(r.Stopped, string(lang))
}

// bars shares the width out by counts. Every state that has cases gets at least a line.
func bars(v app.Overview) []bar {
	var out []bar
	x := 0
	for _, s := range v.States {
		if s.Cases == 0 {
			continue
		}
		width := max(int(s.Cases*barWidth/v.Cases), 4)
		out = append(out, bar{State: s.State, X: x, Width: width})
		x += width
	}
	return out
}

type casePage struct {
	ui.Page
	View app.CaseFile

	NoReason bool // the case was to go on, and nobody said why
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
	v, err := h.app.Case(r.Context(), actor, r.PathValue("number"), h.Lang(r))
	if err != nil {
		return err
	}
	p := casePage{Page: h.page(w, r, i18n.Say("case.number", "number", v.Number)), View: v, NoReason: noReason}
	return h.Render.Render(w, r, status, "casefile", p.Lang, p)
}

func (h *handler) find(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	typed := strings.TrimSpace(r.URL.Query().Get("number"))
	if number, ok := h.app.Find(typed); ok {
		return ui.Redirect(w, "/desk/cases/"+number)
	}
	return h.showOverview(w, r, actor, http.StatusNotFound, "number")
}

func (h *handler) page(w http.ResponseWriter, r *http.Request, title i18n.Text) ui.Page {
	p := h.NewPage(w, r, title)
	p.SignedIn = true
	return p
}
