//go:build e2e

package portal_test

import (
	"testing"

	"robotbailiff/internal/i18n"
	"robotbailiff/internal/testkit/chromium"
	"robotbailiff/internal/web/ui/uitest"
)

// rooms goes through what is offered beside paying: money that goes back, more time, complaint, help, and a new link, which ends the visit.
func (w *walk) rooms(p uitest.Person) {
	w.Helper()
	w.visit(w.Tab, p, i18n.Lang(w.name))
	w.at("/p/case")
	w.page("case")
	w.Press(`main a[href="/p/case/refund"]`)
	w.page("refund")
	w.Type("#iban", "KZ86 125K ZT50 0410 0101")
	w.Press("#fill button.button")
	w.page("refund-wrong")
	w.Type("#iban", "KZ86 125K ZT50 0410 0100")
	w.Press("#fill button.button")
	w.page("refund-code")
	w.Type("#code", w.codeOf(w.T, p.CaseID))
	w.Press("#fill button.button")
	w.at("/p/case/refund")
	w.page("refund-kept")
	for _, room := range []string{"time", "complain", "help"} {
		w.Go(w.URL("/p/case/" + room))
		w.page(room)
	}
	w.Go(w.URL("/p/case/contact"))
	w.Press(`main a[href="/p/case/link"]`)
	w.page("link")
	w.Press(`form[action="/p/case/link"] button`)
	w.at("/p/renewed")
	w.page("renewed")
}

func TestBrowser_roomsBesidePaying(t *testing.T) {
	chrome := chromium.Start(t)
	pages := t.TempDir()
	for _, lang := range chromium.Of(i18n.DebtorLangs, i18n.KK, i18n.RU) {
		t.Run(string(lang), func(t *testing.T) {
			s := setup(t)
			p := s.open(t, uitest.Writ{})
			notified(t, s, p.CaseID)
			owed(t, s, p.CaseID)
			w := &walk{T: t, stage: s, Tab: chrome.Tab(t, chromium.Device{}), name: string(lang), folder: pages, pages: 100}
			w.rooms(p)
		})
	}
	chromium.Valid(t, pages)
}
