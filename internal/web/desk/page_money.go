package desk

import (
	"errors"
	"net/http"
	"strconv"

	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
	"robotbailiff/payments"
	"robotbailiff/payments/acts"
	"robotbailiff/payments/ledger"
	"robotbailiff/payments/queue"
)

type moneyPage struct {
	ui.Page
	View     app.MoneyDay
	Actor    string
	Meanings []ledger.Meaning
	Problem  string // of what was just tried
	Form     app.MoneyForm
}

func (h *handler) money(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.showMoney(w, r, actor, http.StatusOK, "", app.MoneyForm{})
}

func (h *handler) showMoney(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, problem string, f app.MoneyForm) error {
	v, err := h.app.MoneyDay(r.Context(), actor)
	if err != nil {
		return err
	}
	p := moneyPage{Page: h.page(w, r, i18n.Say("desk.money.title")), View: v, Actor: actor.Name, Meanings: ledger.Meanings, Problem: problem, Form: f}
	return h.Render.Render(w, r, status, "money", p.Lang, p)
}

type suspensePage struct {
	ui.Page
	List []queue.Waiting
	Next int64 // where the next page begins; 0: there is none
}

func (h *handler) suspense(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	list, next, err := h.app.SuspenseQueue(r.Context(), actor, number(r.URL.Query().Get("after")))
	if err != nil {
		return err
	}
	p := suspensePage{Page: h.page(w, r, i18n.Say("desk.money.suspense")), List: list, Next: next}
	return h.Render.Render(w, r, http.StatusOK, "moneysuspense", p.Lang, p)
}

// number reads a number of an address or a form; what is none is 0, which nothing has.
func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

type paymentPage struct {
	ui.Page
	View    app.MoneyPayment
	Case    string // number of the case that it belongs to; empty: none
	Actor   string
	Problem string        // of what was just tried
	Form    app.MoneyForm // what was typed
	Lines   []queue.Part  // the split that is proposed
}

func (h *handler) payment(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	v, err := h.app.MoneyPayment(r.Context(), actor, number(r.PathValue("id")))
	if err != nil {
		return err
	}
	return h.showPayment(w, r, actor, v, http.StatusOK, "", app.MoneyForm{})
}

func (h *handler) showPayment(w http.ResponseWriter, r *http.Request, actor app.Actor, v app.MoneyPayment, status int, problem string, f app.MoneyForm) error {
	id := strconv.FormatInt(v.Payment.ID, 10)
	p := paymentPage{Page: h.page(w, r, i18n.Say("desk.money.payment", "number", id)), View: v, Actor: actor.Name, Problem: problem, Form: f}
	if v.Payment.CaseID != 0 {
		p.Case = caseno.Format(v.Payment.CaseID)
	}
	if f.Lines == "" {
		p.Lines = v.Split
	}
	return h.Render.Render(w, r, status, "moneypayment", p.Lang, p)
}

type actPage struct {
	ui.Page
	View    app.MoneyAct
	Parts   []actPart
	Actor   string
	Mine    bool   // the actor himself has proposed it
	Problem string // of what was just tried, or why it cannot be done now
	Typed   string
}

// actPart is a part of an act with what it does.
type actPart struct {
	acts.Part

	Number string // of the case; empty: none
	Does   *acts.PartEffect
}

func (h *handler) moneyAct(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.showAct(w, r, actor, http.StatusOK, "", "")
}

func (h *handler) showAct(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, problem, typed string) error {
	v, err := h.app.MoneyAct(r.Context(), actor, number(r.PathValue("id")))
	if err != nil {
		return err
	}
	p := actPage{
		Page: h.page(w, r, i18n.Say("desk.money.act", "number", strconv.FormatInt(v.ID, 10))), View: v, Actor: actor.Name,
		Mine: v.ProposedBy == actor.Name, Problem: problem, Typed: typed,
	}
	if p.Problem == "" {
		p.Problem = v.Problem
	}
	for i, part := range v.Parts {
		x := actPart{Part: part}
		if part.CaseID != 0 {
			x.Number = caseno.Format(part.CaseID)
		}
		if i < len(v.Effect.Parts) {
			x.Does = &v.Effect.Parts[i]
		}
		p.Parts = append(p.Parts, x)
	}
	return h.Render.Render(w, r, status, "moneyact", p.Lang, p)
}

type refundsPage struct {
	ui.Page
	View    app.Refunds
	Actor   string
	Problem string
	Told    *queue.Told // what a bank's answer did that was just taken
}

func (h *handler) refunds(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.showRefunds(w, r, actor, http.StatusOK, "", nil)
}

func (h *handler) showRefunds(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, problem string, told *queue.Told) error {
	v, err := h.app.Refunds(r.Context(), actor, number(r.URL.Query().Get("after")))
	if err != nil {
		return err
	}
	p := refundsPage{Page: h.page(w, r, i18n.Say("desk.money.refunds")), View: v, Actor: actor.Name, Problem: problem, Told: told}
	return h.Render.Render(w, r, status, "moneyrefunds", p.Lang, p)
}

type filePage struct {
	ui.Page
	View    app.PayoutFile
	Actor   string
	Mine    bool
	Problem string
	Typed   string
}

func (h *handler) payoutFile(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.showFile(w, r, actor, http.StatusOK, "", "")
}

func (h *handler) showFile(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, problem, typed string) error {
	v, err := h.app.File(r.Context(), actor, number(r.PathValue("id")))
	if err != nil {
		return err
	}
	p := filePage{
		Page: h.page(w, r, i18n.Say("desk.money.file", "number", strconv.FormatInt(v.ID, 10))), View: v, Actor: actor.Name, Mine: v.CollectedBy == actor.Name,
		Problem: problem, Typed: typed,
	}
	return h.Render.Render(w, r, status, "moneyfile", p.Lang, p)
}

// refusedMoney gives the code of what may not be done; "" for another error.
func refusedMoney(err error) string {
	if wrong, ok := errors.AsType[*acts.Error](err); ok {
		return wrong.Code
	}
	if errors.Is(err, payments.ErrNoSuch) {
		return acts.CodeNoPayment
	}
	return ""
}
