// Package cms writes detached signatures in the Cryptographic Message Syntax (RFC 5652), over RSA and ECDSA.
//
// It must not read a clock or a file, and must not judge a signature: what is said of the time is handed in, and others verify. Signing is
// written here, since the library that we read signatures with would take the time from the computer's clock, and says it where a PDF may
// not have it.
//
// The entry points are [Sign] and [AsWritten].
package cms

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/smallstep/pkcs7"
)

// The structures of RFC 5652.
type (
	contentInfo struct {
		Type    asn1.ObjectIdentifier
		Content signedData `asn1:"explicit,tag:0"`
	}
	signedData struct {
		Version      int
		Digests      []pkix.AlgorithmIdentifier `asn1:"set"`
		Encapsulated struct{ Type asn1.ObjectIdentifier }
		Certificates []asn1.RawValue `asn1:"set,tag:0"`
		Signers      []signerInfo    `asn1:"set"`
	}
	signerInfo struct {
		Version    int
		ID         issuerAndSerial
		Digest     pkix.AlgorithmIdentifier
		Attributes asn1.RawValue // a set under the tag 0
		Method     pkix.AlgorithmIdentifier
		Value      []byte
	}
	issuerAndSerial struct {
		Issuer asn1.RawValue
		Serial *big.Int
	}
)

// Attribute is something that a signature says and covers.
type Attribute struct {
	Type   asn1.ObjectIdentifier
	Values []any `asn1:"set"`
}

// SigningTime says when something was signed.
func SigningTime(at time.Time) Attribute {
	return Attribute{pkcs7.OIDAttributeSigningTime, []any{at.UTC()}}
}

// OIDSigningCertificateV2 is the type of the attribute that [SigningCertificate] makes.
var OIDSigningCertificateV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}

// SigningCertificate binds a signature to the certificate that it was made under and to those that go along (RFC 5035), so that no other one
// can be put in the place of any.
func SigningCertificate(chain ...*x509.Certificate) Attribute {
	type certID struct{ Hash []byte } // by SHA-256, which is what is meant when no algorithm is named
	var ids []certID
	for _, c := range chain {
		sum := sha256.Sum256(c.Raw)
		ids = append(ids, certID{sum[:]})
	}
	return Attribute{OIDSigningCertificateV2, []any{struct{ Certs []certID }{ids}}}
}

var ecdsaMethods = map[crypto.Hash]asn1.ObjectIdentifier{
	crypto.SHA256: pkcs7.OIDDigestAlgorithmECDSASHA256,
	crypto.SHA384: pkcs7.OIDDigestAlgorithmECDSASHA384,
}

// Sign makes a detached signature over content under the first certificate of a chain; the others go along for the verifier. Besides the
// content it says and covers the attributes.
func Sign(chain []*x509.Certificate, key crypto.Signer, content []byte, attributes ...Attribute) ([]byte, error) {
	if len(chain) == 0 {
		return nil, errors.New("cms: a signer needs a certificate")
	}
	hash := hashOf(key.Public())
	covered, err := asn1.MarshalWithParams(append([]Attribute{
		{pkcs7.OIDAttributeContentType, []any{pkcs7.OIDData}},
		{pkcs7.OIDAttributeMessageDigest, []any{sum(hash, content)}},
	}, attributes...), "set")
	if err != nil {
		return nil, fmt.Errorf("cms: %w", err)
	}
	value, err := key.Sign(rand.Reader, sum(hash, covered), hash)
	if err != nil {
		return nil, fmt.Errorf("cms: %w", err)
	}
	return write(chain, covered, value)
}

// AsWritten says whether a detached signature is, byte for byte, what [Sign] writes around its certificates, its attributes and its value.
// These are for others to verify; what stands around them is covered by no signature.
func AsWritten(der []byte) bool {
	var read contentInfo
	if rest, err := asn1.Unmarshal(der, &read); err != nil || len(rest) > 0 || len(read.Content.Signers) != 1 {
		return false
	}
	var chain []*x509.Certificate
	for _, raw := range read.Content.Certificates {
		c, err := x509.ParseCertificate(raw.FullBytes)
		if err != nil {
			return false
		}
		chain = append(chain, c)
	}
	signer := read.Content.Signers[0]
	who := slices.IndexFunc(chain, func(c *x509.Certificate) bool { // they are a set: the order is that of their bytes
		return bytes.Equal(c.RawIssuer, signer.ID.Issuer.FullBytes) && signer.ID.Serial != nil && c.SerialNumber.Cmp(signer.ID.Serial) == 0
	})
	attributes, err := rewritten(signer.Attributes)
	if who < 0 || err != nil {
		return false
	}
	chain[0], chain[who] = chain[who], chain[0]
	again, err := write(chain, attributes, signer.Value)
	return err == nil && bytes.Equal(again, der)
}

// rewritten writes attributes anew, in the one way that DER has: libraries do the same before they verify them, and so see no other way.
func rewritten(attributes asn1.RawValue) ([]byte, error) {
	type attribute struct {
		Type   asn1.ObjectIdentifier
		Values []asn1.RawValue `asn1:"set"`
	}
	if len(attributes.FullBytes) == 0 {
		return nil, errors.New("cms: no attributes")
	}
	var all []attribute
	if _, err := asn1.UnmarshalWithParams(append([]byte{asn1.TagSet | 0x20}, attributes.FullBytes[1:]...), &all, "set"); err != nil {
		return nil, fmt.Errorf("cms: %w", err)
	}
	der, err := asn1.MarshalWithParams(all, "set")
	if err != nil {
		return nil, fmt.Errorf("cms: %w", err)
	}
	return der, nil
}

// write puts a signature together from its parts; the attributes are a set under any tag.
func write(chain []*x509.Certificate, attributes, value []byte) ([]byte, error) {
	leaf := chain[0]
	digest, method := pkcs7.OIDDigestAlgorithmSHA256, pkix.AlgorithmIdentifier{Algorithm: pkcs7.OIDEncryptionAlgorithmRSA, Parameters: asn1.NullRawValue}
	if hash := hashOf(leaf.PublicKey); leaf.PublicKeyAlgorithm == x509.ECDSA {
		method = pkix.AlgorithmIdentifier{Algorithm: ecdsaMethods[hash]}
		if hash == crypto.SHA384 {
			digest = pkcs7.OIDDigestAlgorithmSHA384
		}
	}
	info := signerInfo{
		Version: 1, ID: issuerAndSerial{asn1.RawValue{FullBytes: leaf.RawIssuer}, leaf.SerialNumber},
		Digest: pkix.AlgorithmIdentifier{Algorithm: digest}, Method: method, Value: value,
		Attributes: asn1.RawValue{FullBytes: append([]byte{0xa0}, attributes[1:]...)},
	}
	data := signedData{Version: 1, Digests: []pkix.AlgorithmIdentifier{info.Digest}, Signers: []signerInfo{info}}
	data.Encapsulated.Type = pkcs7.OIDData
	for _, c := range chain {
		data.Certificates = append(data.Certificates, asn1.RawValue{FullBytes: c.Raw})
	}
	der, err := asn1.Marshal(contentInfo{Type: pkcs7.OIDSignedData, Content: data})
	if err != nil {
		return nil, fmt.Errorf("cms: %w", err)
	}
	return der, nil
}

// hashOf is the hash that a key of a kind signs.
func hashOf(public crypto.PublicKey) crypto.Hash {
	if curve, ok := public.(*ecdsa.PublicKey); ok && curve.Params().BitSize > 256 {
		return crypto.SHA384
	}
	return crypto.SHA256
}

func sum(hash crypto.Hash, content []byte) []byte {
	h := hash.New()
	_, _ = h.Write(content) // a hash never fails
	return h.Sum(nil)
}
