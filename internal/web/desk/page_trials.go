package desk

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"robotbailiff/engine/trial"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

type trialsPage struct {
	ui.Page
	View    app.Trials
	Open    []trialRow
	Actor   string
	Problem string // of the act that was just tried
	At      string // what it was about: a trial, or an arrest by number and ordinal
	Typed   string // its reason
}

// trialRow is one trial as the page says it.
type trialRow struct {
	trial.Trial
	Says  string    // of a version of the rules the beginning of its hash
	Mine  bool      // the actor himself has proposed
	Until time.Time // when the proposal ends
	Key   string
}

func (h *handler) trials(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.showTrials(w, r, actor, http.StatusOK, trialsPage{})
}

func (h *handler) backToTrials(w http.ResponseWriter, _ *http.Request, _ app.Actor) error {
	return ui.Redirect(w, "/desk/trials")
}

func (h *handler) showTrials(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, p trialsPage) error {
	p.Page, p.Actor = h.page(w, r, i18n.Say("desk.trials.title")), actor.Name
	v, err := h.app.Trials(r.Context(), actor, p.Lang)
	if err != nil {
		return err
	}
	p.View = v
	for _, t := range v.Open {
		row := trialRow{Trial: t, Says: t.Name, Key: strconv.FormatInt(t.ID, 10)}
		if t.Kind == trial.KindPack && len(t.Name) > shortHash {
			row.Says = t.Name[:shortHash]
		}
		if t.Proposal != nil {
			row.Mine, row.Until = t.Proposal.Actor == actor.Name, t.Proposal.At.Add(trial.AgreeWithin)
		}
		p.Open = append(p.Open, row)
	}
	return h.Render.Render(w, r, status, "trials", p.Lang, p)
}

// shortHash is how much of the hash of a version of the rules people see.
const shortHash = 12

// decideArrest is one person's word about one arrest.
func (h *handler) decideArrest(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	number, reason := r.PathValue("number"), r.PostFormValue("reason")
	ordinal, err := strconv.Atoi(r.PathValue("ordinal"))
	if err != nil {
		return trial.ErrNone
	}
	decide := h.app.ConfirmArrest
	if r.PostFormValue("verdict") != trial.VerdictConfirmed {
		decide = h.app.RejectArrest
	}
	return h.afterTrial(w, r, actor, decide(r.Context(), actor, number, ordinal, reason), number+"/"+strconv.Itoa(ordinal), reason)
}

// agreeToTrial is one person's word for all arrests of a trial that wait.
func (h *handler) agreeToTrial(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64) // what is no number is no trial
	reason := r.PostFormValue("reason")
	return h.afterTrial(w, r, actor, h.app.AgreeToTrial(r.Context(), actor, id, reason), r.PathValue("id"), reason)
}

func (h *handler) afterTrial(w http.ResponseWriter, r *http.Request, actor app.Actor, err error, at, typed string) error {
	if wrong, ok := errors.AsType[*trial.ActError](err); ok {
		return h.showTrials(w, r, actor, http.StatusConflict, trialsPage{Problem: wrong.Code, At: at, Typed: typed})
	}
	if err != nil {
		return err
	}
	return ui.Redirect(w, "/desk/trials")
}
