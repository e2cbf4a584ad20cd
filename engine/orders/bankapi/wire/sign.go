package wire

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

// SignatureHeader has the detached signature of the raw body (RFC 7515, appendix F): header, two dots, signature.
const SignatureHeader = "Bank-Signature"

const (
	maxSignature = 2048 // bytes
	minRSA       = 3072 // bits
	maxKeys      = 2    // the one in use and its successor
)

// algorithms are those that a message may be signed by. Each goes with one type of key, so that nobody can choose a weaker one; an
// HMAC is not among them, since with it each side could have written what the other did.
var algorithms = []jose.SignatureAlgorithm{jose.EdDSA, jose.ES256, jose.PS256}

// KeyError refuses a key at start-up. It never holds one.
type KeyError struct{ Problem string }

// Error implements error.
func (e *KeyError) Error() string { return "bank key refused: " + e.Problem }

// ErrSignature says that a message is not signed by a key that we were told of.
var ErrSignature = errors.New("bad_signature")

// Signer signs messages. It is safe for concurrent use.
type Signer struct {
	jose   jose.Signer
	public crypto.PublicKey
	id     string
}

// NewSigner reads a private key: PEM of an unencrypted PKCS #8 key; Ed25519, P-256, or RSA of 3072 bits or more.
func NewSigner(text []byte) (*Signer, error) {
	block, rest := pem.Decode(text)
	switch {
	case len(bytes.TrimSpace(text)) == 0:
		return nil, &KeyError{"the file is empty"}
	case block == nil || block.Type != "PRIVATE KEY" || len(bytes.TrimSpace(rest)) > 0:
		return nil, &KeyError{"not PEM of one unencrypted PKCS #8 key: openssl pkcs8 -topk8 -nocrypt makes one"}
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, &KeyError{"it cannot be read"}
	}
	key, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, &KeyError{"it cannot sign"}
	}
	alg, err := algorithmOf(key.Public())
	if err != nil {
		return nil, err
	}
	id, err := thumbprint(key.Public())
	if err != nil {
		return nil, err
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: parsed, KeyID: id}}, nil)
	if err != nil {
		return nil, &KeyError{"it cannot sign"}
	}
	return &Signer{jose: s, public: key.Public(), id: id}, nil
}

// Sign gives the detached signature of a body.
func (s *Signer) Sign(body []byte) (string, error) {
	signed, err := s.jose.Sign(body)
	if err != nil {
		return "", fmt.Errorf("bank signature: %w", err)
	}
	return signed.DetachedCompactSerialize()
}

// ID is the thumbprint of the key (RFC 7638), by which both sides name it.
func (s *Signer) ID() string { return s.id }

// Verifier believes what this signer signs: a file of our own is read back by it.
func (s *Signer) Verifier() *Verifier {
	return &Verifier{[]verifying{{s.public, s.id}}}
}

// Verifier proves signatures. It is safe for concurrent use.
type Verifier struct{ keys []verifying }

type verifying struct {
	public crypto.PublicKey
	id     string
}

// NewVerifier reads the public keys of the other side, one, or two while one replaces the other: PEM of public keys or certificates. Of a
// certificate nothing counts but its key: whom it belongs to was agreed when the file was handed over.
func NewVerifier(texts ...[]byte) (*Verifier, error) {
	v := &Verifier{}
	for _, text := range texts {
		if len(bytes.TrimSpace(text)) == 0 {
			return nil, &KeyError{"the file is empty"}
		}
		for len(bytes.TrimSpace(text)) > 0 {
			var block *pem.Block
			if block, text = pem.Decode(text); block == nil {
				return nil, &KeyError{"not PEM of a public key or a certificate"}
			}
			if err := v.add(block); err != nil {
				return nil, err
			}
		}
	}
	if len(v.keys) == 0 || len(v.keys) > maxKeys {
		return nil, &KeyError{fmt.Sprintf("%d public keys given, one or two wanted", len(v.keys))}
	}
	return v, nil
}

func (v *Verifier) add(block *pem.Block) error {
	var public crypto.PublicKey
	switch block.Type {
	case "PUBLIC KEY":
		var err error
		if public, err = x509.ParsePKIXPublicKey(block.Bytes); err != nil {
			return &KeyError{"a public key cannot be read"}
		}
	case "CERTIFICATE":
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return &KeyError{"a certificate cannot be read"}
		}
		public = cert.PublicKey
	default:
		return &KeyError{"not PEM of a public key or a certificate"}
	}
	if _, err := algorithmOf(public); err != nil {
		return err
	}
	id, err := thumbprint(public)
	if err != nil {
		return err
	}
	if v.Knows(id) {
		return &KeyError{"the same key twice"}
	}
	v.keys = append(v.keys, verifying{public, id})
	return nil
}

// Knows says whether the key with this thumbprint is among those believed.
func (v *Verifier) Knows(id string) bool {
	for _, k := range v.keys {
		if k.id == id {
			return true
		}
	}
	return false
}

// Verify proves that the raw body was signed by one of the keys, and names it. The error is [ErrSignature].
func (v *Verifier) Verify(signature string, body []byte) (key string, err error) {
	if signature == "" || len(signature) > maxSignature {
		return "", ErrSignature
	}
	signed, err := jose.ParseDetached(signature, body, algorithms)
	if err != nil || len(signed.Signatures) != 1 {
		return "", ErrSignature
	}
	for _, k := range v.keys {
		if alg, err := algorithmOf(k.public); err != nil || string(alg) != signed.Signatures[0].Protected.Algorithm {
			continue
		}
		if signed.DetachedVerify(body, k.public) == nil {
			return k.id, nil
		}
	}
	return "", ErrSignature
}

// algorithmOf gives the one algorithm of a key.
func algorithmOf(public crypto.PublicKey) (jose.SignatureAlgorithm, error) {
	switch key := public.(type) {
	case ed25519.PublicKey:
		return jose.EdDSA, nil
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P256() {
			return jose.ES256, nil
		}
	case *rsa.PublicKey:
		if key.N.BitLen() >= minRSA {
			return jose.PS256, nil
		}
		return "", &KeyError{fmt.Sprintf("RSA of less than %d bits", minRSA)}
	}
	return "", &KeyError{"Ed25519, P-256 or RSA is wanted"}
}

func thumbprint(public crypto.PublicKey) (string, error) {
	sum, err := (&jose.JSONWebKey{Key: public}).Thumbprint(crypto.SHA256)
	if err != nil {
		return "", &KeyError{"it cannot be named"}
	}
	return base64.RawURLEncoding.EncodeToString(sum), nil
}
