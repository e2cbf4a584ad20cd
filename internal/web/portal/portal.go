// Package portal is the debtor's pages below /p/: the ways in, by the personal link, by the number of the case and for a helper, the
// case, the payment, the refusal; and /verify, where anybody has a receipt checked.
//
// It must not decide anything, read the database, or show personal data before the gate is passed. GET and HEAD never
// change anything. Every page works without a script and in a text browser.
//
// The entry point is [Handler].
package portal

import (
	"cmp"
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	app "robotbailiff/internal/app/portal"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/oidc"
	"robotbailiff/internal/web/ui"
)

//go:embed template/*.html
var templates embed.FS

// Config joins the pages with their surroundings.
type Config struct {
	App    *app.Service
	Secure bool         // served over TLS: cookies are bound to the host; false only on a sandbox's loopback
	Key    []byte       // signs form tokens, at least 32 bytes, the same in all processes
	Log    *slog.Logger // nil: silent
	// ClientIP tells who asks, for the limit on tries at the gate; nil: the address of the connection. Behind a proxy it
	// must read what that proxy says.
	ClientIP func(*http.Request) string
	// GateTries is how many answers one address may give a minute; 0: twenty.
	GateTries int
	// Checks is how many receipts one address may have checked a minute; 0: twenty.
	Checks int
	// NetworkTries is how many all addresses of one network may give together; 0: two hundred.
	NetworkTries int
	// Observe hears of answers that were not looked at, by the bound that they met: "limited_address" or "limited_network"; nil: nobody
	// does.
	Observe func(what string)
	// Patience is how long a page that waits for a payment keeps a visitor waiting for news; 0: ten seconds.
	Patience time.Duration
	// SignIn is the identity provider of debtors, and IINClaim what it calls the IIN; nil: nobody signs in.
	SignIn   *oidc.Party
	IINClaim string
	// Host is the one name under which the portal is reached, as notices print it.
	Host string
}

const sessionCookie = "visit"

type handler struct {
	*ui.Site
	app    *app.Service
	tries  *limits
	checks *limits // of receipts
	host   string
	signIn *oidc.Party // nil: nobody signs in

	iinClaim string
	patience time.Duration
	waiting  chan struct{} // a place for each request that is kept waiting
}

// Handler answers everything below /p/, and /verify.
func Handler(c Config) (http.Handler, error) {
	if c.App == nil {
		return nil, errors.New("web/portal: no use cases")
	}
	site, err := newSite(c)
	if err != nil {
		return nil, err
	}
	h := &handler{Site: site, app: c.App, tries: newLimits(c, c.GateTries), checks: newLimits(c, c.Checks), host: c.Host, signIn: c.SignIn, iinClaim: c.IINClaim, patience: cmp.Or(c.Patience, patience), waiting: make(chan struct{}, waiting)}
	m := ui.NewRouter()
	route := func(pattern string, f ui.HandlerFunc) { m.Handle(pattern, h.Handle(h.ofItsCase(f), explain)) }
	form := func(pattern string, act, again ui.HandlerFunc) {
		m.Handle(pattern, h.HandleForm(h.ofItsCase(act), again, explain))
	}
	h.ways(route, form)
	h.helperRoutes(route, form)
	h.peopleRoutes(route)
	route("GET /p/closed", h.entry("closed"))
	route("GET /p/stranger", h.entry("stranger"))
	route("GET /p/{token}", h.gate)
	form("POST /p/{token}", h.enter, h.gateAgain)
	route("GET /p/case", h.caseFile)
	route("GET /p/return", h.returned)
	route("GET /p/case/pay", h.waysToPay)
	form("POST /p/case/pay", h.pay, h.payAgain)
	route("GET /p/case/payment/{id}", h.payment)
	route("POST /p/case/payment/{id}/leave", h.leavePayment)
	route("GET /p/case/receipt/{payment}", h.receipt)
	route("GET /verify", h.verify)
	route("GET /p/case/refuse", h.refuse)
	route("GET /p/case/refused", h.refused)
	route("POST /p/case/undo", h.undo)
	route("GET /p/case/contact", h.contact)
	form("POST /p/case/contact", h.prefer, h.contactAgain)
	m.HandleFunc("POST /p/case/device", h.addDevice)
	route("POST /p/case/device/remove", h.removeDevice)
	route("POST /p/case/telegram", h.linkTelegram)
	route("POST /p/case/telegram/remove", h.unlinkTelegram)
	for _, acting := range []string{"device/remove", "telegram", "telegram/remove"} {
		route("GET /p/case/"+acting, h.backToContact)
	}
	route("POST /p/case/extend", h.extend)
	route("POST /p/case/leave", h.leave)
	for _, acting := range []string{"undo", "extend", "leave"} {
		route("GET /p/case/"+acting, h.backToCase) // the language row after a post
	}
	h.codeRoutes(route, form)
	h.documentRoutes(route)
	h.linkRoutes(route)
	h.refundRoutes(route, form)
	h.adviceRoutes(route, form)
	h.objecting(m, route, form)
	route("/", site.NotFound) // whatever is mistyped, a person gets a page
	return m.Behind(site.Protect), nil
}

func newSite(c Config) (*ui.Site, error) {
	pages, err := fs.Sub(templates, "template")
	if err != nil {
		return nil, err
	}
	return ui.NewSite(ui.SiteConfig{Audience: "portal", Pages: pages, Langs: i18n.DebtorLangs, Secure: c.Secure, Key: c.Key, Log: c.Log})
}

// explain turns what the use cases refuse into pages with a way out.
func explain(err error) *ui.Failure {
	switch {
	case errors.Is(err, app.ErrNoSession):
		return &ui.Failure{Status: http.StatusForbidden, Name: "gone"}
	case errors.Is(err, app.ErrHelper):
		return &ui.Failure{Status: http.StatusForbidden, Name: "helper", Out: "/p/case"}
	case errors.Is(err, app.ErrNotPossible):
		return &ui.Failure{Status: http.StatusConflict, Name: "not_possible", Out: "/p/case"}
	case errors.Is(err, app.ErrObjected):
		return &ui.Failure{Status: http.StatusConflict, Name: "objected", Out: "/p/case"}
	case errors.Is(err, app.ErrNotFound):
		return &ui.Failure{Status: http.StatusNotFound, Name: "not_found", Out: "/p/case"}
	}
	return nil
}

func (h *handler) session(r *http.Request) string { return h.Cookies.Get(r, sessionCookie) }

func (h *handler) setSession(w http.ResponseWriter, id string, life time.Duration) {
	h.Cookies.Set(w, sessionCookie, id, life)
}

func (h *handler) backToCase(w http.ResponseWriter, _ *http.Request) error {
	return ui.Redirect(w, "/p/case")
}

// page begins a page behind the gate.
func (h *handler) page(w http.ResponseWriter, r *http.Request, title i18n.Text) ui.Page {
	p := h.NewPage(w, r, title)
	p.Ends, p.CaseMark = true, h.Cookies.Get(r, caseCookie)
	return p
}
