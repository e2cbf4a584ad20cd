package source

import (
	"strconv"
	"strings"

	"robotbailiff/rules/calendar"
)

// Follows says why a statement cannot be the next one of its account after another: a day between them is missing or is in both,
// balances do not join, numbers have a gap. Days for which working is false may be missing, since banks book nothing then;
// without working every day counts. Numbers that run on prove that nothing is missing, whatever the days.
func Follows(before, next *Statement, working func(calendar.Date) bool) []*Fault {
	var faults []*Fault
	fault := func(code, detail string) {
		faults = append(faults, &Fault{Format: next.Format, Code: code, Detail: detail})
	}
	if before.Account != next.Account || before.Currency != next.Currency {
		fault(CodeAccountDiffers, "")
		return faults
	}
	order := sequence(before, next)
	if order == same || before.ID != "" && before.ID == next.ID && before.Format == next.Format && order != page {
		fault(CodeStatementTwice, "")
	}
	if order == gap {
		fault(CodeNumberGap, before.Number+" and then "+next.Number)
	}
	switch {
	case order == page: // several sheets of one day
	case !next.From.After(before.To):
		fault(CodeDayTwice, span(next.From, calendar.Date(min(next.To, before.To))))
	case order != following:
		if d := firstMissing(before.To.AddDays(1), next.From, working); d < next.From {
			fault(CodeDayMissing, d.String())
		}
	}
	if before.Balanced && next.Balanced && !before.Closing.Equal(next.Opening) {
		fault(CodeOpening, before.Closing.String()+" and then "+next.Opening.String())
	}
	return faults
}

func firstMissing(d, end calendar.Date, working func(calendar.Date) bool) calendar.Date {
	for ; d < end && working != nil && !working(d); d = d.AddDays(1) {
	}
	return d
}

type relation uint8

const (
	unknown   relation = iota // a statement has no number
	following                 // the next number
	page                      // the next sheet of the same number
	same
	gap
)

// sequence compares the numbers "7", or "7/2" where a statement has several sheets. They begin anew each year.
func sequence(before, next *Statement) relation {
	n1, p1, ok1 := number(before.Number)
	n2, p2, ok2 := number(next.Number)
	newYear := next.From.Year() > before.To.Year()
	switch {
	case !ok1 || !ok2:
		return unknown
	case n2 == n1+1 && p2 <= 1, newYear && n2 == 1 && p2 <= 1:
		return following
	case n1 == n2 && p2 == p1+1 && p1 > 0:
		return page
	case n1 == n2 && p1 == p2:
		return same
	}
	return gap
}

func number(s string) (n, sheet int, ok bool) {
	whole, part, paged := strings.Cut(s, "/")
	n, err := strconv.Atoi(whole)
	if err != nil || n < 0 {
		return 0, 0, false
	}
	if paged {
		if sheet, err = strconv.Atoi(part); err != nil || sheet < 0 {
			return 0, 0, false
		}
	}
	return n, sheet, true
}
