package proof

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// now is some hours after the certificates of the tests are made, however slow the machine is. It is the one place where
// these tests look at a clock, since openssl does.
var now = time.Now().Add(6 * time.Hour)

const (
	iin = "IIN123456789012"
	bin = "BIN123456789021"
)

// peers is a certification authority with its customers, made by openssl, in a folder of its own.
type peers struct{ dir string }

var (
	sharedPeers = sync.OnceValues(makePeers)
	peersDir    string // of the shared ones, once they are made
)

func TestMain(m *testing.M) {
	code := m.Run()
	if peersDir != "" {
		_ = os.RemoveAll(peersDir)
	}
	os.Exit(code)
}

// tools skips a test where openssl or xmlsec1 is not installed. The pipeline installs both.
func tools(tb testing.TB, names ...string) {
	tb.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("CI") != "" {
				tb.Fatalf("%s is not installed", name)
			}
			tb.Skipf("%s is not installed", name)
		}
	}
}

func withPeers(tb testing.TB) *peers {
	tb.Helper()
	tools(tb, "openssl")
	p, err := sharedPeers()
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

const extensions = `
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
[signing]
keyUsage = critical, digitalSignature, nonRepudiation
extendedKeyUsage = emailProtection
[nonrepudiation]
keyUsage = critical, nonRepudiation
[sealing]
keyUsage = critical, keyEncipherment
[silent]
basicConstraints = CA:false
`

func makePeers() (*peers, error) {
	dir, err := os.MkdirTemp("", "proof-peers-")
	if err != nil {
		return nil, err
	}
	p := &peers{dir: dir}
	peersDir = dir
	if err := os.WriteFile(p.path("ext"), []byte(extensions), 0o600); err != nil {
		return nil, err
	}
	rsa, p256 := []string{"RSA", "rsa_keygen_bits:2048"}, []string{"EC", "ec_paramgen_curve:P-256"}
	person := "/CN=БАТЫРОВ БАТЫР/serialNumber=" + iin + "/O=Районный суд/OU=" + bin
	var errs []error
	add := func(name, issuer, subject, section string, key []string, more ...string) {
		errs = append(errs, p.issue(name, issuer, subject, section, key, more...))
	}
	add("root", "", "/C=KZ/CN=Root of the tests", "authority", rsa)
	add("inter", "root", "/C=KZ/CN=Intermediate of the tests", "authority", p256)
	add("shortinter", "root", "/C=KZ/CN=Short intermediate", "authority", p256, "-days", "1")
	add("rsa", "inter", person, "signing", rsa)
	add("ec", "inter", person, "signing", p256)
	add("ec384", "root", person, "nonrepudiation", []string{"EC", "ec_paramgen_curve:P-384"})
	add("ec521", "inter", person, "signing", []string{"EC", "ec_paramgen_curve:P-521"})
	add("ed", "inter", person, "signing", []string{"ED25519"})
	add("weak", "inter", person, "signing", []string{"RSA", "rsa_keygen_bits:1024"})
	add("other", "inter", "/CN=ДРУГОЙ/serialNumber=IIN999999999999/O=Другой/OU=BIN999999999999", "signing", p256)
	add("sealing", "inter", person, "sealing", p256)
	add("silent", "inter", person, "silent", p256)
	add("expired", "inter", person, "signing", p256, "-days", "-1")
	add("late", "shortinter", person, "signing", p256)
	add("foreign", "", "/C=KZ/CN=Root of somebody else", "authority", p256)
	add("forger", "foreign", person, "signing", p256)
	return p, errors.Join(errs...)
}

func (p *peers) path(name string) string { return filepath.Join(p.dir, name) }

// issue makes a key and a certificate. Without an issuer it signs itself.
func (p *peers) issue(name, issuer, subject, section string, key []string, more ...string) error {
	gen := []string{"genpkey", "-quiet", "-algorithm", key[0], "-out", p.path(name + ".key")}
	for _, opt := range key[1:] {
		gen = append(gen, "-pkeyopt", opt)
	}
	if _, err := run("", gen...); err != nil {
		return err
	}
	if _, err := run("", "req", "-new", "-utf8", "-subj", subject, "-key", p.path(name+".key"), "-out", p.path(name+".csr")); err != nil {
		return err
	}
	args := []string{
		"x509", "-req", "-in", p.path(name + ".csr"), "-out", p.path(name + ".crt"),
		"-extfile", p.path("ext"), "-extensions", section,
	}
	if issuer == "" {
		args = append(args, "-signkey", p.path(name+".key"))
	} else {
		args = append(args, "-CA", p.path(issuer+".crt"), "-CAkey", p.path(issuer+".key"), "-CAcreateserial")
	}
	_, err := run("", append(args, append([]string{"-days", "365"}, more...)...)...)
	return err
}

// run runs openssl, with a text as its standard input.
func run(stdin string, args ...string) ([]byte, error) { return runTool("openssl", stdin, args...) }

func runTool(tool, stdin string, args ...string) ([]byte, error) {
	var out, errs bytes.Buffer
	cmd := exec.Command(tool, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, errors.New(tool + " " + strings.Join(args, " ") + ": " + err.Error() + ": " + errs.String())
	}
	return out.Bytes(), nil
}

func (p *peers) pem(tb testing.TB, names ...string) string {
	tb.Helper()
	var all strings.Builder
	for _, name := range names {
		text, err := os.ReadFile(p.path(name + ".crt"))
		if err != nil {
			tb.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

func (p *peers) cert(tb testing.TB, name string) *x509.Certificate {
	tb.Helper()
	certs, err := ParseCertificates([]byte(p.pem(tb, name)))
	if err != nil {
		tb.Fatal(err)
	}
	return certs[0]
}

func (p *peers) key(tb testing.TB, name string) crypto.Signer {
	tb.Helper()
	text, err := os.ReadFile(p.path(name + ".key"))
	if err != nil {
		tb.Fatal(err)
	}
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		tb.Fatal(err)
	}
	return key.(crypto.Signer)
}

// sign makes a CMS signature with openssl, detached and in DER unless more says otherwise.
func (p *peers) sign(tb testing.TB, name, content string, more ...string) []byte {
	tb.Helper()
	args := []string{
		"cms", "-sign", "-binary", "-outform", "DER", "-md", "sha256",
		"-signer", p.path(name + ".crt"), "-inkey", p.path(name + ".key"), "-certfile", p.path("inter.crt"),
	}
	out, err := run(content, append(args, more...)...)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// policy trusts the root of the tests.
func (p *peers) policy(tb testing.TB, kind Kind, subjects ...string) Policy {
	tb.Helper()
	policy, err := NewPolicy(kind, p.pem(tb, "root"), subjects)
	if err != nil {
		tb.Fatal(err)
	}
	return policy
}

// refused expects a refusal with a code and sees that its text tells nothing of a person.
func refused(tb testing.TB, err error, code string) {
	tb.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Code != code {
		tb.Errorf("got %v, want %s", err, code)
		return
	}
	for _, secret := range []string{"БАТЫР", iin, bin, "Intermediate"} {
		if strings.Contains(err.Error(), secret) {
			tb.Errorf("the error tells %q: %v", secret, err)
		}
	}
	if !strings.Contains(err.Error(), code) || e.Place == "" || Message(code, "kk") == code {
		tb.Errorf("no code, place or message: %v", err)
	}
}
