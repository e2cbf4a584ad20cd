package engine

import "time"

// renewLink makes the personal links so far invalid and asks for a notice with a new one. Which links those are, and whose visits end with
// them, is for those who keep them: the event says by its number. A case whose link would be dead all the same gets none.
func (d *decider) renewLink(cmd RenewLink) {
	days := time.Duration(d.p.LinkDays(d.env.today())) * 24 * time.Hour
	switch {
	case cmd.Reason == "":
		d.refuse(CodeInvalid)
	case d.c.State.Final() && !d.env.Now.Before(d.c.EndedAt.Add(days)):
		d.refuse(CodeEnded)
	default:
		d.emit(EvLinkRenewed, Data{Reason: cmd.Reason})
		d.tell("new_link", d.c.Outstanding, noDate)
	}
}
