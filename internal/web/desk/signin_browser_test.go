//go:build e2e

package desk_test

import (
	"testing"

	"robotbailiff/internal/app/accounts"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/testkit/chromium"
)

// The pages of the desk's door look finished, on a telephone and on a desk, in each language: axe finds nothing, nothing is cut off, and all of
// it is reached by the keyboard.
func TestBrowser_theDoor(t *testing.T) {
	chrome := chromium.Start(t)
	s := setupFor(t, app.DemoActors)
	looks := func(tab *chromium.Tab, name string, wide bool) {
		t.Helper()
		tab.Axe(name)
		if !wide {
			tab.Fits(name)
		}
		tab.Keyboard(name)
		tab.Shot("door/" + name)
	}
	for _, lang := range []string{"kk", "ru", "en"} {
		for device, on := range map[string]chromium.Device{"phone": {}, "desk": {Width: 1280, Height: 900}} {
			name := func(page string) string { return page + "." + lang + "." + device }
			tab := chrome.Tab(t, on)
			tab.Go(s.URL("/desk/?lang=" + lang))
			looks(tab, name("signin"), false)
			tab.Press(`button[value="desk:demo-administrator"]`)
			for _, page := range []string{"access", "me", "people", "money"} { // the last one, he may not
				tab.Go(s.URL("/desk/" + page))
				looks(tab, name(page), device == "phone" && page != "money") // tables may be rolled aside
			}
		}
	}
	c, store := counter(t)
	link, err := store.Add(t.Context(), "aigul", []string{"operator"}, nil, accounts.Act{Actor: "root", Reason: "order 12"})
	must(t, err)
	for _, lang := range []string{"kk", "ru", "en"} {
		tab := chrome.Tab(t, chromium.Device{})
		tab.Go(c.URL("/desk/first/" + link + "?lang=" + lang))
		looks(tab, "first."+lang, false)
		tab.Go(c.URL("/desk/?lang=" + lang))
		looks(tab, "account."+lang, false)
		tab.Type("#login", "aigul")
		tab.Type("#password", "not this one")
		tab.Type("#code", "123456")
		tab.Press("main button.button")
		looks(tab, "wrong."+lang, false)
	}
}
