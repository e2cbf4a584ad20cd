package iso

import (
	"time"

	"robotbailiff/rules/calendar"
)

// Date reads an ISODate or an ISODateTime. A date is taken as it stands; an instant with an offset is the day it has in Almaty,
// one without is local time.
func Date(text []byte) (calendar.Date, bool) {
	if len(text) < 10 {
		return 0, false
	}
	day, err := calendar.ParseDate(string(text[:10]))
	if err != nil {
		return 0, false
	}
	rest := string(text[10:])
	if rest == "" || rest[0] != 'T' {
		_, ok := offset(rest)
		return day, ok
	}
	clock, zone := rest[1:], ""
	for i := range clock {
		if c := clock[i]; c == 'Z' || c == '+' || c == '-' {
			clock, zone = clock[:i], clock[i:]
			break
		}
	}
	at, err := time.Parse("15:04:05", clock) // with any fraction of a second
	if err != nil {
		return 0, false
	}
	east, ok := offset(zone)
	if !ok || zone == "" {
		return day, ok
	}
	since := time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute + time.Duration(at.Second())*time.Second
	d := calendar.DateOf(day.UTC().Add(since - east))
	return d, d.Valid()
}

// offset reads the zone of a date or time: nothing, Z, or +hh:mm.
func offset(s string) (east time.Duration, ok bool) {
	if s == "" || s == "Z" {
		return 0, true
	}
	at, err := time.Parse("15:04", s[1:])
	if err != nil || len(s) != 6 || at.Hour() > 14 {
		return 0, false
	}
	east = time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
	switch s[0] {
	case '+':
		return east, true
	case '-':
		return -east, true
	}
	return 0, false
}
