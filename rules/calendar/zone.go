package calendar

import (
	"fmt"
	"time"
	_ "time/tzdata" // the zone must not depend on the machine: old tables still say +06
)

// Zone is the name of the zone in which legal days begin and end. The whole country has
// kept one time, UTC+5, since 1 March 2024.
const Zone = "Asia/Almaty"

// Almaty is the location of [Zone].
var Almaty = mustZone()

func mustZone() *time.Location {
	loc, err := time.LoadLocation(Zone)
	if err != nil {
		panic("calendar: " + err.Error()) // cannot happen: the table is embedded
	}
	return loc
}

// CheckZone is the start-up self-check: Almaty must be at +06 on 2024-02-29 and at +05 on
// 2024-03-01. A machine with older zone data would move every deadline by an hour.
func CheckZone() error { return checkZone(Almaty) }

func checkZone(loc *time.Location) error {
	for _, want := range []struct {
		at     time.Time
		offset int
	}{
		{time.Date(2024, 2, 29, 6, 0, 0, 0, time.UTC), 6 * 3600},
		{time.Date(2024, 3, 1, 6, 0, 0, 0, time.UTC), 5 * 3600},
	} {
		if _, got := want.at.In(loc).Zone(); got != want.offset {
			return fmt.Errorf("calendar: time zone data is out of date: %s is at UTC%+d h on %s, want %+d h (need release 2024a or later)",
				loc, got/3600, want.at.Format(time.DateOnly), want.offset/3600)
		}
	}
	return nil
}

// DateOf returns the legal day of an instant: its date in Almaty. The zero time gives the
// zero Date.
func DateOf(t time.Time) Date {
	if t.IsZero() {
		return 0
	}
	_, offset := t.In(Almaty).Zone()
	return FromUTC(t.Add(time.Duration(offset) * time.Second))
}

// Start returns the first instant of the legal day, 00:00 in Almaty; a date that is not
// [Date.Valid] gives the zero time.
func (d Date) Start() time.Time {
	if !d.Valid() {
		return time.Time{}
	}
	y, m, day := d.YMD()
	return time.Date(y, m, day, 0, 0, 0, 0, Almaty)
}

// End returns the exclusive end of the legal day, 24:00 in Almaty, which is the start of
// the next day. An act at End is late by the smallest step of the clock.
func (d Date) End() time.Time {
	if !d.Valid() {
		return time.Time{}
	}
	if d == Last {
		return d.Start().Add(24 * time.Hour)
	}
	return d.AddDays(1).Start()
}
