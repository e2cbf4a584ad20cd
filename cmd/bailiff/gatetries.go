package main

import (
	"context"
	"time"

	appportal "robotbailiff/internal/app/portal"
	"robotbailiff/internal/web/ui"
)

// guesses is how many links and numbers that do not exist one process sees tried in a minute before it says so in the log: people
// mistype, but not that often.
const guesses = 60

// gateTries counts what came of tries at the ways into the portal, as bailiff_acts_total{what="gate"}, and tells once a minute when
// somebody seems to guess. Nothing is said of who it is: addresses are personal data.
func (e *env) gateTries(p *parts) func(what string) {
	unknown, told := ui.NewLimiter(guesses, time.Minute), ui.NewLimiter(1, time.Minute)
	return func(what string) {
		p.metrics.observe("gate", what, 1)
		if what == appportal.TryUnknown && !unknown.Allow("") && told.Allow("") {
			e.log.WarnContext(context.Background(), "somebody guesses links or case numbers", "more_than", guesses, "within", "1m")
		}
	}
}
