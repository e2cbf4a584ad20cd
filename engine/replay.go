package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
)

// Facts gives back the personal facts of a writ, which events do not keep.
type Facts func(ctx context.Context, caseID int64) (Open, error)

// Remade is one decision of a case made again under the pack that made it.
type Remade struct {
	Seq     int // of the first event of the decision
	Command string
	Pack    string // hash of the pack
	Same    bool   // the same events with the same content
	Got     string // what came out instead, when not the same
}

// Replay makes every decision of a case again from its events, the packs that decided and the facts of the writ, and says
// whether each comes out the same. It writes nothing.
func (s *Store) Replay(ctx context.Context, id int64, facts Facts) ([]Remade, error) {
	events, err := Events(ctx, s.pool, id)
	if err != nil {
		return nil, err
	}
	if len(events) == 0 {
		return nil, fmt.Errorf("case %d: %w", id, ErrNotFound)
	}
	var out []Remade
	c := Case{ID: id}
	for i := 0; i < len(events); {
		n := i + 1
		for n < len(events) && events[n].Data.Cmd == nil {
			n++
		}
		r, err := s.remake(ctx, c, events[i:n], facts)
		if err != nil {
			return out, err
		}
		out = append(out, r)
		for ; i < n; i++ {
			evolve(&c, events[i])
		}
	}
	return out, nil
}

func (s *Store) remake(ctx context.Context, c Case, was []Event, facts Facts) (Remade, error) {
	first := was[0]
	if first.Data.Cmd == nil {
		return Remade{}, fmt.Errorf("case %d: event %d has no command", c.ID, first.Seq)
	}
	cmd, err := first.Data.Command()
	if err != nil {
		return Remade{}, err
	}
	if _, opening := cmd.(Open); opening {
		o, err := facts(ctx, c.ID)
		if err != nil {
			return Remade{}, err
		}
		o.Mail = first.Data.Mail // an address may have come or gone since
		cmd = o
	}
	p, err := s.packs.ByID(ctx, first.Pack)
	if err != nil {
		return Remade{}, err
	}
	env, err := first.Data.Cmd.Env.env()
	if err != nil {
		return Remade{}, fmt.Errorf("case %d: event %d: %w", c.ID, first.Seq, err)
	}
	env.Now, env.PackID = first.At, first.Pack
	d := Decide(c, cmd, p, env)
	r := Remade{Seq: first.Seq, Command: cmd.Kind(), Pack: p.Hash()}
	if d.Refusal != nil {
		r.Got = d.Refusal.Code
		return r, nil
	}
	for i := range d.Events {
		if i < len(was) {
			d.Events[i].Actor = was[i].Actor
		}
	}
	a, err := json.Marshal(was)
	if err != nil {
		return r, err
	}
	b, err := json.Marshal(d.Events)
	if err != nil {
		return r, err
	}
	if r.Same = bytes.Equal(a, b); !r.Same {
		r.Got = string(b)
	}
	return r, nil
}
