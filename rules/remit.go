package rules

import (
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

// longestWait bounds the search for the last value date; no wait is nearly so long.
const longestWait = 400

// RemittableTo returns the last value date of payments whose money may go on to the claimant on a day: the wait after it is over. ok is false
// for packs that send nothing on.
func RemittableTo(p *pack.Pack, on calendar.Date) (last calendar.Date, ok bool) {
	wait, ok := p.RemitWait(on)
	if !ok {
		return 0, false
	}
	for d := on; d > on.AddDays(-longestWait); d = d.AddDays(-1) {
		if wait.Last(p.Calendar(), d) < on {
			return d, true
		}
	}
	return 0, false
}
