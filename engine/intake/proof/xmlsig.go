package proof

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"strings"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"
)

// signature is an XML signature as its SignedInfo states it, read from the very bytes that are signed.
type signature struct {
	info   []byte // SignedInfo in canonical form
	method x509.SignatureAlgorithm
	value  []byte
	leaf   *x509.Certificate
	others []*x509.Certificate

	uri          string
	transform    dsig.Canonicalizer
	withComments bool
	hash         crypto.Hash
	digest       []byte
}

// readSignature reads a Signature element of exactly the permitted form.
func readSignature(el *etree.Element) (*signature, error) {
	parts, err := children(el, dsig.SignedInfoTag, dsig.SignatureValueTag, dsig.KeyInfoTag)
	if err != nil {
		return nil, err
	}
	s := &signature{}
	if err := s.readInfo(parts[0]); err != nil {
		return nil, err
	}
	if s.value, err = decoded(parts[1]); err != nil {
		return nil, err
	}
	if err := s.readKey(parts[2]); err != nil {
		return nil, err
	}
	return s, nil
}

// readInfo brings SignedInfo into its canonical form and reads that, never the original.
func (s *signature) readInfo(original *etree.Element) error {
	algorithms := func(el *etree.Element) string { return el.SelectAttrValue(dsig.AlgorithmAttr, "") }
	first := original.ChildElements()
	if len(first) == 0 {
		return refuse(CodeMalformed, dsig.SignedInfoTag)
	}
	c14n := canonicalizer(algorithms(first[0]))
	if c14n == nil {
		return refuse(CodeAlgorithm, dsig.CanonicalizationMethodTag)
	}
	info := original // inclusive C14N 1.0 looks at the parents itself, since it also inherits xml:lang
	if c14n.Algorithm() != dsig.CanonicalXML10RecAlgorithmId {
		scope, err := etreeutils.NSBuildParentContext(original)
		if err != nil {
			return refuse(CodeMalformed, dsig.SignedInfoTag)
		}
		if info, err = etreeutils.NSDetatch(scope, original); err != nil {
			return refuse(CodeMalformed, dsig.SignedInfoTag)
		}
	}
	var err error
	if s.info, err = c14n.Canonicalize(info); err != nil {
		return refuse(CodeMalformed, dsig.SignedInfoTag)
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(s.info); err != nil {
		return refuse(CodeMalformed, dsig.SignedInfoTag)
	}
	parts, err := children(doc.Root(), dsig.CanonicalizationMethodTag, dsig.SignatureMethodTag, dsig.ReferenceTag)
	if err != nil {
		return err
	}
	if len(parts[0].Child) > 0 || algorithms(parts[0]) != string(c14n.Algorithm()) {
		return refuse(CodeMalformed, dsig.CanonicalizationMethodTag)
	}
	method := algorithms(parts[1])
	if isGOSTURI(method) {
		return refuse(CodeGOST, dsig.SignatureMethodTag)
	}
	if s.method = methods[method]; s.method == 0 || len(parts[1].Child) > 0 {
		return refuse(CodeAlgorithm, dsig.SignatureMethodTag)
	}
	return s.readReference(parts[2])
}

func (s *signature) readReference(el *etree.Element) error {
	uri := el.SelectAttr(dsig.URIAttr)
	if uri == nil || uri.Value != "" && !strings.HasPrefix(uri.Value, "#") {
		return refuse(CodeWrapped, placeReference)
	}
	s.uri = uri.Value
	parts, err := children(el, dsig.TransformsTag, dsig.DigestMethodTag, dsig.DigestValueTag)
	if err != nil {
		return err
	}
	transforms, err := children(parts[0], dsig.TransformTag, dsig.TransformTag)
	if err != nil {
		return err
	}
	for _, t := range transforms {
		if len(t.Child) > 0 { // XPath, XSLT, lists of prefixes
			return refuse(CodeMalformed, dsig.TransformTag)
		}
	}
	algorithm := transforms[1].SelectAttrValue(dsig.AlgorithmAttr, "")
	plain, withComments := strings.CutSuffix(algorithm, "#WithComments")
	if withComments && plain == strings.TrimSuffix(string(dsig.CanonicalXML10ExclusiveAlgorithmId), "#") {
		plain += "#"
	}
	s.withComments, s.transform = withComments, canonicalizer(plain)
	if s.transform == nil || transforms[0].SelectAttrValue(dsig.AlgorithmAttr, "") != string(dsig.EnvelopedSignatureAltorithmId) {
		return refuse(CodeAlgorithm, dsig.TransformTag)
	}
	method := parts[1].SelectAttrValue(dsig.AlgorithmAttr, "")
	if isGOSTURI(method) {
		return refuse(CodeGOST, dsig.DigestMethodTag)
	}
	if s.hash = xmlDigests[method]; s.hash == 0 || len(parts[1].Child) > 0 {
		return refuse(CodeAlgorithm, dsig.DigestMethodTag)
	}
	s.digest, err = decoded(parts[2])
	return err
}

// readKey takes the certificates. Whatever else KeyInfo holds proves nothing and is not looked at.
func (s *signature) readKey(info *etree.Element) error {
	var certs []*x509.Certificate
	for data := range info.ChildElementsSeq() {
		if data.Tag != dsig.X509DataTag || data.NamespaceURI() != dsig.Namespace {
			continue
		}
		for el := range data.ChildElementsSeq() {
			if el.Tag != dsig.X509CertificateTag || el.NamespaceURI() != dsig.Namespace {
				continue
			}
			der, err := decoded(el)
			if err != nil {
				return err
			}
			c, err := x509.ParseCertificate(der)
			if err != nil {
				return refuse(CodeMalformed, dsig.X509CertificateTag)
			}
			if certs = append(certs, c); len(certs) > maxCertificates {
				return refuse(CodeTooLarge, dsig.KeyInfoTag)
			}
		}
	}
	// The order is free. The signer is the one who is no authority; a lone certificate is his in any case.
	for _, c := range certs {
		switch {
		case c.IsCA && len(certs) > 1:
			s.others = append(s.others, c)
		case s.leaf != nil:
			return refuse(CodeMalformed, dsig.KeyInfoTag)
		default:
			s.leaf = c
		}
	}
	if s.leaf == nil {
		return refuse(CodeMalformed, dsig.KeyInfoTag)
	}
	return nil
}

// checkValue verifies the signature of SignedInfo with the key of the certificate.
func (s *signature) checkValue() error {
	value := s.value
	if key, ok := s.leaf.PublicKey.(*ecdsa.PublicKey); ok {
		var err error
		if value, err = fromHalves(value, (key.Params().BitSize+7)/8); err != nil {
			return err
		}
	}
	if err := s.leaf.CheckSignature(s.method, s.info, value); err != nil {
		return refuse(CodeInvalid, dsig.SignatureValueTag)
	}
	return nil
}

// fromHalves turns the r and s of XML signatures, side by side, into what crypto/x509 reads.
func fromHalves(value []byte, size int) ([]byte, error) {
	if len(value) != 2*size {
		return nil, refuse(CodeInvalid, dsig.SignatureValueTag)
	}
	out, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(value[:size]), new(big.Int).SetBytes(value[size:])})
	if err != nil {
		return nil, refuse(CodeInvalid, dsig.SignatureValueTag)
	}
	return out, nil
}

// children gives the elements inside another one, which must be these, in this order, and nothing but space between.
func children(el *etree.Element, tags ...string) ([]*etree.Element, error) {
	var found []*etree.Element
	for _, token := range el.Child {
		switch t := token.(type) {
		case *etree.Element:
			found = append(found, t)
		case *etree.CharData:
			if !t.IsWhitespace() {
				return nil, refuse(CodeMalformed, place(el))
			}
		case *etree.Comment:
		default:
			return nil, refuse(CodeMalformed, place(el))
		}
	}
	if len(found) != len(tags) {
		return nil, refuse(CodeMalformed, place(el))
	}
	for i, tag := range tags {
		if found[i].Tag != tag || found[i].NamespaceURI() != dsig.Namespace {
			return nil, refuse(CodeMalformed, place(el))
		}
	}
	return found, nil
}

// place names an element of the signature. Names of others may be anything, so they are not told.
func place(el *etree.Element) string {
	switch el.Tag {
	case dsig.SignedInfoTag, dsig.ReferenceTag, dsig.TransformsTag:
		return el.Tag
	}
	return placeSignature
}

// decoded reads an element that holds base64 and nothing else.
func decoded(el *etree.Element) ([]byte, error) {
	var text strings.Builder
	for _, token := range el.Child {
		data, ok := token.(*etree.CharData)
		if !ok {
			return nil, refuse(CodeMalformed, placeSignature)
		}
		text.WriteString(data.Data)
	}
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text.String()), ""))
	if err != nil || len(raw) == 0 || len(raw) > maxSignature {
		return nil, refuse(CodeMalformed, placeSignature)
	}
	return raw, nil
}

// canonicalizer gives a method of canonicalisation without comments, or nil.
func canonicalizer(algorithm string) dsig.Canonicalizer {
	switch dsig.AlgorithmID(algorithm) {
	case dsig.CanonicalXML10ExclusiveAlgorithmId:
		return dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	case dsig.CanonicalXML10RecAlgorithmId:
		return dsig.MakeC14N10RecCanonicalizer()
	case dsig.CanonicalXML11AlgorithmId:
		return dsig.MakeC14N11Canonicalizer()
	default:
		return nil
	}
}

var methods = map[string]x509.SignatureAlgorithm{
	dsig.RSASHA256SignatureMethod:   x509.SHA256WithRSA,
	dsig.RSASHA384SignatureMethod:   x509.SHA384WithRSA,
	dsig.RSASHA512SignatureMethod:   x509.SHA512WithRSA,
	dsig.ECDSASHA256SignatureMethod: x509.ECDSAWithSHA256,
	dsig.ECDSASHA384SignatureMethod: x509.ECDSAWithSHA384,
	dsig.ECDSASHA512SignatureMethod: x509.ECDSAWithSHA512,
}

var xmlDigests = map[string]crypto.Hash{
	"http://www.w3.org/2001/04/xmlenc#sha256":       crypto.SHA256,
	"http://www.w3.org/2001/04/xmldsig-more#sha384": crypto.SHA384,
	"http://www.w3.org/2001/04/xmlenc#sha512":       crypto.SHA512,
}

// isGOSTURI recognises the names of the methods of national cryptography.
func isGOSTURI(algorithm string) bool { return strings.Contains(strings.ToLower(algorithm), "gost") }
