package natapp_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"robotbailiff/notify"
	"robotbailiff/notify/channel/natapp"
)

// desk keeps receipts, unless it is closed.
type desk struct {
	url string

	mu     sync.Mutex
	kept   []notify.Receipt
	closed bool
	log    bytes.Buffer
	seen   []string // by metrics
}

func (d *desk) observe(what, outcome string, n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen = append(d.seen, fmt.Sprint(what, " ", outcome, " ", n))
}

// Write implements io.Writer for the log.
func (d *desk) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.log.Write(p)
}

func (d *desk) receive(_ context.Context, receipts []notify.Receipt) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return errors.New("the database is away")
	}
	d.kept = append(d.kept, receipts...)
	return nil
}

func openDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{}
	rc, err := natapp.NewReceiver(natapp.ReceiverConfig{
		Secrets: []string{theirSecret, nextSecret}, Receive: d.receive, Log: slog.New(slog.NewTextHandler(d, nil)), Observe: d.observe,
	})
	must(t, err)
	server := httptest.NewServer(rc)
	t.Cleanup(func() { server.Close(); quiet(t, d.log.String()) })
	d.url = server.URL
	return d
}

// post sends a body as the gateway does; change may spoil its headers.
func (d *desk) post(t *testing.T, secret string, at time.Time, body string, change func(http.Header)) (int, string, http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.url, strings.NewReader(body))
	must(t, err)
	stamp := strconv.FormatInt(at.Unix(), 10)
	r.Header.Set("Webhook-Id", "msg_1")
	r.Header.Set("Webhook-Timestamp", stamp)
	r.Header.Set("Webhook-Signature", mac(secret, "msg_1", stamp, []byte(body)))
	if change != nil {
		change(r.Header)
	}
	resp, err := http.DefaultClient.Do(r)
	must(t, err)
	said, err := io.ReadAll(resp.Body)
	must(t, err)
	must(t, resp.Body.Close())
	return resp.StatusCode, string(said), resp.Header
}

func receipts(entries ...string) string {
	return `{"type":"push.receipts.v1","receipts":[` + strings.Join(entries, ",") + `]}`
}

const delivered = `{"ref":"17-3-push","status":"delivered","at":"2026-03-02T09:00:07+05:00","id":"a81f"}`

func TestReceiver_keepsWhatIsProven(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	body := receipts(delivered, `{"ref":"18-1-push","status":"opened","at":"2026-03-02T04:01:00Z"}`,
		`{"ref":"19-1-push","status":"failed","at":"2026-03-02T04:02:00Z","code":"no_device","new":1}`,
		`{"ref":"20-1-push","status":"expired","at":"2026-03-02T04:03:00.5Z","code":"Call +77010000001"}`)
	if status, said, h := d.post(t, theirSecret, time.Now(), body, nil); status != http.StatusNoContent || said != "" || h.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %s", status, said)
	}
	at := time.Date(2026, time.March, 2, 4, 0, 7, 0, time.UTC)
	want := []notify.Receipt{
		{Ref: "17-3-push", ProviderRef: "a81f", Status: notify.StatusDelivered, At: at, Detail: "delivered"},
		{Ref: "18-1-push", Status: notify.StatusDelivered, At: at.Add(53 * time.Second), Detail: "opened"},
		{Ref: "19-1-push", Status: notify.StatusFailed, At: at.Add(113 * time.Second), Detail: "failed no_device"},
		{Ref: "20-1-push", Status: notify.StatusFailed, At: at.Add(173*time.Second + 500*time.Millisecond), Detail: "expired"},
	}
	if diff := cmp.Diff(want, d.kept); diff != "" {
		t.Error(diff)
	}
	for name, signed := range map[string]func(http.Header){
		"by the next secret": func(h http.Header) {
			h.Set("Webhook-Signature", mac(nextSecret, "msg_1", h.Get("Webhook-Timestamp"), []byte(body)))
		},
		"by two": func(h http.Header) { h.Set("Webhook-Signature", "v1,AAAA v1a,BBBB "+h.Get("Webhook-Signature")) },
	} {
		if status, said, _ := d.post(t, theirSecret, time.Now(), body, signed); status != http.StatusNoContent {
			t.Errorf("%s: %d %s", name, status, said)
		}
	}
	if len(d.kept) != 12 { // the same again is for the store to see
		t.Errorf("%d were kept", len(d.kept))
	}
}

func TestReceiver_believesNobody(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	set := func(name, value string) func(http.Header) { return func(h http.Header) { h.Set(name, value) } }
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	for name, c := range map[string]struct {
		secret string
		at     time.Time
		change func(http.Header)
	}{
		"our own secret":        {ourSecret, time.Now(), nil}, // what we have signed comes back to us
		"a replay":              {theirSecret, time.Now().Add(-6 * time.Minute), nil},
		"of the future":         {theirSecret, time.Now().Add(6 * time.Minute), nil},
		"another time":          {theirSecret, time.Now().Add(-time.Minute), set("Webhook-Timestamp", stamp)},
		"a time in other words": {theirSecret, time.Now(), set("Webhook-Timestamp", "+"+stamp)},
		"no time":               {theirSecret, time.Now(), set("Webhook-Timestamp", "")},
		"another id":            {theirSecret, time.Now(), set("Webhook-Id", "msg_2")},
		"an id with a dot": {theirSecret, time.Now(), func(h http.Header) {
			h.Set("Webhook-Id", "msg.1")
			h.Set("Webhook-Signature", mac(theirSecret, "msg.1", h.Get("Webhook-Timestamp"), []byte(receipts(delivered))))
		}},
		"no id":              {theirSecret, time.Now(), func(h http.Header) { h.Del("Webhook-Id") }},
		"two ids":            {theirSecret, time.Now(), func(h http.Header) { h.Add("Webhook-Id", "msg_1") }},
		"no signature":       {theirSecret, time.Now(), func(h http.Header) { h.Del("Webhook-Signature") }},
		"an empty one":       {theirSecret, time.Now(), set("Webhook-Signature", "v1,")},
		"of another version": {theirSecret, time.Now(), func(h http.Header) { h.Set("Webhook-Signature", "v2"+h.Get("Webhook-Signature")[2:]) }},
		"a flood": {theirSecret, time.Now(), func(h http.Header) {
			h.Set("Webhook-Signature", strings.Repeat("v1,AAAA ", 200)+h.Get("Webhook-Signature"))
		}},
	} {
		if status, said, _ := d.post(t, c.secret, c.at, receipts(delivered), c.change); status != http.StatusUnauthorized || said != "" {
			t.Errorf("%s: %d %s", name, status, said)
		}
	}
	stolen := receipts(delivered)
	if status, _, _ := d.post(t, theirSecret, time.Now(), strings.Replace(stolen, "17-3", "17-4", 1), set("Webhook-Signature", mac(theirSecret, "msg_1", stamp, []byte(stolen)))); status != http.StatusUnauthorized {
		t.Errorf("another body: %d", status)
	}
	if len(d.kept) != 0 {
		t.Errorf("kept: %v", d.kept)
	}
}

func TestReceiver_refusesWhatTheContractDoesNotSay(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	var many []string
	for range 501 {
		many = append(many, delivered)
	}
	for name, c := range map[string]struct{ body, want string }{
		"nothing":          {"", "no JSON"},
		"a page":           {"<html>", "no JSON"},
		"a list":           {"[" + receipts(delivered) + "]", "no JSON"},
		"two bodies":       {receipts(delivered) + receipts(delivered), "no JSON"},
		"another purpose":  {`{"type":"push.send.v1","receipts":[` + delivered + `]}`, "type"},
		"no purpose":       {`{"receipts":[` + delivered + `]}`, "type"},
		"none":             {receipts(), "1 to 500"},
		"too many":         {receipts(many...), "1 to 500"},
		"an SMS":           {receipts(delivered, strings.Replace(delivered, "-push", "-sms", 1)), "receipts[1].ref"},
		"another spelling": {receipts(strings.Replace(delivered, "17-3", "017-3", 1)), "receipts[0].ref"},
		"nobody's":         {receipts(strings.Replace(delivered, "17-3-push", "+77010000001", 1)), "receipts[0].ref"},
		"no time":          {receipts(`{"ref":"17-3-push","status":"delivered"}`), "receipts[0].at"},
		"time of no place": {receipts(strings.Replace(delivered, "+05:00", "", 1)), "receipts[0].at"},
		"another word":     {receipts(strings.Replace(delivered, "delivered", "Delivered", 1)), "receipts[0].status"},
		"two words":        {receipts(strings.Replace(delivered, `"at"`, `"Status":"failed","at"`, 1)), "twice"},
		"a number":         {receipts(strings.Replace(delivered, `"a81f"`, `5`, 1)), "no JSON"},
	} {
		status, said, _ := d.post(t, theirSecret, time.Now(), c.body, nil)
		if status != http.StatusBadRequest || !strings.Contains(said, c.want) {
			t.Errorf("%s: %d %s", name, status, said)
		}
		quiet(t, said)
	}
	if status, _, _ := d.post(t, theirSecret, time.Now(), strings.Repeat(" ", 1<<20)+receipts(delivered), nil); status != http.StatusRequestEntityTooLarge {
		t.Errorf("too large: %d", status)
	}
	resp, err := http.Get(d.url)
	must(t, err)
	must(t, resp.Body.Close())
	if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != http.MethodPost {
		t.Errorf("GET: %d", resp.StatusCode)
	}
	if len(d.kept) != 0 {
		t.Errorf("kept: %v", d.kept)
	}
}

func TestReceiver_thanksOnlyForWhatIsKept(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	d.closed = true
	if status, said, h := d.post(t, theirSecret, time.Now(), receipts(delivered), nil); status != http.StatusServiceUnavailable || said != "" || h.Get("Retry-After") == "" {
		t.Errorf("%d %s", status, said)
	}
	d.mu.Lock()
	d.closed = false
	d.mu.Unlock()
	if status, _, _ := d.post(t, theirSecret, time.Now(), receipts(delivered), nil); status != http.StatusNoContent || len(d.kept) != 1 {
		t.Errorf("%d, %d are kept", status, len(d.kept))
	}
	if diff := cmp.Diff([]string{"natapp_receipt failed 1", "natapp_receipt kept 1"}, d.seen); diff != "" {
		t.Error(diff)
	}
}

func TestNewReceiver_checksItsSettings(t *testing.T) {
	t.Parallel()
	keep := func(context.Context, []notify.Receipt) error { return nil }
	for name, c := range map[string]struct {
		cfg natapp.ReceiverConfig
		ok  bool
	}{
		"one":       {natapp.ReceiverConfig{Secrets: []string{theirSecret}, Receive: keep}, true},
		"two":       {natapp.ReceiverConfig{Secrets: []string{theirSecret, nextSecret}, Receive: keep}, true},
		"none":      {natapp.ReceiverConfig{Receive: keep}, false},
		"an empty":  {natapp.ReceiverConfig{Secrets: []string{theirSecret, ""}, Receive: keep}, false},
		"three":     {natapp.ReceiverConfig{Secrets: []string{theirSecret, nextSecret, ourSecret}, Receive: keep}, false},
		"no keeper": {natapp.ReceiverConfig{Secrets: []string{theirSecret}}, false},
	} {
		_, err := natapp.NewReceiver(c.cfg)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
		quiet(t, fmt.Sprint(err))
	}
}
