package proof

import (
	"crypto/sha256"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

const (
	exclusive   = "http://www.w3.org/2001/10/xml-exc-c14n#"
	inclusive   = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
	inclusive11 = "http://www.w3.org/2006/12/xml-c14n11"
	more        = "http://www.w3.org/2001/04/xmldsig-more#"
	enveloped   = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
)

// template is what xmlsec1 fills in. Its zero value is the usual signature.
type template struct {
	c14n, c14nInfo, method, digest, uri string
	transforms, reference, object, key  string // instead of the usual ones, or besides them
}

func (x template) String() string {
	or := func(s *string, usual string) {
		if *s == "" {
			*s = usual
		}
	}
	or(&x.c14n, exclusive)
	or(&x.c14nInfo, strings.TrimSuffix(x.c14n, "#WithComments"))
	or(&x.method, more+"rsa-sha256")
	or(&x.digest, "http://www.w3.org/2001/04/xmlenc#sha256")
	or(&x.transforms, `<ds:Transform Algorithm="`+enveloped+`"/><ds:Transform Algorithm="`+x.c14n+`"/>`)
	or(&x.key, `<ds:X509Data/>`)
	return `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
<ds:SignedInfo><ds:CanonicalizationMethod Algorithm="` + x.c14nInfo + `"/><ds:SignatureMethod Algorithm="` + x.method + `"/>
<ds:Reference URI="` + x.uri + `"><ds:Transforms>` + x.transforms + `</ds:Transforms>
<ds:DigestMethod Algorithm="` + x.digest + `"/><ds:DigestValue/></ds:Reference>` + x.reference + `
</ds:SignedInfo><ds:SignatureValue/><ds:KeyInfo>` + x.key + `</ds:KeyInfo>` + x.object + `</ds:Signature>`
}

// batch is a document whose canonical form differs from its text in many ways.
const batch = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n" +
	`<writs  xmlns='urn:court' xmlns:x="urn:unused"   xmlns:k='urn:k' b="2" a='1' Id="doc"><!-- made by the court -->
  <writ k:no='7'><debtor_name>Қ&lt;Ә&#x41;<![CDATA[&]]></debtor_name><amount>20155.00</amount><empty/></writ>
  %s
</writs>
`

func signedXML(tb testing.TB, p *peers, doc, name string) string {
	tb.Helper()
	tools(tb, "xmlsec1")
	in := write(tb, "in.xml", []byte(doc))
	out := filepath.Join(tb.TempDir(), "out.xml")
	if _, err := runTool("xmlsec1", "", "--sign", "--privkey-pem", p.path(name+".key")+","+p.path(name+".crt")+","+p.path("inter.crt"),
		"--id-attr:Id", "writs", "--id-attr:Id", "writ", "--output", out, in); err != nil {
		tb.Fatal(err)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

func (p *peers) xml(tb testing.TB, name string, x template) string {
	tb.Helper()
	return signedXML(tb, p, fmt.Sprintf(batch, x), name)
}

// amounts reads a verified document as an importer would.
func amounts(tb testing.TB, doc []byte) []string {
	tb.Helper()
	var writs struct {
		Amounts []string `xml:"writ>amount"`
		Names   []string `xml:"writ>debtor_name"`
	}
	if err := xml.Unmarshal(doc, &writs); err != nil {
		tb.Fatal(err)
	}
	return append(writs.Amounts, writs.Names...)
}

func TestVerifyXML_acceptsWhatXmlsecSigns(t *testing.T) {
	t.Parallel()
	p := withPeers(t)
	policy := p.policy(t, XMLSig, iin)
	for name, c := range map[string]struct {
		key string
		template
	}{
		"exclusive":        {"rsa", template{}},
		"inclusive":        {"rsa", template{c14n: inclusive}},
		"inclusive 1.1":    {"rsa", template{c14n: inclusive11}},
		"mixed":            {"rsa", template{c14n: exclusive, c14nInfo: inclusive}},
		"by identifier":    {"rsa", template{uri: "#doc"}},
		"SHA-384":          {"rsa", template{method: more + "rsa-sha384", digest: more + "sha384"}},
		"SHA-512":          {"rsa", template{method: more + "rsa-sha512", digest: "http://www.w3.org/2001/04/xmlenc#sha512"}},
		"P-256":            {"ec", template{method: more + "ecdsa-sha256"}},
		"P-256, inclusive": {"ec", template{method: more + "ecdsa-sha256", c14n: inclusive}},
		"P-384":            {"ec384", template{method: more + "ecdsa-sha384", digest: more + "sha384"}},
		"key value beside": {"rsa", template{key: `<ds:KeyValue/><ds:X509Data/>`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := p.xml(t, c.key, c.template)
			verified, s, err := VerifyXML(policy, now, strings.NewReader(doc))
			if err != nil {
				t.Fatalf("%v\n%s", err, doc)
			}
			if s.SerialNumber != iin || s.Content != sha256.Sum256(verified) {
				t.Errorf("%#v", s)
			}
			if got := amounts(t, verified); len(got) != 2 || got[0] != "20155.00" || got[1] != "Қ<ӘA&" {
				t.Errorf("read %q", got)
			}
			for _, gone := range []string{"Signature", "<!--", "<?xml", "CDATA"} {
				if strings.Contains(string(verified), gone) {
					t.Errorf("%s is left in\n%s", gone, verified)
				}
			}
		})
	}
}

func TestVerifyXML_takesTheUsualSubtleties(t *testing.T) {
	t.Parallel()
	p := withPeers(t)
	policy := p.policy(t, XMLSig)
	for _, c14n := range []string{exclusive, inclusive} {
		for _, begin := range []string{
			`<writs xml:lang="kk">`, "<writs a='x&#10;y&#9;z&gt;\"'>", "<writs>a&#13;\n\r\n&gt;\"'", `<c:writs xmlns:c="urn:c" c:x="1" y="2">`,
		} {
			end := "</writs>"
			if strings.HasPrefix(begin, "<c:") {
				end = "</c:writs>"
			}
			doc := signedXML(t, p, begin+template{c14n: c14n}.String()+end, "rsa")
			if _, _, err := VerifyXML(policy, now, strings.NewReader(doc)); err != nil {
				t.Errorf("%s %q: %v", c14n, begin, err)
			}
		}
	}
}

// Java signers often name a canonicalisation with comments; of a document without any it is the same.
func TestVerifyXML_takesWithCommentsWhereThereAreNone(t *testing.T) {
	t.Parallel()
	p := withPeers(t)
	policy := p.policy(t, XMLSig)
	for _, c14n := range []string{inclusive + "#WithComments", exclusive + "WithComments"} {
		text := strings.Replace(fmt.Sprintf(batch, template{c14n: c14n, c14nInfo: inclusive}), "<!-- made by the court -->", "", 1)
		doc := signedXML(t, p, text, "rsa")
		if _, _, err := VerifyXML(policy, now, strings.NewReader(doc)); err != nil {
			t.Errorf("%s: %v", c14n, err)
		}
		_, _, err := VerifyXML(policy, now, strings.NewReader(strings.Replace(doc, "20155", "201<!-- -->55", 1)))
		refused(t, err, CodeDocument)
	}
}

func TestVerifyXML_refuses(t *testing.T) {
	t.Parallel()
	p := withPeers(t)
	policy := p.policy(t, XMLSig)
	good := p.xml(t, "rsa", template{})
	byID := p.xml(t, "rsa", template{uri: "#doc"})
	change := func(doc, from, to string) string {
		if !strings.Contains(doc, from) {
			t.Fatalf("there is no %q", from)
		}
		return strings.Replace(doc, from, to, 1)
	}
	body := func(doc string) string { return strings.TrimSpace(doc[strings.Index(doc, "?>")+2:]) }
	sig := good[strings.Index(good, "<ds:Signature "):strings.Index(good, "</ds:Signature>")] + "</ds:Signature>"
	idSig := byID[strings.Index(byID, "<ds:Signature "):strings.Index(byID, "</ds:Signature>")] + "</ds:Signature>"
	evil := `<writ><amount>1.00</amount></writ>`
	inner := signedXML(t, p, `<writs><writ Id="w"><amount>5.00</amount></writ>`+template{uri: "#w"}.String()+`</writs>`, "rsa")
	algorithm := func(name string) string {
		return change(good, `Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"`, `Algorithm="`+name+`"`)
	}
	for name, c := range map[string]struct {
		doc, code string
		policy    Policy
		at        time.Time
	}{
		"no signature":           {doc: `<writs><writ/></writs>`, code: CodeMissing},
		"signature of no kind":   {doc: `<writs><Signature/></writs>`, code: CodeMissing},
		"empty signature":        {doc: `<writs><Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/></writs>`, code: CodeMalformed},
		"not XML":                {doc: "hello", code: CodeDocument},
		"empty":                  {doc: "", code: CodeDocument},
		"other value":            {doc: change(good, "20155.00", "20155.01"), code: CodeMismatch},
		"one more row":           {doc: change(good, "<writ ", evil+"<writ "), code: CodeMismatch},
		"one more attribute":     {doc: change(good, `b="2"`, `b="2" c="3"`), code: CodeMismatch},
		"another namespace":      {doc: change(good, "urn:court", "urn:other"), code: CodeMismatch},
		"other digest":           {doc: change(good, "<ds:DigestValue>", "<ds:DigestValue>AA"), code: CodeMalformed},
		"other value of the key": {doc: change(good, "<ds:SignatureValue>", "<ds:SignatureValue>AAAA"), code: CodeInvalid},
		"other method": {
			doc: change(p.xml(t, "ec", template{method: more + "ecdsa-sha256"}), more+"ecdsa-sha256", more+"ecdsa-sha384"), code: CodeInvalid,
		},
		"other certificate": {
			doc: change(p.xml(t, "ec", template{method: more + "ecdsa-sha256"}), p.body(t, "ec"), p.body(t, "other")), code: CodeInvalid,
		},
		"forger":       {doc: p.xml(t, "forger", template{method: more + "ecdsa-sha256"}), code: CodeUntrusted},
		"expired":      {doc: p.xml(t, "expired", template{method: more + "ecdsa-sha256"}), code: CodeExpired},
		"not yet":      {doc: good, at: now.AddDate(0, 0, -2), code: CodeNotYetValid},
		"not allowed":  {doc: p.xml(t, "other", template{method: more + "ecdsa-sha256"}), policy: p.policy(t, XMLSig, bin), code: CodeNotAllowed},
		"other kind":   {doc: good, policy: p.policy(t, CMS), code: CodeKind},
		"weak key":     {doc: p.xml(t, "weak", template{}), code: CodeAlgorithm},
		"a bare key":   {doc: p.xml(t, "rsa", template{key: `<ds:KeyValue/>`}), code: CodeMalformed},
		"a name":       {doc: p.xml(t, "rsa", template{key: `<ds:KeyName>court</ds:KeyName>`}), code: CodeMalformed},
		"GOST":         {doc: algorithm("urn:ietf:params:xml:ns:pkigovkz:xmlsec:algorithms:gostr34102015-gostr34112015-512"), code: CodeGOST},
		"SHA-1":        {doc: algorithm("http://www.w3.org/2000/09/xmldsig#rsa-sha1"), code: CodeAlgorithm},
		"HMAC":         {doc: algorithm(more + "hmac-sha256"), code: CodeAlgorithm},
		"SHA-1 digest": {doc: change(good, "xmlenc#sha256", "xmldsig#sha1"), code: CodeAlgorithm},

		// Wrapping: the signature is good and stands where it proves nothing about what is read.
		"in a wrapper":                {doc: `<writs>` + evil + `<old>` + body(good) + `</old></writs>`, code: CodeWrapped},
		"in a wrapper by identifier":  {doc: `<writs>` + evil + body(byID) + `</writs>`, code: CodeWrapped},
		"moved up, original below":    {doc: `<writs>` + evil + change(body(byID), idSig, "") + idSig + `</writs>`, code: CodeWrapped},
		"moved up, same identifier":   {doc: `<writs Id="doc">` + evil + change(body(byID), idSig, "") + idSig + `</writs>`, code: CodeWrapped},
		"moved up, other identifier":  {doc: `<writs ID="doc">` + evil + change(body(byID), idSig, "") + idSig + `</writs>`, code: CodeWrapped},
		"moved up, xml identifier":    {doc: `<writs xml:id="doc">` + evil + change(body(byID), idSig, "") + idSig + `</writs>`, code: CodeWrapped},
		"moved up, whole document":    {doc: `<writs>` + evil + change(body(good), sig, "") + sig + `</writs>`, code: CodeMismatch},
		"original inside of Object":   {doc: `<writs Id="x">` + evil + change(idSig, "</ds:KeyInfo>", "</ds:KeyInfo><ds:Object>"+change(body(byID), idSig, "")+"</ds:Object>") + `</writs>`, code: CodeMalformed},
		"over another element":        {doc: inner, code: CodeWrapped},
		"reference outside":           {doc: change(good, `URI=""`, `URI="file:///etc/hostname"`), code: CodeWrapped},
		"reference to nobody":         {doc: change(good, `URI=""`, ``), code: CodeWrapped},
		"twice":                       {doc: change(good, sig, sig+sig), code: CodeWrapped},
		"second, deeper":              {doc: change(good, "<empty/>", "<empty>"+sig+"</empty>"), code: CodeWrapped},
		"second root":                 {doc: good + `<writs>` + evil + `</writs>`, code: CodeDocument},
		"text after the root":         {doc: good + `x`, code: CodeDocument},
		"comment in the digest":       {doc: change(good, "<ds:DigestValue>", "<ds:DigestValue><!-- -->AAAA"), code: CodeInvalid},
		"a second SignedInfo":         {doc: change(good, "<ds:SignedInfo>", "<ds:SignedInfo/><ds:SignedInfo>"), code: CodeMalformed},
		"reference to a part":         {doc: change(good, `URI=""`, `URI="#xpointer(/writs)"`), code: CodeInvalid},
		"SignedInfo changed":          {doc: change(good, `URI=""`, `URI="#doc"`), code: CodeInvalid},
		"two references":              {doc: p.xml(t, "rsa", template{reference: `<ds:Reference URI="#doc"><ds:Transforms><ds:Transform Algorithm="` + enveloped + `"/></ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/></ds:Reference>`}), code: CodeMalformed},
		"object":                      {doc: p.xml(t, "rsa", template{object: `<ds:Object>x</ds:Object>`}), code: CodeMalformed},
		"no canonicalisation":         {doc: p.xml(t, "rsa", template{transforms: `<ds:Transform Algorithm="` + enveloped + `"/>`}), code: CodeMalformed},
		"not enveloped":               {doc: change(good, enveloped, exclusive), code: CodeAlgorithm},
		"the wrong way round":         {doc: change(change(good, enveloped, "x"), exclusive+`"/></ds:Transforms>`, enveloped+`"/></ds:Transforms>`), code: CodeAlgorithm},
		"XPath":                       {doc: p.xml(t, "rsa", template{transforms: `<ds:Transform Algorithm="` + enveloped + `"/><ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>not(ancestor-or-self::writ)</ds:XPath></ds:Transform>`}), code: CodeMalformed},
		"XSLT":                        {doc: change(good, `Algorithm="`+exclusive+`"/></ds:Transforms>`, `Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/></ds:Transforms>`), code: CodeAlgorithm},
		"base64":                      {doc: change(good, `Algorithm="`+exclusive+`"/></ds:Transforms>`, `Algorithm="http://www.w3.org/2000/09/xmldsig#base64"/></ds:Transforms>`), code: CodeAlgorithm},
		"a list of prefixes":          {doc: p.xml(t, "rsa", template{transforms: `<ds:Transform Algorithm="` + enveloped + `"/><ds:Transform Algorithm="` + exclusive + `"><ec:InclusiveNamespaces xmlns:ec="` + exclusive + `" PrefixList="x"/></ds:Transform>`}), code: CodeMalformed},
		"comments in the signed form": {doc: p.xml(t, "rsa", template{c14nInfo: exclusive + "WithComments"}), code: CodeAlgorithm},

		// What a parser could be made to do.
		"DOCTYPE":              {doc: change(good, "<writs ", "<!DOCTYPE writs [<!ENTITY a \"1\">]><writs "), code: CodeDocument},
		"DOCTYPE, lower":       {doc: `<!doctype x>` + body(good), code: CodeDocument},
		"entity":               {doc: change(good, "20155.00", "&sum;"), code: CodeDocument},
		"instruction":          {doc: change(good, "<empty/>", "<?php x?>"), code: CodeDocument},
		"style sheet":          {doc: change(good, "<writs ", "<?xml-stylesheet href='x'?><writs "), code: CodeDocument},
		"late declaration":     {doc: ` ` + good, code: CodeDocument},
		"another charset":      {doc: change(good, `"UTF-8"`, `"windows-1251"`), code: CodeDocument},
		"UTF-16":               {doc: "\xff\xfe<\x00a\x00/\x00>\x00", code: CodeDocument},
		"tags do not match":    {doc: change(good, "</writ>", "</writ2>"), code: CodeDocument},
		"not closed":           {doc: strings.TrimSuffix(strings.TrimSpace(good), "</writs>"), code: CodeDocument},
		"deep":                 {doc: strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100), code: CodeDocument},
		"many attributes":      {doc: "<a " + manyOf(100, `a%d=""`) + "/>", code: CodeDocument},
		"many prefixes":        {doc: "<a>" + manyOf(100, `<b xmlns:p%d="u"/>`) + "</a>", code: CodeDocument},
		"many elements":        {doc: "<a>" + strings.Repeat("<b/>", maxElements) + "</a>", code: CodeDocumentTooBig},
		"large":                {doc: "<a>" + strings.Repeat(" ", maxXML) + "</a>", code: CodeDocumentTooBig},
		"reserved prefix":      {doc: change(good, `xmlns:k="urn:k"`, `xmlns:xml="urn:k" xmlns:k="urn:k"`), code: CodeMalformed},
		"prefix of nobody":     {doc: change(good, "<empty/>", "<q:empty/>"), code: CodeDocument},
		"a mark in the middle": {doc: change(good, "20155", "201\ufeff55"), code: CodeMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.policy.kind == "" {
				c.policy = policy
			}
			if c.at.IsZero() {
				c.at = now
			}
			verified, s, err := VerifyXML(c.policy, c.at, strings.NewReader(c.doc))
			refused(t, err, c.code)
			if verified != nil || s != (Signer{}) {
				t.Error("something verified all the same")
			}
		})
	}
}

// body is the base64 of a certificate, as xmlsec1 writes it too.
func (p *peers) body(tb testing.TB, name string) string {
	tb.Helper()
	_, text, _ := strings.Cut(p.pem(tb, name), "-----BEGIN CERTIFICATE-----\n")
	text, _, _ = strings.Cut(text, "\n-----END")
	return text
}

func manyOf(n int, format string) string {
	var all strings.Builder
	for i := range n {
		_, _ = fmt.Fprintf(&all, format+" ", i)
	}
	return all.String()
}

// What an attacker may add without breaking the signature is not in the bytes that come back.
func TestVerifyXML_givesBackOnlyWhatWasSigned(t *testing.T) {
	t.Parallel()
	p := withPeers(t)
	policy := p.policy(t, XMLSig)
	good := p.xml(t, "rsa", template{})
	want, _, err := VerifyXML(policy, now, strings.NewReader(good))
	if err != nil {
		t.Fatal(err)
	}
	for name, doc := range map[string]string{
		"a mark":                  "\ufeff" + good,
		"a comment in a value":    strings.Replace(good, "20155.00", "20155<!-- -->.00", 1),
		"a comment for a value":   strings.Replace(good, "20155.00", "<!--1.00-->20155.00", 1),
		"comments around":         strings.Replace(good, "<writs ", "<!-- a --><writs ", 1) + "<!-- b -->",
		"CDATA":                   strings.Replace(good, "20155.00", "<![CDATA[20155.00]]>", 1),
		"a character by number":   strings.Replace(good, "20155.00", "&#50;0155.00", 1),
		"order of attributes":     strings.Replace(good, `b="2" a="1"`, `a='1'  b='2'`, 1),
		"an unused prefix":        strings.Replace(good, "<empty/>", `<empty xmlns:z="urn:z"/>`, 1),
		"a note beside the key":   strings.Replace(good, "<ds:KeyInfo>", "<ds:KeyInfo><ds:KeyName>1.00</ds:KeyName>", 1),
		"another default declare": strings.Replace(good, "<writ ", `<writ xmlns="urn:court" `, 1),
	} {
		if doc == good {
			t.Errorf("%s: nothing was changed", name)
		}
		got, _, err := VerifyXML(policy, now, strings.NewReader(doc))
		if err != nil || string(got) != string(want) {
			t.Errorf("%s: %v\n%s", name, err, got)
		}
	}
}

func TestVerifyXML_tellsFaultsOfReadingApart(t *testing.T) {
	t.Parallel()
	p := withPeers(t)
	lost := errors.New("the disk is gone")
	if _, _, err := VerifyXML(p.policy(t, XMLSig), now, failing{lost}); !errors.Is(err, lost) {
		t.Errorf("%v", err)
	}
}

// The largest batch must be verified within the memory of a small server.
func BenchmarkVerifyXML_rows(b *testing.B) {
	p := withPeers(b)
	tools(b, "xmlsec1")
	policy := p.policy(b, XMLSig)
	for _, rows := range []int{1000, 10_000, 40_000} {
		for name, c14n := range map[string]string{"exclusive": exclusive, "inclusive": inclusive} {
			row := `<writ>` + strings.Repeat("<debtor_name>Ахметов Айдар</debtor_name>", 20) + "</writ>\n"
			doc := signedXML(b, p, `<?xml version="1.0" encoding="UTF-8"?>`+"<writs>"+strings.Repeat(row, rows)+template{c14n: c14n}.String()+"</writs>", "rsa")
			b.Run(fmt.Sprintf("%s/%d", name, rows), func(b *testing.B) {
				b.SetBytes(int64(len(doc)))
				b.ReportAllocs()
				for b.Loop() {
					if _, _, err := VerifyXML(policy, now, strings.NewReader(doc)); err != nil {
						b.Fatal(err)
					}
				}
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				b.ReportMetric(float64(m.HeapSys>>20), "MB-heap")
			})
		}
	}
}
