package desk

import (
	"errors"
	"net/http"
	"strconv"

	"robotbailiff/internal/app/accounts"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/qr"
	"robotbailiff/internal/web/ui"
)

type firstPage struct {
	ui.Page
	Setup   accounts.Setup
	QR      qr.Code
	Min     string // length of a password
	Problem string // of what was just tried: short, long, common, same or code
	Codes   []string
}

// first shows what the link of a first sign-in opens: where to choose a password, and the telephone's secret. It changes nothing.
func (h *handler) first(w http.ResponseWriter, r *http.Request) error {
	return h.showFirst(w, r, http.StatusOK, "")
}

func (h *handler) showFirst(w http.ResponseWriter, r *http.Request, status int, problem string) error {
	if !h.tries.Allow(h.clientIP(r)) {
		return &ui.Failure{Status: http.StatusTooManyRequests, Name: "busy"}
	}
	p := firstPage{Page: h.NewPage(w, r, i18n.Say("desk.first.title")), Problem: problem, Min: strconv.Itoa(accounts.MinPassword)}
	var err error
	if p.Setup, err = h.app.Invited(r.Context(), r.PathValue("link")); err != nil {
		return err
	}
	if p.QR, err = qr.Make(p.Setup.URL); err != nil {
		return err
	}
	return h.Render.Render(w, r, status, "first", p.Lang, p)
}

// setUp chooses the password, and shows the recovery codes for the only time.
func (h *handler) setUp(w http.ResponseWriter, r *http.Request) error {
	password := r.PostFormValue("password")
	if password != r.PostFormValue("again") {
		return h.showFirst(w, r, http.StatusUnprocessableEntity, "same")
	}
	codes, err := h.app.SetUp(r.Context(), r.PathValue("link"), password, r.PostFormValue("code"))
	for _, x := range []struct {
		err  error
		code string
	}{{accounts.ErrShort, "short"}, {accounts.ErrLong, "long"}, {accounts.ErrCommon, "common"}, {accounts.ErrCode, "code"}} {
		if errors.Is(err, x.err) {
			return h.showFirst(w, r, http.StatusUnprocessableEntity, x.code)
		}
	}
	if err != nil {
		return err
	}
	p := firstPage{Page: h.NewPage(w, r, i18n.Say("desk.first.done")), Codes: codes}
	return h.Render.Render(w, r, http.StatusOK, "firstdone", p.Lang, p)
}
