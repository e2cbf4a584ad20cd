package engine

import (
	"time"

	"robotbailiff/engine/stop"
	"robotbailiff/rules"
	"robotbailiff/rules/money"
)

// recheck is how long an order may stay unanswered before it is looked at again. Not a rule of law.
const recheck = time.Hour

// tick does the first thing that is due. The sweep looks again at once if more is due.
func (d *decider) tick() {
	c, now, today := &d.c, d.env.Now, d.env.today()
	if c.State.Final() {
		d.tickEnded()
		return
	}
	if c.Suspended != "" && !c.SuspendedUntil.IsZero() && today.After(c.SuspendedUntil) && c.Hold == "" {
		d.goOn("until")
		return
	}
	if len(waits(c)) > 0 {
		d.orderAgain()
		return
	}
	if d.prolong(false) {
		return
	}
	switch {
	case refusalFinal(c, d.p, d.env):
		d.handOver("refusal", ruleTransferRefusal)
	case handOverDue(c, d.p, d.env):
		d.handOver("term", ruleTransferTerm)
	case c.State == Opened && !c.NextRungAt.IsZero() && !now.Before(c.NextRungAt):
		d.nextRung()
	case d.reminderDue():
		if d.env.Stopped.Has(stop.Notify) {
			return // one that is missed is not made up for
		}
		d.emit(EvReminded, Data{})
		d.tell("reminder", c.Outstanding, c.VoluntaryEndsOn)
	case c.State == Notified && today.After(c.VoluntaryEndsOn), c.State == Enforcing && c.withdrawnArrest() != nil:
		d.arrest()
	case d.entryDue() && len(Blocks(d.c, Register, d.p, d.env)) == 0:
		d.enter()
	case c.State == Enforcing && d.collectionDue():
		d.collect()
	default:
		d.orderAgain()
	}
}

func (d *decider) tickEnded() {
	if d.c.State == HandedOver && d.c.BailiffID == 0 && !d.env.Stopped.Has(stop.HandOver) {
		d.effect(HandoverWanted{CaseID: d.c.ID, Region: d.c.Region})
	}
	d.orderAgain()
}

// orderAgain asks for open orders to be looked at once more, so that a lost job loses nothing.
func (d *decider) orderAgain() {
	for i := range d.c.Orders {
		o := &d.c.Orders[i]
		if o.Status.Open() && !d.env.Now.Before(o.At.Add(recheck)) {
			d.effect(OrderAgain{CaseID: d.c.ID, Purpose: o.Purpose})
		}
	}
}

func (d *decider) nextRung() {
	rungs := ladder(d.p, d.env.today())
	n := d.c.Rung // the rungs are counted from 1: this is the next one
	for n < len(rungs) && len(d.ways(rungs[n])) == 0 {
		n++
	}
	if n >= len(rungs) {
		d.emit(EvNoticeUnproven, Data{Rung: d.c.Rung, Trace: rules.Trace{{Rule: ruleNoticeProof, Outcome: "unproven"}}})
		return
	}
	if d.env.Stopped.Has(stop.Notify) {
		return
	}
	next := d.env.Now.Add(rungs[n].Wait)
	d.emit(EvNoticeRepeated, Data{Rung: n + 1, Next: &next})
	d.rung(n+1, rungs[n], d.c.Outstanding, d.c.TermEndsOn)
}

// reminderDue says whether a person who was told is to be reminded now. A reminder that was missed is not made up for.
func (d *decider) reminderDue() bool {
	return d.c.State == Notified && d.c.RefusalAt.IsZero() && !d.c.NextRungAt.IsZero() && !d.env.Now.Before(d.c.NextRungAt) &&
		!d.env.today().After(d.c.VoluntaryEndsOn)
}

func (d *decider) arrest() {
	if len(Blocks(d.c, Arrest, d.p, d.env)) > 0 || d.c.LiveArrest() != nil {
		return // the gate is shut, or an arrest found after a restore is not lifted yet; the case stays due and is looked at again
	}
	facts := []rules.Fact{
		{Key: "notified_on", Value: d.c.NotifiedOn.String()},
		{Key: "voluntary_ends_on", Value: d.c.VoluntaryEndsOn.String()},
		{Key: "outstanding", Value: d.c.Outstanding.String()},
	}
	o := d.ask(Arrest, d.c.Outstanding)
	data := Data{Amount: &o.Amount, Orders: []Asked{o}, Register: d.entryFrom(whenEnforcing, OrderAnswered{})}
	data.Trace = d.passed(Arrest, rules.Step{Rule: ruleArrest, Facts: facts, Outcome: "arrest"})
	d.emit(EvArrestOrdered, data)
	if data.Register != nil {
		d.enter()
	}
}

func (d *decider) collectionDue() bool {
	return !d.c.CollectOn.IsZero() && !d.env.today().Before(d.c.CollectOn) && d.c.holds()
}

func (d *decider) collect() {
	if len(Blocks(d.c, Collect, d.p, d.env)) > 0 {
		return
	}
	o := d.ask(Collect, money.Min(d.c.last(Arrest).Held, d.c.Outstanding))
	facts := []rules.Fact{{Key: "collect_on", Value: d.c.CollectOn.String()}, {Key: "amount", Value: o.Amount.String()}}
	d.emit(EvCollectOrdered, Data{Trace: d.passed(Collect, rules.Step{Rule: ruleCollection, Facts: facts, Outcome: "collect"}), Amount: &o.Amount, Orders: []Asked{o}})
}

func (d *decider) handOver(reason, rule string) {
	if len(handOverBlocks(&d.c, d.env)) > 0 {
		return
	}
	today := d.env.today()
	left := d.c.Outstanding
	fee, feeStep := rules.Fee(d.p, left, today)
	facts := []rules.Fact{{Key: "opened_on", Value: d.c.OpenedOn.String()}, {Key: "term_ends_on", Value: d.c.TermEndsOn.String()}, {Key: "outstanding", Value: left.String()}}
	var orders []Asked
	if col := d.c.last(Collect); col != nil && (col.Status.Open() || col.Status == Active) {
		orders = append(orders, d.ask(Recall, money.Zero)) // EL 10-6(3): orders are recalled, the arrest stays
	}
	d.emit(EvHandedOver, Data{Reason: reason, Trace: rules.Trace{{Rule: rule, Facts: facts, Outcome: "hand_over"}, feeStep}, Date: &today, Amount: &left, Orders: orders})
	d.effect(DebtMoved{CaseID: d.c.ID, Move: "transferred", Amount: left})
	d.effect(HandoverWanted{CaseID: d.c.ID, Region: d.c.Region})
	d.tell("handed_over", fee, noDate)
}

// NextLook is when the robot must look at the case again, and why; ok is false when there is nothing left to wait for.
// It is a function of the case alone, so the due list can always be made again.
func NextLook(c Case, undo time.Duration) (at time.Time, duty string, ok bool) {
	take := func(t time.Time, name string) {
		if !ok || t.Before(at) {
			at, duty, ok = t, name, true
		}
	}
	for i := range c.Orders {
		if o := &c.Orders[i]; o.Status.Open() {
			take(o.At.Add(recheck), "orders")
		}
	}
	if c.State.Final() {
		if c.State == HandedOver && c.BailiffID == 0 {
			take(c.EndedAt.Add(recheck), "assign")
		}
		return at, duty, ok
	}
	if c.Hold != "" {
		return at, duty, ok
	}
	if c.Suspended != "" {
		if !c.SuspendedUntil.IsZero() {
			take(c.SuspendedUntil.End(), "resume")
		}
		return at, duty, ok
	}
	if c.Objected() {
		return at, duty, ok
	}
	take(c.TermEndsOn.End(), "term")
	if !c.RefusalAt.IsZero() {
		take(c.RefusalAt.Add(undo), "refusal")
		return at, duty, ok // coercion waits
	}
	switch c.State {
	case Opened:
		if !c.NextRungAt.IsZero() {
			take(c.NextRungAt, "notice")
		}
	case Notified:
		take(c.VoluntaryEndsOn.End(), "arrest")
		if !c.NextRungAt.IsZero() {
			take(c.NextRungAt, "reminder")
		}
	case Enforcing:
		if a := c.last(Arrest); !c.CollectOn.IsZero() && a != nil && a.Status == Active {
			take(c.CollectOn.Start(), "collect")
		}
		if a := c.withdrawnArrest(); a != nil {
			take(a.At, "arrest")
		}
		if !c.RegisterOn.IsZero() && !c.secured() {
			take(c.RegisterOn.Start(), "register")
		}
	case Paid, Cancelled, HandedOver: // handled above
	}
	return at, duty, ok
}
