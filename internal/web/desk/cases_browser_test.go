//go:build e2e

package desk_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"robotbailiff/internal/caseno"
	"robotbailiff/internal/testkit/chromium"
)

// The list of cases without script, on a phone and on a desk: the search, the filter, a file that two people let out, and whom a case is of. Axe
// and html-validate find nothing, nothing is cut off.
func TestBrowser_casesAreFound(t *testing.T) {
	chrome := chromium.Start(t)
	pages := t.TempDir()
	for name, d := range map[string]chromium.Device{"phone": {}, "desk": {Width: 1280, Height: 900}, "dark": {Width: 1280, Height: 900, Dark: true}} {
		for _, lang := range []string{"kk", "ru", "en"} {
			if name == "dark" && lang != "ru" || name == "desk" && lang == "kk" || name == "phone" && lang == "en" {
				continue // each is looked at in some
			}
			s := setup(t, true)
			people := s.fill(t)
			p := people["enforcing"]
			tab := chrome.Tab(t, d)
			page := func(what string) {
				t.Helper()
				wide := name == "phone" && (strings.HasSuffix(what, "case") || strings.HasSuffix(what, "person")) // tables of a case scroll there
				what = name + "." + lang + "-" + what
				if !wide {
					tab.Axe(what)
					tab.Fits(what)
				}
				tab.Shot("cases/" + what)
				if err := os.WriteFile(filepath.Join(pages, what+".html"), []byte(tab.HTML()), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			tab.Go(s.URL("/desk/cases?lang=" + lang))
			tab.Press(`button[value="desk:demo"]`)
			tab.Go(s.URL("/desk/cases?lang=" + lang))
			page("1-list")
			tab.Type("#q", "ахметов")
			tab.Press(`form[action="/desk/cases/search"] button`)
			if !strings.HasPrefix(tab.Path(), "/desk/cases") || strings.Contains(chromium.Eval[string](tab, `location.href`), "%D0") {
				t.Errorf("%s leads to %s", name, tab.Path())
			}
			page("2-found")
			tab.Type("#q", "26-0000099-7")
			tab.Press(`form[action="/desk/cases/search"] button`)
			page("3-not-found")
			tab.Go(s.URL("/desk/cases?state=open&left_from=100&cols=sfirdl&lang=" + lang))
			page("4-filter")
			tab.Go(s.URL("/desk/cases?region=7&state=closed&lang=" + lang))
			page("5-bad")
			tab.Go(s.URL("/desk/exports?lang=" + lang))
			page("6-exports")
			tab.Go(s.URL("/desk/cases/" + caseno.Format(p.CaseID) + "?lang=" + lang))
			page("7-case")
			tab.Type("#whom", "INC-42")
			tab.Press(`form[action$="/unmask"] button`)
			if !strings.Contains(tab.Text("main"), p.IIN) {
				t.Errorf("%s: the person is not shown", name)
			}
			page("8-person")
			_, err := s.Pool.Exec(t.Context(), `INSERT INTO desk_exports (actor, reason, format, query, case_ids, regions) VALUES ('desk:demo-2', 'Отчёт для министерства', 'xlsx', 'state=open', ARRAY[$1::bigint, $2], '{75,71}')`, p.CaseID, people["notified"].CaseID)
			must(t, err)
			tab.Go(s.URL("/desk/exports/1?lang=" + lang))
			page("9-export")
		}
	}
	chromium.Valid(t, pages)
}
