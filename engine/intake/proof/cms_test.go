package proof

import (
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

const content = "source,document_number,amount\r\ncourt-7101,N-1,20155.00\n\x00\xff"

func TestVerifyCMS_acceptsWhatOpensslSigns(t *testing.T) {
	t.Parallel()
	p := withPeers(t)
	policy := p.policy(t, CMS, iin)
	for name, signature := range map[string][]byte{
		"RSA":           p.sign(t, "rsa", content),
		"RSA, SHA-384":  p.sign(t, "rsa", content, "-md", "sha384"),
		"RSA, SHA-512":  p.sign(t, "rsa", content, "-md", "sha512"),
		"P-256":         p.sign(t, "ec", content),
		"P-384":         p.sign(t, "ec384", content, "-md", "sha384"),
		"BER":           toBER(t, p.sign(t, "ec", content)),
		"PEM":           p.sign(t, "ec", content, "-outform", "PEM"),
		"PEM of PKCS 7": pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: p.sign(t, "ec", content)}),
		"base64":        []byte(base64.StdEncoding.EncodeToString(p.sign(t, "rsa", content))),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := VerifyCMS(policy, now, strings.NewReader(content), signature)
			if err != nil {
				t.Fatal(err)
			}
			if s.SerialNumber != iin || s.BIN != bin || s.Organization != "Районный суд" || s.CommonName != "БАТЫРОВ БАТЫР" {
				t.Errorf("%#v has not what the certificate says", s)
			}
			if s.Content != sha256.Sum256([]byte(content)) {
				t.Error("the hash is not of the content")
			}
			if d := now.Sub(s.SignedAt); d < time.Hour || d > 7*time.Hour {
				t.Errorf("signed at %s", s.SignedAt)
			}
			if text := s.String(); !strings.HasPrefix(text, "sha256:") || len(text) != 71 {
				t.Errorf("prints as %s", text)
			}
		})
	}
}

// toBER opens the lengths of the outer levels, as signers written in Java do.
func toBER(tb testing.TB, der []byte) []byte {
	tb.Helper()
	var outer struct {
		Type asn1.ObjectIdentifier
		Data asn1.RawValue
	}
	if _, err := asn1.Unmarshal(der, &outer); err != nil {
		tb.Fatal(err)
	}
	var inner asn1.RawValue
	if _, err := asn1.Unmarshal(outer.Data.Bytes, &inner); err != nil {
		tb.Fatal(err)
	}
	kind, err := asn1.Marshal(outer.Type)
	if err != nil {
		tb.Fatal(err)
	}
	return slices.Concat([]byte{0x30, 0x80}, kind, []byte{0xa0, 0x80, 0x30, 0x80}, inner.Bytes, make([]byte, 6))
}

func TestVerifyCMS_refuses(t *testing.T) {
	t.Parallel()
	p := withPeers(t)
	policy := p.policy(t, CMS)
	good := p.sign(t, "rsa", content)
	two := p.sign(t, "rsa", content, "-signer", p.path("ec.crt"), "-inkey", p.path("ec.key"))
	bent := func(at int) []byte {
		b := append([]byte(nil), good...)
		b[at] ^= 1
		return b
	}
	for name, c := range map[string]struct {
		signature []byte
		content   string
		code      string
		policy    Policy
		at        time.Time
	}{
		"missing":              {signature: nil, code: CodeMissing},
		"white space":          {signature: []byte(" \n"), code: CodeMissing},
		"no signature":         {signature: []byte("hello, world"), code: CodeMalformed},
		"cut":                  {signature: good[:len(good)-9], code: CodeMalformed},
		"another PEM":          {signature: []byte(p.pem(t, "rsa")), code: CodeMalformed},
		"PEM and more":         {signature: append(p.sign(t, "rsa", content, "-outform", "PEM"), 'x'), code: CodeMalformed},
		"huge":                 {signature: make([]byte, 200<<10), code: CodeTooLarge},
		"huge text":            {signature: []byte(strings.Repeat("A", 200<<10)), code: CodeTooLarge},
		"nested":               {signature: []byte(strings.Repeat("\x30\x80", 16000) + "\x02\x01\x00" + strings.Repeat("\x00\x00", 16000)), code: CodeMalformed},
		"other bytes":          {signature: good, content: content + " ", code: CodeMismatch},
		"no bytes":             {signature: good, content: "\n", code: CodeMismatch},
		"wrong key":            {signature: bent(len(good) - 1), code: CodeInvalid},
		"attached":             {signature: p.sign(t, "rsa", content, "-nodetach"), code: CodeAttached},
		"attached, open":       {signature: p.sign(t, "rsa", content, "-nodetach", "-stream", "-indef"), code: CodeAttached},
		"two signers":          {signature: two, code: CodeMalformed},
		"no certificate":       {signature: p.sign(t, "rsa", content, "-nocerts", "-certfile", p.path("inter.crt")), code: CodeMalformed},
		"no signed attributes": {signature: p.sign(t, "rsa", content, "-noattr"), code: CodeMalformed},
		"by key identifier":    {signature: p.sign(t, "rsa", content, "-keyid"), code: CodeMalformed},
		"another content type": {signature: p.sign(t, "rsa", content, "-econtent_type", "1.2.3.4"), code: CodeMalformed},
		"SHA-1":                {signature: p.sign(t, "rsa", content, "-md", "sha1"), code: CodeAlgorithm},
		"MD5":                  {signature: p.sign(t, "rsa", content, "-md", "md5"), code: CodeAlgorithm},
		"PSS":                  {signature: p.sign(t, "rsa", content, "-keyopt", "rsa_padding_mode:pss"), code: CodeAlgorithm},
		"weak RSA":             {signature: p.sign(t, "weak", content), code: CodeAlgorithm},
		"P-521":                {signature: p.sign(t, "ec521", content), code: CodeAlgorithm},
		"forger":               {signature: p.sign(t, "forger", content), code: CodeUntrusted},
		"forger with his root": {signature: p.sign(t, "forger", content, "-certfile", p.path("foreign.crt")), code: CodeUntrusted},
		"self-signed":          {signature: p.sign(t, "foreign", content), code: CodeUsage},
		"for sealing":          {signature: p.sign(t, "sealing", content), code: CodeUsage},
		"usage not said":       {signature: p.sign(t, "silent", content), code: CodeUsage},
		"expired":              {signature: p.sign(t, "expired", content), code: CodeExpired},
		"expired by now":       {signature: good, at: now.AddDate(2, 0, 0), code: CodeExpired},
		"not yet valid":        {signature: good, at: now.AddDate(0, 0, -2), code: CodeNotYetValid},
		"expired authority":    {signature: p.sign(t, "late", content, "-certfile", p.path("shortinter.crt")), at: now.AddDate(0, 0, 10), code: CodeExpired},
		"another person":       {signature: p.sign(t, "other", content), policy: p.policy(t, CMS, iin, bin, "O=Районный суд"), code: CodeNotAllowed},
		"the other kind":       {signature: good, policy: p.policy(t, XMLSig), code: CodeKind},
		"nothing to prove":     {signature: good, policy: Policy{kind: None}, code: CodeKind},
		"nobody trusted":       {signature: good, policy: Policy{kind: CMS}, code: CodeUntrusted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.policy.kind == "" {
				c.policy = policy
			}
			if c.at.IsZero() {
				c.at = now
			}
			if c.content == "" {
				c.content = content
			}
			s, err := VerifyCMS(c.policy, c.at, strings.NewReader(c.content), c.signature)
			refused(t, err, c.code)
			if s != (Signer{}) {
				t.Error("a signer all the same")
			}
		})
	}
}

func TestVerifyCMS_findsTheSignerAmongSubjects(t *testing.T) {
	t.Parallel()
	p := withPeers(t)
	signature := p.sign(t, "ec", content)
	for _, subject := range []string{iin, bin, "O=Районный суд"} {
		if _, err := VerifyCMS(p.policy(t, CMS, "IIN000000000000", subject), now, strings.NewReader(content), signature); err != nil {
			t.Errorf("%s: %v", subject, err)
		}
	}
}

func TestVerifyCMS_takesIntermediatesFromThePolicy(t *testing.T) {
	t.Parallel()
	p := withPeers(t)
	bare, err := run(content, "cms", "-sign", "-binary", "-outform", "DER", "-md", "sha256", "-signer", p.path("ec.crt"), "-inkey", p.path("ec.key"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = VerifyCMS(p.policy(t, CMS), now, strings.NewReader(content), bare)
	refused(t, err, CodeUntrusted)
	policy, err := NewPolicy(CMS, p.pem(t, "inter", "root"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := VerifyCMS(policy, now, strings.NewReader(content), bare); err != nil {
		t.Error(err)
	}
}

// The content may be hundreds of megabytes.
func TestVerifyCMS_keepsMemoryFlat(t *testing.T) {
	p := withPeers(t)
	const size = 64 << 20
	signature := p.sign(t, "ec", strings.Repeat("x", size))
	policy := p.policy(t, CMS)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := VerifyCMS(policy, now, io.LimitReader(xs{}, size), signature); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 4<<20 {
		t.Errorf("%d MB were allocated for %d MB", grown>>20, size>>20)
	}
}

type xs struct{}

func (xs) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	return len(b), nil
}

func TestVerifyCMS_readsNothingForAStranger(t *testing.T) {
	t.Parallel()
	p := withPeers(t)
	lost := errors.New("the disk is gone")
	broken := failing{lost}
	_, err := VerifyCMS(p.policy(t, CMS), now, broken, p.sign(t, "forger", content))
	refused(t, err, CodeUntrusted)
	if _, err := VerifyCMS(p.policy(t, CMS), now, broken, p.sign(t, "ec", content)); !errors.Is(err, lost) {
		t.Errorf("a fault of reading became %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
