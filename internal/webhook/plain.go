package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"time"
)

// PlainHeader is the header with the signature of a [Plain] message.
const PlainHeader = "X-Signature"

// Plain proves the simpler signatures that payment systems without Standard Webhooks make: HMAC-SHA256 over the raw bytes of the body,
// in hexadecimal or base64, in one header. Nothing is signed but the body, so that a message has no id and no time of its own: its id
// is the hash of its bytes, and the same bytes are the same message for ever, however late they come. It is safe for concurrent use.
type Plain struct{ keys [][]byte }

// NewPlain takes one secret, or two while one replaces the other, as [NewVerifier] does.
func NewPlain(secrets []string) (*Plain, error) {
	if _, err := NewVerifier(secrets); err != nil { // the same demands
		return nil, err
	}
	p := &Plain{}
	for _, secret := range secrets {
		key, err := decodeSecret(secret)
		if err != nil {
			return nil, &SecretError{Problem: err.Error()}
		}
		p.keys = append(p.keys, key)
	}
	return p, nil
}

// Verify proves that body was signed with one of the secrets, and gives the id of the message. The error is a [*Error].
func (p *Plain) Verify(header http.Header, body []byte, _ time.Time) (eventID string, err error) {
	text, ok := single(header, PlainHeader)
	if !ok || len(text) > maxSignatures {
		return "", &Error{CodeHeader}
	}
	signature, err := hex.DecodeString(text)
	if err != nil {
		if signature, err = base64.StdEncoding.Strict().DecodeString(text); err != nil {
			return "", &Error{CodeHeader}
		}
	}
	good := false // every secret is tried, so that the time taken does not tell which one fits
	for _, key := range p.keys {
		if hmac.Equal(signature, sum(key, body)) {
			good = true
		}
	}
	if !good {
		return "", &Error{CodeSignature}
	}
	hash := sha256.Sum256(body)
	return "sha256-" + hex.EncodeToString(hash[:]), nil
}

func sum(key, body []byte) []byte {
	m := hmac.New(sha256.New, key)
	_, _ = m.Write(body) // a hash never fails
	return m.Sum(nil)
}
