package paper

import (
	"time"

	"robotbailiff/internal/i18n"
	"robotbailiff/rules/calendar"
)

// words says texts and keeps the first one that is missing.
type words struct {
	p   *i18n.Printer
	err error
}

func (w *words) say(key string, pairs ...any) string {
	text, err := w.p.T(key, pairs...)
	if err != nil && w.err == nil {
		w.err = err
	}
	return text
}

// of is the word for a value of the record, or the value where there is none.
func (w *words) of(family, value string) string {
	if key := family + value; w.p.Has(key) {
		return w.say(key)
	}
	return value
}

// instant writes a moment to the second, with its distance from UTC, since the zone has changed. Its spaces do not break.
func instant(t time.Time) string {
	return t.In(calendar.Almaty).Format("2006-01-02\u00a015:04:05\u00a0-07:00")
}

func (w *words) moment(t *time.Time) string {
	if t == nil {
		return w.say("evidence.notice.never")
	}
	return instant(*t)
}
