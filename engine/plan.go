package engine

import (
	"slices"

	"robotbailiff/engine/audit"
	"robotbailiff/rules/pack"
)

// Plan is what a batch of commands does to a set of cases, before anything is written. It is made without a database,
// so a dry run is a plan that is not written.
type Plan struct {
	env   Env
	hash  string     // of the pack
	pack  *pack.Pack // that decided
	cases map[int64]*planned
	order []int64 // case ids in the order of their first command
	// Outcomes has one entry per command, in the order of the commands.
	Outcomes []Outcome
}

// Outcome tells what became of one command.
type Outcome struct {
	CaseID  int64
	Refusal *Refusal // nil: it took effect
	State   State    // of the case after this command
}

type planned struct {
	before  Case
	after   Case
	events  []storedEvent
	effects []Effect
	ticked  bool // a tick found nothing to do
	listed  bool // already in the order
}

type storedEvent struct {
	Event
	data []byte
	hash Hash
}

// makePlan decides every command on the loaded cases, in order; commands to one case see what the earlier ones did.
func makePlan(loaded []Case, cmds []For, around *surroundings) (*Plan, error) {
	p := around.pack
	pl := &Plan{env: around.env, pack: p, hash: p.Hash(), cases: make(map[int64]*planned, len(cmds)), Outcomes: make([]Outcome, 0, len(cmds))}
	for _, c := range loaded {
		pl.cases[c.ID] = &planned{before: c, after: c}
	}
	for _, f := range cmds {
		e, known := pl.cases[f.CaseID]
		if !known {
			if _, opening := f.Command.(Open); !opening {
				pl.Outcomes = append(pl.Outcomes, Outcome{CaseID: f.CaseID, Refusal: &Refusal{Code: CodeNotFound}})
				continue
			}
			e = &planned{before: Case{ID: f.CaseID}, after: Case{ID: f.CaseID}}
			pl.cases[f.CaseID] = e
		}
		if !e.listed {
			e.listed = true
			pl.order = append(pl.order, f.CaseID)
		}
		d := Decide(e.after, f.Command, p, around.of(&e.before, f.Command))
		pl.Outcomes = append(pl.Outcomes, Outcome{CaseID: f.CaseID, Refusal: d.Refusal, State: d.Next.State})
		if _, tick := f.Command.(Tick); tick && len(d.Events) == 0 {
			e.ticked = true
		}
		if d.Refusal != nil {
			continue
		}
		head := e.after.Head
		e.after = d.Next
		for _, ev := range d.Events {
			ev.Actor = f.Actor
			data, err := encodeData(&ev.Data)
			if err != nil {
				return nil, err
			}
			head = audit.Link(head, audit.Record{CaseID: f.CaseID, Seq: ev.Seq, Kind: string(ev.Kind), At: ev.At, Actor: ev.Actor, Pack: pl.hash, Data: data})
			e.events = append(e.events, storedEvent{ev, data, head})
		}
		e.after.Head = head
		e.effects = append(e.effects, d.Effects...)
	}
	return pl, nil
}

// coerciveKinds are the events that a stop keeps from happening.
var coerciveKinds = []EventKind{EvOpened, EvNoticeRepeated, EvNotifiedAgain, EvReminded, EvArrestOrdered, EvCollectOrdered, EvRegisterOrdered, EvHandedOver, EvAssigned}

// coercive says whether the plan does something that a stop would keep from happening.
func (pl *Plan) coercive() bool {
	found := false
	pl.each(func(e *planned) {
		for i := range e.events {
			found = found || slices.Contains(coerciveKinds, e.events[i].Kind)
		}
	})
	return found
}

// Drop takes a case out of the plan, as if it had never been asked for.
func (pl *Plan) Drop(caseID int64) {
	delete(pl.cases, caseID)
	pl.order = slices.DeleteFunc(pl.order, func(id int64) bool { return id == caseID })
}

// DropAll takes many cases out of the plan at once.
func (pl *Plan) DropAll(ids map[int64]bool) {
	if len(ids) == 0 {
		return
	}
	for id := range ids {
		delete(pl.cases, id)
	}
	pl.order = slices.DeleteFunc(pl.order, func(id int64) bool { return ids[id] })
}

// Change gives a touched case before and after all commands of the plan; ok is false for a case that is not in it.
func (pl *Plan) Change(caseID int64) (before, after Case, ok bool) {
	e, ok := pl.cases[caseID]
	if !ok {
		return Case{}, Case{}, false
	}
	return e.before, e.after, true
}

// Effects lists the effects of the plan in order.
func (pl *Plan) Effects() []Effect {
	var out []Effect
	for _, id := range pl.order {
		out = append(out, pl.cases[id].effects...)
	}
	return out
}

// TakeAllocations takes the effects on payments out of the plan and gives them, in order, to a caller who books the payments
// himself, in the same transaction; the sinks do not see them then.
func (pl *Plan) TakeAllocations() []MoneyAllocated {
	var taken []MoneyAllocated
	pl.each(func(e *planned) {
		e.effects = slices.DeleteFunc(e.effects, func(f Effect) bool {
			m, yes := f.(MoneyAllocated)
			if yes {
				taken = append(taken, m)
			}
			return yes
		})
	})
	return taken
}

// each walks the touched cases in the order of their first command.
func (pl *Plan) each(f func(*planned)) {
	for _, id := range pl.order {
		f(pl.cases[id])
	}
}
