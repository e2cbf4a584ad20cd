package proof

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"unicode"
)

func TestNewPolicy_refusesWhatCouldNotWork(t *testing.T) {
	t.Parallel()
	root := string(saved(t, "root.pem"))
	key := "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
	for name, c := range map[string]struct {
		kind     Kind
		roots    string
		subjects []string
		ok       bool
	}{
		"none":             {kind: None, ok: true},
		"cms":              {kind: CMS, roots: root, ok: true},
		"xmldsig":          {kind: XMLSig, roots: "\n" + root + "\n", ok: true},
		"with subjects":    {kind: CMS, roots: root, subjects: []string{iin, bin, "O=Суд"}, ok: true},
		"not said":         {roots: root},
		"another kind":     {kind: "gost", roots: root},
		"no roots":         {kind: CMS},
		"none with roots":  {kind: None, roots: root},
		"none with people": {kind: None, subjects: []string{iin}},
		"a key":            {kind: CMS, roots: root + key},
		"more text":        {kind: CMS, roots: root + "and more"},
		"broken":           {kind: CMS, roots: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"},
		"too many":         {kind: CMS, roots: strings.Repeat(root, maxCertificates+1)},
		"too large":        {kind: CMS, roots: root + strings.Repeat("\n", maxPEM)},
		"short number":     {kind: CMS, roots: root, subjects: []string{"IIN1"}},
		"empty subject":    {kind: CMS, roots: root, subjects: []string{""}},
		"no name":          {kind: CMS, roots: root, subjects: []string{"O="}},
		"spaces":           {kind: CMS, roots: root, subjects: []string{"O= Суд"}},
	} {
		p, err := NewPolicy(c.kind, c.roots, c.subjects)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && (p.kind != "" || p.roots != nil || strings.Contains(err.Error(), "AAAA")) {
			t.Errorf("%s: a policy all the same, or the text is told: %v", name, err)
		}
	}
}

// A policy that only has intermediates trusts nobody.
func TestNewPolicy_needsARoot(t *testing.T) {
	t.Parallel()
	p := withPeers(t)
	if _, err := NewPolicy(CMS, p.pem(t, "inter"), nil); err == nil {
		t.Error("an intermediate is taken for a root")
	}
}

func TestMessage_saysEveryCodeInThreeLanguages(t *testing.T) {
	t.Parallel()
	if len(Codes()) < 17 {
		t.Errorf("only %d codes", len(Codes()))
	}
	for _, code := range Codes() {
		texts := map[string]string{}
		for _, lang := range []string{"kk", "ru", "en"} {
			text := Message(code, lang)
			if other := texts[text]; other != "" || text == code || !strings.HasSuffix(text, ".") {
				t.Errorf("%s in %s is %q (%s)", code, lang, text, other)
			}
			texts[text] = lang
			cyrillic := strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) })
			if cyrillic != (lang != "en") {
				t.Errorf("%s in %s is in other letters: %q", code, lang, text)
			}
		}
		if Message(code, "uz") != Message(code, "ru") {
			t.Errorf("%s: another language than ru stands in", code)
		}
	}
	if Message("unheard_of", "en") != "unheard_of" {
		t.Error("an unknown code is not given back")
	}
}

func TestSigner_printsWithoutAPerson(t *testing.T) {
	t.Parallel()
	s := Signer{CommonName: "БАТЫРОВ", SerialNumber: iin, BIN: bin, Organization: "Суд", Fingerprint: "abc"}
	for _, text := range []string{
		fmt.Sprint(s), fmt.Sprintf("%+v", s), fmt.Sprintf("%#v", s), fmt.Sprintf("%v", &s), slog.AnyValue(s).Resolve().String(),
	} {
		if text != "sha256:abc" {
			t.Errorf("prints as %s", text)
		}
	}
}
