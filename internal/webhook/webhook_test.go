package webhook

import (
	"bytes"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"pgregory.net/rapid"
)

// secretOf makes a secret of n bytes that is good but for its length.
func secretOf(n int, seed byte) string {
	key := make([]byte, n)
	for i := range key {
		key[i] = byte(i) + seed
	}
	return base64.StdEncoding.EncodeToString(key)
}

var (
	secretA = secretOf(32, 1)
	secretB = secretPrefix + secretOf(48, 7)
	at      = time.Unix(1_796_000_000, 0)
	message = []byte(`{"type":"payment.paid","data":{"txn_id":"T-1","amount":"12345.67","currency":"KZT","reference":"x","value_date":"2026-11-22"}}`)
)

func verifier(t testing.TB, secrets ...string) *Verifier {
	t.Helper()
	v, err := NewVerifier(secrets)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func signed(t testing.TB, secret, id string, at time.Time, body []byte) http.Header {
	t.Helper()
	s, err := NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	h, err := s.Sign(id, at, body)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestNewVerifier_refusesWeakSecrets(t *testing.T) {
	for name, secrets := range map[string][]string{
		"none":                 nil,
		"empty":                {""},
		"prefix only":          {secretPrefix},
		"short":                {secretOf(31, 1)},
		"the library's sample": {"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
		"not base64":           {strings.Repeat("*", 64)},
		"plain":                {base64.StdEncoding.EncodeToString(make([]byte, 32))},
		"second is empty":      {secretA, ""},
		"the same twice":       {secretA, secretPrefix + secretA},
		"three":                {secretA, secretB, secretOf(40, 9)},
	} {
		_, err := NewVerifier(secrets)
		e, typed := errors.AsType[*SecretError](err)
		if !typed {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, s := range secrets {
			if s != "" && strings.Contains(e.Error(), s) {
				t.Errorf("%s: the error repeats the secret", name)
			}
		}
	}
}

func TestVerify(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(h http.Header, body []byte) []byte
		now    time.Duration
		want   Code
	}{
		{name: "good"},
		{name: "300 s old", now: Tolerance},
		{name: "301 s old", now: Tolerance + time.Second, want: CodeTooOld},
		{name: "300 s ahead", now: -Tolerance},
		{name: "301 s ahead", now: -Tolerance - time.Second, want: CodeTooNew},
		{name: "other body", change: func(_ http.Header, b []byte) []byte { return append(b, ' ') }, want: CodeSignature},
		{name: "other id", change: set(standardwebhooks.HeaderWebhookID, "other"), want: CodeSignature},
		{name: "other time", change: set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix()+1, 10)), want: CodeSignature},
		{name: "no id", change: set(standardwebhooks.HeaderWebhookID, ""), want: CodeHeader},
		{name: "no time", change: set(standardwebhooks.HeaderWebhookTimestamp, ""), want: CodeHeader},
		{name: "no signature", change: set(standardwebhooks.HeaderWebhookSignature, ""), want: CodeHeader},
		{name: "signed time", change: set(standardwebhooks.HeaderWebhookTimestamp, "+"+strconv.FormatInt(at.Unix(), 10)), want: CodeHeader},
		{name: "padded time", change: set(standardwebhooks.HeaderWebhookTimestamp, "0"+strconv.FormatInt(at.Unix(), 10)), want: CodeHeader},
		{name: "huge time", change: set(standardwebhooks.HeaderWebhookTimestamp, strings.Repeat("9", 19)), want: CodeHeader},
		{name: "id twice", change: func(h http.Header, b []byte) []byte { h.Add(standardwebhooks.HeaderWebhookID, "x"); return b }, want: CodeHeader},
		{name: "a flood of signatures", change: set(standardwebhooks.HeaderWebhookSignature, strings.Repeat("v1,AAAA ", 1000)), want: CodeHeader},
		{name: "version 2 only", change: set(standardwebhooks.HeaderWebhookSignature, "v2,AAAA"), want: CodeSignature},
		{name: "garbage", change: set(standardwebhooks.HeaderWebhookSignature, "garbage"), want: CodeSignature},
		{name: "one good among several", change: func(h http.Header, b []byte) []byte {
			good := h.Get(standardwebhooks.HeaderWebhookSignature)
			h.Set(standardwebhooks.HeaderWebhookSignature, "v1,AAAA v1a,BBBB "+good)
			return b
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, body := signed(t, secretA, "msg_1", at, message), bytes.Clone(message)
			if c.change != nil {
				body = c.change(h, body)
			}
			id, err := verifier(t, secretA, secretB).Verify(h, body, at.Add(c.now))
			if c.want == "" {
				if err != nil || id != "msg_1" {
					t.Fatalf("%q, %v", id, err)
				}
				return
			}
			if e, ok := errors.AsType[*Error](err); !ok || e.Code != c.want || id != "" {
				t.Fatalf("%q, %v, want %s", id, err, c.want)
			}
		})
	}
}

func set(name, value string) func(http.Header, []byte) []byte {
	return func(h http.Header, b []byte) []byte {
		h.Set(name, value)
		return b
	}
}

func TestVerify_twoSecretsAreActive(t *testing.T) {
	v := verifier(t, secretA, secretB)
	for secret, want := range map[string]bool{secretA: true, secretB: true, secretOf(32, 99): false} {
		if _, err := v.Verify(signed(t, secret, "msg_1", at, message), message, at); (err == nil) != want {
			t.Errorf("%v, want accepted = %v", err, want)
		}
	}
}

// The published vector of the scheme: same key, id, time and body give the signature of every other library.
func TestSign_vectorOfTheScheme(t *testing.T) {
	hook, err := standardwebhooks.NewWebhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	got, err := hook.Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; err != nil || got != want {
		t.Fatalf("%s, %v, want %s", got, err, want)
	}
}

func TestSign_refusesAmbiguousIDs(t *testing.T) {
	s, err := NewSigner(secretA)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"", "a.1", "a b", "a\n", strings.Repeat("a", 201), "ё"} {
		if _, err := s.Sign(id, at, message); err == nil {
			t.Errorf("id %q was signed", id)
		}
	}
	if _, err := NewSigner(""); err == nil {
		t.Error("a signer without a secret")
	}
}

// Whatever is changed in a signed message, it is refused.
func TestVerify_anyChangeIsSeen(t *testing.T) {
	v := verifier(t, secretA)
	s, err := NewSigner(secretA)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.SliceOfN(rapid.Byte(), 1, 200).Draw(t, "body")
		h, err := s.Sign("msg-1", at, body)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Verify(h, body, at); err != nil {
			t.Fatal(err)
		}
		i := rapid.IntRange(0, len(body)-1).Draw(t, "at")
		changed := bytes.Clone(body)
		changed[i] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
		if _, err := v.Verify(h, changed, at); err == nil {
			t.Fatal("a changed body was accepted")
		}
	})
}

func FuzzVerify(f *testing.F) {
	good := signed(f, secretA, "msg_1", at, message).Get(standardwebhooks.HeaderWebhookSignature)
	f.Add("msg_1", strconv.FormatInt(at.Unix(), 10), good, message)
	f.Add("msg.1", "1", "v1,", []byte("{}"))
	v := verifier(f, secretA, secretB)
	f.Fuzz(func(t *testing.T, id, stamp, signature string, body []byte) {
		h := http.Header{}
		h.Set(standardwebhooks.HeaderWebhookID, id)
		h.Set(standardwebhooks.HeaderWebhookTimestamp, stamp)
		h.Set(standardwebhooks.HeaderWebhookSignature, signature)
		got, err := v.Verify(h, body, at)
		if err != nil {
			if _, typed := errors.AsType[*Error](err); !typed || got != "" {
				t.Fatalf("%q, %v", got, err)
			}
			return
		}
		if id != "msg_1" || !bytes.Equal(body, message) || !strings.Contains(signature, good) {
			t.Fatalf("accepted %q %q %q %q", id, stamp, signature, body)
		}
	})
}
