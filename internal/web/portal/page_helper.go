package portal

import (
	"errors"
	"net/http"
	"strconv"

	app "robotbailiff/internal/app/portal"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

// helperRoutes are the page on which a debtor lets a helper in, and the helper's own way in.
func (h *handler) helperRoutes(route func(pattern string, f ui.HandlerFunc), form func(pattern string, act, again ui.HandlerFunc)) {
	route("GET /p/case/helper", h.helpers)
	route("POST /p/case/helper", h.invite)
	route("POST /p/case/helper/end", h.endHelp)
	route("GET /p/case/helper/end", h.backToHelpers) // the language row after a post
	route("GET /p/{token}/helper", h.helperGate)
	form("POST /p/{token}/helper", h.enterAsHelper, h.helperGateAgain)
}

type helpersPage struct {
	ui.Page
	Helpers    []app.Helper
	Invitation *app.Invitation // set once, on the answer to the form
	Link       string
	TooMany    bool
}

func (h *handler) helpers(w http.ResponseWriter, r *http.Request) error {
	return h.showHelpers(w, r, http.StatusOK, helpersPage{})
}

func (h *handler) showHelpers(w http.ResponseWriter, r *http.Request, status int, p helpersPage) (err error) {
	if p.Helpers, err = h.app.Helpers(r.Context(), h.session(r)); err != nil {
		return err
	}
	p.Page = h.page(w, r, i18n.Say("helper.title"))
	return h.Render.Render(w, r, status, "helpers", p.Lang, p)
}

func (h *handler) invite(w http.ResponseWriter, r *http.Request) error {
	inv, err := h.app.Invite(r.Context(), h.session(r))
	if errors.Is(err, app.ErrTooMany) {
		return h.showHelpers(w, r, http.StatusConflict, helpersPage{TooMany: true})
	}
	if err != nil {
		return err
	}
	link := "http://" + r.Host
	if h.Cookies.Secure {
		link = "https://" + h.host
	}
	return h.showHelpers(w, r, http.StatusOK, helpersPage{Invitation: &inv, Link: link + "/p/" + inv.Token + "/helper"})
}

func (h *handler) endHelp(w http.ResponseWriter, r *http.Request) error {
	id, err := strconv.ParseInt(r.PostFormValue("helper"), 10, 64)
	if err != nil {
		return app.ErrNotFound
	}
	if err := h.app.EndHelp(r.Context(), h.session(r), id); err != nil {
		return err
	}
	return h.backToHelpers(w, r)
}

func (h *handler) backToHelpers(w http.ResponseWriter, _ *http.Request) error {
	return ui.Redirect(w, "/p/case/helper")
}

var helperWords = words{form: "helper.gate.form", wrong: "helper.gate.wrong", locked: "helper.gate.locked"}

type helperGatePage struct {
	ui.Page
	answers
	Code    string
	BadCode bool
}

// helperGate asks for the code. Like the gate, it looks nothing up.
func (h *handler) helperGate(w http.ResponseWriter, r *http.Request) error {
	return h.showHelperGate(w, r, http.StatusOK, helperGatePage{})
}

func (h *handler) showHelperGate(w http.ResponseWriter, r *http.Request, status int, p helperGatePage) error {
	p.Page = h.NewPage(w, r, i18n.Say("helper.gate.title"))
	p.Fills = true
	return h.Render.Render(w, r, status, "helpergate", p.Lang, p)
}

func (h *handler) helperGateAgain(w http.ResponseWriter, r *http.Request) error {
	return h.showHelperGate(w, r, http.StatusOK, helperGatePage{Code: r.PostFormValue("code")})
}

func (h *handler) enterAsHelper(w http.ResponseWriter, r *http.Request) error {
	if !h.tries.allow(r) {
		return &ui.Failure{Status: http.StatusTooManyRequests, Name: "busy", Out: r.URL.Path}
	}
	visit, err := h.app.EnterAsHelper(r.Context(), r.PathValue("token"), r.PostFormValue("code"))
	if err == nil {
		return h.begin(w, r, visit)
	}
	p := helperGatePage{BadCode: true}
	status, err := p.explain(err, helperWords)
	if err != nil {
		return err
	}
	return h.showHelperGate(w, r, status, p)
}
