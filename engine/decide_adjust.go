package engine

import (
	"robotbailiff/rules"
	"robotbailiff/rules/money"
)

// adjust follows a writ whose sum the issuer lowered. The claim of the case, which is what was paid and what is outstanding,
// becomes the new sum: first less is outstanding, and arrest and collection follow as after a part payment; what was paid
// above the new sum is due back. When nothing is left, the debt is paid.
//
// It may be done in every state but cancelled, on hold and under the kill-switch, since it only ever gives. A paid case stays
// paid and gives back what was too much; a case with a private bailiff stays with him, for less, or is taken back when
// nothing is left.
func (d *decider) adjust(cmd Adjust) {
	claim := d.c.Paid.Add(d.c.Outstanding)
	switch {
	case d.c.State == Cancelled:
		d.refuse(CodeEnded)
		return
	case !cmd.Debt.IsPositive() || cmd.Ground == "":
		d.refuse(CodeInvalid) // nothing at all is a cancellation
		return
	case claim.Less(cmd.Debt):
		d.refuse(CodeRaises)
		return
	case claim.Equal(cmd.Debt):
		d.refuse(CodeAlready)
		return
	}
	refund := d.c.Paid.Sub(money.Min(d.c.Paid, cmd.Debt))
	left := cmd.Debt.Sub(d.c.Paid.Sub(refund))
	less := d.c.Outstanding.Sub(left)
	facts := []rules.Fact{
		{Key: "ground", Value: cmd.Ground},
		{Key: "act", Value: cmd.Act},
		{Key: "amount", Value: cmd.Debt.String()},
		{Key: "outstanding", Value: left.String()},
	}
	data := Data{Reason: cmd.Ground, Trace: rules.Trace{{Rule: ruleCorrection, Facts: facts, Outcome: "lowered"}}, Amount: &less, Left: &left}
	if refund.IsPositive() {
		data.RefundDue = &refund
	}
	was := d.c.State
	over := left.IsZero() && less.IsPositive()
	switch {
	case over && was == HandedOver:
		data.Orders = d.liftAll()
	case !over && !was.Final():
		data.Orders = d.follow(left)
	}
	d.emit(EvAdjusted, data)
	if was == HandedOver && less.IsPositive() { // the bailiff may no longer ask for it
		d.effect(DebtMoved{CaseID: d.c.ID, Move: "taken_back", Amount: less})
	}
	d.effect(DebtMoved{CaseID: d.c.ID, Move: "adjusted", Amount: less.Neg(), Refund: refund, Reason: cmd.Ground})
	if refund.IsPositive() {
		d.tell("refund_due", refund, noDate)
	}
	switch {
	case over && was == HandedOver:
		d.effect(HandoverRecalled{CaseID: d.c.ID, Reason: "adjusted"})
	case over:
		d.settleAll()
	case !was.Final():
		d.tell("corrected", less, d.c.TermEndsOn)
	}
}

// settleAll ends a case of which nothing is owed any more without a payment of that moment.
func (d *decider) settleAll() {
	zero := money.Zero
	left := d.c.Outstanding
	trace := rules.Trace{{Rule: rulePaid, Facts: paidFacts(d.c.Paid, left), Outcome: "terminate"}}
	d.emit(EvPaid, Data{Amount: &zero, Left: &left, Trace: trace, Orders: d.liftAll()})
	d.tell("paid", d.c.Paid, noDate)
}
