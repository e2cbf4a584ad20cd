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
	lanes []*run
	whole *run // for a wave that cannot be parted
}

func (im *Importer) wave(batchID int64, s suspects) *wave {
	w := &wave{whole: &run{im: im, batchID: batchID, suspects: s}}
	for lane := range laneCount {
		w.lanes = append(w.lanes, &run{im: im, batchID: batchID, suspects: s, lanes: []int{lane}})
		w.whole.lanes = append(w.whole.lanes, lane)
	}
	return w
}

func (w *wave) store(ctx context.Context, items []item) error {
	parts, ok := intoLanes(items)
	if !ok {
		return w.whole.store(ctx, parts[0])
	}
	g, ctx := errgroup.WithContext(ctx)
	for i, r := range w.lanes {
		g.Go(func() error { return r.store(ctx, parts[i]) })
	}
	return g.Wait()
}

// intoLanes gives the rows of each lane, in the order of the file. A person is in one lane for ever. It is not ok when a document
// number stands in two lanes, as when it was given to two persons: all rows are in the first part then.
func intoLanes(items []item) (parts [laneCount][]*item, ok bool) {
	lane := make(map[docKey]int, len(items))
	ok = true
	for i := range items {
		it := &items[i]
		n := int(it.person[0]) % laneCount // nobody's rows are in the first
		if it.problem.Code == "" {
			if was, seen := lane[it.doc]; seen && was != n {
				ok = false
			}
			lane[it.doc] = n
		}
		parts[n] = append(parts[n], it)
	}
	if ok {
		return parts, true
	}
	parts = [laneCount][]*item{}
	for i := range items {
		parts[0] = append(parts[0], &items[i])
	}
	return parts, false
}
