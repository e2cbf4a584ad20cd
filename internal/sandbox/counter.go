package sandbox

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/rules/money"
)

// What a bank does with an order that reached it.

// take records an order and does it, unless it came before.
func (b peer) take(p *Page, in orders.Instruction, person string, now time.Time) *Instruction {
	parts := writeParts(in.Parts)
	if rec := p.Instructions.Get(in.ID); rec != nil {
		rec.Seen++
		if rec.Bank != b.name || rec.CaseID != in.CaseID || rec.Purpose != string(in.Purpose) || rec.Amount != in.Amount.Tiyn() || rec.Person != person || rec.Parts != parts {
			p.wrong("changed/"+in.ID.String(), "INV-A6", in.CaseID, "order "+in.ID.String()+" came again with another content", now)
		}
		return rec
	}
	rec := p.Instructions.Add(Instruction{
		ID: in.ID, CaseID: in.CaseID, Purpose: string(in.Purpose), Person: person, Bank: b.name,
		Amount: in.Amount.Tiyn(), Parts: parts, Of: in.Of, At: now, AnswerAt: now, Seen: 1,
	})
	if d := roll(b.seed, "slow", in.ID.String()); d.in(b.faults.SlowAnswer) {
		rec.AnswerAt = now.Add(d.after(10*time.Minute, 6*time.Hour))
	} else if b.loses(in.ID) {
		rec.AnswerAt = now.Add(time.Second)
	}
	live := p.live(rec)
	switch {
	case !sound(in):
		rec.refuse("parts_invalid")
	case in.Purpose == engine.Arrest:
		b.arrest(p, rec, in.Parts, now)
	case in.Purpose == engine.Reduce:
		p.reduce(rec, live, in.Parts, now)
	case in.Purpose == engine.Lift:
		p.lift(rec, live, now)
	case in.Purpose == engine.Collect:
		b.collect(p, rec, live, in.Parts, now)
	case in.Purpose == engine.Recall:
		// Collection orders are executed when they come, so there is never one left to withdraw.
		rec.Answer = string(engine.AlreadyDone)
		if old := p.Instructions.Get(in.Of); old != nil && old.Sum > 0 {
			rec.Detail = "executed"
		}
	default:
		rec.refuse("purpose_unknown")
	}
	return rec
}

// sound says whether the parts of an order are positive sums on different accounts and come to its amount.
func sound(in orders.Instruction) bool {
	var sum money.Amount
	seen := map[string]bool{}
	for _, part := range in.Parts {
		if seen[part.Account] || !part.Amount.IsPositive() {
			return false
		}
		seen[part.Account], sum = true, sum.Add(part.Amount)
	}
	return sum.Equal(in.Amount)
}

func (r *Instruction) refuse(why string) { r.Answer, r.Detail = string(engine.Refused), why }

// answer settles what a bank says, with what it did by account.
func (r *Instruction) answer(a engine.Answer, done []orders.Part) {
	r.Answer, r.Done = string(a), writeParts(done)
	for _, d := range done {
		r.Sum += d.Amount.Tiyn()
	}
}

// arrest holds what there is on the accounts that the order names, and no more than it names. An account that this bank does not
// have, or that is protected, it leaves alone.
func (b peer) arrest(p *Page, rec *Instruction, parts []orders.Part, now time.Time) {
	if len(parts) == 0 {
		rec.refuse("sum_invalid")
		return
	}
	d := p.debtor(rec.CaseID)
	for _, a := range p.Arrests.rows {
		if a.CaseID == rec.CaseID && a.Bank == b.name && a.Live() {
			p.wrong("second/"+rec.ID.String(), "INV-A1", rec.CaseID, "arrest "+rec.ID.String()+" came while another one was live", now)
		}
	}
	why := engine.NoAccount
	var done []orders.Part
	for _, part := range parts {
		i := slices.IndexFunc(b.accountsOf(rec.Person), func(a Account) bool { return a.Bank == b.name && a.IBAN == part.Account })
		if i < 0 {
			continue
		}
		acc := p.Accounts.Add(b.accountsOf(rec.Person)[i])
		sum := min(part.Amount.Tiyn(), acc.Balance-acc.Held)
		switch {
		case acc.Kind != current:
			why = engine.Protected
			p.wrong("protected/"+rec.ID.String(), "INV-A3", rec.CaseID, "arrest "+rec.ID.String()+" names a protected account", now)
		case sum <= 0:
			why = engine.NoFunds
		default:
			done = append(done, orders.Part{Account: acc.IBAN, Amount: money.FromTiyn(sum)})
			b.hold(p, rec, acc, sum, now)
		}
	}
	rec.answer(why, done)
	switch rec.Sum {
	case 0:
		return
	case rec.Amount:
		rec.Answer = string(engine.Accepted)
	default:
		rec.Answer = string(engine.Partial)
	}
	if d.Owed == 0 {
		d.Owed = rec.Amount + d.Paid + d.Taken - d.Reversed // the bank's text message names the sum
	}
	seen := roll(b.seed, "blocked", rec.ID.String())
	notices := dayOf(now).Add(seen.after(8*time.Hour, 22*time.Hour))
	if !notices.After(now) {
		notices = notices.Add(24 * time.Hour)
	}
	p.schedule(Item{
		Key: "blocked/" + rec.ID.String(), At: notices, Kind: kindBlocked,
		Inner: true, CaseID: rec.CaseID,
	})
}

func (b peer) hold(p *Page, rec *Instruction, acc *Account, sum int64, now time.Time) {
	acc.Held += sum
	p.Arrests.Add(Arrest{
		Key: rec.ID.String() + "/" + acc.IBAN, ID: rec.ID, CaseID: rec.CaseID, Account: acc.IBAN, Person: rec.Person,
		Bank: b.name, Held: sum, At: now,
	})
	d := p.debtor(rec.CaseID)
	d.Held += sum
	d.Peak = max(d.Peak, d.Held)
	d.Arrests++
	d.LiveNow++
	d.ArrestedAt = now
}

// live gives what is held by the arrest that an order means, by account.
func (p *Page) live(rec *Instruction) map[string]*Arrest {
	out := map[string]*Arrest{}
	for _, a := range p.Arrests.rows {
		if a.ID == rec.Of && a.CaseID == rec.CaseID && a.Bank == rec.Bank && a.Live() {
			out[a.Account] = a
		}
	}
	return out
}

// free gives back part of what an arrest holds.
func (p *Page) free(a *Arrest, sum int64) {
	a.Held -= sum
	p.Accounts.Get(a.Account).Held -= sum
	p.debtor(a.CaseID).Held -= sum
}

// end ends an arrest for good.
func (p *Page) end(a *Arrest, how string, now time.Time) {
	p.free(a, a.Held)
	a.Ended, a.EndedAt = how, now
	d := p.debtor(a.CaseID)
	d.LiveNow--
	d.LiftedAt = now
}

// reduce leaves on each account what the order says, never more than is held, and ends the arrest where nothing is left.
func (p *Page) reduce(rec *Instruction, live map[string]*Arrest, parts []orders.Part, now time.Time) {
	if len(live) == 0 {
		rec.Answer = string(engine.AlreadyDone)
		return
	}
	leave := make(map[string]int64, len(parts))
	for _, part := range parts {
		leave[part.Account] += part.Amount.Tiyn()
	}
	var done []orders.Part
	for _, account := range slices.Sorted(maps.Keys(live)) {
		a := live[account]
		if left := min(a.Held, leave[account]); left > 0 {
			p.free(a, a.Held-left)
			done = append(done, orders.Part{Account: account, Amount: money.FromTiyn(left)})
		} else {
			p.end(a, "lifted", now)
		}
	}
	rec.answer(engine.Accepted, done)
}

func (p *Page) lift(rec *Instruction, live map[string]*Arrest, now time.Time) {
	rec.Answer = string(engine.AlreadyDone)
	for _, a := range live {
		p.end(a, "lifted", now)
		rec.Answer = string(engine.Accepted)
	}
}

// collect takes from the arrested money. An order executed in full ends its arrest (EL 62(6)).
func (b peer) collect(p *Page, rec *Instruction, live map[string]*Arrest, parts []orders.Part, now time.Time) {
	switch {
	case len(live) == 0:
		rec.refuse("no_arrest")
		return
	case rec.Amount <= 0:
		rec.refuse("sum_invalid")
		return
	}
	d := p.debtor(rec.CaseID)
	var done []orders.Part
	for _, part := range parts {
		a := live[part.Account]
		if a == nil || a.Held == 0 {
			continue
		}
		sum := min(a.Held, part.Amount.Tiyn())
		p.free(a, sum)
		acc := p.Accounts.Get(a.Account)
		acc.Balance -= sum
		acc.Taken += sum
		a.Taken += sum
		d.Taken += sum
		done = append(done, orders.Part{Account: part.Account, Amount: money.FromTiyn(sum)})
	}
	if len(done) == 0 {
		rec.answer(engine.NoFunds, nil)
		return
	}
	d.LastAt = now
	rec.answer(engine.Partial, done)
	if rec.Sum == rec.Amount {
		rec.Answer = string(engine.Accepted)
		for _, a := range live {
			p.end(a, "collected", now)
		}
	}
	b.transfer(p, payment{source: SourceBank, key: rec.ID.String(), caseID: rec.CaseID, amount: rec.Sum, at: now})
}

// writeParts writes parts as a text of one line; readParts reads what it wrote.
func writeParts(parts []orders.Part) string {
	words := make([]string, len(parts))
	for i, p := range parts {
		words[i] = p.Account + "=" + strconv.FormatInt(p.Amount.Tiyn(), 10)
	}
	return strings.Join(words, " ")
}

func readParts(text string) (parts []orders.Part) {
	for _, word := range strings.Fields(text) {
		account, sum, _ := strings.Cut(word, "=")
		tiyn, err := strconv.ParseInt(sum, 10, 64)
		if err != nil {
			panic(fmt.Sprintf("sandbox: parts %q: %v", text, err)) // they are ours
		}
		parts = append(parts, orders.Part{Account: account, Amount: money.FromTiyn(tiyn)})
	}
	return parts
}
