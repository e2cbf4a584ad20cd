package api

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"robotbailiff/internal/testkit"
)

// verifies checks a detached JWS as a receiver does (RFC 7515, appendix F).
func verifies(t *testing.T, x string, payload []byte, jws string) bool {
	t.Helper()
	head, sum, ok := strings.Cut(jws, "..")
	if !ok {
		t.Fatalf("no detached JWS: %s", jws)
	}
	return ed25519.Verify(b64(t, x), []byte(head+"."+base64.RawURLEncoding.EncodeToString(payload)), b64(t, sum))
}

// selfSigned makes an authority.
func selfSigned(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Root"}, IsCA: true,
		BasicConstraintsValid: true, NotBefore: testkit.Morning, NotAfter: testkit.Morning.AddDate(1, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
