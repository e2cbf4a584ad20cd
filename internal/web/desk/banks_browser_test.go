//go:build e2e

package desk_test

import (
	"fmt"
	"log/slog"
	"testing"

	"robotbailiff/engine/orders"
	"robotbailiff/internal/testkit/chromium"
)

// The health of banks and gateways on a desk and on a phone, with and without anybody connected.
func TestBrowser_banks(t *testing.T) {
	chrome := chromium.Start(t)
	s := setup(t, true)
	people := s.fill(t)
	folder := t.TempDir()
	tab := chrome.Tab(t, chromium.Device{Width: 1280, Height: 900, Script: true})
	s.enter(tab, "/desk/banks?lang=en")
	checked(t, tab, folder, "desk/banks.none.en")
	s.plant(t, people["enforcing"].CaseID)
	c := &orders.Comparer{Sender: &orders.Sender{Store: s.Store, Log: slog.New(slog.DiscardHandler)}}
	must(t, c.CountOrders(t.Context()))
	s.connect(t)
	for name, d := range map[string]chromium.Device{"wide": {Width: 1280, Height: 900, Script: true}, "phone": {}, "dark": {Width: 1280, Dark: true}} {
		tab := chrome.Tab(t, d)
		s.enter(tab, "/desk/banks")
		for _, lang := range []string{"kk", "ru", "en"} {
			if lang != "ru" && name != "wide" {
				continue
			}
			tab.Go(s.URL("/desk/banks?lang=" + lang))
			checked(t, tab, folder, fmt.Sprintf("desk/banks.%s.%s", name, lang))
		}
		tab.Go(s.URL("/desk/orders?bank=dala&lang=ru"))
		checked(t, tab, folder, "desk/orders.one."+name)
	}
	chromium.Valid(t, folder)
}
