package bankapi_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"robotbailiff/engine/orders/bankapi"
	"robotbailiff/engine/orders/bankapi/wire"
	"robotbailiff/internal/clock"
	far "robotbailiff/internal/sandbox/bankapi"
	"robotbailiff/internal/testkit/peertest"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newSigner(t testing.TB) *wire.Signer {
	t.Helper()
	private, _ := peertest.SigningKey(t)
	s, err := wire.NewSigner(private)
	must(t, err)
	return s
}

// ring is a bank behind real TLS, and what the ministry needs to reach it.
type ring struct {
	books          *peertest.Memory
	ours, theirs   *wire.Signer
	ourCA, theirCA *peertest.Authority
	server         *httptest.Server
	impatient      *impatient

	mu     sync.Mutex
	kept   []wire.Evidence
	doubts []wire.Finding
	fault  func(wire.Kind) far.Fault
}

func newRing(t testing.TB) *ring {
	t.Helper()
	r := &ring{books: peertest.NewMemory(), ours: newSigner(t), theirs: newSigner(t), ourCA: peertest.NewAuthority(t, "ministry"), theirCA: peertest.NewAuthority(t, "bank"), impatient: &impatient{}}
	r.serve(t, far.New(far.Config{
		Name: "halyk", Peer: r.books, Signer: r.theirs, Ministry: r.ours.Verifier(), Clock: clock.System(),
		Hang: func(q *http.Request) { r.impatient.giveUp(q.Header.Get(callHeader)) },
		Fault: func(k wire.Kind) far.Fault {
			if r.fault == nil {
				return far.None
			}
			return r.fault(k)
		},
	}))
	return r
}

// serve puts a handler behind TLS that wants a certificate of the ministry.
func (r *ring) serve(t testing.TB, h http.Handler) {
	t.Helper()
	if r.server != nil {
		r.server.Close()
	}
	r.server = r.theirCA.Serve(t, r.ourCA, time.Hour, h)
}

func (r *ring) files(t testing.TB) bankapi.Files {
	t.Helper()
	cert, key := r.ourCA.Issue(t, "ministry", time.Hour)
	return bankapi.Files{Cert: cert, Key: key, Roots: r.theirCA.PEM}
}

func (r *ring) config(t testing.TB, as wire.Encoding) bankapi.Config {
	t.Helper()
	settings, err := r.files(t).TLS()
	must(t, err)
	return bankapi.Config{
		Name: "halyk", URL: r.server.URL, Encoding: as, TLS: settings, Signer: r.ours, Verifier: r.theirs.Verifier(), Clock: clock.System(), Rate: 10_000,
		Keep: func(_ context.Context, e wire.Evidence) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.kept = append(r.kept, e)
			return nil
		},
		Report: func(_ context.Context, d wire.Finding) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.doubts = append(r.doubts, d)
		},
	}
}

func (r *ring) client(t testing.TB, as wire.Encoding, change ...func(*bankapi.Config)) *bankapi.Client {
	t.Helper()
	cfg := r.config(t, as)
	for _, c := range change {
		c(&cfg)
	}
	c, err := bankapi.New(cfg)
	must(t, err)
	return c
}

func (r *ring) doubted() (codes []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range r.doubts {
		codes = append(codes, d.Code)
	}
	slices.Sort(codes)
	return codes
}

const callHeader = "Test-Call"

// impatient is a transport whose time for an answer is over in the moment when the bank hangs, however fast the machine is.
type impatient struct {
	http.RoundTripper

	mu    sync.Mutex
	calls map[string]context.CancelFunc
}

func (i *impatient) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, giveUp := context.WithCancel(r.Context())
	r = r.Clone(ctx)
	i.mu.Lock()
	if i.calls == nil {
		i.calls = map[string]context.CancelFunc{}
	}
	id := strconv.Itoa(len(i.calls))
	i.calls[id] = giveUp
	i.mu.Unlock()
	r.Header.Set(callHeader, id)
	resp, err := i.RoundTripper.RoundTrip(r)
	if err != nil && ctx.Err() != nil {
		err = context.DeadlineExceeded
	}
	return resp, err
}

func (i *impatient) giveUp(id string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if give, ok := i.calls[id]; ok {
		give()
	}
}

// hurry makes a client impatient.
func (r *ring) hurry(t testing.TB, cfg *bankapi.Config) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: cfg.TLS.Clone(), ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	r.impatient.RoundTripper = transport
	cfg.Transport = r.impatient
}
