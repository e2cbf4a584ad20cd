package smsc

import (
	"strings"
	"time"
)

// zone is where the centre is: its receipts tell the time of Kazakhstan, as those of centres there do.
var zone = time.FixedZone("+05", 5*60*60)

// readMoment reads a time as SMPP writes it (7.1.1): YYMMDDhhmmsstnn with a "+" or "-" for an absolute one, nn quarters of an hour
// from UTC, and with an "R" for one that counts from now.
func readMoment(s string, now time.Time) (time.Time, bool) {
	if len(s) != 16 || strings.Trim(s[:15], "0123456789") != "" {
		return time.Time{}, false
	}
	two := func(i int) int { return int(s[i]-'0')*10 + int(s[i+1]-'0') }
	year, month, day, hour, minute, second, tenth, quarters := two(0), two(2), two(4), two(6), two(8), two(10), int(s[12]-'0'), two(13)
	if month > 12 || day > 31 || hour > 23 || minute > 59 || second > 59 || quarters > 48 {
		return time.Time{}, false
	}
	clock := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second + time.Duration(tenth)*time.Second/10
	if s[15] == 'R' {
		return now.AddDate(year, month, day).Add(clock), tenth == 0 && quarters == 0
	}
	date := time.Date(2000+year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if date.Day() != day || int(date.Month()) != month { // no such day
		return time.Time{}, false
	}
	ahead := time.Duration(quarters) * 15 * time.Minute
	switch s[15] {
	case '+':
		return date.Add(clock - ahead), true
	case '-':
		return date.Add(clock + ahead), true
	default:
		return time.Time{}, false
	}
}
