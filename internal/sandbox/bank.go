package sandbox

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/rules/money"
)

// Banks are the ports to the banks of the world, by their names.
func (w *World) Banks() map[string]orders.Peer {
	out := make(map[string]orders.Peer, len(banks))
	for _, b := range banks {
		out[b.name] = peer{w, b.name}
	}
	return out
}

// peer is one bank. It knows its own accounts, orders and arrests, and nothing of the other banks.
type peer struct {
	*World

	name string
}

// lineOf is the name of the line to this bank.
func (b peer) lineOf() string { return "bank/" + b.name }

// Accounts implements orders.Peer.
func (b peer) Accounts(ctx context.Context, iins []string) (map[string][]orders.Account, error) {
	if len(iins) > MaxBatch {
		return nil, fmt.Errorf("sandbox: %d persons in one call, at most %d", len(iins), MaxBatch)
	}
	return steady(ctx, func(bool) (map[string][]orders.Account, error) { return b.accounts(ctx, iins) })
}

func (b peer) accounts(ctx context.Context, iins []string) (map[string][]orders.Account, error) {
	now, err := b.now(ctx)
	if err != nil || len(iins) == 0 {
		return nil, err
	}
	if b.line(b.lineOf(), now) != lineUp {
		return nil, errBroken
	}
	persons := make([]string, len(iins))
	for i, iin := range iins {
		persons[i] = b.person(iin)
	}
	out := make(map[string][]orders.Account, len(iins))
	err = b.books.Change(ctx, Want{Persons: persons}, func(p *Page) error {
		clear(out)
		for i, iin := range iins {
			for _, a := range b.accountsOf(persons[i]) {
				if a.Bank != b.name {
					continue
				}
				if known := p.Accounts.Get(a.IBAN); known != nil {
					a = *known
				}
				out[iin] = append(out[iin], orders.Account{ID: a.IBAN, Kind: a.Kind, Available: money.FromTiyn(a.Balance - a.Held)})
			}
		}
		return nil
	})
	return out, err
}

// Submit implements orders.Bank: what is new is done, what came before gets its old answer.
func (b peer) Submit(ctx context.Context, batch []orders.Instruction) ([]orders.Reply, error) {
	if len(batch) > MaxBatch {
		return nil, fmt.Errorf("sandbox: %d orders in one call, at most %d", len(batch), MaxBatch)
	}
	return steady(ctx, func(bool) ([]orders.Reply, error) { return b.submit(ctx, batch) })
}

func (b peer) submit(ctx context.Context, batch []orders.Instruction) ([]orders.Reply, error) {
	now, err := b.now(ctx)
	if err != nil || len(batch) == 0 {
		return nil, err
	}
	state := b.line(b.lineOf(), now)
	if state == lineDown {
		return nil, errBroken
	}
	want := Want{}
	persons := make([]string, len(batch))
	for i, in := range batch {
		persons[i] = b.person(in.IIN)
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
func (b peer) Query(ctx context.Context, ids []uuid.UUID) ([]orders.Reply, error) {
	if len(ids) > MaxBatch {
		return nil, fmt.Errorf("sandbox: %d orders in one call, at most %d", len(ids), MaxBatch)
	}
	return steady(ctx, func(bool) ([]orders.Reply, error) { return b.query(ctx, ids) })
}

func (b peer) query(ctx context.Context, ids []uuid.UUID) ([]orders.Reply, error) {
	now, err := b.now(ctx)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	if b.line(b.lineOf(), now) != lineUp {
		return nil, errBroken
	}
	replies := make([]orders.Reply, len(ids))
	err = b.books.Change(ctx, Want{Instructions: ids}, func(p *Page) error {
		for i, id := range ids {
			replies[i] = orders.Reply{ID: id}
			if rec := p.Instructions.Get(id); rec != nil && rec.Bank == b.name {
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

// Holds implements orders.Peer.
func (b peer) Holds(ctx context.Context, after string, limit int) (holds []orders.Hold, next string, err error) {
	now, err := b.now(ctx)
	if err != nil {
		return nil, "", err
	}
	if b.line(b.lineOf(), now) != lineUp {
		return nil, "", errBroken
	}
	p, err := b.books.All(ctx)
	if err != nil {
		return nil, "", err
	}
	live := map[uuid.UUID]orders.Hold{}
	for _, a := range p.Arrests.rows {
		if !a.Live() || a.Bank != b.name || a.ID.String() <= after {
			continue
		}
		h := live[a.ID]
		live[a.ID] = orders.Hold{ID: a.ID, CaseID: a.CaseID, Amount: h.Amount.Add(money.FromTiyn(a.Held)), Since: a.At}
	}
	for _, h := range live {
		holds = append(holds, h)
	}
	slices.SortFunc(holds, func(a, b orders.Hold) int { return strings.Compare(a.ID.String(), b.ID.String()) })
	if limit > 0 && len(holds) > limit {
		holds = holds[:limit]
		next = holds[limit-1].ID.String()
	}
	return holds, next, nil
}

// loses says whether the answer to an order does not come back with the call. A query at the same instant, by whoever took
// over, does not find it either.
func (w *World) loses(id uuid.UUID) bool {
	d := roll(w.seed, "lost", id.String())
	return d.in(w.faults.LostAnswer)
}

func (r *Instruction) reply(now time.Time) orders.Reply {
	out := orders.Reply{ID: r.ID, CaseID: r.CaseID, Known: true}
	if !now.Before(r.AnswerAt) {
		out.Answer, out.Sum, out.Bank, out.Detail = engine.Answer(r.Answer), money.FromTiyn(r.Sum), r.Bank, r.Detail
		out.Parts = readParts(r.Done)
	}
	return out
}
