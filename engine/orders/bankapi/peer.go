package bankapi

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"robotbailiff/engine/orders"
	"robotbailiff/engine/orders/bankapi/wire"
)

// Submit implements orders.Bank. What gives back goes in requests of its own, on a lane of its own.
func (c *Client) Submit(ctx context.Context, batch []orders.Instruction) ([]orders.Reply, error) {
	var take, give []orders.Instruction
	for _, o := range batch {
		if o.Purpose.Coercive() {
			take = append(take, o)
		} else {
			give = append(give, o)
		}
	}
	var all gathering[orders.Reply]
	split(&all, c, give, func(part []orders.Instruction) ([]orders.Reply, error) { return c.submit(ctx, &c.give, part) })
	split(&all, c, take, func(part []orders.Instruction) ([]orders.Reply, error) { return c.submit(ctx, &c.take, part) })
	return all.wait()
}

func (c *Client) submit(ctx context.Context, l *lane, part []orders.Instruction) ([]orders.Reply, error) {
	m, taken, err := c.exchange(ctx, l, wire.Message{Kind: wire.Submit, Orders: part})
	if err != nil {
		return nil, err
	}
	if taken {
		replies := make([]orders.Reply, len(part))
		for i, o := range part {
			replies[i] = orders.Reply{ID: o.ID, Known: true, Bank: c.cfg.Name}
		}
		return replies, nil
	}
	asked := make(map[uuid.UUID]orders.Instruction, len(part))
	for _, o := range part {
		asked[o.ID] = o
	}
	return c.believe(ctx, wire.Submit, m.Replies, asked), nil
}

// Query implements orders.Bank. It goes on the lane of what gives back, since a lift may wait for it. What the bank says is held against
// what the caller asks about (orders.Asking); of an id without that only what contradicts itself is found.
func (c *Client) Query(ctx context.Context, ids []uuid.UUID) ([]orders.Reply, error) {
	ids = slices.Compact(slices.SortedFunc(slices.Values(ids), func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) }))
	var all gathering[orders.Reply]
	split(&all, c, ids, func(part []uuid.UUID) ([]orders.Reply, error) { return c.query(ctx, part) })
	return all.wait()
}

func (c *Client) query(ctx context.Context, part []uuid.UUID) ([]orders.Reply, error) {
	asked := make(map[uuid.UUID]orders.Instruction, len(part))
	for _, id := range part {
		asked[id] = orders.Instruction{ID: id}
	}
	for _, o := range orders.Asked(ctx) {
		if _, ok := asked[o.ID]; ok {
			asked[o.ID] = o
		}
	}
	m, _, err := c.exchange(ctx, &c.give, wire.Message{Kind: wire.Query, IDs: part})
	if err != nil {
		return nil, err
	}
	return c.believe(ctx, wire.Query, m.Replies, asked), nil
}

func (c *Client) believe(ctx context.Context, kind wire.Kind, said []orders.Reply, asked map[uuid.UUID]orders.Instruction) []orders.Reply {
	replies := wire.Believe(said, asked, kind == wire.Submit || kind == wire.Enter, func(code string, id uuid.UUID) {
		c.cfg.Report(ctx, wire.Finding{Bank: c.cfg.Name, Kind: kind, Code: code, ID: id})
	})
	for i := range replies {
		replies[i].Bank = c.cfg.Name
	}
	return replies
}

// Accounts implements orders.Peer.
func (c *Client) Accounts(ctx context.Context, iins []string) (map[string][]orders.Account, error) {
	iins = slices.Compact(slices.Sorted(slices.Values(iins)))
	var all gathering[wire.Person]
	split(&all, c, iins, func(part []string) ([]wire.Person, error) {
		m, _, err := c.exchange(ctx, &c.take, wire.Message{Kind: wire.AskAccounts, IINs: part})
		if err != nil {
			return nil, err
		}
		return slices.DeleteFunc(m.Persons, func(p wire.Person) bool {
			if _, ok := slices.BinarySearch(part, p.IIN); ok {
				return false
			}
			c.cfg.Report(ctx, wire.Finding{Bank: c.cfg.Name, Kind: wire.AskAccounts, Code: wire.DoubtStranger})
			return true
		}), nil
	})
	persons, err := all.wait()
	if err != nil {
		return nil, err // a person who is not there would seem to have nothing
	}
	accounts := make(map[string][]orders.Account, len(persons))
	for _, p := range persons {
		accounts[p.IIN] = p.Accounts
	}
	return accounts, nil
}

// Holds implements orders.Peer.
func (c *Client) Holds(ctx context.Context, after string, limit int) ([]orders.Hold, string, error) {
	limit = max(1, min(limit, wire.MaxHolds))
	m, _, err := c.exchange(ctx, &c.take, wire.Message{Kind: wire.AskHolds, After: after, Limit: limit})
	if err != nil {
		return nil, "", err
	}
	if m.After != after || len(m.Holds) > limit || m.Next != "" && (m.Next == after || len(m.Holds) == 0) {
		return nil, "", c.cut(ctx, wire.AskHolds)
	}
	return m.Holds, m.Next, nil
}

// gathering puts together what several requests bring. One that fails does not stop the others.
type gathering[T any] struct {
	group errgroup.Group
	mu    sync.Mutex
	all   []T
	errs  []error
}

// split cuts a set into requests and begins them. How many are under way is bounded by the lane.
func split[In, Out any](all *gathering[Out], c *Client, set []In, call func([]In) ([]Out, error)) {
	for part := range slices.Chunk(set, c.cfg.Batch) {
		all.group.Go(func() error {
			got, err := call(part)
			all.mu.Lock()
			defer all.mu.Unlock()
			all.all = append(all.all, got...)
			if err != nil {
				all.errs = append(all.errs, err)
			}
			return nil
		})
	}
}

// wait gives what came, and what failed beside it.
func (g *gathering[T]) wait() ([]T, error) {
	err := g.group.Wait()
	return g.all, errors.Join(append(g.errs, err)...)
}
