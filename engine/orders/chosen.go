package orders

import (
	"context"
	"time"

	"robotbailiff/engine"
	"robotbailiff/internal/seal"
	"robotbailiff/rules/money"
)

// Chosen is the plan of an arrest as the person concerned may know it: which accounts were chosen, and how much of each.
type Chosen struct {
	Asked  money.Amount // of the whole order
	At     time.Time    // when it was asked for
	Places []ChosenPlace
}

// ChosenPlace is one account of a plan.
type ChosenPlace struct {
	Bank    string
	Account string       // its last four characters
	Sum     money.Amount // that is held on it; until the bank has answered, that it was asked to hold
}

// ChosenFor tells the plans of a case's arrests, oldest first; one for which nothing was to be found is left out.
func ChosenFor(ctx context.Context, q engine.Querier, keys *seal.Keys, caseID int64) ([]Chosen, error) {
	plans, err := arrestPlans(ctx, q, keys, caseID)
	if err != nil {
		return nil, err
	}
	var out []Chosen
	for _, p := range plans {
		if places := placesOf(p.legs); len(places) > 0 {
			out = append(out, Chosen{Asked: p.asked, At: p.at, Places: places})
		}
	}
	return out, nil
}

func placesOf(legs []Leg) (places []ChosenPlace) {
	for _, l := range legs {
		for i, p := range l.Parts {
			sum := p.Amount
			switch {
			case i < len(l.Done):
				sum = l.Done[i]
			case l.Answer != "": // refused
				sum = money.Zero
			}
			if sum.IsPositive() {
				places = append(places, ChosenPlace{Bank: l.Bank, Account: p.Account[max(0, len(p.Account)-4):], Sum: sum})
			}
		}
	}
	return places
}
