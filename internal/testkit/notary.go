package testkit

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Notary signs files as a court does, with openssl and xmlsec1, by a certificate that is valid at [Morning] and today.
type Notary struct {
	Roots   string // PEM, whom to trust
	Subject string // who signs, as a source names him
	dir     string
}

const notaryIIN = "IIN500101350007"

// NewNotary makes an authority and one who signs. Where openssl or xmlsec1 is missing the test is skipped, and fails in CI.
func NewNotary(tb testing.TB) *Notary {
	tb.Helper()
	for _, tool := range []string{"openssl", "xmlsec1"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") != "" {
				tb.Fatalf("%s is not installed", tool)
			}
			tb.Skipf("%s is not installed", tool)
		}
	}
	n := &Notary{Subject: notaryIIN, dir: tb.TempDir()}
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Root of the tests"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: Morning.AddDate(0, -1, 0), NotAfter: Morning.AddDate(20, 0, 0),
	}
	rootKey := newKey(tb)
	n.Roots = string(n.certificate(tb, "root", root, root, rootKey, rootKey))
	court := &x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: "БАТЫРОВ БАТЫР", SerialNumber: notaryIIN, Organization: []string{"Районный суд"}},
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
		NotBefore:    root.NotBefore, NotAfter: root.NotAfter,
	}
	key := newKey(tb)
	n.certificate(tb, "court", court, root, key, rootKey)
	return n
}

// CMS gives a detached signature over a file, in DER (RFC 5652).
func (n *Notary) CMS(tb testing.TB, file []byte) []byte {
	tb.Helper()
	return n.run(tb, file, "openssl", "cms", "-sign", "-binary", "-outform", "DER", "-md", "sha256", "-signer", n.path("court.crt"), "-inkey", n.path("court.key"))
}

const xmlSignature = `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>
<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>
<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"/>
<ds:Reference URI=""><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>
<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms>
<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/></ds:Reference></ds:SignedInfo>
<ds:SignatureValue/><ds:KeyInfo><ds:X509Data/></ds:KeyInfo></ds:Signature>`

// XML gives a document with a signature enveloped before its last tag.
func (n *Notary) XML(tb testing.TB, doc []byte) []byte {
	tb.Helper()
	at := bytes.LastIndex(doc, []byte("</"))
	in, out := n.path("in.xml"), n.path("out.xml")
	n.write(tb, "in.xml", bytes.Join([][]byte{doc[:at], doc[at:]}, []byte(xmlSignature)))
	n.run(tb, nil, "xmlsec1", "--sign", "--privkey-pem", n.path("court.key")+","+n.path("court.crt"), "--output", out, in)
	text, err := os.ReadFile(out)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

func (n *Notary) path(name string) string { return filepath.Join(n.dir, name) }

func (n *Notary) write(tb testing.TB, name string, text []byte) {
	tb.Helper()
	if err := os.WriteFile(n.path(name), text, 0o600); err != nil {
		tb.Fatal(err)
	}
}

func (n *Notary) run(tb testing.TB, stdin []byte, name string, args ...string) []byte {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), name, args...) //nolint:gosec // one of two tools that this file names
	cmd.Stdin = bytes.NewReader(stdin)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		tb.Fatalf("%s: %v: %s", name, err, complaint.Bytes())
	}
	return out
}

func newKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func (n *Notary) certificate(tb testing.TB, name string, cert, issuer *x509.Certificate, key, issuerKey *ecdsa.PrivateKey) []byte {
	tb.Helper()
	der, err := x509.CreateCertificate(rand.Reader, cert, issuer, key.Public(), issuerKey)
	if err != nil {
		tb.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	n.write(tb, name+".crt", text)
	n.write(tb, name+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	return text
}
