package portal

import (
	"errors"
	"net/http"
	"strings"

	app "robotbailiff/internal/app/portal"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
	"robotbailiff/notify/passcode"
	"robotbailiff/payments/queue"
)

// refundRoutes are the money that goes back: how far it has got, and to which account, which the debtor confirms by a code. The number of the
// account travels in the body of posts, and never in an address.
func (h *handler) refundRoutes(route func(pattern string, f ui.HandlerFunc), form func(pattern string, act, again ui.HandlerFunc)) {
	route("GET /p/case/refund", h.refund)
	form("POST /p/case/refund", h.askAccount, h.refundAgain)
	form("POST /p/case/refund/confirm", h.giveAccount, h.accountAgain)
	route("POST /p/case/refund/code", h.anotherRefundCode)
	for _, acting := range []string{"confirm", "code"} {
		route("GET /p/case/refund/"+acting, h.backToRefund) // reloaded, or the language row after a post
	}
}

type refundPage struct {
	ui.Page
	View  app.MoneyBack
	Lines []backLine
	Typed string
	Fault i18n.Text // what is wrong with what was typed
	Given bool      // just now
}

type backLine struct {
	queue.Back

	Says []i18n.Text
}

type accountPage struct {
	ui.Page
	View   app.MoneyBack
	Code   app.SentCode
	IBAN   string
	Groups string // the account as people read it
	Host   string
	Fault  i18n.Text
	Wrong  bool
	Dead   i18n.Text
	Wait   i18n.Text
}

func (h *handler) backToRefund(w http.ResponseWriter, _ *http.Request) error {
	return ui.Redirect(w, "/p/case/refund")
}

func (h *handler) refund(w http.ResponseWriter, r *http.Request) error {
	return h.showRefund(w, r, http.StatusOK, refundPage{Given: r.URL.Query().Get("given") != ""})
}

func (h *handler) refundAgain(w http.ResponseWriter, r *http.Request) error {
	return h.showRefund(w, r, http.StatusOK, refundPage{Typed: r.PostFormValue("iban")})
}

func (h *handler) showRefund(w http.ResponseWriter, r *http.Request, status int, p refundPage) (err error) {
	if p.View, err = h.app.MoneyBack(r.Context(), h.session(r)); err != nil {
		return err
	}
	for _, l := range p.View.Lines {
		p.Lines = append(p.Lines, backLine{l, backWords(l)})
	}
	p.Given = p.Given && p.View.Open && p.View.Word != queue.BackReturned && p.View.Word != queue.BackWanted
	p.Page = h.page(w, r, i18n.Say("refund.title"))
	p.Fills = p.View.Open
	return h.Render.Render(w, r, status, "refund", p.Lang, p)
}

// bankReasons are the reasons of banks for which there are words (ISO 20022, external status reason codes).
var bankReasons = map[string]string{
	"AC01": "number", "AC02": "number", "AC03": "number", "AC04": "closed", "AC05": "closed", "AC06": "blocked", "AC14": "number",
	"BE01": "owner", "BE05": "owner", "BE06": "owner", "RR02": "owner",
}

// backWords say where money has got to, and what happens next.
func backWords(b queue.Back) []i18n.Text {
	key := "refund.state." + string(b.State)
	switch b.State {
	case queue.BackReady, queue.BackPayer, queue.BackCollected, queue.BackSent:
		return []i18n.Text{i18n.Say(key, "last", b.Account)}
	case queue.BackPaid:
		if b.At.IsZero() {
			return []i18n.Text{i18n.Say(key + "_before")}
		}
		return []i18n.Text{i18n.Say(key, "last", b.Account, "at", b.At)}
	case queue.BackReturned:
		reason, ok := bankReasons[b.Code]
		if !ok {
			reason = "unclear"
		}
		return []i18n.Text{i18n.Say(key, "last", b.Account), i18n.Say("refund.reason." + reason)}
	case queue.BackWanted, queue.BackGateway, queue.BackClaimant:
	}
	return []i18n.Text{i18n.Say(key)}
}

// accountFault says what is wrong with the number of an account.
func accountFault(err error) (i18n.Text, bool) {
	bad, ok := errors.AsType[*app.AccountError](err)
	switch {
	case !ok:
		return i18n.Text{}, false
	case bad.Letter:
		return i18n.Say("refund.fault.letter"), true
	case bad.Check:
		return i18n.Say("refund.fault.check"), true
	case bad.Length != 20:
		return i18n.Say("refund.fault.length", "n", bad.Length), true
	}
	return i18n.Say("refund.fault.form"), true
}

// askAccount takes the number of an account; a code for it is sent, and the next page asks for it.
func (h *handler) askAccount(w http.ResponseWriter, r *http.Request) error { return h.ask(w, r, false) }

func (h *handler) anotherRefundCode(w http.ResponseWriter, r *http.Request) error {
	return h.ask(w, r, true)
}

func (h *handler) ask(w http.ResponseWriter, r *http.Request, anew bool) error {
	typed := r.PostFormValue("iban")
	_, err := h.app.AskRefundCode(r.Context(), h.session(r), typed, anew)
	if fault, bad := accountFault(err); bad {
		return h.showRefund(w, r, http.StatusUnprocessableEntity, refundPage{Typed: typed, Fault: fault})
	}
	if err != nil {
		return err
	}
	return h.showAccount(w, r, http.StatusOK, accountPage{})
}

// accountAgain shows the page in another language: as it stands, but for the code, which no page repeats.
func (h *handler) accountAgain(w http.ResponseWriter, r *http.Request) error {
	return h.showAccount(w, r, http.StatusOK, accountPage{})
}

func (h *handler) showAccount(w http.ResponseWriter, r *http.Request, status int, p accountPage) (err error) {
	if p.View, err = h.app.MoneyBack(r.Context(), h.session(r)); err != nil {
		return err
	}
	if p.IBAN, err = app.ParseAccount(r.PostFormValue("iban")); err != nil {
		return h.backToRefund(w, r)
	}
	for i := 0; i < len(p.IBAN); i += 4 {
		p.Groups += p.IBAN[i:i+4] + "\u00a0"
	}
	p.Groups = strings.TrimSuffix(p.Groups, "\u00a0")
	if p.Code, err = h.app.RefundCode(r.Context(), h.session(r), p.IBAN); err != nil {
		return err
	}
	p.Dead, p.Host = deaths[p.Code.End], h.host
	p.Wait = nextCode(p.Code)
	title := "refund.confirm_title"
	if p.Code.Phone == "" {
		title = "refuse.code.no_phone_title"
	}
	p.Page = h.page(w, r, i18n.Say(title))
	p.Fills = true
	return h.Render.Render(w, r, status, "refundcode", p.Lang, p)
}

func (h *handler) giveAccount(w http.ResponseWriter, r *http.Request) error {
	var p accountPage
	err := h.app.GiveAccount(r.Context(), h.session(r), r.PostFormValue("iban"), r.PostFormValue("code"))
	_, form := errors.AsType[*app.FormError](err)
	wrong, guessed := errors.AsType[*app.CodeError](err)
	_, account := accountFault(err)
	switch {
	case err == nil:
		return ui.Redirect(w, "/p/case/refund?given=1")
	case account:
		return h.backToRefund(w, r)
	case form:
		p.Fault, p.Wrong = i18n.Say("refuse.code.form"), true
	case guessed && wrong.End == passcode.Alive:
		p.Fault, p.Wrong = i18n.Say("refuse.code.wrong", "left", wrong.Left), true
	case guessed:
		p.Fault = deaths[wrong.End]
	default:
		return err
	}
	return h.showAccount(w, r, http.StatusUnprocessableEntity, p)
}
