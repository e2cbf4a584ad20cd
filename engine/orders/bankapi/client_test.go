package bankapi_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"go.uber.org/goleak"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/engine/orders/bankapi"
	"robotbailiff/engine/orders/bankapi/wire"
	"robotbailiff/internal/clock"
	far "robotbailiff/internal/sandbox/bankapi"
	"robotbailiff/internal/testkit/peertest"
	"robotbailiff/rules/money"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestClient_isAPeer(t *testing.T) {
	t.Parallel()
	for _, as := range []wire.Encoding{wire.JSON, wire.XML} {
		t.Run(string(as), func(t *testing.T) {
			t.Parallel()
			peertest.TestPeer(t, func(t *testing.T) orders.Peer { return newRing(t).client(t, as) })
		})
		t.Run(string(as)+", taken first", func(t *testing.T) {
			t.Parallel()
			peertest.TestPeer(t, func(t *testing.T) orders.Peer {
				r := newRing(t)
				r.fault = func(k wire.Kind) far.Fault {
					if k == wire.Submit {
						return far.Taken
					}
					return far.None
				}
				return r.client(t, as)
			})
		})
	}
}

func arrest(word string, tiyn int64) orders.Instruction {
	return orders.Instruction{ID: peertest.ID(word), CaseID: 1700042, Purpose: engine.Arrest, IIN: peertest.Rich, Amount: money.FromTiyn(tiyn)}
}

// What came of each call is told exactly: what never left, what may have left, what was refused.
func TestClient_fates(t *testing.T) {
	t.Parallel()
	answer := func(status int, kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Location", "/v1/orders")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	const problem, html = "application/problem+json", "text/html"
	for name, c := range map[string]struct {
		bank   http.Handler // nil: the real one
		change func(t *testing.T, r *ring, cfg *bankapi.Config)
		fault  far.Fault
		fate   bankapi.Fate
		code   string
		done   bool
	}{
		"closed port": {change: func(_ *testing.T, _ *ring, cfg *bankapi.Config) { cfg.URL = "https://127.0.0.1:1" }, fate: bankapi.NotSent, code: "not_sent"},
		"bank of other roots": {change: func(t *testing.T, r *ring, cfg *bankapi.Config) {
			r.theirCA = peertest.NewAuthority(t, "other")
			cfg.TLS = tlsOf(t, r)
		}, fate: bankapi.NotSent, code: "not_sent"},
		"bank under other name": {change: func(_ *testing.T, _ *ring, cfg *bankapi.Config) {
			cfg.URL = strings.Replace(cfg.URL, "127.0.0.1", "localhost", 1)
		}, fate: bankapi.NotSent, code: "not_sent"},
		"timeout":                {fault: far.Timeout, fate: bankapi.Unclear, code: "no_answer"},
		"timeout when done":      {fault: far.Late, fate: bankapi.Unclear, code: "no_answer", done: true},
		"reset":                  {fault: far.Reset, fate: bankapi.Unclear, code: "no_answer"},
		"reset when done":        {fault: far.ResetAfter, fate: bankapi.Unclear, code: "no_answer", done: true},
		"503":                    {fault: far.Broken, fate: bankapi.Unclear, code: "http_503"},
		"200 with HTML":          {fault: far.Garbage, fate: bankapi.Unclear, code: "wrong_content"},
		"signed by nobody":       {bank: answer(200, "application/json", "{}"), fate: bankapi.Unclear, code: "bad_signature"},
		"bank of another key":    {change: func(t *testing.T, _ *ring, cfg *bankapi.Config) { cfg.Verifier = newSigner(t).Verifier() }, fate: bankapi.Unclear, code: "bad_signature", done: true},
		"bank with another name": {change: func(_ *testing.T, _ *ring, cfg *bankapi.Config) { cfg.Name = "kaspi" }, fate: bankapi.Refused, code: "wrong_bank"},
		"our key is not known":   {change: func(t *testing.T, _ *ring, cfg *bankapi.Config) { cfg.Signer = newSigner(t) }, fate: bankapi.Refused, code: "bad_signature"},
		"our clock is wrong": {
			change: func(_ *testing.T, _ *ring, cfg *bankapi.Config) { cfg.Clock = clock.Fixed(time.Now().Add(-time.Hour)) }, fate: bankapi.Refused, code: "wrong_time",
		},
		"redirect":           {bank: answer(307, html, ""), fate: bankapi.Unclear, code: "http_307"},
		"403 of a proxy":     {bank: answer(403, html, "<html>"), fate: bankapi.Unclear, code: "http_403"},
		"problem":            {bank: answer(422, problem, `{"code":"too_many"}`), fate: bankapi.Refused, code: "too_many"},
		"problem of no form": {bank: answer(422, problem, `{"code":"IIN 900101300017"}`), fate: bankapi.Unclear, code: "http_422"},
		"problem with 5xx":   {bank: answer(500, problem, `{"code":"too_many"}`), fate: bankapi.Unclear, code: "http_500"},
		"201":                {bank: answer(201, "application/json", "{}"), fate: bankapi.Unclear, code: "http_201"},
		"evidence is not kept": {change: func(_ *testing.T, _ *ring, cfg *bankapi.Config) {
			cfg.Keep = func(context.Context, wire.Evidence) error { return errors.New("full") }
		}, fate: bankapi.Unclear, code: "evidence_failed", done: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRing(t)
			if c.bank != nil {
				r.serve(t, c.bank)
			}
			r.fault = func(wire.Kind) far.Fault { return c.fault }
			client := r.client(t, wire.JSON, func(cfg *bankapi.Config) {
				if c.fault == far.Timeout || c.fault == far.Late {
					r.hurry(t, cfg)
				}
				if c.change != nil {
					c.change(t, r, cfg)
				}
			})
			replies, err := client.Submit(t.Context(), []orders.Instruction{arrest("a", 100)})
			e, ok := errors.AsType[*bankapi.CallError](err)
			if !ok || e.Fate != c.fate || e.Code != c.code || len(replies) != 0 {
				t.Fatalf("%v, %v; want %s, %s", replies, err, c.fate, c.code)
			}
			if strings.Contains(err.Error(), peertest.Rich) || strings.Contains(err.Error(), "127.0.0.1") {
				t.Errorf("the error says too much: %v", err)
			}
			if _, done := r.books.Done(peertest.ID("a")); done != c.done {
				t.Errorf("the bank has done it: %t", done)
			}
			if why := bankapi.Why(err); len(why) < 20 {
				t.Errorf("no words: %q", why)
			}
		})
	}
}

func tlsOf(t *testing.T, r *ring) *tls.Config {
	t.Helper()
	settings, err := r.files(t).TLS()
	must(t, err)
	return settings
}

// A signed answer is still not believed when it is not to what was asked.
func TestClient_neverBelieves(t *testing.T) {
	t.Parallel()
	lie := func(change func(*wire.Message)) func(*wire.Message) { return change }
	for name, c := range map[string]struct {
		lie   func(m *wire.Message)
		doubt string
		error bool // of the whole answer
	}{
		"to another request": {lie(func(m *wire.Message) { m.About = uuid.New() }), "wrong_about", true},
		"of another bank":    {lie(func(m *wire.Message) { m.Bank = "kaspi" }), "wrong_bank", true},
		"of yesterday":       {lie(func(m *wire.Message) { m.At = m.At.Add(-24 * time.Hour) }), "wrong_time", true},
		"to another question": {lie(func(m *wire.Message) {
			*m = wire.Message{Kind: wire.Holds, ID: m.ID, At: m.At, Bank: m.Bank, About: m.About}
		}), "wrong_type", true},
		"a file":              {lie(func(m *wire.Message) { m.Sheet = sheet(*m) }), "wrong_type", true},
		"about another order": {lie(func(m *wire.Message) { m.Replies[0].ID = uuid.New() }), wire.DoubtStranger, false},
		"about another case":  {lie(func(m *wire.Message) { m.Replies[0].CaseID++ }), wire.DoubtCase, false},
		"for more":            {lie(func(m *wire.Message) { m.Replies[0].Sum = money.FromTiyn(101); m.Replies[0].Parts = nil }), wire.DoubtAbove, false},
		"accepted for less":   {lie(func(m *wire.Message) { m.Replies[0].Sum = money.FromTiyn(99); m.Replies[0].Parts = nil }), wire.DoubtSum, false},
		"twice, in two ways": {lie(func(m *wire.Message) {
			m.Replies = append(m.Replies, orders.Reply{ID: m.Replies[0].ID, CaseID: m.Replies[0].CaseID, Known: true})
		}), wire.DoubtTwice, false},
		"never seen it":         {lie(func(m *wire.Message) { m.Replies[0] = orders.Reply{ID: m.Replies[0].ID} }), wire.DoubtUnseen, false},
		"on an account of ours": {lie(func(m *wire.Message) { m.Replies[0].Parts[0].Amount = money.FromTiyn(1) }), wire.DoubtParts, false},
	} {
		for _, as := range []wire.Encoding{wire.JSON, wire.XML} {
			t.Run(name+", "+string(as), func(t *testing.T) {
				t.Parallel()
				r := newRing(t)
				r.serve(t, r.liar(t, c.lie))
				replies, err := r.client(t, as).Submit(t.Context(), []orders.Instruction{arrest("a", 100)})
				if len(replies) != 0 || (err != nil) != c.error {
					t.Errorf("%+v, %v", replies, err)
				}
				if diff := cmp.Diff([]string{c.doubt}, r.doubted()); diff != "" {
					t.Error(diff)
				}
				if kept := len(r.kept) == 0; kept != c.error { // what a bank has signed to this request is evidence, a lie above all
					t.Errorf("kept: %v", r.kept)
				}
			})
		}
	}
}

func sheet(m wire.Message) *wire.Sheet {
	s := &wire.Sheet{Number: 1}
	s.Count, s.Total, _ = m.Sum()
	return s
}

// liar is a bank with the right key that says something else than its books.
func (r *ring) liar(t *testing.T, change func(*wire.Message)) http.Handler {
	honest := far.New(far.Config{Name: "halyk", Peer: r.books, Clock: clock.System()})
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		as := wire.JSON
		if q.Header.Get("Content-Type") == wire.XML.ContentType() {
			as = wire.XML
		}
		m, err2 := wire.Decode(body, as)
		answer, err3 := honest.Answer(q.Context(), m)
		change(&answer)
		body, err4 := wire.Encode(answer, as)
		signature, err5 := r.theirs.Sign(body)
		if err := errors.Join(err, err2, err3, err4, err5); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", as.ContentType())
		w.Header().Set(wire.SignatureHeader, signature)
		_, _ = w.Write(body)
	})
}

func TestClient_holdsAQueryAgainstWhatWasOrdered(t *testing.T) {
	t.Parallel()
	r := newRing(t)
	o := arrest("a", 100)
	if _, err := r.books.Submit(t.Context(), []orders.Instruction{o}); err != nil {
		t.Fatal(err)
	}
	o.Amount = money.FromTiyn(99)
	replies, err := r.client(t, wire.JSON).Query(orders.Asking(t.Context(), []orders.Instruction{o}), []uuid.UUID{o.ID})
	if err != nil || len(replies) != 0 {
		t.Errorf("%v, %v", replies, err)
	}
	if diff := cmp.Diff([]string{wire.DoubtAbove}, r.doubted()); diff != "" {
		t.Error(diff)
	}
}

// The evidence is what the bank has signed, byte for byte, and can be proven by others.
func TestClient_keepsEvidence(t *testing.T) {
	t.Parallel()
	r := newRing(t)
	o := arrest("a", 100)
	if _, err := r.client(t, wire.XML).Submit(t.Context(), []orders.Instruction{o}); err != nil {
		t.Fatal(err)
	}
	if len(r.kept) != 1 {
		t.Fatalf("%d kept", len(r.kept))
	}
	e := r.kept[0]
	if key, err := r.theirs.Verifier().Verify(e.Signature, e.Body); err != nil || key != e.Key || key != r.theirs.ID() {
		t.Errorf("%s, %v", key, err)
	}
	m, err := wire.Decode(e.Body, e.Encoding)
	if err != nil || m.ID != e.Message || m.About != e.Request || !cmp.Equal(e.Orders, []uuid.UUID{o.ID}) {
		t.Errorf("%+v, %v", e, err)
	}
}

// A bank that leads elsewhere is not followed, and a name that resolves elsewhere is not reached.
func TestClient_goesNowhereElse(t *testing.T) {
	t.Parallel()
	reached := make(chan struct{}, 1)
	other, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = other.Close() })
	go func() {
		if conn, err := other.Accept(); err == nil {
			reached <- struct{}{}
			_ = conn.Close()
		}
	}()
	r := newRing(t)
	r.serve(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		http.Redirect(w, q, fmt.Sprintf("https://%s/v1/orders", other.Addr()), http.StatusPermanentRedirect)
	}))
	_, err = r.client(t, wire.JSON).Submit(t.Context(), []orders.Instruction{arrest("a", 100)})
	if e, ok := errors.AsType[*bankapi.CallError](err); !ok || e.Code != "http_308" {
		t.Errorf("%v", err)
	}
	select {
	case <-reached:
		t.Error("the redirect was followed")
	default:
	}
}

func TestNew_refuses(t *testing.T) {
	t.Parallel()
	r := newRing(t)
	for name, change := range map[string]func(*bankapi.Config){
		"no TLS address":   func(c *bankapi.Config) { c.URL = "http://bank.example.kz" },
		"password in it":   func(c *bankapi.Config) { c.URL = "https://a:b@bank.example.kz" },
		"name":             func(c *bankapi.Config) { c.Name = "Halyk Bank" },
		"encoding":         func(c *bankapi.Config) { c.Encoding = "yaml" },
		"no certificates":  func(c *bankapi.Config) { c.TLS = nil },
		"no key":           func(c *bankapi.Config) { c.Signer = nil },
		"no key of theirs": func(c *bankapi.Config) { c.Verifier = nil },
		"one key for both": func(c *bankapi.Config) { c.Verifier = r.ours.Verifier() },
		"nobody keeps":     func(c *bankapi.Config) { c.Keep = nil },
		"batch":            func(c *bankapi.Config) { c.Batch = 501 },
	} {
		cfg := r.config(t, wire.JSON)
		change(&cfg)
		if _, err := bankapi.New(cfg); err == nil || strings.Contains(err.Error(), "a:b") {
			t.Errorf("%s: %v", name, err)
		}
	}
	good := r.files(t)
	for name, f := range map[string]bankapi.Files{
		"empty certificate": {nil, good.Key, good.Roots}, "empty key": {good.Cert, []byte("\n"), good.Roots}, "empty roots": {good.Cert, good.Key, nil},
		"not together": {good.Roots, good.Key, good.Roots}, "no roots": {good.Cert, good.Key, good.Key},
	} {
		if _, err := f.TLS(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
