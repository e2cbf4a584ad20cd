package engine

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"robotbailiff/engine/stop"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// EventKind names what happened.
type EventKind string

// Kinds of events.
const (
	EvOpened           EventKind = "opened"
	EvNoticeRepeated   EventKind = "notice_repeated"
	EvNoticeUnproven   EventKind = "notice_unproven" // the ladder has ended without proof: no arrest, the term runs on
	EvNotified         EventKind = "notified"
	EvReminded         EventKind = "reminded" // the voluntary period is about to end
	EvArrestOrdered    EventKind = "arrest_ordered"
	EvCollectOrdered   EventKind = "collect_ordered"
	EvRegisterOrdered  EventKind = "register_ordered" // the entry into the register of debtors was asked for
	EvOrderAnswered    EventKind = "order_answered"
	EvPaidInPart       EventKind = "paid_in_part"
	EvPaid             EventKind = "paid"
	EvPaidAfterEnd     EventKind = "paid_after_end"
	EvPaymentReversed  EventKind = "payment_reversed"
	EvRefusalRequested EventKind = "refusal_requested"
	EvRefusalUndone    EventKind = "refusal_undone"
	EvHandedOver       EventKind = "handed_over"
	EvAssigned         EventKind = "assigned"
	EvHandoverRecalled EventKind = "handover_recalled"
	EvCancelled        EventKind = "cancelled"
	EvVoided           EventKind = "voided"   // nothing was owed in a case that was paid in full: all of it is due back, and the case stays ended
	EvAdjusted         EventKind = "adjusted" // the issuer lowered the sum; Amount is by how much less is outstanding
	EvHeld             EventKind = "held"
	EvSuspended        EventKind = "suspended"
	EvResumed          EventKind = "resumed"
	EvProlonged        EventKind = "prolonged"   // days on which we had stopped measures do not count: terms end later
	EvBankHolds        EventKind = "bank_holds"  // our record follows what a bank has in force; Amount is held now
	EvEntryFound       EventKind = "entry_found" // our record follows an entry that the register has
	EvAttested         EventKind = "attested"    // a document about the case was made; its hash is in the command

	EvObjected          EventKind = "objected"           // the debtor objects, Reason is the ground; Until is when it is answered
	EvObjectionAccepted EventKind = "objection_accepted" // Objection is the seq of the event that made it
	EvObjectionDeclined EventKind = "objection_declined" // nothing goes on before the debtor is told
	EvObjectionTold     EventKind = "objection_told"

	EvLinkRenewed EventKind = "link_renewed" // links of before this event open nothing any more

	EvNotifiedAgain EventKind = "notified_again" // somebody had the notice of the opening sent once more
	EvLiftOrdered   EventKind = "lift_ordered"   // somebody had what is arrested given back, before any end
)

// Event is one thing that happened to a case. Folding the events of a case gives the case.
type Event struct {
	Seq   int
	Kind  EventKind
	At    time.Time // microseconds, UTC
	Actor string
	Pack  int16
	Data  Data
}

// Data is what an event says. Only the fields of its kind are set. It never holds personal data.
type Data struct {
	Cmd     *Cause      `json:"cmd,omitempty"`   // the command that caused this and the following events of the decision
	Trace   rules.Trace `json:"trace,omitempty"` // facts, rules, outcome
	Reason  string      `json:"reason,omitempty"`
	Channel string      `json:"channel,omitempty"`
	Rung    int         `json:"rung,omitempty"`

	DebtorID int64  `json:"debtor,omitempty"`
	Region   string `json:"region,omitempty"`
	Language string `json:"language,omitempty"`
	Mail     bool   `json:"mail,omitempty"`

	Date    *calendar.Date `json:"date,omitempty"`  // the legal day of the event's fact
	Until   *calendar.Date `json:"until,omitempty"` // the date that follows from it
	Next    *time.Time     `json:"next,omitempty"`  // when the next rung is tried, or the person is reminded
	Bailiff int64          `json:"bailiff,omitempty"`

	PaymentID int64         `json:"payment,omitempty"`
	Amount    *money.Amount `json:"amount,omitempty"` // the sum that moved
	Left      *money.Amount `json:"left,omitempty"`   // outstanding afterwards
	RefundDue *money.Amount `json:"refund_due,omitempty"`
	InTime    bool          `json:"in_time,omitempty"`

	Days      int            `json:"days,omitempty"`      // left out of the term
	Voluntary *calendar.Date `json:"voluntary,omitempty"` // the last day of the voluntary period, when it moved
	Collect   *calendar.Date `json:"collect,omitempty"`   // the day of the collection, when it moved
	Register  *calendar.Date `json:"register,omitempty"`  // from when on the entry into the register may be asked for

	Arrest    int `json:"arrest,omitempty"`    // ordinal of the arrest that a bank holds
	Entry     int `json:"entry,omitempty"`     // ordinal of the entry that the register has
	Objection int `json:"objection,omitempty"` // seq of the event by which it was made

	Orders []Asked        `json:"orders,omitempty"` // asked for by this event
	Answer *OrderAnswered `json:"answer,omitempty"`
}

// Asked is an order as the event that asks for it says it: it is [Requested] at the instant of the event, and nothing is held.
type Asked struct {
	Purpose Purpose      `json:"purpose"`
	Ordinal int          `json:"ordinal"`
	Amount  money.Amount `json:"amount,omitzero"` // zero for lift and recall
}

// order is the order that begins by being asked for.
func (a Asked) order(at time.Time) Order {
	return Order{Purpose: a.Purpose, Ordinal: a.Ordinal, Status: Requested, Amount: a.Amount, At: at}
}

// Cause is the command behind an event, kept so that the decision can be made again (see Replay).
type Cause struct {
	Kind  string          `json:"k"`
	Input json.RawMessage `json:"in,omitempty"` // left out where the event says the same, see [Data.Command]
	Env   EnvFacts        `json:"env,omitzero"`
}

// EnvFacts is the part of the environment that a decision saw besides the instant.
type EnvFacts struct {
	CoercionOff    bool   `json:"off,omitempty"` // everything was stopped
	MoneyInTransit bool   `json:"transit,omitempty"`
	Stopped        string `json:"stopped,omitempty"`  // some measures were, divided by points
	Pauses         string `json:"pauses,omitempty"`   // first day, end and measures of each, see pausesText
	Register       bool   `json:"register,omitempty"` // the register was connected, where that decided something
}

// facts is what an event keeps of the environment.
func (e *Env) facts() EnvFacts {
	f := EnvFacts{CoercionOff: e.Stopped == stop.All, MoneyInTransit: e.MoneyInTransit, Pauses: pausesText(e.Pauses), Register: e.Register}
	if !f.CoercionOff {
		f.Stopped = e.Stopped.String()
	}
	return f
}

// env is the environment of a decision of before, but for the instant and the pack.
func (f EnvFacts) env() (e Env, err error) {
	e.MoneyInTransit, e.Register = f.MoneyInTransit, f.Register
	if e.Stopped, err = stop.ParseMeasures(f.Stopped); err != nil {
		return e, err
	}
	if f.CoercionOff {
		e.Stopped = stop.All
	}
	e.Pauses, err = parsePauses(f.Pauses)
	return e, err
}

// pausesText writes pauses as "2026-09-07/2026-09-17/arrest.collect;…"; one that goes on has no end.
func pausesText(pauses []stop.Pause) string {
	var b strings.Builder
	for i, p := range pauses {
		if i > 0 {
			b.WriteByte(';')
		}
		b.WriteString(p.From.String() + "/")
		if !p.To.IsZero() {
			b.WriteString(p.To.String())
		}
		b.WriteString("/" + p.Stopped.String())
	}
	return b.String()
}

func parsePauses(s string) (out []stop.Pause, err error) {
	if s == "" {
		return nil, nil
	}
	for one := range strings.SplitSeq(s, ";") {
		part := strings.Split(one, "/")
		if len(part) != 3 {
			return nil, fmt.Errorf("engine: %q is no pause", one)
		}
		var p stop.Pause
		if p.From, err = calendar.ParseDate(part[0]); err != nil {
			return nil, err
		}
		if part[1] != "" {
			if p.To, err = calendar.ParseDate(part[1]); err != nil {
				return nil, err
			}
		}
		if p.Stopped, err = stop.ParseMeasures(part[2]); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// Command decodes the command that caused the event. Open comes back without its personal facts.
func (d *Data) Command() (Command, error) {
	c := d.Cmd
	if len(c.Input) == 0 {
		switch c.Kind {
		case Open{}.Kind():
			return Open{DebtorID: d.DebtorID, Region: d.Region, Language: d.Language, Mail: d.Mail}, nil
		case OrderAnswered{}.Kind():
			if d.Answer == nil {
				return nil, fmt.Errorf("engine: command %s has neither input nor answer", c.Kind)
			}
			return *d.Answer, nil
		}
	}
	for _, known := range Commands {
		if known.Kind() != c.Kind {
			continue
		}
		p := reflect.New(reflect.TypeOf(known))
		if len(c.Input) > 0 {
			if err := json.Unmarshal(c.Input, p.Interface()); err != nil {
				return nil, fmt.Errorf("engine: command %s: %w", c.Kind, err)
			}
		}
		return p.Elem().Interface().(Command), nil
	}
	return nil, fmt.Errorf("engine: unknown command %q", c.Kind)
}

// causeOf keeps the command of an event, but for what the event itself says: the opening's words, and an answer that was
// taken as it came.
func causeOf(cmd Command, env Env, d *Data) *Cause {
	c := &Cause{Kind: cmd.Kind(), Env: env.facts()}
	switch cmd := cmd.(type) {
	case Open, Tick:
		return c
	case OrderAnswered:
		if d.Answer != nil && d.Answer.Sum.Equal(cmd.Sum) && d.Answer.Detail == cmd.Detail { // all that deciding may change of it
			return c
		}
	}
	if raw, err := json.Marshal(cmd); err == nil && string(raw) != "{}" {
		c.Input = raw
	}
	return c
}

func appendInt(b []byte, n int64) []byte { return strconv.AppendInt(b, n, 10) }
