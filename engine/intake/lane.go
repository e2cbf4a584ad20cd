package intake

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// laneCount is into how many lanes the rows of a batch are parted. It is the same in every process, since a lane is also
// what two uploaders of one file lock.
const laneCount = 2

// maxWaves is how many waves may be partly stored at a time.
const maxWaves = 2

// lanes store rows wave by wave, those of each lane in a transaction of their own. A lane that is done with its part of one
// wave begins with the next, so that neither waits for the other one's disk; it is at most one wave ahead. Rows of one document
// or one person are always taken in the order of the file: a person is in one lane for ever, and a wave with a document that the
// wave before has in the other lane waits until that one is stored.
type lanes struct {
	im    *Importer
	runs  []*run
	whole *run // for a wave that cannot be parted
	free  serials
	group *errgroup.Group
	ctx   context.Context // of the group: over when a lane has failed
	last  *wave
}

// wave is rows that were read together.
type wave struct {
	rows int
	open []*item // without a verdict when it began
	docs map[docKey]int
	done [laneCount]chan struct{}
}

func (im *Importer) lanes(ctx context.Context, batchID int64, s suspects) *lanes {
	l := &lanes{im: im, whole: &run{im: im, batchID: batchID, suspects: s}}
	l.group, l.ctx = errgroup.WithContext(ctx)
	for lane := range laneCount {
		l.runs = append(l.runs, &run{im: im, batchID: batchID, suspects: s, lanes: []int{lane}})
		l.whole.lanes = append(l.whole.lanes, lane)
	}
	return l
}

// store begins to give the rows that have no verdict yet theirs, and returns when the wave before is stored: that one, nil when
// there was none. The items stay in use until then.
func (l *lanes) store(items []item) (before *wave, err error) {
	all := make([]*item, len(items))
	for i := range items {
		all[i] = &items[i]
	}
	w := &wave{rows: len(items)}
	if w.open, err = l.whole.unstored(l.ctx, l.im.store.Pool(), all); err != nil {
		return nil, err
	}
	if err := l.number(l.ctx, w.open); err != nil {
		return nil, err
	}
	var parts [laneCount][]*item
	var parted bool
	w.docs, parts, parted = intoLanes(w.open)
	before = l.last
	if !parted || before.crosses(w.docs) {
		if err := l.wait(before); err != nil {
			return nil, err
		}
	}
	if !parted {
		parts = [laneCount][]*item{}
		if err := l.whole.store(l.ctx, w.open); err != nil {
			return nil, err
		}
	}
	l.begin(w, parts)
	return before, l.wait(before)
}

// begin has each lane store its part when it is done with the wave before.
func (l *lanes) begin(w *wave, parts [laneCount][]*item) {
	before := l.last
	l.last = w
	for i, r := range l.runs {
		w.done[i] = make(chan struct{})
		l.group.Go(func() error {
			defer close(w.done[i])
			if before != nil {
				<-before.done[i]
			}
			if err := l.ctx.Err(); err != nil {
				return err
			}
			return r.store(l.ctx, parts[i])
		})
	}
}

// wait returns when a wave is stored, and takes back the case ids that it did not need.
func (l *lanes) wait(w *wave) error {
	if w == nil {
		return nil
	}
	for _, done := range w.done {
		<-done
	}
	if l.ctx.Err() != nil {
		return context.Cause(l.ctx)
	}
	for _, it := range w.open {
		if it.verdict != Accepted && it.caseID != 0 {
			l.free.giveBack(it.caseID)
			it.caseID = 0
		}
	}
	return nil
}

// end waits for the last wave, which is nil if there was none; nothing may be stored afterwards. Its error is that of the lane
// which failed first.
func (l *lanes) end() (*wave, error) {
	if err := l.group.Wait(); err != nil {
		return nil, err
	}
	return l.last, nil
}

// crosses says whether a document of the wave is in another lane there.
func (w *wave) crosses(docs map[docKey]int) bool {
	if w == nil {
		return false
	}
	for doc, lane := range docs {
		if was, seen := w.docs[doc]; seen && was != lane {
			return true
		}
	}
	return false
}

// intoLanes gives the rows of each lane, in the order of the file, and the lanes of their documents. It is not ok when a
// document number stands in two lanes, as when it was given to two persons.
func intoLanes(items []*item) (docs map[docKey]int, parts [laneCount][]*item, ok bool) {
	docs, ok = make(map[docKey]int, len(items)), true
	for _, it := range items {
		n := int(it.person[0]) % laneCount // nobody's rows are in the first
		if it.problem.Code == "" {
			if was, seen := docs[it.doc]; seen && was != n {
				ok = false
			}
			docs[it.doc] = n
		}
		parts[n] = append(parts[n], it)
	}
	return docs, parts, ok
}
