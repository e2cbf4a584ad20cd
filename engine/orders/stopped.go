package orders

import (
	"slices"
	"time"

	"robotbailiff/engine"
	"robotbailiff/engine/stop"
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

// haltedAt says that nothing may be taken at the bank of a leg now.
func (p *pending) haltedAt(l Leg) bool { return slices.Contains(p.halted, l.Bank) }
