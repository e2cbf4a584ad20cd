// Package portal is the debtor's pages below /p/: the gate of the personal link, the case, the payment, the refusal.
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
}

const (
	sessionCookie = "visit"
	gateTries     = 20
)

type handler struct {
	*ui.Site
	app   *app.Service
	tries *ui.Limiter
	who   func(*http.Request) string
}

// Handler answers everything below /p/.
func Handler(c Config) (http.Handler, error) {
	if c.App == nil {
		return nil, errors.New("web/portal: no use cases")
	}
	site, err := newSite(c)
	if err != nil {
		return nil, err
	}
	h := &handler{Site: site, app: c.App, tries: ui.NewLimiter(cmp.Or(c.GateTries, gateTries), time.Minute), who: c.ClientIP}
	if h.who == nil {
		h.who = ui.RemoteAddress
	}
	m := http.NewServeMux()
	route := func(pattern string, f ui.HandlerFunc) { m.Handle(pattern, h.Handle(f, explain)) }
	route("GET /p/{$}", h.entry("home"))
	route("GET /p/closed", h.entry("closed"))
	route("GET /p/stranger", h.entry("stranger"))
	route("GET /p/{token}", h.gate)
	route("POST /p/{token}", h.enter)
	route("POST /p/{token}/stranger", h.stranger)
	route("GET /p/{token}/stranger", h.backToGate)
	route("GET /p/case", h.caseFile)
	route("GET /p/case/waiting", h.waiting)
	route("GET /p/case/refuse", h.refuse)
	route("GET /p/case/refused", h.refused)
	route("POST /p/case/pay", h.pay)
	route("POST /p/case/pay/again", h.payAgain)
	route("POST /p/case/refuse", h.confirm)
	route("POST /p/case/refuse/confirm", h.doRefuse)
	route("POST /p/case/undo", h.undo)
	route("GET /p/case/contact", h.contact)
	route("POST /p/case/contact", h.prefer)
	m.HandleFunc("POST /p/case/device", h.addDevice)
	route("POST /p/case/device/remove", h.removeDevice)
	route("POST /p/case/telegram", h.linkTelegram)
	route("POST /p/case/telegram/remove", h.unlinkTelegram)
	for _, acting := range []string{"device/remove", "telegram", "telegram/remove"} {
		route("GET /p/case/"+acting, h.backToContact)
	}
	route("POST /p/case/extend", h.extend)
	route("POST /p/case/leave", h.leave)
	for _, acting := range []string{"pay", "pay/again", "undo", "extend", "leave"} {
		route("GET /p/case/"+acting, h.backToCase) // the language row after a post
	}
	route("GET /p/case/refuse/confirm", h.backToRefuse)
	route("/p/", site.NotFound)
	return site.Protect(m), nil
}

func newSite(c Config) (*ui.Site, error) {
	pages, err := fs.Sub(templates, "template")
	if err != nil {
		return nil, err
	}
	return ui.NewSite(ui.SiteConfig{Audience: "portal", Pages: pages, Secure: c.Secure, Key: c.Key, Log: c.Log})
}

// explain turns what the use cases refuse into pages with a way out.
func explain(err error) *ui.Failure {
	switch {
	case errors.Is(err, app.ErrNoSession):
		return &ui.Failure{Status: http.StatusForbidden, Name: "gone"}
	case errors.Is(err, app.ErrNotPossible):
		return &ui.Failure{Status: http.StatusConflict, Name: "not_possible", Out: "/p/case"}
	case errors.Is(err, app.ErrNoCheckout):
		return &ui.Failure{Status: http.StatusBadGateway, Name: "checkout", Out: "/p/case"}
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

func (h *handler) backToRefuse(w http.ResponseWriter, _ *http.Request) error {
	return ui.Redirect(w, "/p/case/refuse")
}

// page begins a page behind the gate.
func (h *handler) page(w http.ResponseWriter, r *http.Request, title i18n.Text) ui.Page {
	p := h.NewPage(w, r, title)
	p.Ends = true
	return p
}
