package sms

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"

	"robotbailiff/internal/sandbox/smsc"
	"robotbailiff/internal/testkit"
	"robotbailiff/notify"
	"robotbailiff/notify/text"
)

// heard collects receipts.
type heard struct {
	mu   sync.Mutex
	all  []notify.Receipt
	fail bool
}

func (h *heard) receive(_ context.Context, rs []notify.Receipt) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fail {
		return errors.New("the database is away")
	}
	h.all = append(h.all, rs...)
	return nil
}

// of gives the receipts of a message's parts.
func (h *heard) of(sent notify.Sent) (out []notify.Receipt) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range h.all {
		if slices.Contains(sent.Parts, r.ProviderRef) {
			out = append(out, r)
		}
	}
	return out
}

func start(t *testing.T, h *heard, accounts ...Account) *Gateway {
	t.Helper()
	return startWith(t, h, Config{Accounts: accounts})
}

func startWith(t *testing.T, h *heard, cfg Config) *Gateway {
	t.Helper()
	cfg.Receive, cfg.Clock, cfg.Log = h.receive, testkit.Clock(t), slog.New(slog.NewTextHandler(t.Output(), nil))
	g, err := New(cfg)
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		must(t, <-done)
	})
	return g
}

func noticeTo(ref, to, words string) notify.Message {
	return notify.Message{Ref: ref, Channel: notify.SMS, To: to, Text: words, ExpiresAt: testkit.Morning.Add(9 * time.Hour)}
}

func TestGateway_fullRound(t *testing.T) {
	t.Parallel()
	centres(t, func(t *testing.T, c *centre) {
		h := &heard{}
		g := start(t, h, Account{Address: c.address, SystemID: "ministry", Password: "secret", Rate: 100})
		soon(t, "a bind", func() bool { return g.Ready(t.Context()) == nil })
		long := strings.Repeat(kazakh+" ", 4)
		ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second) // one answer never comes
		defer cancel()
		answers, err := g.Send(ctx, []notify.Message{
			noticeTo("one", good, kazakh), noticeTo("long", "+77010000011", long), noticeTo("latin", "+77010000021", latin),
			noticeTo("nobody", nobody, kazakh), noticeTo("busy", busy, kazakh), noticeTo("lost", lost, kazakh), noticeTo("away", away, kazakh),
			noticeTo("ill", ill, kazakh), noticeTo("wrong", "8-701", kazakh),
		})
		must(t, err)
		got := map[string]notify.Sent{}
		for _, a := range answers {
			got[a.Ref] = a
		}
		for ref, want := range map[string]notify.Sent{
			"one": {Status: notify.Accepted}, "long": {Status: notify.Accepted}, "latin": {Status: notify.Accepted},
			"busy": {Status: notify.Accepted}, "away": {Status: notify.Accepted},
			"nobody": {Status: notify.Rejected, Detail: "smpp_0x0b"}, "wrong": {Status: notify.Rejected, Detail: "number_invalid"},
			"lost": {Status: notify.Unknown, Detail: "no_answer"},
			"ill":  {Status: notify.NotFound, Detail: "smpp_0x08"}, // nothing was taken, and it is not the number's fault
		} {
			if a := got[ref]; a.Status != want.Status || a.Detail != want.Detail || (a.ProviderRef != "") != (want.Status == notify.Accepted) {
				t.Errorf("%s: %+v", ref, a)
			}
		}

		// the text arrives as it was written, in parts where it is long
		if one := c.got(good); len(one) != 1 || one[0].Text != kazakh || one[0].Coding != 8 || one[0].From != "1414" || one[0].TON != 1 || one[0].Receipt != 1 || one[0].Header != "" {
			t.Errorf("%+v", one)
		}
		parts := c.got("+77010000011")
		words := ""
		for i, p := range parts {
			words += p.Text
			if p.Coding != 8 || !strings.HasPrefix(strings.TrimPrefix(p.Header, "05"), "0003") || lastByte(p.Header) != byte(i+1) {
				t.Errorf("part %d: %+v", i+1, p)
			}
		}
		if words != long || len(parts) != text.Parts(long) || len(parts) < 3 {
			t.Errorf("%d parts, want %d: %q", len(parts), text.Parts(long), words)
		}
		if l := c.got("+77010000021"); len(l) != 1 || l[0].Text != latin || l[0].Coding != 0 {
			t.Errorf("%+v", l)
		}
		if b := c.got(busy); len(b) != 2 {
			t.Errorf("the busy number was tried %d times", len(b))
		}

		// receipts: one for each part, under the number that the answer gave to it
		for ref, want := range map[string]notify.Status{"one": notify.StatusDelivered, "long": notify.StatusDelivered, "busy": notify.StatusDelivered, "away": notify.StatusFailed} {
			soon(t, "the receipts of "+ref, func() bool { return len(h.of(got[ref])) == len(got[ref].Parts) })
			for _, r := range h.of(got[ref]) {
				if r.Status != want || !r.At.Equal(time.Date(2026, time.March, 2, 4, 16, 0, 0, time.UTC)) || (r.Detail == "UNDELIV 034") != (ref == "away") {
					t.Errorf("%s: %+v", ref, r)
				}
			}
		}
		if n := len(got["long"].Parts); n != len(parts) {
			t.Errorf("%d numbers for %d parts", n, len(parts))
		}

		// what was answered can be asked for, what was not cannot
		asked, err := g.Query(t.Context(), []string{"long", "lost", "stranger"})
		must(t, err)
		if asked[0].Status != notify.Accepted || asked[1].Status != notify.Unknown || asked[2].Status != notify.Unknown {
			t.Errorf("%+v", asked)
		}
	})
}

func TestGateway_wrongPasswordAndClosedPort(t *testing.T) {
	t.Parallel()
	centres(t, func(t *testing.T, c *centre) {
		for _, bad := range []struct {
			account Account
			says    string
		}{
			{Account{Address: c.address, SystemID: "ministry", Password: "wrong"}, "refuses system id and password"},
			{Account{Address: "127.0.0.1:1", SystemID: "ministry", Password: "secret"}, "cannot be reached"},
		} {
			g := start(t, &heard{}, bad.account)
			soon(t, "a reason", func() bool {
				err := g.Ready(t.Context())
				return err != nil && strings.Contains(err.Error(), bad.says) && !strings.Contains(err.Error(), bad.account.Password)
			})
			// nothing has left, and that is what is said
			answers, err := g.Send(t.Context(), []notify.Message{noticeTo("a", good, latin)})
			if err != nil || answers[0].Status != notify.NotFound || answers[0].Detail != "not_bound" {
				t.Errorf("%+v %v", answers, err)
			}
		}
	})
}

func TestGateway_takesTheOtherBindWhenOneIsDown(t *testing.T) {
	t.Parallel()
	c := ownCentre(t)
	h := &heard{}
	g := start(t, h, Account{Address: "127.0.0.1:1", SystemID: "first", Password: "secret"}, Account{Address: c.address, SystemID: "second", Password: "secret", Rate: 100})
	soon(t, "a bind", func() bool { return g.Ready(t.Context()) == nil })
	var batch []notify.Message
	for i := range 40 {
		batch = append(batch, noticeTo(strings.Repeat("m", i+1), good, latin))
	}
	answers, err := g.Send(t.Context(), batch)
	must(t, err)
	if i := slices.IndexFunc(answers, func(a notify.Sent) bool { return a.Status != notify.Accepted }); i >= 0 {
		t.Errorf("%+v", answers[i])
	}
	soon(t, "all receipts", func() bool { h.mu.Lock(); defer h.mu.Unlock(); return len(h.all) == 40 })
}

func TestGateway_receiptsAreThankedForWhenTheyAreKept(t *testing.T) {
	t.Parallel()
	g, err := New(Config{Accounts: []Account{{Address: "x:1", SystemID: "x"}}, Clock: testkit.Clock(t), Log: slog.New(slog.DiscardHandler)})
	must(t, err)
	h := &heard{fail: true}
	g.cfg.Receive = h.receive
	var thanks []bool
	one := arrived{receipt: receipt{id: "7", state: stateDelivered}, reply: func(ok bool) { thanks = append(thanks, ok) }}
	g.keep(t.Context(), []arrived{one})
	h.fail = false
	g.keep(t.Context(), []arrived{one, one})
	if !slices.Equal(thanks, []bool{false, true, true}) || len(h.all) != 2 || h.all[0].ProviderRef != "7" {
		t.Errorf("%v %+v", thanks, h.all)
	}
}

// Some centres answer with hexadecimal numbers and write them in decimal into the text of receipts.
func TestGateway_aCentreThatCountsInTwoWays(t *testing.T) {
	t.Parallel()
	for _, parameters := range []bool{false, true} {
		c := centreWith(t, smsc.Config{HexIDs: true, Parameters: parameters})
		h := &heard{}
		g := startWith(t, h, Config{Accounts: []Account{{Address: c.address, SystemID: "ministry", Password: "secret"}}, HexIDs: true})
		soon(t, "a bind", func() bool { return g.Ready(t.Context()) == nil })
		answers, err := g.Send(t.Context(), []notify.Message{noticeTo("1-1-sms", good, kazakh)})
		must(t, err)
		if answers[0].Status != notify.Accepted {
			t.Fatalf("%+v", answers)
		}
		soon(t, "its receipt", func() bool { return len(h.of(answers[0])) == 1 })
		asked, err := g.Query(t.Context(), []string{"1-1-sms"})
		must(t, err)
		if asked[0].Status != notify.Accepted || asked[0].ProviderRef != answers[0].ProviderRef {
			t.Errorf("parameters %v: %+v after %+v", parameters, asked, answers)
		}
	}
}

func TestLedger_forgetsTheOldest(t *testing.T) {
	t.Parallel()
	l := newLedger()
	for i := range maxRemembered + 10 {
		for range 2 { // attempts
			l.keep(strconv.Itoa(i), []number{{"x", "x"}, {}})
		}
	}
	if len(l.ids) != maxRemembered || len(l.order) != maxRemembered || l.of("0") != nil || len(l.of("15")) != 2 {
		t.Errorf("%d messages, %d in order", len(l.ids), len(l.order))
	}
}

func TestValidity_endsBeforeTheQuietHours(t *testing.T) {
	t.Parallel()
	now := testkit.Morning
	for left, want := range map[time.Duration]string{
		13 * time.Hour: "000000130000000R", 90 * time.Second: "000000000130000R", 0: "000000000100000R", -time.Hour: "000000000100000R", 100 * time.Hour: "000002000000000R",
	} {
		if got := validity(now, now.Add(left)); got != want {
			t.Errorf("%s: %s, want %s", left, got, want)
		}
	}
	if got := validity(now, time.Time{}); got != "" {
		t.Errorf("without an end: %s", got)
	}
}

func TestParseReceipt(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, time.March, 2, 4, 16, 0, 0, time.UTC)
	for words, want := range map[string]receipt{
		"id:1 sub:001 dlvrd:001 submit date:2603020915 done date:2603020916 stat:DELIVRD err:000 text:x": {"1", stateDelivered, at, "000"},
		"ID:ab-c STAT:undeliv ERR:0A1 done date:260302091605":                                            {"ab-c", stateUndeliverable, at.Add(5 * time.Second), "0A1"},
		"id:1 stat:DELIVRD text:id:2 stat:UNDELIV":                                                       {"1", stateDelivered, time.Time{}, ""},
		"id:1 done date:99 stat:WHAT":                                                                    {"1", 0, time.Time{}, ""},
		"":                                                                                               {},
	} {
		got := parseReceipt(words)
		if got.id != want.id || got.state != want.state || !got.at.Equal(want.at) || got.code != want.code {
			t.Errorf("%q: %+v", words, got)
		}
	}
	if (&statusError{data.ESME_RINVSRCADR}).permanent() {
		t.Error("a fault of our own settings must not cost a debtor his notice")
	}
}

func FuzzParseReceipt(f *testing.F) {
	f.Add("id:1 sub:001 dlvrd:001 submit date:2603020915 done date:2603020916 stat:DELIVRD err:000 text:x")
	f.Add("id: stat:")
	f.Add("ȺȺȺȺȺȺtext:") // longer in small letters
	f.Fuzz(func(t *testing.T, words string) {
		r := parseReceipt(words)
		if strings.ContainsAny(r.id, " \t\n") || r.at.Year() > 2100 {
			t.Errorf("%+v", r)
		}
		r.word()
	})
}

func FuzzReadUnit(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x10\x80\x00\x00\x09\x00\x00\x00\x0e\x00\x00\x00\x01")) // a refused bind without a body
	f.Add([]byte("\x00\x00\x00\x15\x80\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x02abcd\x00"))
	f.Add([]byte("\xff\xff\xff\xff\x80\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x02"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := bytes.NewReader(stream)
		for {
			u, err := readUnit(r)
			if err != nil {
				return
			}
			if d, ok := u.body.(*pdu.DeliverSM); ok {
				readReceipt(d, true)
				readReceipt(d, false)
			}
		}
	})
}

func TestNew_refuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]Config{
		"no account":      {},
		"no address":      {Accounts: []Account{{SystemID: "a"}}},
		"a long password": {Accounts: []Account{{Address: "a:1", SystemID: "a", Password: "123456789"}}},
		"a source in kk":  {Accounts: []Account{{Address: "a:1", SystemID: "a"}}, Source: "Әділет"},
		"a long source":   {Accounts: []Account{{Address: "a:1", SystemID: "a"}}, Source: "twelve chars"},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
