//go:build e2e

package portal_test

import (
	"testing"

	app "robotbailiff/internal/app/portal"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/sandbox/egov"
	"robotbailiff/internal/testkit/chromium"
	"robotbailiff/internal/web/portal"
	"robotbailiff/internal/web/ui/uitest"
)

// signsIn is the way of somebody who has two cases and no link: the provider, the list, one case and back, and out of everything.
func (w *walk) signsIn(p uitest.Person) {
	w.Helper()
	w.Go(w.URL("/p/?lang=" + w.name))
	w.page("start")
	w.Press(`main a[href="/p/signin"]`)
	w.at(egov.Path + "/authorize")
	w.Axe("the provider's page")
	w.Fits("the provider's page")
	w.Shot("walk/" + w.name + "-provider")
	w.Press(`button[name="person"][value=""]`)
	w.at("/p/signin/return")
	w.page("denied")
	w.Press(`main a[href="/p/signin"]`)
	w.Press(`button[value="` + subject(p.IIN) + `"]`)
	w.at("/p/cases")
	w.page("cases")
	w.Larger()
	w.Fits("the list with letters twice as large")
	w.Press(`form[action="/p/cases/open"] button`)
	w.at("/p/case")
	w.page("own-case")
	w.Press(`main a[href="/p/cases"]`)
	w.at("/p/cases")
	w.Press(`form[action="/p/cases/leave"] button`)
	w.at("/p/signedout")
	w.page("out")
	w.Press(`main a.button`)
	w.at(egov.Path + "/end")
	w.Shot("walk/" + w.name + "-provider-out")
	w.Press(`form button`)
	w.at("/p/")
	w.Go(w.URL("/p/cases"))
	w.page("over")
	w.Press(`main a[href="/p/signin"]`)
	w.Press(`button[value="` + subject(nobody.IIN) + `"]`)
	w.at("/p/cases")
	w.page("none")
}

func TestBrowser_signsIn(t *testing.T) {
	chrome := chromium.Start(t)
	pages := t.TempDir()
	begin := func(t *testing.T) (stage, uitest.Person) {
		t.Helper()
		s := withProvider(t, func(*app.Config, *portal.Config) {})
		p := s.open(t, uitest.Writ{})
		second := s.open(t, uitest.Writ{Debtor: &p, Amount: 7000})
		must(t, s.Notify(t.Context(), second.CaseID))
		must(t, s.Arrest(t.Context(), second.CaseID))
		return s, p
	}
	for _, lang := range chromium.Of(i18n.DebtorLangs, i18n.KK, i18n.RU) {
		t.Run(string(lang), func(t *testing.T) {
			s, p := begin(t)
			w := &walk{T: t, stage: s, Tab: chrome.Tab(t, chromium.Device{}), name: string(lang), folder: pages, pages: 400}
			w.signsIn(p)
		})
	}
	s, p := begin(t)
	ended := s.open(t, uitest.Writ{Debtor: &p, Amount: 500})
	must(t, s.Pay(t.Context(), ended.CaseID, 500))
	for name, d := range map[string]chromium.Device{"dark": {Dark: true}, "forced": {Forced: true}, "narrow": {Width: 320}, "wide": {Width: 1280}} {
		tab := chrome.Tab(t, d)
		tab.Go(s.URL("/p/signin?lang=ru"))
		tab.Press(`button[value="` + subject(p.IIN) + `"]`)
		looks(t, tab, "mine/"+name)
		if name == "wide" {
			tab.Press(`form:has([value="` + caseno.Format(p.CaseID) + `"]) button`)
			looks(t, tab, "mine/case")
		}
	}
	chromium.Valid(t, pages)
}
