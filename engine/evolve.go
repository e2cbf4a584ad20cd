package engine

import (
	"strings"

	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

// Fold makes a case from its events. It is the definition of the snapshot: the stored row must equal it.
func Fold(id int64, events []Event) Case {
	c := Case{ID: id}
	for _, e := range events {
		evolve(&c, e)
	}
	return c
}

// evolve moves a case by one event. It decides nothing.
func evolve(c *Case, e Event) {
	d := e.Data
	c.Seq, c.Pack = e.Seq, e.Pack
	switch e.Kind {
	case EvOpened:
		c.State, c.DebtorID, c.Region, c.Language, c.Mail = Opened, d.DebtorID, d.Region, d.Language, d.Mail
		c.Debt, c.Outstanding = *d.Amount, *d.Amount
		c.OpenedOn, c.TermEndsOn = *d.Date, *d.Until
		c.Rung, c.LimitationOn = d.Rung, limitation(d.Trace)
		if d.Next != nil {
			c.NextRungAt = *d.Next
		}
	case EvNoticeRepeated:
		c.Rung, c.NextRungAt = d.Rung, *d.Next
	case EvNoticeUnproven:
		c.NextRungAt = zeroTime
	case EvNotified:
		c.State, c.NotifiedOn, c.VoluntaryEndsOn, c.NextRungAt = Notified, *d.Date, *d.Until, zeroTime
		if d.Next != nil {
			c.NextRungAt = *d.Next
		}
	case EvReminded:
		c.NextRungAt = zeroTime
	case EvArrestOrdered:
		c.State, c.NextRungAt = Enforcing, zeroTime
		if d.Register != nil {
			c.RegisterOn = *d.Register
		}
	case EvRegisterOrdered:
		c.RegisterOn = noDate
	case EvCollectOrdered:
		c.CollectOn = noDate
	case EvOrderAnswered:
		answer(c, *d.Answer)
		if d.Until != nil && d.Answer.Purpose != Lift {
			c.CollectOn = *d.Until
		}
		if d.Register != nil {
			c.RegisterOn = *d.Register
		}
	case EvPaidInPart:
		c.Paid, c.Outstanding = c.Paid.Add(*d.Amount), *d.Left
	case EvPaid:
		c.State, c.Paid, c.Outstanding = Paid, c.Paid.Add(*d.Amount), *d.Left
	case EvPaidAfterEnd:
		c.Paid, c.Outstanding = c.Paid.Add(*d.Amount), *d.Left
	case EvPaymentReversed:
		c.Paid, c.Outstanding = c.Paid.Sub(*d.Amount), *d.Left
	case EvRefusalRequested:
		c.RefusalAt = e.At
	case EvRefusalUndone:
		c.RefusalAt = zeroTime
	case EvHandedOver:
		c.State, c.NextRungAt, c.CollectOn = HandedOver, zeroTime, noDate
		if a := c.last(Arrest); a != nil && a.Status == Active {
			a.Status = HandedOverArrest
		}
		if o := c.last(Register); o != nil && o.Status == Active {
			o.Status = HandedOverArrest
		}
	case EvAssigned:
		c.BailiffID = d.Bailiff
	case EvHandoverRecalled:
		c.Outstanding, c.Paid = *d.Left, money.Zero
	case EvCancelled:
		c.State, c.Paid, c.Outstanding, c.NextRungAt, c.CollectOn = Cancelled, money.Zero, *d.Left, zeroTime, noDate
	case EvVoided:
		c.Paid = money.Zero
	case EvAdjusted:
		c.Outstanding = *d.Left
		if d.RefundDue != nil {
			c.Paid = c.Paid.Sub(*d.RefundDue)
		}
	case EvHeld:
		c.Hold = d.Reason
	case EvSuspended:
		c.Suspended, c.SuspendedOn = d.Reason, calendar.DateOf(e.At)
		if d.Until != nil {
			c.SuspendedUntil = *d.Until
		}
	case EvResumed:
		if d.Until != nil {
			c.TermEndsOn, c.SuspendedDays = *d.Until, c.SuspendedDays+d.Date.Sub(c.SuspendedOn)
			c.PausedTo = max(c.PausedTo, *d.Date) // a pause of the same days is not left out twice
		}
		c.Hold, c.Suspended, c.SuspendedOn, c.SuspendedUntil = "", "", noDate, noDate
	case EvProlonged:
		c.PausedTo = *d.Date
		if d.Until != nil {
			c.TermEndsOn, c.SuspendedDays = *d.Until, c.SuspendedDays+d.Days
		}
		if d.Voluntary != nil {
			c.VoluntaryEndsOn = *d.Voluntary
		}
		if d.Collect != nil {
			c.CollectOn = *d.Collect
		}
		if d.Next != nil {
			c.NextRungAt = *d.Next
		}
	case EvBankHolds:
		holds(c, e)
	case EvEntryFound:
		listed(c, e)
	case EvObjected, EvObjectionAccepted, EvObjectionDeclined, EvObjectionTold:
		object(c, e)
		if d.Voluntary != nil {
			c.VoluntaryEndsOn = *d.Voluntary
		}
		if d.Next != nil {
			c.NextRungAt = *d.Next
		}
	case EvNotifiedAgain:
		if d.Next != nil {
			c.NextRungAt = *d.Next
		}
	case EvLiftOrdered:
		c.CollectOn, c.RegisterOn = noDate, noDate
	case EvAttested, EvLinkRenewed: // move nothing but the chain
	}
	for _, o := range d.Orders {
		c.Orders = append(c.Orders, o.order(e.At))
		if a := c.last(Arrest); o.Purpose == Lift && a != nil {
			a.Status = LiftRequested
		}
		if n := c.last(Register); o.Purpose == Deregister && n != nil {
			n.Status = LiftRequested
		}
	}
	c.Adjusted = c.Paid.Add(c.Outstanding).Sub(c.Debt)
	if !c.State.Final() {
		return
	}
	c.RegisterOn = noDate
	if c.EndedAt.IsZero() {
		c.EndedAt = e.At
	}
	switch done := c.settled() && (c.State != HandedOver || c.BailiffID != 0); {
	case done && c.ReleasedAt.IsZero():
		c.ReleasedAt = e.At
	case !done:
		c.ReleasedAt = zeroTime
	}
}

// limitation reads from the decision to open a case until when its writ may be enforced.
func limitation(t rules.Trace) calendar.Date {
	for i := range t {
		if !strings.HasPrefix(t[i].Rule, pack.KeyLimitationPrefix) {
			continue
		}
		for _, f := range t[i].Facts {
			if f.Key == "last_day" {
				d, _ := calendar.ParseDate(f.Value) // what is no day is none
				return d
			}
		}
	}
	return noDate
}

// answer records what a body said to an order.
func answer(c *Case, a OrderAnswered) {
	o := c.order(a.Purpose, a.Ordinal)
	if o == nil {
		return
	}
	ok := a.Answer.ok()
	switch a.Purpose {
	case Register, Deregister, Entrust:
		entryAnswer(c, o, a.Answer)
	case Arrest:
		o.Status = refusedAs(a.Answer)
		if ok {
			o.Status, o.Held = Active, a.Sum
			if c.State == HandedOver {
				o.Status = HandedOverArrest
			}
		}
	case Reduce:
		o.Status = RejectedOrder
		if ok {
			o.Status = Done
			if arrest := c.last(Arrest); arrest != nil && a.Sum.Less(arrest.Held) {
				arrest.Held = a.Sum
			}
		}
	case Lift:
		o.Status = RejectedOrder
		if ok {
			o.Status = Done
			if arrest := c.last(Arrest); arrest != nil {
				arrest.Status, arrest.Held = Lifted, money.Zero
			}
		}
	case Collect:
		switch a.Answer {
		case Accepted, AlreadyDone:
			o.Status, o.Held = Done, a.Sum
		case Partial, NoFunds:
			o.Status, o.Held = Active, a.Sum // stored by the bank and executed as money comes (EL 58(3))
		case Protected, NoAccount, Refused, Withdrawn:
			o.Status = refusedAs(a.Answer)
		}
	case Recall:
		o.Status = RejectedOrder
		if ok {
			o.Status = Done
			if col := c.last(Collect); col != nil && (col.Status.Open() || col.Status == Active) {
				col.Status = Recalled
			}
		}
	}
}

// refusedAs tells what the bank refused from what we took back ourselves.
func refusedAs(a Answer) OrderStatus {
	if a == Withdrawn {
		return WithdrawnOrder
	}
	return RejectedOrder
}
