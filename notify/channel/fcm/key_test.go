package fcm

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"log/slog"
	"strings"
	"testing"

	sandbox "robotbailiff/internal/sandbox/fcm"
	"robotbailiff/internal/testkit"
)

// keyWith gives a good key file with some of its fields changed.
func keyWith(t testing.TB, change map[string]any) []byte {
	t.Helper()
	s, err := sandbox.New(sandbox.Config{})
	must(t, err)
	file, err := s.KeyFile("")
	must(t, err)
	fields := map[string]any{}
	must(t, json.Unmarshal(file, &fields))
	for name, value := range change {
		fields[name] = value
	}
	file, err = json.Marshal(fields)
	must(t, err)
	return file
}

// asPEM writes a key as key files have it.
func asPEM(t testing.TB, key any, err error) string {
	t.Helper()
	must(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func TestParseKey_tellsWhatIsWrongAndNothingElse(t *testing.T) {
	t.Parallel()
	if a, err := parseKey(keyWith(t, nil)); err != nil || a.Project != "sandbox" || a.Email == "" || a.TokenURI != "https://oauth2.googleapis.com/token" {
		t.Errorf("%s: %v", a.Project, err)
	}
	secret := "MIIEvSecretSecret"
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	smallKey := asPEM(t, small, err)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	curveKey := asPEM(t, curve, err)
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"nothing":             {nil, "no JSON"},
		"a path":              {[]byte("/etc/" + secret), "no JSON"},
		"a number for a text": {keyWith(t, map[string]any{"private_key": 5}), "no JSON"},
		"a user":              {keyWith(t, map[string]any{"type": "authorized_user", "refresh_token": secret}), "something else"},
		"no address":          {keyWith(t, map[string]any{"client_email": ""}), "client_email"},
		"no key":              {keyWith(t, map[string]any{"private_key": ""}), "missing"},
		"broken key":          {keyWith(t, map[string]any{"private_key": "-----BEGIN PRIVATE KEY-----\n" + secret}), "2048"},
		"small key":           {keyWith(t, map[string]any{"private_key": smallKey}), "2048"},
		"another kind of key": {keyWith(t, map[string]any{"private_key": curveKey}), "2048"},
		"odd project":         {keyWith(t, map[string]any{"project_id": "a/../b"}), "project_id"},
		"plain token_uri":     {keyWith(t, map[string]any{"token_uri": "http://oauth2.googleapis.com/token"}), "token_uri"},
		"no token_uri":        {keyWith(t, map[string]any{"token_uri": ""}), "token_uri"},
	} {
		_, err := parseKey(c.file)
		if !errors.Is(err, ErrKey) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error holds some of the file", name)
		}
	}
}

func TestNew_checksItsSettings(t *testing.T) {
	t.Parallel()
	key := keyWith(t, nil)
	for name, c := range map[string]struct {
		cfg Config
		ok  bool
	}{
		"the key alone":         {Config{Key: key}, true},
		"another project":       {Config{Key: key, Project: "ministry-app"}, true},
		"no key":                {Config{}, false},
		"odd project":           {Config{Key: key, Project: "A B"}, false},
		"plain endpoint":        {Config{Key: key, Endpoint: "http://fcm.googleapis.com"}, false},
		"fewer than none":       {Config{Key: key, Abreast: -1}, false},
		"slower than not":       {Config{Key: key, Rate: -1}, false},
		"endpoint of a network": {Config{Key: key, Endpoint: "https://push.internal:8443/fcm"}, true},
	} {
		c.cfg.Clock, c.cfg.Log = testkit.Clock(t), slog.New(slog.DiscardHandler)
		if _, err := New(c.cfg); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add([]byte(`{"type":"service_account"}`))
	f.Add(keyWith(f, nil))
	f.Add(keyWith(f, map[string]any{"token_uri": "http://oauth2.googleapis.com"}))
	f.Fuzz(func(t *testing.T, file []byte) {
		a, err := parseKey(file)
		if err == nil && (a.Email == "" || a.PrivateKey == "" || a.TokenURI == "" || !projectForm.MatchString(a.Project)) {
			t.Error("a key file without what is needed was taken")
		}
		if err != nil && (!errors.Is(err, ErrKey) || a != (account{})) {
			t.Errorf("%v", err)
		}
	})
}
