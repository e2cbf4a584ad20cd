// Package peertest holds what every orders.Peer must do, whatever lies between it and the bank, and a bank in memory to try it on.
//
// It must not know how a peer reaches its bank. Entry points: [TestPeer], [NewMemory].
package peertest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/rules/money"
)

// Memory is a bank with books of its own. What is new is done, what came before gets its old answer.
type Memory struct {
	mu       sync.Mutex
	accounts map[string][]*account // by IIN
	holds    map[uuid.UUID]*hold
	taken    map[uuid.UUID]int64 // by collection orders, in tiyn
	done     map[uuid.UUID]*deed
}

type account struct {
	id, kind   string
	free, held int64 // tiyn
}

type hold struct {
	caseID int64
	iin    string
	parts  map[string]int64 // by account
}

type deed struct {
	content string
	times   int // that its content was done
	changed bool
	reply   orders.Reply
}

var _ orders.Peer = (*Memory)(nil)

// current is the kind of account that may be touched.
const current = "current"

// Since is when every hold of a [Memory] began.
var Since = time.Date(2026, time.March, 2, 4, 0, 0, 0, time.UTC)

// NewMemory makes a bank with the persons that [TestPeer] knows.
func NewMemory() *Memory {
	m := &Memory{accounts: map[string][]*account{}, holds: map[uuid.UUID]*hold{}, taken: map[uuid.UUID]int64{}, done: map[uuid.UUID]*deed{}}
	m.Open(Rich, "KZ86125KZT5004100100", current, 10_000_000)
	m.Open(Rich, "KZ75125KZT5004100101", current, 5_000_000)
	m.Open(Poor, "KZ75125KZT5004100102", current, 0)
	m.Open(Guarded, "KZ75125KZT5004100103", "social", 7_000_000)
	return m
}

// Open opens an account with a sum on it, in tiyn.
func (m *Memory) Open(iin, id, kind string, tiyn int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.accounts[iin] = append(m.accounts[iin], &account{id: id, kind: kind, free: tiyn})
}

// Submit implements orders.Bank.
func (m *Memory) Submit(ctx context.Context, batch []orders.Instruction) ([]orders.Reply, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	replies := make([]orders.Reply, len(batch))
	for i, o := range batch {
		content := fmt.Sprint(o.CaseID, o.Purpose, o.IIN, o.Amount, o.Of, o.Parts)
		d, ok := m.done[o.ID]
		if !ok {
			d = &deed{content: content, times: 1, reply: m.do(o)}
			m.done[o.ID] = d
		} else if d.content != content {
			d.changed = true
		}
		replies[i] = d.reply
	}
	return replies, nil
}

// Query implements orders.Bank.
func (m *Memory) Query(ctx context.Context, ids []uuid.UUID) ([]orders.Reply, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	replies := make([]orders.Reply, len(ids))
	for i, id := range ids {
		replies[i] = orders.Reply{ID: id}
		if d, ok := m.done[id]; ok {
			replies[i] = d.reply
		}
	}
	return replies, nil
}

// Accounts implements orders.Peer.
func (m *Memory) Accounts(ctx context.Context, iins []string) (map[string][]orders.Account, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	all := map[string][]orders.Account{}
	for _, iin := range iins {
		for _, a := range m.accounts[iin] {
			if !slices.ContainsFunc(all[iin], func(o orders.Account) bool { return o.ID == a.id }) {
				all[iin] = append(all[iin], orders.Account{ID: a.id, Kind: a.kind, Available: money.FromTiyn(a.free)})
			}
		}
	}
	return all, nil
}

// Holds implements orders.Peer.
func (m *Memory) Holds(ctx context.Context, after string, limit int) (page []orders.Hold, next string, err error) {
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, h := range m.holds {
		if id.String() > after {
			page = append(page, orders.Hold{ID: id, CaseID: h.caseID, Amount: money.FromTiyn(h.sum()), Since: Since})
		}
	}
	slices.SortFunc(page, func(a, b orders.Hold) int { return strings.Compare(a.ID.String(), b.ID.String()) })
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].ID.String()
	}
	return page, next, nil
}

// Changed gives the ids that came again with another content.
func (m *Memory) Changed() (ids []uuid.UUID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, d := range m.done {
		if d.changed {
			ids = append(ids, id)
		}
	}
	return ids
}

// Done gives the reply of the books to an order that was done.
func (m *Memory) Done(id uuid.UUID) (orders.Reply, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, ok := m.done[id]
	if !ok {
		return orders.Reply{}, false
	}
	return d.reply, true
}

// Held is what is held and what was taken in all, in tiyn.
func (m *Memory) Held() (held, taken int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, h := range m.holds {
		held += h.sum()
	}
	for _, t := range m.taken {
		taken += t
	}
	return held, taken
}

func (h *hold) sum() (tiyn int64) {
	for _, p := range h.parts {
		tiyn += p
	}
	return tiyn
}

func (m *Memory) do(o orders.Instruction) orders.Reply {
	r := orders.Reply{ID: o.ID, CaseID: o.CaseID, Known: true}
	switch o.Purpose {
	case engine.Arrest:
		m.arrest(o, &r)
	case engine.Reduce:
		m.reduce(o, &r)
	case engine.Lift:
		r.Answer = engine.AlreadyDone
		if h := m.holds[o.Of]; h != nil {
			m.free(h, h.sum())
			delete(m.holds, o.Of)
			r.Answer = engine.Accepted
		}
	case engine.Collect:
		m.collect(o, &r)
	case engine.Recall:
		r.Answer = engine.AlreadyDone // they are executed when they come
		if m.taken[o.Of] > 0 {
			r.Detail = "executed"
		}
	case engine.Register, engine.Deregister, engine.Entrust: // no bank's matter
		r.Answer = engine.Refused
	}
	return r
}

func (m *Memory) arrest(o orders.Instruction, r *orders.Reply) {
	all := m.accounts[o.IIN]
	open := slices.DeleteFunc(slices.Clone(all), func(a *account) bool { return a.kind != current })
	switch {
	case !o.Amount.IsPositive():
		r.Answer, r.Detail = engine.Refused, "sum_invalid"
		return
	case len(all) == 0:
		r.Answer = engine.NoAccount
		return
	case len(open) == 0:
		r.Answer = engine.Protected
		return
	}
	h := &hold{caseID: o.CaseID, iin: o.IIN, parts: map[string]int64{}}
	left := o.Amount.Tiyn()
	for _, a := range open {
		want := left
		if len(o.Parts) > 0 {
			want = 0
			for _, p := range o.Parts {
				if p.Account == a.id {
					want = p.Amount.Tiyn()
				}
			}
		}
		if sum := min(want, a.free); sum > 0 {
			a.free, a.held, h.parts[a.id] = a.free-sum, a.held+sum, sum
			left -= sum
			r.Parts = append(r.Parts, orders.Part{Account: a.id, Amount: money.FromTiyn(sum)})
		}
	}
	if r.Sum = money.FromTiyn(h.sum()); r.Sum.IsZero() {
		r.Answer = engine.NoFunds
		return
	}
	m.holds[o.ID] = h
	if r.Answer = engine.Accepted; r.Sum.Less(o.Amount) {
		r.Answer = engine.Partial
	}
}

func (m *Memory) reduce(o orders.Instruction, r *orders.Reply) {
	h := m.holds[o.Of]
	if h == nil {
		r.Answer = engine.AlreadyDone
		return
	}
	m.free(h, max(0, h.sum()-o.Amount.Tiyn()))
	r.Answer, r.Sum = engine.Accepted, money.FromTiyn(h.sum())
}

func (m *Memory) collect(o orders.Instruction, r *orders.Reply) {
	h := m.holds[o.Of]
	if h == nil {
		r.Answer, r.Detail = engine.Refused, "no_arrest"
		return
	}
	sum := min(h.sum(), o.Amount.Tiyn())
	if sum == 0 {
		r.Answer = engine.NoFunds
		return
	}
	m.free(h, sum)
	left := sum // what was freed is taken
	for _, a := range m.accounts[h.iin] {
		if a.kind == current {
			t := min(left, a.free)
			a.free, left = a.free-t, left-t
		}
	}
	m.taken[o.ID] = sum
	r.Sum, r.Answer = money.FromTiyn(sum), engine.Partial
	if r.Sum.Equal(o.Amount) {
		r.Answer = engine.Accepted
		m.free(h, h.sum())
		delete(m.holds, o.Of)
	}
}

// free gives back part of a hold.
func (m *Memory) free(h *hold, sum int64) {
	for _, a := range m.accounts[h.iin] {
		part := min(sum, h.parts[a.id])
		a.free, a.held, h.parts[a.id] = a.free+part, a.held-part, h.parts[a.id]-part
		sum -= part
	}
}
