package orders

import (
	"fmt"
	"math/bits"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"robotbailiff/engine"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

func tiyn(n int64) money.Amount { return money.FromTiyn(n) }

var drawAccounts = rapid.Custom(func(t *rapid.T) map[string][]Account {
	kinds := rapid.SampledFrom([]string{KindCurrent, KindCurrent, KindCurrent, "social_benefit", "something_new", ""})
	out := map[string][]Account{}
	for i := range rapid.IntRange(0, 7).Draw(t, "accounts") {
		bank := rapid.SampledFrom([]string{"altyn", "dala", "jetisu"}).Draw(t, "bank")
		out[bank] = append(out[bank], Account{ID: fmt.Sprintf("KZ%d", i), Kind: kinds.Draw(t, "kind"), Available: tiyn(rapid.Int64Range(-5, 60).Draw(t, "available"))})
	}
	return out
})

// fewest tries every set of accounts: the smallest that can give the sum; 0 if even all of them cannot.
func fewest(at map[string][]Account, l Limits, sum int64) int {
	var free []int64
	var all int64
	for _, accounts := range at {
		for _, a := range accounts {
			if a.Kind == KindCurrent && a.Available.IsPositive() {
				free = append(free, a.Available.Tiyn())
				all += a.Available.Tiyn()
			}
		}
	}
	best := 0
	for set := range uint(1) << len(free) {
		var got int64
		for i, a := range free {
			if set>>i&1 == 1 {
				got += a
			}
		}
		if n := bits.OnesCount(set); got >= sum && all-sum >= l.Minimum.Tiyn() && (best == 0 || n < best) {
			best = n
		}
	}
	return best
}

// The plan is the best that trying everything finds, and within every limit.
func TestPlan_isTheBestWithinTheLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := drawAccounts.Draw(t, "at")
		sum := tiyn(rapid.Int64Range(1, 150).Draw(t, "sum"))
		l := Limits{Free: []string{KindCurrent}, Minimum: tiyn(rapid.Int64Range(0, 60).Draw(t, "minimum"))}
		legs, why := Plan(sum, at, l)
		var total, free money.Amount
		parts, current, other := 0, 0, 0
		for _, accounts := range at {
			for _, a := range accounts {
				if a.Kind != KindCurrent {
					other++
					continue
				}
				current++
				free = free.Add(money.Max(a.Available, money.Zero))
			}
		}
		for _, leg := range legs {
			for _, p := range leg.Parts {
				i := slices.IndexFunc(at[leg.Bank], func(a Account) bool { return a.ID == p.Account })
				if i < 0 || at[leg.Bank][i].Kind != KindCurrent || !p.Amount.IsPositive() || at[leg.Bank][i].Available.Less(p.Amount) {
					t.Fatalf("%s of %s: %+v", p.Amount, p.Account, at)
				}
				total, parts = total.Add(p.Amount), parts+1
			}
		}
		room := money.Max(free.Sub(l.Minimum), money.Zero)
		if want := money.Min(sum, room); !total.Equal(want) {
			t.Fatalf("%s is taken of %s with %s free, want %s", total, sum, free, want)
		}
		if parts > 0 && parts != fewest(at, l, total.Tiyn()) {
			t.Fatalf("%d accounts, %d are enough: %+v", parts, fewest(at, l, total.Tiyn()), legs)
		}
		want := engine.Answer("")
		switch {
		case current+other == 0:
			want = engine.NoAccount
		case current == 0:
			want = engine.Protected
		case room.IsZero():
			want = engine.NoFunds
		}
		if why != want || (why == "") != (len(legs) > 0) {
			t.Fatalf("%q, want %q, with %+v", why, want, legs)
		}
		for bank := range at { // the order in which banks tell their accounts does not matter
			slices.Reverse(at[bank])
		}
		if again, _ := Plan(sum, at, l); !reflect.DeepEqual(again, legs) {
			t.Fatalf("%+v\n%+v", legs, again)
		}
	})
}

func TestPlan_tiesAndDoubles(t *testing.T) {
	t.Parallel()
	one := func(id string, n int64) Account { return Account{ID: id, Kind: KindCurrent, Available: tiyn(n)} }
	l := Limits{Free: []string{KindCurrent}}
	for _, c := range []struct {
		name string
		at   map[string][]Account
		sum  int64
		want string
	}{
		{"the lower bank, then the lower account", map[string][]Account{"dala": {one("B", 5), one("A", 5)}, "altyn": {one("Z", 5)}}, 7, "altyn Z=5; dala A=2"},
		{"one bank gets one leg, its largest part first", map[string][]Account{"dala": {one("A", 3), one("B", 4)}}, 7, "dala B=4 A=3"},
		{"an account that is told twice counts once", map[string][]Account{"dala": {one("A", 5), one("A", 5)}}, 9, "dala A=5"},
		{"a sum that no bank has", map[string][]Account{"dala": {one("A", money.Limit), one("B", money.Limit), one("C", money.Limit)}}, 9, "dala A=9"},
	} {
		legs, _ := Plan(tiyn(c.sum), c.at, l)
		got := ""
		for _, leg := range legs {
			got += map[bool]string{true: "; "}[got != ""] + leg.Bank
			for _, p := range leg.Parts {
				got += fmt.Sprintf(" %s=%d", p.Account, p.Amount.Tiyn())
			}
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestLimitsOn_followTheRules(t *testing.T) {
	t.Parallel()
	for on, want := range map[string]int64{"2023-12-31": 0, "2024-08-20": 43_407_00, "2025-07-01": 46_228_00, "2026-11-28": 50_851_00} {
		d, err := calendar.ParseDate(on)
		if err != nil {
			t.Fatal(err)
		}
		l := LimitsOn(pack.Default(), d)
		if l.Minimum.Tiyn() != want || !slices.Equal(l.Free, []string{KindCurrent}) {
			t.Errorf("%s: %s, %v", on, l.Minimum, l.Free)
		}
	}
}
