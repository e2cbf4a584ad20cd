package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"testing"
	"time"
)

func TestPlain(t *testing.T) {
	t.Parallel()
	keyA, keyB := []byte("0123456789abcdef0123456789abcdef"), []byte("fedcba9876543210fedcba9876543210")
	a, b := base64.StdEncoding.EncodeToString(keyA), base64.StdEncoding.EncodeToString(keyB)
	p, err := NewPlain([]string{a, b})
	if err != nil {
		t.Fatal(err)
	}
	body := []byte(`{"type":"payment.paid"}`)
	sign := func(key, body []byte) []byte {
		m := hmac.New(sha256.New, key)
		m.Write(body)
		return m.Sum(nil)
	}
	hash := sha256.Sum256(body)
	id := "sha256-" + hex.EncodeToString(hash[:])
	for _, c := range []struct {
		name   string
		header []string
		want   Code
	}{
		{"hexadecimal", []string{hex.EncodeToString(sign(keyA, body))}, ""},
		{"the second secret, base64", []string{base64.StdEncoding.EncodeToString(sign(keyB, body))}, ""},
		{"another body", []string{hex.EncodeToString(sign(keyA, []byte("{}")))}, CodeSignature},
		{"another key", []string{hex.EncodeToString(sign([]byte("x"), body))}, CodeSignature},
		{"cut", []string{hex.EncodeToString(sign(keyA, body)[:16])}, CodeSignature},
		{"none", nil, CodeHeader},
		{"empty", []string{""}, CodeHeader},
		{"two", []string{hex.EncodeToString(sign(keyA, body)), "00"}, CodeHeader},
		{"no encoding", []string{"%%%"}, CodeHeader},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := p.Verify(http.Header{PlainHeader: c.header}, body, time.Time{})
			var refused *Error
			switch {
			case c.want == "" && (err != nil || got != id):
				t.Errorf("%q, %v", got, err)
			case c.want != "" && (!errors.As(err, &refused) || refused.Code != c.want || got != ""):
				t.Errorf("%q, %v, want %s", got, err, c.want)
			}
		})
	}
	for name, secrets := range map[string][]string{"none": nil, "empty": {""}, "short": {"c2hvcnQ="}, "twice": {a, a}, "three": {a, b, a}} {
		var refused *SecretError
		if _, err := NewPlain(secrets); !errors.As(err, &refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
