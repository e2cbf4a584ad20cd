package money

import (
	"errors"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

func mustRate(t interface{ Fatalf(string, ...any) }, s string) Rate {
	r, err := ParseRate(s)
	if err != nil {
		t.Fatalf("ParseRate(%q): %v", s, err)
	}
	return r
}

func TestParseRate(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"25 %": "25 %", "25%": "25 %", "0.25": "25 %", "12.5 %": "12.5 %", "0": "0 %", "0 %": "0 %", "100%": "100 %", "1": "100 %", "0.125 %": "0.125 %",
	} {
		if got := mustRate(t, in); got.String() != want || !got.Equal(mustRate(t, got.String())) {
			t.Errorf("ParseRate(%q) = %s, want %s", in, got, want)
		}
	}
	for _, in := range []string{"", "%", " %", "25  %", " 25 %", "-1 %", "+1", "1e2", ".5", "5.", "1,5 %", "25 % ", "NaN", "٢٥ %", "25 %%", "1234567890"} {
		if got, err := ParseRate(in); err == nil {
			t.Errorf("ParseRate(%q) = %s, want an error", in, got)
		}
	}
}

func TestMulRate_rounding(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tiyn                         int64
		rate                         string
		halfUp, halfEven, down, upTo int64
	}{
		{8650000, "25 %", 2162500, 2162500, 2162500, 2162500},
		{50, "5 %", 3, 2, 2, 3}, // 2.5 tiyn
		{70, "5 %", 4, 4, 3, 4}, // 3.5
		{-50, "5 %", -3, -2, -2, -3},
		{48, "5 %", 2, 2, 2, 3}, // 2.4
		{52, "5 %", 3, 3, 2, 3}, // 2.6
		{1, "3 %", 0, 0, 0, 1},
		{0, "25 %", 0, 0, 0, 0},
	} {
		a, r := FromTiyn(c.tiyn), mustRate(t, c.rate)
		for rounding, want := range map[Rounding]int64{HalfUp: c.halfUp, HalfEven: c.halfEven, Down: c.down, Up: c.upTo} {
			if got := a.MulRate(r, rounding); got.Tiyn() != want {
				t.Errorf("%s × %s, %s = %d tiyn, want %d", a, r, rounding, got.Tiyn(), want)
			}
		}
	}
}

func TestMulRate_agreesWithRationals(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Int64Range(-1e12, 1e12).Draw(t, "x")
		bp := rapid.Int64Range(0, 10000).Draw(t, "basis points")
		r := mustRate(t, big.NewRat(bp, 10000).FloatString(4))
		exact := big.NewRat(x, 1)
		exact.Mul(exact, big.NewRat(bp, 10000))
		a := FromTiyn(x)
		down, up := a.MulRate(r, Down), a.MulRate(r, Up)
		half := a.MulRate(r, HalfUp)
		distance := new(big.Rat).Sub(exact, big.NewRat(half.Tiyn(), 1))
		if distance.Abs(distance).Cmp(big.NewRat(1, 2)) > 0 {
			t.Fatalf("%d × %d bp: half_up %s is off by %s", x, bp, half, distance)
		}
		if d := up.Sub(down).Tiyn(); d < -1 || d > 1 || exact.IsInt() != (d == 0) {
			t.Fatalf("%d × %d bp: down %s, up %s", x, bp, down, up)
		}
	})
}

func TestMulRate_unknownRoundingPanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	FromTiyn(1).MulRate(Rate{}, "sideways")
}

func FuzzParseRate(f *testing.F) {
	for _, s := range []string{"25 %", "0.25", "100%", "x", "1e9 %"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRate(s)
		if err == nil && !r.Equal(mustRate(t, r.String())) {
			t.Fatalf("%q became %s, which reads differently", s, r)
		}
	})
}

func TestSplit_sumsExactly(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		total := FromTiyn(drawTiyn(t, "total"))
		weights := rapid.SliceOfN(rapid.Int64Range(0, 1<<62), 1, 12).Draw(t, "weights")
		shares, err := Split(total, weights)
		sum := new(big.Int)
		for _, w := range weights {
			sum.Add(sum, big.NewInt(w))
		}
		if (err != nil) != (sum.Sign() == 0) {
			t.Fatalf("weights %v: %v", weights, err)
		}
		if err != nil {
			return
		}
		got := Zero
		for i, s := range shares {
			got = got.Add(s)
			exact := new(big.Rat).SetFrac(new(big.Int).Mul(big.NewInt(total.Tiyn()), big.NewInt(weights[i])), sum)
			off := exact.Sub(exact, big.NewRat(s.Tiyn(), 1))
			if off.Abs(off).Cmp(big.NewRat(1, 1)) >= 0 || weights[i] == 0 && !s.IsZero() {
				t.Fatalf("share %d of %s by %v is %s", i, total, weights, s)
			}
		}
		if !got.Equal(total) {
			t.Fatalf("shares of %s add up to %s", total, got)
		}
	})
}

func TestSplit(t *testing.T) {
	t.Parallel()
	shares, err := Split(FromTiyn(100), []int64{1, 1, 1})
	if err != nil || shares[0].Tiyn() != 34 || shares[1].Tiyn() != 33 || shares[2].Tiyn() != 33 {
		t.Errorf("1.00 by thirds: %v, %v; want 34, 33, 33", shares, err)
	}
	for _, bad := range [][]int64{nil, {}, {0, 0}, {1, -1}} {
		if _, err := Split(FromTiyn(1), bad); !errors.Is(err, ErrWeights) {
			t.Errorf("Split by %v: %v", bad, err)
		}
	}
}
