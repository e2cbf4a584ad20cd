// Package webhook signs messages that systems send to each other over HTTP, and proves their signatures, after Standard Webhooks
// (standardwebhooks.com): payments and delivery reports that come in, pushes and news of cases that go out.
//
// It must not send a request, read a clock or know what a message says. Its errors hold neither a secret nor a part of a message.
package webhook

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

const (
	// Tolerance is how far the time of a message may be from ours, either way.
	Tolerance = 300 * time.Second

	minSecret     = 32   // bytes after decoding
	maxSecrets    = 2    // the one in use and its successor
	maxIDHeader   = 200  // bytes
	maxSignatures = 1024 // bytes of the header with all signatures
	secretPrefix  = "whsec_"
)

// Code says why a message is not believed.
type Code string

// Reasons of a [Error].
const (
	CodeHeader    Code = "header"    // a header is missing, repeated or malformed
	CodeTooOld    Code = "too_old"   // or a replay
	CodeTooNew    Code = "too_new"   // from the future: somebody's clock is wrong
	CodeSignature Code = "signature" // no signature of ours
)

// Error refuses a message. It holds nothing of the message.
type Error struct{ Code Code }

// Error implements error.
func (e *Error) Error() string { return "webhook: message refused: " + string(e.Code) }

// SecretError refuses secrets at start-up. It never holds one.
type SecretError struct {
	Index   int // which of the secrets, from 0; -1 when it is about all
	Problem string
}

// Error implements error.
func (e *SecretError) Error() string {
	if e.Index < 0 {
		return "webhook: secrets refused: " + e.Problem
	}
	return fmt.Sprintf("webhook: secret %d refused: %s", e.Index, e.Problem)
}

// Verifier proves signatures. It is safe for concurrent use.
type Verifier struct{ hooks []*standardwebhooks.Webhook }

// NewVerifier takes one secret, or two while one replaces the other: base64, with or without the prefix whsec_, at least
// 32 bytes when decoded. Anything less is a [*SecretError], so that a program without a secret does not start.
func NewVerifier(secrets []string) (*Verifier, error) {
	if len(secrets) == 0 || len(secrets) > maxSecrets {
		return nil, &SecretError{Index: -1, Problem: fmt.Sprintf("%d given, one or two wanted", len(secrets))}
	}
	v := &Verifier{}
	var keys [][sha256.Size]byte
	for i, secret := range secrets {
		key, err := decodeSecret(secret)
		if err != nil {
			return nil, &SecretError{Index: i, Problem: err.Error()}
		}
		sum := sha256.Sum256(key)
		for _, other := range keys {
			if subtle.ConstantTimeCompare(sum[:], other[:]) == 1 {
				return nil, &SecretError{Index: i, Problem: "the same as the one before"}
			}
		}
		keys = append(keys, sum)
		hook, err := standardwebhooks.NewWebhookRaw(key)
		if err != nil {
			return nil, &SecretError{Index: i, Problem: "not usable"}
		}
		v.hooks = append(v.hooks, hook)
	}
	return v, nil
}

var (
	errSecretEmpty    = errors.New("empty")
	errSecretEncoding = errors.New("not base64")
	errSecretShort    = fmt.Errorf("shorter than %d bytes", minSecret)
	errSecretPlain    = errors.New("all its bytes are the same")
)

func decodeSecret(secret string) ([]byte, error) {
	text := strings.TrimPrefix(secret, secretPrefix)
	if text == "" {
		return nil, errSecretEmpty
	}
	key, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, errSecretEncoding
	}
	if len(key) < minSecret {
		return nil, errSecretShort
	}
	for _, b := range key {
		if b != key[0] {
			return key, nil
		}
	}
	return nil, errSecretPlain
}

// Verify proves that body was signed with one of the secrets within the tolerance around now, and gives the id of the
// message. The library's own check of the time is not used, since it reads the wall clock. The error is a [*Error].
func (v *Verifier) Verify(header http.Header, body []byte, now time.Time) (eventID string, err error) {
	id, ok1 := single(header, standardwebhooks.HeaderWebhookID)
	stamp, ok2 := single(header, standardwebhooks.HeaderWebhookTimestamp)
	signatures, ok3 := single(header, standardwebhooks.HeaderWebhookSignature)
	if !ok1 || !ok2 || !ok3 || !validID(id) || len(signatures) > maxSignatures {
		return "", &Error{CodeHeader}
	}
	at, ok := parseStamp(stamp)
	if !ok {
		return "", &Error{CodeHeader}
	}
	// Every secret is tried, so that the time taken does not tell which one fits.
	good := false
	for _, hook := range v.hooks {
		if hook.VerifyIgnoringTimestamp(body, header) == nil {
			good = true
		}
	}
	switch {
	case !good:
		return "", &Error{CodeSignature}
	case now.Sub(at) > Tolerance:
		return "", &Error{CodeTooOld}
	case at.Sub(now) > Tolerance:
		return "", &Error{CodeTooNew}
	}
	return id, nil
}

// Signer makes signatures. It is safe for concurrent use.
type Signer struct{ hook *standardwebhooks.Webhook }

// NewSigner takes a secret of the form that [NewVerifier] takes.
func NewSigner(secret string) (*Signer, error) {
	key, err := decodeSecret(secret)
	if err != nil {
		return nil, &SecretError{Problem: err.Error()}
	}
	hook, err := standardwebhooks.NewWebhookRaw(key)
	if err != nil {
		return nil, &SecretError{Problem: "not usable"}
	}
	return &Signer{hook}, nil
}

// Sign makes the headers of a message. The error is an [*Error] when the id cannot be signed.
func (s *Signer) Sign(id string, at time.Time, body []byte) (http.Header, error) {
	if !validID(id) {
		return nil, &Error{CodeHeader}
	}
	signature, err := s.hook.Sign(id, at, body)
	if err != nil {
		return nil, fmt.Errorf("webhook: sign: %w", err)
	}
	h := make(http.Header, 3)
	h.Set(standardwebhooks.HeaderWebhookID, id)
	h.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	h.Set(standardwebhooks.HeaderWebhookSignature, signature)
	return h, nil
}

// single gives a header that is there exactly once: with two, two readers could see different messages.
func single(h http.Header, name string) (string, bool) {
	values := h.Values(name)
	if len(values) != 1 || values[0] == "" {
		return "", false
	}
	return values[0], true
}

// validID refuses the dot, which separates id, time and body in what is signed: with it in an id, one signature would fit
// two messages.
func validID(id string) bool {
	if id == "" || len(id) > maxIDHeader {
		return false
	}
	for i := range len(id) {
		if c := id[i]; c <= ' ' || c >= 0x7f || c == '.' {
			return false
		}
	}
	return true
}

// parseStamp reads seconds since 1970 in ASCII digits only.
func parseStamp(s string) (time.Time, bool) {
	const maxDigits = 12
	if s == "" || len(s) > maxDigits || s[0] == '0' && len(s) > 1 {
		return time.Time{}, false
	}
	var n int64
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return time.Time{}, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	return time.Unix(n, 0), true
}
