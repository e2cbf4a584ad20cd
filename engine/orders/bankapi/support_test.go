package bankapi_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
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
	_, private, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	s, err := wire.NewSigner(keyPEM(t, private))
	must(t, err)
	return s
}

func keyPEM(t testing.TB, private any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(private)
	must(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// authority issues certificates, as a ministry or a bank has one.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t testing.TB, name string) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	return &authority{cert, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

func (a *authority) issue(t testing.TB, name string, until time.Duration) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(until),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, private.Public(), a.key)
	must(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), keyPEM(t, private)
}

// ring is a bank behind real TLS, and what the ministry needs to reach it.
type ring struct {
	books          *peertest.Memory
	ours, theirs   *wire.Signer
	ourCA, theirCA *authority
	server         *httptest.Server

	mu     sync.Mutex
	kept   []wire.Evidence
	doubts []wire.Finding
	fault  func(wire.Kind) far.Fault
}

func newRing(t testing.TB) *ring {
	t.Helper()
	r := &ring{books: peertest.NewMemory(), ours: newSigner(t), theirs: newSigner(t), ourCA: newAuthority(t, "ministry"), theirCA: newAuthority(t, "bank")}
	r.serve(t, far.New(far.Config{
		Name: "halyk", Peer: r.books, Signer: r.theirs, Ministry: r.ours.Verifier(), Clock: clock.System(),
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
	cert, key := r.theirCA.issue(t, "bank", time.Hour)
	pair, err := tls.X509KeyPair(cert, key)
	must(t, err)
	clients := x509.NewCertPool()
	clients.AddCert(r.ourCA.cert)
	r.server = httptest.NewUnstartedServer(h)
	r.server.EnableHTTP2 = true
	r.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	r.server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: clients, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12}
	r.server.StartTLS()
	t.Cleanup(r.server.Close)
}

func (r *ring) files(t testing.TB) bankapi.Files {
	t.Helper()
	cert, key := r.ourCA.issue(t, "ministry", time.Hour)
	return bankapi.Files{Cert: cert, Key: key, Roots: r.theirCA.pem}
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
