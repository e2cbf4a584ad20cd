package orders

import (
	"time"

	"robotbailiff/engine"
	"robotbailiff/engine/stop"
)

// parkFor is how long an order waits before its stopped bank is looked at again, in legal time.
const parkFor = 15 * time.Minute

// Stopped says whether an order of a purpose may not be sent for a case now: for whatever bank, when none is named, or to the one
// that is. What gives back is never stopped. Today the bank of an arrest is known from its answer alone, so that a stopped bank
// keeps collections back; who plans an arrest bank by bank asks for each of them.
func Stopped(stops stop.Set, about stop.Subject, p engine.Purpose, bank string) bool {
	if p == engine.Collect {
		return stops.At(about, stop.Collect, bank)
	}
	return p == engine.Arrest && stops.At(about, stop.Arrest, bank)
}
