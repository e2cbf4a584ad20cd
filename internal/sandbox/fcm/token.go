package fcm

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	googleTokenURI = "https://oauth2.googleapis.com/token" //nolint:gosec // an address, and no credential
	grantType      = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	skew           = 5 * time.Minute
	maxForm        = 64 << 10
)

// audiences are the names of the endpoint in assertions; the address under which it was called is another.
var audiences = []string{googleTokenURI, "https://accounts.google.com/o/oauth2/token", "https://www.googleapis.com/oauth2/v4/token"}

// scopes are those of which one allows to send.
var scopes = []string{"https://www.googleapis.com/auth/firebase.messaging", "https://www.googleapis.com/auth/cloud-platform"}

// token gives an access token for an assertion (RFC 7523).
func (s *Service) token(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if r.ParseForm() != nil || r.PostForm.Get("grant_type") != grantType {
		answer(w, http.StatusBadRequest, map[string]string{"error": "unsupported_grant_type", "error_description": "Invalid grant_type"})
		return
	}
	own := "https://" + r.Host + r.URL.Path
	if r.TLS == nil {
		own = "http://" + r.Host + r.URL.Path
	}
	claims, err := readAssertion(r.PostForm.Get("assertion"), &s.key.PublicKey)
	if err == nil {
		err = claims.check(append([]string{own}, audiences...), time.Now())
	}
	if err != nil {
		answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant", "error_description": err.Error()})
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refused != "" {
		answer(w, http.StatusBadRequest, map[string]string{"error": s.refused, "error_description": "refused by the sandbox"})
		return
	}
	secret := make([]byte, 16)
	_, _ = rand.Read(secret) // never fails
	access := "ya29.sandbox-" + hex.EncodeToString(secret)
	s.access[access] = time.Now().Add(s.cfg.Lifetime)
	s.issued++
	answer(w, http.StatusOK, map[string]any{"access_token": access, "expires_in": int(s.cfg.Lifetime / time.Second), "token_type": "Bearer"})
}

// claims is what an assertion says.
type claims struct {
	Issuer   string `json:"iss"`
	Scope    string `json:"scope"`
	Audience string `json:"aud"`
	Issued   int64  `json:"iat"`
	Expires  int64  `json:"exp"`
}

var (
	errAssertion = errors.New("Invalid JWT")                                                                                                                                //nolint:staticcheck // Google's words
	errSignature = errors.New("Invalid JWT Signature.")                                                                                                                     //nolint:staticcheck // Google's words
	errAccount   = errors.New("Invalid grant: account not found")                                                                                                           //nolint:staticcheck // Google's words
	errTimes     = errors.New("Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.") //nolint:staticcheck // Google's words
	errAudience  = errors.New("Invalid JWT: Failed audience check.")                                                                                                        //nolint:staticcheck // Google's words
	errScope     = errors.New("Invalid OAuth scope or ID token audience provided.")                                                                                         //nolint:staticcheck // Google's words
)

// readAssertion believes a JWT (RFC 7515, compact form) whose signature the key proves, by RS256 and by nothing else.
func readAssertion(jwt string, key *rsa.PublicKey) (c claims, err error) {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return c, errAssertion
	}
	var raw [3][]byte
	for i, p := range parts {
		if raw[i], err = base64.RawURLEncoding.Strict().DecodeString(p); err != nil {
			return c, errAssertion
		}
	}
	var head struct {
		Algorithm string   `json:"alg"`
		KeyID     string   `json:"kid"`
		Critical  []string `json:"crit"`
	}
	if json.Unmarshal(raw[0], &head) != nil || head.Algorithm != "RS256" || head.KeyID != "" && head.KeyID != keyID || len(head.Critical) > 0 {
		return c, errAssertion
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], raw[2]) != nil {
		return c, errSignature
	}
	if json.Unmarshal(raw[1], &c) != nil {
		return claims{}, errAssertion
	}
	return c, nil
}

func (c claims) check(audiences []string, now time.Time) error {
	issued, expires := time.Unix(c.Issued, 0), time.Unix(c.Expires, 0)
	switch {
	case c.Issuer != email:
		return errAccount
	case issued.After(now.Add(skew)) || !expires.After(now.Add(-skew)) || c.Expires <= c.Issued || c.Expires-c.Issued > int64(time.Hour/time.Second):
		return errTimes
	case !slices.Contains(audiences, c.Audience):
		return errAudience
	case !slices.ContainsFunc(strings.Fields(c.Scope), func(scope string) bool { return slices.Contains(scopes, scope) }):
		return errScope
	}
	return nil
}

// authorized says whether a request carries an access token that was given out and has not ended.
func (s *Service) authorized(r *http.Request) bool {
	access, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	s.mu.Lock()
	defer s.mu.Unlock()
	return ok && time.Now().Before(s.access[access])
}
