package sandbox_test

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/google/uuid"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

// hub is the simplest thing that can stand between an order and the banks of a world: it plans an arrest once, gives everything
// else to the banks that have the arrest, and adds their answers up. The real one is orders.Sender.
type hub struct {
	*world

	legs map[uuid.UUID]map[string]orders.Instruction // by order and bank
	sums map[uuid.UUID]money.Amount                  // as ordered, by order
	none map[uuid.UUID]orders.Reply                  // of orders that concern no bank
}

func (w *world) hub() *hub {
	if w.between == nil {
		w.between = &hub{w, map[uuid.UUID]map[string]orders.Instruction{}, map[uuid.UUID]money.Amount{}, map[uuid.UUID]orders.Reply{}}
	}
	return w.between
}

func (h *hub) plan(ctx context.Context, in orders.Instruction) error {
	if _, known := h.legs[in.ID]; known {
		return nil
	}
	legs := map[string]orders.Instruction{}
	leg := func(bank string, parts []orders.Part) {
		l := in
		l.ID, l.Parts, l.Amount = orders.LegID(in.ID, bank), parts, money.Zero
		for _, p := range parts {
			l.Amount = l.Amount.Add(p.Amount)
		}
		if in.Of != uuid.Nil {
			l.Of = orders.LegID(in.Of, bank)
		}
		legs[bank] = l
	}
	if in.Purpose == engine.Arrest {
		at := map[string][]orders.Account{}
		for _, name := range h.names() {
			got, err := h.Banks()[name].Accounts(ctx, []string{in.IIN})
			if err != nil {
				return err
			}
			at[name] = got[in.IIN]
		}
		planned, why := orders.Plan(in.Amount, at, orders.LimitsOn(pack.Default(), opening))
		if why != "" {
			h.none[in.ID] = in.Reply(why, money.Zero)
		}
		for _, l := range planned {
			leg(l.Bank, l.Parts)
		}
	} else {
		left := in.Amount
		for _, name := range h.names() {
			of, known := h.legs[in.Of][name]
			if !known {
				continue
			}
			var parts []orders.Part
			for _, p := range of.Parts {
				if sum := money.Min(left, p.Amount); sum.IsPositive() && (in.Purpose == engine.Reduce || in.Purpose == engine.Collect) {
					parts, left = append(parts, orders.Part{Account: p.Account, Amount: sum}), left.Sub(sum)
				}
			}
			leg(name, parts)
		}
	}
	if _, known := h.none[in.ID]; !known && len(legs) == 0 {
		h.none[in.ID] = in.Reply(engine.AlreadyDone, money.Zero)
	}
	h.legs[in.ID], h.sums[in.ID] = legs, in.Amount
	return nil
}

func (h *hub) names() []string { return slices.Sorted(maps.Keys(h.Banks())) }

// Submit gives orders to the banks; an order without a reply was lost, wholly or in part.
func (h *hub) Submit(ctx context.Context, batch []orders.Instruction) ([]orders.Reply, error) {
	var first error
	sets := map[string][]orders.Instruction{}
	var ids []uuid.UUID
	for _, in := range batch {
		err := h.plan(ctx, in)
		first = cmp.Or(first, err)
		if err == nil {
			ids = append(ids, in.ID)
			for name, l := range h.legs[in.ID] {
				sets[name] = append(sets[name], l)
			}
		}
	}
	heard := map[uuid.UUID]orders.Reply{}
	for _, name := range h.names() {
		got, err := h.Banks()[name].Submit(ctx, sets[name])
		first = cmp.Or(first, err)
		for _, r := range got {
			heard[r.ID] = r
		}
	}
	return h.sum(ids, heard), first
}

// Query asks the banks.
func (h *hub) Query(ctx context.Context, ids []uuid.UUID) ([]orders.Reply, error) {
	var first error
	heard := map[uuid.UUID]orders.Reply{}
	for _, name := range h.names() {
		var legs []uuid.UUID
		for _, id := range ids {
			if l, known := h.legs[id][name]; known {
				legs = append(legs, l.ID)
			}
		}
		got, err := h.Banks()[name].Query(ctx, legs)
		first = cmp.Or(first, err)
		for _, r := range got {
			heard[r.ID] = r
		}
	}
	return h.sum(ids, heard), first
}

// sum adds the answers of the legs up.
func (h *hub) sum(ids []uuid.UUID, heard map[uuid.UUID]orders.Reply) []orders.Reply {
	var out []orders.Reply
	for _, id := range ids {
		if r, none := h.none[id]; none {
			out = append(out, r)
			continue
		}
		all := orders.Reply{ID: id, Known: len(h.legs[id]) > 0, Answer: engine.AlreadyDone}
		lost := false
		for _, name := range slices.Sorted(maps.Keys(h.legs[id])) {
			l := h.legs[id][name]
			r, told := heard[l.ID]
			lost = lost || !told
			all.CaseID, all.Known, all.Sum, all.Bank = l.CaseID, all.Known && r.Known, all.Sum.Add(r.Sum), all.Bank+name
			if all.Answer != "" && (r.Answer != engine.AlreadyDone || len(h.legs[id]) == 1) {
				all.Answer = r.Answer
			}
		}
		if all.Sum.IsPositive() && all.Answer != "" {
			all.Answer = engine.Accepted
			if all.Sum.Less(h.sums[id]) {
				all.Answer = engine.Partial
			}
		}
		if !lost {
			out = append(out, all)
		}
	}
	return out
}

var _ orders.Bank = (*hub)(nil)
