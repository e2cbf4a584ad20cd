package sandbox

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/rules/money"
)

// Bank is the port to all banks of the world.
func (w *World) Bank() orders.Bank { return bankPort{w} }

type bankPort struct{ *World }

const bankLine = "bank"

// Submit implements orders.Bank: what is new is done, what came before gets its old answer.
func (b bankPort) Submit(ctx context.Context, batch []orders.Instruction) ([]orders.Reply, error) {
	if len(batch) > MaxBatch {
		return nil, fmt.Errorf("sandbox: %d orders in one call, at most %d", len(batch), MaxBatch)
	}
	return steady(ctx, func(bool) ([]orders.Reply, error) { return b.submit(ctx, batch) })
}

func (b bankPort) submit(ctx context.Context, batch []orders.Instruction) ([]orders.Reply, error) {
	now, err := b.now(ctx)
	if err != nil || len(batch) == 0 {
		return nil, err
	}
	state := b.line(bankLine, now)
	if state == lineDown {
		return nil, errBroken
	}
	want := Want{}
	ids := make([]uuid.UUID, len(batch))
	persons := make([]string, len(batch))
	for i, in := range batch {
		ids[i], persons[i] = in.ID, b.person(in.IIN)
		want.Instructions = append(want.Instructions, in.ID, in.Of)
		want.Cases = append(want.Cases, in.CaseID)
	}
	want.Persons = persons
	var replies []orders.Reply
	err = b.books.Change(ctx, want, func(p *Page) error {
		replies = make([]orders.Reply, 0, len(batch))
		for i, in := range batch {
			if rec := b.take(p, in, persons[i], now); rec.Seen > 1 || !b.loses(in.ID) {
				replies = append(replies, rec.reply(now))
			}
		}
		return nil
	})
	if err != nil || state == lineMute {
		return nil, cmp.Or(err, errBroken)
	}
	return replies, nil
}

// Query implements orders.Bank: what was really done.
func (b bankPort) Query(ctx context.Context, ids []uuid.UUID) ([]orders.Reply, error) {
	if len(ids) > MaxBatch {
		return nil, fmt.Errorf("sandbox: %d orders in one call, at most %d", len(ids), MaxBatch)
	}
	return steady(ctx, func(bool) ([]orders.Reply, error) { return b.query(ctx, ids) })
}

func (b bankPort) query(ctx context.Context, ids []uuid.UUID) ([]orders.Reply, error) {
	now, err := b.now(ctx)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	if b.line(bankLine, now) != lineUp {
		return nil, errBroken
	}
	replies := make([]orders.Reply, len(ids))
	err = b.books.Change(ctx, Want{Instructions: ids}, func(p *Page) error {
		for i, id := range ids {
			replies[i] = orders.Reply{ID: id}
			if rec := p.Instructions.Get(id); rec != nil {
				replies[i] = rec.reply(now)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return replies, nil
}

// loses says whether the answer to an order does not come back with the call. A query at the same instant, by whoever took
// over, does not find it either.
func (w *World) loses(id uuid.UUID) bool {
	d := roll(w.seed, "lost", id.String())
	return d.in(w.faults.LostAnswer)
}

func (r *Instruction) reply(now time.Time) orders.Reply {
	out := orders.Reply{ID: r.ID, Known: true}
	if !now.Before(r.AnswerAt) {
		out.Answer, out.Sum, out.Bank, out.Detail = engine.Answer(r.Answer), money.FromTiyn(r.Sum), r.Bank, r.Detail
	}
	return out
}

// take records an order and does it, unless it came before.
func (w *World) take(p *Page, in orders.Instruction, person string, now time.Time) *Instruction {
	if rec := p.Instructions.Get(in.ID); rec != nil {
		rec.Seen++
		if rec.CaseID != in.CaseID || rec.Purpose != string(in.Purpose) || rec.Amount != in.Amount.Tiyn() || rec.Person != person {
			p.wrong("changed/"+in.ID.String(), "INV-A6", in.CaseID, "order "+in.ID.String()+" came again with another content", now)
		}
		return rec
	}
	rec := p.Instructions.Add(Instruction{
		ID: in.ID, CaseID: in.CaseID, Purpose: string(in.Purpose), Person: person,
		Amount: in.Amount.Tiyn(), Of: in.Of, At: now, AnswerAt: now, Seen: 1,
	})
	if d := roll(w.seed, "slow", in.ID.String()); d.in(w.faults.SlowAnswer) {
		rec.AnswerAt = now.Add(d.after(10*time.Minute, 6*time.Hour))
	} else if w.loses(in.ID) {
		rec.AnswerAt = now.Add(time.Second)
	}
	switch in.Purpose {
	case engine.Arrest:
		w.arrest(p, rec, now)
	case engine.Reduce:
		w.reduce(p, rec)
	case engine.Lift:
		w.lift(p, rec, now)
	case engine.Collect:
		w.collect(p, rec, now)
	case engine.Recall:
		// Collection orders are executed when they come, so there is never one left to withdraw.
		rec.answer(engine.AlreadyDone, 0, "")
		if old := p.Instructions.Get(in.Of); old != nil && old.Sum > 0 {
			rec.Detail = "executed"
		}
	default:
		rec.answer(engine.Refused, 0, "")
		rec.Detail = "purpose_unknown"
	}
	return rec
}

func (r *Instruction) answer(a engine.Answer, sum int64, bank string) {
	r.Answer, r.Sum, r.Bank = string(a), sum, bank
}

func (w *World) arrest(p *Page, rec *Instruction, now time.Time) {
	if rec.Amount <= 0 {
		rec.answer(engine.Refused, 0, "")
		rec.Detail = "sum_invalid"
		return
	}
	d := p.debtor(rec.CaseID)
	if d.LiveNow > 0 {
		p.wrong("second/"+rec.ID.String(), "INV-A1", rec.CaseID, "arrest "+rec.ID.String()+" came while another one was live", now)
	}
	acc, why := w.pickAccount(p, rec.Person)
	if acc == nil {
		rec.answer(engine.Answer(why), 0, "")
		return
	}
	sum := min(rec.Amount, acc.Balance-acc.Held)
	acc.Held += sum
	p.Arrests.Add(Arrest{ID: rec.ID, CaseID: rec.CaseID, Account: acc.IBAN, Person: rec.Person, Bank: acc.Bank, Held: sum, At: now})
	d.Held += sum
	d.Peak = max(d.Peak, d.Held)
	d.Arrests++
	d.LiveNow++
	d.ArrestedAt = now
	if d.Owed == 0 {
		d.Owed = rec.Amount + d.Paid + d.Taken - d.Reversed // the bank's text message names the sum
	}
	if sum == rec.Amount {
		rec.answer(engine.Accepted, sum, acc.Bank)
	} else {
		rec.answer(engine.Partial, sum, acc.Bank)
	}
	seen := roll(w.seed, "blocked", rec.ID.String())
	notices := dayOf(now).Add(seen.after(8*time.Hour, 22*time.Hour))
	if !notices.After(now) {
		notices = notices.Add(24 * time.Hour)
	}
	p.schedule(Item{
		Key: "blocked/" + rec.ID.String(), At: notices, Kind: kindBlocked,
		Inner: true, CaseID: rec.CaseID,
	})
}

// live gives the arrest that an order means: the one it names, else the newest live one of the case.
func (p *Page) live(rec *Instruction) *Arrest {
	if a := p.Arrests.Get(rec.Of); a != nil {
		if a.CaseID != rec.CaseID || !a.Live() {
			return nil
		}
		return a
	}
	if rec.Of != uuid.Nil && rec.Purpose != string(engine.Collect) {
		return nil
	}
	var best *Arrest
	for _, a := range p.Arrests.rows {
		if a.CaseID == rec.CaseID && a.Live() && (best == nil || a.At.After(best.At) || a.At.Equal(best.At) && a.ID.String() > best.ID.String()) {
			best = a
		}
	}
	return best
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

func (w *World) reduce(p *Page, rec *Instruction) {
	a := p.live(rec)
	if a == nil {
		rec.answer(engine.AlreadyDone, 0, "")
		return
	}
	p.free(a, a.Held-min(a.Held, max(rec.Amount, 0)))
	rec.answer(engine.Accepted, a.Held, a.Bank)
}

func (w *World) lift(p *Page, rec *Instruction, now time.Time) {
	a := p.live(rec)
	if a == nil {
		rec.answer(engine.AlreadyDone, 0, "")
		return
	}
	p.end(a, "lifted", now)
	rec.answer(engine.Accepted, 0, a.Bank)
}

// collect takes from the arrested money. An order executed in full ends its arrest (EL 62(6)).
func (w *World) collect(p *Page, rec *Instruction, now time.Time) {
	a := p.live(rec)
	switch {
	case a == nil:
		rec.answer(engine.Refused, 0, "")
		rec.Detail = "no_arrest"
		return
	case rec.Amount <= 0:
		rec.answer(engine.Refused, 0, "")
		rec.Detail = "sum_invalid"
		return
	case a.Held == 0:
		rec.answer(engine.NoFunds, 0, a.Bank)
		return
	}
	sum := min(a.Held, rec.Amount)
	p.free(a, sum)
	acc := p.Accounts.Get(a.Account)
	acc.Balance -= sum
	acc.Taken += sum
	a.Taken += sum
	d := p.debtor(rec.CaseID)
	d.Taken += sum
	d.LastAt = now
	answer := engine.Partial
	if sum == rec.Amount {
		answer = engine.Accepted
		p.end(a, "collected", now)
	}
	rec.answer(answer, sum, a.Bank)
	w.transfer(p, payment{source: SourceBank, key: rec.ID.String(), caseID: rec.CaseID, amount: sum, at: now})
}
