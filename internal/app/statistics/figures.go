package statistics

import (
	"cmp"
	"slices"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Counts are the figures of one region in one month, as they are.
type Counts struct {
	Region                         string
	Opened, Paid, InTime           int64
	Cancelled, HandedOver, Refused int64
	Payments                       int64 // less those that were reversed
	Collected, Saved               money.Amount
	Unsaid                         bool // the rules of one of the days do not say what was saved
	Grouped                        int  // how many regions these are; 0: one
	Days                           Medians
}

// Medians are the medians of the days that cases took; negative: not known.
type Medians struct{ ToPaid, ToEnd int }

var noMedians = Medians{-1, -1}

// ended is how many cases ended.
func (c Counts) ended() int64 { return c.Paid + c.Cancelled + c.HandedOver }

// Cell is a number as it is shown.
type Cell struct {
	N    int64
	Mark Mark
}

// SumCell is a sum of money as it is shown, in whole tenge.
type SumCell struct {
	Sum    money.Amount
	Hidden bool // or not known
}

// Share is a share in whole per cent as it is shown.
type Share struct {
	Percent int
	None    bool // there is nothing that it could be a share of
	Hidden  bool
}

// DaysCell is a median of days as it is shown.
type DaysCell struct {
	Days   int64
	None   bool // there is nothing that it could be of, or it was not counted
	Hidden bool
}

// Row is one line of what is published. Region is its code; of several small regions together it is empty and Grouped says how many they are,
// and of the country both are.
type Row struct {
	Region                                       string
	Grouped                                      int
	Opened, Paid, Otherwise, HandedOver, Refused Cell
	InTime                                       Share // of the paid ones, within the voluntary period
	Collected, Saved                             SumCell
	ToPaid, ToEnd                                DaysCell // from the opening; the median
}

// Month is what is published of one month.
type Month struct {
	Month   calendar.Date // its first day
	Country Row
	Regions []Row // by code; several small ones together come last
}

// publish makes of the figures of a month what may be shown of them. country are the medians of the country, which do not follow from the others.
func publish(month calendar.Date, all []Counts, country Medians) Month {
	rows := group(all)
	m := Month{Month: month, Regions: make([]Row, len(rows))}
	lines := make([]*Row, 0, len(rows)+1)
	for i, c := range rows {
		m.Regions[i].Region, m.Regions[i].Grouped = c.Region, c.Grouped
		lines = append(lines, &m.Regions[i])
	}
	lines = append(lines, &m.Country)
	whole := total(rows)
	whole.Days = country
	counted := append(slices.Clone(rows), whole)
	column := func(of func(Counts) int64, put func(*Row, Cell)) []Mark {
		marks := hideWithTotal(rows, of)
		for i, line := range lines {
			put(line, shown(of(counted[i]), marks[i]))
		}
		return marks
	}
	column(func(c Counts) int64 { return c.Opened }, func(r *Row, c Cell) { r.Opened = c })
	column(func(c Counts) int64 { return c.Cancelled }, func(r *Row, c Cell) { r.Otherwise = c })
	column(func(c Counts) int64 { return c.HandedOver }, func(r *Row, c Cell) { r.HandedOver = c })
	column(func(c Counts) int64 { return c.Refused }, func(r *Row, c Cell) { r.Refused = c })
	paid := column(func(c Counts) int64 { return c.Paid }, func(r *Row, c Cell) { r.Paid = c })
	collected := both(paid, hideWithTotal(rows, Counts.moved))
	share := both(both(paid, hideWithTotal(rows, func(c Counts) int64 { return c.InTime })), hideWithTotal(rows, func(c Counts) int64 { return c.Paid - c.InTime }))
	ended := hideWithTotal(rows, Counts.ended)
	for i, line := range lines {
		c := counted[i]
		line.ToPaid, line.ToEnd = days(c.Days.ToPaid, c.Paid, paid[i]), days(c.Days.ToEnd, c.ended(), ended[i])
		line.Collected = sum(c.Collected, collected[i] != Shown)
		line.Saved = sum(c.Saved, paid[i] != Shown || c.Unsaid)
		line.InTime = Share{Hidden: share[i] != Shown, None: c.Paid == 0}
		if !line.InTime.Hidden && c.Paid > 0 {
			line.InTime.Percent = int((c.InTime*200 + c.Paid) / (2 * c.Paid))
		}
	}
	return m
}

func shown(n int64, m Mark) Cell {
	if m != Shown {
		n = 0 // what is not shown is not handed out
	}
	return Cell{n, m}
}

// days shows a median of so many cases with the mark of their number: one of few would tell of somebody.
func days(median int, of int64, m Mark) DaysCell {
	switch {
	case of <= 0:
		return DaysCell{None: true}
	case m != Shown:
		return DaysCell{Hidden: true}
	case median < 0:
		return DaysCell{None: true}
	}
	return DaysCell{Days: int64(median)}
}

// sum gives a sum in whole tenge: more is of no use to anybody, and might be recognised.
func sum(a money.Amount, hidden bool) SumCell {
	if hidden {
		a = money.Zero
	}
	return SumCell{money.FromTiyn(a.Tiyn() / 100 * 100), hidden}
}

// hideWithTotal gives the marks of the rows, and that of their total last.
func hideWithTotal(rows []Counts, of func(Counts) int64) []Mark {
	column := make([]int64, len(rows))
	for i, c := range rows {
		column[i] = of(c)
	}
	marks, total := Hide(column)
	return append(marks, total)
}

// moved is how many payments a sum is of. Reversals may leave a sum of none: that is of few.
func (c Counts) moved() int64 {
	if c.Payments < 1 && !c.Collected.IsZero() {
		return 1
	}
	return max(c.Payments, 0)
}

// small says whether all counts of a region are too small to be shown.
func (c Counts) small() bool {
	return max(c.Opened, c.Paid, c.Cancelled, c.HandedOver, c.Refused, c.moved()) < Least
}

func (c Counts) nothing() bool {
	return max(c.Opened, c.Paid, c.Cancelled, c.HandedOver, c.Refused, c.moved()) == 0
}

// group puts regions together of which nothing could be shown, where there are several, and leaves those out in which nothing happened.
func group(all []Counts) []Counts {
	var rows, few []Counts
	for _, c := range all {
		switch {
		case c.nothing():
		case c.small():
			few = append(few, c)
		default:
			rows = append(rows, c)
		}
	}
	slices.SortFunc(rows, func(a, b Counts) int { return cmp.Compare(a.Region, b.Region) })
	switch len(few) {
	case 0:
	case 1:
		rows = append(rows, few[0])
		slices.SortFunc(rows, func(a, b Counts) int { return cmp.Compare(a.Region, b.Region) })
	default:
		together := total(few)
		together.Grouped = len(few)
		rows = append(rows, together)
	}
	return rows
}

// total adds up regions.
func total(all []Counts) (t Counts) {
	t.Days = noMedians // those of parts do not give that of the whole
	for _, c := range all {
		t.Opened, t.Paid, t.InTime = t.Opened+c.Opened, t.Paid+c.Paid, t.InTime+c.InTime
		t.Cancelled, t.HandedOver, t.Refused, t.Payments = t.Cancelled+c.Cancelled, t.HandedOver+c.HandedOver, t.Refused+c.Refused, t.Payments+c.Payments
		t.Collected, t.Saved, t.Unsaid = t.Collected.Add(c.Collected), t.Saved.Add(c.Saved), t.Unsaid || c.Unsaid
	}
	return t
}
