package natapp_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/testkit"
	"robotbailiff/notify"
	"robotbailiff/notify/channel/natapp"
)

const words = "Іс 260000017: әғқңөұүһі"

// gateway connects a driver, and sees to it that it tells no secret.
func gateway(t *testing.T, cfg natapp.Config) *natapp.Gateway {
	t.Helper()
	var log bytes.Buffer
	if cfg.Clock == nil {
		cfg.Clock = testkit.Clock(t)
	}
	if cfg.Secret == "" {
		cfg.Secret = ourSecret
	}
	cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
	g, err := natapp.New(cfg)
	must(t, err)
	t.Cleanup(func() { quiet(t, log.String()) })
	return g
}

// quiet looks for what nobody may be told.
func quiet(t *testing.T, said string) {
	t.Helper()
	for _, secret := range []string{"device-", "260000017", "әғқ", "b3VyIG93", "dGhlIGdh", "77010000001"} {
		if strings.Contains(said, secret) {
			t.Errorf("a secret is told: %s", said)
		}
	}
}

func notice(caseID int64, to string) notify.Message {
	return notify.Message{
		Ref: notify.Ref(caseID, 1, notify.Push), Channel: notify.Push, To: to, Title: "260000017", Text: words, ExpiresAt: testkit.Morning.Add(9 * time.Hour),
	}
}

func send(t *testing.T, g *natapp.Gateway, messages ...notify.Message) []notify.Sent {
	t.Helper()
	answers, err := g.Send(t.Context(), messages)
	must(t, err)
	quiet(t, fmt.Sprint(answers))
	return answers
}

func same(t *testing.T, what string, got []notify.Sent, want ...notify.Sent) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s: %s", what, d)
	}
}

func TestSend_oneResultForEachMessage(t *testing.T) {
	t.Parallel()
	b := openBooks(t)
	g := gateway(t, natapp.Config{Endpoint: b.url})
	over := notice(9, good)
	over.ExpiresAt = testkit.Morning
	same(t, "a batch", send(t, g, notice(1, good), notice(2, nobody), notice(3, blocked), notice(4, busy), notice(5, mute), notice(6, twofold), notice(7, odd), over),
		notify.Sent{Ref: "1-1-push", Status: notify.Accepted, ProviderRef: "id-1-1-push"},
		notify.Sent{Ref: "2-1-push", Status: notify.Rejected, Detail: "no_device"},
		notify.Sent{Ref: "3-1-push", Status: notify.NotFound, Detail: "on_a_list"}, // not a word of the contract about a recipient
		notify.Sent{Ref: "4-1-push", Status: notify.NotFound, Detail: "refused"},   // what has not the form of a code is not kept
		notify.Sent{Ref: "5-1-push", Status: notify.Unknown, Detail: "no_result"},
		notify.Sent{Ref: "6-1-push", Status: notify.Unknown, Detail: "answer_unreadable"},
		notify.Sent{Ref: "7-1-push", Status: notify.Unknown, Detail: "answer_unreadable"},
		notify.Sent{Ref: "9-1-push", Status: notify.NotFound, Detail: "expired"})
	if b.taken["9-1-push"] != nil || len(b.taken) != 4 {
		t.Errorf("taken: %v", b.taken)
	}
	again := notice(1, good)
	again.Text = "another text"
	same(t, "again", send(t, g, again), notify.Sent{Ref: "1-1-push", Status: notify.Accepted, ProviderRef: "id-1-1-push"})
	if b.taken["1-1-push"]["text"] != words {
		t.Error("the second came through")
	}
}

// The gateway lives in the world's time; legal time of a trial may be another.
func TestSend_momentsOfTheWorld(t *testing.T) {
	t.Parallel()
	b := openBooks(t)
	g := gateway(t, natapp.Config{Endpoint: b.url})
	m, endless := notice(1, good), notice(2, good)
	m.NotBefore, m.ExpiresAt = testkit.Morning.Add(time.Hour), testkit.Morning.Add(2*time.Hour)
	endless.ExpiresAt = time.Time{}
	before := time.Now()
	send(t, g, m, endless)
	in := func(ref, field string) time.Duration {
		text, _ := b.taken[ref][field].(string)
		at, err := time.Parse(time.RFC3339, text)
		must(t, err)
		return at.Sub(before)
	}
	if d := in("1-1-push", "not_before"); d < time.Hour || d > time.Hour+time.Minute {
		t.Errorf("not before %s", d)
	}
	if d := in("1-1-push", "expires_at"); d < 2*time.Hour-2*time.Second || d > 2*time.Hour+time.Minute {
		t.Errorf("ends in %s", d)
	}
	if d := in("2-1-push", "expires_at"); d < 27*24*time.Hour || d > 29*24*time.Hour || b.taken["2-1-push"]["not_before"] != nil {
		t.Errorf("ends in %s", d)
	}
}

func TestSend_whenTheWholeFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		trouble trouble
		want    notify.Answer
		detail  string
		pause   bool
		taken   bool
	}{
		"not believed":       {trouble{status: 401}, notify.NotFound, "http_401", true, false},
		"not allowed":        {trouble{status: 403}, notify.NotFound, "http_403", true, false},
		"no such path":       {trouble{status: 404}, notify.NotFound, "http_404", false, false},
		"not understood":     {trouble{status: 400}, notify.NotFound, "http_400", false, false},
		"too many":           {trouble{status: 429, retryAfter: "7"}, notify.NotFound, "http_429", true, false},
		"moved":              {trouble{status: 307}, notify.NotFound, "http_307", false, false},
		"in trouble":         {trouble{status: 500}, notify.Unknown, "http_500", false, false},
		"in trouble, taken":  {trouble{status: 502, after: true}, notify.Unknown, "http_502", false, true},
		"away":               {trouble{status: 503}, notify.Unknown, "http_503", true, false},
		"in trouble, a time": {trouble{status: 500, retryAfter: "5"}, notify.Unknown, "http_500", true, false},
		"cut off":            {trouble{}, notify.Unknown, "no_answer", false, false},
		"cut off, taken":     {trouble{after: true}, notify.Unknown, "no_answer", false, true},
		"a page":             {trouble{status: 200, body: "<html>Sign in</html>"}, notify.Unknown, "answer_unreadable", false, false},
		"a page, taken":      {trouble{status: 200, body: `{"result":[]}`, after: true}, notify.Unknown, "answer_unreadable", false, true},
		"two answers":        {trouble{status: 200, body: `{"results":[]}{"results":[]}`}, notify.Unknown, "answer_unreadable", false, false},
		"an ambiguous one":   {trouble{status: 200, body: `{"results":[],"Results":[{"ref":"1-1-push","status":"accepted"}]}`}, notify.Unknown, "answer_unreadable", false, false},
		"nothing said":       {trouble{status: 200, body: `{"results":[]}`}, notify.Unknown, "no_result", false, false},
		"no content":         {trouble{status: 204}, notify.Unknown, "http_204", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := openBooks(t)
			g := gateway(t, natapp.Config{Endpoint: b.url})
			b.goWrong(c.trouble)
			same(t, "first", send(t, g, notice(1, good)), notify.Sent{Ref: "1-1-push", Status: c.want, Detail: c.detail})
			second := notify.Sent{Ref: "2-1-push", Status: notify.Accepted, ProviderRef: "id-2-1-push"}
			asked := notify.Sent{Ref: "1-1-push", Status: notify.NotFound, Detail: "not_found"}
			if c.taken {
				asked = notify.Sent{Ref: "1-1-push", Status: notify.Accepted, ProviderRef: "id-1-1-push"}
			}
			if c.pause {
				second = notify.Sent{Ref: "2-1-push", Status: notify.NotFound, Detail: "paused"}
				asked = notify.Sent{Ref: "1-1-push", Status: notify.Unknown, Detail: "paused"}
			}
			same(t, "second", send(t, g, notice(2, good)), second)
			answers, err := g.Query(t.Context(), []string{"1-1-push"})
			must(t, err)
			same(t, "asked", answers, asked)
			if (b.taken["1-1-push"] != nil) != c.taken {
				t.Errorf("taken: %v", b.taken)
			}
		})
	}
}

// One message that breaks the contract must not keep the others of its batch back.
func TestSend_oneThatCannotBeRead(t *testing.T) {
	t.Parallel()
	b := openBooks(t)
	g := gateway(t, natapp.Config{Endpoint: b.url, Batch: 50, Rate: 1000})
	var messages []notify.Message
	for i := range 130 {
		messages = append(messages, notice(int64(i+1), good))
	}
	messages[33].Text = ""
	for i, a := range send(t, g, messages...) {
		want := notify.Sent{Ref: messages[i].Ref, Status: notify.Accepted, ProviderRef: "id-" + messages[i].Ref}
		if i == 33 {
			want = notify.Sent{Ref: messages[i].Ref, Status: notify.NotFound, Detail: "http_400"}
		}
		if !cmp.Equal(a, want) {
			t.Errorf("%+v", a)
		}
	}
	if len(b.taken) != 129 || slices.Max(b.sizes) != 50 {
		t.Errorf("%d were taken, in batches of %v", len(b.taken), b.sizes)
	}
}

func TestSend_nothingLeaves(t *testing.T) {
	t.Parallel()
	g := gateway(t, natapp.Config{Endpoint: "http://127.0.0.1:1"})
	same(t, "closed port", send(t, g, notice(1, good)), notify.Sent{Ref: "1-1-push", Status: notify.NotFound, Detail: "not_sent"})
	answers, err := g.Query(t.Context(), []string{"1-1-push"})
	must(t, err)
	same(t, "closed port, asked", answers, notify.Sent{Ref: "1-1-push", Status: notify.Unknown, Detail: "not_sent"})
	if err := g.Ready(t.Context()); err == nil {
		t.Error("ready")
	}

	b := openBooks(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	g = gateway(t, natapp.Config{Endpoint: b.url})
	answers, err = g.Send(ctx, []notify.Message{notice(1, good)})
	must(t, err)
	same(t, "cancelled", answers, notify.Sent{Ref: "1-1-push", Status: notify.NotFound, Detail: notify.NoTime})
	if err := g.Ready(ctx); err == nil {
		t.Error("ready for one who did not wait")
	}
	must(t, g.Ready(t.Context()))

	hands := clock.NewManual(testkit.Morning)
	hands.Fail(errors.New("stopped"))
	g = gateway(t, natapp.Config{Endpoint: b.url, Clock: hands})
	if answers, err := g.Send(t.Context(), []notify.Message{notice(1, good)}); err == nil || answers != nil {
		t.Errorf("without a clock: %v %v", answers, err)
	}
	if answers := send(t, gateway(t, natapp.Config{Endpoint: b.url})); len(answers) != 0 {
		t.Errorf("nothing: %v", answers)
	}
	if len(b.taken) != 0 {
		t.Errorf("taken: %v", b.taken)
	}
}

func TestQuery_whatBecameOfThem(t *testing.T) {
	t.Parallel()
	b := openBooks(t)
	g := gateway(t, natapp.Config{Endpoint: b.url, Batch: 2})
	var refs []string
	var want []notify.Sent
	for i, c := range []struct {
		fate   string
		status notify.Answer
		detail string
	}{
		{"accepted", notify.Accepted, ""},
		{"delivered", notify.Accepted, "delivered"},
		{"opened", notify.Accepted, "opened"},
		{"failed", notify.Rejected, "failed no_device"},
		{"expired", notify.Rejected, "expired"},
		{"lost in thought", notify.Unknown, "answer_unreadable"},
	} {
		m := notice(int64(i+1), good)
		send(t, g, m)
		b.becomes(m.Ref, c.fate)
		refs = append(refs, m.Ref)
		want = append(want, notify.Sent{Ref: m.Ref, Status: c.status, Detail: c.detail, ProviderRef: "id-" + m.Ref})
	}
	refs, want = append(refs, "99-1-push"), append(want, notify.Sent{Ref: "99-1-push", Status: notify.NotFound, Detail: "not_found"})
	answers, err := g.Query(t.Context(), refs)
	must(t, err)
	same(t, "asked", answers, want...)
	must(t, g.Ready(t.Context()))
	b.goWrong(trouble{status: http.StatusInternalServerError})
	must(t, g.Ready(t.Context())) // as was heard a moment ago
	answers, err = g.Query(t.Context(), refs[:1])
	must(t, err)
	same(t, "in trouble", answers, notify.Sent{Ref: refs[0], Status: notify.Unknown, Detail: "http_500"})
}

func TestNew_checksItsSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cfg natapp.Config
		ok  bool
	}{
		"as it should be":  {natapp.Config{Endpoint: "https://push.example.gov.kz/app", Secret: ourSecret}, true},
		"without whsec_":   {natapp.Config{Endpoint: "https://push.example.gov.kz", Secret: strings.TrimPrefix(ourSecret, "whsec_")}, true},
		"plain":            {natapp.Config{Endpoint: "http://push.example.gov.kz", Secret: ourSecret}, false},
		"no address":       {natapp.Config{Secret: ourSecret}, false},
		"no secret":        {natapp.Config{Endpoint: "https://push.example.gov.kz"}, false},
		"a word":           {natapp.Config{Endpoint: "https://push.example.gov.kz", Secret: "device-secret"}, false},
		"a short one":      {natapp.Config{Endpoint: "https://push.example.gov.kz", Secret: "whsec_b3VyIG93biBzZWNyZXQ="}, false},
		"nobody's secret":  {natapp.Config{Endpoint: "https://push.example.gov.kz", Secret: "whsec_" + strings.Repeat("AAAA", 12)}, false},
		"too large":        {natapp.Config{Endpoint: "https://push.example.gov.kz", Secret: ourSecret, Batch: 101}, false},
		"fewer than none":  {natapp.Config{Endpoint: "https://push.example.gov.kz", Secret: ourSecret, Abreast: -1}, false},
		"slower than not":  {natapp.Config{Endpoint: "https://push.example.gov.kz", Secret: ourSecret, Rate: -1}, false},
		"not even one":     {natapp.Config{Endpoint: "https://push.example.gov.kz", Secret: ourSecret, Batch: -1}, false},
		"secrets in a URL": {natapp.Config{Endpoint: "https://device-a:b@push.example.gov.kz", Secret: ourSecret}, false},
	} {
		_, err := natapp.New(c.cfg)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
		quiet(t, fmt.Sprint(err))
	}
}
