package rules_test

import (
	"testing"

	"pgregory.net/rapid"

	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

// The fee of a sum of simplified claims is the sum of their fees, each of which was rounded by itself.
func TestFeeOfMany_isTheFeesTogether(t *testing.T) {
	t.Parallel()
	p := pack.Default()
	rapid.Check(t, func(t *rapid.T) {
		on := calendar.MakeDate(2024, 8, 20).AddDays(rapid.IntRange(0, 850).Draw(t, "day"))
		limit, _ := p.Threshold(on)
		mci, _ := p.MCI(on, pack.General)
		most := mci.MulInt(int64(limit.MCI)).Tiyn()
		each, sum := money.Zero, money.Zero
		claims := rapid.SliceOfN(rapid.Int64Range(1, most), 1, 40).Draw(t, "claims")
		for _, tiyn := range claims {
			fee, _ := rules.Fee(p, money.FromTiyn(tiyn), on)
			each, sum = each.Add(fee), sum.Add(money.FromTiyn(tiyn))
		}
		all, ok := rules.FeeOfMany(p, sum, on)
		if off := all.Sub(each).Tiyn(); !ok || off > int64(len(claims)) || -off > int64(len(claims)) {
			t.Fatalf("%v: %s together, %s one by one (%v)", claims, all, each, ok)
		}
	})
}

// A day without rules has no fee that anybody knows.
func TestFeeOfMany_saysThatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	if fee, ok := rules.FeeOfMany(pack.Default(), money.FromTiyn(100), calendar.MakeDate(1999, 1, 1)); ok || !fee.IsZero() {
		t.Errorf("%s, %v", fee, ok)
	}
	if fee, ok := rules.FeeOfMany(pack.Default(), money.Zero, calendar.MakeDate(2026, 9, 1)); !ok || !fee.IsZero() {
		t.Errorf("nothing costs %s, %v", fee, ok)
	}
}
