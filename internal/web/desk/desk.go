// Package desk is the operators' pages below /desk/: how all cases stand, one case with all that happened to it,
// the money, the orders to banks, the first arrests of what is new, the notices of the last days and their wording, the court batches, and the switch.
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
	"slices"
	"time"

	"robotbailiff/engine/intake"
	"robotbailiff/engine/review"
	"robotbailiff/engine/ruleset"
	"robotbailiff/engine/stop"
	"robotbailiff/engine/trial"
	"robotbailiff/internal/app/accounts"
	"robotbailiff/internal/app/caseacts"
	"robotbailiff/internal/app/caselist"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/app/identities"
	"robotbailiff/internal/app/trail"
	"robotbailiff/internal/app/worklist"
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
	// Provider is at which people sign in; nil: at none. The use cases say how it is read.
	Provider Provider
	// ClientIP tells who asks, by which the tries to sign in are bounded; nil: the address of the connection.
	ClientIP func(*http.Request) string
	// URL is the address of the desk as its people write it, without a slash at its end; empty: the one by which it is asked.
	URL string
}

// signInsPerMinute bounds the tries of one address.
const signInsPerMinute = 30

type handler struct {
	*ui.Site
	app  *app.Service
	need map[string]Right // of each route

	provider Provider // nil: none
	tries    *ui.Limiter
	clientIP func(*http.Request) string

	url    string // of the desk; empty: the one by which it is asked
	secure bool
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
	if (c.Provider != nil) != c.App.HasProvider() {
		return nil, errors.New("web/desk: a provider and how it is read belong together")
	}
	h := &handler{Site: site, app: c.App, provider: c.Provider, tries: ui.NewLimiter(signInsPerMinute, time.Minute), clientIP: c.ClientIP, url: c.URL, secure: c.Secure}
	if h.clientIP == nil {
		h.clientIP = ui.RemoteAddress
	}
	m := ui.NewRouter()
	route := func(pattern string, f ui.HandlerFunc) { m.Handle(pattern, h.Handle(f, explain)) }
	route("GET /desk/cases/{number}", h.inside(h.caseFile))
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
	route("GET /desk/texts/{version}/{was}", h.inside(h.backToText)) // the language row after a post
	route("GET /desk/texts/draft", h.inside(h.textDraft))
	route("POST /desk/texts/draft", h.inside(h.proposeText))
	route("GET /desk/texts/edit", h.inside(h.textEdit))
	route("POST /desk/texts/edit", h.inside(h.saveText))
	route("POST /desk/texts/discard", h.inside(h.discardText))
	route("GET /desk/trials", h.inside(h.trials))
	route("POST /desk/trials/arrests/{number}/{ordinal}", h.inside(h.decideArrest))
	route("GET /desk/trials/arrests/{number}/{ordinal}", h.inside(h.backToTrials)) // the language row after a post
	route("POST /desk/trials/{id}/agree", h.inside(h.agreeToTrial))
	route("GET /desk/trials/{id}/agree", h.inside(h.backToTrials))
	route("GET /desk/switch", h.inside(h.theSwitch))
	route("GET /desk/switch/stop", h.inside(h.confirmStop))
	route("POST /desk/switch/stop", h.inside(h.throwSwitch))
	route("POST /desk/switch/{id}/release", h.inside(h.releaseSwitch))
	route("GET /desk/switch/{id}/release", h.inside(h.backToSwitch)) // the language row after a post
	m.Handle("POST /desk/imports", h.HandleUpload(intake.MaxUploadBytes, h.insideUpload(h.upload), explain))
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
	route("GET /desk/money/claimants", h.inside(h.claimants))
	route("POST /desk/money/claimants/collect", h.inside(h.collectRemittances))
	route("GET /desk/money/claimants/collect", h.inside(h.backToClaimants)) // the language row after a post
	route("GET /desk/money/claimants/{scope}", h.inside(h.claimant))
	route("POST /desk/money/claimants/{scope}/propose", h.inside(h.proposeRequisites))
	route("POST /desk/money/claimants/{scope}/approve", h.inside(h.approveRequisites))
	route("POST /desk/money/claimants/{scope}/reject", h.inside(h.rejectRequisites))
	route("GET /desk/money/claimants/{scope}/{was}", h.inside(h.backToClaimant))
	route("GET /desk/money/files/{id}", h.inside(h.payoutFile))
	route("POST /desk/money/files/{id}/release", h.inside(h.releaseFile))
	route("POST /desk/money/files/{id}/drop", h.inside(h.dropFile))
	route("POST /desk/money/files/{id}/take", h.inside(h.takeFile))
	route("GET /desk/money/files/{id}/{was}", h.inside(h.backToFile))
	m.Handle("POST /desk/money/report", h.HandleUpload(maxReport, h.insideUpload(h.bankReport), explain))
	route("GET /desk/money/report", h.inside(h.backToRefunds))
	h.objections(route)
	h.todayRoutes(route)
	h.robotRoutes(route)
	m.Handle("GET "+script.path, script)
	h.signInRoutes(route)
	h.documentRoutes(route)
	h.caseListRoutes(route)
	h.accessRoutes(route)
	h.meRoutes(route)
	h.accountRoutes(route)
	h.linkRoutes(route)
	h.workRoutes(route)
	h.identityRoutes(route)
	h.ruleRoutes(route)
	m.Handle("POST /desk/rules", h.HandleUpload(app.MaxRules, h.insideUpload(h.proposeRules), explain))
	h.actRoutes(m, route)
	h.noteRoutes(route)
	h.keyRoutes(route)
	m.Handle("GET "+keysScript.path, keysScript)
	h.auditRoutes(route)
	route("/desk/", site.NotFound)
	if h.need, err = rights(m.Patterns()); err != nil {
		return nil, err
	}
	return m.Behind(site.Protect), nil
}

func newSite(c Config) (*ui.Site, error) {
	pages, err := fs.Sub(templates, "template")
	if err != nil {
		return nil, err
	}
	return ui.NewSite(ui.SiteConfig{Audience: "desk", Pages: pages, Styles: []string{"desk.css", "today.css", "whynot.css"}, Script: script.path, Secure: c.Secure, Key: c.Key, Log: c.Log})
}

// failures are the pages of errors of use cases, with the way out of each.
var failures = []struct {
	of   []error
	page ui.Failure
}{
	{[]error{app.ErrNoSignIn, app.ErrNoMoney, app.ErrNoLists, app.ErrNoMachinery}, ui.Failure{Status: http.StatusServiceUnavailable, Name: "not_configured"}},
	{[]error{intake.ErrNoBatch}, ui.Failure{Status: http.StatusNotFound, Name: "no_batch", Out: "/desk/imports"}},
	{[]error{payments.ErrNoSuch, acts.ErrNoAct}, ui.Failure{Status: http.StatusNotFound, Name: "not_found", Out: "/desk/money"}},
	{[]error{wording.ErrNoVersion}, ui.Failure{Status: http.StatusNotFound, Name: "not_found", Out: "/desk/texts"}},
	{[]error{stop.ErrNoStop}, ui.Failure{Status: http.StatusNotFound, Name: "not_found", Out: "/desk/switch"}},
	{[]error{trial.ErrNone}, ui.Failure{Status: http.StatusNotFound, Name: "not_found", Out: "/desk/trials"}},
	{[]error{app.ErrNoObjection}, ui.Failure{Status: http.StatusNotFound, Name: "not_found", Out: "/desk/objections"}},
	{[]error{accounts.ErrNoLink}, ui.Failure{Status: http.StatusNotFound, Name: "no_link"}},
	{[]error{accounts.ErrNone, accounts.ErrNoProposal, app.ErrNoAccounts}, ui.Failure{Status: http.StatusNotFound, Name: "not_found", Out: "/desk/people/accounts"}},
	{[]error{app.ErrNoVisit}, ui.Failure{Status: http.StatusNotFound, Name: "not_found", Out: "/desk/me"}},
	{[]error{app.ErrWholeCountry}, ui.Failure{Status: http.StatusForbidden, Name: "whole_country"}},
	{[]error{app.ErrSecond}, ui.Failure{Status: http.StatusForbidden, Name: "second_word"}},
	{[]error{caselist.ErrNoExport}, ui.Failure{Status: http.StatusNotFound, Name: "not_found", Out: "/desk/exports"}},
	{[]error{worklist.ErrNone, review.ErrNone, review.ErrDecided}, ui.Failure{Status: http.StatusNotFound, Name: "no_work", Out: "/desk/work"}},
	{[]error{identities.ErrNone}, ui.Failure{Status: http.StatusNotFound, Name: "no_work", Out: "/desk/work"}},
	{[]error{ruleset.ErrNone}, ui.Failure{Status: http.StatusNotFound, Name: "not_found", Out: "/desk/rules"}},
	{[]error{caseacts.ErrNone}, ui.Failure{Status: http.StatusNotFound, Name: "not_found", Out: "/desk/acts"}},
	{[]error{trail.ErrNoEvent}, ui.Failure{Status: http.StatusNotFound, Name: "not_found", Out: "/desk/audit"}},
	{[]error{app.ErrNotFound}, ui.Failure{Status: http.StatusNotFound, Name: "no_case"}},
}

func explain(err error) *ui.Failure {
	for i := range failures {
		if slices.ContainsFunc(failures[i].of, func(of error) bool { return errors.Is(err, of) }) {
			page := failures[i].page
			return &page
		}
	}
	return nil
}
