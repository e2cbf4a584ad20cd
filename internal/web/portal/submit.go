package portal

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	app "robotbailiff/internal/app/portal"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

type waitingPage struct {
	ui.Page
	View app.View
	Slow bool
}

type refusePage struct {
	ui.Page
	View    app.View
	Step    string
	Confirm bool
	Moved   bool
	Total   string
}

type refusedPage struct {
	ui.Page
	View app.View
}

func (h *handler) pay(w http.ResponseWriter, r *http.Request) error {
	if err := h.app.Pay(r.Context(), h.session(r)); err != nil {
		return err
	}
	return ui.Redirect(w, "/p/case/waiting")
}

func (h *handler) payAgain(w http.ResponseWriter, r *http.Request) error {
	if err := h.app.Abandon(r.Context(), h.session(r)); err != nil {
		return err
	}
	return ui.Redirect(w, "/p/case")
}

// A waiting page looks again every few seconds at first, then every half minute, then leaves it to the reader.
const (
	fastLooks = 24
	allLooks  = 60
)

func (h *handler) waiting(w http.ResponseWriter, r *http.Request) error {
	v, err := h.app.Case(r.Context(), h.session(r), h.Lang(r))
	if err != nil {
		return err
	}
	if v.Waiting == nil {
		return ui.Redirect(w, "/p/case")
	}
	looks, err := strconv.Atoi(r.URL.Query().Get("look"))
	if err != nil || looks < 0 || looks > allLooks {
		looks = 0
	}
	p := waitingPage{Page: h.page(w, r, i18n.Say("waiting.title")), View: v, Slow: looks >= fastLooks}
	if pause := 5; looks < allLooks {
		if p.Slow {
			pause = 30
		}
		p.Refresh = fmt.Sprintf("%d; url=/p/case/waiting?look=%d", pause, looks+1)
	}
	return h.Render.Render(w, r, http.StatusOK, "waiting", p.Lang, p)
}

func (h *handler) refuse(w http.ResponseWriter, r *http.Request) error {
	return h.showRefusal(w, r, http.StatusOK, false, false)
}

func (h *handler) confirm(w http.ResponseWriter, r *http.Request) error {
	return h.showRefusal(w, r, http.StatusOK, true, false)
}

func (h *handler) showRefusal(w http.ResponseWriter, r *http.Request, status int, confirm, moved bool) error {
	v, err := h.app.Case(r.Context(), h.session(r), h.Lang(r))
	if err != nil {
		return err
	}
	if v.Refused && !v.UndoUntil.IsZero() {
		return ui.Redirect(w, "/p/case/refused")
	}
	if !v.CanRefuse {
		return app.ErrNotPossible
	}
	p := refusePage{View: v, Step: "1", Confirm: confirm, Moved: moved, Total: v.Fee.Total.String()}
	heading := i18n.Say("refuse.title")
	if confirm {
		p.Step, heading = "2", i18n.Say("refuse.confirm_title")
	}
	p.Page = h.page(w, r, heading)
	return h.Render.Render(w, r, status, "refuse", p.Lang, p)
}

func (h *handler) doRefuse(w http.ResponseWriter, r *http.Request) error {
	if r.PostFormValue("understood") != "yes" {
		return h.showRefusal(w, r, http.StatusUnprocessableEntity, true, false)
	}
	err := h.app.Refuse(r.Context(), h.session(r), r.PostFormValue("total"))
	if errors.Is(err, app.ErrPriceMoved) {
		return h.showRefusal(w, r, http.StatusConflict, false, true)
	}
	if err != nil {
		return err
	}
	return ui.Redirect(w, "/p/case/refused")
}

func (h *handler) refused(w http.ResponseWriter, r *http.Request) error {
	v, err := h.app.Case(r.Context(), h.session(r), h.Lang(r))
	if err != nil {
		return err
	}
	if v.UndoUntil.IsZero() {
		return ui.Redirect(w, "/p/case")
	}
	p := refusedPage{Page: h.page(w, r, i18n.Say("refused.title")), View: v}
	return h.Render.Render(w, r, http.StatusOK, "refused", p.Lang, p)
}

func (h *handler) undo(w http.ResponseWriter, r *http.Request) error {
	if err := h.app.UndoRefusal(r.Context(), h.session(r)); err != nil {
		return err
	}
	return ui.Redirect(w, "/p/case?undone=1")
}
