package proof

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/smallstep/pkcs7"
)

// Media types of [Signature].
const (
	TypeCMS = "application/pkcs7-signature" // DER, detached
	TypeJWS = "application/jose"            // compact form, with the content left out between the two dots (RFC 7515, appendix F)
)

// Signature is a detached signature of ours.
type Signature struct {
	Type  string
	Bytes []byte
}

// ReceiptSigner signs what we send back, so that the receiver can prove that it came from us. It is safe for concurrent
// use.
type ReceiptSigner struct {
	sign func(at time.Time, content []byte) (Signature, error)
	info string
}

// Sign makes a detached signature. The instant is what the signature says of its time, where it says one.
func (r *ReceiptSigner) Sign(at time.Time, content []byte) (Signature, error) {
	return r.sign(at, content)
}

// Info is what a receiver needs to verify: the certificates in PEM, or the public key as a JWK.
func (r *ReceiptSigner) Info() string { return r.info }

// String hides the key.
func (r *ReceiptSigner) String() string { return "proof.ReceiptSigner(hidden)" }

// ParseSigner reads a certificate, followed by its intermediates, and its key in PKCS #8, from PEM text.
func ParseSigner(certPEM, keyPEM []byte) (*ReceiptSigner, error) {
	chain, err := ParseCertificates(certPEM)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(keyPEM)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("proof: the key is not PEM of an unencrypted PKCS #8 key: openssl pkcs8 -topk8 -nocrypt makes one")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("proof: the key cannot be read")
	}
	key, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, errors.New("proof: the key cannot sign")
	}
	return NewSigner(chain, key)
}

// NewSigner signs with CMS, under the first certificate of the chain; the others go along for the verifier.
func NewSigner(chain []*x509.Certificate, key crypto.Signer) (*ReceiptSigner, error) {
	if len(chain) == 0 {
		return nil, errors.New("proof: a signer needs a certificate")
	}
	leaf := chain[0]
	if err := strongKey(leaf); err != nil {
		return nil, err
	}
	if leaf.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0 {
		return nil, refuse(CodeUsage, placeCertificate)
	}
	public, ok := leaf.PublicKey.(interface{ Equal(x crypto.PublicKey) bool })
	if !ok || !public.Equal(key.Public()) {
		return nil, errors.New("proof: the key is not that of the certificate")
	}
	var info []byte
	for _, c := range chain {
		info = append(info, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return &ReceiptSigner{info: string(info), sign: func(at time.Time, content []byte) (Signature, error) {
		der, err := signCMS(chain, key, at, content)
		return Signature{Type: TypeCMS, Bytes: der}, err
	}}, nil
}

// NewKeySigner signs with Ed25519, for an installation that has no certificate. The seed is 32 secret bytes.
func NewKeySigner(seed []byte) (*ReceiptSigner, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("proof: a seed has %d bytes", ed25519.SeedSize)
	}
	key := ed25519.NewKeyFromSeed(seed)
	text := base64.RawURLEncoding.EncodeToString
	public, _ := key.Public().(ed25519.PublicKey)
	jwk := `{"crv":"Ed25519","kty":"OKP","x":"` + text(public) + `"}`
	thumbprint := sha256.Sum256([]byte(jwk)) // RFC 7638: just these members, in this order
	header := text([]byte(`{"alg":"EdDSA","kid":"` + text(thumbprint[:]) + `"}`))
	return &ReceiptSigner{info: jwk, sign: func(_ time.Time, content []byte) (Signature, error) {
		sum := ed25519.Sign(key, []byte(header+"."+text(content)))
		return Signature{Type: TypeJWS, Bytes: []byte(header + ".." + text(sum))}, nil
	}}, nil
}

// The structures of RFC 5652. Signing is written here, since the library would take the time from the computer's clock.
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
		Attributes []attribute `asn1:"set,tag:0"`
		Method     pkix.AlgorithmIdentifier
		Value      []byte
	}
	issuerAndSerial struct {
		Issuer asn1.RawValue
		Serial *big.Int
	}
	attribute struct {
		Type   asn1.ObjectIdentifier
		Values []any `asn1:"set"`
	}
)

func signCMS(chain []*x509.Certificate, key crypto.Signer, at time.Time, content []byte) ([]byte, error) {
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
		Attributes: []attribute{
			{pkcs7.OIDAttributeContentType, []any{pkcs7.OIDData}},
			{pkcs7.OIDAttributeSigningTime, []any{at.UTC()}},
			{pkcs7.OIDAttributeMessageDigest, []any{sum(hash, content)}},
		},
	}
	attributes, err := asn1.MarshalWithParams(info.Attributes, "set")
	if err != nil {
		return nil, fmt.Errorf("proof: sign: %w", err)
	}
	if info.Value, err = key.Sign(rand.Reader, sum(hash, attributes), hash); err != nil {
		return nil, fmt.Errorf("proof: sign: %w", err)
	}
	data := signedData{Version: 1, Digests: []pkix.AlgorithmIdentifier{info.Digest}, Signers: []signerInfo{info}}
	data.Encapsulated.Type = pkcs7.OIDData
	for _, c := range chain {
		data.Certificates = append(data.Certificates, asn1.RawValue{FullBytes: c.Raw})
	}
	der, err := asn1.Marshal(contentInfo{Type: pkcs7.OIDSignedData, Content: data})
	if err != nil {
		return nil, fmt.Errorf("proof: sign: %w", err)
	}
	return der, nil
}
