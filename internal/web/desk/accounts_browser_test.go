//go:build e2e

package desk_test

import (
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"robotbailiff/internal/testkit/chromium"
)

// Accounts by two administrators, wide and on a phone. Axe and html-validate find nothing, nothing is cut off.
func TestBrowser_accounts(t *testing.T) {
	chrome := chromium.Start(t)
	pages := t.TempDir()
	for name, x := range map[string]struct {
		lang   string
		device chromium.Device
	}{"phone": {"kk", chromium.Device{}}, "desk": {"ru", chromium.Device{Width: 1280, Height: 900}}} {
		s, _ := personnel(t)
		first, second := s.as(t, "desk:first"), s.as(t, "desk:second")
		propose := func(login string) string {
			return chosen(first, accountsPath, accountsPath, url.Values{"login": {login}, "role": {"operator", "viewer"}, "scope": {"some"}, "region": {"75"}, "reason": {"№ 12 бұйрық"}}).Header.Get("Location")
		}
		at := propose("aigul")
		second.Submit(second.Get(at), at+"/agree", nil)
		at = chosen(first, accountsPath, accountsPath+"/aigul/rights", url.Values{"role": {"supervisor"}, "scope": {"all"}, "reason": {"№ 13 бұйрық"}}).Header.Get("Location")
		tab := chrome.Tab(t, x.device)
		page := func(what string) {
			t.Helper()
			what = name + "." + x.lang + "-" + what
			tab.Axe(what)
			tab.Fits(what)
			tab.Targets(what)
			tab.Shot("accounts/" + what)
			must(t, os.WriteFile(filepath.Join(pages, what+".html"), []byte(tab.HTML()), 0o600))
		}
		tab.Go(s.URL(accountsPath + "?lang=" + x.lang))
		tab.Press(`button[value="desk:second"]`)
		tab.Go(s.URL(accountsPath + "?lang=" + x.lang))
		page("1-list")
		tab.Go(s.URL(accountsPath + "/aigul?lang=" + x.lang))
		page("2-account")
		chromium.Eval[bool](tab, `document.querySelectorAll("details").forEach(d => d.open = true), true`)
		page("3-open")
		tab.Go(s.URL(at + "?lang=" + x.lang))
		page("4-proposal")
		tab.Press(`form[action="` + at + `/agree"] button`)
		page("5-agreed")
		tab.Go(s.URL(propose("bolat") + "?lang=" + x.lang))
		tab.Press(`form[action$="/agree"] button`)
		page("6-link")
	}
	chromium.Valid(t, pages)
}
