package pack

import (
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"

	"robotbailiff/rules/calendar"
)

// year is one file of special days.
type year struct {
	Value
	days []calendar.Day
	at   []int // line of each day
}

// weekend is the weekly rest of state bodies; nothing in the pack changes it.
var weekend = []time.Weekday{time.Saturday, time.Sunday}

// year reads a file of special days.
func (r *reader) year(root *yaml.Node, f map[string]*yaml.Node) {
	y := year{Value: Value{
		Key:      KeyCalendar,
		Unit:     "day",
		Citation: r.text(root, f, "citation"),
		Edition:  r.date(root, f, "edition", false),
		Basis:    "practice",
		Note:     r.names(root, f, "note"),
		File:     r.file,
		Line:     root.Line,
	}}
	source := r.text(root, f, "source")
	n, err := strconv.Atoi(r.text(root, f, "year"))
	if err != nil || n < 1992 || n > 2200 {
		r.fault(root, "year must be a number from 1992 to 2200")
		return
	}
	y.From, y.To = calendar.MakeDate(n, 1, 1), calendar.MakeDate(n, 12, 31)
	for _, e := range r.sequence(f["days"], "days") {
		d, ok := r.day(e, source)
		if ok && d.Date.Year() != n {
			r.fault(e, "%s is not in %d", d.Date, n)
			ok = false
		}
		if ok {
			y.days, y.at = append(y.days, d), append(y.at, e.Line)
		}
	}
	y.Value.Value = strconv.Itoa(len(y.days))
	r.l.years = append(r.l.years, y)
}

func (r *reader) day(e *yaml.Node, source string) (calendar.Day, bool) {
	f, ok := r.mapping(e, "day", "date", "kind", "of", "source", "citation", "estimated", "name")
	if !ok {
		return calendar.Day{}, false
	}
	d := calendar.Day{
		Date:   r.date(e, f, "date", true),
		Kind:   calendar.Kind(r.text(e, f, "kind")),
		Of:     r.date(e, f, "of", false),
		Source: source,
		Name:   r.names(e, f, "name"),
	}
	if f["source"] != nil {
		d.Source = r.text(e, f, "source")
	}
	if c := f["citation"]; c != nil {
		d.Source = r.text(e, f, "citation") + "; " + d.Source
	}
	if n := f["estimated"]; n != nil {
		if n.Value != "true" && n.Value != "false" {
			r.fault(n, "estimated must be true or false")
		}
		d.Estimated = n.Value == "true"
	}
	swap := d.Kind == calendar.SwapOff || d.Kind == calendar.SwapWork
	if swap && d.Of.IsZero() {
		r.fault(e, "a swapped day names its other half in `of`")
		return d, false
	}
	return d, !d.Date.IsZero()
}
