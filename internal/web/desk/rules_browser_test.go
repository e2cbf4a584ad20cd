//go:build e2e

package desk_test

import (
	"os"
	"path/filepath"
	"testing"

	"robotbailiff/internal/testkit/chromium"
)

// A version of the rules is brought by one person and looked at by another, on a desk and on a phone.
func TestBrowser_rules(t *testing.T) {
	chrome := chromium.Start(t)
	s := setup(t, true)
	s.fill(t)
	file := filepath.Join(t.TempDir(), "rules.zip")
	must(t, os.WriteFile(file, archive(t, "term.yaml", "value: 30\n", "value: 60\n"), 0o600))
	folder := t.TempDir()
	tab := chrome.Tab(t, chromium.Device{Width: 1280, Height: 900, Script: true})
	s.enter(tab, "/desk/rules?lang=ru")
	checked(t, tab, folder, "desk/rules.wide.ru")
	tab.Choose("#file", file)
	chromium.Eval[string](tab, `document.querySelector("#from").value = "2027-01-01"`)
	tab.Type("#reason", "Закон от 1 декабря")
	tab.Press(`form[action="/desk/rules"] button`)
	checked(t, tab, folder, "desk/rule.wide.ru")
	at := tab.Path()
	for name, d := range map[string]chromium.Device{"phone": {}, "dark": {Width: 1280, Dark: true}} {
		other := chrome.Tab(t, d)
		s.enter(other, at+"?lang=kk")
		checked(t, other, folder, "desk/rule."+name+".kk")
		other.Go(s.URL("/desk/rules?lang=kk"))
		checked(t, other, folder, "desk/rules."+name+".kk")
	}
	chromium.Valid(t, folder)
}
