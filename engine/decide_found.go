package engine

import (
	"robotbailiff/rules"
	"robotbailiff/rules/money"
)

// bankHolds makes our record of an arrest follow what banks have in force. After an older copy of this database was restored,
// banks know arrests that it does not: such an arrest becomes ours under its old ordinal, so that none is ever ordered beside
// it. Where it has no ground by what this database knows, it is lifted in the same decision. The other way round, a bank that
// holds less than we thought lowers our record. Nothing is ever taken by it.
func (d *decider) bankHolds(cmd BankHolds) {
	live, o := d.c.LiveArrest(), d.c.order(Arrest, cmd.Ordinal)
	switch {
	case cmd.Ordinal < 1 || cmd.Sum.Sign() < 0:
		d.refuse(CodeInvalid)
	case o != nil && (o.Status == Active || o.Status == HandedOverArrest):
		d.heldNow(cmd, o)
	case !cmd.Sum.IsPositive() || o != nil && o.Status != Requested && o.Status != Unknown && o.Status != WithdrawnOrder:
		d.refuse(CodeAlready)
	case live != nil && live.Ordinal != cmd.Ordinal, o == nil && cmd.Ordinal < d.c.nextOrdinal(Arrest):
		d.refuse(CodeInvalid) // one arrest a case: another one stands, so this one is for a person to judge
	default:
		d.adopt(cmd, o)
	}
}

// heldNow follows another sum of an arrest that is ours: less always, more only as far as it was asked for.
func (d *decider) heldNow(cmd BankHolds, o *Order) {
	sum := money.Min(cmd.Sum, o.Amount)
	if sum.Equal(o.Held) {
		d.refuse(CodeAlready)
		return
	}
	data := found(cmd, sum)
	if d.c.Outstanding.Less(sum) && d.c.Outstanding.IsPositive() && !d.reduceOpen() {
		data.Orders = []Asked{d.ask(Reduce, d.c.Outstanding)}
	}
	d.emit(EvBankHolds, data)
}

func (d *decider) adopt(cmd BankHolds, o *Order) {
	sum := money.Min(cmd.Sum, d.c.Debt) // what is above stays a finding of the compare
	if o != nil {
		sum = money.Min(sum, o.Amount)
	}
	data := found(cmd, sum)
	switch ground := d.grounds(); {
	case !ground:
		data.Orders = []Asked{d.ask(Lift, money.Zero)}
	case d.c.Outstanding.Less(sum):
		data.Orders = []Asked{d.ask(Reduce, d.c.Outstanding)}
	}
	if d.c.State == Notified || d.c.State == Enforcing {
		if on, step := rules.CollectionDay(d.p, d.env.today()); len(data.Orders) == 0 || data.Orders[0].Purpose != Lift {
			data.Until, data.Trace = &on, rules.Trace{step}
		}
	}
	d.emit(EvBankHolds, data)
}

// grounds says whether this database can prove why money is held: something is owed, the notice was delivered and the time to
// pay is over. A hold, a suspension or a refusal stops what comes next; it does not end an arrest.
func (d *decider) grounds() bool {
	c := &d.c
	return c.State != Paid && c.State != Cancelled && c.Outstanding.IsPositive() && !c.NotifiedOn.IsZero() && !c.unnotified() && d.env.today().After(c.VoluntaryEndsOn)
}

func (d *decider) reduceOpen() bool {
	r := d.c.last(Reduce)
	return r != nil && r.Status.Open()
}

// found is the event's own account of what the bank holds.
func found(cmd BankHolds, sum money.Amount) Data {
	return Data{Reason: cmd.Ground, Amount: &sum, Arrest: cmd.Ordinal}
}

// holds records what banks have in force for an arrest.
func holds(c *Case, e Event) {
	sum := *e.Data.Amount
	o := c.order(Arrest, e.Data.Arrest)
	if o == nil {
		amount := sum
		if amount.Less(c.Outstanding) {
			amount = c.Outstanding // what it was asked for is not known; no more than is owed
		}
		c.Orders = append(c.Orders, Order{Purpose: Arrest, Ordinal: e.Data.Arrest, Amount: amount, At: e.At})
		o = &c.Orders[len(c.Orders)-1]
	}
	o.Held = sum
	switch {
	case sum.IsZero():
		o.Status = Lifted
	case c.State == HandedOver:
		o.Status = HandedOverArrest
	default:
		o.Status = Active
	}
	if c.State == Notified && e.Data.Until != nil {
		c.State, c.NextRungAt = Enforcing, zeroTime
	}
	if e.Data.Until != nil {
		c.CollectOn = *e.Data.Until
	}
}
