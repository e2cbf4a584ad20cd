package rules

import (
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

// FeeOfMany returns what private bailiffs might have charged on simplified claims that add up to a sum (EL 118): what [Fee] gives for each
// of them, but for the rounding of each. ok is false where the day has no rule, or where its bands or its cap tell claims below the
// threshold apart, so that their sum alone does not say it.
func FeeOfMany(p *pack.Pack, sum money.Amount, on calendar.Date) (fee money.Amount, ok bool) {
	mci, ok1 := p.MCI(on, pack.General)
	bands, ok2 := p.FeeBands(on)
	most, ok3 := p.FeeCap(on)
	rounding, ok4 := p.FeeRounding(on)
	limit, ok5 := p.Threshold(on)
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || len(bands) == 0 || bands[0].UpTo != 0 && bands[0].UpTo < limit.MCI {
		return money.Zero, false
	}
	if mci.MulInt(int64(most)).Less(mci.MulInt(int64(limit.MCI)).MulRate(bands[0].Rate, rounding)) {
		return money.Zero, false
	}
	if !sum.IsPositive() {
		return money.Zero, true
	}
	return sum.MulRate(bands[0].Rate, rounding), true
}
