package gateway

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"robotbailiff/internal/webhook"
	"robotbailiff/payments"
)

const (
	secretA = "whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
	secretB = "whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
)

var (
	at      = time.Unix(1_796_000_000, 0)
	message = []byte(`{"type":"payment.paid","data":{"txn_id":"T-1","amount":"12345.67","currency":"KZT","reference":"x","value_date":"2026-11-22"}}`)
)

func verifier(t testing.TB, secrets ...string) *webhook.Verifier {
	t.Helper()
	v, err := webhook.NewVerifier(secrets)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func signed(t testing.TB, secret, id string, at time.Time, body []byte) http.Header {
	t.Helper()
	s, err := webhook.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	h, err := s.Sign(id, at, body)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

type inbox struct {
	received payments.Received
	err      error
	got      []payments.Event
}

func (i *inbox) Receive(_ context.Context, ev payments.Event) (payments.Received, error) {
	i.got = append(i.got, ev)
	return i.received, i.err
}

func clockAt(context.Context) (time.Time, error) { return at, nil }

func TestHandler_withoutTimeNothingIsBelieved(t *testing.T) {
	req := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(message))
	req.Header = signed(t, secretA, "msg_1", at, message)
	box, rec := &inbox{}, httptest.NewRecorder()
	noTime := func(context.Context) (time.Time, error) { return time.Time{}, errors.New("no database") }
	Handler("kaspi", verifier(t, secretA), box, noTime, nil).ServeHTTP(rec, req)
	if rec.Code != http.StatusServiceUnavailable || len(box.got) != 0 {
		t.Fatal(rec.Code, box.got)
	}
}

func TestHandler(t *testing.T) {
	big := bytes.Repeat([]byte("x"), MaxBody+1)
	for _, c := range []struct {
		name   string
		method string
		body   []byte
		secret string
		box    inbox
		status int
		result Result
		kept   bool
	}{
		{name: "fresh", box: inbox{received: payments.Fresh}, status: 204, result: Kept, kept: true},
		{name: "replay", box: inbox{received: payments.Replay}, status: 204, result: Repeated, kept: true},
		{name: "not JSON, but signed", body: []byte("x"), box: inbox{received: payments.Fresh}, status: 204, result: Kept, kept: true},
		{name: "forged", secret: secretB, status: 401, result: Refused},
		{name: "conflict", box: inbox{err: &payments.ConflictError{Source: "kaspi", EventID: "msg_1"}}, status: 409, result: Conflict, kept: true},
		{name: "database away", box: inbox{err: errors.New("no connection")}, status: 503, result: Failed, kept: true},
		{name: "too large", body: big, status: 413, result: Oversized},
		{name: "exactly the limit", body: big[1:], box: inbox{received: payments.Fresh}, status: 204, result: Kept, kept: true},
		{name: "GET", method: http.MethodGet, status: 405, result: BadMethod},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.body == nil {
				c.body = message
			}
			if c.secret == "" {
				c.secret = secretA
			}
			if c.method == "" {
				c.method = http.MethodPost
			}
			var seen []Result
			h := Handler("kaspi", verifier(t, secretA), &c.box, clockAt,
				func(_ context.Context, source string, r Result, err error) {
					seen = append(seen, r)
					if source != "kaspi" || err != nil && strings.Contains(err.Error(), "12345.67") {
						t.Errorf("observed %s, %v", source, err)
					}
				})
			req := httptest.NewRequest(c.method, "/hooks/payments/kaspi", bytes.NewReader(c.body))
			req.Header = signed(t, c.secret, "msg_1", at, c.body)
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, req)
			if rec.Code != c.status || len(seen) != 1 || seen[0] != c.result || rec.Body.Len() != 0 {
				t.Fatalf("status %d, results %v, body %q", rec.Code, seen, rec.Body)
			}
			if (len(c.box.got) == 1) != c.kept {
				t.Fatalf("the inbox got %d", len(c.box.got))
			}
			if c.kept && (c.box.got[0].EventID != "msg_1" || c.box.got[0].Source != "kaspi" || !bytes.Equal(c.box.got[0].Body, c.body)) {
				t.Fatal("the inbox got another message")
			}
		})
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("connection reset") }
func (broken) Close() error             { return nil }

func TestHandler_brokenBody(t *testing.T) {
	req := httptest.NewRequest(http.MethodPost, "/", broken{})
	rec := httptest.NewRecorder()
	Handler("kaspi", verifier(t, secretA), &inbox{}, clockAt, nil).ServeHTTP(rec, req)
	if rec.Code != http.StatusBadRequest {
		t.Fatal(rec.Code)
	}
}
