package sandbox

import (
	"strconv"
	"time"

	"robotbailiff/rules/calendar"
)

// What a debtor means to do, in the order of Shares.
const (
	planAtOnce      = "at_once"
	planVoluntary   = "voluntary"
	planInParts     = "in_parts"
	planAfterArrest = "after_arrest"
	planLastDay     = "last_day"
	planTooLate     = "too_late"
	planTooMuch     = "too_much"
	planElsewhere   = "elsewhere"
	planRefuse      = "refuse"
	planSilent      = "silent"
)

var plans = []string{
	planAtOnce, planVoluntary, planInParts, planAfterArrest, planLastDay, planTooLate, planTooMuch,
	planElsewhere, planRefuse, planSilent,
}

// act is the body of an act: to pay so many parts of what is left, or to refuse, or to take the refusal back.
type act struct {
	Do        string `json:"do"`
	Part      int64  `json:"part,omitempty"` // one of so many parts of what is left
	Extra     int64  `json:"extra,omitempty"`
	Elsewhere bool   `json:"elsewhere,omitempty"`
}

const (
	doPay    = "pay"
	doRefuse = "refuse"
	doUndo   = "undo"
)

// plan is the pure choice of a debtor.
func (w *World) plan(caseID int64) string {
	d := roll(w.seed, "plan", caseKey(caseID))
	return plans[d.pick(w.shares.list())]
}

func caseKey(caseID int64) string { return strconv.FormatInt(caseID, 10) }

// rest is what the debtor thinks he still owes.
func (d *Debtor) rest() int64 { return d.Owed - d.Paid - d.Taken + d.Reversed }

// onRead is a debtor who reads a message. The first one makes him choose what to do.
func (w *World) onRead(p *Page, it Item, ref string) {
	msg, d := p.Messages.Get(ref), p.debtor(it.CaseID)
	d.Messages++
	if msg == nil {
		return
	}
	if msg.Token != "" {
		d.Token = msg.Token
	}
	if d.Owed == 0 {
		d.Owed = msg.Owed
	}
	if d.Plan != "" {
		return
	}
	d.AwareAt, d.Plan = it.At, w.plan(it.CaseID)
	w.schedulePlan(p, it.CaseID, d)
}

func (w *World) schedulePlan(p *Page, caseID int64, d *Debtor) {
	const day = 24 * time.Hour
	chance := roll(w.seed, "act", caseKey(caseID))
	n, at := 0, d.AwareAt
	add := func(at time.Time, a act) {
		n++
		p.schedule(Item{Key: "act/" + caseKey(caseID) + "/" + strconv.Itoa(n), At: at, Kind: kindAct, Inner: true, CaseID: caseID, Body: encode(a)})
	}
	pay := act{Do: doPay, Part: 1}
	evening := func(days int) time.Time {
		return calendar.DateOf(d.FirstAt).AddDays(days).Start().Add(chance.after(9*time.Hour, 22*time.Hour))
	}
	switch d.Plan {
	case planAtOnce:
		add(at.Add(chance.after(time.Minute, 6*time.Hour)), pay)
	case planVoluntary:
		add(at.Add(chance.after(12*time.Hour, 5*day)), pay)
	case planInParts:
		parts := chance.between(2, 3)
		for i := range parts {
			at = at.Add(chance.after(6*time.Hour, 6*day))
			add(at, act{Do: doPay, Part: int64(parts - i)})
		}
	case planLastDay:
		add(evening(30), pay)
	case planTooLate:
		add(evening(chance.between(33, 40)), pay)
	case planTooMuch:
		add(at.Add(chance.after(time.Hour, 5*day)), act{Do: doPay, Part: 1, Extra: int64(chance.between(1, 50)) * 100_00})
	case planElsewhere:
		add(at.Add(chance.after(time.Hour, 10*day)), act{Do: doPay, Part: 1, Elsewhere: true})
	case planRefuse:
		at = at.Add(chance.after(10*time.Minute, 12*day))
		add(at, act{Do: doRefuse})
		if chance.in(2500) {
			add(at.Add(chance.after(time.Hour, 23*time.Hour)), act{Do: doUndo})
			add(at.Add(chance.after(day, 4*day)), pay)
		}
	}
}

// onBlocked is a debtor who notices that his account is arrested.
func (w *World) onBlocked(p *Page, it Item) {
	d := p.debtor(it.CaseID)
	if d.Plan == "" {
		d.Plan = w.plan(it.CaseID) // the bank told him first
	}
	if d.Plan != planAfterArrest {
		return
	}
	chance := roll(w.seed, "unblock", it.Key)
	p.schedule(Item{
		Key: "act/" + it.Key, At: it.At.Add(chance.after(10*time.Minute, 4*24*time.Hour)), Kind: kindAct, Inner: true,
		CaseID: it.CaseID, Body: encode(act{Do: doPay, Part: 1}),
	})
}

// onAct does what a debtor decided.
func (w *World) onAct(p *Page, it Item, a act) {
	d := p.debtor(it.CaseID)
	switch a.Do {
	case doRefuse, doUndo:
		if d.Token == "" {
			return // no link, no refusal
		}
		kind := kindRefuse
		if a.Do == doUndo {
			kind = kindUndo
		}
		p.schedule(Item{Key: "do/" + it.Key, At: it.At, Kind: kind, CaseID: it.CaseID, Body: encode(d.Token)})
	case doPay:
		rest := d.rest()
		if rest <= 0 {
			return
		}
		sum := rest
		if a.Part > 1 {
			sum = max(rest/a.Part/100*100, 1_00) // whole tenge, as people pay
			sum = min(sum, rest)
		}
		t := payment{source: SourceGateway, key: it.Key, caseID: it.CaseID, amount: sum + a.Extra, at: it.At}
		if a.Elsewhere {
			t.reference = "штраф " + strconv.FormatInt(sum/100, 10) + " тг"
		}
		d.Paid += t.amount
		d.LastAt = it.At
		w.transfer(p, t)
	}
}

// onBack is a payment that is taken back.
func (w *World) onBack(p *Page, key string) {
	pay := p.Payments.Get(key)
	if pay == nil || pay.Reversed > 0 {
		return
	}
	pay.Reversed = pay.Amount
	if pay.CaseID != 0 {
		p.debtor(pay.CaseID).Reversed += pay.Amount
	}
}
