package desk

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"robotbailiff/engine/breaker"
	"robotbailiff/engine/stop"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

type switchPage struct {
	ui.Page
	View     app.Switch
	Open     []stopRow
	History  []stopRow
	Breakers []breakerRow
	Measures []string
	Actor    string
	Problem  string // of the act that was just tried
	At       int64  // the stop that it was about; 0: a new one
	Typed    string // its reason
}

// stopRow is one stop as the page says it.
type stopRow struct {
	stop.Stop
	Why   string    // of a breaker, in the page's language; else the reason as it was typed
	Mine  bool      // the actor himself has proposed the release
	Until time.Time // when the proposal ends
}

// breakerRow is one breaker as the page says it.
type breakerRow struct {
	breaker.Reading
	Says string
}

func (h *handler) theSwitch(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.showSwitch(w, r, actor, http.StatusOK, switchPage{})
}

func (h *handler) backToSwitch(w http.ResponseWriter, _ *http.Request, _ app.Actor) error {
	return ui.Redirect(w, "/desk/switch")
}

func (h *handler) showSwitch(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, p switchPage) error {
	v, err := h.app.Switch(r.Context(), actor)
	if err != nil {
		return err
	}
	p.Page, p.View, p.Actor, p.Measures = h.page(w, r, i18n.Say("desk.switch.title")), v, actor.Name, stop.Names
	row := func(s stop.Stop) stopRow {
		x := stopRow{Stop: s, Why: breaker.WhyStopped(&s, string(p.Lang))}
		if s.Proposal != nil {
			x.Mine, x.Until = s.Proposal.Actor == actor.Name, s.Proposal.At.Add(stop.ReleaseWithin)
		}
		return x
	}
	for _, s := range v.Open {
		p.Open = append(p.Open, row(s))
	}
	for _, s := range v.History {
		p.History = append(p.History, row(s))
	}
	for _, b := range v.Breakers {
		p.Breakers = append(p.Breakers, breakerRow{b, breaker.Why(b.Name, b.Figures, string(p.Lang))})
	}
	return h.Render.Render(w, r, status, "switch", p.Lang, p)
}

// confirmPage asks once before anything is stopped.
type confirmPage struct {
	ui.Page
	Scope   stop.Scope
	Actor   string
	Problem string
	Typed   string
}

func (h *handler) confirmStop(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.showConfirm(w, r, actor, http.StatusOK, r.URL.Query().Get("scope"), confirmPage{})
}

func (h *handler) showConfirm(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, scope string, p confirmPage) error {
	if strings.HasSuffix(scope, ":") { // a bank that was not named
		return h.showSwitch(w, r, actor, http.StatusUnprocessableEntity, switchPage{Problem: stop.CodeNoScope})
	}
	parsed, err := stop.ParseScope(scope)
	if err != nil {
		return h.showSwitch(w, r, actor, http.StatusUnprocessableEntity, switchPage{Problem: stop.CodeNoScope})
	}
	p.Page, p.Scope, p.Actor = h.page(w, r, i18n.Say("desk.switch.confirm")), parsed, actor.Name
	return h.Render.Render(w, r, status, "switchstop", p.Lang, p)
}

// throwSwitch stops what was confirmed.
func (h *handler) throwSwitch(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	scope, reason := r.PostFormValue("scope"), r.PostFormValue("reason")
	err := h.app.Stop(r.Context(), actor, scope, reason)
	if wrong, ok := errors.AsType[*stop.ActError](err); ok {
		return h.showConfirm(w, r, actor, http.StatusConflict, scope, confirmPage{Problem: wrong.Code, Typed: reason})
	}
	if err != nil {
		return err
	}
	return ui.Redirect(w, "/desk/switch")
}

// releaseSwitch is one person's word for a release.
func (h *handler) releaseSwitch(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64) // what is no number is no stop
	reason := r.PostFormValue("reason")
	err := h.app.ReleaseStop(r.Context(), actor, id, reason)
	if wrong, ok := errors.AsType[*stop.ActError](err); ok {
		return h.showSwitch(w, r, actor, http.StatusConflict, switchPage{Problem: wrong.Code, At: id, Typed: reason})
	}
	if err != nil {
		return err
	}
	return ui.Redirect(w, "/desk/switch")
}
