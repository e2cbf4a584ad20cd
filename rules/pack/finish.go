package pack

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// finish checks what no single row shows, and builds the pack.
func (l *loader) finish() {
	slices.SortStableFunc(l.rows, func(a, b row) int {
		return cmp.Or(strings.Compare(a.Key, b.Key), a.From.Compare(b.From))
	})
	l.ranges()
	l.required()
	l.references()
	l.calendar()
	l.build()
}

// ranges reports rows of one key that overlap or leave a gap.
func (l *loader) ranges() {
	for i := 1; i < len(l.rows); i++ {
		prev, next := l.rows[i-1], l.rows[i]
		if prev.Key != next.Key {
			continue
		}
		switch {
		case prev.From == next.From:
			l.fault(next.File, next.Line, "%s from %s stands twice (also %s:%d)", next.Key, next.From, prev.File, prev.Line)
		case prev.To.IsZero() || prev.To >= next.From:
			l.fault(next.File, next.Line, "%s from %s overlaps the row from %s (%s:%d)", next.Key, next.From, prev.From, prev.File, prev.Line)
		case prev.To.AddDays(1) != next.From:
			l.fault(next.File, next.Line, "%s has a gap between %s and %s", next.Key, prev.To, next.From)
		}
	}
}

// required reports keys that the program cannot do without. It stays silent while single
// rows are faulty, since those are the better message.
func (l *loader) required() {
	if len(l.faults) > 0 {
		return
	}
	for _, s := range specs {
		prefix := strings.HasSuffix(s.key, ".")
		found := slices.ContainsFunc(l.rows, func(r row) bool {
			return r.Key == s.key || prefix && strings.HasPrefix(r.Key, s.key)
		})
		if s.required && !found {
			l.fault("", 0, "no value for %s", s.key)
		}
		if s.required && found && !prefix {
			l.endless(s.key)
		}
	}
}

// endless checks that a required key has a value on every day from Since on. What is
// below a prefix, such as a kind of writ, may begin later and end.
func (l *loader) endless(key string) {
	i := slices.IndexFunc(l.rows, func(r row) bool { return r.Key == key })
	if first := l.rows[i]; first.From > Since {
		l.fault(first.File, first.Line, "%s must be in force from %s or earlier", key, Since)
	}
	for i+1 < len(l.rows) && l.rows[i+1].Key == key {
		i++
	}
	if last := l.rows[i]; !last.To.IsZero() {
		l.fault(last.File, last.Line, "%s ends on %s: the last row of a required key has no `to`", key, last.To)
	}
}

// references reports classes of writs without limits and rungs with unknown channels.
func (l *loader) references() {
	if len(l.faults) > 0 {
		return
	}
	has := func(key string) bool {
		return slices.ContainsFunc(l.rows, func(r row) bool { return r.Key == key })
	}
	for _, r := range l.rows {
		if strings.HasPrefix(r.Key, KeyKindPrefix) {
			for _, need := range []string{KeyLatestPrefix, KeyLimitationPrefix} {
				if !has(need + r.Value.Value) {
					l.fault(r.File, r.Line, "class %s has no %s%s", r.Value.Value, need, r.Value.Value)
				}
			}
		}
		rungs, _ := r.parsed.([]Rung)
		for _, rung := range rungs {
			for _, c := range rung.Channels {
				if !has(KeyChannelPrefix + c) {
					l.fault(r.File, r.Line, "channel %s of the ladder has no %s%s", c, KeyChannelPrefix, c)
				}
			}
		}
	}
}

// calendar joins the years, which must follow each other.
func (l *loader) calendar() {
	slices.SortStableFunc(l.years, func(a, b year) int { return a.From.Compare(b.From) })
	var days []calendar.Day
	for i, y := range l.years {
		if i > 0 && l.years[i-1].To.AddDays(1) != y.From {
			l.fault(y.File, 0, "year %d does not follow year %d", y.From.Year(), l.years[i-1].From.Year())
		}
		for j, d := range y.days {
			l.transferred(y, d, y.at[j])
		}
		days = append(days, y.days...)
	}
	if len(l.years) == 0 {
		l.fault("", 0, "no file of special days")
		return
	}
	cal, err := calendar.New(weekend, days, l.years[0].From, l.years[len(l.years)-1].To)
	for _, e := range unjoin(err) {
		file, line := l.dayAt(e)
		l.fault(file, line, "%s", strings.TrimPrefix(e.Error(), "calendar: "))
	}
	l.pack.cal = cal
}

// dayAt finds where the day of a calendar error stands; of a day listed twice, the last.
func (l *loader) dayAt(err error) (file string, line int) {
	if bad, ok := errors.AsType[*calendar.DayError](err); ok {
		for _, y := range l.years {
			for i, d := range y.days {
				if d.Date == bad.Date {
					file, line = y.File, y.at[i]
				}
			}
		}
	}
	return file, line
}

// transferred checks a day off that stands for a holiday: the holiday must be listed and
// fall on the weekend (Law on holidays, Art 5).
func (l *loader) transferred(y year, d calendar.Day, line int) {
	if d.Kind == calendar.Holiday && !d.Of.IsZero() {
		l.fault(y.File, line, "holiday %s stands for itself, not for %s", d.Date, d.Of)
	}
	if d.Kind != calendar.NonWorking || d.Of.IsZero() {
		return
	}
	listed := slices.ContainsFunc(y.days, func(h calendar.Day) bool {
		return h.Date == d.Of && h.Kind == calendar.Holiday
	})
	if !listed || !slices.Contains(weekend, d.Of.Weekday()) || d.Date < d.Of {
		l.fault(y.File, line, "%s cannot stand for %s, which is no earlier holiday on a weekend", d.Date, d.Of)
	}
}

// joined is what errors.Join makes.
type joined interface {
	error
	Unwrap() []error
}

func unjoin(err error) []error {
	if err == nil {
		return nil
	}
	if j, ok := errors.AsType[joined](err); ok {
		return j.Unwrap()
	}
	return []error{err}
}

// build fills the list of values and the typed series.
func (l *loader) build() {
	p := l.pack
	p.typed = typed{
		sums: map[string]series[money.Amount]{}, counts: map[string]series[int]{}, flags: map[string]series[bool]{},
		words: map[string]series[string]{}, terms: map[string]series[Term]{},
		rates: map[string]series[money.Rate]{},
	}
	t := &p.typed
	for _, r := range l.rows {
		p.values = append(p.values, r.Value)
		switch v := r.parsed.(type) {
		case money.Amount:
			t.sums[r.Key] = extend(t.sums[r.Key], r, v)
		case int:
			t.counts[r.Key] = extend(t.counts[r.Key], r, v)
		case bool:
			t.flags[r.Key] = extend(t.flags[r.Key], r, v)
		case string:
			t.words[r.Key] = extend(t.words[r.Key], r, v)
		case Term:
			t.terms[r.Key] = extend(t.terms[r.Key], r, v)
		case money.Rate:
			t.rates[r.Key] = extend(t.rates[r.Key], r, v)
		case []Band:
			t.bands = extend(t.bands, r, v)
		case []Rung:
			t.ladder = extend(t.ladder, r, v)
		case Window:
			t.quiet = extend(t.quiet, r, v)
		}
	}
	for _, y := range l.years {
		p.values = append(p.values, y.Value)
	}
	slices.SortStableFunc(p.values, func(a, b Value) int {
		return cmp.Or(strings.Compare(a.Key, b.Key), a.From.Compare(b.From))
	})
	p.byKey = map[string][]int{}
	for i, v := range p.values {
		p.byKey[v.Key] = append(p.byKey[v.Key], i)
	}
}

func extend[T any](s series[T], r row, v T) series[T] {
	return append(s, span[T]{from: r.From, to: r.To, v: v})
}
