package desk

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/web/ui"
	"robotbailiff/payments"
	"robotbailiff/payments/acts"
)

// proposeMoney keeps what an operator wants to do; what cannot be is said on the page he comes from, with what he typed.
func (h *handler) proposeMoney(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	f := app.MoneyForm{
		Kind: r.PostFormValue("kind"), Payment: number(r.PostFormValue("payment")), Case: strings.TrimSpace(r.PostFormValue("case")),
		Amount: strings.TrimSpace(r.PostFormValue("amount")), Lines: r.PostFormValue("lines"), Others: r.PostFormValue("others"), Known: r.PostFormValue("known"),
		TxnID: r.PostFormValue("txn"), Meaning: r.PostFormValue("meaning"), Reason: r.PostFormValue("reason"),
	}
	id, err := h.app.ProposeMoney(r.Context(), actor, f)
	if code := refusedMoney(err); code != "" {
		if f.Kind == string(acts.Explain) {
			return h.showMoney(w, r, actor, http.StatusUnprocessableEntity, code, f)
		}
		if f.Kind == string(acts.Recover) {
			return h.showClaimants(w, r, actor, http.StatusUnprocessableEntity, code, nil)
		}
		v, err := h.app.MoneyPayment(r.Context(), actor, f.Payment)
		if err != nil {
			return err
		}
		return h.showPayment(w, r, actor, v, http.StatusUnprocessableEntity, code, f)
	}
	if err != nil {
		return err
	}
	return ui.Redirect(w, "/desk/money/acts/"+strconv.FormatInt(id, 10))
}

func (h *handler) approveMoney(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.actOnMoney(w, r, actor, func(ctx context.Context, a app.Actor, id int64, reason string) error {
		return h.app.ApproveMoney(ctx, a, id, reason, r.PostFormValue("seen"))
	})
}

func (h *handler) rejectMoney(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.actOnMoney(w, r, actor, h.app.RejectMoney)
}

func (h *handler) actOnMoney(w http.ResponseWriter, r *http.Request, actor app.Actor, do func(context.Context, app.Actor, int64, string) error) error {
	reason := r.PostFormValue("reason")
	err := do(r.Context(), actor, number(r.PathValue("id")), reason)
	if code := refusedMoney(err); code != "" {
		return h.showAct(w, r, actor, http.StatusConflict, code, reason)
	}
	if err != nil {
		return err
	}
	return ui.Redirect(w, "/desk/money/acts/"+r.PathValue("id"))
}

// openPayer shows who paid and his words to an operator who says why.
func (h *handler) openPayer(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	id := number(r.PathValue("id"))
	v, err := h.app.OpenPayer(r.Context(), actor, id, r.PostFormValue("reason"))
	if code := refusedMoney(err); code != "" && !errors.Is(err, payments.ErrNoSuch) {
		if v, err = h.app.MoneyPayment(r.Context(), actor, id); err != nil {
			return err
		}
		return h.showPayment(w, r, actor, v, http.StatusUnprocessableEntity, code, app.MoneyForm{})
	}
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return h.showPayment(w, r, actor, v, http.StatusOK, "", app.MoneyForm{})
}

func (h *handler) giveRequisites(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	id := number(r.PathValue("id"))
	p := payments.Payer{
		Name: strings.TrimSpace(r.PostFormValue("name")), IIN: strings.TrimSpace(r.PostFormValue("iin")),
		IBAN: strings.ToUpper(strings.ReplaceAll(r.PostFormValue("iban"), " ", "")), BIC: strings.ToUpper(strings.TrimSpace(r.PostFormValue("bic"))),
	}
	err := h.app.GiveRequisites(r.Context(), actor, id, p, r.PostFormValue("reason"))
	if code := refusedMoney(err); code != "" {
		v, err := h.app.MoneyPayment(r.Context(), actor, id)
		if err != nil {
			return err
		}
		return h.showPayment(w, r, actor, v, http.StatusUnprocessableEntity, code, app.MoneyForm{})
	}
	if err != nil {
		return err
	}
	return ui.Redirect(w, "/desk/money/payments/"+r.PathValue("id"))
}

func (h *handler) backToPayment(w http.ResponseWriter, r *http.Request, _ app.Actor) error {
	return ui.Redirect(w, "/desk/money/payments/"+r.PathValue("id"))
}

func (h *handler) collectRefunds(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	var ids []int64
	for _, s := range r.PostForm["payment"] {
		ids = append(ids, number(s))
	}
	id, err := h.app.CollectRefunds(r.Context(), actor, ids, r.PostFormValue("account"), r.PostFormValue("reason"))
	if code := refusedMoney(err); code != "" {
		return h.showRefunds(w, r, actor, http.StatusUnprocessableEntity, code, nil)
	}
	if err != nil {
		return err
	}
	return ui.Redirect(w, "/desk/money/files/"+strconv.FormatInt(id, 10))
}

func (h *handler) releaseFile(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.actOnFile(w, r, actor, h.app.ReleaseFile)
}

func (h *handler) dropFile(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	return h.actOnFile(w, r, actor, h.app.DropFile)
}

func (h *handler) actOnFile(w http.ResponseWriter, r *http.Request, actor app.Actor, do func(context.Context, app.Actor, int64, string) error) error {
	reason := r.PostFormValue("reason")
	err := do(r.Context(), actor, number(r.PathValue("id")), reason)
	if code := refusedMoney(err); code != "" && !errors.Is(err, payments.ErrNoSuch) {
		return h.showFile(w, r, actor, http.StatusConflict, code, reason)
	}
	if err != nil {
		return err
	}
	return ui.Redirect(w, "/desk/money/files/"+r.PathValue("id"))
}

// takeFile gives the file for the bank. It holds names and accounts, so that it is asked for by a form, and never kept by a cache.
func (h *handler) takeFile(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	reason := r.PostFormValue("reason")
	name, body, err := h.app.TakeFile(r.Context(), actor, number(r.PathValue("id")), reason)
	if code := refusedMoney(err); code != "" && !errors.Is(err, payments.ErrNoSuch) {
		return h.showFile(w, r, actor, http.StatusConflict, code, reason)
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	w.Header().Set("Cache-Control", "no-store")
	_, err = io.Copy(w, bytes.NewReader(body))
	return err
}

func (h *handler) backToFile(w http.ResponseWriter, r *http.Request, _ app.Actor) error {
	return ui.Redirect(w, "/desk/money/files/"+r.PathValue("id"))
}

func (h *handler) backToAct(w http.ResponseWriter, r *http.Request, _ app.Actor) error {
	return ui.Redirect(w, "/desk/money/acts/"+r.PathValue("id"))
}

func (h *handler) backToRefunds(w http.ResponseWriter, _ *http.Request, _ app.Actor) error {
	return ui.Redirect(w, "/desk/money/refunds")
}

func (h *handler) backToMoney(w http.ResponseWriter, _ *http.Request, _ app.Actor) error {
	return ui.Redirect(w, "/desk/money")
}

// maxReport bounds a bank's answer.
const maxReport = 20 << 20

// bankReport takes a bank's answer to a file of payment orders.
func (h *handler) bankReport(w http.ResponseWriter, r *http.Request, actor app.Actor, form url.Values, _ string, file io.Reader) error {
	if file == nil {
		file = bytes.NewReader(nil)
	}
	show := h.showRefunds
	if form.Get("at") == "claimants" {
		show = h.showClaimants
	}
	told, err := h.app.TakeReport(r.Context(), actor, file)
	if code := refusedMoney(err); code != "" {
		return show(w, r, actor, http.StatusUnprocessableEntity, code, nil)
	}
	if err != nil {
		return err
	}
	return show(w, r, actor, http.StatusOK, "", &told)
}
