package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"robotbailiff/internal/webhook"
	"robotbailiff/notify"
)

var (
	pushSecret    = testSecret(1)
	receiptSecret = testSecret(2)
)

func testSecret(seed byte) string {
	key := make([]byte, 32)
	for i := range key {
		key[i] = seed + byte(i)
	}
	return "whsec_" + base64.StdEncoding.EncodeToString(key)
}

// office is the gateways of an operator and of a national app, with their own books.
type office struct {
	t        *testing.T
	url      string
	receipts chan string // where receipts go; one value for the whole test
	verifier *webhook.Verifier
	signer   *webhook.Signer

	mu     sync.Mutex
	texts  map[string]string // by the number
	pushes map[string]string // by the token
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, receipts: make(chan string, 1), texts: map[string]string{}, pushes: map[string]string{}}
	var err error
	if o.verifier, err = webhook.NewVerifier([]string{pushSecret}); err != nil {
		t.Fatal(err)
	}
	if o.signer, err = webhook.NewSigner(receiptSecret); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/messages", o.message)
	mux.HandleFunc("GET /v1/messages/{ref}", func(w http.ResponseWriter, r *http.Request) {
		o.answer(w, r, http.StatusNotFound, map[string]any{"code": "not_found"})
	})
	mux.HandleFunc("POST /v1/pushes", o.push)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	o.url = srv.URL
	return o
}

func (o *office) answer(w http.ResponseWriter, r *http.Request, status int, v any) {
	if strings.HasPrefix(r.URL.Path, "/v1/messages") && r.Header.Get("Authorization") != "Bearer token-of-the-ministry" {
		status, v = http.StatusUnauthorized, map[string]any{"code": "unauthorized"}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func (o *office) message(w http.ResponseWriter, r *http.Request) {
	var m struct{ Ref, To, From, Text string }
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil || m.From != "1414" || r.Header.Get("Idempotency-Key") != m.Ref {
		o.t.Errorf("%+v: %v", m, err)
	}
	o.mu.Lock()
	o.texts[m.To] = m.Text
	o.mu.Unlock()
	o.answer(w, r, http.StatusAccepted, map[string]any{"ref": m.Ref, "id": "S-" + m.Ref, "status": "accepted"})
	if r.Header.Get("Authorization") == "Bearer token-of-the-ministry" {
		go o.tell("/hooks/sms", map[string]any{"receipts": []any{map[string]any{"ref": m.Ref, "id": "S-" + m.Ref, "status": "delivered", "at": "2026-03-02T09:00:00Z"}}})
	}
}

func (o *office) push(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		o.t.Error(err)
	}
	if _, err := o.verifier.Verify(r.Header, body, time.Now()); err != nil {
		o.t.Error(err)
	}
	var m struct {
		Type   string
		Pushes []struct{ Ref, To, Title, Text string }
	}
	if err := json.Unmarshal(body, &m); err != nil || m.Type != "push.send.v1" {
		o.t.Errorf("%s: %v", m.Type, err)
	}
	results, receipts := []any{}, []any{}
	o.mu.Lock()
	for _, p := range m.Pushes {
		o.pushes[p.To] = p.Title + ": " + p.Text
		results = append(results, map[string]any{"ref": p.Ref, "status": "accepted", "id": "P-" + p.Ref})
		receipts = append(receipts, map[string]any{"ref": p.Ref, "status": "opened", "id": "P-" + p.Ref, "at": "2026-03-02T09:00:00Z"})
	}
	o.mu.Unlock()
	o.answer(w, r, http.StatusOK, map[string]any{"results": results})
	go o.tell("/hooks/push", map[string]any{"type": "push.receipts.v1", "receipts": receipts})
}

// tell sends receipts until they are taken, as the contracts want it.
func (o *office) tell(path string, v any) {
	site := <-o.receipts
	o.receipts <- site
	body, err := json.Marshal(v)
	if err != nil {
		o.t.Error(err)
		return
	}
	for o.t.Context().Err() == nil {
		header, err := o.signer.Sign("receipt-1", time.Now(), body)
		if err != nil {
			o.t.Error(err)
			return
		}
		req, err := http.NewRequestWithContext(context.WithoutCancel(o.t.Context()), http.MethodPost, site+path, bytes.NewReader(body))
		if err != nil {
			o.t.Error(err)
			return
		}
		req.Header = header
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode < 300 {
				return
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Notices leave over the operator's HTTP gateway and the app's, to those who are named, and their signed receipts prove delivery.
func TestServe_aRoundOverHTTP(t *testing.T) {
	o := newOffice(t)
	t.Setenv("BAILIFF_SMS_HTTP", strings.Replace(o.url, "http://", "json+http://token-of-the-ministry@", 1))
	t.Setenv("BAILIFF_SMS_RECEIPT_SECRETS", receiptSecret)
	t.Setenv("BAILIFF_SMS_ONLY", "+77010000001")
	t.Setenv("BAILIFF_PUSH_URL", o.url)
	t.Setenv("BAILIFF_PUSH_SECRET", pushSecret)
	t.Setenv("BAILIFF_PUSH_RECEIPT_SECRETS", receiptSecret)
	s := durableShell(t)
	ids := s.cases(3)
	phones := []string{"+77010000001", "+77010000002", "+77010000003"}
	tokens := make([]string, len(ids))
	for i, id := range ids {
		if err := s.pool.QueryRow(t.Context(), `SELECT encode(d.iin_blind, 'hex') FROM cases c JOIN debtors d ON d.id = c.debtor_id WHERE c.id = $1`, id).Scan(&tokens[i]); err != nil {
			t.Fatal(err)
		}
		sealed := s.parts().keys.Seal([]byte(phones[i]), "debtors.phone_sealed")
		s.exec(`UPDATE debtors d SET phone_sealed = $1 FROM cases c WHERE c.debtor_id = d.id AND c.id = $2`, sealed, id)
	}
	t.Setenv("BAILIFF_PUSH_ONLY", tokens[1])
	site := s.serves("--pulse", "50ms")
	o.receipts <- site

	begun := func() (n int) {
		if err := s.pool.QueryRow(t.Context(), `SELECT count(*) FROM cases WHERE notified_on = '2026-03-02'`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	settled := func() (n int) {
		if err := s.pool.QueryRow(t.Context(), `SELECT count(*) FROM notices WHERE status IN ('delivered', 'failed')`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for begun() < 2 || settled() < 6 { // the test's own limit ends the wait
		time.Sleep(20 * time.Millisecond)
	}
	var proofs string
	if err := s.pool.QueryRow(t.Context(), `SELECT string_agg(case_id - $1 || ' ' || channel || ' ' || status || ' ' || detail || ' ' || provider_ref, ', ' ORDER BY case_id, channel) FROM notices`, ids[0]).Scan(&proofs); err != nil {
		t.Fatal(err)
	}
	ref := func(i int, channel string) string {
		return map[string]string{"sms": "S-", "push": "P-"}[channel] + notify.Ref(ids[i], 1, notify.Channel(channel))
	}
	want := "0 push failed trial , 0 sms delivered delivered " + ref(0, "sms") + ", 1 push delivered opened " + ref(1, "push") + ", 1 sms failed trial , 2 push failed trial , 2 sms failed trial "
	if proofs != want {
		t.Errorf("%s\nwant %s", proofs, want)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.texts) != 1 || len(o.pushes) != 1 || !strings.Contains(o.texts[phones[0]], "1414.gov.kz/p/") || !strings.Contains(o.pushes[tokens[1]], "20\u00a0155") {
		t.Errorf("%q %q", o.texts, o.pushes)
	}

	// Nobody else's word counts.
	for path, want := range map[string]int{"/hooks/sms": http.StatusForbidden, "/hooks/push": http.StatusUnauthorized} {
		resp, err := http.Post(site+path, "application/json", strings.NewReader(`{"receipts":[]}`))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
}

// Each setting that is missing or wrong is named, with what it should be.
func TestServe_saysWhichSettingIsWrong(t *testing.T) {
	good := map[string]string{
		"BAILIFF_SMS_HTTP": "json+http://token@127.0.0.1:1", "BAILIFF_SMS_RECEIPT_SECRETS": receiptSecret, "BAILIFF_SMS_ONLY": "+77010000001",
		"BAILIFF_PUSH_URL": "http://127.0.0.1:1", "BAILIFF_PUSH_SECRET": pushSecret, "BAILIFF_PUSH_RECEIPT_SECRETS": receiptSecret, "BAILIFF_PUSH_ONLY": "0123456789abcdef",
	}
	s := durableShell(t)
	for _, c := range []struct{ name, value, says string }{
		{"BAILIFF_SMPP", "smpp://a:b@127.0.0.1:1", "two ways for the same messages"},
		{"BAILIFF_SMS_HTTP", "http://secret@127.0.0.1:1", "kannel+https://USER:PASSWORD@HOST"},
		{"BAILIFF_SMS_HTTP", "kannel+http://user:secret@127.0.0.1:1", "an address for delivery reports"},
		{"BAILIFF_SMS_RECEIPT_SECRETS", "", "BAILIFF_SMS_RECEIPT_SECRETS"},
		{"BAILIFF_SMS_ONLY", "", "BAILIFF_SMS_ONLY says who may get messages"},
		{"BAILIFF_SMS_ONLY", "everybody", "a sandbox never goes live"},
		{"BAILIFF_PUSH_URL", "ftp://secret", "BAILIFF_PUSH_URL"},
		{"BAILIFF_PUSH_SECRET", "secret", "BAILIFF_PUSH_SECRET"},
		{"BAILIFF_PUSH_RECEIPT_SECRETS", "secret", "BAILIFF_PUSH_RECEIPT_SECRETS"},
		{"BAILIFF_PUSH_ONLY", "everybody", "a sandbox never goes live"},
		{"BAILIFF_PUSH_ONLY", "x", "entry 1 cannot be used"},
	} {
		for name, value := range good {
			t.Setenv(name, value)
		}
		t.Setenv("BAILIFF_SMPP", "")
		t.Setenv(c.name, c.value)
		status, _, stderr := s.run("serve", "--addr", "127.0.0.1:0")
		if status != exitUsage || !strings.Contains(stderr, c.says) || strings.Contains(stderr, "secret@") {
			t.Errorf("%s=%s: %d %s", c.name, c.value, status, stderr)
		}
	}
}

// freeAddress is one that nobody listened on a moment ago.
func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	return ln.Addr().String()
}

// A trial over HTTP waits for the receipt where it is told to.
func TestSMS_trialOverHTTP(t *testing.T) {
	o := newOffice(t)
	site := "http://" + freeAddress(t)
	o.receipts <- site
	t.Setenv("BAILIFF_SMS_RECEIPT_SECRETS", receiptSecret)
	t.Setenv("BAILIFF_SMS_HTTP", strings.Replace(o.url, "http://", "json+http://token-of-the-ministry@", 1))
	trial := func() (int, string, string) {
		return bailiff("sms", "trial", "--to", "+77010000001", "--wait", "10s", "--listen", strings.TrimPrefix(site, "http://"))
	}
	if status, stdout, stderr := trial(); status != exitDone || !strings.Contains(stdout, "Delivered after") {
		t.Errorf("%d %s%s", status, stdout, stderr)
	}
	t.Setenv("BAILIFF_SMS_HTTP", strings.Replace(o.url, "http://", "json+http://another@", 1))
	if status, stdout, stderr := trial(); status != exitFailed || !strings.Contains(stdout+stderr, "unauthorized") || strings.Contains(stderr, "another") {
		t.Errorf("a wrong token: %d %s%s", status, stdout, stderr)
	}
	t.Setenv("BAILIFF_SMS_HTTP", "json+http://token@127.0.0.1:1")
	if status, stdout, stderr := trial(); status != exitFailed || !strings.Contains(stderr, "not_sent") {
		t.Errorf("a closed port: %d %s%s", status, stdout, stderr)
	}
}
