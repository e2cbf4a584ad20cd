package httpsms

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"robotbailiff/internal/testkit"
	"robotbailiff/notify"
	"robotbailiff/notify/text"
)

func TestKannel_judge(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		body   string
		want   verdict
	}{
		{202, "0: Accepted for delivery", verdict{status: notify.Accepted}},
		{202, "3: Queued for later delivery\n", verdict{status: notify.Accepted, detail: "queued"}},
		{202, "Sent.", verdict{status: notify.Accepted, detail: "not_confirmed"}},
		{202, "Sent. Message splits: 2", verdict{status: notify.Accepted, detail: "not_confirmed"}},
		{202, "", verdict{status: notify.Unknown, detail: "answer_unreadable"}},
		{200, "<html>Welcome", verdict{status: notify.Unknown, detail: "answer_unreadable"}},
		{200, "0: Accepted for delivery", verdict{status: notify.Unknown, detail: "answer_unreadable"}},
		{302, "", verdict{status: notify.NotFound, detail: "http_302"}},
		{400, "Number(s) has/have been denied by white- and/or black-lists.", verdict{status: notify.Rejected, detail: "number_denied"}},
		{400, "DLR-URL field misformed, rejected", verdict{status: notify.NotFound, detail: "http_400"}},
		{400, "Sender missing and no global set, rejected", verdict{status: notify.NotFound, detail: "http_400"}},
		{401, "", verdict{status: notify.NotFound, detail: "http_401", pause: pauseAccess}},
		{403, "Authorization failed for sendsms", verdict{status: notify.NotFound, detail: "authorization_failed", pause: pauseAccess}},
		{403, "Not routable. Do not try again.", verdict{status: notify.NotFound, detail: "not_routable"}},
		{403, "Forbidden", verdict{status: notify.NotFound, detail: "http_403", pause: pauseAccess}},
		{404, "Unknown request.", verdict{status: notify.NotFound, detail: "http_404"}},
		{429, "", verdict{status: notify.NotFound, detail: "http_429", pause: pauseBusy}},
		{500, "Sending failed.", verdict{status: notify.Unknown, detail: "http_500"}},
		{502, "", verdict{status: notify.Unknown, detail: "http_502"}},
		{503, "Temporal failure, try again later.", verdict{status: notify.NotFound, detail: "temporary_failure", pause: pauseBusy}},
		{503, "<html>upstream</html>", verdict{status: notify.Unknown, detail: "http_503"}},
		{504, "Temporal failure, try again later.", verdict{status: notify.Unknown, detail: "http_504"}},
	} {
		if got := (&kannel{}).judge(c.status, []byte(c.body)); got != c.want {
			t.Errorf("%d %q: %+v, want %+v", c.status, c.body, got, c.want)
		}
	}
}

// smsbox is an imitation that answers as it is told, one answer after the other.
type smsbox struct {
	*httptest.Server

	mu      sync.Mutex
	answers []func(w http.ResponseWriter)
	took    []*http.Request
	bodies  []string
}

func newSmsbox(t *testing.T, answers ...func(w http.ResponseWriter)) *smsbox {
	t.Helper()
	s := &smsbox{answers: answers}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.took, s.bodies = append(s.took, r), append(s.bodies, string(body))
		next := say(202, "0: Accepted for delivery")
		if len(s.answers) > 0 {
			next, s.answers = s.answers[0], s.answers[1:]
		}
		s.mu.Unlock()
		next(w)
	}))
	t.Cleanup(s.Close)
	return s
}

// sent gives the bodies of what has come.
func (s *smsbox) sent() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.bodies)
}

func (s *smsbox) requests() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.took)
}

func (s *smsbox) request(i int) *http.Request { return s.requests()[i] }

func say(status int, body string, header ...string) func(w http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func hangUp(http.ResponseWriter) { panic(http.ErrAbortHandler) }

func (s *smsbox) gateway(t *testing.T) *Gateway {
	t.Helper()
	account, err := Parse("kannel+" + strings.Replace(s.URL, "://", "://bailiff:hunter2@", 1))
	must(t, err)
	account.Window = 1 // one answer after the other
	return newGateway(t, Config{Account: account, ReceiptURL: "https://1414.example.kz/in/sms", Key: testKey})
}

func sendOne(t *testing.T, g *Gateway, m notify.Message) notify.Sent {
	t.Helper()
	answers, err := g.Send(t.Context(), []notify.Message{m})
	must(t, err)
	if len(answers) != 1 {
		t.Fatalf("%+v", answers)
	}
	return answers[0]
}

func notice(ref, words string) notify.Message {
	return notify.Message{Ref: ref, Channel: notify.SMS, To: "77011234567", Text: words, ExpiresAt: testkit.Morning.Add(9*time.Hour + 30*time.Second)}
}

func TestKannel_whatLeavesAndWhatDoesNot(t *testing.T) {
	t.Parallel()
	s := newSmsbox(t)
	if a := sendOne(t, s.gateway(t), notice("7-1-sms", "Төлеңіз")); a.Status != notify.Accepted || a.Parts != nil {
		t.Errorf("%+v", a)
	}
	r := s.request(0)
	for name, want := range map[string]string{
		"Content-Type": "text/plain; charset=UTF-8", "X-Kannel-Username": "bailiff", "X-Kannel-Password": "hunter2", "X-Kannel-From": "1414",
		"X-Kannel-To": "+77011234567", "X-Kannel-Coding": "2", "X-Kannel-Validity": "540", "X-Kannel-Dlr-Mask": "31", "X-Kannel-Udh": "",
		"X-Kannel-Dlr-Url": "https://1414.example.kz/in/sms?m=7-1-sms&k=" + token(testKey, "7-1-sms") + "&s=%d&t=%T&f=%F&a=%A",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if r.Method != http.MethodPost || s.sent()[0] != "Төлеңіз" || r.URL.RequestURI() != "/cgi-bin/sendsms" {
		t.Errorf("%s %s %q", r.Method, r.URL.RequestURI(), s.sent()[0]) // no number and no secret in an address
	}
	if len(r.Header.Get("X-Kannel-Dlr-Url")) > 250 {
		t.Error("the address of the reports is too long for Kannel's tables")
	}
}

func TestKannel_partsOfALongMessage(t *testing.T) {
	t.Parallel()
	words := strings.Repeat("Ұзақ хабарлама. ", 10)
	s := newSmsbox(t)
	g := s.gateway(t)
	a := sendOne(t, g, notice("7-1-sms", words))
	if n := text.Parts(words); a.Status != notify.Accepted || len(a.Parts) != n || len(s.sent()) != n || n < 3 || strings.Join(s.sent(), "") != words {
		t.Fatalf("%+v %q", a, s.sent())
	}
	for i, r := range s.requests() {
		header := r.Header.Get("X-Kannel-Udh")
		if want := "050003" + header[6:8] + "030" + string(rune('1'+i)); header != want || !strings.Contains(r.Header.Get("X-Kannel-Dlr-Url"), "?m="+a.Parts[i]+"&k="+token(testKey, a.Parts[i])+"&") {
			t.Errorf("part %d: %v", i, r.Header)
		}
	}
	if again := sendOne(t, g, notice("7-1-sms", words)); again.Parts[0] == a.Parts[0] {
		t.Error("two attempts have the same numbers of parts: the reports of one would complete the other")
	}

	// what stays open is the middle: a part is there, another is not
	for name, c := range map[string]struct {
		answers []func(http.ResponseWriter)
		want    notify.Answer
		parts   int
	}{
		"the first is refused":  {[]func(http.ResponseWriter){say(503, "Temporal failure, try again later.")}, notify.NotFound, 0},
		"the second is refused": {[]func(http.ResponseWriter){say(202, "0: Accepted for delivery"), say(403, "Not routable. Do not try again.")}, notify.Unknown, 3},
		"the second is lost":    {[]func(http.ResponseWriter){say(202, "0: Accepted for delivery"), hangUp}, notify.Unknown, 3},
		"the number is refused": {[]func(http.ResponseWriter){say(400, "Number(s) has/have been denied by")}, notify.Rejected, 0},
	} {
		if a := sendOne(t, newSmsbox(t, c.answers...).gateway(t), notice("7-1-sms", words)); a.Status != c.want || len(a.Parts) != c.parts {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

func TestKannel_exactOutcomes(t *testing.T) {
	t.Parallel()
	s := newSmsbox(t, say(202, "0: Accepted for delivery"), hangUp)
	g := s.gateway(t)
	if a := sendOne(t, g, notice("1-1-sms", "a")); a.Status != notify.Accepted {
		t.Errorf("%+v", a)
	}
	if a := sendOne(t, g, notice("2-1-sms", "a")); a.Status != notify.Unknown || a.Detail != "no_answer" {
		t.Errorf("%+v", a)
	}
	if len(s.sent()) != 2 {
		t.Errorf("%d requests: a lost one was sent again", len(s.sent()))
	}
	over := notice("3-1-sms", "a")
	over.ExpiresAt = testkit.Morning.Add(59 * time.Second)
	if a := sendOne(t, g, over); a.Status != notify.NotFound || a.Detail != "expired" {
		t.Errorf("%+v", a)
	}
	for ref, want := range map[string]notify.Answer{"1.2-1-sms": notify.NotFound, "": notify.NotFound, "a%d": notify.NotFound} { // not the number's fault
		if a := sendOne(t, g, notice(ref, "a")); a.Status != want || a.Detail != "reference_invalid" {
			t.Errorf("%q: %+v", ref, a)
		}
	}
	for _, to := range []string{"", "8701", "+7701123456x", "+7701123456789012", "+77011234567 +77011234568"} {
		m := notice("4-1-sms", "a")
		m.To = to
		if a := sendOne(t, g, m); a.Status != notify.Rejected || a.Detail != "number_invalid" {
			t.Errorf("%q: %+v", to, a)
		}
	}
	if a := sendOne(t, g, notice("5-1-sms", "")); a.Status != notify.Rejected || a.Detail != "text_too_long" {
		t.Errorf("%+v", a)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if answers, err := g.Send(ctx, []notify.Message{notice("6-1-sms", "a")}); err != nil || answers[0].Status != notify.NotFound {
		t.Errorf("%+v %v", answers, err)
	}
	if len(s.sent()) != 2 {
		t.Errorf("%d requests have left", len(s.sent()))
	}
	if answers, err := g.Query(t.Context(), []string{"1-1-sms"}); err != nil || answers[0].Status != notify.Unknown || answers[0].Detail != "no_query" {
		t.Errorf("%+v %v", answers, err)
	}
}

func TestGateway_keepsStillWhenAsked(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(http.ResponseWriter){
		"429":      say(429, "", "Retry-After", "30"),
		"bare 429": say(429, ""),
		"503":      say(503, "Temporal failure, try again later."),
		"proxy":    say(503, "", "Retry-After", "30"),
		"password": say(403, "Authorization failed for sendsms"),
	} {
		s := newSmsbox(t, answer)
		g := s.gateway(t)
		sendOne(t, g, notice("1-1-sms", "a"))
		if a := sendOne(t, g, notice("2-1-sms", "a")); a.Status != notify.NotFound || a.Detail != "paused" || len(s.sent()) != 1 {
			t.Errorf("%s: %+v after %d requests", name, a, len(s.sent()))
		}
	}
}

func TestNew_refusesHalfSettings(t *testing.T) {
	t.Parallel()
	good := Config{
		Account: Account{Dialect: Kannel, Endpoint: "https://h/x", User: "u", Secret: "hunter2"}, ReceiptURL: "https://us/in", Key: testKey,
		Receive: (&heard{}).receive, Clock: testkit.Clock(t), Log: newGateway(t, Config{
			Account: Account{Dialect: JSON, Endpoint: "https://h", Secret: "t"}, Secrets: []string{testSecret},
		}).cfg.Log,
	}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Config){
		"no key": func(c *Config) { c.Key = c.Key[:31] }, "no receipts": func(c *Config) { c.ReceiptURL = "" },
		"percent": func(c *Config) { c.ReceiptURL = "https://us/%d" }, "open": func(c *Config) { c.ReceiptURL = "http://us/in" },
		"long": func(c *Config) { c.ReceiptURL = "https://us/" + strings.Repeat("x", 150) }, "query": func(c *Config) { c.ReceiptURL = "https://us/in?x=1" },
		"source": func(c *Config) { c.Source = "Министерство" }, "long source": func(c *Config) { c.Source = "ABCDEFGHIJKL" },
		"endpoint": func(c *Config) { c.Account.Endpoint = "http://h/x" }, "dialect": func(c *Config) { c.Account.Dialect = "x" },
		"user": func(c *Config) { c.Account.User = "" }, "rate": func(c *Config) { c.Account.Rate = -1 }, "receive": func(c *Config) { c.Receive = nil },
		"json secrets": func(c *Config) { c.Account.Dialect = JSON }, "short secret": func(c *Config) { c.Account.Dialect, c.Secrets = JSON, []string{"whsec_aHVudGVyMg=="} },
	} {
		cfg := good
		spoil(&cfg)
		if _, err := New(cfg); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzJudgeKannel(f *testing.F) {
	f.Add(202, []byte("0: Accepted for delivery"))
	f.Add(403, []byte("Not routable. Do not try again."))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		v := (&kannel{}).judge(status, body)
		switch v.status {
		case notify.Accepted:
			if status != http.StatusAccepted {
				t.Errorf("%d is taken for an acceptance", status)
			}
		case notify.Rejected:
			if !strings.HasPrefix(strings.TrimSpace(string(body)), "Number(s) has/have been denied") {
				t.Errorf("%q costs a debtor his notice", body)
			}
		case notify.NotFound, notify.Unknown:
			if v.detail == "" {
				t.Error("nothing is said")
			}
		}
	})
}
