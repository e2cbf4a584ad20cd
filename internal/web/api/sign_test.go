package api

import (
	"crypto/ed25519"
	"encoding/base64"
	"strings"
	"testing"
)

// verifies checks a detached JWS as a receiver does (RFC 7515, appendix F).
func verifies(t *testing.T, x string, payload []byte, jws string) bool {
	t.Helper()
	head, sum, ok := strings.Cut(jws, "..")
	if !ok {
		t.Fatalf("no detached JWS: %s", jws)
	}
	return ed25519.Verify(b64(t, x), []byte(head+"."+base64.RawURLEncoding.EncodeToString(payload)), b64(t, sum))
}
