package engine

import "robotbailiff/engine/stop"

// What people do to cases by hand besides commands that others give too: hold, go on, suspend, cancel, correct.

// notifyAgain sends the notice of the opening once more, by the rung that was reached: delivery of it is proof as of the first one. The
// ladder waits for it as for any of its rungs; one that has ended stays at its end.
func (d *decider) notifyAgain(cmd NotifyAgain) {
	rungs := ladder(d.p, d.env.today())
	switch {
	case cmd.Reason == "" || len(rungs) == 0:
		d.refuse(CodeInvalid)
		return
	case d.c.State.Final():
		d.refuse(CodeEnded)
		return
	case d.c.State != Opened:
		d.refuse(CodeProven)
		return
	case d.c.Hold != "" || d.c.Suspended != "" || d.c.Objected() || !d.c.RefusalAt.IsZero():
		d.refuse(CodeWaits)
		return
	case d.env.Stopped.Has(stop.Notify):
		d.refuse(CodeStopped)
		return
	}
	n := min(max(d.c.Rung, 1), len(rungs))
	for n > 1 && len(d.ways(rungs[n-1])) == 0 { // a letter to nobody
		n--
	}
	data := Data{Reason: cmd.Reason, Rung: n}
	if next := d.env.Now.Add(rungs[n-1].Wait); next.After(d.c.NextRungAt) && !d.c.NextRungAt.IsZero() {
		data.Next = &next
	}
	d.emit(EvNotifiedAgain, data)
	d.rung(n, rungs[n-1], d.c.Outstanding, d.c.TermEndsOn)
}

// liftByHand gives back what is arrested and takes back what is to be collected of it. An arrest that was lifted is never asked for again,
// and no entry into the register is: what is left is for the debtor to pay, or for the private bailiff when the term is over. An entry that
// stands is left: it says what is owed, and nothing is held by it.
func (d *decider) liftByHand(cmd LiftByHand) {
	a := d.c.LiveArrest()
	switch {
	case cmd.Reason == "":
		d.refuse(CodeInvalid)
	case d.c.State.Final():
		d.refuse(CodeEnded)
	case a == nil:
		d.refuse(CodeNothing)
	case a.Status == LiftRequested:
		d.refuse(CodeAlready)
	case a.Status != Active:
		d.refuse(CodePending)
	default:
		held := a.Held
		orders := d.liftAll()[len(d.removal()):]
		d.emit(EvLiftOrdered, Data{Reason: cmd.Reason, Amount: &held, Orders: orders})
	}
}
