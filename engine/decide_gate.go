package engine

import (
	"robotbailiff/engine/stop"
	"robotbailiff/rules"
	"robotbailiff/rules/pack"
)

// Block is a reason why nothing may be taken from the debtor now.
type Block string

// Blocks, in the order in which they are reported (INV-A3).
const (
	BlockEnded      Block = "ended"
	BlockPaid       Block = "paid"
	BlockHold       Block = "hold"      // also a doubt about the person
	BlockObjection  Block = "objection" // a person has still to answer it, or the debtor to be told
	BlockSuspended  Block = "suspended"
	BlockRefusal    Block = "refusal"
	BlockNotice     Block = "notice_unproven"
	BlockVoluntary  Block = "voluntary_period"
	BlockKillSwitch Block = "stopped" // by a person or a breaker
	BlockLimitation Block = "limitation"
	BlockMoney      Block = "money_in_transit"
	BlockMeasure    Block = "no_measure" // the pack does not allow it
)

// Blocks is the one gate before every coercive order: it returns all reasons against it, none if it may be done. The last three
// came with the packs that describe the guards; a decision of before stays as it was.
func Blocks(c Case, measure Purpose, p *pack.Pack, env Env) []Block {
	today := env.today()
	var b []Block
	if c.State.Final() {
		b = append(b, BlockEnded)
	}
	if c.Outstanding.IsZero() {
		b = append(b, BlockPaid)
	}
	b = append(b, waits(&c)...)
	if !c.RefusalAt.IsZero() {
		b = append(b, BlockRefusal)
	}
	if c.NotifiedOn.IsZero() || c.unnotified() {
		b = append(b, BlockNotice)
	} else if !today.After(c.VoluntaryEndsOn) {
		b = append(b, BlockVoluntary)
	}
	if env.Stopped.Any(measureOf(measure)) {
		b = append(b, BlockKillSwitch)
	}
	if _, knows := p.Lookup(pack.KeyGuardMeasure, today); !knows {
		return b
	}
	if !c.LimitationOn.IsZero() && today.After(c.LimitationOn) {
		b = append(b, BlockLimitation)
	}
	if env.MoneyInTransit {
		b = append(b, BlockMoney)
	}
	if _, allowed := p.Lookup(ruleOf(measure), today); !allowed {
		b = append(b, BlockMeasure)
	}
	return b
}

// waits gives the reasons why the robot does nothing at all with a case but what gives back.
func waits(c *Case) (b []Block) {
	if c.Hold != "" {
		b = append(b, BlockHold)
	}
	if c.Objected() {
		b = append(b, BlockObjection)
	}
	if c.Suspended != "" {
		b = append(b, BlockSuspended)
	}
	return b
}

// handOverBlocks is the gate before a hand-over that is due: received money is looked at first, and a stopped robot hands nothing over.
func handOverBlocks(c *Case, env Env) []Block {
	b := waits(c)
	if env.Stopped.Has(stop.HandOver) {
		b = append(b, BlockKillSwitch)
	}
	if env.MoneyInTransit {
		b = append(b, BlockMoney)
	}
	return b
}

// refusalFinal says whether the debtor's refusal may not be taken back any more.
func refusalFinal(c *Case, p *pack.Pack, env Env) bool {
	return !c.RefusalAt.IsZero() && !env.Now.Before(finalAt(c, p, env))
}

// handOverDue says whether a case is to go to a private bailiff now: because of a refusal, or because its term is over.
func handOverDue(c *Case, p *pack.Pack, env Env) bool {
	return refusalFinal(c, p, env) || env.today().After(c.TermEndsOn)
}

func measureOf(p Purpose) stop.Measures {
	switch p {
	case Arrest:
		return stop.Arrest
	case Collect:
		return stop.Collect
	case Register:
		return stop.Register
	case Reduce, Lift, Recall, Deregister, Entrust: // what gives back, or says who goes on
	}
	return stop.None
}

func ruleOf(p Purpose) string {
	switch p {
	case Collect:
		return ruleCollection
	case Register:
		return ruleRegister
	case Arrest, Reduce, Lift, Recall, Deregister, Entrust:
	}
	return ruleArrest
}

// passed is the trace of a coercive order: the guards that let it pass with what they looked at, and the act itself.
func (d *decider) passed(measure Purpose, act rules.Step) rules.Trace {
	if _, knows := d.p.Lookup(pack.KeyGuardMeasure, d.env.today()); !knows {
		return rules.Trace{act}
	}
	c := &d.c
	return append(rules.PassedGate(rules.GateFacts{
		NotifiedOn: c.NotifiedOn.String(), VoluntaryEndsOn: c.VoluntaryEndsOn.String(), LimitationOn: c.LimitationOn.String(),
		Outstanding: c.Outstanding.String(), Measure: string(measure),
	}), act)
}
