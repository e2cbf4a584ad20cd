package calendar

// Counting says how a term is counted. The act on enforcement has no rule of its own, so
// both switches are dated parameters of the rule pack.
type Counting struct {
	StartNextDay bool // day 1 is the day after the event; else the day of the event itself
	RollForward  bool // a last day that is a day off moves to the next working day
}

// AddWorkingDays returns the n-th working day after from; n = 0 gives from itself, whatever
// day it is, and a negative n counts back. The zero Date stays zero.
func (c *Calendar) AddWorkingDays(from Date, n int) Date {
	step := 1
	if n < 0 {
		step, n = -1, -n
	}
	d := from
	for n > 0 && !d.IsZero() {
		next := d.AddDays(step)
		if next == d { // the end of the calendar
			return d
		}
		d = next
		if c.IsWorking(d) {
			n--
		}
	}
	return d
}

// RollForward returns d if it is a working day, else the next working day.
func (c *Calendar) RollForward(d Date) Date {
	for d.Valid() && d != Last && !c.IsWorking(d) {
		d++
	}
	return d
}

// Term returns the last day of a term of so many calendar days that an event on start
// sets running. The term ends with that day, at its 24:00 ([Date.End]).
func (c *Calendar) Term(start Date, days int, k Counting) Date {
	last := start.AddDays(days)
	if !k.StartNextDay {
		last = start.AddDays(days - 1)
	}
	return c.roll(last, k)
}

// WorkingTerm returns the last day of a term of so many working days: the day off in
// between do not count. A term of no days ends on its start.
func (c *Calendar) WorkingTerm(start Date, days int, k Counting) Date {
	if days <= 0 {
		return c.roll(start, k)
	}
	if !k.StartNextDay {
		start = start.AddDays(-1)
	}
	return c.AddWorkingDays(start, days)
}

// YearTerm returns the last day of a term of so many years: the same day and month of the
// last year, 28 February for 29 February. StartNextDay = false ends it a day earlier.
func (c *Calendar) YearTerm(start Date, years int, k Counting) Date {
	last := start.AddYears(years)
	if !k.StartNextDay {
		last = last.AddDays(-1)
	}
	return c.roll(last, k)
}

func (c *Calendar) roll(d Date, k Counting) Date {
	if k.RollForward {
		return c.RollForward(d)
	}
	return d
}
