package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"robotbailiff/engine"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/pg"
	"robotbailiff/rules/calendar"
)

// Phases of processing.
const (
	PhaseLook    = "look"    // the first reading: nothing is opened yet
	PhasePreview = "preview" // the verdicts are told, for a dry run or for the people at the gate
	PhaseStage   = "stage"   // cases are opened
)

// Progress is how far a batch is.
type Progress struct {
	Phase string
	Rows  int // done in this phase
	Total int // of the file; 0: not known yet
}

type querier = engine.Querier

// errPaused says that the time for one go is over.
var errPaused = errors.New("intake: to be continued")

// Process takes a batch as far as it can go without people: look, gate, and every row its verdict. It may be cut short at any
// point, run again, and run by two processes at once: each row gets one verdict, and the totals are the same. progress may be
// nil. A file that cannot be read as a whole fails its batch and is no error here; nor is a batch that waits, since the opening of
// cases is stopped.
func (in *Inbox) Process(ctx context.Context, id int64, progress func(Progress)) (Batch, error) {
	b, _, err := in.Work(ctx, id, 0, progress)
	return b, err
}

// Work is Process for about as long as the slice, after a chunk of rows; more says that something is left to do. A slice of 0
// has no end.
func (in *Inbox) Work(ctx context.Context, id int64, slice time.Duration, progress func(Progress)) (b Batch, more bool, err error) {
	w := &work{in: in, progress: progress, slice: slice, watch: clock.StartStopwatch()}
	for {
		wb, err := in.workBatch(ctx, id)
		if err != nil {
			return wb.Batch, false, err
		}
		switch wb.State {
		case StateReceived:
			err = w.begin(ctx, &wb)
		case StateStaging:
			err = w.stage(ctx, &wb)
		default:
			return wb.Batch, false, nil
		}
		switch fatal := (*FatalError)(nil); {
		case errors.As(err, &fatal):
			err = in.fail(ctx, id, fatal)
		case errors.Is(err, errMoved), busy(err) && slice == 0:
			err = ctx.Err()
		case errors.Is(err, ErrStopped): // the pulse comes back to it
			b, err := in.Batch(ctx, id)
			return b, false, err
		case errors.Is(err, errPaused), busy(err):
			b, err := in.Batch(ctx, id)
			return b, true, err
		}
		if err != nil {
			return wb.Batch, true, err
		}
	}
}

// busy says that another process held the batch for as long as we may wait for it: it works, and so may we again.
func busy(err error) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && pgErr.Code == "55P03" // lock_not_available
}

// work is one go at one batch.
type work struct {
	in       *Inbox
	progress func(Progress)
	slice    time.Duration
	watch    clock.Stopwatch
	told     time.Duration
}

func (w *work) say(phase string, rows, total int) {
	if w.progress != nil {
		w.progress(Progress{phase, rows, total})
	}
}

// workBatch is what processing needs besides the batch itself.
type workBatch struct {
	Batch
	proven      int64
	sum         []byte // of what is parsed
	senderKnown bool
	suspects    [][]byte
	promise     *Promise
}

// given is the source that rows must not contradict.
func (b *workBatch) given() string {
	if b.senderKnown {
		return b.Source
	}
	return ""
}

func (in *Inbox) workBatch(ctx context.Context, id int64) (wb workBatch, err error) {
	if wb.Batch, err = in.Batch(ctx, id); err != nil {
		return wb, err
	}
	err = in.store.Pool().QueryRow(ctx, readWorkSQL, id).Scan(&wb.proven, &wb.sum, &wb.senderKnown, &wb.suspects, &wb.promise)
	if err == nil && wb.Size == 0 && !wb.State.Final() {
		err = fmt.Errorf("intake: batch %d keeps no file: whoever began to import it has to go on", id)
	}
	return wb, err
}

// begin looks at a batch and moves it to the gate, or past it. The very same file as one that was taken in needs no look: it
// opens nothing.
func (w *work) begin(ctx context.Context, b *workBatch) error {
	if b.SameAs != 0 {
		old, err := w.in.Batch(ctx, b.SameAs)
		if err != nil {
			return err
		}
		if err := b.promise.rowsKept(old.Rows); err != nil {
			return err
		}
		if b.Expected = old.Rows; b.DryRun {
			return w.previewed(ctx, b, findings{}, nil)
		}
		return w.start(ctx, b, findings{}, nil)
	}
	f, err := w.look(ctx, b)
	if err != nil {
		return err
	}
	now, err := w.in.store.Now(ctx)
	if err != nil {
		return fmt.Errorf("intake: legal time: %w", err)
	}
	why := gate(w.in.store.Pack(), calendar.DateOf(now), f.Figures)
	if b.Expected = f.Rows; b.DryRun || len(why) > 0 {
		return w.previewed(ctx, b, f, why)
	}
	return w.start(ctx, b, f, nil)
}

// start moves a batch past the gate.
func (w *work) start(ctx context.Context, b *workBatch, f findings, why []Reason) error {
	return w.move(ctx, b, f, why, StateStaging, time.Time{}, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, dropRowsSQL, b.ID) // of a preview that was cut short, and is not needed any more
		return err
	})
}

// previewed stores what would become of the rows, and moves the batch to where it waits, or ends.
func (w *work) previewed(ctx context.Context, b *workBatch, f findings, why []Reason) error {
	if err := w.preview(ctx, b, f.suspects); err != nil {
		return err
	}
	if !b.DryRun {
		return w.move(ctx, b, f, why, StateWaiting, time.Time{}, nil)
	}
	now, err := w.in.store.Now(ctx)
	if err != nil {
		return fmt.Errorf("intake: legal time: %w", err)
	}
	return w.move(ctx, b, f, why, StatePreviewed, now, nil)
}

// move records what was found and the new state, unless somebody else was faster.
func (w *work) move(ctx context.Context, b *workBatch, f findings, why []Reason, to State, finished time.Time, before func(pgx.Tx) error) error {
	var figures, reasons []byte
	var err error
	if b.SameAs == 0 {
		if figures, err = json.Marshal(f.Figures); err != nil {
			return err
		}
	}
	if len(why) > 0 {
		if reasons, err = json.Marshal(why); err != nil {
			return err
		}
	}
	err = inTx(ctx, w.in, func(tx pgx.Tx) error {
		var state State
		if err := tx.QueryRow(ctx, lockBatchSQL, b.ID).Scan(&state); err != nil {
			return err
		}
		if state != StateReceived {
			return errMoved
		}
		if before != nil {
			if err := before(tx); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, moveBatchSQL, b.ID, string(to), b.Expected, f.suspects.column(), figures, reasons, to == StateWaiting, to == StateStaging, toInstant(finished))
		return err
	})
	if err != nil && !errors.Is(err, errMoved) {
		return fmt.Errorf("intake: move batch %d to %s: %w", b.ID, to, err)
	}
	return err
}

// stage gives the rows that have none their verdicts.
func (w *work) stage(ctx context.Context, b *workBatch) error {
	o := Options{Progress: func(rows int) { w.say(PhaseStage, rows, b.Expected) }, enough: w.over, ChunkSize: w.in.chunk}.withDefaults()
	todo := batch{id: b.ID, rows: b.Rows, sameAs: b.SameAs}
	if b.SameAs != 0 {
		if err := w.in.im.repeat(ctx, todo, o); err != nil {
			return err
		}
		return w.end(ctx, b)
	}
	c := &content{r: w.in.content(ctx, b.ID, b.Size, b.proven), given: b.given(), suspects: suspectsOf(b.suspects)}
	copy(c.sum[:], b.sum)
	if err := w.in.im.stage(ctx, todo, c, o); err != nil {
		return err
	}
	return w.end(ctx, b)
}

// end closes the batch; that somebody else has done so meanwhile is as good.
func (w *work) end(ctx context.Context, b *workBatch) error {
	return w.in.im.end(ctx, batch{id: b.ID}, b.Expected)
}

// over says whether the time for this go is up.
func (w *work) over() bool { return w.slice > 0 && w.watch.Elapsed() >= w.slice }

// fail closes a batch whose file cannot be read as a whole; what was accepted stays accepted.
func (in *Inbox) fail(ctx context.Context, id int64, fatal *FatalError) error {
	now, err := in.store.Now(ctx)
	if err != nil {
		return fmt.Errorf("intake: legal time: %w", err)
	}
	fault := Fault{Row: fatal.Row, Code: fatal.Code, Fields: fatal.Fields, Remedy: fatal.Remedy}
	err = inTx(ctx, in, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, failBatchSQL, id, fault, now)
		return err
	})
	if err != nil {
		return fmt.Errorf("intake: fail batch %d: %w", id, err)
	}
	return nil
}

// Due takes batches that wait for work and that nobody has touched for the lease, inside the caller's transaction, so that
// jobs can be made for them: it heals lost jobs, killed workers and an emptied job table.
func (in *Inbox) Due(ctx context.Context, tx pgx.Tx, lease time.Duration, limit int) ([]int64, error) {
	rows, err := tx.Query(ctx, dueBatchesSQL, lease, limit)
	if err != nil {
		return nil, fmt.Errorf("intake: due batches: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("intake: due batches: %w", err)
	}
	return ids, nil
}

func inTx(ctx context.Context, in *Inbox, f func(pgx.Tx) error) error {
	return pg.InTx(ctx, in.store.Pool(), f)
}
