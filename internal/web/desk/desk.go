// Package desk is the operators' pages below /desk/: how all cases stand, one case with all that happened to it,
// the money, the orders to banks, the notices of the last days and their wording, the court batches, and the switch.
//
// It must not decide, read the database, or show more of a person than the use cases give. Every filter is in the
// address, so a view can be passed on as a link.
//
// The entry point is [Handler].
package desk

import (
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"

	"robotbailiff/engine/intake"
	"robotbailiff/engine/stop"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
	"robotbailiff/notify/wording"
	"robotbailiff/payments"
	"robotbailiff/payments/acts"
)

//go:embed template/*.html
var templates embed.FS

// Config joins the pages with their surroundings.
type Config struct {
	App    *app.Service
	Secure bool         // served over TLS
	Key    []byte       // signs form tokens, at least 32 bytes, the same in all processes
	Log    *slog.Logger // nil: silent
}

const sessionCookie = "desk"

type handler struct {
	*ui.Site
	app *app.Service
}

// Handler answers everything below /desk/.
func Handler(c Config) (http.Handler, error) {
	if c.App == nil {
		return nil, errors.New("web/desk: no use cases")
	}
	site, err := newSite(c)
	if err != nil {
		return nil, err
	}
	h := &handler{Site: site, app: c.App}
	m := http.NewServeMux()
	route := func(pattern string, f ui.HandlerFunc) { m.Handle(pattern, h.Handle(f, explain)) }
	route("GET /desk/{$}", h.inside(h.overview))
	route("GET /desk/cases/{number}", h.inside(h.caseFile))
	route("POST /desk/cases/{number}/resume", h.inside(h.resumeCase))
	route("GET /desk/cases/{number}/resume", h.inside(h.backToCase)) // the language row after a post
	route("GET /desk/notices", h.inside(h.notices))
	route("GET /desk/orders", h.inside(h.orders))
	route("POST /desk/orders/findings/{id}/lift", h.inside(h.liftFinding))
	route("GET /desk/orders/findings/{id}/lift", h.inside(h.backToOrders)) // the language row after a post
	route("GET /desk/imports", h.inside(h.imports))
	route("GET /desk/imports/{id}", h.inside(h.importFile))
	route("GET /desk/imports/{id}/rows", h.inside(h.importRows))
	route("GET /desk/imports/{id}/report", h.inside(h.importReport))
	route("POST /desk/imports/{id}/release", h.inside(h.releaseImport))
	route("POST /desk/imports/{id}/reject", h.inside(h.rejectImport))
	route("GET /desk/texts", h.inside(h.texts))
	route("GET /desk/texts/{version}", h.inside(h.textVersion))
	route("POST /desk/texts/{version}/approve", h.inside(h.approveText))
	route("POST /desk/texts/{version}/reject", h.inside(h.rejectText))
	route("POST /desk/texts/{version}/take", h.inside(h.takeText))
	route("GET /desk/texts/draft", h.inside(h.textDraft))
	route("POST /desk/texts/draft", h.inside(h.proposeText))
	route("GET /desk/texts/edit", h.inside(h.textEdit))
	route("POST /desk/texts/edit", h.inside(h.saveText))
	route("POST /desk/texts/discard", h.inside(h.discardText))
	route("GET /desk/switch", h.inside(h.theSwitch))
	route("GET /desk/switch/stop", h.inside(h.confirmStop))
	route("POST /desk/switch/stop", h.inside(h.throwSwitch))
	route("POST /desk/switch/{id}/release", h.inside(h.releaseSwitch))
	route("GET /desk/switch/{id}/release", h.inside(h.backToSwitch)) // the language row after a post
	m.Handle("POST /desk/imports", h.HandleUpload(intake.MaxUploadBytes, h.upload, explain))
	route("GET /desk/money", h.inside(h.money))
	route("GET /desk/money/suspense", h.inside(h.suspense))
	route("GET /desk/money/payments/{id}", h.inside(h.payment))
	route("POST /desk/money/payments/{id}/open", h.inside(h.openPayer))
	route("POST /desk/money/payments/{id}/requisites", h.inside(h.giveRequisites))
	route("GET /desk/money/payments/{id}/{was}", h.inside(h.backToPayment)) // the language row after a post
	route("POST /desk/money/acts", h.inside(h.proposeMoney))
	route("GET /desk/money/acts", h.inside(h.backToMoney))
	route("GET /desk/money/acts/{id}", h.inside(h.moneyAct))
	route("POST /desk/money/acts/{id}/approve", h.inside(h.approveMoney))
	route("POST /desk/money/acts/{id}/reject", h.inside(h.rejectMoney))
	route("GET /desk/money/acts/{id}/{was}", h.inside(h.backToAct))
	route("GET /desk/money/refunds", h.inside(h.refunds))
	route("POST /desk/money/refunds/collect", h.inside(h.collectRefunds))
	route("GET /desk/money/refunds/{was}", h.inside(h.backToRefunds))
	route("GET /desk/money/files/{id}", h.inside(h.payoutFile))
	route("POST /desk/money/files/{id}/release", h.inside(h.releaseFile))
	route("POST /desk/money/files/{id}/drop", h.inside(h.dropFile))
	route("POST /desk/money/files/{id}/take", h.inside(h.takeFile))
	route("GET /desk/money/files/{id}/{was}", h.inside(h.backToFile))
	m.Handle("POST /desk/money/report", h.HandleUpload(maxReport, h.bankReport, explain))
	route("GET /desk/money/report", h.inside(h.backToRefunds))
	route("GET /desk/find", h.inside(h.find))
	route("POST /desk/sign-in", h.signIn)
	route("POST /desk/sign-out", h.signOut)
	route("GET /desk/sign-in", home)
	route("GET /desk/sign-out", home)
	route("/desk/", site.NotFound)
	return site.Protect(m), nil
}

func newSite(c Config) (*ui.Site, error) {
	pages, err := fs.Sub(templates, "template")
	if err != nil {
		return nil, err
	}
	return ui.NewSite(ui.SiteConfig{Audience: "desk", Pages: pages, Styles: []string{"desk.css"}, Secure: c.Secure, Key: c.Key, Log: c.Log})
}

func explain(err error) *ui.Failure {
	switch {
	case errors.Is(err, app.ErrNoSignIn), errors.Is(err, app.ErrNoMoney):
		return &ui.Failure{Status: http.StatusServiceUnavailable, Name: "not_configured"}
	case errors.Is(err, intake.ErrNoBatch):
		return &ui.Failure{Status: http.StatusNotFound, Name: "no_batch", Out: "/desk/imports"}
	case errors.Is(err, payments.ErrNoSuch), errors.Is(err, acts.ErrNoAct):
		return &ui.Failure{Status: http.StatusNotFound, Name: "not_found", Out: "/desk/money"}
	case errors.Is(err, wording.ErrNoVersion):
		return &ui.Failure{Status: http.StatusNotFound, Name: "not_found", Out: "/desk/texts"}
	case errors.Is(err, stop.ErrNoStop):
		return &ui.Failure{Status: http.StatusNotFound, Name: "not_found", Out: "/desk/switch"}
	case errors.Is(err, app.ErrNotFound):
		return &ui.Failure{Status: http.StatusNotFound, Name: "no_case"}
	}
	return nil
}

func home(w http.ResponseWriter, _ *http.Request) error { return ui.Redirect(w, "/desk/") }

// inside lets only those in who are signed in, and shows the others the way to sign in.
func (h *handler) inside(f func(w http.ResponseWriter, r *http.Request, a app.Actor) error) ui.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		actor, err := h.app.Who(r.Context(), h.Cookies.Get(r, sessionCookie))
		if errors.Is(err, app.ErrSignedOut) {
			p := signInPage{Page: h.NewPage(w, r, i18n.Say("desk.sign_in.title")), Next: r.URL.RequestURI()}
			return h.Render.Render(w, r, http.StatusForbidden, "signin", p.Lang, p)
		}
		if err != nil {
			return err
		}
		return f(w, r, actor)
	}
}

type signInPage struct {
	ui.Page
	Next string
}

func (h *handler) signIn(w http.ResponseWriter, r *http.Request) error {
	session, life, err := h.app.SignIn(r.Context(), r.PostFormValue("operator") == "2")
	if err != nil {
		return err
	}
	h.Cookies.Set(w, sessionCookie, session, life)
	return ui.Redirect(w, nextPath(r.PostFormValue("next")))
}

// nextPath keeps only a path of the desk itself.
func nextPath(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host != "" || u.Scheme != "" || len(u.Path) < 6 || u.Path[:6] != "/desk/" {
		return "/desk/"
	}
	return u.RequestURI()
}

func (h *handler) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := h.app.SignOut(r.Context(), h.Cookies.Get(r, sessionCookie)); err != nil {
		return err
	}
	h.Cookies.Set(w, sessionCookie, "", -1)
	return home(w, r)
}
