//go:build e2e

package desk_test

import (
	"testing"

	"robotbailiff/internal/testkit/chromium"
)

// A row whose person is doubtful, on a phone and on a desk, without script: it is looked at, masked and then not, one says whom it means, and
// another lets it in.
func TestBrowser_identities(t *testing.T) {
	chrome := chromium.Start(t)
	folder := t.TempDir()
	for name, d := range map[string]chromium.Device{"phone": {}, "desk": {Width: 1280, Height: 900}, "dark": {Width: 1280, Dark: true}} {
		for _, lang := range []string{"kk", "ru", "en"} {
			if lang != "ru" && name != "desk" {
				continue
			}
			s := setup(t, true)
			at, _ := s.doubtful(t)
			what := "desk/identity." + name + "." + lang
			tab, second := chrome.Tab(t, d), chrome.Tab(t, d)
			signIn := func(tab *chromium.Tab, who string) {
				tab.Go(s.URL("/desk/access?lang=" + lang))
				tab.Press(`button[value="` + who + `"]`)
			}
			signIn(tab, "desk:demo")
			signIn(second, "desk:demo-2")
			tab.Go(s.URL("/desk/work?kind=identities&lang=" + lang))
			tab.Press(`a[href^="/desk/work/thing?"]`)
			tab.Press(`a[href="` + at + `"]`)
			checked(t, tab, folder, what+".masked")
			tab.Type("#whom", "Сверяем с реестром")
			tab.Press(`form[action$="/unmask"] button`)
			checked(t, tab, folder, what+".plain")
			chromium.Eval[bool](tab, `(document.querySelector('input[value="same"]').checked = true)`)
			tab.Type("#reason", "Сменил фамилию")
			tab.Press(`form[action$="/propose"] button`)
			checked(t, tab, folder, what+".own")
			second.Go(s.URL(at + "?lang=" + lang))
			checked(t, second, folder, what+".second")
			if n := s.one(t, `SELECT count(*)::text FROM cases`); n != "1" {
				t.Errorf("%s: %s cases before the second word", what, n)
			}
			second.Press(`form[action$="/agree"] button`)
			checked(t, second, folder, what+".let-in")
			if got := s.one(t, `SELECT e.actor FROM events e JOIN writs w ON w.case_id = e.case_id WHERE w.document_number = 'D-1' AND e.seq = 1`); got != "desk:demo, desk:demo-2" {
				t.Errorf("%s: opened by %s", what, got)
			}
		}
	}
	chromium.Valid(t, folder)
}
