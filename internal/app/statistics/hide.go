package statistics

import (
	"cmp"
	"slices"
)

// Least is the smallest number that is shown, besides none.
const Least = 5

// Mark says how a number is shown.
type Mark uint8

// Marks.
const (
	Shown  Mark = iota
	Few         // there are some, and fewer than [Least]
	Hidden      // hidden since another number could be computed from it; of a region it is Least or more
)

// Hide decides how the numbers of a column and their total are shown, so that each number below Least may still be anything from 1 on, also
// to one who adds up all that is shown, and who knows that it is the smallest of the others that are hidden.
func Hide(column []int64) (marks []Mark, total Mark) {
	marks = make([]Mark, len(column))
	var few, sum, rest int64 // how many there are, what they and those hidden add up to, and the whole
	var others []int
	for i, n := range column {
		rest += n
		switch {
		case n <= 0:
		case n < Least:
			marks[i] = Few
			few, sum = few+1, sum+n
		default:
			others = append(others, i)
		}
	}
	if few == 0 {
		return marks, Shown
	}
	switch {
	case rest < Least && few == 1:
		return marks, Few // it is the same number
	case rest < Least:
		return marks, Hidden // four that are fewer than five together would be one each
	}
	slices.SortStableFunc(others, func(a, b int) int { return cmp.Compare(column[a], column[b]) })
	for hidden := 0; ; hidden++ {
		next := int64(-1) // the smallest that is shown; negative: none is
		if hidden < len(others) {
			next = column[others[hidden]]
		}
		if safe(few, int64(hidden), sum, next) {
			for _, i := range others[:hidden] {
				marks[i] = Hidden
			}
			return marks, Shown
		}
		if next < 0 {
			return marks, Hidden // nothing is left to hide but the total, and without it nothing can be added up
		}
		sum += next
	}
}

// safe says whether each of so many small numbers may be anything from 1 to Least-1 when they add up to a known sum together with so many
// that are hidden, each of which is Least or more, and not more than next.
func safe(few, hidden, sum, next int64) bool {
	const most = Least - 1
	if hidden == 0 {
		return sum >= few-1+most && sum <= (few-1)*most+1
	}
	return sum >= few-1+most+hidden*Least && (next < 0 || sum <= (few-1)*most+1+hidden*next)
}

// both joins the marks of two columns of the same rows: what either of them hides is hidden.
func both(a, b []Mark) []Mark {
	out := slices.Clone(a)
	for i, m := range b {
		if out[i] == Shown {
			out[i] = m
		}
	}
	return out
}
