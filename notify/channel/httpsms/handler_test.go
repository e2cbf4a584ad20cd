package httpsms

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/webhook"
	"robotbailiff/notify"
)

func kannelHandler(t *testing.T, h *heard) http.Handler {
	return newGateway(t, Config{
		Account: Account{Dialect: Kannel, Endpoint: "https://h/x", User: "u", Secret: "p"}, ReceiptURL: "https://us/in", Key: testKey, Receive: h.receive,
	}).Handler()
}

func get(handler http.Handler, query string) int {
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/in?"+query, nil))
	return w.Code
}

func TestHandler_reportsOfKannel(t *testing.T) {
	t.Parallel()
	at := testkit.Morning.Add(time.Hour)
	for _, c := range []struct {
		kind  string
		words string
		want  notify.Status // empty: nothing is handed on
		say   string
	}{
		{"1", "id:7 sub:001 dlvrd:001 submit date:2603020915 done date:2603020916 stat:DELIVRD err:000 text:x", notify.StatusDelivered, "DELIVRD"},
		{"1", "", notify.StatusDelivered, "kannel_1"},
		{"2", "id:7 stat:UNDELIV err:034 text:stat:DELIVRD", notify.StatusFailed, "UNDELIV 034 permanent"},
		{"2", "id:7 stat:EXPIRED err:000 text:", notify.StatusFailed, "EXPIRED temporary"},
		{"34", "id:7 stat:EXPIRED err:001", notify.StatusFailed, "EXPIRED 001 temporary"},
		{"2", "ID:7 Stat:rejectd Err:1b", notify.StatusFailed, "REJECTD 1b permanent"},
		{"2", "text:stat:DELIVRD +77011234567", notify.StatusFailed, "kannel_2"},
		{"2", "stat:+77011234567 err:+77011234567", notify.StatusFailed, "kannel_2"},
		{"2", "id:7 stat:UNKNOWN err:000", "", ""},
		{"66", "id:7 stat:UNKNOWN err:000", "", ""},
		{"4", "id:7 stat:ENROUTE err:000", "", ""},
		{"8", "ACK/", "", ""},
		{"16", "NACK/0x0000000b/Invalid Destination Address", notify.StatusFailed, "smpp_0x0b permanent"},
		{"16", "NACK/0x0000000a/Invalid Source Address", notify.StatusFailed, "smpp_0x0a temporary"},
		{"16", "NACK/receiver in black-list", notify.StatusFailed, "number_denied"},
		{"16", "NACK/validity expired", notify.StatusFailed, "EXPIRED temporary"},
		{"16", "NACK/", notify.StatusFailed, "kannel_16"},
		{"16", "NACK/no SMSC", "", ""},
		{"16", "NACK/sender in black-list", "", ""},
	} {
		h := &heard{}
		handler := kannelHandler(t, h)
		rest := "&s=" + c.kind + "&t=" + strconv.FormatInt(at.Unix(), 10) + "&f=c7&a=" + url.QueryEscape(c.words)
		if code := get(handler, "m=7-1-sms&k="+token(testKey, "7-1-sms")+rest); code != http.StatusOK {
			t.Errorf("%s %q: %d", c.kind, c.words, code)
		}
		part := "7-1-sms.abc.2"
		if code := get(handler, "m="+part+"&k="+token(testKey, part)+rest); code != http.StatusOK {
			t.Errorf("%s %q: %d", c.kind, c.words, code)
		}
		if c.want == "" {
			if len(h.all) != 0 {
				t.Errorf("%s %q: %+v", c.kind, c.words, h.all)
			}
			continue
		}
		if want := (notify.Receipt{Ref: "7-1-sms", ProviderRef: "c7", Status: c.want, At: at, Detail: c.say}); len(h.all) != 2 || h.all[0] != want {
			t.Errorf("%s %q: %+v, want %+v", c.kind, c.words, h.all, want)
		}
		if want := (notify.Receipt{ProviderRef: part, Status: c.want, At: at, Detail: c.say}); len(h.all) != 2 || h.all[1] != want {
			t.Errorf("%s %q: %+v, want %+v", c.kind, c.words, h.all, want)
		}
	}
}

func TestHandler_refusesForgedAndMalformedReports(t *testing.T) {
	t.Parallel()
	h := &heard{}
	handler := kannelHandler(t, h)
	ours := token(testKey, "7-1-sms")
	for query, want := range map[string]int{
		"m=7-1-sms&s=1&k=":                                       400,
		"m=7-1-sms&s=1":                                          400,
		"m=7-1-sms&s=1&k=" + ours[:21]:                           403,
		"m=7-1-sms&s=1&k=" + ours + "x":                          403,
		"m=8-1-sms&s=1&k=" + ours:                                403, // another's token
		"m=7-1-sms.a.1&s=1&k=" + ours:                            403,
		"m=7-1-sms&s=1&k=" + token([]byte("another"), "7-1-sms"): 403,
		"m=7-1-sms&s=3&k=" + ours:                                400,
		"m=7-1-sms&s=0&k=" + ours:                                400,
		"m=7-1-sms&s=-1&k=" + ours:                               400,
		"m=7-1-sms&s=%25d&k=" + ours:                             400, // whoever sent it did not fill it in
		"m=7-1-sms&s=1&s=2&k=" + ours:                            400,
		"m=7-1-sms&m=8-1-sms&s=1&k=" + ours:                      400,
		"m=7%zz&s=1&k=" + ours:                                   400,
		"":                                                       400,
		"a=" + strings.Repeat("x", maxReport):                    413,
	} {
		if got := get(handler, query); got != want {
			t.Errorf("%.60s: %d, want %d", query, got, want)
		}
	}
	for _, method := range []string{http.MethodPost, http.MethodHead, http.MethodPut} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(method, "/in?m=7-1-sms&s=1&k="+ours, nil))
		if w.Code != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
	if len(h.all) != 0 {
		t.Errorf("%+v", h.all)
	}
}

func TestHandler_promisesNothingThatIsNotKept(t *testing.T) {
	t.Parallel()
	h := &heard{fails: 1}
	handler := kannelHandler(t, h)
	query := "m=7-1-sms&s=1&k=" + token(testKey, "7-1-sms")
	if code := get(handler, query); code != http.StatusServiceUnavailable {
		t.Error(code)
	}
	if code := get(handler, query); code != http.StatusOK || len(h.all) != 1 || !h.all[0].At.IsZero() {
		t.Errorf("%d %+v", code, h.all)
	}
}

func signed(t *testing.T, secret, id string, at time.Time, body string) *http.Request {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	must(t, err)
	hook, err := standardwebhooks.NewWebhookRaw(key)
	must(t, err)
	signature, err := hook.Sign(id, at, []byte(body))
	must(t, err)
	r := httptest.NewRequest(http.MethodPost, "/in", strings.NewReader(body))
	r.Header.Set("webhook-id", id)
	r.Header.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
	r.Header.Set("webhook-signature", signature)
	return r
}

func TestHandler_signedReceipts(t *testing.T) {
	t.Parallel()
	const successor = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="
	now := testkit.Morning
	two := `{"receipts":[{"ref":"7-1-sms","id":"m1","status":"delivered","at":"2026-03-02T08:59:00+05:00"},{"ref":"8-1-sms","id":"m2","status":"expired"},` +
		`{"ref":"9-1-sms","id":"m3","status":"sent"},{"ref":"10-1-sms","status":"failed","code":"absent"}]}`
	for name, c := range map[string]struct {
		request func() *http.Request
		want    int
		kept    int
	}{
		"good":      {func() *http.Request { return signed(t, testSecret, "a", now, two) }, 200, 3},
		"successor": {func() *http.Request { return signed(t, successor, "a", now.Add(-webhook.Tolerance), two) }, 200, 3},
		"foreign":   {func() *http.Request { return signed(t, "whsec_"+strings.Repeat("QUJD", 11), "a", now, two) }, 403, 0},
		"too old":   {func() *http.Request { return signed(t, testSecret, "a", now.Add(-webhook.Tolerance-time.Second), two) }, 403, 0},
		"too new":   {func() *http.Request { return signed(t, testSecret, "a", now.Add(webhook.Tolerance+time.Second), two) }, 403, 0},
		"dotted id": {func() *http.Request { return signed(t, testSecret, "a.b", now, two) }, 403, 0},
		"changed": {func() *http.Request {
			r := signed(t, testSecret, "a", now, two)
			r.Body = http.NoBody
			return r
		}, 403, 0},
		"another id": {func() *http.Request {
			r := signed(t, testSecret, "a", now, two)
			r.Header.Set("webhook-id", "b")
			return r
		}, 403, 0},
		"twice": {func() *http.Request {
			r := signed(t, testSecret, "a", now, two)
			r.Header.Add("webhook-id", "a")
			return r
		}, 403, 0},
		"unsigned":  {func() *http.Request { return httptest.NewRequest(http.MethodPost, "/in", strings.NewReader(two)) }, 403, 0},
		"no JSON":   {func() *http.Request { return signed(t, testSecret, "a", now, "x") }, 400, 0},
		"nothing":   {func() *http.Request { return signed(t, testSecret, "a", now, `{"receipts":[]}`) }, 400, 0},
		"two texts": {func() *http.Request { return signed(t, testSecret, "a", now, two+two) }, 400, 0},
		"a new word": {func() *http.Request {
			return signed(t, testSecret, "a", now, `{"receipts":[{"ref":"7-1-sms","status":"read"}]}`)
		}, 400, 0},
		"no ref": {func() *http.Request { return signed(t, testSecret, "a", now, `{"receipts":[{"status":"failed"}]}`) }, 400, 0},
		"only begun": {func() *http.Request {
			return signed(t, testSecret, "a", now, `{"receipts":[{"ref":"7-1-sms","status":"sent"}]}`)
		}, 200, 0},
		"a long body": {func() *http.Request { return signed(t, testSecret, "a", now, strings.Repeat(" ", maxPush+1)) }, 413, 0},
		"a GET":       {func() *http.Request { return httptest.NewRequest(http.MethodGet, "/in", nil) }, 405, 0},
	} {
		h := &heard{}
		g := newGateway(t, Config{Account: Account{Dialect: JSON, Endpoint: "https://h", Secret: "t"}, Secrets: []string{testSecret, successor}, Receive: h.receive})
		g.wall = clock.Fixed(now)
		w := httptest.NewRecorder()
		g.Handler().ServeHTTP(w, c.request())
		if w.Code != c.want || len(h.all) != c.kept || w.Body.Len() != 0 {
			t.Errorf("%s: %d %q %+v", name, w.Code, w.Body, h.all)
		}
		if c.kept > 0 {
			want := []notify.Receipt{
				{Ref: "7-1-sms", ProviderRef: "m1", Status: notify.StatusDelivered, At: h.all[0].At, Detail: "delivered"},
				{Ref: "8-1-sms", ProviderRef: "m2", Status: notify.StatusFailed, Detail: "expired"},
				{Ref: "10-1-sms", Status: notify.StatusFailed, Detail: "absent"},
			}
			for i := range want {
				if h.all[i] != want[i] {
					t.Errorf("%+v, want %+v", h.all[i], want[i])
				}
			}
			if !h.all[0].At.Equal(testkit.Morning.Add(-time.Minute)) {
				t.Error(h.all[0].At)
			}
		}
	}
}

func FuzzReadReport(f *testing.F) {
	f.Add("m=7-1-sms&k=x&s=2&t=1&f=c7&a=id%3A7+stat%3AUNDELIV+err%3A034+text%3A")
	f.Add("m=0&k=0&s=2&a=%FF%FF%FFteXt%3A") // three bytes that are no letters: lower case makes them longer
	f.Add("m=7-1-sms.a.1&k=x&s=16&a=NACK%2F0x0000000b%2Fx")
	f.Fuzz(func(t *testing.T, query string) {
		r, err := readReport(query)
		if err != nil {
			return
		}
		receipt, final, err := r.receipt()
		if err != nil || !final {
			return
		}
		if receipt.Status != notify.StatusDelivered && receipt.Status != notify.StatusFailed || (receipt.Status == notify.StatusDelivered) != (r.kind == 1) {
			t.Errorf("%q: %+v", query, receipt)
		}
		if (receipt.Ref == "") == (receipt.ProviderRef == "") && receipt.Ref == "" || len(receipt.Detail) > 40 || strings.ContainsFunc(receipt.Detail, func(r rune) bool { return r > '~' }) {
			t.Errorf("%q: %+v", query, receipt)
		}
		if r.genuine(testKey) && token(testKey, r.id) != r.token {
			t.Error("a token is taken that is not ours")
		}
	})
}

func FuzzReadReceipts(f *testing.F) {
	f.Add([]byte(`{"receipts":[{"ref":"7-1-sms","id":"m1","status":"delivered","at":"2026-03-02T09:00:00+05:00","code":"x"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		receipts, err := readReceipts(body)
		if err != nil && len(receipts) != 0 {
			t.Error("half a push is taken")
		}
		for _, r := range receipts {
			if !validRef(r.Ref) || r.Status != notify.StatusDelivered && r.Status != notify.StatusFailed || r.Detail == "" {
				t.Errorf("%q: %+v", body, r)
			}
		}
	})
}
