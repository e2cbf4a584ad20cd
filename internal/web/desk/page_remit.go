package desk

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
	"robotbailiff/payments"
	"robotbailiff/payments/queue"
)

type claimantsPage struct {
	ui.Page
	View    app.Claimants
	Actor   string
	Problem string
	Told    *queue.Told // what a bank's answer did that was just taken
}

func (h *handler) claimants(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.showClaimants(w, r, actor, http.StatusOK, "", nil)
}

func (h *handler) showClaimants(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, problem string, told *queue.Told) error {
	v, err := h.app.Claimants(r.Context(), actor)
	if code := refusedMoney(err); code != "" && problem == "" {
		problem, err = code, nil // the rule pack sends nothing on: the page says so
	}
	if err != nil {
		return err
	}
	p := claimantsPage{Page: h.page(w, r, i18n.Say("desk.money.claimants")), View: v, Actor: actor.Name, Problem: problem, Told: told}
	return h.Render.Render(w, r, status, "moneyclaimants", p.Lang, p)
}

type claimantPage struct {
	ui.Page
	View    queue.Claimant
	Until   time.Time // when the wait for the second person ends
	Actor   string
	Mine    bool // the actor himself has proposed
	Problem string
	Typed   payments.Requisites
	Reason  string
}

func (h *handler) claimant(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.showClaimant(w, r, actor, http.StatusOK, "", nil, "")
}

func (h *handler) showClaimant(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, problem string, typed *payments.Requisites, reason string) error {
	v, until, err := h.app.Claimant(r.Context(), actor, r.PathValue("scope"))
	if err != nil {
		return err
	}
	p := claimantPage{Page: h.page(w, r, i18n.Say("desk.money.claimant")), View: v, Until: until, Actor: actor.Name, Problem: problem, Typed: v.To, Reason: reason}
	if typed != nil {
		p.Typed = *typed
	}
	p.Mine = v.Pending != nil && v.Pending.ProposedBy == actor.Name
	return h.Render.Render(w, r, status, "moneyclaimant", p.Lang, p)
}

func (h *handler) collectRemittances(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	run, err := h.app.CollectRemittances(r.Context(), actor, r.PostFormValue("scope"), r.PostFormValue("account"), r.PostFormValue("reason"))
	if code := refusedMoney(err); code != "" {
		return h.showClaimants(w, r, actor, http.StatusUnprocessableEntity, code, nil)
	}
	if err != nil {
		return err
	}
	return ui.Redirect(w, "/desk/money/files/"+strconv.FormatInt(run.File, 10))
}

func (h *handler) proposeRequisites(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	word := func(field string) string { return strings.TrimSpace(r.PostFormValue(field)) }
	to := payments.Requisites{
		Name: word("name"), BIN: word("bin"), IBAN: strings.ToUpper(strings.ReplaceAll(word("iban"), " ", "")), KBK: word("kbk"), KNP: word("knp"),
	}
	err := h.app.ProposeRequisites(r.Context(), actor, r.PathValue("scope"), to, word("reason"))
	if code := refusedMoney(err); code != "" {
		return h.showClaimant(w, r, actor, http.StatusUnprocessableEntity, code, &to, word("reason"))
	}
	if err != nil {
		return err
	}
	return h.backToClaimant(w, r, actor)
}

func (h *handler) approveRequisites(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.onRequisites(w, r, actor, h.app.ApproveRequisites)
}

func (h *handler) rejectRequisites(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.onRequisites(w, r, actor, h.app.RejectRequisites)
}

func (h *handler) onRequisites(w http.ResponseWriter, r *http.Request, actor app.Actor, do func(context.Context, app.Actor, int64, string) error) error {
	err := do(r.Context(), actor, number(r.PostFormValue("proposal")), r.PostFormValue("reason"))
	if code := refusedMoney(err); code != "" {
		return h.showClaimant(w, r, actor, http.StatusConflict, code, nil, "")
	}
	if err != nil {
		return err
	}
	return h.backToClaimant(w, r, actor)
}

func (h *handler) backToClaimant(w http.ResponseWriter, r *http.Request, _ app.Actor) error {
	return ui.Redirect(w, "/desk/money/claimants/"+r.PathValue("scope"))
}

func (h *handler) backToClaimants(w http.ResponseWriter, _ *http.Request, _ app.Actor) error {
	return ui.Redirect(w, "/desk/money/claimants")
}
