package engine

import (
	"slices"
	"time"

	"robotbailiff/engine/stop"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

// Step is something that people expect to happen to a case.
type Step string

// Steps, in the order of a life.
const (
	StepNotice   Step = "notice"    // delivery of a notice is proven
	StepArrest   Step = "arrest"    // the arrest is ordered
	StepCollect  Step = "collect"   // the collection order is given
	StepRelease  Step = "release"   // all that was taken is given back, and every body has confirmed it
	StepHandOver Step = "hand_over" // a private bailiff gets the case
)

// Steps lists every step once.
var Steps = []Step{StepNotice, StepArrest, StepCollect, StepRelease, StepHandOver}

// When says how a step stands.
type When string

// How a step stands.
const (
	WhenDone  When = "done"  // at Outlook.At
	WhenNow   When = "now"   // at the next look of the robot, which is within seconds
	WhenOn    When = "on"    // at Outlook.At at the earliest, if nothing else happens
	WhenNot   When = "not"   // not before something happens that no date brings
	WhenNever When = "never" // the case has ended otherwise
)

// Condition is one thing that has to be so before a step is taken.
type Condition struct {
	What Block // which; besides the blocks of the gate those below
	Met  Met
	Rule string        // key of the pack under which the law behind it stands; the pack may not have it
	Date calendar.Date // that it is about: of the proof, the last day of a period, the first of a measure; unset: none
	Word string        // the reason of a hold or a suspension, or the purpose of an order; empty: none
	Sum  money.Amount  // what a bank holds, or what is owed
}

// ByRefusal is the word of a condition about a hand-over that a refusal brings, and not the end of the term.
const ByRefusal = "refusal"

// TooLate is the word of a condition about a hand-over that comes before the day of a measure.
const TooLate = "before"

// Met says how a condition stands.
type Met string

// How a condition stands.
const (
	MetYes   Met = "yes"
	MetSoon  Met = "soon"  // a date brings it by itself
	MetNo    Met = "no"    // something has to happen
	MetLater Met = "later" // it is not asked yet: one before it comes first
)

// Conditions besides the blocks of the gate.
const (
	BlockHandOver Block = "hand_over_due"  // the case is to go to a private bailiff instead
	BlockEarlier  Block = "earlier_arrest" // an arrest of before is not given back yet
	BlockHeld     Block = "nothing_held"   // no bank holds money for the case
	BlockDay      Block = "collect_day"    // the day of the collection has not come
	BlockTerm     Block = "term"           // the term is not over, and no refusal is final
	BlockProof    Block = "proof"          // no channel has reported a delivery
	BlockRungs    Block = "rungs"          // every way of the ladder was tried
	BlockRunning  Block = "running"        // the case goes on: nothing is to be given back
	BlockOrder    Block = "order"          // a body has not confirmed an order
	BlockBailiff  Block = "no_bailiff"     // no private bailiff was chosen yet
)

// Outlook tells how one step stands, and why.
type Outlook struct {
	Step Step
	When When
	At   time.Time // when it was, or will be at the earliest; zero: that is not known
	// If is when it would be at the earliest, were the one thing to happen now for which it waits: the proof of the notice before an
	// arrest, the bank's answer before a collection. Zero: that is not known.
	If         time.Time
	Order      Order // the order by which it was done; its purpose is empty when there is none
	Conditions []Condition
}

// WhyNot answers for every step how it stands with a case: what was done, what a date will bring, and what keeps the rest. It is a function
// of what [Decide] knows, and it asks the same guards: a step is WhenNow exactly when the robot would take it now.
func WhyNot(c Case, p *pack.Pack, env Env) []Outlook {
	env.Now = env.Now.UTC().Truncate(time.Microsecond)
	w := whynot{foresight: foresee(c.clone(), p, env), p: p, env: env}
	return []Outlook{w.notice(), w.arrest(), w.collect(), w.release(), w.handOver()}
}

type whynot struct {
	foresight
	p   *pack.Pack
	env Env
}

// foreseen fills in when a step that is not done will be.
func (w *whynot) foreseen(a Outlook) Outlook {
	at, ok := w.first[a.Step]
	switch {
	case w.cur.State.Final():
		a.When, a.Conditions = WhenNever, nil
	case ok && at.Equal(w.env.Now):
		a.When, a.At = WhenNow, at
	case ok:
		a.When, a.At = WhenOn, at
	default:
		a.When = WhenNot
		w.tooLate(a.Conditions)
	}
	return a
}

// tooLate says of a measure for which nothing is missing but days that the case is to go to a private bailiff before they have come.
func (w *whynot) tooLate(conditions []Condition) {
	at := w.cur.TermEndsOn.End()
	if final := finalAt(&w.cur, w.p, w.env); !final.IsZero() && final.Before(at) {
		at = final
	}
	if slices.ContainsFunc(conditions, func(c Condition) bool { return c.Met == MetNo || c.Met == MetLater }) {
		return
	}
	for i := range conditions {
		if c := &conditions[i]; c.What == BlockHandOver {
			c.Met, c.Word, c.Date = MetNo, TooLate, calendar.DateOf(at)
		}
	}
}

// were gives when a step would be taken if a command came now.
func (w *whynot) were(s Step, cmd Command) time.Time {
	d := Decide(w.cur, cmd, w.p, w.env)
	if d.Refusal != nil {
		return time.Time{}
	}
	return foresee(d.Next, w.p, w.env).first[s]
}

func (w *whynot) notice() Outlook {
	c := &w.cur
	a := Outlook{Step: StepNotice}
	if !c.NotifiedOn.IsZero() && !c.unnotified() {
		a.When, a.At = WhenDone, c.NotifiedOn.Start()
		return a
	}
	if c.State.Final() {
		a.When = WhenNever
		return a
	}
	a.When = WhenNot
	a.Conditions = append(a.Conditions, Condition{What: BlockProof, Met: MetNo, Rule: ruleNoticeProof})
	switch {
	case c.State != Opened:
	case c.NextRungAt.IsZero():
		a.Conditions = append(a.Conditions, Condition{What: BlockRungs, Met: MetNo, Rule: pack.KeyLadder})
	default:
		a.Conditions = append(a.Conditions, Condition{What: BlockRungs, Met: MetYes, Rule: pack.KeyLadder, Date: calendar.DateOf(c.NextRungAt)})
	}
	if w.env.Stopped.Has(stop.Notify) {
		a.Conditions = append(a.Conditions, Condition{What: BlockKillSwitch, Met: MetNo, Rule: pack.KeyGuardSwitch})
	}
	return a
}

func (w *whynot) arrest() Outlook {
	c := &w.cur
	a := Outlook{Step: StepArrest}
	if o := c.last(Arrest); o != nil && o.Status != WithdrawnOrder && (c.State == Enforcing || c.State.Final()) {
		a.When, a.At, a.Order = WhenDone, o.At, *o
		return a
	}
	a.Conditions = w.gate(Arrest)
	if c.LiveArrest() != nil {
		a.Conditions = append(a.Conditions, Condition{What: BlockEarlier, Met: MetNo})
	}
	if a = w.foreseen(a); a.When == WhenNot && c.State == Opened {
		a.If = w.were(StepArrest, NoticeDelivered{Ordinal: 1, Opening: true, Channel: "sms", At: w.env.Now})
	}
	return a
}

func (w *whynot) collect() Outlook {
	c := &w.cur
	a := Outlook{Step: StepCollect}
	pending := c.State == Enforcing && !c.CollectOn.IsZero()
	if o := c.last(Collect); o != nil && o.Status != WithdrawnOrder && !pending {
		a.When, a.At, a.Order = WhenDone, o.At, *o
		return a
	}
	a.Conditions = w.gate(Collect)
	held := Condition{What: BlockHeld, Met: MetNo, Rule: ruleCollection}
	arrest := c.last(Arrest)
	switch {
	case c.holds():
		held.Met, held.Sum = MetYes, arrest.Held
	case c.LiveArrest() == nil && c.State != Enforcing:
		held.Met = MetLater
	}
	day := Condition{What: BlockDay, Met: MetLater, Rule: pack.KeyCollectionDelay, Date: c.CollectOn}
	switch {
	case !pending: // no day is set before a bank holds money
	case w.env.today().Before(c.CollectOn):
		day.Met = MetSoon
	default:
		day.Met = MetYes
	}
	a.Conditions = append(a.Conditions, held, day)
	if a = w.foreseen(a); a.When == WhenNot && arrest != nil && arrest.Status.Open() {
		a.If = w.were(StepCollect, OrderAnswered{Purpose: Arrest, Ordinal: arrest.Ordinal, Answer: Accepted, Sum: arrest.Amount})
	}
	return a
}

func (w *whynot) handOver() Outlook {
	c := &w.cur
	a := Outlook{Step: StepHandOver}
	if c.State == HandedOver {
		a.When, a.At = WhenDone, c.EndedAt
		if c.BailiffID == 0 {
			a.Conditions = []Condition{{What: BlockBailiff, Met: MetNo, Rule: ruleDistribution}}
		}
		return a
	}
	due := Condition{What: BlockTerm, Met: MetSoon, Rule: pack.KeyTerm, Date: c.TermEndsOn}
	if at := finalAt(c, w.p, w.env); !at.IsZero() && !calendar.DateOf(at).After(c.TermEndsOn) {
		due.Rule, due.Date, due.Word = pack.KeyRefusalUndo, calendar.DateOf(at), ByRefusal
	}
	if handOverDue(c, w.p, w.env) {
		due.Met = MetYes
	}
	a.Conditions = []Condition{due}
	shut := handOverBlocks(c, w.env)
	for _, b := range []Block{BlockHold, BlockObjection, BlockSuspended, BlockKillSwitch, BlockMoney} {
		a.Conditions = append(a.Conditions, w.condition(b, slices.Contains(shut, b)))
	}
	return w.foreseen(a)
}

func (w *whynot) release() Outlook {
	c := &w.cur
	a := Outlook{Step: StepRelease}
	if !c.ReleasedAt.IsZero() {
		a.When, a.At = WhenDone, c.ReleasedAt
		return a
	}
	a.When = WhenNot
	if !c.State.Final() {
		a.Conditions = []Condition{{What: BlockRunning, Met: MetNo, Rule: rulePaid, Sum: c.Outstanding}}
		return a
	}
	for i := range c.Orders {
		o := &c.Orders[i]
		if o.Status == LiftRequested && slices.ContainsFunc(c.Orders[i:], func(o Order) bool { return (o.Purpose == Lift || o.Purpose == Deregister) && o.Status.Open() }) {
			continue // it is the order that ends this one which is waited for
		}
		if o.unsettled() {
			a.Conditions = append(a.Conditions, Condition{What: BlockOrder, Met: MetNo, Word: string(o.Purpose), Date: calendar.DateOf(o.At)})
		}
	}
	if c.State == HandedOver && c.BailiffID == 0 {
		a.Conditions = append(a.Conditions, Condition{What: BlockBailiff, Met: MetNo, Rule: ruleDistribution})
	}
	return a
}

// gateOrder is the gate as it is explained: what the debtor has to know and do first, then what can keep it.
var gateOrder = []Block{
	BlockNotice, BlockVoluntary, BlockEnded, BlockPaid, BlockHold, BlockObjection, BlockSuspended, BlockRefusal, BlockKillSwitch, BlockLimitation,
	BlockMoney, BlockMeasure,
}

// gate gives every condition of the gate before a measure, and that the case is not to go to a bailiff instead.
func (w *whynot) gate(measure Purpose) (out []Condition) {
	shut := Blocks(w.cur, measure, w.p, w.env)
	_, knows := w.p.Lookup(pack.KeyGuardMeasure, w.env.today())
	for _, b := range gateOrder {
		if !knows && (b == BlockLimitation || b == BlockMoney || b == BlockMeasure) || b == BlockLimitation && w.cur.LimitationOn.IsZero() {
			continue
		}
		out = append(out, w.condition(b, slices.Contains(shut, b)))
	}
	return append(out, w.condition(BlockHandOver, handOverDue(&w.cur, w.p, w.env)))
}

// ruleOfBlock is where the pack has the law, or our own decision, behind a condition.
var ruleOfBlock = map[Block]string{
	BlockPaid: pack.KeyGuardMoney, BlockHold: pack.KeyGuardHold, BlockObjection: ruleObjection, BlockSuspended: pack.KeyGuardSuspended,
	BlockRefusal: pack.KeyGuardRefusal, BlockNotice: pack.KeyGuardNotice, BlockVoluntary: pack.KeyVoluntary, BlockKillSwitch: pack.KeyGuardSwitch,
	BlockLimitation: pack.KeyGuardLimitation, BlockMoney: pack.KeyGuardMoney, BlockMeasure: pack.KeyGuardMeasure, BlockHandOver: ruleTransferTerm,
}

// condition describes a condition that the gate has looked at.
func (w *whynot) condition(b Block, shut bool) Condition {
	c := &w.cur
	x := Condition{What: b, Met: MetYes, Rule: ruleOfBlock[b]}
	if shut {
		x.Met = MetNo
	}
	switch b { //nolint:exhaustive // the others are about no date, sum or reason
	case BlockNotice:
		x.Date = c.NotifiedOn
	case BlockVoluntary:
		switch x.Date = c.VoluntaryEndsOn; {
		case c.NotifiedOn.IsZero() || c.unnotified():
			x.Met, x.Date = MetLater, noDate
		case shut:
			x.Met = MetSoon
		}
	case BlockPaid:
		x.Sum = c.Outstanding
	case BlockHold:
		if x.Word = c.Hold; c.Hold == HoldWrongPerson {
			x.Rule = pack.KeyGuardIdentity
		}
	case BlockSuspended:
		if x.Word, x.Date = c.Suspended, c.SuspendedUntil; shut && !x.Date.IsZero() && c.Hold == "" {
			x.Met = MetSoon
		}
	case BlockRefusal:
		if !c.RefusalAt.IsZero() {
			x.Date = calendar.DateOf(c.RefusalAt)
		}
	case BlockLimitation:
		x.Date = c.LimitationOn
	case BlockHandOver:
		if x.Date = c.TermEndsOn; refusalFinal(c, w.p, w.env) {
			x.Rule, x.Word = ruleTransferRefusal, ByRefusal
		}
	}
	return x
}

// Law gives the value of the pack behind a condition on a day.
func (x Condition) Law(p *pack.Pack, on calendar.Date) (pack.Value, bool) {
	if x.Rule == "" {
		return pack.Value{}, false
	}
	return p.Lookup(x.Rule, on)
}
