package calendar

import (
	"errors"
	"time"
)

// Date is a legal day: a date of the Gregorian calendar with no time and no zone. It is
// comparable and ordered as an integer; the zero value means "not set". Set dates run
// from 0001-01-01 to 9999-12-31, and arithmetic stops at these ends.
type Date int32

// First and Last are the ends of the range of set dates.
const (
	First Date = 1       // 0001-01-01
	Last  Date = 3652059 // 9999-12-31
)

// ErrDate says that a text is not a date: see [ParseDate].
var ErrDate = errors.New("calendar: not a date, want YYYY-MM-DD")

// MakeDate returns the date of a year, month and day. Like [time.Date] it carries over
// days and months out of range (31 April is 1 May); outside 0001..9999 it stops at the ends.
func MakeDate(y int, m time.Month, d int) Date {
	return FromUTC(time.Date(y, m, d, 0, 0, 0, 0, time.UTC))
}

// unixDay is 1970-01-01 as a Date.
const unixDay = 719163

// FromUTC returns the date that t shows in UTC: for drivers and formats which carry a
// date as midnight UTC. The legal day of an instant is [DateOf].
func FromUTC(t time.Time) Date {
	s := t.Unix()
	days := s / 86400
	if s%86400 < 0 {
		days--
	}
	return clamp(days + unixDay)
}

// UTC returns midnight UTC of the date, the reverse of [FromUTC]; a date that is not
// [Date.Valid] gives the zero time.
func (d Date) UTC() time.Time {
	if !d.Valid() {
		return time.Time{}
	}
	return time.Unix((int64(d)-unixDay)*86400, 0).UTC()
}

func clamp(n int64) Date {
	return Date(max(int64(First), min(n, int64(Last))))
}

// ParseDate reads exactly "YYYY-MM-DD" in ASCII digits, a day that exists, years 0001 to
// 9999; anything else is [ErrDate].
func ParseDate(s string) (Date, error) {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return 0, ErrDate
	}
	y, ok1 := number(s[0:4])
	m, ok2 := number(s[5:7])
	d, ok3 := number(s[8:10])
	if !ok1 || !ok2 || !ok3 || y < 1 || m < 1 || m > 12 || d < 1 || d > daysIn(y, m) {
		return 0, ErrDate
	}
	return fromCivil(y, m, d), nil
}

func number(s string) (int, bool) {
	n := 0
	for i := range len(s) {
		c := s[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

func leap(y int) bool { return y%4 == 0 && (y%100 != 0 || y%400 == 0) }

func daysIn(y, m int) int {
	switch m {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if leap(y) {
			return 29
		}
		return 28
	}
	return 31
}

// fromCivil counts days with years that begin on 1 March, so that a leap day comes last.
func fromCivil(y, m, d int) Date {
	if m <= 2 {
		y--
		m += 12
	}
	return clamp(int64(365*y + y/4 - y/100 + y/400 + (153*(m-3)+2)/5 + d - 306))
}

// YMD returns year, month and day; a date that is not [Date.Valid] gives zeros.
func (d Date) YMD() (int, time.Month, int) {
	if !d.Valid() {
		return 0, 0, 0
	}
	n := int(d) + 305 // days since 0000-03-01
	era := n / 146097
	doe := n % 146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day := doy - (153*mp+2)/5 + 1
	y, m := yoe+era*400, mp+3
	if m > 12 {
		m -= 12
		y++
	}
	return y, time.Month(m), day
}

// Year returns the year; a date that is not [Date.Valid] gives 0.
func (d Date) Year() int {
	y, _, _ := d.YMD()
	return y
}

// Weekday returns the day of the week.
func (d Date) Weekday() time.Weekday { return time.Weekday((int64(d)%7 + 7) % 7) }

// IsZero reports whether the date is not set.
func (d Date) IsZero() bool { return d == 0 }

// Valid reports whether the date is set and in range. Every function here returns dates
// that are valid or zero; only a conversion from a foreign integer can make another.
func (d Date) Valid() bool { return d >= First && d <= Last }

// AddDays returns the date n days later, earlier if n is negative. The zero Date stays zero.
func (d Date) AddDays(n int) Date {
	if d.IsZero() {
		return d
	}
	return clamp(int64(d) + int64(max(-int(Last), min(n, int(Last)))))
}

// AddYears returns the same day and month n years later; 29 February becomes 28 February
// where the year has no such day. A date that is not [Date.Valid] gives the zero Date.
func (d Date) AddYears(n int) Date {
	if !d.Valid() {
		return 0
	}
	y, m, day := d.YMD()
	y += max(-9999, min(n, 9999))
	if y < 1 {
		return First
	}
	if y > 9999 {
		return Last
	}
	return fromCivil(y, int(m), min(day, daysIn(y, int(m))))
}

// Sub returns the number of days from other to d.
func (d Date) Sub(other Date) int { return int(d) - int(other) }

// Before reports whether d is earlier than o.
func (d Date) Before(o Date) bool { return d < o }

// After reports whether d is later than o.
func (d Date) After(o Date) bool { return d > o }

// Compare returns -1, 0 or +1 as d is earlier than, equal to or later than o.
func (d Date) Compare(o Date) int {
	switch {
	case d < o:
		return -1
	case d > o:
		return 1
	}
	return 0
}

// String returns "YYYY-MM-DD", and "" for a date that is not [Date.Valid].
func (d Date) String() string {
	var buf [10]byte
	return string(d.Append(buf[:0]))
}

// Append adds the text of [Date.String] to b and returns the longer slice.
func (d Date) Append(b []byte) []byte {
	if !d.Valid() {
		return b
	}
	y, m, day := d.YMD()
	return append(b,
		figures[y/1000], figures[y/100%10], figures[y/10%10], figures[y%10], '-',
		figures[m/10], figures[m%10], '-', figures[day/10], figures[day%10])
}

const figures = "0123456789"

// MarshalText gives the text of [Date.String].
func (d Date) MarshalText() ([]byte, error) { return d.Append(nil), nil }

// UnmarshalText reads what MarshalText wrote: an empty text is the zero Date, the rest
// goes to [ParseDate].
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = 0
		return nil
	}
	v, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = v
	return nil
}
