package pades_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"robotbailiff/internal/i18n"
	"robotbailiff/internal/pades"
	"robotbailiff/internal/paper"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

var (
	day    = time.Date(2026, time.March, 2, 4, 1, 0, 0, time.UTC)
	issued = day.AddDate(0, -1, 0)
)

// authority issues certificates to those who sign.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func must[T any](tb testing.TB) func(x T, err error) T {
	tb.Helper()
	return func(x T, err error) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return x
	}
}

func newAuthority(tb testing.TB) authority {
	tb.Helper()
	key := must[*ecdsa.PrivateKey](tb)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	t := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test authority"}, NotBefore: issued, NotAfter: issued.AddDate(9, 0, 0), IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der := must[[]byte](tb)(x509.CreateCertificate(rand.Reader, t, t, key.Public(), key))
	return authority{must[*x509.Certificate](tb)(x509.ParseCertificate(der)), key}
}

// issue gives a certificate for a key; spoil changes what is asked for.
func (a authority) issue(tb testing.TB, key crypto.Signer, spoil func(*x509.Certificate)) *x509.Certificate {
	tb.Helper()
	t := &x509.Certificate{
		SerialNumber: big.NewInt(0x3f9a21c07be4), NotBefore: issued, NotAfter: issued.AddDate(1, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature,
		Subject: pkix.Name{CommonName: "Серікбаев Әлібек", ExtraNames: []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{2, 5, 4, 12}, Value: "Департамент басшысы"}}},
	}
	if spoil != nil {
		spoil(t)
	}
	der := must[[]byte](tb)(x509.CreateCertificate(rand.Reader, t, a.cert, key.Public(), a.key))
	return must[*x509.Certificate](tb)(x509.ParseCertificate(der))
}

func (a authority) signer(tb testing.TB, key crypto.Signer) *pades.Signer {
	tb.Helper()
	return must[*pades.Signer](tb)(pades.New([]*x509.Certificate{a.issue(tb, key, nil), a.cert}, key))
}

func keysOfAllKinds(tb testing.TB) map[string]crypto.Signer {
	tb.Helper()
	return map[string]crypto.Signer{
		"RSA":   must[*rsa.PrivateKey](tb)(rsa.GenerateKey(rand.Reader, 2048)),
		"P-256": must[*ecdsa.PrivateKey](tb)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)),
		"P-384": must[*ecdsa.PrivateKey](tb)(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)),
	}
}

// decree is a PDF of the kind that is signed.
func decree(tb testing.TB) []byte {
	tb.Helper()
	return must[[]byte](tb)(paper.MakeDecree(paper.Decree{
		Lang: i18n.RU, Region: "75", Case: "26-0000001-5", Number: "26-0000001-5/1", At: day, Debtor: "Ахметов Данияр", IIN: "******0014",
		Writ:      paper.Writ{Kind: "fine_prescription", Document: "26160000001"},
		Act:       paper.Transfer{Left: money.FromTiyn(2015500), TermEndsOn: calendar.MakeDate(2026, 4, 1)},
		Signature: &paper.Signature{Signer: "Серікбаев Әлібек", Certificate: "3f9a21c07be4", At: day},
	}))
}

// run calls a program of others.
func run(tb testing.TB, pack, name string, args ...string) (string, error) {
	tb.Helper()
	if _, err := exec.LookPath(name); err != nil {
		if os.Getenv("CI") != "" {
			tb.Fatal(err)
		}
		tb.Skipf("%s is not installed (package %s)", name, pack)
	}
	ctx, cancel := context.WithTimeout(tb.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	return string(out), err
}

func file(tb testing.TB, name string, body []byte) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(path, body, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// apart takes the detached signature and what it covers out of a PDF, without the code that is tested.
func apart(tb testing.TB, pdf []byte) (der, content []byte) {
	tb.Helper()
	from := bytes.LastIndex(pdf, []byte("/Contents <")) + len("/Contents ")
	to := from + bytes.IndexByte(pdf[from:], '>') + 1
	der = must[[]byte](tb)(hex.DecodeString(string(pdf[from+1 : to-1])))
	var whole asn1.RawValue
	if _, err := asn1.Unmarshal(der, &whole); err != nil {
		tb.Fatal(err)
	}
	return whole.FullBytes, append(bytes.Clone(pdf[:from]), pdf[to:]...)
}

// opensslVerifies asks OpenSSL about the detached signature.
func opensslVerifies(tb testing.TB, a authority, pdf []byte) error {
	tb.Helper()
	der, content := apart(tb, pdf)
	root := file(tb, "ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}))
	_, err := run(tb, "openssl", "openssl", "cms", "-verify", "-binary", "-cades", "-inform", "DER", "-in", file(tb, "sig.der", der), "-content", file(tb, "content", content),
		"-CAfile", root, "-purpose", "any", "-attime", "1772424060", "-out", os.DevNull)
	return err
}

func TestSign_othersSayThatItIsValidAndCoversAll(t *testing.T) {
	t.Parallel()
	a, plain := newAuthority(t), decree(t)
	for name, key := range keysOfAllKinds(t) {
		s := a.signer(t, key)
		signed, err := s.Sign(plain, day)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !bytes.HasPrefix(signed, plain) {
			t.Errorf("%s: the bytes of before have changed", name)
		}
		path := file(t, "signed.pdf", signed)
		out, err := run(t, "poppler-utils", "pdfsig", "-nocert", path)
		for _, want := range []string{"Signature is Valid.", "Total document signed", "ETSI.CAdES.detached", "Серікбаев Әлібек", "Mar 02 2026"} {
			if err != nil || !strings.Contains(out, want) {
				t.Errorf("%s: pdfsig does not say %q (%v):\n%s", name, want, err, out)
			}
		}
		if out, err := run(t, "qpdf", "qpdf", "--check", path); err != nil || strings.Contains(out, "WARNING") {
			t.Errorf("%s: %v %s", name, err, out)
		}
		if err := opensslVerifies(t, a, signed); err != nil {
			t.Errorf("%s: openssl: %v", name, err)
		}
		before, _ := run(t, "poppler-utils", "pdftotext", file(t, "plain.pdf", plain), "-")
		if after, err := run(t, "poppler-utils", "pdftotext", path, "-"); err != nil || after != before || before == "" {
			t.Errorf("%s: the words have changed: %v", name, err)
		}
		got, err := pades.Verify(signed)
		if err != nil || !got.At.Equal(day) || got.Certificate.Subject.CommonName != s.Name() || got.Certificate.SerialNumber.Text(16) != s.Serial() {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// One byte that is another one is found: by us at every place that is tried, by others where they look at all.
func TestVerify_findsOneFlippedByte(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	signed := must[[]byte](t)(a.signer(t, keysOfAllKinds(t)["RSA"]).Sign(decree(t), day))
	rapid.Check(t, func(t *rapid.T) {
		other := bytes.Clone(signed)
		other[rapid.IntRange(0, len(other)-1).Draw(t, "place")] ^= byte(rapid.IntRange(1, 255).Draw(t, "by"))
		if _, err := pades.Verify(other); !errors.Is(err, pades.ErrChanged) {
			t.Fatalf("not found: %v", err)
		}
	})
	content := bytes.Index(signed, []byte("stream\n")) + 40
	named := bytes.LastIndex(signed, []byte("/Name <feff")) + 12
	for _, place := range []int{content, named} {
		other := bytes.Clone(signed)
		other[place] ^= 1
		if out, _ := run(t, "poppler-utils", "pdfsig", "-nocert", file(t, "other.pdf", other)); strings.Contains(out, "Signature is Valid") || !strings.Contains(out, "Signature") {
			t.Errorf("%d: pdfsig finds nothing: %s", place, out)
		}
		if opensslVerifies(t, a, other) == nil {
			t.Errorf("%d: openssl finds nothing", place)
		}
	}
}

// The place of the signature is what no signature covers: every digit there is another one, once.
func TestVerify_findsEveryDigitOfTheSignature(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	for name, key := range keysOfAllKinds(t) {
		signed := must[[]byte](t)(a.signer(t, key).Sign(decree(t), day))
		from := bytes.LastIndex(signed, []byte("/Contents <")) + len("/Contents <")
		to := from + bytes.IndexByte(signed[from:], '>')
		for place := from; place < to; place++ {
			was := signed[place]
			digit := must[uint64](t)(strconv.ParseUint(string(was), 16, 8))
			signed[place] = strconv.FormatUint(digit^uint64(1<<(place%4)), 16)[0]
			if _, err := pades.Verify(signed); !errors.Is(err, pades.ErrChanged) {
				t.Errorf("%s: digit %d of the signature: %v", name, place-from, err)
			}
			signed[place] = was
		}
	}
}

func TestVerify_findsWhatIsPutBehindOrLeftOut(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	keys := keysOfAllKinds(t)
	plain := decree(t)
	signed := must[[]byte](t)(a.signer(t, keys["P-256"]).Sign(plain, day))
	at := bytes.LastIndex(signed, []byte("/Contents <"))
	capitals := bytes.Clone(signed)
	copy(capitals[at+11:], bytes.ToUpper(signed[at+11:at+1000]))
	for name, other := range map[string][]byte{
		"unsigned": plain, "nothing": nil, "a line more": append(bytes.Clone(signed), '\n'), "cut": signed[:len(signed)-1], "twice": append(bytes.Clone(signed), signed...),
		"in capitals": capitals,
	} {
		if got, err := pades.Verify(other); !errors.Is(err, pades.ErrChanged) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if _, err := a.signer(t, keys["RSA"]).Sign(signed, day); err == nil {
		t.Error("signed twice")
	}
}

func TestSign_onlyWhileTheCertificateIsValid(t *testing.T) {
	t.Parallel()
	s := newAuthority(t).signer(t, keysOfAllKinds(t)["P-384"])
	for _, at := range []time.Time{issued.Add(-time.Second), issued.AddDate(1, 0, 1)} {
		if _, err := s.Sign(decree(t), at); !errors.Is(err, pades.ErrExpired) {
			t.Errorf("%s: %v", at, err)
		}
	}
	for _, other := range [][]byte{nil, []byte("%PDF-1.3"), decree(t)[:5000], bytes.Replace(decree(t), []byte("/Size "), []byte("/Sise "), 1)} {
		if _, err := s.Sign(other, day); err == nil {
			t.Errorf("%d bytes of something else are signed", len(other))
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	keys := keysOfAllKinds(t)
	weak := must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 1024))
	certOf := func(c ...*x509.Certificate) (out []byte) {
		for _, x := range c {
			out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: x.Raw})...)
		}
		return out
	}
	keyOf := func(k crypto.Signer) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must[[]byte](t)(x509.MarshalPKCS8PrivateKey(k))})
	}
	s, err := pades.Parse(certOf(a.issue(t, keys["RSA"], nil), a.cert), keyOf(keys["RSA"]))
	if err != nil || s.Name() != "Серікбаев Әлібек" || s.Post() != "Департамент басшысы" || s.Serial() != "3f9a21c07be4" || strings.Contains(s.String(), "Сер") {
		t.Fatalf("%v %v", s, err)
	}
	usage := func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }
	nobody := func(c *x509.Certificate) { c.Subject = pkix.Name{} }
	for name, c := range map[string]struct {
		cert, key []byte
		says      string
	}{
		"nothing": {nil, keyOf(keys["RSA"]), "no certificate"}, "the key among the certificates": {keyOf(keys["RSA"]), keyOf(keys["RSA"]), "of another kind"},
		"no key": {certOf(a.cert), nil, "PKCS #8"}, "another key": {certOf(a.issue(t, keys["RSA"], nil)), keyOf(keys["P-256"]), "not that of the certificate"},
		"a weak key": {certOf(a.issue(t, weak, nil)), keyOf(weak), "2048"}, "for keys": {certOf(a.issue(t, keys["RSA"], usage)), keyOf(keys["RSA"]), "key usage"},
		"nobody's":              {certOf(a.issue(t, keys["RSA"], nobody)), keyOf(keys["RSA"]), "names nobody"},
		"no certificate at all": {pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}), keyOf(keys["RSA"]), "GOST"},
	} {
		if _, err := pades.Parse(c.cert, c.key); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if bare := must[*pades.Signer](t)(pades.New([]*x509.Certificate{a.issue(t, keys["RSA"], func(c *x509.Certificate) { c.Subject.ExtraNames = nil; c.Subject.CommonName = "А" })}, keys["RSA"])); bare.Post() != "" {
		t.Errorf("a post of %q", bare.Post())
	}
}

// Whatever the bytes are, nothing breaks, and nothing is taken for signed that is not.
func FuzzVerify(f *testing.F) {
	key := must[*ecdsa.PrivateKey](f)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	s := newAuthority(f).signer(f, key)
	plain := decree(f)
	signed := must[[]byte](f)(s.Sign(plain, day))
	f.Add(signed)
	f.Add(plain)
	f.Add(signed[len(plain):])
	f.Add([]byte("/ByteRange [0          1          4          0         ]<00>"))
	f.Fuzz(func(t *testing.T, pdf []byte) {
		got, err := pades.Verify(pdf)
		if err == nil && (got.Certificate == nil || got.At.IsZero()) {
			t.Error("signed by nobody")
		}
		if err == nil && !bytes.Equal(pdf, signed) && bytes.Equal(got.Certificate.Raw, must[*x509.Certificate](t)(certOf(signed)).Raw) {
			t.Error("another paper under the same signature")
		}
		if out, err := s.Sign(pdf, day); err == nil {
			if _, err := pades.Verify(out); err != nil {
				t.Errorf("what was signed is not valid: %v", err)
			}
		}
	})
}

func certOf(signed []byte) (*x509.Certificate, error) {
	got, err := pades.Verify(signed)
	return got.Certificate, err
}
