//go:build e2e

package desk_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"robotbailiff/internal/caseno"
	"robotbailiff/internal/testkit/chromium"
	"robotbailiff/internal/web/ui/uitest"
)

// Acts on cases without script, on a phone and on a desk: a case is held and goes on, one is ended by two people, who cannot be the same, of two
// tabs the second finds it done, after a day nobody agrees, a paid case of another person is given back,
// and three cases are held at once. Axe and html-validate find nothing.
func TestBrowser_actsOnCases(t *testing.T) {
	chrome := chromium.Start(t)
	pages := t.TempDir()
	for name, d := range map[string]chromium.Device{"phone": {}, "desk": {Width: 1280, Height: 900}} {
		for _, lang := range []string{"kk", "ru"} {
			if name == "desk" && lang == "kk" {
				continue // it is looked at on a phone
			}
			s := setup(t, true)
			people := s.fill(t)
			tab, second := chrome.Tab(t, d), chrome.Tab(t, d)
			page := func(tab *chromium.Tab, what string) {
				t.Helper()
				wide := name == "phone" && strings.HasSuffix(what, "case") // tables of a case scroll there
				what = name + "." + lang + "-" + what
				if !wide {
					tab.Axe(what)
					tab.Fits(what)
				}
				tab.Shot("acts/" + what)
				if err := os.WriteFile(filepath.Join(pages, what+".html"), []byte(tab.HTML()), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			signIn := func(tab *chromium.Tab, who string) {
				tab.Go(s.URL("/desk/access?lang=" + lang))
				tab.Press(`button[value="` + who + `"]`)
			}
			signIn(tab, "desk:demo")
			number := func(who string) string { return caseno.Format(people[who].CaseID) }
			held := func(who string) bool {
				return s.one(t, `SELECT hold FROM cases WHERE id = $1`, people[who].CaseID) != ""
			}

			tab.Go(s.URL("/desk/cases/" + number("enforcing") + "?lang=" + lang))
			page(tab, "1-case")
			tab.Press(`a[href^="/desk/acts/new?kind=hold"]`)
			page(tab, "2-hold")
			tab.Type("#why", "Проверяем номер телефона")
			tab.Press(`form[action="/desk/acts"] button`)
			page(tab, "3-preview")
			if held("enforcing") {
				t.Errorf("%s: a look has held the case", name)
			}
			tab.Press(`form[action$="/confirm"] button`)
			page(tab, "4-done")
			if !held("enforcing") {
				t.Errorf("%s: the case is not held", name)
			}
			tab.Go(s.URL("/desk/acts/new?kind=resume&case=" + number("enforcing") + "&lang=" + lang))
			tab.Type("#why", "Номер верный")
			tab.Press(`form[action="/desk/acts"] button`)
			tab.Press(`form[action$="/confirm"] button`)
			if held("enforcing") {
				t.Errorf("%s: the case does not go on", name)
			}

			cancel := func(who string) string {
				tab.Go(s.URL("/desk/acts/new?kind=cancel&case=" + number(who) + "&lang=" + lang))
				tab.Type("#actno", "7-15/26")
				chromium.Eval[bool](tab, `(document.querySelector('#acton').value = '2026-03-01') !== ''`)
				tab.Type("#why", "Постановление отменено")
				tab.Press(`form[action="/desk/acts"] button`)
				return tab.Path()
			}
			path := cancel("part")
			page(tab, "5-cancel")
			tab.Press(`form[action$="/confirm"] button`)
			page(tab, "6-asked")
			if chromium.Eval[bool](tab, `!!document.querySelector('form[action$="/agree"]')`) {
				t.Errorf("%s: one is offered to agree with oneself", name)
			}
			// By the form of another act, as somebody would who tries it all the same.
			chromium.Eval[bool](tab, `(document.querySelector('form[action$="/withdraw"]').action = '`+path+`/agree') !== ''`)
			tab.Type("#why", "сам согласен")
			tab.Press(`form[action$="/agree"] button`)
			page(tab, "7-own")
			if got := s.one(t, `SELECT state FROM cases WHERE id = $1`, people["part"].CaseID); got != "opened" && got != "notified" {
				t.Errorf("%s: agreed with oneself: %s", name, got)
			}
			tab.Go(s.URL("/desk/cases/" + number("part") + "?lang=" + lang))
			page(tab, "8-case")

			signIn(second, "desk:demo-2")
			second.Go(s.URL("/desk/approvals?lang=" + lang))
			page(second, "9-approvals")
			second.Go(s.URL(path + "?lang=" + lang))
			page(second, "10-second")
			other := s.Another() // the same person in another tab has agreed meanwhile
			other.Submit(other.Get("/desk/access"), "/desk/sign-in", map[string]string{"person": "desk:demo-2"})
			other.Submit(other.Get(path), path+"/agree", nil)
			second.Press(`form[action$="/agree"] button`)
			page(second, "11-second-tab")
			if got := s.one(t, `SELECT count(*)::text FROM events WHERE case_id = $1 AND kind = 'cancelled'`, people["part"].CaseID); got != "1" {
				t.Errorf("%s: cancelled %s times", name, got)
			}

			// A case that was paid turns out to be about somebody else: what was paid goes back.
			tab.Go(s.URL("/desk/acts/new?kind=other_person&case=" + number("paid") + "&lang=" + lang))
			tab.Type("#why", "Паспорт другого человека")
			tab.Press(`form[action="/desk/acts"] button`)
			page(tab, "17-other")
			path = tab.Path()
			tab.Press(`form[action$="/confirm"] button`)
			second.Go(s.URL(path + "?lang=" + lang))
			page(second, "18-other-second")
			second.Press(`form[action$="/agree"] button`)
			page(second, "19-other-done")
			if got := s.one(t, `SELECT state || ' ' || paid FROM cases WHERE id = $1`, people["paid"].CaseID); got != "paid 0" {
				t.Errorf("%s: what was paid for nothing does not go back: %s", name, got)
			}
			tab.Go(s.URL("/desk/cases/" + number("paid") + "?lang=" + lang))
			page(tab, "20-other-case")

			path = cancel("notified")
			tab.Press(`form[action$="/confirm"] button`)
			second.Go(s.URL(path + "?lang=" + lang))
			s.ageActs(t)
			second.Press(`form[action$="/agree"] button`)
			page(second, "12-late")
			if got := s.one(t, `SELECT state FROM cases WHERE id = $1`, people["notified"].CaseID); got != "notified" {
				t.Errorf("%s: agreed after a day: %s", name, got)
			}

			for range 3 {
				s.open(t, uitest.Writ{Region: "10", Amount: 5000})
			}
			tab.Go(s.URL("/desk/cases?state=opened&region=10&cols=srl&lang=" + lang))
			chromium.Eval[bool](tab, `[...document.querySelectorAll('details')].every(d => d.open = true)`)
			page(tab, "13-list")
			tab.Press(`form[action="/desk/acts/new"] button`)
			tab.Type("#why", "Паводок в районе")
			page(tab, "14-many")
			tab.Press(`form[action="/desk/acts"] button`)
			tab.Press(`form[action$="/confirm"] button`)
			page(tab, "15-many-done")
			if got := s.one(t, `SELECT count(*)::text FROM cases WHERE hold = 'by_hand'`); got != "3" && got != "4" {
				t.Errorf("%s: %s cases are held", name, got)
			}
			tab.Go(s.URL("/desk/acts?lang=" + lang))
			page(tab, "16-acts")
		}
	}
	chromium.Valid(t, pages)
}
