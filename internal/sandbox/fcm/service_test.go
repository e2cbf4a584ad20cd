package fcm

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

const phone = "cTokenOfAPhone:APA91b-good"

// assert makes an assertion as RFC 7523 wants it, signed by a key.
func assert(t testing.TB, key *rsa.PrivateKey, head, claims map[string]any) string {
	t.Helper()
	var parts []string
	for _, part := range []map[string]any{head, claims} {
		text, err := json.Marshal(part)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, base64.RawURLEncoding.EncodeToString(text))
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, ".")))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(append(parts, base64.RawURLEncoding.EncodeToString(signature)), ".")
}

func (s *Service) post(t *testing.T, path, contentType, authorization, body string) (int, map[string]any) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	var said map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &said); err != nil {
		t.Fatalf("%s: %v: %s", path, err, w.Body)
	}
	return w.Code, said
}

func (s *Service) ask(t *testing.T, assertion string) (int, map[string]any) {
	t.Helper()
	form := url.Values{"grant_type": {grantType}, "assertion": {assertion}}
	return s.post(t, "https://oauth2.googleapis.com/token", "application/x-www-form-urlencoded", "", form.Encode())
}

func TestToken_believesNobody(t *testing.T) {
	t.Parallel()
	s, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Unix()
	head := map[string]any{"alg": "RS256", "typ": "JWT", "kid": keyID}
	good := map[string]any{"iss": email, "scope": scopes[0], "aud": googleTokenURI, "iat": now, "exp": now + 3600}
	with := func(m map[string]any, name string, value any) map[string]any {
		m = maps.Clone(m)
		m[name] = value
		return m
	}
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
	for name, c := range map[string]struct {
		assertion, want string
	}{
		"as it should be":  {assert(t, s.key, head, good), ""},
		"nothing":          {"", "Invalid JWT"},
		"another key":      {assert(t, other, head, good), "Invalid JWT Signature."},
		"no signature":     {none + strings.TrimLeft(assert(t, s.key, head, good), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"), "Invalid JWT"},
		"another account":  {assert(t, s.key, head, with(good, "iss", "somebody@else")), "Invalid grant: account not found"},
		"another audience": {assert(t, s.key, head, with(good, "aud", "https://push.example/token")), "Invalid JWT: Failed audience check."},
		"another scope":    {assert(t, s.key, head, with(good, "scope", "https://www.googleapis.com/auth/drive")), "Invalid OAuth scope"},
		"over":             {assert(t, s.key, head, with(with(good, "iat", now-7200), "exp", now-3600)), "short-lived"},
		"for too long":     {assert(t, s.key, head, with(good, "exp", now+7200)), "short-lived"},
		"not yet":          {assert(t, s.key, head, with(with(good, "iat", now+3600), "exp", now+7200)), "short-lived"},
		"another key id":   {assert(t, s.key, with(head, "kid", "0"), good), "Invalid JWT"},
		"critical":         {assert(t, s.key, with(head, "crit", []string{"x"}), good), "Invalid JWT"},
		"odd times":        {assert(t, s.key, head, with(good, "iat", "now")), "Invalid JWT"},
	} {
		status, said := s.ask(t, c.assertion)
		if why := fmt.Sprint(said["error_description"]); c.want == "" && status != http.StatusOK || c.want != "" && (status != http.StatusBadRequest || !strings.Contains(why, c.want)) {
			t.Errorf("%s: %d %v", name, status, said)
		}
	}
	if s.Issued() != 1 {
		t.Errorf("%d access tokens", s.Issued())
	}
}

func TestSend_believesNobody(t *testing.T) {
	t.Parallel()
	s, err := New(Config{Lifetime: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	s.access = map[string]time.Time{"valid": now.Add(time.Hour), "over": now.Add(-time.Second)}
	const path = "/v1/projects/sandbox/messages:send"
	whole := `{"message":{"token":"` + phone + `","notification":{"title":"a","body":"b"},"android":{"ttl":"90s"}}}`
	in := func(rest string) string { return `{"message":{"token":"` + phone + `",` + rest + `}}` }
	for name, c := range map[string]struct {
		path, access, body string
		want               int
	}{
		"as it should be":      {path, "Bearer valid", whole, 200},
		"only to be looked at": {path, "Bearer valid", `{"validate_only":true,` + whole[1:], 200},
		"no access token":      {path, "", whole, 401},
		"one that is over":     {path, "Bearer over", whole, 401},
		"one that is not":      {path, "Bearer nothing", whole, 401},
		"another project":      {"/v1/projects/other/messages:send", "Bearer valid", whole, 403},
		"no JSON":              {path, "Bearer valid", `<xml/>`, 400},
		"more after it":        {path, "Bearer valid", whole + whole, 400},
		"nobody":               {path, "Bearer valid", `{"message":{"notification":{}}}`, 400},
		"unknown name":         {path, "Bearer valid", in(`"ttl":"90s"`), 400},
		"topic":                {path, "Bearer valid", `{"message":{"topic":"all"}}`, 400},
		"ttl without unit":     {path, "Bearer valid", in(`"android":{"ttl":"90"}`), 400},
		"ttl of a month":       {path, "Bearer valid", in(`"android":{"ttl":"2592000s"}`), 400},
		"odd priority":         {path, "Bearer valid", in(`"android":{"priority":"HIGHEST"}`), 400},
		"key of Google":        {path, "Bearer valid", in(`"data":{"google.x":"1"}`), 400},
		"too long":             {path, "Bearer valid", in(`"data":{"x":"` + strings.Repeat("a", maxPayload) + `"}`), 400},
		"odd end for Apple":    {path, "Bearer valid", in(`"apns":{"headers":{"apns-expiration":"soon"}}`), 400},
		"long id for Apple":    {path, "Bearer valid", in(`"apns":{"headers":{"apns-collapse-id":"` + strings.Repeat("a", 65) + `"}}`), 400},
	} {
		if status, said := s.post(t, c.path, "application/json", c.access, c.body); status != c.want || (status == 200) == (said["error"] != nil) {
			t.Errorf("%s: %d %v", name, status, said)
		}
	}
	if n := len(s.Taken("")); n != 1 {
		t.Errorf("%d were taken", n)
	}
}

func FuzzReadMessage(f *testing.F) {
	f.Add([]byte(`{"message":{"token":"` + phone + `","android":{"ttl":"3.5s"},"apns":{"headers":{"apns-expiration":"1"}}}}`))
	f.Add([]byte(`{"message":{"topic":"a"}} {}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, _, wrong := readMessage(body)
		if wrong == nil && (!tokenForm.MatchString(m.Token) || m.TTL > maxTTL) {
			t.Errorf("%+v was taken", m)
		}
	})
}

func FuzzReadAssertion(f *testing.F) {
	s, err := New(Config{})
	if err != nil {
		f.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(assert(f, other, map[string]any{"alg": "RS256"}, map[string]any{"iss": email}))
	f.Add("..")
	f.Fuzz(func(t *testing.T, jwt string) {
		if c, err := readAssertion(jwt, &s.key.PublicKey); err == nil {
			t.Errorf("%+v was believed", c) // nobody has the key
		}
	})
}
