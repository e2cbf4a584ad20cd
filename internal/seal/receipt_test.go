package seal_test

import (
	"crypto/rand"
	"errors"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"robotbailiff/internal/seal"
)

func newKeys(tb testing.TB, masters map[byte][]byte) *seal.Keys {
	tb.Helper()
	k, err := seal.NewRotated(masters)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func random() []byte {
	b := make([]byte, seal.MasterSize)
	_, _ = rand.Read(b) // never fails
	return b
}

func TestReceiptCode_isReadHoweverItIsTyped(t *testing.T) {
	t.Parallel()
	k := newKeys(t, map[byte][]byte{1: random()})
	form := regexp.MustCompile(`^([0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}$`)
	rapid.Check(t, func(t *rapid.T) {
		payment, caseID := rapid.Int64Range(1, 1<<40-1).Draw(t, "payment"), rapid.Int64Range(1, 1<<50).Draw(t, "case")
		code, err := k.ReceiptCode(payment, caseID)
		if err != nil || !form.MatchString(code) {
			t.Fatalf("%q: %v", code, err)
		}
		for _, typed := range []string{code, strings.ToLower(code), strings.ReplaceAll(code, "-", ""), " " + strings.ReplaceAll(code, "-", " ") + " ", strings.NewReplacer("0", "o", "1", "l").Replace(code)} {
			r := k.ReadReceipt(typed)
			if r.PaymentID != payment || !r.Genuine(caseID) {
				t.Fatalf("%q reads as payment %d, genuine %v", typed, r.PaymentID, r.Genuine(caseID))
			}
			if r.Genuine(caseID + 1) {
				t.Fatal("genuine for another case")
			}
		}
		// One character changed, and it is no code of ours any more.
		i := rapid.IntRange(0, len(code)-1).Draw(t, "place")
		c := rapid.SampledFrom([]byte("0123456789ABCDEFGHJKMNPQRSTVWXYZ")).Draw(t, "char")
		if code[i] != '-' && code[i] != c {
			if r := k.ReadReceipt(code[:i] + string(c) + code[i+1:]); r.Genuine(caseID) {
				t.Fatal("a changed code is genuine")
			}
		}
	})
}

func TestReceiptCode_outlivesTheRotationOfKeysAndNoOtherKey(t *testing.T) {
	t.Parallel()
	first := random()
	code, err := newKeys(t, map[byte][]byte{1: first}).ReceiptCode(7, 260000001)
	if err != nil {
		t.Fatal(err)
	}
	if r := newKeys(t, map[byte][]byte{1: first, 2: random()}).ReadReceipt(code); r.PaymentID != 7 || !r.Genuine(260000001) {
		t.Error("a rotated key file does not know the code")
	}
	if r := newKeys(t, map[byte][]byte{1: random()}).ReadReceipt(code); r.Genuine(260000001) {
		t.Error("another installation takes the code for its own")
	}
	if _, err := newKeys(t, map[byte][]byte{1: first}).ReceiptCode(1<<40, 1); !errors.Is(err, seal.ErrReceipt) {
		t.Errorf("a number too large: %v", err)
	}
}

func FuzzReadReceipt(f *testing.F) {
	k := newKeys(f, map[byte][]byte{1: random()})
	code, err := k.ReceiptCode(1, 260000001)
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{code, "", "----", "ӘӘӘӘ", strings.Repeat("Z", 24), strings.Repeat("0", 1000)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if r := k.ReadReceipt(s); r.Genuine(260000002) || r.PaymentID < 0 || r.PaymentID >= 1<<40 {
			t.Errorf("%q: %d", s, r.PaymentID)
		}
	})
}
