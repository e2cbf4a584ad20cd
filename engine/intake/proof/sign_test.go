package proof

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"

	"robotbailiff/internal/cms"
)

const receipt = `{"batch":7,"rows":2}`

func write(tb testing.TB, name string, data []byte) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

func TestSign_isAcceptedByOpenssl(t *testing.T) {
	t.Parallel()
	p := withPeers(t)
	for _, name := range []string{"rsa", "ec", "ec384"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key, err := os.ReadFile(p.path(name + ".key"))
			if err != nil {
				t.Fatal(err)
			}
			signer, err := ParseSigner([]byte(p.pem(t, name, "inter")), key)
			if err != nil {
				t.Fatal(err)
			}
			signature, err := signer.Sign(now, []byte(receipt))
			if err != nil || signature.Type != TypeCMS {
				t.Fatal(signature.Type, err)
			}
			at := write(t, "sig.der", signature.Bytes)
			verify := func(content string) error {
				_, err := run("", "cms", "-verify", "-binary", "-inform", "DER", "-in", at, "-content", write(t, "content", []byte(content)),
					"-CAfile", p.path("root.crt"), "-purpose", "any")
				return err
			}
			if err := verify(receipt); err != nil {
				t.Error(err)
			}
			if verify(receipt+" ") == nil {
				t.Error("openssl accepts other bytes")
			}
			s, err := VerifyCMS(p.policy(t, CMS), now, strings.NewReader(receipt), signature.Bytes)
			if err != nil || !s.SignedAt.Equal(now.Truncate(time.Second)) {
				t.Errorf("%s, %v", s.SignedAt, err)
			}
			if signer.Info() != p.pem(t, name, "inter") {
				t.Error("the certificates are not told")
			}
		})
	}
}

func TestNewSigner_refuses(t *testing.T) {
	t.Parallel()
	p := withPeers(t)
	if _, err := NewSigner(nil, p.key(t, "ec")); err == nil {
		t.Error("no certificate")
	}
	if _, err := NewSigner([]*x509.Certificate{p.cert(t, "ec")}, p.key(t, "rsa")); err == nil {
		t.Error("the key of another certificate")
	}
	_, err := NewSigner([]*x509.Certificate{p.cert(t, "sealing")}, p.key(t, "sealing"))
	refused(t, err, CodeUsage)
	_, err = NewSigner([]*x509.Certificate{p.cert(t, "weak")}, p.key(t, "weak"))
	refused(t, err, CodeAlgorithm)
	for _, key := range []string{"", p.pem(t, "ec"), "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"} {
		if _, err := ParseSigner([]byte(p.pem(t, "ec")), []byte(key)); err == nil || strings.Contains(err.Error(), "AAAA") {
			t.Errorf("%q: %v", key, err)
		}
	}
	if _, err := NewKeySigner(make([]byte, 31)); err == nil {
		t.Error("a short seed")
	}
}

// Without a certificate receipts bear a JWS, and openssl knows its signature too.
func TestSign_byKeyAloneIsAJWS(t *testing.T) {
	t.Parallel()
	tools(t, "openssl")
	signer, err := NewKeySigner(bytes.Repeat([]byte{7, 9}, 16))
	if err != nil {
		t.Fatal(err)
	}
	signature, err := signer.Sign(now, []byte(receipt))
	if err != nil || signature.Type != TypeJWS {
		t.Fatal(signature.Type, err)
	}
	header, value, ok := strings.Cut(string(signature.Bytes), "..")
	raw, err := base64.RawURLEncoding.DecodeString(value)
	if !ok || err != nil {
		t.Fatalf("%s: %v", signature.Bytes, err)
	}
	var jwk struct{ Kty, Crv, X string }
	if err := json.Unmarshal([]byte(signer.Info()), &jwk); err != nil {
		t.Fatal(err)
	}
	public, err := base64.RawURLEncoding.DecodeString(jwk.X)
	if err != nil || jwk.Kty != "OKP" || jwk.Crv != "Ed25519" {
		t.Fatalf("%s: %v", signer.Info(), err)
	}
	der, err := x509.MarshalPKIXPublicKey(ed25519.PublicKey(public))
	if err != nil {
		t.Fatal(err)
	}
	pub := write(t, "pub.pem", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	sig := write(t, "sig", raw)
	for text, good := range map[string]bool{receipt: true, receipt + " ": false} {
		in := write(t, "in", []byte(header+"."+base64.RawURLEncoding.EncodeToString([]byte(text))))
		if _, err := run("", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", pub, "-sigfile", sig, "-in", in); (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
	}
	if text := signer.String(); strings.Contains(text, jwk.X) {
		t.Errorf("prints as %s", text)
	}
}

// Kazakh and Russian GOST are told apart from rubbish: somebody has to connect a verifier for them.
func TestVerifyCMS_knowsGOSTWhenItSeesIt(t *testing.T) {
	t.Parallel()
	p := withPeers(t)
	der, err := cms.Sign([]*x509.Certificate{p.cert(t, "ec"), p.cert(t, "inter")}, p.key(t, "ec"), []byte(content), cms.SigningTime(now))
	if err != nil {
		t.Fatal(err)
	}
	id := func(oid asn1.ObjectIdentifier) []byte {
		b, err := asn1.Marshal(oid)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	// identifiers of the same length, put in the place of ours
	digest := bytes.ReplaceAll(der, id(pkcs7.OIDDigestAlgorithmSHA256), id(asn1.ObjectIdentifier{1, 2, 398, 3, 10, 1, 3, 3, 1}))
	_, err = VerifyCMS(p.policy(t, CMS), now, strings.NewReader(content), digest)
	refused(t, err, CodeGOST)
	i := bytes.LastIndex(der, id(pkcs7.OIDDigestAlgorithmECDSASHA256))
	method := bytes.Clone(der)
	copy(method[i:], id(asn1.ObjectIdentifier{1, 2, 643, 7, 1, 1, 3, 2}))
	_, err = VerifyCMS(p.policy(t, CMS), now, strings.NewReader(content), method)
	refused(t, err, CodeGOST)
}
