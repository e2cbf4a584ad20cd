package bankapi

import (
	"context"

	"github.com/google/uuid"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/engine/orders/bankapi/wire"
)

// RegisterClient implements orders.Register over HTTP, by the same exchange as that with banks: signed on both sides, kept as evidence
// before it is believed, and in JSON alone. Any number of callers may use it.
type RegisterClient struct{ c *Client }

var _ orders.Register = (*RegisterClient)(nil)

// NewRegister checks the settings. The name and the encoding are not the caller's to choose.
func NewRegister(cfg Config) (*RegisterClient, error) {
	cfg.Name, cfg.Encoding = orders.RegisterName, wire.JSON
	c, err := New(cfg)
	if err != nil {
		return nil, err
	}
	return &RegisterClient{c}, nil
}

// Submit implements orders.Register. Removals and what says who executes go in requests of their own, on a lane of their own.
func (r *RegisterClient) Submit(ctx context.Context, batch []orders.Entry) ([]orders.Reply, error) {
	var take, give []orders.Entry
	for _, e := range batch {
		if e.Purpose == engine.Register {
			take = append(take, e)
		} else {
			give = append(give, e)
		}
	}
	var all gathering[orders.Reply]
	split(&all, r.c, give, func(part []orders.Entry) ([]orders.Reply, error) { return r.submit(ctx, &r.c.give, part) })
	split(&all, r.c, take, func(part []orders.Entry) ([]orders.Reply, error) { return r.submit(ctx, &r.c.take, part) })
	return all.wait()
}

func (r *RegisterClient) submit(ctx context.Context, l *lane, part []orders.Entry) ([]orders.Reply, error) {
	m, taken, err := r.c.exchange(ctx, l, wire.Message{Kind: wire.Enter, Entries: part})
	if err != nil {
		return nil, err
	}
	replies := make([]orders.Reply, len(part))
	asked := make(map[uuid.UUID]orders.Instruction, len(part))
	for i, e := range part {
		replies[i] = e.Reply("", "")
		asked[e.ID] = orders.Instruction{ID: e.ID, CaseID: e.CaseID, Purpose: e.Purpose}
	}
	if taken {
		return replies, nil
	}
	return r.c.believe(ctx, wire.Enter, m.Replies, asked), nil
}

// Query implements orders.Register.
func (r *RegisterClient) Query(ctx context.Context, ids []uuid.UUID) ([]orders.Reply, error) {
	return r.c.Query(ctx, ids)
}

// List implements orders.Register.
func (r *RegisterClient) List(ctx context.Context, after string, limit int) ([]orders.Listed, string, error) {
	limit = max(1, min(limit, wire.MaxHolds))
	m, _, err := r.c.exchange(ctx, &r.c.take, wire.Message{Kind: wire.AskEntries, After: after, Limit: limit})
	if err != nil {
		return nil, "", err
	}
	if m.After != after || len(m.Listed) > limit || m.Next != "" && (m.Next == after || len(m.Listed) == 0) {
		return nil, "", r.c.cut(ctx, wire.AskEntries)
	}
	return m.Listed, m.Next, nil
}

// Ready says, without a call, how the last requests went, as that of banks does.
func (r *RegisterClient) Ready(ctx context.Context) error { return r.c.Ready(ctx) }

// cut tells of a page that would never end.
func (c *Client) cut(ctx context.Context, kind wire.Kind) error {
	c.cfg.Report(ctx, wire.Finding{Bank: c.cfg.Name, Kind: kind, Code: codeCut})
	return &CallError{Bank: c.cfg.Name, Kind: kind, Fate: Unclear, Code: codeCut}
}
