package httpsms

import (
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/testkit"
	"robotbailiff/notify"
)

const testSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

func (s *smsbox) jsonGateway(t *testing.T) *Gateway {
	t.Helper()
	account, err := Parse("json+" + strings.Replace(s.URL, "://", "://t0ken@", 1) + "/sms")
	must(t, err)
	account.Window = 1
	g := newGateway(t, Config{Account: account, ReceiptURL: "https://1414.example.kz/in/sms", Secrets: []string{testSecret}})
	g.wall = clock.Fixed(testkit.Morning.Add(48 * time.Hour)) // the sandbox lives two days behind
	return g
}

func TestJSON_judge(t *testing.T) {
	t.Parallel()
	problem := func(code string) string { return `{"type":"about:blank","status":422,"code":"` + code + `"}` }
	for _, c := range []struct {
		status int
		body   string
		want   verdict
	}{
		{201, `{"id":"m1","ref":"1-1-sms","status":"accepted"}`, verdict{status: notify.Accepted, id: "m1"}},
		{200, `{"id":"m1","status":"delivered","more":{}}`, verdict{status: notify.Accepted, id: "m1"}},
		{202, `{"id":"m1","status":"sent"}`, verdict{status: notify.Accepted, id: "m1"}},
		{200, `{"id":"m1","status":"failed"}`, verdict{status: notify.Rejected, id: "m1", detail: "state_failed"}},
		{202, `{"id":"m1","status":"whatever +77011234567"}`, verdict{status: notify.Unknown, id: "m1", detail: "state_unknown"}},
		{202, `{"status":"accepted"}`, verdict{status: notify.Unknown, detail: "answer_unreadable"}},
		{200, `<html>`, verdict{status: notify.Unknown, detail: "answer_unreadable"}},
		{204, ``, verdict{status: notify.Unknown, detail: "answer_unreadable"}},
		{409, `{"code":"duplicate","id":"m1"}`, verdict{status: notify.Accepted, id: "m1", detail: "duplicate"}},
		{409, `Conflict`, verdict{status: notify.Unknown, detail: "http_409"}},
		{422, problem("number_unknown"), verdict{status: notify.Rejected, detail: "number_unknown"}},
		{422, problem("sender_refused"), verdict{status: notify.NotFound, detail: "sender_refused"}},
		{422, problem("77011234567"), verdict{status: notify.NotFound, detail: "http_422"}},
		{400, problem("number_unknown"), verdict{status: notify.NotFound, detail: "number_unknown"}},
		{401, problem("unauthorized"), verdict{status: notify.NotFound, detail: "unauthorized", pause: pauseAccess}},
		{404, ``, verdict{status: notify.NotFound, detail: "http_404"}},
		{429, problem("too_many"), verdict{status: notify.NotFound, detail: "too_many", pause: pauseBusy}},
		{503, problem("unavailable"), verdict{status: notify.NotFound, detail: "unavailable", pause: pauseBusy}},
		{503, ``, verdict{status: notify.Unknown, detail: "http_503"}},
		{500, problem("unavailable"), verdict{status: notify.Unknown, detail: "unavailable"}},
	} {
		if got := (&jsonWay{}).judge(c.status, []byte(c.body)); got != c.want {
			t.Errorf("%d %s: %+v, want %+v", c.status, c.body, got, c.want)
		}
	}
}

func TestJSON_answerToAQuestion(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		body   string
		want   verdict
	}{
		{200, `{"ref":"1-1-sms","id":"m1","status":"delivered"}`, verdict{status: notify.Accepted, id: "m1"}},
		{200, `{"ref":"1-1-sms","id":"m1","status":"expired"}`, verdict{status: notify.Rejected, id: "m1", detail: "state_expired"}},
		{200, `{"ref":"2-1-sms","id":"m1","status":"delivered"}`, verdict{status: notify.Unknown, detail: "answer_unreadable"}},
		{404, `{"code":"not_found","status":404}`, verdict{status: notify.NotFound, detail: "not_found"}},
		{404, `404 page not found`, verdict{status: notify.Unknown, detail: "http_404"}}, // a wrong path knows of no message
		{401, ``, verdict{status: notify.Unknown, detail: "http_401", pause: pauseAccess}},
		{503, `{"code":"not_found"}`, verdict{status: notify.Unknown, detail: "http_503"}},
	} {
		if got := (&jsonWay{}).answer("1-1-sms", c.status, []byte(c.body)); got != c.want {
			t.Errorf("%d %s: %+v, want %+v", c.status, c.body, got, c.want)
		}
	}
}

func TestJSON_whatLeaves(t *testing.T) {
	t.Parallel()
	s := newSmsbox(t, say(202, `{"id":"m1","ref":"7-1-sms","status":"accepted"}`), hangUp, say(404, `{"code":"not_found"}`), say(404, `{"code":"not_found"}`))
	g := s.jsonGateway(t)
	m := notice("7-1-sms", "Төлеңіз")
	m.NotBefore = testkit.Morning.Add(time.Hour)
	if a := sendOne(t, g, m); a.Status != notify.Accepted || a.ProviderRef != "m1" {
		t.Errorf("%+v", a)
	}
	var body map[string]any
	must(t, json.Unmarshal([]byte(s.sent()[0]), &body))
	for name, want := range map[string]string{
		"ref": "7-1-sms", "to": "+77011234567", "from": "1414", "text": "Төлеңіз", "receipt_url": "https://1414.example.kz/in/sms",
		"expires_at": "2026-03-04T13:00:30Z", "not_before": "2026-03-04T05:00:00Z", // as the world's clock goes
	} {
		if body[name] != want {
			t.Errorf("%s: %v, want %v", name, body[name], want)
		}
	}
	r := s.request(0)
	if r.Method != http.MethodPost || r.URL.RequestURI() != "/sms/v1/messages" || r.Header.Get("Idempotency-Key") != "7-1-sms" ||
		r.Header.Get("Authorization") != "Bearer t0ken" || r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
	}
	// the idempotency key does not have the transport send a lost request again
	if a := sendOne(t, g, notice("8-1-sms", "a")); a.Status != notify.Unknown || a.Detail != "no_answer" || len(s.sent()) != 2 {
		t.Errorf("%+v after %d requests", a, len(s.sent()))
	}
	answers, err := g.Query(t.Context(), []string{"8-1-sms"})
	must(t, err)
	if answers[0].Status != notify.NotFound || answers[0].Detail != "not_found" {
		t.Errorf("%+v", answers)
	}
	if q := s.request(2); q.Method != http.MethodGet || q.URL.RequestURI() != "/sms/v1/messages/8-1-sms" || q.Header.Get("Authorization") != "Bearer t0ken" {
		t.Errorf("%s %s", q.Method, q.URL)
	}
	must(t, g.Ready(t.Context()))
	s.Close()
	if answers, err = g.Query(t.Context(), []string{"8-1-sms"}); err != nil || answers[0].Status != notify.Unknown || answers[0].Detail != "not_sent" {
		t.Errorf("a question that did not leave says something of the message: %+v %v", answers, err)
	}
	if err := g.Ready(t.Context()); err == nil || strings.Contains(err.Error(), "t0ken") {
		t.Error(err)
	}
}

// TestContract_saysWhatWeUnderstand keeps contract.json and the code together.
func TestContract_saysWhatWeUnderstand(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("contract.json")
	must(t, err)
	var contract struct {
		OpenAPI    string `json:"openapi"`
		Components struct {
			Schemas map[string]struct {
				Enum       []string                   `json:"enum"`
				Properties map[string]json.RawMessage `json:"properties"`
			} `json:"schemas"`
		} `json:"components"`
	}
	must(t, json.Unmarshal(raw, &contract))
	if !strings.HasPrefix(contract.OpenAPI, "3.1") {
		t.Error(contract.OpenAPI)
	}
	schemas := contract.Components.Schemas
	for name, want := range map[string][]string{
		"State": {stateAccepted, stateSent, stateDelivered, stateFailed, stateExpired}, "NumberCode": ofNumber, "OtherCode": otherCodes,
	} {
		got := slices.Clone(schemas[name].Enum)
		want = slices.Clone(want)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, the code has %q", name, got, want)
		}
	}
	full, err := json.Marshal(message{NotBefore: &testkit.Morning, ExpiresAt: &testkit.Morning, ReceiptURL: "x"})
	must(t, err)
	var fields map[string]any
	must(t, json.Unmarshal(full, &fields))
	for name := range fields {
		if _, ok := schemas["Message"].Properties[name]; !ok {
			t.Errorf("the contract knows nothing of %q", name)
		}
	}
}

func FuzzJSONAnswer(f *testing.F) {
	f.Add(200, []byte(`{"ref":"1-1-sms","id":"m1","status":"delivered"}`))
	f.Add(422, []byte(`{"code":"number_unknown","status":422}`))
	f.Add(409, []byte(`{"code":"duplicate"}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		v := (&jsonWay{}).judge(status, body)
		if v.status == notify.Rejected && status != 422 && status > 202 || v.status == notify.Accepted && status != 409 && (status < 200 || status > 202) {
			t.Errorf("%d %q: %+v", status, body, v)
		}
		if strings.ContainsFunc(v.detail, func(r rune) bool { return r > '~' }) || len(v.detail) > 40 {
			t.Errorf("%q is kept of an answer", v.detail)
		}
		if a := (&jsonWay{}).answer("1-1-sms", status, body); a.status == notify.NotFound && status != 404 {
			t.Errorf("%d %q: %+v", status, body, a)
		}
	})
}
