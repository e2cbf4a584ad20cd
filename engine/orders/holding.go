package orders

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"robotbailiff/engine"
	"robotbailiff/rules/money"
)

// past is an order of a case that was sent before, or is asked for.
type past struct {
	purpose engine.Purpose
	ordinal int
	id      uuid.UUID
	status  engine.OrderStatus
	asked   time.Time
	legs    []Leg
}

// confirmed says whether the banks did it, wholly or in part; a leg without an answer of its own was then done as asked.
func (p *past) confirmed() bool {
	switch p.status {
	case engine.Active, engine.Done, engine.LiftRequested, engine.Lifted, engine.HandedOverArrest, engine.Recalled:
		return true
	case engine.Requested, engine.Unknown, engine.RejectedOrder, engine.WithdrawnOrder:
	}
	return false
}

// done is what a bank did of part i of a leg; false when that is not known yet.
func (p *past) done(l *Leg, i int) (money.Amount, bool) {
	switch {
	case i < len(l.Done):
		return l.Done[i], true
	case l.Answer == "" && p.confirmed():
		return l.Parts[i].Amount, true
	case l.Answer != "": // a refusal
		return money.Zero, true
	}
	return money.Zero, false
}

// history is what was asked of the banks for one case, in that order.
type history []past

// last gives the newest order of a purpose, nil if there is none.
func (h history) last(p engine.Purpose) *past {
	for i := len(h) - 1; i >= 0; i-- {
		if h[i].purpose == p {
			return &h[i]
		}
	}
	return nil
}

// holding tells what the banks hold for the case, at most: what the arrest holds, less what reductions left of it and what
// collections took. The order is that in which a reduction keeps and a collection takes: the largest part first.
func (h history) holding() (parts []held) {
	arrest := h.last(engine.Arrest)
	if arrest == nil {
		return nil
	}
	for i := range arrest.legs {
		l := &arrest.legs[i]
		for j, p := range l.Parts {
			if sum, known := arrest.done(l, j); known && sum.IsPositive() {
				parts = append(parts, held{l.Bank, Part{p.Account, sum}})
			}
		}
	}
	for i := range h {
		o := &h[i]
		if o.asked.Before(arrest.asked) {
			continue
		}
		for j := range o.legs {
			l := &o.legs[j]
			switch o.purpose {
			case engine.Reduce:
				leave(parts, l, o)
			case engine.Collect:
				take(parts, l, o)
			case engine.Arrest, engine.Lift, engine.Recall, engine.Register, engine.Deregister, engine.Entrust:
			}
		}
	}
	parts = slices.DeleteFunc(parts, func(p held) bool { return !p.Amount.IsPositive() })
	slices.SortFunc(parts, func(a, b held) int {
		return cmp.Or(b.Amount.Cmp(a.Amount), strings.Compare(a.bank, b.bank), strings.Compare(a.Account, b.Account))
	})
	return parts
}

// held is a part of an arrest at a bank.
type held struct {
	bank string
	Part
}

// leave lowers what a bank holds to what a reduction leaves of it. One that is still on its way counts: it is repeated until
// it is done.
func leave(parts []held, l *Leg, o *past) {
	for i := range parts {
		p := &parts[i]
		if p.bank != l.Bank {
			continue
		}
		left := money.Zero
		if j := slices.IndexFunc(l.Parts, func(q Part) bool { return q.Account == p.Account }); j >= 0 {
			left = l.Parts[j].Amount
			if done, known := o.done(l, j); known && accepted(cmp.Or(l.Answer, engine.Accepted)) {
				left = money.Min(left, done)
			}
		}
		p.Amount = money.Min(p.Amount, left)
	}
}

// take lowers what a bank holds by what a collection took. One that the bank executed in full ends its arrest (EL 62(6)).
func take(parts []held, l *Leg, o *past) {
	taken, full := money.Zero, true
	for j := range l.Parts {
		sum, known := o.done(l, j)
		full = full && known && sum.Equal(l.Parts[j].Amount)
		taken = taken.Add(sum)
		for i := range parts {
			if parts[i].bank == l.Bank && parts[i].Account == l.Parts[j].Account {
				parts[i].Amount = parts[i].Amount.Sub(money.Min(sum, parts[i].Amount))
			}
		}
	}
	for i := range parts {
		if full && taken.IsPositive() && parts[i].bank == l.Bank {
			parts[i].Amount = money.Zero
		}
	}
}

// target is the order that another one is about: the arrest, or for a recall the collection order.
func (h history) target(p engine.Purpose) *past {
	switch p {
	case engine.Reduce, engine.Lift, engine.Collect:
		return h.last(engine.Arrest)
	case engine.Recall:
		return h.last(engine.Collect)
	case engine.Arrest, engine.Register, engine.Deregister, engine.Entrust:
	}
	return nil
}

// legs derives who gets which part of an order that is about an earlier one. A reduction frees the smallest parts whole first: it
// keeps the largest up to its sum, and every bank that holds something is told what it may keep. A collection takes from the
// largest first. A lift and a recall go to every bank that may have something; where no record says which that are, to all.
func (h history) legs(p engine.Purpose, sum money.Amount, banks []string) []Leg {
	var legs []Leg
	switch p {
	case engine.Reduce, engine.Collect:
		left := sum
		for _, part := range h.holding() {
			amount := money.Min(left, part.Amount)
			left = left.Sub(amount)
			i := slices.IndexFunc(legs, func(l Leg) bool { return l.Bank == part.bank })
			if i < 0 && (p == engine.Reduce || amount.IsPositive()) {
				i = len(legs)
				legs = append(legs, Leg{Bank: part.bank})
			}
			if amount.IsPositive() {
				legs[i].Parts = append(legs[i].Parts, Part{part.Account, amount})
			}
		}
	case engine.Lift, engine.Recall:
		of := h.target(p)
		if of == nil || of.legs == nil && (of.confirmed() || of.status.Open()) {
			for _, b := range banks {
				legs = append(legs, Leg{Bank: b})
			}
			break
		}
		for i := range of.legs {
			if l := &of.legs[i]; l.Answer == "" || accepted(l.Answer) || p == engine.Recall && l.Answer == engine.NoFunds {
				legs = append(legs, Leg{Bank: l.Bank})
			}
		}
	case engine.Arrest, engine.Register, engine.Deregister, engine.Entrust: // planned, see Plan, or no bank's matter
	}
	slices.SortFunc(legs, byBank)
	return legs
}
