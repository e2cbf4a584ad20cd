// Package cms writes detached signatures in the Cryptographic Message Syntax (RFC 5652), over RSA and ECDSA.
//
// It must not read a clock, a file or a signature: what is said of the time is handed in, and others verify. Signing is written here, since
// the library that we read signatures with would take the time from the computer's clock, and says it where a PDF may not have it.
//
// The entry point is [Sign].
package cms

import (
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
		Attributes []Attribute `asn1:"set,tag:0"`
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

// SigningCertificate binds a signature to the certificate that it was made under (RFC 5035), so that no other one with the same key can
// be put in its place.
func SigningCertificate(c *x509.Certificate) Attribute {
	type certID struct{ Hash []byte } // by SHA-256, which is what is meant when no algorithm is named
	sum := sha256.Sum256(c.Raw)
	return Attribute{OIDSigningCertificateV2, []any{struct{ Certs []certID }{[]certID{{sum[:]}}}}}
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
	hash, digest, method := crypto.SHA256, pkcs7.OIDDigestAlgorithmSHA256, pkix.AlgorithmIdentifier{Algorithm: pkcs7.OIDEncryptionAlgorithmRSA, Parameters: asn1.NullRawValue}
	if public, ok := key.Public().(*ecdsa.PublicKey); ok {
		if public.Params().BitSize > 256 {
			hash, digest = crypto.SHA384, pkcs7.OIDDigestAlgorithmSHA384
		}
		method = pkix.AlgorithmIdentifier{Algorithm: ecdsaMethods[hash]}
	}
	info := signerInfo{
		Version: 1, ID: issuerAndSerial{asn1.RawValue{FullBytes: chain[0].RawIssuer}, chain[0].SerialNumber},
		Digest: pkix.AlgorithmIdentifier{Algorithm: digest}, Method: method,
		Attributes: append([]Attribute{
			{pkcs7.OIDAttributeContentType, []any{pkcs7.OIDData}},
			{pkcs7.OIDAttributeMessageDigest, []any{sum(hash, content)}},
		}, attributes...),
	}
	covered, err := asn1.MarshalWithParams(info.Attributes, "set")
	if err != nil {
		return nil, fmt.Errorf("cms: %w", err)
	}
	if info.Value, err = key.Sign(rand.Reader, sum(hash, covered), hash); err != nil {
		return nil, fmt.Errorf("cms: %w", err)
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

func sum(hash crypto.Hash, content []byte) []byte {
	h := hash.New()
	_, _ = h.Write(content) // a hash never fails
	return h.Sum(nil)
}
