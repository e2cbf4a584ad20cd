package engine

import (
	"robotbailiff/rules"
	"robotbailiff/rules/money"
)

func (d *decider) pay(cmd Pay) {
	if !cmd.Amount.IsPositive() {
		d.refuse(CodeInvalid)
		return
	}
	used := money.Min(cmd.Amount, d.c.Outstanding)
	rest := cmd.Amount.Sub(used)
	left := d.c.Outstanding.Sub(used)
	data := Data{PaymentID: cmd.PaymentID, Amount: &used, Left: &left, Date: &cmd.ValueDate}
	if rest.IsPositive() {
		data.RefundDue = &rest
	}
	d.effect(MoneyAllocated{CaseID: d.c.ID, PaymentID: cmd.PaymentID, Allocated: used, RefundDue: rest})
	switch {
	case d.c.State.Final():
		d.payAfterEnd(cmd, data)
	case left.IsZero():
		data.Trace = rules.Trace{{Rule: rulePaid, Facts: paidFacts(used, left), Outcome: "terminate"}}
		data.Orders = d.liftAll()
		d.emit(EvPaid, data)
		d.tell("paid", used, noDate)
	default:
		data.Trace = rules.Trace{{Rule: rulePartPayment, Facts: paidFacts(used, left), Outcome: "lowered"}}
		data.Orders = d.follow(left)
		d.emit(EvPaidInPart, data)
		d.tell("part_paid", used, d.c.TermEndsOn)
	}
}

func paidFacts(used, left money.Amount) []rules.Fact {
	return []rules.Fact{{Key: "amount", Value: used.String()}, {Key: "outstanding", Value: left.String()}}
}

// payAfterEnd keeps money that comes when the case has ended. After a hand-over it lowers what the bailiff may ask; in
// full and in time by value date it takes the case back from him (law: what is paid by the last day counts as paid).
func (d *decider) payAfterEnd(cmd Pay, data Data) {
	used, left := *data.Amount, *data.Left
	if d.c.State == HandedOver && used.IsPositive() {
		data.InTime = !cmd.ValueDate.After(d.c.TermEndsOn)
		data.Trace = rules.Trace{{Rule: rulePaid, Facts: append(paidFacts(used, left),
			rules.Fact{Key: "value_date", Value: cmd.ValueDate.String()}, rules.Fact{Key: "term_ends_on", Value: d.c.TermEndsOn.String()}), Outcome: "after_hand_over"}}
		// What he may no longer ask comes back first, so that the payment finds its debt.
		d.effects = append([]Effect{DebtMoved{CaseID: d.c.ID, Move: "taken_back", Amount: used}}, d.effects...)
		switch {
		case data.InTime && left.IsZero():
			data.Orders = d.liftAll()
			d.effect(HandoverRecalled{CaseID: d.c.ID, Reason: "paid_in_time"})
		case left.IsZero(): // the arrest is the bailiff's matter; a public entry about a duty that is done is nobody's
			data.Orders = d.removal()
		}
	}
	d.emit(EvPaidAfterEnd, data)
	if data.RefundDue != nil {
		d.tell("refund_due", *data.RefundDue, noDate)
	}
}

func (d *decider) reverse(cmd ReversePayment) {
	if !cmd.Amount.IsPositive() || d.c.Paid.Less(cmd.Amount) {
		d.refuse(CodeInvalid)
		return
	}
	data := Data{PaymentID: cmd.PaymentID, Amount: &cmd.Amount}
	if d.c.State == Paid || d.c.State == Cancelled {
		// The end is final (EL 10-5(3)): nothing reopens, the sum becomes a task for a person.
		left := d.c.Outstanding
		data.Left, data.Reason = &left, "task"
		d.emit(EvPaymentReversed, data)
		d.effect(DebtMoved{CaseID: d.c.ID, Move: "returned", Amount: cmd.Amount})
		return
	}
	left := d.c.Outstanding.Add(cmd.Amount)
	data.Left = &left
	d.emit(EvPaymentReversed, data)
	if d.c.State == HandedOver {
		d.effect(DebtMoved{CaseID: d.c.ID, Move: "transferred", Amount: cmd.Amount})
	}
}

// liftAll returns the orders that give everything back: take out the entry, lift what may be held, recall what may be collected. An arrest
// that the bank has not yet confirmed is lifted when it confirms, so that a late arrest cannot slip in behind its lift.
func (d *decider) liftAll() []Asked {
	orders := d.removal()
	if a := d.c.last(Arrest); a != nil && (a.Status == Active || a.Status == HandedOverArrest) {
		orders = append(orders, d.ask(Lift, money.Zero))
	}
	if col := d.c.last(Collect); col != nil && (col.Status.Open() || col.Status == Active) && !d.recallOpen() {
		orders = append(orders, d.ask(Recall, money.Zero))
	}
	return orders
}

// follow returns the orders by which arrest and collection follow a lower outstanding sum.
func (d *decider) follow(left money.Amount) []Asked {
	var orders []Asked
	if o, ok := d.reduction(left); ok {
		orders = append(orders, o)
	}
	if col := d.c.last(Collect); col != nil && (col.Status.Open() || col.Status == Active) && left.Less(col.Amount) && !d.recallOpen() {
		orders = append(orders, d.ask(Recall, money.Zero)) // a new one for the rest follows when it is confirmed
	}
	return orders
}

// reduction returns the order that lowers a confirmed arrest to the outstanding sum. One at a time: two on their way
// could arrive in the wrong order.
func (d *decider) reduction(left money.Amount) (Asked, bool) {
	a := d.c.last(Arrest)
	if a == nil || a.Status != Active || !left.Less(a.Held) || !left.IsPositive() {
		return Asked{}, false
	}
	if r := d.c.last(Reduce); r != nil && r.Status.Open() {
		return Asked{}, false
	}
	return d.ask(Reduce, left), true
}

func (d *decider) recallOpen() bool {
	r := d.c.last(Recall)
	return r != nil && r.Status.Open()
}

func (d *decider) orderAnswered(cmd OrderAnswered) {
	o := d.c.order(cmd.Purpose, cmd.Ordinal)
	if o == nil {
		d.refuse(CodeNotFound)
		return
	}
	if !o.Status.Open() {
		d.refuse(CodeAlready) // late or repeated: the first answer stands
		return
	}
	if o.Amount.Less(cmd.Sum) && cmd.Purpose.Coercive() {
		cmd.Sum = o.Amount // a bank cannot hold or take more than it was asked to; the daily compare shows what it says
		cmd.Detail = "sum_above_order"
	}
	if d.mustNotFail(cmd.Purpose) && !cmd.Answer.ok() {
		d.refuse(CodeMustNotFail) // the order stays open and is sent again until the body does it (INV-A4)
		return
	}
	data := Data{Answer: &cmd}
	switch cmd.Purpose {
	case Arrest:
		d.arrestAnswered(cmd, &data)
	case Reduce:
		left := d.c.Outstanding
		if a := d.c.last(Arrest); d.c.State == Enforcing && a != nil && a.Status == Active && left.Less(cmd.Sum) && left.IsPositive() {
			data.Orders = []Asked{d.ask(Reduce, left)}
		}
	case Recall:
		if d.c.State == Enforcing && d.c.Outstanding.IsPositive() {
			today := d.env.today()
			data.Until = &today // the rest may be collected by a new order
		}
	case Collect:
		if cmd.Answer == Withdrawn && d.c.State == Enforcing {
			today := d.env.today()
			data.Until = &today // asked for anew when the gate is open again
		}
	case Register:
		d.entryAnswered(cmd, &data)
	case Lift, Deregister, Entrust:
	}
	d.emit(EvOrderAnswered, data)
	if cmd.Purpose == Arrest && d.c.last(Arrest).Status == Active && !d.c.State.Final() {
		d.tell("arrest", d.c.last(Arrest).Held, d.c.TermEndsOn)
	}
	if cmd.Purpose == Arrest && data.Register != nil {
		d.enter()
	}
}

func (d *decider) arrestAnswered(cmd OrderAnswered, data *Data) {
	data.Register = d.entryFrom(whenUnsecured, cmd)
	if !cmd.Answer.ok() {
		return
	}
	if d.c.State == Paid || d.c.State == Cancelled || d.c.Outstanding.IsZero() || d.c.unnotified() {
		data.Orders = []Asked{d.ask(Lift, money.Zero)}
		return
	}
	if d.c.State != Enforcing {
		return
	}
	on, step := rules.CollectionDay(d.p, d.env.today())
	data.Until, data.Trace = &on, rules.Trace{step}
	if d.c.Outstanding.Less(cmd.Sum) {
		data.Orders = []Asked{d.ask(Reduce, d.c.Outstanding)}
	}
}
