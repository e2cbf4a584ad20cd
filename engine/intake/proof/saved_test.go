package proof

import (
	"crypto/sha256"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "sign the saved files anew")

// saved gives a file that openssl or xmlsec1 signed once, so that it is the same for every process of a fuzzer, and for a
// machine without these programs.
func saved(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "signed", name))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// savedPolicy trusts the root of the saved files, at an instant when their certificates were valid.
func savedPolicy(tb testing.TB, kind Kind) (Policy, time.Time) {
	tb.Helper()
	root := saved(tb, "root.pem")
	policy, err := NewPolicy(kind, string(root), []string{iin})
	if err != nil {
		tb.Fatal(err)
	}
	certs, err := ParseCertificates(root)
	if err != nil {
		tb.Fatal(err)
	}
	return policy, certs[0].NotBefore.Add(time.Hour)
}

var savedCMS = map[string]string{ // name → code
	"rsa.der": "", "ec.der": "", "open.ber": "", "attached.der": CodeAttached, "bare.der": CodeMalformed, "forger.der": CodeUntrusted,
	"two.der": CodeMalformed,
}

var savedXML = map[string]string{
	"exclusive.xml": "", "inclusive.xml": "", "identifier.xml": "", "inner.xml": CodeWrapped, "forger.xml": CodeUntrusted,
}

// TestSaved_verifiesForEver has no clock and no other program.
func TestSaved_verifiesForEver(t *testing.T) {
	t.Parallel()
	if *update {
		saveSigned(t)
	}
	policy, at := savedPolicy(t, CMS)
	for name, code := range savedCMS {
		_, err := VerifyCMS(policy, at, strings.NewReader(content), saved(t, name))
		if code != "" {
			refused(t, err, code)
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	policy, at = savedPolicy(t, XMLSig)
	for name, code := range savedXML {
		_, _, err := VerifyXML(policy, at, strings.NewReader(string(saved(t, name))))
		if code != "" {
			refused(t, err, code)
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func saveSigned(t *testing.T) {
	t.Helper()
	p := withPeers(t)
	ec := more + "ecdsa-sha256"
	for name, data := range map[string][]byte{
		"root.pem":       []byte(p.pem(t, "root")),
		"rsa.der":        p.sign(t, "rsa", content),
		"ec.der":         p.sign(t, "ec", content),
		"open.ber":       toBER(t, p.sign(t, "ec", content)),
		"attached.der":   p.sign(t, "ec", content, "-nodetach"),
		"bare.der":       p.sign(t, "ec", content, "-noattr"),
		"forger.der":     p.sign(t, "forger", content),
		"two.der":        p.sign(t, "rsa", content, "-signer", p.path("ec.crt"), "-inkey", p.path("ec.key")),
		"exclusive.xml":  []byte(p.xml(t, "rsa", template{})),
		"inclusive.xml":  []byte(p.xml(t, "ec", template{method: ec, c14n: inclusive})),
		"identifier.xml": []byte(p.xml(t, "ec", template{method: ec, uri: "#doc"})),
		"inner.xml":      []byte(signedXML(t, p, `<writs><writ Id="w"><amount>5.00</amount></writ>`+template{method: ec, uri: "#w"}.String()+`</writs>`, "ec")),
		"forger.xml":     []byte(p.xml(t, "forger", template{method: ec})),
	} {
		path := filepath.Join("testdata", "signed", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Whatever the bytes are: no panic, an error of ours, and nobody but who signed is believed.
func FuzzVerifyCMS(f *testing.F) {
	believed := map[string]bool{}
	policy, at := savedPolicy(f, CMS)
	for name := range savedCMS {
		f.Add(saved(f, name))
		if s, err := VerifyCMS(policy, at, strings.NewReader(content), saved(f, name)); err == nil {
			believed[s.Fingerprint] = true
		}
	}
	f.Add([]byte{0x30, 0x80})
	f.Add([]byte("MIIB"))
	f.Fuzz(func(t *testing.T, signature []byte) {
		s, err := VerifyCMS(policy, at, strings.NewReader(content), signature)
		if err == nil {
			if !believed[s.Fingerprint] || s.Content != sha256.Sum256([]byte(content)) {
				t.Errorf("believed %v", s)
			}
			return
		}
		if _, ok := errors.AsType[*Error](err); !ok {
			t.Errorf("an error of another kind: %v", err)
		}
	})
}

// Whatever the document is: no panic, an error of ours, and nothing but what was signed comes back.
func FuzzVerifyXML(f *testing.F) {
	signed := map[string]bool{}
	policy, at := savedPolicy(f, XMLSig)
	for name := range savedXML {
		f.Add(saved(f, name))
		if verified, _, err := VerifyXML(policy, at, strings.NewReader(string(saved(f, name)))); err == nil {
			signed[string(verified)] = true
		}
	}
	f.Add([]byte(`<a xmlns="http://www.w3.org/2000/09/xmldsig#"><Signature/></a>`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		verified, _, err := VerifyXML(policy, at, strings.NewReader(string(doc)))
		if err == nil {
			if !signed[string(verified)] {
				t.Errorf("believed %q", verified)
			}
			return
		}
		if _, ok := errors.AsType[*Error](err); !ok {
			t.Errorf("an error of another kind: %v", err)
		}
	})
}
