package orders

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/engine/stop"
	"robotbailiff/engine/trial"
)

// parkFor is how long an order waits before its stopped bank is looked at again, in legal time.
const parkFor = 15 * time.Minute

// Stopped says whether an order of a purpose may not be sent for a case now: for whatever bank, when none is named, or to the one
// that is. What gives back is never stopped.
func Stopped(stops stop.Set, about stop.Subject, p engine.Purpose, bank string) bool {
	if p == engine.Collect {
		return stops.At(about, stop.Collect, bank)
	}
	return p == engine.Arrest && stops.At(about, stop.Arrest, bank)
}

// park lets orders wait that a stopped bank would get a part of and that nobody has sent yet. What was sent already is only asked about.
func park(open []pending, now time.Time) {
	for i := range open {
		p := &open[i]
		if p.waits || p.tried() || !slices.ContainsFunc(p.legs, p.haltedAt) {
			continue
		}
		p.waits, p.turn = true, now.Add(parkFor)
		if !p.stored {
			p.legs = nil
		}
	}
}

// try lets arrests wait that are the first of something new, until people have looked. What was sent or planned already, and what may not
// be taken any more, is none of theirs.
func (s *Sender) try(ctx context.Context, tx pgx.Tx, open []pending, now time.Time) error {
	if s.Trial == nil {
		return nil
	}
	var first []trial.Arrest
	for i := range open {
		if p := &open[i]; p.Purpose == engine.Arrest && p.lawful && !p.waits && !p.stored && !p.tried() {
			first = append(first, trial.Arrest{CaseID: p.CaseID, Ordinal: p.ordinal, Asked: p.asked})
		}
	}
	held, err := s.Trial.Admit(ctx, tx, first, now)
	if err != nil {
		return err
	}
	for i := range open {
		if p := &open[i]; p.Purpose == engine.Arrest && held[p.CaseID] {
			p.waits, p.turn = true, now.Add(parkFor)
		}
	}
	if len(held) > 0 {
		s.Log.WarnContext(ctx, "arrests wait for people, since something of them is new", "n", len(held))
		s.observe(engine.Arrest, "trial", len(held))
	}
	return nil
}

// haltedAt says that nothing may be taken at the bank of a leg now.
func (p *pending) haltedAt(l Leg) bool { return slices.Contains(p.halted, l.Bank) }
