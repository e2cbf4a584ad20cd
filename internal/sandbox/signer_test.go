package sandbox_test

import (
	"bytes"
	"crypto/x509"
	"strings"
	"testing"

	"robotbailiff/internal/sandbox"
)

// All processes of a sandbox sign under one certificate, which says that it is none of the ministry's.
func TestSigner_isTheSameEachTimeAndNamedAsASandbox(t *testing.T) {
	t.Parallel()
	a, b := bytes.Repeat([]byte{7}, 32), bytes.Repeat([]byte{9}, 32)
	chain, key, err := sandbox.Signer(a, b)
	if err != nil || len(chain) != 2 {
		t.Fatal(err)
	}
	again, _, err := sandbox.Signer(a, b)
	if err != nil || !chain[0].Equal(again[0]) || !chain[1].Equal(again[1]) {
		t.Errorf("other certificates the second time: %v", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(chain[1])
	if _, err := chain[0].Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
		t.Error(err)
	}
	if !strings.Contains(chain[0].Subject.CommonName, "SANDBOX") || !strings.Contains(chain[1].Subject.CommonName, "SANDBOX") {
		t.Errorf("%s, %s", chain[0].Subject, chain[1].Subject)
	}
	if public, ok := chain[0].PublicKey.(interface{ Equal(any) bool }); ok && !public.Equal(key.Public()) {
		t.Error("the key is not that of the certificate")
	}
	if _, _, err := sandbox.Signer(make([]byte, 32), b); err == nil {
		t.Error("signed by a key of nothing")
	}
}
