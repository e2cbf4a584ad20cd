package engine

import (
	"slices"

	"robotbailiff/engine/stop"
	"robotbailiff/rules"
	"robotbailiff/rules/pack"
)

// object takes an objection: from then on nothing is taken until a person has answered (EL 16, 126(2)). Money, lifts and refunds go
// on. One ground is open once, and may be used as often as the pack says.
func (d *decider) object(cmd Object) {
	today := d.env.today()
	due, step := rules.ObjectionDue(d.p, today)
	made := 0
	for i := range d.c.Objections {
		if d.c.Objections[i].Ground == cmd.Ground {
			made++
		}
	}
	switch {
	case d.c.State.Final():
		d.refuse(CodeEnded)
		return
	case !cmd.Ground.known() || due.IsZero():
		d.refuse(CodeInvalid)
		return
	case d.c.Standing(cmd.Ground) != nil:
		d.refuse(CodeAlready)
		return
	case made >= d.p.ObjectionsPerGround(today):
		d.refuse(CodeTooMany)
		return
	}
	d.prolong(true) // what came before is counted by itself, so that a period that it moves is long enough for this
	trace := rules.Trace{{Rule: ruleObjection, Facts: []rules.Fact{{Key: "ground", Value: string(cmd.Ground)}}, Outcome: "looked_at"}, step}
	d.emit(EvObjected, Data{Reason: string(cmd.Ground), Date: &today, Until: &due, Trace: trace})
	if cmd.Ground != GroundNotMe { // that number gets no message until it is known whose it is
		d.tell("objection", d.c.Outstanding, due)
	}
}

// answerObjection is a person's answer. What it means for the case follows from the ground; a declined objection stands on until
// the debtor has been told.
func (d *decider) answerObjection(cmd AnswerObjection) {
	o := d.c.objection(cmd.Seq)
	reasons := DeclineReasons
	if cmd.Accepted {
		reasons = AcceptReasons
	}
	switch {
	case o == nil:
		d.refuse(CodeNotFound)
	case !slices.Contains(reasons, cmd.Reason):
		d.refuse(CodeInvalid)
	case o.Status != ObjectionOpen:
		d.refuse(CodeAlready)
	case cmd.Accepted:
		d.countObjection()
		d.accept(*o, cmd.Reason)
	default:
		d.decline(*o, cmd.Reason)
	}
}

func answered(o Objection, outcome string) rules.Trace {
	return rules.Trace{{Rule: ruleObjection, Facts: []rules.Fact{
		{Key: "ground", Value: string(o.Ground)}, {Key: "objected_on", Value: o.MadeOn.String()}, {Key: "last_day", Value: o.DueOn.String()},
	}, Outcome: outcome}}
}

func (d *decider) accept(o Objection, reason string) {
	today := d.env.today()
	data := Data{Objection: o.Seq, Reason: reason, Date: &today, Trace: answered(o, "accepted")}
	if o.Ground == GroundNotice && !d.c.State.Final() {
		switch d.c.State {
		case Notified: // the debtor knows now: the time to pay begins with this day
			end, step := rules.VoluntaryEnd(d.p, today)
			if end.After(d.c.VoluntaryEndsOn) {
				data.Voluntary, data.Trace = &end, append(data.Trace, step)
				if next, ok := rules.ReminderTime(d.p, end); ok && next.After(d.env.Now) {
					next = next.UTC()
					data.Next = &next
				}
			}
		case Enforcing: // what was taken on the strength of that notice is given back
			data.Orders = d.liftAll()
		default: // nothing was proven yet
		}
	}
	d.emit(EvObjectionAccepted, data)
	if d.c.Hold != HoldWrongPerson {
		d.tell("objection_accepted", d.c.Outstanding, noDate)
	}
}

func (d *decider) decline(o Objection, reason string) {
	today := d.env.today()
	d.emit(EvObjectionDeclined, Data{Objection: o.Seq, Reason: reason, Date: &today, Trace: answered(o, "declined")})
	rungs := ladder(d.p, today)
	if len(rungs) == 0 {
		return
	}
	// It goes by every way of the first rung: a term waits for its proof.
	from, to := rules.NewsWindow(d.p, d.env.Now, noDate)
	channels := slices.DeleteFunc(slices.Clone(rungs[0].Channels), func(c string) bool { return c == pack.Letter })
	if len(channels) > 0 {
		d.reason = reason
		d.notice("objection_declined", 1, channels, d.c.Outstanding, d.c.TermEndsOn, from, to)
		d.reason = ""
	}
}

// told ends an objection that was declined: its debtor knows why, and how to appeal. From here on coercion goes on.
func (d *decider) told(cmd Told) {
	var o *Objection
	for i := range d.c.Objections {
		if d.c.Objections[i].Answer == cmd.Answer {
			o = &d.c.Objections[i]
		}
	}
	switch {
	case o == nil || cmd.Answer == 0:
		d.refuse(CodeNotFound)
		return
	case o.Status != ObjectionDeclined:
		d.refuse(CodeAlready)
		return
	case cmd.Channel == "" || cmd.At.After(d.env.Now):
		d.refuse(CodeInvalid)
		return
	}
	d.countObjection()
	today := d.env.today() // not the day of the receipt: what is late counts for the debtor
	d.emit(EvObjectionTold, Data{Objection: o.Seq, Channel: cmd.Channel, Date: &today, Trace: rules.Trace{{Rule: ruleNoticeProof, Facts: []rules.Fact{{Key: "channel", Value: cmd.Channel}}, Outcome: "told"}}})
}

// countObjection leaves the days out of the terms for which objections have stopped what the terms bring, before one of them is over.
// Suspended time is left out when the suspension ends.
func (d *decider) countObjection() {
	if d.c.Suspended == "" {
		d.prolong(true)
	}
}

// objectionPauses are the days of objections that the case has not taken into account.
func (c *Case) objectionPauses() (out []stop.Pause) {
	since := max(c.OpenedOn, c.PausedTo)
	for i := range c.Objections {
		if o := &c.Objections[i]; o.OverOn.IsZero() || o.OverOn.After(since) {
			out = append(out, stop.Pause{Pause: rules.Pause{From: o.MadeOn, To: o.OverOn, Objection: true}, Stopped: stop.Arrest | stop.Collect | stop.HandOver})
		}
	}
	return out
}
