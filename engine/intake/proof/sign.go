package proof

import (
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"robotbailiff/internal/cms"
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
		der, err := cms.Sign(chain, key, content, cms.SigningTime(at))
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
