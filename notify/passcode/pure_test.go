package passcode

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestEnd(t *testing.T) {
	t.Parallel()
	for want, r := range map[End]row{
		None: {}, Alive: {serial: 1, tries: 4, age: Life - time.Microsecond}, Used: {serial: 1, used: true, tries: 5, age: time.Hour},
		Spent: {serial: 2, tries: 5, age: time.Hour}, Expired: {serial: 1, age: Life},
	} {
		if got := r.end(); got != want {
			t.Errorf("%+v: %q, want %q", r, got, want)
		}
	}
}

// Whoever asks as soon as the page lets him is held by the bounds all the same, and never longer than they need.
func TestWait_keepsTheBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var at []time.Duration // instants of the codes
		now := time.Duration(0)
		for range rapid.IntRange(1, 30).Draw(t, "codes") {
			now += time.Duration(rapid.Int64Range(0, int64(3*time.Hour)).Draw(t, "pause"))
			r := row{}
			for _, a := range at {
				if now-a < 24*time.Hour {
					r.asked = append(r.asked, now-a)
				}
			}
			d, today := r.wait()
			if today && d == 0 || d < 0 || d > 24*time.Hour {
				t.Fatalf("wait %s, today %t", d, today)
			}
			allowed := func(now time.Duration) bool {
				hour, day := 0, 0
				for _, a := range at {
					if now-a < time.Hour {
						hour++
					}
					if now-a < 24*time.Hour {
						day++
					}
					if now-a < Pause {
						return false
					}
				}
				return hour < PerHour && day < PerDay
			}
			if !allowed(now+d) || d > 0 && allowed(now+d-1) {
				t.Fatalf("after %v, at %s: wait %s", at, now, d)
			}
			now += d
			at = append(at, now)
		}
	})
}

type fixed byte

func (f fixed) Blind(purpose, value string) []byte {
	sum := sha256.Sum256([]byte(string(rune(f)) + purpose + " " + value))
	return sum[:]
}

func TestCode_hasSixDigitsAndBelongsToItsCase(t *testing.T) {
	t.Parallel()
	s := New(fixed('k'))
	nonce := []byte("0123456789abcdef")
	one := row{serial: 1, nonce: nonce, of: Purpose{Act: Refusal}}
	refund := func(about string) row { return row{serial: 1, nonce: nonce, of: Purpose{Refund, about}} }
	code := s.code(260000001, one)
	if len(code) != Digits || strings.Trim(code, "0123456789") != "" {
		t.Errorf("%q", code)
	}
	if code != s.code(260000001, one) {
		t.Error("the same code is made otherwise")
	}
	for name, other := range map[string]string{
		"case": s.code(260000002, one), "key": New(fixed('x')).code(260000001, one), "purpose": s.code(260000001, refund("0100")),
	} {
		if other == code {
			t.Errorf("another %s gives the same code", name)
		}
	}
	if s.code(260000001, refund("0100")) == s.code(260000001, refund("0101")) {
		t.Error("another account gives the same code")
	}
	l := Letter{CaseID: 260000001, Serial: 1, Code: code}
	if said := fmt.Sprintf("%v %+v %#v %s", l, l, l, l); strings.Contains(said, code) {
		t.Errorf("a letter prints its code: %s", said)
	}
}

func FuzzParseRef(f *testing.F) {
	for _, s := range []string{"260000001-1-code", "260000001-1-sms", "260000001-01-code", "-1-code", "260000001--1-code", "1-1-1-code", "260000001-2147483648-code", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, serial, ok := ParseRef(s)
		if ok && Ref(id, serial) != s {
			t.Errorf("%q is read as %d, %d", s, id, serial)
		}
		if !ok && (id != 0 || serial != 0) {
			t.Errorf("%q gives numbers", s)
		}
	})
}
