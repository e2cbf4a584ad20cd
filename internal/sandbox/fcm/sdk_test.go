package fcm_test

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"robotbailiff/internal/sandbox/fcm"
)

const (
	good    = "cTokenOfAPhone:APA91b-good_1"
	removed = "cTokenOfAPhone:APA91b-removed"
	foreign = "cTokenOfAPhone:APA91b-foreign"
	broken  = "no token"
)

// certificate is one that says to be Google's two hosts, and its own authority.
func certificate(t *testing.T) (tls.Certificate, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "In the place of Google"}, IsCA: true, BasicConstraintsValid: true,
		DNSNames: []string{"fcm.googleapis.com", "oauth2.googleapis.com"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	must(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// Google's own SDK is the proof that this is FCM as others see it, and not only as our client does. Without
// BAILIFF_TEST_NODE_MODULES the test is skipped, as on a machine without Node; where the variable promises the packages and this
// one is missing it fails, so that the proof cannot be lost without a word.
func TestService_googlesOwnSDKGetsAlongWithIt(t *testing.T) {
	t.Parallel()
	modules := os.Getenv("BAILIFF_TEST_NODE_MODULES")
	if modules == "" {
		t.Skip("needs the npm package firebase-admin: make contract installs it and sets BAILIFF_TEST_NODE_MODULES")
	}
	if _, err := os.Stat(filepath.Join(modules, "firebase-admin", "package.json")); err != nil {
		t.Fatal("BAILIFF_TEST_NODE_MODULES is set, and the npm package firebase-admin is not there: make contract installs it")
	}
	s, err := fcm.New(fcm.Config{})
	must(t, err)
	s.Unregister(removed)
	s.Foreign(foreign)
	var one, two atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 2 {
			two.Add(1)
		} else {
			one.Add(1)
		}
		s.ServeHTTP(w, r)
	}))
	cert, root := certificate(t)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)

	dir := t.TempDir()
	key, err := s.KeyFile("")
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "key.json"), key, 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "root.pem"), root, 0o600))
	cmd := exec.CommandContext(t.Context(), "node", "testdata/push.cjs", good, removed, foreign, broken)
	_, port, _ := strings.Cut(server.Listener.Addr().String(), ":")
	cmd.Env = []string{ // no proxy, no credentials of others
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "BAILIFF_TEST_NODE_MODULES=" + modules,
		"NODE_EXTRA_CA_CERTS=" + filepath.Join(dir, "root.pem"), "FCM_KEY=" + filepath.Join(dir, "key.json"), "FCM_PORT=" + port,
	}
	cmd.Stderr = t.Output()
	out, err := cmd.Output()
	must(t, err)

	type said struct{ Token, Name, Code string }
	var got []said
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var line said
		must(t, json.Unmarshal(lines.Bytes(), &line))
		got = append(got, line)
	}
	taken := s.Taken("")
	if len(taken) != 2 || taken[0].Name == taken[1].Name {
		t.Fatalf("%d were taken; the SDK says %+v", len(taken), got)
	}
	refused := []said{
		{Token: removed, Code: "messaging/registration-token-not-registered"},
		{Token: foreign, Code: "messaging/mismatched-credential"},
		{Token: broken, Code: "messaging/invalid-argument"},
	}
	want := append(append(append([]said{{Token: good, Name: taken[0].Name}}, refused...), said{Token: good, Name: taken[1].Name}), refused...)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, m := range taken {
		if diff := cmp.Diff(fcm.Taken{
			Name: m.Name, Token: good, Title: "Іс 260000017", Body: "әғқңөұүһі", Data: map[string]string{"ref": "17-3-push"}, TTL: 90 * time.Second,
			CollapseKey: "17-3-push", Tag: "17-3-push", APNSExpiration: "1772424000", APNSCollapseID: "17-3-push",
		}, m); diff != "" {
			t.Error(diff)
		}
	}
	if s.Issued() != 1 || one.Load() != 5 || two.Load() != 4 {
		t.Errorf("%d access tokens, %d requests by HTTP/1.1 and %d by HTTP/2", s.Issued(), one.Load(), two.Load())
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
