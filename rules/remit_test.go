package rules_test

import (
	"testing"

	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

// Three full working days lie between the value date and the day on which the money goes on; weekends and holidays are none.
func TestRemittableTo(t *testing.T) {
	t.Parallel()
	date := calendar.MakeDate
	for name, c := range map[string]struct{ on, last calendar.Date }{
		"Monday waits until Friday":          {date(2026, 9, 11), date(2026, 9, 7)},
		"on Thursday it still waits":         {date(2026, 9, 10), date(2026, 9, 6)},
		"a weekend is no working day":        {date(2026, 9, 15), date(2026, 9, 9)},
		"nor is a holiday moved to a Monday": {date(2026, 9, 4), date(2026, 8, 31)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, ok := rules.RemittableTo(pack.Default(), c.on); !ok || got != c.last {
				t.Errorf("on %s up to %s (%v), want %s", c.on, got, ok, c.last)
			}
		})
	}
}
