package calendar

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Kind says why a day differs from the plain week.
type Kind string

// The kinds of special days.
const (
	Holiday    Kind = "holiday"    // a holiday by the law on holidays
	NonWorking Kind = "nonworking" // off without being a holiday: 7 January, Kurban Ait, a holiday's transfer
	SwapOff    Kind = "swap_off"   // a working day made free by an order
	SwapWork   Kind = "swap_work"  // a day of the weekend made working by the same order
)

// Names is a text in the three languages of the proceedings and of its readers.
type Names struct{ KK, RU, EN string }

// In returns the text in "kk", "ru" or "en", and "" for another language.
func (n Names) In(lang string) string {
	switch lang {
	case "kk":
		return n.KK
	case "ru":
		return n.RU
	case "en":
		return n.EN
	}
	return ""
}

// For returns the text in the language, in Russian where it has none in it: everybody here can be expected to read that.
func (n Names) For(lang string) string {
	if text := n.In(lang); text != "" {
		return text
	}
	return n.RU
}

// Day is one special day.
type Day struct {
	Date      Date
	Kind      Kind
	Of        Date   // the other half of a swap, or the holiday that a transferred day stands for; may be unset
	Source    string // act or publication the day was taken from
	Estimated bool   // not yet confirmed by an order or by the muftiate
	Name      Names
}

// Calendar tells working days from days off. It is immutable and safe for concurrent use.
// Inside its dated range it follows the listed days; outside it knows the weekend only,
// and [Calendar.Covers] says so.
type Calendar struct {
	from, to Date
	weekend  [7]bool
	off      []bool // by day from `from`
	days     []Day  // sorted by date
}

// DayError says what is wrong with one special day.
type DayError struct {
	Date   Date
	Reason string
}

// Error implements error.
func (e *DayError) Error() string { return "calendar: " + e.Date.String() + " " + e.Reason }

// New makes a calendar of the days off in weekend and the special days, dated from..to
// inclusive. All faults are reported together: a day twice or out of range, an unknown
// kind, a swap that changes nothing or has no partner, a week without working days.
func New(weekend []time.Weekday, days []Day, from, to Date) (*Calendar, error) {
	c := &Calendar{from: from, to: to, days: slices.Clone(days)}
	var errs []error
	for _, w := range weekend {
		if w < time.Sunday || w > time.Saturday {
			errs = append(errs, fmt.Errorf("calendar: no such weekday: %d", int(w)))
			continue
		}
		c.weekend[w] = true
	}
	if c.weekend == [7]bool{true, true, true, true, true, true, true} {
		errs = append(errs, errors.New("calendar: a week needs a working day"))
	}
	if from.IsZero() || to < from {
		return nil, errors.Join(append(errs, fmt.Errorf("calendar: range %s..%s is empty", from, to))...)
	}
	slices.SortStableFunc(c.days, func(a, b Day) int { return a.Date.Compare(b.Date) })
	c.off = make([]bool, to.Sub(from)+1)
	for i := range c.off {
		c.off[i] = c.weekend[from.AddDays(i).Weekday()]
	}
	for i, d := range c.days {
		if i > 0 && c.days[i-1].Date == d.Date {
			errs = append(errs, &DayError{d.Date, "is listed twice"})
			continue
		}
		if reason := c.place(d); reason != "" {
			errs = append(errs, &DayError{d.Date, reason})
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return c, nil
}

// place marks one special day, or says what is wrong with it.
func (c *Calendar) place(d Day) (fault string) {
	if !c.Covers(d.Date) {
		return fmt.Sprintf("lies outside %s..%s", c.from, c.to)
	}
	weekend := c.weekend[d.Date.Weekday()]
	partner := func(k Kind) bool {
		p, ok := c.Special(d.Of)
		return ok && p.Kind == k && p.Of == d.Date
	}
	switch d.Kind {
	case Holiday, NonWorking:
	case SwapOff:
		if weekend {
			return "is swap_off but already a day off"
		}
		if !partner(SwapWork) {
			return "is swap_off without a swap_work day of its own"
		}
	case SwapWork:
		if !weekend {
			return "is swap_work but already a working day"
		}
		if !partner(SwapOff) {
			return "is swap_work without a swap_off day of its own"
		}
	default:
		return fmt.Sprintf("has unknown kind %q", d.Kind)
	}
	c.off[d.Date.Sub(c.from)] = d.Kind != SwapWork
	return ""
}

// Covers reports whether the special days of d are known. Where it is false, answers rest
// on the weekend alone and should be shown as estimates.
func (c *Calendar) Covers(d Date) bool { return d >= c.from && d <= c.to && !d.IsZero() }

// Range returns the first and last day with known special days.
func (c *Calendar) Range() (from, to Date) { return c.from, c.to }

// Days returns the special days in order of date.
func (c *Calendar) Days() []Day { return slices.Clone(c.days) }

// Special returns the special day on d, if there is one.
func (c *Calendar) Special(d Date) (Day, bool) {
	i, ok := slices.BinarySearchFunc(c.days, d, func(x Day, d Date) int { return x.Date.Compare(d) })
	if !ok {
		return Day{}, false
	}
	return c.days[i], true
}

// IsWorking reports whether d is a working day.
func (c *Calendar) IsWorking(d Date) bool {
	if c.Covers(d) {
		return !c.off[d.Sub(c.from)]
	}
	return !c.weekend[d.Weekday()]
}
