package desk_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"robotbailiff/engine/breaker"
	"robotbailiff/engine/orders"
	"robotbailiff/engine/stop"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/peers"
)

// connect lets workers be connected to peers of every kind, of which some fare badly.
func (s stage) connect(t *testing.T) {
	t.Helper()
	bank := func(name string) peers.Peer { return peers.Peer{Kind: peers.Bank, Name: name} }
	sms, till := peers.Peer{Kind: peers.Channel, Name: "sms"}, peers.Peer{Kind: peers.Till, Name: "kaspi"}
	now, err := s.Store.Now(t.Context())
	must(t, err)
	m := peers.NewMeter(map[peers.Peer]time.Time{
		bank("altyn"): now.AddDate(10, 0, 0), bank("dala"): {}, bank("BTBKZ"): {}, sms: {}, till: {}, {Kind: peers.Register, Name: "register"}: now.AddDate(-1, 0, 0),
	})
	for range 90 {
		m.Called(bank("altyn"), 120*time.Millisecond, map[peers.Outcome]int{peers.Accepted: 14, peers.Rejected: 1})
	}
	for range 10 {
		m.Called(bank("altyn"), 2500*time.Millisecond, map[peers.Outcome]int{peers.Taken: 1})
	}
	m.Called(bank("dala"), 10*time.Minute, map[peers.Outcome]int{peers.Timeout: 3})
	m.Called(sms, 40*time.Millisecond, map[peers.Outcome]int{peers.Accepted: 100, peers.Unknown: 2})
	m.Called(till, time.Millisecond, map[peers.Outcome]int{peers.Unsent: 1})
	must(t, m.Flush(t.Context(), s.Pool))
	_, err = s.Pool.Exec(t.Context(), `INSERT INTO peers (kind, name, seen_at) VALUES ('bank', 'gone', now() - interval '1 hour')`)
	must(t, err)
	_, err = stop.NewStore(s.Pool).Trip(t.Context(), "bank:dala", "bank_arrests", "what is kept for the record", stop.Figures{Count: 9, Limit: 5}, now)
	must(t, err)
}

func TestBanks_showsHowEverybodyFares(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	people := s.fill(t)
	s.signIn(t)
	if empty := s.Get("/desk/banks?lang=en"); empty.Status != http.StatusOK || empty.Has("table") || !strings.Contains(empty.Text("main"), "BAILIFF_BANKS") {
		t.Errorf("nobody is connected: %d %s", empty.Status, empty.Text("main"))
	}
	s.plant(t, people["enforcing"].CaseID)
	c := &orders.Comparer{Sender: &orders.Sender{Store: s.Store, Log: slog.New(slog.DiscardHandler)}}
	must(t, c.CountOrders(t.Context()))
	s.connect(t)
	page := s.Get("/desk/banks?lang=en")
	var kinds []string
	for _, h := range []string{"bank", "register", "till", "channel"} {
		if page.Has("h2#" + h) {
			kinds = append(kinds, h)
		}
	}
	if len(kinds) != 4 {
		t.Errorf("kinds: %v", kinds)
	}
	row := func(name string) string {
		for _, tr := range strings.Split(page.Outline("main"), "\n") {
			if strings.HasPrefix(tr, "| "+name) {
				return tr
			}
		}
		t.Errorf("no row of %s", name)
		return ""
	}
	sms, err := i18n.For(i18n.EN).T("channel.sms")
	must(t, err)
	for name, want := range map[string][]string{
		"altyn":               {"answers", "done: 1,260", "refused: 90", "taken: 10", "150 ms at most", "3 s at most", "2036"},
		"dala":                {"stopped", "breaker, ", breaker.Why("bank_arrests", stop.Figures{Count: 9, Limit: 5}, "en"), "no answer in time: 3", "more than a minute", "has never answered", "open difference"},
		"gone":                {"not connected", "last seen"},
		"BTBKZ":               {"not asked yet"},
		"Register of debtors": {"not asked yet"},
		"kaspi":               {"hardly answers", "not sent: 1"},
		sms:                   {"answers", "done: 100", "no clear answer: 2"},
	} {
		got := row(name)
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s does not say %q: %s", name, w, got)
			}
		}
	}
	if !page.Has(`a[href="/desk/orders?bank=altyn"]`) || page.Has(`a[href="/desk/orders?bank=sms"]`) {
		t.Error("the links to the orders of a bank")
	}
	s.wants(t, page.Text("main"), "of the whole country")
	only := s.Get("/desk/orders?bank=dala&lang=en")
	s.wants(t, only.Text("main"), "Only dala is shown", "Held without ground")
	if text := only.Text(`section[aria-labelledby="banks"]`) + only.Text(`section[aria-labelledby="compares"]`); strings.Contains(text, "BTBKZ") || strings.Contains(text, "altyn") {
		t.Errorf("other banks: %s", text)
	}
	for _, l := range i18n.Langs {
		if got := s.Get("/desk/banks?lang=" + string(l)); got.Status != http.StatusOK || strings.Contains(got.Text(), "<no value>") || !strings.Contains(got.Text(), breaker.Why("bank_arrests", stop.Figures{Count: 9, Limit: 5}, string(l))) {
			t.Errorf("in %s: %d", l, got.Status)
		}
	}
}
