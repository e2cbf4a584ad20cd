package story

import (
	"time"

	"robotbailiff/engine"
	"robotbailiff/internal/i18n"
)

// Sentences says in plain words what an event means. There is at least one sentence for every kind.
func Sentences(e engine.Event) []i18n.Text {
	d := e.Data
	key := "event." + string(e.Kind)
	switch e.Kind {
	case engine.EvOpened:
		return one(key, "until", *d.Until)
	case engine.EvNotified:
		return one(key, "on", *d.Date, "until", *d.Until)
	case engine.EvNoticeRepeated, engine.EvNoticeUnproven, engine.EvReminded, engine.EvRefusalUndone, engine.EvAssigned, engine.EvHeld, engine.EvResumed,
		engine.EvRegisterOrdered, engine.EvEntryFound, engine.EvLinkRenewed, engine.EvNotifiedAgain, engine.EvLiftOrdered:
		return one(key)
	case engine.EvArrestOrdered, engine.EvCollectOrdered:
		return one(key, "amount", *d.Amount)
	case engine.EvOrderAnswered:
		return []i18n.Text{answered(*d.Answer)}
	case engine.EvPaidInPart:
		return one(key, "amount", *d.Amount, "left", *d.Left)
	case engine.EvAdjusted:
		return withRefund(one(key, "left", *d.Left), d)
	case engine.EvPaid:
		if d.Amount.IsZero() { // the issuer lowered the sum to what was paid before
			return one(key + "_already")
		}
		return withRefund(one(key, "amount", *d.Amount), d)
	case engine.EvPaidAfterEnd:
		if d.Amount.IsZero() {
			return withRefund(one(key+"_unneeded"), d)
		}
		return withRefund(one(key, "amount", *d.Amount), d)
	case engine.EvPaymentReversed:
		return one(key, "amount", *d.Amount)
	case engine.EvRefusalRequested:
		return one(key, "fee", *d.Amount)
	case engine.EvHandedOver:
		return one(key+"_"+oneOf(d.Reason, "term", "refusal"), "amount", *d.Amount)
	case engine.EvHandoverRecalled, engine.EvCancelled, engine.EvVoided:
		if d.Reason == engine.GroundOtherPerson {
			key = "event.other_person"
		}
		return withRefund(one(key), d)
	case engine.EvSuspended:
		if d.Until != nil {
			return one(key+"_until", "until", *d.Until)
		}
		return one(key)
	case engine.EvProlonged:
		if d.Until != nil {
			return one(key, "until", *d.Until)
		}
		return one(key + "_period")
	case engine.EvBankHolds:
		if d.Amount.IsZero() {
			return one(key + "_none")
		}
		return one(key, "amount", *d.Amount)
	case engine.EvObjected:
		return one(key+"_"+oneOf(d.Reason, "already_paid", "not_me", "wrong_sum", "notice"), "until", *d.Until)
	case engine.EvObjectionAccepted, engine.EvObjectionDeclined, engine.EvObjectionTold:
		return one(key)
	case engine.EvAttested: // which paper it was, says the desk
	}
	return one("event.entry")
}

// Tell says in plain words what the events of one case mean, in their order. A lift tells how long it took from the payment that
// ended the debt.
func Tell(events []engine.Event) [][]i18n.Text {
	out := make([][]i18n.Text, len(events))
	var paid time.Time
	for i, e := range events {
		out[i] = Sentences(e)
		switch a := e.Data.Answer; {
		case e.Kind == engine.EvPaid, e.Kind == engine.EvPaidAfterEnd && e.Data.InTime && e.Data.Left.IsZero():
			paid = e.At
		case e.Kind == engine.EvOrderAnswered && a.Purpose == engine.Lift && !paid.IsZero():
			out[i] = []i18n.Text{lifted(e.At.Sub(paid))}
		}
	}
	return out
}

// lifted says how long after the payment the bank confirmed a lift: to the minute within two hours, then to the hour, after two
// days to the day.
func lifted(after time.Duration) i18n.Text {
	switch hours := int(after.Hours()); {
	case hours < 2:
		return i18n.Say("answer.lift_done_minutes", "n", max(1, int(after.Minutes())))
	case hours < 48:
		return i18n.Say("answer.lift_done_hours", "n", hours)
	default:
		return i18n.Say("answer.lift_done_days", "n", hours/24)
	}
}

func one(key string, pairs ...any) []i18n.Text { return []i18n.Text{i18n.Say(key, pairs...)} }

func withRefund(t []i18n.Text, d engine.Data) []i18n.Text {
	if d.RefundDue == nil || d.RefundDue.IsZero() {
		return t
	}
	return append(t, i18n.Say("event.refund", "amount", *d.RefundDue))
}

// oneOf gives s if it is among the known words, else the first of them.
func oneOf(s string, known ...string) string {
	for _, k := range known {
		if s == k {
			return s
		}
	}
	return known[0]
}

// answered says what a bank or the register answered. What gives back has one outcome: it is sent until it is done.
func answered(a engine.OrderAnswered) i18n.Text {
	key := "answer." + string(a.Purpose) + "_"
	done := a.Answer == engine.Accepted || a.Answer == engine.AlreadyDone
	switch {
	case a.Answer == engine.Withdrawn:
		return i18n.Say("answer.withdrawn")
	case a.Purpose == engine.Lift || a.Purpose == engine.Recall || a.Purpose == engine.Deregister, a.Purpose.Public() && done:
		return i18n.Say(key + "done")
	case a.Purpose.Public():
		return i18n.Say(key + "failed")
	case done || a.Answer == engine.Partial && a.Purpose != engine.Collect:
		return i18n.Say(key+"done", "amount", a.Sum)
	case a.Purpose == engine.Collect && (a.Answer == engine.Partial || a.Answer == engine.NoFunds):
		return i18n.Say(key+"waits", "amount", a.Sum)
	case a.Purpose == engine.Arrest && a.Answer == engine.Protected:
		return i18n.Say(key + "protected")
	case a.Purpose == engine.Arrest && a.Answer != engine.Refused:
		return i18n.Say(key + "nothing")
	}
	return i18n.Say(key + "failed")
}
