package orders

import (
	"cmp"
	"slices"
	"strings"

	"robotbailiff/engine"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

// KindCurrent is the only kind of account that may be arrested. A kind that nobody told us of is protected.
const KindCurrent = "current"

// Limits are what the law leaves to a person on a day.
type Limits struct {
	Free    []string     // the kinds of account that may be arrested
	Minimum money.Amount // left on all of them together, at all banks
}

// LimitsOn reads the limits of a day from the rules.
func LimitsOn(p *pack.Pack, on calendar.Date) Limits {
	l := Limits{Minimum: p.ProtectedMinimum(on)}
	if _, protected := p.Protected(KindCurrent, on); !protected {
		l.Free = []string{KindCurrent}
	}
	return l
}

// Plan chooses the accounts of one person that an arrest needs: the fewest that cover the sum, never more than the sum, never a
// protected account, and the minimum stays with the person, whose earlier arrests are no longer in what is available. Where
// there is less it takes what there is. The largest accounts come first, which makes them the fewest; among equals the order of
// banks and then of accounts decides. The legs hold the parts, by bank, each bank's largest first. Without legs the answer says
// why: no account, none that may be touched, or no money above the minimum.
func Plan(sum money.Amount, at map[string][]Account, l Limits) (legs []Leg, why engine.Answer) {
	type place struct {
		bank string
		Account
	}
	var free []place
	why = engine.NoAccount
	for bank, accounts := range at {
		for _, a := range accounts {
			switch {
			case slices.Contains(l.Free, a.Kind):
				free = append(free, place{bank, a})
			case why == engine.NoAccount:
				why = engine.Protected
			}
		}
	}
	if len(free) == 0 {
		return nil, why
	}
	slices.SortFunc(free, func(a, b place) int {
		return cmp.Or(b.Available.Cmp(a.Available), strings.Compare(a.bank, b.bank), strings.Compare(a.ID, b.ID))
	})
	seen := map[[2]string]bool{}
	free = slices.DeleteFunc(free, func(p place) bool { // an account that a bank tells twice counts once
		k := [2]string{p.bank, p.ID}
		twice := seen[k]
		seen[k] = true
		return twice || !p.Available.IsPositive()
	})
	enough := sum.Add(l.Minimum)
	var all money.Amount // no bank can tell a sum that is too large to add
	for _, p := range free {
		all = all.Add(money.Min(p.Available, enough))
	}
	left := money.Min(sum, all.Sub(l.Minimum))
	for _, p := range free {
		if !left.IsPositive() {
			break
		}
		part := money.Min(left, p.Available)
		left = left.Sub(part)
		i := slices.IndexFunc(legs, func(l Leg) bool { return l.Bank == p.bank })
		if i < 0 {
			i = len(legs)
			legs = append(legs, Leg{Bank: p.bank})
		}
		legs[i].Parts = append(legs[i].Parts, Part{Account: p.ID, Amount: part})
	}
	if len(legs) == 0 {
		return nil, engine.NoFunds
	}
	slices.SortFunc(legs, byBank)
	return legs, ""
}
