package desk

import "robotbailiff/rules/calendar"

// Period is the days that a page counts, and the days before that it compares with.
type Period struct {
	Name     string // today, 7, 30; empty: chosen by its days
	From, To calendar.Date
}

// Names of periods that end today.
const (
	PeriodToday = "today"
	PeriodWeek  = "7"
	PeriodMonth = "30"
)

// Periods lists the periods that end today, and how many days they have.
var Periods = []struct {
	Name string
	Days int
}{{PeriodToday, 1}, {PeriodWeek, 7}, {PeriodMonth, 30}}

// longestPeriod is how many days a period may have at most.
const longestPeriod = 366

// PeriodOf reads a period as an address says it: by its name, or by its first and last day. What makes no sense is the last week.
func PeriodOf(name, from, to string, today calendar.Date) Period {
	first, err1 := calendar.ParseDate(from)
	last, err2 := calendar.ParseDate(to)
	if name == "" && err1 == nil && err2 == nil && first.Valid() && last.Valid() && !last.Before(first) && last.Sub(first) < longestPeriod {
		return Period{From: first, To: last}
	}
	for _, p := range Periods {
		if p.Name == name {
			return Period{Name: name, From: today.AddDays(1 - p.Days), To: today}
		}
	}
	return Period{Name: PeriodWeek, From: today.AddDays(-6), To: today}
}

// Days is how many days the period has.
func (p Period) Days() int { return p.To.Sub(p.From) + 1 }

// Before is as many days just before.
func (p Period) Before() Period {
	return Period{From: p.From.AddDays(-p.Days()), To: p.From.AddDays(-1)}
}

// Has says whether a day is one of the period.
func (p Period) Has(d calendar.Date) bool { return !d.Before(p.From) && !d.After(p.To) }

// leastChart is how many days a chart shows at least.
const leastChart = 14

// chart is the days that a chart of the period shows: some before a short one, so that there is something to see.
func (p Period) chart() Period {
	return Period{From: min(p.From, p.To.AddDays(1-leastChart)), To: p.To}
}
