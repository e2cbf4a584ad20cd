package portal

import (
	"errors"
	"net/http"
	"time"

	app "robotbailiff/internal/app/portal"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
	"robotbailiff/notify/passcode"
)

// codeRoutes are the second step of a refusal: the code that comes by SMS. Only posts send one or use one.
func (h *handler) codeRoutes(route func(pattern string, f ui.HandlerFunc), form func(pattern string, act, again ui.HandlerFunc)) {
	route("POST /p/case/refuse", h.goOn)
	route("GET /p/case/refuse/confirm", h.confirm)
	form("POST /p/case/refuse/confirm", h.doRefuse, h.confirmAgain)
	route("POST /p/case/refuse/code", h.anotherCode)
	route("GET /p/case/refuse/code", h.backToCode) // the language row after a post
}

type codePage struct {
	ui.Page
	View   app.View
	Code   app.SentCode
	Total  string
	Host   string
	Fault  i18n.Text // what was wrong with what was sent
	Wrong  bool      // it was the code
	Ticked bool
	Dead   i18n.Text // why there is no code that can be used; empty: there is one
	Wait   i18n.Text // until another code can be sent; empty: now
}

const codePath = "/p/case/refuse/confirm"

func (h *handler) backToCode(w http.ResponseWriter, _ *http.Request) error {
	return ui.Redirect(w, codePath)
}

// goOn is the first post: who has seen the price gets a code, unless there is one.
func (h *handler) goOn(w http.ResponseWriter, r *http.Request) error { return h.askCode(w, r, false) }

func (h *handler) anotherCode(w http.ResponseWriter, r *http.Request) error {
	return h.askCode(w, r, true)
}

func (h *handler) askCode(w http.ResponseWriter, r *http.Request, anew bool) error {
	if _, ok, err := h.refusable(w, r); !ok {
		return err
	}
	if _, err := h.app.AskRefusalCode(r.Context(), h.session(r), anew); err != nil {
		return err
	}
	return h.backToCode(w, r) // which tells what came of it
}

func (h *handler) confirm(w http.ResponseWriter, r *http.Request) error {
	return h.showCode(w, r, http.StatusOK, codePage{})
}

// confirmAgain shows the page in another language: as it stands, but for the code, which no page repeats.
func (h *handler) confirmAgain(w http.ResponseWriter, r *http.Request) error {
	v, ok, err := h.refusable(w, r)
	if !ok {
		return err
	}
	if r.PostFormValue("total") != v.Fee.Total.String() {
		return h.showPrice(w, r, http.StatusOK, true) // what was read is no longer the price
	}
	return h.showCode(w, r, http.StatusOK, codePage{Ticked: r.PostFormValue("understood") == "yes"})
}

// deaths say why a code cannot be used.
var deaths = map[passcode.End]i18n.Text{
	passcode.None: i18n.Say("refuse.code.none"), passcode.Used: i18n.Say("refuse.code.used"),
	passcode.Spent: i18n.Say("refuse.code.spent"), passcode.Expired: i18n.Say("refuse.code.expired"),
}

// nextCode says when another code may be asked for; empty: now.
func nextCode(c app.SentCode) i18n.Text {
	switch minutes := int((c.Wait + time.Minute - 1) / time.Minute); {
	case c.Wait <= 0:
		return i18n.Text{}
	case c.Today:
		return i18n.Say("refuse.code.tomorrow")
	default:
		return i18n.Say("refuse.code.wait", "n", minutes)
	}
}

// showCode never repeats what was typed as a code.
func (h *handler) showCode(w http.ResponseWriter, r *http.Request, status int, p codePage) error {
	v, ok, err := h.refusable(w, r)
	if !ok {
		return err
	}
	if p.Code, err = h.app.RefusalCode(r.Context(), h.session(r)); err != nil {
		return err
	}
	p.View, p.Total, p.Host = v, v.Fee.Total.String(), h.host
	p.Dead = deaths[p.Code.End]
	p.Wait = nextCode(p.Code)
	title := "refuse.confirm_title"
	if p.Code.Phone == "" {
		title = "refuse.code.no_phone_title"
	}
	p.Page = h.page(w, r, i18n.Say(title))
	p.Fills = p.Code.Phone != "" && p.Dead.Key == ""
	return h.Render.Render(w, r, status, "refusecode", p.Lang, p)
}

func (h *handler) doRefuse(w http.ResponseWriter, r *http.Request) error {
	p := codePage{Ticked: r.PostFormValue("understood") == "yes"}
	if !p.Ticked {
		p.Fault = i18n.Say("refuse.code.tick")
		return h.showCode(w, r, http.StatusUnprocessableEntity, p)
	}
	err := h.app.Refuse(r.Context(), h.session(r), r.PostFormValue("total"), r.PostFormValue("code"))
	_, form := errors.AsType[*app.FormError](err)
	wrong, guessed := errors.AsType[*app.CodeError](err)
	switch {
	case err == nil:
		return ui.Redirect(w, "/p/case/refused")
	case errors.Is(err, app.ErrPriceMoved):
		return h.showPrice(w, r, http.StatusConflict, true)
	case form:
		p.Fault, p.Wrong = i18n.Say("refuse.code.form"), true
	case guessed && wrong.End == passcode.Alive:
		p.Fault, p.Wrong = i18n.Say("refuse.code.wrong", "left", wrong.Left), true
	case guessed:
		p.Fault = deaths[wrong.End]
	default:
		return err
	}
	return h.showCode(w, r, http.StatusUnprocessableEntity, p)
}
