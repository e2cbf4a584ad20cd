package money

import (
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func drawTiyn(t *rapid.T, label string) int64 {
	return rapid.Int64Range(-Limit/2, Limit/2).Draw(t, label)
}

func TestParse(t *testing.T) {
	t.Parallel()
	good := map[string]int64{
		"0": 0, "0.00": 0, "1": 100, "0.1": 10, "0.01": 1, "12345.67": 1234567, "86500.00": 8650000,
		"007.50": 750, "10000000000000": Limit, "10000000000000.00": Limit, "9999999999999.99": Limit - 1,
	}
	for in, want := range good {
		got, err := Parse(in)
		if err != nil || got.Tiyn() != want {
			t.Errorf("Parse(%q) = %v, %v; want %d tiyn", in, got, err, want)
		}
	}
	bad := map[string]Code{
		"": CodeEmpty, "-": CodeNegative, "-1": CodeNegative, "+1": CodeCharacter, " 1": CodeCharacter, "1 ": CodeCharacter,
		"1 000": CodeCharacter, "1,50": CodeCharacter, "1e3": CodeCharacter, "NaN": CodeCharacter, "Inf": CodeCharacter,
		"0x10": CodeCharacter, "1_000": CodeCharacter, "١٢٣": CodeCharacter, "１２": CodeCharacter, "12\u00a0000": CodeCharacter,
		"1.234": CodeDecimals, "1.000": CodeDecimals, ".5": CodeDecimals, "5.": CodeDecimals, ".": CodeDecimals, "1.2.3": CodeDecimals, "1..2": CodeDecimals,
		"10000000000000.01": CodeRange, "10000000000001": CodeRange, strings.Repeat("9", 400): CodeRange,
	}
	for in, want := range bad {
		got, err := Parse(in)
		parse, ok := errors.AsType[*ParseError](err)
		if !ok || parse.Code != want || !got.IsZero() {
			t.Errorf("Parse(%q) = %v, %v; want code %s", in, got, err, want)
		}
	}
}

func TestParseSigned(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int64{"-0.05": -5, "-12.3": -1230, "-0": 0, "7": 700} {
		if got, err := ParseSigned(in); err != nil || got.Tiyn() != want {
			t.Errorf("ParseSigned(%q) = %v, %v; want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"", "-", "--1", "-+1", "- 1", "-1.", "-.5", "1-"} {
		if got, err := ParseSigned(in); err == nil {
			t.Errorf("ParseSigned(%q) = %v, want an error", in, got)
		}
	}
}

func TestParseError_carriesNoInput(t *testing.T) {
	t.Parallel()
	_, err := Parse("77x")
	if strings.Contains(err.Error(), "77") {
		t.Errorf("the error repeats the input: %v", err)
	}
}

func TestAmount_arithmeticIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		x, y := drawTiyn(t, "x"), drawTiyn(t, "y")
		a, b := FromTiyn(x), FromTiyn(y)
		if got := a.Add(b).Tiyn(); got != x+y {
			t.Fatalf("%d + %d = %d", x, y, got)
		}
		if got := a.Sub(b).Tiyn(); got != x-y {
			t.Fatalf("%d - %d = %d", x, y, got)
		}
		if !a.Add(b).Sub(b).Equal(a) || !a.Add(b).Equal(b.Add(a)) || !a.Neg().Neg().Equal(a) {
			t.Fatal("addition has lost something")
		}
		if got := a.Cmp(b); got != cmpInt(x, y) || a.Less(b) != (x < y) || a.Sign() != cmpInt(x, 0) {
			t.Fatalf("Cmp(%d, %d) = %d", x, y, got)
		}
		if Min(a, b).Tiyn() != min(x, y) || Max(a, b).Tiyn() != max(x, y) {
			t.Fatal("Min or Max")
		}
		sum, err := a.CheckedAdd(b)
		if err != nil || sum.Tiyn() != x+y {
			t.Fatalf("CheckedAdd: %v, %v", sum, err)
		}
	})
}

func cmpInt(x, y int64) int { return new(big.Int).SetInt64(x).Cmp(big.NewInt(y)) }

func TestAmount_textRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := FromTiyn(drawTiyn(t, "x"))
		back, err := ParseSigned(a.String())
		if err != nil || !back.Equal(a) || a.String() != a.Decimal().StringFixed(2) {
			t.Fatalf("%s came back as %s (%v), decimal says %s", a, back, err, a.Decimal().StringFixed(2))
		}
		j, err := json.Marshal(a)
		var viaJSON Amount
		if err != nil || json.Unmarshal(j, &viaJSON) != nil || !viaJSON.Equal(a) || string(j) != `"`+a.String()+`"` {
			t.Fatalf("JSON %s of %s came back as %s", j, a, viaJSON)
		}
	})
}

func TestAmount_zeroValue(t *testing.T) {
	t.Parallel()
	var zero Amount
	switch {
	case !zero.IsZero(), zero.IsPositive(), zero.Tiyn() != 0, zero.String() != "0.00", !zero.Equal(FromTiyn(0)):
		t.Error("the zero value is not 0.00")
	case zero.Add(zero).String() != "0.00", zero.Add(FromTiyn(5)).Tiyn() != 5, FromTiyn(5).Sub(zero).Tiyn() != 5:
		t.Error("the zero value does not add")
	case zero.MulInt(7).Tiyn() != 0, zero.MulInt(7).Add(FromTiyn(3)).Tiyn() != 3, zero.Neg().Tiyn() != 0:
		t.Error("the zero value does not multiply")
	}
	if diff := cmp.Diff(zero, FromTiyn(0)); diff != "" {
		t.Errorf("go-cmp sees a difference: %s", diff)
	}
}

func TestAmount_pastTheLimit(t *testing.T) {
	t.Parallel()
	top := FromTiyn(Limit)
	for name, f := range map[string]func(){
		"FromTiyn": func() { FromTiyn(Limit + 1) },
		"below":    func() { FromTiyn(-Limit - 1) },
		"Add":      func() { top.Add(FromTiyn(1)) },
		"Sub":      func() { top.Neg().Sub(FromTiyn(1)) },
		"MulInt":   func() { top.MulInt(9_000_000_000) },
	} {
		func() {
			defer func() {
				if _, ok := recover().(*RangeError); !ok {
					t.Errorf("%s: no RangeError", name)
				}
			}()
			f()
		}()
	}
	if _, err := top.CheckedAdd(FromTiyn(1)); err == nil {
		t.Error("CheckedAdd past the limit gave no error")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"0", "12345.67", "-1", "1e9", "٣", "00.10", "9999999999999.99", "10000000000000.01"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseSigned(s)
		if err != nil {
			if _, ok := errors.AsType[*ParseError](err); !ok {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		again, err := ParseSigned(a.String())
		if err != nil || !again.Equal(a) {
			t.Fatalf("%q became %s, then %s (%v)", s, a, again, err)
		}
		if want, ok := new(big.Rat).SetString(s); !ok || want.Cmp(big.NewRat(a.Tiyn(), 100)) != 0 {
			t.Fatalf("%q read as %s", s, a)
		}
	})
}

func BenchmarkAmount(b *testing.B) {
	x, y := FromTiyn(2015500), FromTiyn(8650000)
	var buf [24]byte
	for name, f := range map[string]func(){
		"FromTiyn": func() { x = FromTiyn(2015500) },
		"Tiyn":     func() { _ = x.Tiyn() },
		"Cmp":      func() { _ = x.Cmp(y) },
		"Add":      func() { _ = x.Add(y) },
		"String":   func() { _ = x.String() },
		"Append":   func() { _ = x.Append(buf[:0]) },
		"Parse":    func() { _, _ = Parse("20155.00") },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
		})
	}
}
