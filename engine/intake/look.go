package intake

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
)

// findings are what the first look at a file keeps.
type findings struct {
	Figures
	suspects suspects
}

// look reads a whole file once, before anything is opened: is its structure whole, how many of its rows would be taken, and
// which IINs does it give to two persons. It asks the rules and the database as taking in does, but decides nothing: 24 bytes
// a row is all that it keeps.
func (w *work) look(ctx context.Context, b *workBatch) (f findings, err error) {
	now, err := w.in.store.Now(ctx)
	if err != nil {
		return f, fmt.Errorf("intake: legal time: %w", err)
	}
	rows, err := Open(w.in.content(ctx, b.ID, b.Size, b.proven), true)
	if err != nil {
		return f, err
	}
	var (
		crowd    crowd
		contents contents
		control  control
		today    = calendar.DateOf(now)
		pack     = w.in.store.Pack()
	)
	err = pipeline(ctx, rows, chunking{size: w.in.chunk, source: b.given(), keys: w.in.keys}, func(ctx context.Context, items []item) error {
		if b.Via != ViaCLI && f.Rows+len(items) > MaxUploadRows {
			return &FatalError{Code: FatalRows, Remedy: "split the file: at most " + strconv.Itoa(MaxUploadRows) + " rows are taken at once"}
		}
		known, err := knownContents(ctx, w.in.store.Pool(), items)
		if err != nil {
			return err
		}
		for i := range items {
			it := &items[i]
			wr := &it.writ
			control.add(it)
			switch seen, ok := known[it.doc]; {
			case it.problem.Code != "":
				f.add(verdictOf(it.problem.Code))
			case wr.Action != ActionOpen:
				f.add(Accepted)
			case ok && seen.content == [16]byte(it.hash[:16]):
				f.add(Duplicate)
			case ok:
				f.add(Quarantined)
			default:
				v := rules.Eligibility(pack, wr.facts(), today)
				f.add(verdictOf(v.Code))
				if v.Code == rules.CodeIdentityConflict {
					f.Identity++
				}
				if v.Outcome == rules.OutcomeOpen {
					contents.add(it.hash)
				}
			}
			crowd.add(wr.DebtorIIN, wr.DebtorName, wr.DebtorBirthDate)
		}
		w.say(PhaseLook, f.Rows, 0)
		return w.beat(ctx, b.ID)
	})
	if err != nil {
		return f, err
	}
	if f.Rows == 0 {
		return f, (&survey{}).complete()
	}
	if err := b.promise.kept(f.Rows, control); err != nil {
		return f, err
	}
	twice := contents.repeated()
	f.Accepted, f.Duplicate = f.Accepted-twice, f.Duplicate+twice
	f.suspects = crowd.suspects(w.in.keys)
	return f, w.in.usual(ctx, b.Source, today, &f.Figures)
}

// knownContents asks the database which documents of a chunk have a case.
func knownContents(ctx context.Context, q querier, items []item) (map[docKey]document, error) {
	sources, numbers := make([]string, 0, len(items)), make([]string, 0, len(items))
	for i := range items {
		if items[i].problem.Code == "" {
			sources, numbers = append(sources, items[i].writ.Source), append(numbers, items[i].writ.DocumentNumber)
		}
	}
	known := map[docKey]document{}
	return known, readKnown(ctx, q, sources, numbers, known)
}

// preview gives every row the verdict that it would get now, and stores the verdicts in place of real ones: for a dry run,
// and for the people who have to decide about a batch that waits.
func (w *work) preview(ctx context.Context, b *workBatch, suspects suspects) error {
	rows, err := Open(w.in.content(ctx, b.ID, b.Size, b.proven), true)
	if err != nil {
		return err
	}
	var (
		r    = &run{im: w.in.im, batchID: b.ID}
		k    = newKnown(suspects)
		done int
	)
	return pipeline(ctx, rows, chunking{size: w.in.chunk, source: b.given(), keys: w.in.keys}, func(ctx context.Context, items []item) error {
		if err := w.in.im.preview(ctx, items, k, b.SameAs != 0); err != nil {
			return err
		}
		for i := range items {
			if it := &items[i]; it.of < firstCase {
				it.of = 0 // of a row of this file, whose case there is not
			}
			items[i].caseID = 0
		}
		done += len(items)
		w.say(PhasePreview, done, b.Expected)
		return w.writePreview(ctx, r, items)
	})
}

// firstCase is the least id that a real case can have: the first one of the year 01.
const firstCase = 10_000_000

// errMoved says that somebody else has moved the batch on meanwhile.
var errMoved = errors.New("intake: the batch was moved on meanwhile")

// clockTick is how often a long step says that it is alive.
const clockTick = 5 * time.Second

// beat says from time to time that somebody works on the batch.
func (w *work) beat(ctx context.Context, id int64) error {
	if w.watch.Elapsed()-w.told < clockTick {
		return nil
	}
	w.told = w.watch.Elapsed()
	_, err := w.in.store.Pool().Exec(ctx, touchBatchSQL, id)
	return err
}

// writePreview stores the verdicts of a chunk that are not there yet, as long as the batch has not moved on.
func (w *work) writePreview(ctx context.Context, r *run, items []item) error {
	return inTx(ctx, w.in, func(tx pgx.Tx) error {
		var state State
		if err := tx.QueryRow(ctx, lockBatchSQL, r.batchID).Scan(&state); err != nil {
			return err
		}
		if state != StateReceived {
			return errMoved
		}
		var last int
		if err := tx.QueryRow(ctx, lastRowSQL, r.batchID).Scan(&last); err != nil {
			return err
		}
		fresh := make([]*item, 0, len(items))
		for i := range items {
			if items[i].row.No > last {
				fresh = append(fresh, &items[i])
			}
		}
		if len(fresh) == 0 {
			return nil
		}
		return r.writeRows(ctx, tx, fresh)
	})
}
