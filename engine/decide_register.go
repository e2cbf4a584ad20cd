package engine

import (
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

// What is decided about the register of debtors. The register is public, so the entry is the last of the measures: it is asked
// for after the gate, once, only when the pack says so, and it goes with the end of the case. A hold, a suspension and a
// refusal keep it from being asked for, and leave an entry that stands as they leave an arrest that stands: they stop what
// comes next, and the end that follows them decides.

const (
	whenEnforcing = pack.RegisterEnforcing
	whenUnsecured = pack.RegisterUnsecured
)

// LiveEntry returns the entry that stands, or may stand, in the register now; nil if there is none. One that stays with the
// private bailiff stands.
func (c *Case) LiveEntry() *Order {
	o := c.last(Register)
	if o == nil || o.Status == RejectedOrder || o.Status == WithdrawnOrder || o.Status == Lifted {
		return nil
	}
	return o
}

// secured says whether all that is owed is held already: then the public need not be told.
func (c *Case) secured() bool {
	a := c.last(Arrest)
	return a != nil && a.Status == Active && !a.Held.Less(c.Outstanding)
}

// entryFrom gives the day from which on the entry may be asked for, nil when none is wanted. Moment is what the pack has to name;
// answered is what the banks said to the arrest at that moment.
func (d *decider) entryFrom(moment string, answered OrderAnswered) *calendar.Date {
	c, today := &d.c, d.env.today()
	if d.p.RegisterWhen(today) != moment || c.State.Final() || !c.Outstanding.IsPositive() || c.LiveEntry() != nil {
		return nil
	}
	held := money.Zero
	if answered.Answer.ok() {
		held = answered.Sum
	}
	if answered.Answer == Withdrawn || moment == whenUnsecured && !held.Less(c.Outstanding) {
		return nil
	}
	if d.minded = true; !d.env.Register {
		return nil
	}
	return &today
}

// entryDue says whether an entry waits to be asked for. One that could not be asked for in its time is not made up for when all
// is held meanwhile.
func (d *decider) entryDue() bool {
	c := &d.c
	if c.State != Enforcing || c.RegisterOn.IsZero() || d.env.today().Before(c.RegisterOn) || c.LiveEntry() != nil || c.secured() {
		return false
	}
	d.minded = true
	return d.env.Register && d.p.RegisterWhen(d.env.today()) != pack.RegisterNever
}

// enter asks for the entry if the gate is open; if not, the case stays due and is looked at again.
func (d *decider) enter() {
	if len(Blocks(d.c, Register, d.p, d.env)) > 0 {
		return
	}
	held := money.Zero
	if a := d.c.last(Arrest); a != nil {
		held = a.Held
	}
	facts := []rules.Fact{
		{Key: "when", Value: d.p.RegisterWhen(d.env.today())},
		{Key: "outstanding", Value: d.c.Outstanding.String()},
		{Key: "held", Value: held.String()},
	}
	d.emit(EvRegisterOrdered, Data{
		Trace:  d.passed(Register, rules.Step{Rule: ruleRegister, Facts: facts, Outcome: "register"}),
		Orders: []Asked{d.ask(Register, money.Zero)},
	})
}

// removal returns the order that takes the entry out. One that the register has not confirmed yet is taken out when it confirms.
func (d *decider) removal() []Asked {
	if e := d.c.last(Register); e != nil && (e.Status == Active || e.Status == HandedOverArrest) {
		return []Asked{d.ask(Deregister, money.Zero)}
	}
	return nil
}

// mustNotFail says whether a refusal is no answer to an order: what gives back is asked for until it is done, and so is who
// executes as long as the entry stands.
func (d *decider) mustNotFail(p Purpose) bool {
	e := d.c.last(Register)
	return p == Lift || p == Recall || p == Deregister || p == Entrust && e != nil && e.Status == HandedOverArrest
}

// entryAnswered decides what follows when the register has answered to the entry.
func (d *decider) entryAnswered(cmd OrderAnswered, data *Data) {
	c := &d.c
	switch {
	case !cmd.Answer.ok():
		if today := d.env.today(); cmd.Answer == Withdrawn && c.State == Enforcing {
			data.Register = &today // asked for anew when the gate is open again
		}
	case c.State == Paid || c.State == Cancelled || c.Outstanding.IsZero() || c.unnotified():
		data.Orders = []Asked{d.ask(Deregister, money.Zero)}
	case c.State == HandedOver && c.BailiffID != 0:
		data.Orders = []Asked{d.ask(Entrust, money.Zero)}
	}
}

// entryAnswer records what the register said to an order about an entry.
func entryAnswer(c *Case, o *Order, a Answer) {
	ok := a.ok()
	switch {
	case !ok:
		o.Status = refusedAs(a)
	case o.Purpose == Register:
		o.Status = entered(c)
	default:
		o.Status = Done
		if e := c.last(Register); o.Purpose == Deregister && e != nil {
			e.Status = Lifted
		}
	}
}

// entered is the status of an entry that stands.
func entered(c *Case) OrderStatus {
	if c.State == HandedOver {
		return HandedOverArrest
	}
	return Active
}

// entryFound takes an entry as ours that the register has under an id of this case, so that none is ever asked for beside it.
// Where this database has no ground for it, it is taken out in the same decision.
func (d *decider) entryFound(cmd EntryFound) {
	o := d.c.order(Register, cmd.Ordinal)
	switch live := d.c.LiveEntry(); {
	case cmd.Ordinal < 1 || live != nil && live.Ordinal != cmd.Ordinal || o == nil && cmd.Ordinal < d.c.nextOrdinal(Register):
		d.refuse(CodeInvalid)
		return
	case o != nil && o.Status != Requested && o.Status != Unknown && o.Status != WithdrawnOrder:
		d.refuse(CodeAlready)
		return
	}
	data := Data{Reason: cmd.Ground, Entry: cmd.Ordinal}
	switch {
	case !d.grounds():
		data.Orders = []Asked{d.ask(Deregister, money.Zero)}
	case d.c.State == HandedOver && d.c.BailiffID != 0:
		data.Orders = []Asked{d.ask(Entrust, money.Zero)}
	}
	d.emit(EvEntryFound, data)
}

// listed records an entry that the register has.
func listed(c *Case, e Event) {
	o := c.order(Register, e.Data.Entry)
	if o == nil {
		c.Orders = append(c.Orders, Order{Purpose: Register, Ordinal: e.Data.Entry, At: e.At})
		o = &c.Orders[len(c.Orders)-1]
	}
	o.Status, c.RegisterOn = entered(c), noDate
}
