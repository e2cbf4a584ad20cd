package ledger

import (
	"slices"
	"strings"

	"robotbailiff/rules/money"
)

// Balance is one account with both its sides.
type Balance struct {
	Account Account
	Debit   money.Amount
	Credit  money.Amount
}

// Net is the debit side minus the credit side.
func (b Balance) Net() money.Amount { return b.Debit.Sub(b.Credit) }

// Book adds entries up in memory: for reports, tests and what-if, never as the truth. The zero value is ready.
type Book struct{ sides map[Account]Balance }

// Post adds entries.
func (b *Book) Post(entries ...Entry) {
	if b.sides == nil {
		b.sides = make(map[Account]Balance)
	}
	for _, e := range entries {
		d, c := b.sides[e.Debit], b.sides[e.Credit]
		d.Account, d.Debit = e.Debit, d.Debit.Add(e.Amount)
		c.Account, c.Credit = e.Credit, c.Credit.Add(e.Amount)
		b.sides[e.Debit], b.sides[e.Credit] = d, c
	}
}

// Of gives one account.
func (b *Book) Of(a Account) Balance {
	x := b.sides[a]
	x.Account = a
	return x
}

// Balances gives all accounts, ordered by name.
func (b *Book) Balances() []Balance {
	out := make([]Balance, 0, len(b.sides))
	for _, x := range b.sides {
		out = append(out, x)
	}
	slices.SortFunc(out, func(x, y Balance) int { return strings.Compare(string(x.Account), string(y.Account)) })
	return out
}
