package httpsms

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/testkit/peertest"
	"robotbailiff/notify"
)

func modules(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("BAILIFF_TEST_NODE_MODULES")
	if dir == "" {
		t.Skip("needs the npm packages @stoplight/prism-cli and standardwebhooks: make contract installs them and sets BAILIFF_TEST_NODE_MODULES")
	}
	return dir
}

// example is a gateway as an integrator would build it after contract.json.
func example() http.Handler {
	var mu sync.Mutex
	taken := map[string]bool{}
	mux := http.NewServeMux()
	reply := func(w http.ResponseWriter, status int, kind string, body map[string]any) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}
	problem := func(w http.ResponseWriter, status int, code string) {
		reply(w, status, "application/problem+json", map[string]any{"status": status, "code": code})
	}
	mux.HandleFunc("POST /v1/messages", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		var m message
		raw, _ := io.ReadAll(r.Body)
		switch err := json.Unmarshal(raw, &m); {
		case err != nil || m.Ref != r.Header.Get("Idempotency-Key"):
			problem(w, 400, "malformed")
		case strings.HasSuffix(m.To, "2"):
			problem(w, 422, "number_unknown")
		case taken[m.Ref]:
			problem(w, 409, codeDuplicate)
		default:
			taken[m.Ref] = true
			reply(w, 202, "application/json", map[string]any{"ref": m.Ref, "id": "m1", "status": stateAccepted})
		}
	})
	mux.HandleFunc("GET /v1/messages/{ref}", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if ref := r.PathValue("ref"); taken[ref] {
			reply(w, 200, "application/json", map[string]any{"ref": ref, "id": "m1", "status": stateDelivered})
			return
		}
		problem(w, 404, codeNotFound)
	})
	return mux
}

// TestJSON_throughAValidatingProxy sends through a proxy of another maker that knows only the contract: it stops a request or an
// answer that the contract does not allow.
func TestJSON_throughAValidatingProxy(t *testing.T) {
	t.Parallel()
	account, err := Parse("json+http://t0ken@" + peertest.Prism(t, "contract.json", example()))
	must(t, err)
	account.Window = 1
	g := newGateway(t, Config{Account: account, ReceiptURL: "https://1414.example.kz/in/sms", Secrets: []string{testSecret}, Clock: clock.System()})
	must(t, g.Ready(t.Context()))
	m := notify.Message{Ref: "1-1-sms", To: good, Text: kazakh, NotBefore: time.Now().Add(time.Minute), ExpiresAt: time.Now().Add(time.Hour)}
	bare := notify.Message{Ref: "3-1-sms", To: good, Text: latin}
	for _, c := range []struct {
		message notify.Message
		want    notify.Sent
	}{
		{m, notify.Sent{Status: notify.Accepted, ProviderRef: "m1"}},
		{m, notify.Sent{Status: notify.Accepted, Detail: codeDuplicate}},
		{notify.Message{Ref: "2-1-sms", To: nobody, Text: kazakh}, notify.Sent{Status: notify.Rejected, Detail: "number_unknown"}},
		{bare, notify.Sent{Status: notify.Accepted, ProviderRef: "m1"}},
	} {
		if a := sendOne(t, g, c.message); a.Status != c.want.Status || a.Detail != c.want.Detail || a.ProviderRef != c.want.ProviderRef {
			t.Errorf("%s: %+v", c.message, a)
		}
	}
	answers, err := g.Query(t.Context(), []string{"1-1-sms", "4-1-sms"})
	must(t, err)
	if answers[0].Status != notify.Accepted || answers[1].Status != notify.NotFound {
		t.Errorf("%+v", answers)
	}

	// the proxy does look: what lacks what the contract demands does not pass
	liar := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"status":"accepted"}`)
	})
	account, err = Parse("json+http://t0ken@" + peertest.Prism(t, "contract.json", liar))
	must(t, err)
	g = newGateway(t, Config{Account: account, Secrets: []string{testSecret}, Clock: clock.System()})
	if a := sendOne(t, g, m); a.Status != notify.Unknown || a.Detail != "http_500" {
		t.Errorf("an answer against the contract came through: %+v", a)
	}
}

// signer has the npm package standardwebhooks sign a push and take it to us.
const signer = `
const { Webhook } = require(process.env.BAILIFF_TEST_NODE_MODULES + '/standardwebhooks');
const [url, secret, body] = process.argv.slice(1);
const at = new Date();
fetch(url, { method: 'POST', body, headers: {
  'content-type': 'application/json', 'webhook-id': 'msg_1', 'webhook-timestamp': String(Math.floor(at / 1000)),
  'webhook-signature': new Webhook(secret).sign('msg_1', at, body),
} }).then((r) => process.stdout.write(String(r.status)));
`

func TestHandler_takesWhatAnotherLibraryHasSigned(t *testing.T) {
	t.Parallel()
	modules(t)
	h := &heard{}
	g := newGateway(t, Config{Account: Account{Dialect: JSON, Endpoint: "https://h", Secret: "t"}, Secrets: []string{testSecret}, Receive: h.receive})
	server := httptest.NewServer(g.Handler())
	t.Cleanup(server.Close)
	push := `{"receipts":[{"ref":"1-1-sms","id":"m1","status":"delivered","at":"2026-03-02T09:00:00+05:00","code":"қ"}]}`
	for _, c := range []struct{ secret, push, want string }{
		{testSecret, strings.Replace(push, "қ", "ok", 1), "200"},
		{testSecret, push, "400"},
		{"whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=", push, "403"},
	} {
		out, err := exec.CommandContext(t.Context(), "node", "-e", signer, server.URL, c.secret, c.push).CombinedOutput()
		must(t, err)
		if string(out) != c.want {
			t.Errorf("%s, want %s", out, c.want)
		}
	}
	if len(h.all) != 1 || h.all[0].Ref != "1-1-sms" || h.all[0].Detail != "ok" {
		t.Errorf("%+v", h.all)
	}
}
