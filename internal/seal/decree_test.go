package seal_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"robotbailiff/internal/seal"
)

func TestDecreeCode_isReadAndIsNoReceipt(t *testing.T) {
	t.Parallel()
	k, other := newKeys(t, map[byte][]byte{1: random()}), newKeys(t, map[byte][]byte{1: random()})
	rapid.Check(t, func(t *rapid.T) {
		caseID, seq := rapid.Int64Range(1, 1<<30-1).Draw(t, "case"), rapid.IntRange(1, 1023).Draw(t, "seq")
		code, err := k.DecreeCode(caseID, seq)
		if err != nil {
			t.Fatal(err)
		}
		for _, typed := range []string{code, strings.ToLower(code), strings.ReplaceAll(code, "-", "")} {
			if id, n, ok := k.ReadDecree(typed); !ok || id != caseID || n != seq {
				t.Fatalf("%q reads as %d/%d, %v", typed, id, n, ok)
			}
		}
		if _, _, ok := other.ReadDecree(code); ok {
			t.Fatal("genuine under another key")
		}
		if r := k.ReadReceipt(code); r.Genuine(caseID) {
			t.Fatal("genuine as a receipt")
		}
		receipt, err := k.ReceiptCode(caseID<<10|int64(seq), caseID)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, ok := k.ReadDecree(receipt); ok {
			t.Fatal("a receipt is genuine as a decree")
		}
		i, c := rapid.IntRange(0, len(code)-1).Draw(t, "place"), rapid.SampledFrom([]byte("0123456789ABCDEFGHJKMNPQRSTVWXYZ")).Draw(t, "char")
		if code[i] != '-' && code[i] != c {
			if _, _, ok := k.ReadDecree(code[:i] + string(c) + code[i+1:]); ok {
				t.Fatal("a changed code is genuine")
			}
		}
	})
}

func TestDecreeCode_ofWhatThereCannotBe(t *testing.T) {
	t.Parallel()
	k := newKeys(t, map[byte][]byte{1: random()})
	for _, c := range []struct {
		caseID int64
		seq    int
	}{{0, 1}, {-1, 1}, {1 << 30, 1}, {1, 0}, {1, 1024}} {
		if code, err := k.DecreeCode(c.caseID, c.seq); !errors.Is(err, seal.ErrDecree) {
			t.Errorf("%v has the code %q, %v", c, code, err)
		}
	}
	for _, typed := range []string{"", "x", "ABCD-EFGH", strings.Repeat("0", 24), strings.Repeat("\u00e9", 200)} {
		if _, _, ok := k.ReadDecree(typed); ok {
			t.Errorf("%q is genuine", typed)
		}
	}
}
