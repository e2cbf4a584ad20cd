package seal

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/mr-tron/base58"
	"pgregory.net/rapid"
)

func master(seed byte) []byte {
	m := make([]byte, MasterSize)
	for i := range m {
		m[i] = seed + byte(i*7)
	}
	return m
}

func newKeys(tb testing.TB) *Keys {
	tb.Helper()
	k, err := New(master(1))
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func TestSeal_opensOnlyInItsPlace(t *testing.T) {
	t.Parallel()
	k := newKeys(t)
	rapid.Check(t, func(t *rapid.T) {
		plaintext := rapid.SliceOf(rapid.Byte()).Draw(t, "plaintext")
		aad := rapid.String().Draw(t, "aad")
		sealed := k.Seal(plaintext, aad)
		if len(sealed) != len(plaintext)+overhead {
			t.Fatalf("%d bytes from %d", len(sealed), len(plaintext))
		}
		if bytes.Equal(sealed, k.Seal(plaintext, aad)) {
			t.Fatal("sealed twice the same")
		}
		got, err := k.Open(sealed, aad)
		if err != nil || !bytes.Equal(got, plaintext) {
			t.Fatalf("opened %x, %v", got, err)
		}
		if _, err := k.Open(sealed, aad+"x"); !errors.Is(err, ErrOpen) {
			t.Fatalf("opened elsewhere: %v", err)
		}
		damaged := bytes.Clone(sealed)
		damaged[rapid.IntRange(1, len(sealed)-1).Draw(t, "at")] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
		if _, err := k.Open(damaged, aad); !errors.Is(err, ErrOpen) {
			t.Fatalf("opened damaged: %v", err)
		}
	})
}

func TestOpen_refuses(t *testing.T) {
	t.Parallel()
	k := newKeys(t)
	sealed := k.Seal([]byte("900101300123"), "debtors.iin")
	other, err := New(master(2))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Open(sealed, "debtors.iin"); !errors.Is(err, ErrOpen) {
		t.Errorf("another master: %v", err)
	}
	unknown := append([]byte{9}, sealed[1:]...)
	if _, err := k.Open(unknown, "debtors.iin"); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("another id: %v", err)
	}
	for n := range overhead {
		if _, err := k.Open(sealed[:n], "debtors.iin"); !errors.Is(err, ErrOpen) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestNewRotated_opensOldAndKeepsIndexes(t *testing.T) {
	t.Parallel()
	old := newKeys(t)
	sealed := old.Seal([]byte("x"), "a.b")
	both, err := NewRotated(map[byte][]byte{1: master(1), 2: master(99)})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := both.Open(sealed, "a.b"); err != nil || string(got) != "x" {
		t.Errorf("%q, %v", got, err)
	}
	if got := both.Seal([]byte("x"), "a.b")[0]; got != 2 {
		t.Errorf("sealed under key %d", got)
	}
	if !Equal(old.Blind("iin", "1"), both.Blind("iin", "1")) || old.LinkToken(1, 1) != both.LinkToken(1, 1) {
		t.Error("stored indexes and links no longer match")
	}
}

func TestNew_refusesWeakKeys(t *testing.T) {
	t.Parallel()
	for name, key := range map[string][]byte{
		"none": nil, "short": master(1)[:31], "long": append(master(1), 1),
		"zero": make([]byte, 32), "typed": []byte("abababababababababababababababab"),
	} {
		if _, err := New(key); !errors.Is(err, ErrWeakKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := NewRotated(nil); !errors.Is(err, ErrWeakKey) {
		t.Errorf("no keys: %v", err)
	}
}

func TestBlind_findsWithinOnePurposeOnly(t *testing.T) {
	t.Parallel()
	k := newKeys(t)
	a := k.Blind("iin", "900101300123")
	if len(a) != 32 || !Equal(a, k.Blind("iin", "900101300123")) {
		t.Error("not found again")
	}
	for _, b := range [][]byte{k.Blind("phone", "900101300123"), k.Blind("iin", "900101300124"), k.LinkHash("900101300123")} {
		if Equal(a, b) {
			t.Error("two different things are equal")
		}
	}
}

func TestLinkToken_isFixedAndDistinct(t *testing.T) {
	t.Parallel()
	k := newKeys(t)
	if got, want := k.LinkToken(1, 1), k.LinkToken(1, 1); got != want {
		t.Errorf("%s, then %s", want, got)
	}
	seen := map[string]string{}
	for id := range int64(3000) {
		for ordinal := range 2 {
			token := k.LinkToken(id, ordinal)
			if err := ParseToken(token); err != nil {
				t.Fatalf("%s: %v", token, err)
			}
			if before := seen[token]; before != "" {
				t.Fatalf("%d/%d and %s share %s", id, ordinal, before, token)
			}
			seen[token] = fmt.Sprint(id, "/", ordinal)
		}
	}
}

func TestParseToken(t *testing.T) {
	t.Parallel()
	all := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 128), big.NewInt(1))
	if got := base58.Encode(all.Bytes()); got != maxToken {
		t.Fatalf("the largest token is %s", got)
	}
	good := newKeys(t).LinkToken(7, 1)
	for token, ok := range map[string]bool{
		good: true, strings.Repeat("1", 22): true, maxToken: true,
		"": false, good[1:]: false, good + "1": false, "z" + good[1:]: false,
		"0" + good[1:]: false, "O" + good[1:]: false, "l" + good[1:]: false, "/" + good[1:]: false,
		"ы" + good[2:]: false,
	} {
		if err := ParseToken(token); (err == nil) != ok {
			t.Errorf("%q: %v", token, err)
		}
	}
}

func TestKeys_printAsPlaceholder(t *testing.T) {
	t.Parallel()
	k := newKeys(t)
	for _, text := range []string{
		fmt.Sprint(k), fmt.Sprintf("%+v", k), fmt.Sprintf("%#v", k), slog.AnyValue(k).Resolve().String(),
	} {
		if text != "seal.Keys(hidden)" {
			t.Errorf("prints as %s", text)
		}
	}
}

func TestKeys_areSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	k := newKeys(t)
	want, token := k.Blind("iin", "1"), k.LinkToken(1, 1)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				if !Equal(k.Blind("iin", "1"), want) || k.LinkToken(1, 1) != token {
					t.Error("differs under load")
				}
				k.Blind("other", "1")
				if got, err := k.Open(k.Seal(want, "a.b"), "a.b"); err != nil || !Equal(got, want) {
					t.Error("does not open under load")
				}
			}
		})
	}
	wg.Wait()
}

func TestLoad(t *testing.T) {
	t.Parallel()
	const one, two = "AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o=", "YmlwZHd+hYyTmqGor7a9xMvS2eDn7vX8AwoRGB8mLTQ="
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
		want string // part of the error; empty for success
	}{
		"one":        {one + "\n", 0o400, ""},
		"own mode":   {one, 0o600, ""},
		"two":        {"# made 2026\n1:" + one + "\n\n2:" + two + "\n", 0o400, ""},
		"group":      {one, 0o440, "chmod 0400"},
		"world":      {one, 0o644, "chmod 0400"},
		"executable": {one, 0o700, "chmod 0400"},
		"empty":      {"", 0o400, "32 random bytes"},
		"short":      {"AAAA", 0o400, "32 random bytes"},
		"no base64":  {"not base64!", 0o400, "line 1"},
		"id zero":    {"0:" + one, 0o400, "1 to 255"},
		"twice":      {"1:" + one + "\n1:" + two, 0o400, "key 1 is there twice"},
		"same":       {"1:" + one + "\n2:" + one, 0o400, "same key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "key")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, c.mode); err != nil {
				t.Fatal(err)
			}
			_, err := Load(path)
			switch {
			case c.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v", err)
			case err != nil && (strings.Contains(err.Error(), one) || strings.Contains(err.Error(), "not base64!")):
				t.Errorf("the error quotes the key: %v", err)
			}
		})
	}
	if _, err := Load(t.TempDir()); err == nil {
		t.Error("loaded a directory")
	}
}

func TestLoadOrCreate_makesOneKeyForAll(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "key")
	var mu sync.Mutex
	tokens := map[string]bool{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			k, err := LoadOrCreate(path)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			tokens[k.LinkToken(1, 1)] = true
		})
	}
	wg.Wait()
	if len(tokens) != 1 {
		t.Errorf("%d different keys", len(tokens))
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func FuzzOpen(f *testing.F) {
	k := newKeys(f)
	f.Add(k.Seal([]byte("900101300123"), "debtors.iin"), "debtors.iin")
	f.Add([]byte{1}, "")
	f.Add([]byte(nil), "a")
	f.Fuzz(func(t *testing.T, sealed []byte, aad string) {
		plaintext, err := k.Open(sealed, aad)
		if err == nil && len(plaintext)+overhead != len(sealed) {
			t.Errorf("%d bytes out of %d", len(plaintext), len(sealed))
		}
		if err != nil && !errors.Is(err, ErrOpen) && !errors.Is(err, ErrUnknownKey) {
			t.Error(err)
		}
	})
}

func FuzzParseToken(f *testing.F) {
	f.Add(newKeys(f).LinkToken(1, 1))
	f.Add("")
	f.Add(maxToken)
	f.Add(strings.Repeat("z", 22))
	f.Fuzz(func(t *testing.T, token string) {
		if ParseToken(token) != nil {
			return
		}
		raw, err := base58.Decode(token)
		if err != nil {
			t.Fatalf("%q passes but is no base58: %v", token, err)
		}
		if new(big.Int).SetBytes(raw).BitLen() > 128 {
			t.Errorf("%q passes but has more than 128 bits", token)
		}
	})
}

func FuzzParseKeys(f *testing.F) {
	f.Add("1:AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o=\n# x\n")
	f.Fuzz(func(t *testing.T, text string) {
		if masters, err := parseKeys(text); err == nil && len(masters) == 0 {
			t.Error("no key and no error")
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	k, plaintext := newKeys(b), []byte("900101300123")
	b.ReportAllocs()
	for b.Loop() {
		k.Seal(plaintext, "debtors.iin")
	}
}

func BenchmarkOpen(b *testing.B) {
	k := newKeys(b)
	sealed := k.Seal([]byte("900101300123"), "debtors.iin")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.Open(sealed, "debtors.iin"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBlind(b *testing.B) {
	k := newKeys(b)
	b.ReportAllocs()
	for b.Loop() {
		k.Blind("iin", "900101300123")
	}
}

func BenchmarkLinkToken(b *testing.B) {
	k := newKeys(b)
	b.ReportAllocs()
	for b.Loop() {
		k.LinkToken(1234567, 1)
	}
}
