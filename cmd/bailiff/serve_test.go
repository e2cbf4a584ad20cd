package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/sandbox"
	"robotbailiff/internal/testkit"
	"robotbailiff/migrations"
)

// durableCluster starts a server that keeps what it acknowledged, without which serve does not begin.
func durableCluster(t *testing.T) *pg.Cluster {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	c, err := pg.StartEmbedded(t.Context(), pg.EmbeddedOptions{Dir: filepath.Join(t.TempDir(), "pg"), Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(c.Stop(ctx), c.Remove()); err != nil {
			t.Error(err)
		}
	})
	return c
}

// durableShell gives a migrated sandbox database on such a server.
func durableShell(t *testing.T) *shell {
	t.Helper()
	c := durableCluster(t)
	if err := c.EnsureDatabase(t.Context(), "served", true); err != nil {
		t.Fatal(err)
	}
	s := &shell{t: t, url: c.URL("served")}
	var err error
	if s.pool, err = pg.Open(t.Context(), s.url); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.pool.Close)
	if err := errors.Join(migrations.Up(t.Context(), s.pool), sandbox.Install(t.Context(), s.pool)); err != nil {
		t.Fatal(err)
	}
	if s.now, err = clock.MarkSandbox(t.Context(), s.pool, testkit.Morning); err != nil {
		t.Fatal(err)
	}
	return s
}

// serves runs serve until the test ends and gives the address it tells.
func (s *shell) serves(args ...string) string {
	s.t.Helper()
	told, tell := io.Pipe()
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan error, 1)
	go func() {
		err := run(ctx, append([]string{"serve", "--db", s.url, "--addr", "127.0.0.1:0"}, args...), io.Discard, tell)
		_ = tell.CloseWithError(io.EOF)
		done <- err
	}()
	s.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			s.t.Errorf("serve: %v", err)
		}
	})
	address := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(told); lines.Scan(); {
			if _, at, ok := strings.Cut(lines.Text(), "bailiff serves on "); ok {
				address <- at
			}
		}
		close(address)
	}()
	at, ok := <-address
	if !ok {
		s.t.Fatal("serve ended before it served")
	}
	return at
}

// signer is a certificate with its key, and the folder for its files.
type signer struct {
	t    *testing.T
	name string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	der  []byte
}

// certify makes a certificate of a name, signed by an authority or, when that is nil, by itself.
func certify(t *testing.T, name string, by *signer) *signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now, err := clock.System().Now(t.Context()) // the clock by which TLS goes
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name, Organization: []string{"Court"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), BasicConstraintsValid: true, IsCA: by == nil,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	parent, with := c, key
	if by != nil {
		parent, with = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, with)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &signer{t: t, name: name, cert: cert, key: key, der: der}
}

// files writes certificate and key as PEM.
func (s *signer) files() (cert, key string) {
	s.t.Helper()
	secret, err := x509.MarshalECPrivateKey(s.key)
	if err != nil {
		s.t.Fatal(err)
	}
	dir := s.t.TempDir()
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			s.t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", s.der), write("key.pem", "EC PRIVATE KEY", secret)
}

// asks gets a page with the certificate, or with none when s is nil.
func (s *signer) asks(t *testing.T, server *signer, address string) (int, error) {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(server.cert)
	c := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	if s != nil {
		// Sent whatever roots the server names, as a client does that has just one.
		own := &tls.Certificate{Certificate: [][]byte{s.der}, PrivateKey: s.key}
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return own, nil }
	}
	transport := &http.Transport{TLSClientConfig: c}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}

func TestServe_knowsASourceByItsCertificate(t *testing.T) {
	t.Parallel()
	s := durableShell(t)
	server, courts := certify(t, "desk", nil), certify(t, "courts", nil)
	court, nobody, stranger := certify(t, "court-7101", courts), certify(t, "court-9999", courts), certify(t, "court-7101", nil)
	cert, key := server.files()
	roots, _ := courts.files()
	own, _ := court.files()
	s.want(exitDone, &sourceView{}, "source", "put", "court-7101", "--proof", "none", "--tls-cert", own)

	at := s.serves("--roles", "web", "--tls-cert", cert, "--tls-key", key, "--tls-clients", roots)
	if !strings.HasPrefix(at, "https://") {
		t.Fatalf("serves on %s", at)
	}
	feed := at + "/api/v1/writs"
	for _, c := range []struct {
		who  string
		by   *signer
		want int
	}{{"the court", court, http.StatusOK}, {"one whom no source has", nobody, http.StatusUnauthorized}, {"one without a certificate", nil, http.StatusUnauthorized}} {
		if got, err := c.by.asks(t, server, feed); err != nil || got != c.want {
			t.Errorf("%s: %d, want %d (%v)", c.who, got, c.want, err)
		}
	}
	// The same name under another root does not get as far as the register of sources.
	if got, err := stranger.asks(t, server, feed); err == nil {
		t.Errorf("a stranger with the court's name: %d", got)
	}
	if got, err := (*signer)(nil).asks(t, server, at+"/readyz"); err != nil || got != http.StatusOK {
		t.Errorf("a visitor without a certificate: %d (%v)", got, err)
	}
}

func TestServe_refusesHalfATLS(t *testing.T) {
	t.Parallel()
	cert, key := certify(t, "desk", nil).files()
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args   []string
		status int
		says   string
	}{
		"no key":             {[]string{"--tls-cert", cert}, exitUsage, "go together"},
		"roots alone":        {[]string{"--tls-clients", cert}, exitUsage, "needs --tls-cert"},
		"key for cert":       {[]string{"--tls-cert", key, "--tls-key", key}, exitFailed, "PEM"},
		"empty roots":        {[]string{"--tls-cert", cert, "--tls-key", key, "--tls-clients", empty}, exitFailed, "no certificate in the file"},
		"missing file":       {[]string{"--tls-cert", cert, "--tls-key", "/nowhere"}, exitFailed, "/nowhere"},
		"workers have none":  {[]string{"--roles", "work", "--tls-cert", cert, "--tls-key", key}, exitUsage, "role web"},
		"nobody to serve on": {[]string{"extra"}, exitUsage, "no arguments"},
	} {
		status, _, stderr := bailiff(append([]string{"serve", "--db", "postgres://127.0.0.1:1/x"}, c.args...)...)
		if status != c.status || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: %d %s", name, status, stderr)
		}
	}
}

// dropped makes a drop folder in which a court has put a file of so many rows with its manifest, and gives the name of the
// acknowledgement that it waits for.
func (s *shell) dropped(sum string, rows ...string) (dir, ack string) {
	s.t.Helper()
	file := []byte(batchHeader + strings.Join(rows, ""))
	hash := sha256.Sum256(file)
	dir = s.t.TempDir()
	place := filepath.Join(dir, "court-7101")
	for _, sub := range []string{"in", "out"} {
		if err := os.MkdirAll(filepath.Join(place, sub), 0o700); err != nil {
			s.t.Fatal(err)
		}
	}
	for name, text := range map[string][]byte{
		"b.csv": file, "b.csv.manifest.json": fmt.Appendf(nil, `{"sha256":"%x","size":%d,"rows":%d,"amount_sum":%q}`, hash, len(file), len(rows), sum),
	} {
		if err := os.WriteFile(filepath.Join(place, "in", name), text, 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	return dir, filepath.Join(place, "out", "b.csv.ack.json")
}

// wantAck reads an acknowledgement.
func wantAck(t *testing.T, path string, accepted, rejected int) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var a struct{ Rows, Accepted, Rejected int }
	oneObject(t, string(text), &a)
	if a.Rows != accepted+rejected || a.Accepted != accepted || a.Rejected != rejected {
		t.Errorf("acknowledged %s", text)
	}
}

func TestDrop_takesAFileOnce(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.want(exitDone, &sourceView{}, "source", "put", "court-7101", "--proof", "none", "--gates=false")
	dir, ack := s.dropped("40000.00", batchRow(1, "20000"), batchRow(2, "20000"), batchRow(3, "abc"))
	status, out, errs := s.run("drop", "--once", dir)
	if status != exitDone || !strings.Contains(out, "1 taken, 1 answered") {
		t.Fatalf("%d %s%s", status, out, errs)
	}
	wantAck(t, ack, 2, 1)
	if status, out, _ = s.run("drop", "--once", dir); status != exitDone || !strings.HasPrefix(out, "0 taken, 0 answered") {
		t.Errorf("again: %d %s", status, out)
	}
	if status, _, errs = s.run("drop", "--once"); status != exitUsage || !strings.Contains(errs, "one folder") {
		t.Errorf("no folder: %d %s", status, errs)
	}
	if status, _, errs = s.run("drop", "--once", filepath.Join(dir, "missing")); status != exitFailed || !strings.Contains(errs, "missing") {
		t.Errorf("a folder that is not there: %d %s", status, errs)
	}
}

func TestServe_looksAtADropFolder(t *testing.T) {
	t.Parallel()
	s := durableShell(t)
	s.want(exitDone, &sourceView{}, "source", "put", "court-7101", "--proof", "none", "--gates=false")
	dir, ack := s.dropped("40000.00", batchRow(1, "20000"), batchRow(2, "20000"), batchRow(3, "abc"))
	s.serves("--roles", "web,work", "--pulse", "50ms", "--drop", dir)
	for { // the test's own limit ends the wait
		text, err := os.ReadFile(ack) // renamed into place: whole, or not there
		if err == nil && !strings.Contains(string(text), `"state": "received"`) && strings.Contains(string(text), `"finished_at"`) {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	wantAck(t, ack, 2, 1)
}
