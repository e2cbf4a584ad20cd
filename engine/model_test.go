package engine

import (
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"

	"robotbailiff/engine/stop"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

// Fixtures of the pure tests.

func day(s string) calendar.Date {
	d, err := calendar.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

// at is an instant on a day in Almaty.
func at(date string, hour int) time.Time {
	return day(date).Start().Add(time.Duration(hour) * time.Hour)
}

func tenge(s string) money.Amount {
	a, err := money.Parse(s)
	if err != nil {
		panic(err)
	}
	return a
}

// iin makes a valid synthetic number of a grown-up.
func iin(serial int) string {
	for ; ; serial++ {
		first := fmt.Sprintf("8501013%04d", serial%10000)
		if c, ok := rules.IINCheckDigit(first); ok {
			return first + string(c)
		}
	}
}

func openCmd(amount string) Open {
	return Open{DebtorID: 7, Region: "75", Language: "kk", Facts: rules.WritFacts{
		Kind: "fine_prescription", DebtorIIN: iin(1), Amount: tenge(amount), Currency: "KZT",
		InForce: day("2026-06-01"), UnpaidConfirmedOn: day("2026-08-20"),
	}}
}

// world drives one case through Decide, keeping what the outside would see.
type world struct {
	c       Case
	p       *pack.Pack
	now     time.Time
	off     bool
	some    stop.Measures // stopped by themselves
	pauses  []stop.Pause
	transit bool
	public  bool // the register is connected
	events  []Event
	effects []Effect
	refusal *Refusal
}

// stopped is what the switch stops.
func (w *world) stopped() stop.Measures {
	if w.off {
		return stop.All
	}
	return w.some
}

// pausesNow are those that the case has still to meet.
func (w *world) pausesNow() (out []stop.Pause) {
	for _, p := range w.pauses {
		if p.To.IsZero() || p.To.After(max(w.c.OpenedOn, w.c.PausedTo)) {
			out = append(out, p)
		}
	}
	return out
}

// throw throws the switch, or releases it.
func (w *world) throw(on bool) {
	today := calendar.DateOf(w.now)
	switch {
	case on && !w.off:
		w.pauses = append(w.pauses, stop.Pause{Pause: rules.Pause{From: today}, Stopped: stop.All})
	case !on && w.off:
		w.pauses[len(w.pauses)-1].To = today
	}
	w.off = on
}

func newWorld() *world {
	return &world{c: Case{ID: 260000001}, p: pack.Default(), now: at("2026-09-01", 10)}
}

func (w *world) do(cmd Command) Decision {
	d := Decide(w.c, cmd, w.p, Env{Now: w.now, Stopped: w.stopped(), Pauses: w.pausesNow(), MoneyInTransit: w.transit, Register: w.public, PackID: 1})
	w.c, w.refusal = d.Next, d.Refusal
	w.events = append(w.events, d.Events...)
	w.effects = append(w.effects, d.Effects...)
	return d
}

// inState returns a world whose case has come to a state by the ordinary way.
func inState(s State) *world {
	w := newWorld()
	w.do(openCmd("20155.00"))
	if s == Opened {
		return w
	}
	if s == Cancelled {
		w.do(Cancel{Ground: "amnesty", Act: "1"})
		return w
	}
	w.do(NoticeDelivered{Ordinal: 1, Opening: true, Channel: "sms", At: w.now})
	if s == Notified {
		return w
	}
	w.now = w.c.VoluntaryEndsOn.End()
	w.do(Tick{})
	switch s {
	case Paid:
		w.do(OrderAnswered{Purpose: Arrest, Ordinal: 1, Answer: Accepted, Sum: tenge("20155.00")})
		w.do(Pay{PaymentID: 1, Amount: tenge("20155.00"), ValueDate: calendar.DateOf(w.now)})
	case HandedOver:
		w.do(OrderAnswered{Purpose: Arrest, Ordinal: 1, Answer: NoFunds})
		w.now = w.c.TermEndsOn.End()
		w.do(Tick{})
	}
	return w
}

// drawCommand draws any command, sensible or not.
func drawCommand(t *rapid.T, w *world) Command {
	amount := money.FromTiyn(rapid.Int64Range(0, 4_000_000).Draw(t, "tiyn"))
	switch rapid.IntRange(0, 23).Draw(t, "command") {
	case 0:
		return openCmd("20155.00")
	case 1:
		return NoticeDelivered{Ordinal: 1, Opening: rapid.Bool().Draw(t, "opening"), Channel: "sms", At: w.now.Add(-time.Duration(rapid.IntRange(-60, 600).Draw(t, "ago")) * time.Minute)}
	case 2, 3, 4:
		return Tick{}
	case 5, 6:
		return OrderAnswered{
			Purpose: rapid.SampledFrom(Purposes).Draw(t, "purpose"), Ordinal: rapid.IntRange(1, 3).Draw(t, "ordinal"),
			Answer: rapid.SampledFrom([]Answer{Accepted, Partial, NoFunds, Protected, NoAccount, AlreadyDone, Refused, Withdrawn}).Draw(t, "answer"),
			Sum:    amount,
		}
	case 7, 8:
		return Pay{PaymentID: int64(rapid.IntRange(1, 9).Draw(t, "payment")), Amount: amount, ValueDate: calendar.DateOf(w.now).AddDays(-rapid.IntRange(0, 3).Draw(t, "days"))}
	case 9:
		return ReversePayment{PaymentID: 1, Amount: amount}
	case 10:
		if rapid.Bool().Draw(t, "undo") {
			return UndoRefusal{}
		}
		return RequestRefusal{}
	case 11:
		return Cancel{Ground: rapid.SampledFrom([]string{"court", GroundOtherPerson}).Draw(t, "ground"), Act: "2", GiveBack: rapid.Bool().Draw(t, "give back")}
	case 12:
		switch rapid.IntRange(0, 2).Draw(t, "overlay") {
		case 0:
			return SetHold{Reason: "person"}
		case 1:
			return Suspend{Reason: "appeal", Until: calendar.DateOf(w.now).AddDays(rapid.IntRange(0, 20).Draw(t, "until"))}
		}
		return Resume{Reason: "looked"}
	case 13, 14:
		return Adjust{Debt: amount, Ground: "amended", Act: "3"}
	case 16:
		return BankHolds{Ordinal: rapid.IntRange(1, 3).Draw(t, "arrest"), Sum: amount, Ground: GroundRestored}
	case 18:
		return EntryFound{Ordinal: rapid.IntRange(1, 3).Draw(t, "entry"), Ground: GroundRestored}
	case 19, 20:
		return Object{Ground: rapid.SampledFrom(ObjectionGrounds).Draw(t, "ground")}
	case 21:
		o := Objection{Seq: 2, Answer: 3}
		if n := len(w.c.Objections); n > 0 {
			o = w.c.Objections[rapid.IntRange(0, n-1).Draw(t, "objection")]
		}
		if o.Answer != 0 {
			return Told{Answer: o.Answer, Channel: "sms", At: w.now}
		}
		return AnswerObjection{Seq: o.Seq, Accepted: rapid.Bool().Draw(t, "accepted"), Reason: "in_answer"}
	case 22:
		return NotifyAgain{Reason: "asked for"}
	case 23:
		return LiftByHand{Reason: "wages"}
	case 15:
		return Attest{SHA256: strings.Repeat("ab", 32), Format: "pdf"}
	}
	return Assign{BailiffID: 3, Load: 4, Among: 2}
}
