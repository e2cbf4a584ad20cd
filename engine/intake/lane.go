package intake

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// laneCount is into how many lanes the rows of a batch are parted. It is the same in every process, since a lane is also
// what two uploaders of one file lock.
const laneCount = 2

// wave stores rows that were read together: those of each lane in a transaction of their own, all at once. The next wave
// begins when this one is stored, so that rows of one document or one person are always taken in the order of the file.
type wave struct {
	im    *Importer
	lanes []*run
	whole *run // for a wave that cannot be parted
	free  serials
}

func (im *Importer) wave(batchID int64, s suspects) *wave {
	w := &wave{im: im, whole: &run{im: im, batchID: batchID, suspects: s}}
	for lane := range laneCount {
		w.lanes = append(w.lanes, &run{im: im, batchID: batchID, suspects: s, lanes: []int{lane}})
		w.whole.lanes = append(w.whole.lanes, lane)
	}
	return w
}

// store gives the rows that have no verdict yet theirs; fresh says whether there were any.
func (w *wave) store(ctx context.Context, items []item) (fresh bool, err error) {
	all := make([]*item, len(items))
	for i := range items {
		all[i] = &items[i]
	}
	open, err := w.whole.unstored(ctx, w.im.store.Pool(), all)
	if err != nil || len(open) == 0 {
		return false, err
	}
	if err := w.number(ctx, open); err != nil {
		return true, err
	}
	if err := w.storeOpen(ctx, open); err != nil {
		return true, err
	}
	for _, it := range open {
		if it.verdict != Accepted && it.caseID != 0 {
			w.free.giveBack(it.caseID)
		}
	}
	return true, nil
}

func (w *wave) storeOpen(ctx context.Context, open []*item) error {
	parts, ok := intoLanes(open)
	if !ok {
		return w.whole.store(ctx, open)
	}
	g, ctx := errgroup.WithContext(ctx)
	for i, r := range w.lanes {
		g.Go(func() error { return r.store(ctx, parts[i]) })
	}
	return g.Wait()
}

// intoLanes gives the rows of each lane, in the order of the file. A person is in one lane for ever. It is not ok when a
// document number stands in two lanes, as when it was given to two persons.
func intoLanes(items []*item) (parts [laneCount][]*item, ok bool) {
	lane := make(map[docKey]int, len(items))
	for _, it := range items {
		n := int(it.person[0]) % laneCount // nobody's rows are in the first
		if it.problem.Code == "" {
			if was, seen := lane[it.doc]; seen && was != n {
				return parts, false
			}
			lane[it.doc] = n
		}
		parts[n] = append(parts[n], it)
	}
	return parts, true
}
