package rules

import (
	"time"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

// NextSendTime returns the first instant at or after t at which a notice may leave: t
// itself outside the quiet hours, else their end in local time in Almaty.
func NextSendTime(p *pack.Pack, t time.Time) time.Time {
	day := calendar.DateOf(t)
	quiet, ok := p.QuietHours(day)
	if !ok {
		return t
	}
	now := minuteOf(t)
	if !quiet.Contains(now) {
		return t
	}
	if now >= quiet.To { // the window runs over midnight
		day = day.AddDays(1)
	}
	return at(day, quiet.To)
}

// SendWindow returns when a notice wanted at t may leave, and the instant by which it must
// have left: the start of the next quiet hours. A message still queued then is to be
// withdrawn and wanted anew, so that a late queue never delivers at night.
func SendWindow(p *pack.Pack, t time.Time) (from, until time.Time) {
	from = NextSendTime(p, t)
	day := calendar.DateOf(from)
	quiet, ok := p.QuietHours(day)
	if !ok {
		return from, from.Add(24 * time.Hour)
	}
	if minuteOf(from) >= quiet.From {
		day = day.AddDays(1)
	}
	return from, at(day, quiet.From)
}

// NewsWindow returns when news that has no ladder may leave, and the instant from which on nobody sends it any more. Days on which
// nothing could leave do not end it, as they end a rung of the ladder: a person who is not told that a case is cancelled pays on.
// A message under way keeps the bounds of its day (SendWindow). lastDay, when set, is a day that the news speaks of and does not
// outlive.
func NewsWindow(p *pack.Pack, t time.Time, lastDay calendar.Date) (from, until time.Time) {
	from, until = SendWindow(p, t)
	days, ok := p.NewsDays(calendar.DateOf(t))
	if !ok {
		return from, until
	}
	end := func(day calendar.Date) time.Time {
		quiet, ok := p.QuietHours(day)
		if !ok {
			return day.End()
		}
		return at(day, quiet.From)
	}
	last := end(calendar.DateOf(from).AddDays(days))
	if !lastDay.IsZero() && end(lastDay).Before(last) {
		last = end(lastDay)
	}
	if last.Before(until) { // what may leave at all may do so on its day
		return from, until
	}
	return from, last
}

// ReminderTime returns when a person who was told is reminded that the voluntary period is about to end: in the first minute
// after the quiet hours of that day. ok is false when the pack reminds nobody.
func ReminderTime(p *pack.Pack, lastDay calendar.Date) (t time.Time, ok bool) {
	days, ok := p.ReminderDays(lastDay)
	if !ok || lastDay.IsZero() {
		return time.Time{}, false
	}
	return NextSendTime(p, lastDay.AddDays(-days).Start()), true
}

func minuteOf(t time.Time) int {
	local := t.In(calendar.Almaty)
	return local.Hour()*60 + local.Minute()
}

func at(day calendar.Date, minute int) time.Time {
	y, m, d := day.YMD()
	return time.Date(y, m, d, minute/60, minute%60, 0, 0, calendar.Almaty)
}
