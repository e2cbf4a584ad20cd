package engine

import (
	"slices"
	"time"

	"robotbailiff/engine/stop"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

// Env is what a decision may know besides the case, the command and the pack.
type Env struct {
	Now            time.Time // legal instant, microseconds
	Register       bool      // the register of debtors is connected: without it nobody is entered
	MoneyInTransit bool      // money has been received that no case has yet: nothing is taken or handed over
	PackID         int16     // id of the pack, copied into the events

	Stopped stop.Measures // what is stopped for this case; money and lifts always go on
	Pauses  []stop.Pause  // days on which something was, as far as the case has not taken them into account
}

func (e Env) today() calendar.Date { return calendar.DateOf(e.Now) }

// Refusal says that a command does not apply to a case. It is an answer, not a failure.
type Refusal struct {
	Code  string // stable, see the Code constants and the codes of rules
	Field string // field of the writ, for Open
	Trace rules.Trace
}

// Error implements error.
func (r *Refusal) Error() string { return "engine: refused: " + r.Code }

// Codes of refusals besides those of rules.Eligibility.
const (
	CodeAlready   = "already"    // the case is open, the notice known, the order answered: nothing to do
	CodeEnded     = "ended"      // the case has ended for ever
	CodeNotFound  = "not_found"  // no such case or order
	CodeNothing   = "nothing"    // a tick found nothing due
	CodeInvalid   = "invalid"    // the command makes no sense, such as a payment of zero
	CodeTooLate   = "too_late"   // the undo period is over
	CodeNotOpened = "not_opened" // a case begins with Open
	CodeStopped   = "stopped"    // the switch is thrown: ask again when it is released

	CodeProven  = "proven"  // the notice has arrived: it is not sent again
	CodeWaits   = "waits"   // a person, a suspension, an objection or a refusal has the word first
	CodePending = "pending" // the bank has not answered yet: there is nothing to give back before it has

	CodeRaises  = "raises"   // an adjustment would raise what is owed
	CodeTooMany = "too_many" // the debtor has objected on this ground as often as the pack allows

	CodeMustNotFail = "must_not_fail" // a bank refuses to give back: somebody must be told
)

// Decision is what follows from a command: nothing is done yet.
type Decision struct {
	Next    Case // the case afterwards
	Events  []Event
	Effects []Effect
	Refusal *Refusal // set when nothing happens
}

// Decide says what a command does to a case under a pack at an instant. It is pure and total: every state and every
// command has an answer, and the same arguments always give the same one.
func Decide(c Case, cmd Command, p *pack.Pack, env Env) Decision {
	env.Now = env.Now.UTC().Truncate(time.Microsecond)
	d := decider{c: c.clone(), p: p, env: env, cmd: cmd}
	if _, opening := cmd.(Open); !opening && c.Seq == 0 {
		d.refuse(CodeNotOpened)
		return d.done(c)
	}
	switch cmd := cmd.(type) {
	case Open:
		d.open(cmd)
	case NoticeDelivered:
		d.noticeDelivered(cmd)
	case Tick:
		d.tick()
	case OrderAnswered:
		d.orderAnswered(cmd)
	case Pay:
		d.pay(cmd)
	case ReversePayment:
		d.reverse(cmd)
	case RequestRefusal:
		d.requestRefusal()
	case UndoRefusal:
		d.undoRefusal()
	case Cancel:
		d.cancel(cmd)
	case Adjust:
		d.adjust(cmd)
	case SetHold:
		d.hold(cmd)
	case Resume:
		d.resume(cmd.Reason)
	case Suspend:
		d.suspend(cmd)
	case Assign:
		d.assign(cmd)
	case BankHolds:
		d.bankHolds(cmd)
	case EntryFound:
		d.entryFound(cmd)
	case Attest:
		d.attest(cmd)
	case Object:
		d.object(cmd)
	case AnswerObjection:
		d.answerObjection(cmd)
	case Told:
		d.told(cmd)
	case RenewLink:
		d.renewLink(cmd)
	case NotifyAgain:
		d.notifyAgain(cmd)
	case LiftByHand:
		d.liftByHand(cmd)
	default:
		d.refuse(CodeInvalid)
	}
	return d.done(c)
}

// decider gathers the events and effects of one decision; c moves with every event.
type decider struct {
	c       Case
	p       *pack.Pack
	env     Env
	cmd     Command
	events  []Event
	effects []Effect
	refusal *Refusal

	minded bool   // whether the register is connected has decided something
	reason string // that the next notice gives
}

func (d *decider) done(before Case) Decision {
	if d.refusal != nil || len(d.events) == 0 && len(d.effects) == 0 {
		if d.refusal == nil {
			d.refuse(CodeNothing)
		}
		return Decision{Next: before, Refusal: d.refusal}
	}
	return Decision{Next: d.c, Events: d.events, Effects: d.effects}
}

func (d *decider) refuse(code string) { d.refusal = &Refusal{Code: code} }

// emit adds an event and moves the case by it.
func (d *decider) emit(kind EventKind, data Data) {
	if len(d.events) == 0 {
		env := d.env
		env.Register = env.Register && d.minded // most decisions are the same with and without it
		data.Cmd = causeOf(d.cmd, env, &data)
	}
	e := Event{Seq: d.c.Seq + 1, Kind: kind, At: d.env.Now, Pack: d.env.PackID, Data: data}
	evolve(&d.c, e)
	d.events = append(d.events, e)
	for _, o := range data.Orders {
		d.effects = append(d.effects, OrderWanted{CaseID: d.c.ID, Order: o.order(d.env.Now)})
	}
}

func (d *decider) effect(e Effect) { d.effects = append(d.effects, e) }

// ask prepares an order; emit turns it into an effect. Several orders of one event get their ordinals in turn.
func (d *decider) ask(p Purpose, amount money.Amount) Asked {
	return Asked{Purpose: p, Ordinal: d.c.nextOrdinal(p), Amount: amount}
}

// rung sends the notice of opening by a rung of the ladder. It lives for one day, what comes to nothing is the next rung's matter; a
// letter has until the next look.
func (d *decider) rung(n int, r pack.Rung, amount money.Amount, until calendar.Date) {
	channels := d.ways(r)
	if len(channels) == 0 {
		return
	}
	from, to := rules.SendWindow(d.p, d.env.Now)
	if !slices.ContainsFunc(channels, func(c string) bool { return c != pack.Letter }) {
		from, to = d.env.Now, d.env.Now.Add(r.Wait) // wakes nobody
	}
	d.notice("opening", n, channels, amount, until, from, to)
}

// ways are the channels of a rung by which the debtor can be reached: a letter needs an address. Whether there is a telephone or a
// device is found out by trying.
func (d *decider) ways(r pack.Rung) []string {
	if d.c.Mail {
		return r.Channels
	}
	return slices.DeleteFunc(slices.Clone(r.Channels), func(c string) bool { return c == pack.Letter })
}

func (d *decider) notice(kind string, rung int, channels []string, amount money.Amount, until calendar.Date, from, to time.Time) {
	n := NoticeWanted{
		CaseID: d.c.ID, Ordinal: d.c.Seq, Kind: kind, Rung: rung, Channels: channels, Language: d.c.Language,
		Amount: amount, Outstanding: d.c.Outstanding, Until: until, At: d.env.Now, NotBefore: from, ExpiresAt: to,
	}
	if !d.c.RefusalAt.IsZero() && kind == "refusal" {
		n.UndoUntil = d.c.RefusalAt.Add(undoPeriod(d.p, d.env.today()))
	}
	n.Arrested, n.Reason = d.c.LiveArrest() != nil, d.reason
	d.effect(n)
}

// tell sends a notice of a kind that has no ladder of its own, by the first channel of the first rung alone: it proves
// nothing that a term waits for, so one message is enough. It has days for it, since nothing comes after it; only a reminder is
// of no use after the day that it speaks of.
func (d *decider) tell(kind string, amount money.Amount, until calendar.Date) {
	rungs := ladder(d.p, d.env.today())
	if len(rungs) == 0 {
		return
	}
	lastDay := noDate
	if kind == "reminder" {
		lastDay = until
	}
	from, to := rules.NewsWindow(d.p, d.env.Now, lastDay)
	d.notice(kind, 1, rungs[0].Channels[:1], amount, until, from, to)
}

func (d *decider) open(cmd Open) {
	switch {
	case d.c.Seq != 0:
		d.refuse(CodeAlready)
		return
	case d.env.Stopped.Has(stop.Open):
		d.refuse(CodeStopped)
		return
	}
	today := d.env.today()
	v := rules.Eligibility(d.p, cmd.Facts, today)
	if v.Outcome != rules.OutcomeOpen {
		d.refusal = &Refusal{Code: v.Code, Field: v.Field, Trace: v.Trace}
		return
	}
	ends, step := rules.TermEnd(d.p, today)
	amount := cmd.Facts.Amount
	data := Data{
		Trace: append(v.Trace, step), DebtorID: cmd.DebtorID, Region: cmd.Region, Language: cmd.Language,
		Mail: cmd.Mail, Date: &today, Until: &ends, Amount: &amount, Rung: 1,
	}
	rungs := ladder(d.p, today)
	if len(rungs) > 0 {
		next := d.env.Now.Add(rungs[0].Wait)
		data.Next = &next
	}
	d.emit(EvOpened, data)
	d.effect(DebtMoved{CaseID: d.c.ID, Move: "opened", Amount: amount})
	if len(rungs) > 0 {
		d.rung(1, rungs[0], amount, ends)
	}
}

func (d *decider) noticeDelivered(cmd NoticeDelivered) {
	if !cmd.Opening || d.c.State != Opened {
		d.refuse(CodeAlready)
		return
	}
	on := calendar.DateOf(cmd.At)
	if cmd.At.After(d.env.Now) || on.Before(d.c.OpenedOn) {
		d.refuse(CodeInvalid) // a receipt from the future, or from before the notice, proves nothing
		return
	}
	ends, step := rules.VoluntaryEnd(d.p, on)
	proof := rules.Step{Rule: ruleNoticeProof, Facts: []rules.Fact{{Key: "channel", Value: cmd.Channel}, {Key: "delivered_on", Value: on.String()}}, Outcome: "proven"}
	data := Data{Trace: rules.Trace{proof, step}, Channel: cmd.Channel, Date: &on, Until: &ends}
	if next, ok := rules.ReminderTime(d.p, ends); ok && next.After(d.env.Now) {
		next = next.UTC()
		data.Next = &next
	}
	d.emit(EvNotified, data)
}

func (d *decider) requestRefusal() {
	switch {
	case d.c.State.Final():
		d.refuse(CodeEnded)
	case !d.c.RefusalAt.IsZero():
		d.refuse(CodeAlready)
	default:
		fee, step := rules.Fee(d.p, d.c.Outstanding, d.env.today())
		d.emit(EvRefusalRequested, Data{Amount: &fee, Trace: rules.Trace{{Rule: ruleRefusal, Outcome: "received"}, step}})
		d.tell("refusal", fee, calendar.DateOf(d.env.Now.Add(undoPeriod(d.p, d.env.today()))))
	}
}

func (d *decider) undoRefusal() {
	switch {
	case d.c.State.Final():
		d.refuse(CodeEnded)
	case d.c.RefusalAt.IsZero():
		d.refuse(CodeAlready)
	case !d.env.Now.Before(d.c.RefusalAt.Add(undoPeriod(d.p, d.env.today()))):
		d.refuse(CodeTooLate)
	default:
		d.emit(EvRefusalUndone, Data{})
	}
}

func (d *decider) cancel(cmd Cancel) {
	trace := rules.Trace{{Rule: ruleCancelled, Facts: []rules.Fact{{Key: "ground", Value: cmd.Ground}, {Key: "act", Value: cmd.Act}}, Outcome: "terminate"}}
	zero, news := money.Zero, "cancelled"
	if cmd.Ground == GroundOtherPerson {
		news = GroundOtherPerson
	}
	switch d.c.State {
	case Cancelled:
		d.refuse(CodeEnded)
	case Paid:
		if !cmd.GiveBack || d.c.Paid.IsZero() {
			d.refuse(CodeEnded)
			return
		}
		refund := d.c.Paid
		trace[0].Outcome = "give_back"
		d.emit(EvVoided, Data{Reason: cmd.Ground, Trace: trace, Amount: &zero, Left: &zero, RefundDue: &refund})
		d.effect(DebtMoved{CaseID: d.c.ID, Move: "cancelled", Refund: refund})
		d.tell(news, refund, noDate)
	case HandedOver:
		if d.c.Outstanding.IsZero() && d.c.Paid.IsZero() {
			d.refuse(CodeEnded)
			return
		}
		out, refund := d.c.Outstanding, d.c.Paid
		data := Data{Reason: cmd.Ground, Trace: trace, Amount: &out, Left: &zero, Orders: d.liftAll()}
		if refund.IsPositive() {
			data.RefundDue = &refund
		}
		d.emit(EvHandoverRecalled, data)
		if out.IsPositive() {
			d.effect(DebtMoved{CaseID: d.c.ID, Move: "taken_back", Amount: out})
		}
		d.effect(DebtMoved{CaseID: d.c.ID, Move: "cancelled", Amount: out, Refund: refund})
		d.effect(HandoverRecalled{CaseID: d.c.ID, Reason: "cancelled"})
		d.tell(news, refund, noDate)
	default:
		out, refund := d.c.Outstanding, d.c.Paid
		data := Data{Reason: cmd.Ground, Trace: trace, Amount: &out, Left: &zero, Orders: d.liftAll()}
		if refund.IsPositive() {
			data.RefundDue = &refund
		}
		d.emit(EvCancelled, data)
		d.effect(DebtMoved{CaseID: d.c.ID, Move: "cancelled", Amount: out, Refund: refund})
		d.tell(news, refund, noDate)
	}
}

func (d *decider) hold(cmd SetHold) {
	switch {
	case cmd.Reason == "":
		d.refuse(CodeInvalid)
	case d.c.State.Final():
		d.refuse(CodeEnded)
	case d.c.Hold != "":
		d.refuse(CodeAlready)
	default:
		d.emit(EvHeld, Data{Reason: cmd.Reason})
	}
}

func (d *decider) suspend(cmd Suspend) {
	switch {
	case cmd.Reason == "":
		d.refuse(CodeInvalid)
	case d.c.State.Final():
		d.refuse(CodeEnded)
	case d.c.Suspended != "":
		d.refuse(CodeAlready)
	default:
		d.prolong(true) // what came before is counted by itself, so that no day counts twice
		data := Data{Reason: cmd.Reason, Trace: rules.Trace{{Rule: ruleSuspension, Outcome: "suspended"}}}
		if !cmd.Until.IsZero() {
			data.Until = &cmd.Until
		}
		d.emit(EvSuspended, data)
	}
}

func (d *decider) resume(reason string) {
	switch {
	case d.c.State.Final():
		d.refuse(CodeEnded)
	case d.c.Hold == "" && d.c.Suspended == "":
		d.refuse(CodeAlready)
	default:
		d.goOn(reason)
	}
}

// goOn ends a hold and a suspension. A hold is our own matter and moves no deadline.
func (d *decider) goOn(reason string) {
	data := Data{Reason: reason}
	if c := &d.c; c.Suspended != "" {
		term, resumed, trace := rules.AfterSuspension(d.p, c.OpenedOn, rules.Suspension{
			From: c.SuspendedOn, Until: c.SuspendedUntil, Ended: d.env.today(), Days: c.SuspendedDays,
		})
		if trace != nil {
			data.Date, data.Until, data.Trace = &resumed, &term, trace
		}
	}
	d.emit(EvResumed, data)
}

func (d *decider) assign(cmd Assign) {
	switch {
	case d.c.State != HandedOver || cmd.BailiffID == 0:
		d.refuse(CodeInvalid)
	case d.c.BailiffID != 0:
		d.refuse(CodeAlready)
	case d.env.Stopped.Has(stop.HandOver):
		d.refuse(CodeStopped)
	default:
		facts := []rules.Fact{{Key: "region", Value: d.c.Region}, {Key: "load", Value: string(appendInt(nil, int64(cmd.Load)))}, {Key: "among", Value: string(appendInt(nil, int64(cmd.Among)))}}
		if cmd.Tie != "" {
			facts = append(facts, rules.Fact{Key: "tie", Value: cmd.Tie})
		}
		data := Data{Bailiff: cmd.BailiffID, Trace: rules.Trace{{Rule: ruleDistribution, Facts: facts, Outcome: "assigned"}}}
		if e := d.c.last(Register); e != nil && e.Status == HandedOverArrest {
			data.Orders = []Asked{d.ask(Entrust, money.Zero)} // the entry names who executes (EL 36)
		}
		d.emit(EvAssigned, data)
	}
}
