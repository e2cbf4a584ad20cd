package money

import (
	"errors"
	"slices"

	"github.com/shopspring/decimal"
)

// ErrWeights says that a sum cannot be shared: no weights, a negative one, or all zero.
var ErrWeights = errors.New("money: weights must be non-negative and not all zero")

// Split shares total out in proportion to weights by largest remainder: each share is
// within one tiyn of its exact part, equal remainders go to the earlier weight, and the
// shares add up to total exactly. A weight of zero gets nothing. A negative total is
// shared like its opposite. The error is [ErrWeights].
func Split(total Amount, weights []int64) ([]Amount, error) {
	sum := decimal.Zero
	for _, w := range weights {
		if w < 0 {
			return nil, ErrWeights
		}
		sum = sum.Add(decimal.NewFromInt(w))
	}
	if sum.IsZero() {
		return nil, ErrWeights
	}
	shares := make([]int64, len(weights))
	rests := make([]decimal.Decimal, len(weights))
	order := make([]int, len(weights))
	tiyn := decimal.NewFromInt(total.Tiyn()).Abs()
	left := tiyn.IntPart()
	for i, w := range weights {
		var whole decimal.Decimal
		whole, rests[i] = tiyn.Mul(decimal.NewFromInt(w)).QuoRem(sum, 0)
		shares[i] = whole.IntPart()
		left -= shares[i]
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return rests[j].Cmp(rests[i]) })
	for _, i := range order[:left] { // left < number of non-zero remainders
		shares[i]++
	}
	out := make([]Amount, len(shares))
	for i, s := range shares {
		if total.Sign() < 0 {
			s = -s
		}
		out[i] = FromTiyn(s)
	}
	return out, nil
}
