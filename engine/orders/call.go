package orders

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/google/uuid"

	"robotbailiff/engine"
)

// errand is one leg that a bank has still to answer.
type errand struct {
	order *pending
	leg   *Leg
	in    Instruction
	heard bool // it has another answer than before
}

// call talks to the banks, outside any transaction. Each bank gets its legs in one set and answers by itself; what one bank does
// or does not say changes nothing for the others.
func (s *Sender) call(ctx context.Context, open []pending) {
	todo := map[string][]*errand{}
	for i := range open {
		p := &open[i]
		if p.waits || !p.stored {
			continue
		}
		for j := range p.legs {
			if l := &p.legs[j]; !l.settled(p.Purpose) {
				todo[l.Bank] = append(todo[l.Bank], &errand{order: p, leg: l, in: l.instruction(p.Instruction)})
			}
		}
	}
	s.each(ctx, slices.Sorted(maps.Keys(todo)), callWithin, func(ctx context.Context, name string) error {
		return s.errands(ctx, name, todo[name])
	})
	for _, list := range todo {
		for _, e := range list {
			e.order.news = e.order.news || e.heard
		}
	}
}

// errands asks a bank about the legs that were sent before and sends those that it has never seen, and those that give back and
// that it has refused: giving back is asked for until it is done, under the same id. What takes something and may no longer be
// taken is not sent.
func (s *Sender) errands(ctx context.Context, name string, list []*errand) error {
	var ask, send []*errand
	for _, e := range list {
		if e.order.tried() {
			ask = append(ask, e)
		} else {
			send = append(send, e)
		}
	}
	again, asked := s.query(ctx, name, ask)
	sent := s.submit(ctx, name, append(send, again...))
	if err := errors.Join(asked, sent); err != nil {
		return fmt.Errorf("%d asked, %d sent: %w", len(ask), len(send)+len(again), err)
	}
	return nil
}

// query asks a bank about legs; it gives those that are to be sent again.
func (s *Sender) query(ctx context.Context, name string, list []*errand) (send []*errand, err error) {
	if len(list) == 0 {
		return nil, nil
	}
	ids, ins := make([]uuid.UUID, len(list)), make([]Instruction, len(list))
	for i, e := range list {
		ids[i], ins[i] = e.in.ID, e.in
	}
	replies, err := s.Banks[name].Query(Asking(ctx, ins), ids)
	for e, r := range s.match(ctx, name, list, replies) {
		switch {
		case r.Known && r.Answer == "": // it has the order
		case r.Known:
			if s.hear(ctx, name, e, r) && !e.leg.settled(e.order.Purpose) {
				send = append(send, e)
			}
		case e.order.lawful && e.order.haltedAt(*e.leg): // it is sent when the bank is free again
		case e.order.lawful:
			send = append(send, e)
		default:
			e.leg.Answer, e.heard = engine.Withdrawn, true
		}
	}
	return send, err
}

// submit sends legs to a bank.
func (s *Sender) submit(ctx context.Context, name string, list []*errand) error {
	if len(list) == 0 {
		return nil
	}
	batch := make([]Instruction, len(list))
	for i, e := range list {
		batch[i] = e.in
	}
	replies, err := s.Banks[name].Submit(ctx, batch)
	for e, r := range s.match(ctx, name, list, replies) {
		if r.Answer != "" && s.hear(ctx, name, e, r) && !e.leg.settled(e.order.Purpose) {
			s.Log.ErrorContext(ctx, "a bank refuses to give back", about(name, e)...)
			s.observe(e.order.Purpose, string(e.leg.Answer), 1)
		}
	}
	return err
}

// match finds what each answer is about. The first answer to a leg stands; others, and answers to what nobody asked, are told.
func (s *Sender) match(ctx context.Context, name string, list []*errand, replies []Reply) iter.Seq2[*errand, Reply] {
	byID := make(map[uuid.UUID]*errand, len(list))
	for _, e := range list {
		byID[e.in.ID] = e
	}
	return func(yield func(*errand, Reply) bool) {
		for _, r := range replies {
			e := byID[r.ID]
			if e == nil {
				s.Log.ErrorContext(ctx, "a bank answers what it was not asked", about(name, nil)...)
				continue
			}
			delete(byID, r.ID)
			if !yield(e, r) {
				return
			}
		}
	}
}

// hear takes an answer to a leg, unless it cannot be believed: then it counts as none.
func (s *Sender) hear(ctx context.Context, name string, e *errand, r Reply) bool {
	was := e.leg.Answer
	if !e.leg.hear(e.in, r) {
		s.Log.ErrorContext(ctx, "a bank's answer does not fit what it was asked, outcome unknown", about(name, e)...)
		s.observe(e.order.Purpose, "mismatch", 1)
		return false
	}
	if e.leg.Detail == detailAbove {
		s.Log.ErrorContext(ctx, "a bank did more than it was asked", about(name, e)...)
	}
	e.heard = e.heard || e.leg.Answer != was
	return true
}

// about says for an alarm what a bank's answer was about. The bank's own words are not repeated.
func about(bank string, e *errand) []any {
	attrs := []any{"bank", bank}
	if e != nil {
		attrs = append(attrs, "case", e.order.CaseID, "purpose", e.order.Purpose, "answer", e.leg.Answer)
	}
	return attrs
}

func (s *Sender) observe(p engine.Purpose, outcome string, n int) {
	if s.Observe != nil {
		s.Observe(p, outcome, n)
	}
}
