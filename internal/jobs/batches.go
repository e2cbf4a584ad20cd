package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"robotbailiff/engine/intake"
	"robotbailiff/internal/pg"
)

// queueIntake has one worker a process, so that a court's morning never starves what debtors wait for.
const queueIntake = "intake"

// intakeJob takes a court batch further.
type intakeJob struct {
	Batch int64 `json:"batch"`
}

// Kind implements river.JobArgs.
func (intakeJob) Kind() string { return "intake.batch" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (intakeJob) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: queueIntake} }

const (
	// batchSlice is how long one batch is worked before the others have their turn.
	batchSlice = 20 * time.Second
	// batchTimeout bounds one go: the first look at a file cannot be cut into slices.
	batchTimeout = 15 * time.Minute
)

// intakeWorker has a time limit of its own.
type intakeWorker struct {
	river.WorkerDefaults[intakeJob]
	robot *Robot
}

// Timeout implements river.Worker.
func (*intakeWorker) Timeout(*river.Job[intakeJob]) time.Duration { return batchTimeout }

// Work implements river.Worker.
func (w *intakeWorker) Work(ctx context.Context, j *river.Job[intakeJob]) error {
	return w.robot.takeBatch(ctx, j.Args.Batch)
}

// takeBatch works one slice of a batch. When the process ends in the middle, the pulse of another one goes on.
func (r *Robot) takeBatch(ctx context.Context, id int64) error {
	ctx, cancel := r.untilStopping(ctx)
	defer cancel()
	b, more, err := r.Inbox.Work(ctx, id, batchSlice, nil)
	select {
	case <-r.stopping:
		return nil
	default:
	}
	switch {
	case errors.Is(err, intake.ErrNoBatch):
		return river.JobCancel(err)
	case err != nil:
		return err
	case more:
		return river.JobSnooze(0)
	}
	r.cfg.Observe("batch", string(b.State), 1)
	return nil
}

// enqueueBatch asks for a batch to be worked in the transaction that made it ready.
func (r *Robot) enqueueBatch(ctx context.Context, tx pgx.Tx, id int64) error {
	if _, err := r.client.InsertTx(ctx, tx, intakeJob{id}, nil); err != nil {
		return fmt.Errorf("jobs: enqueue batch %d: %w", id, err)
	}
	return nil
}

// wakeBatchesAtOnce is how many batches one pulse takes up.
const wakeBatchesAtOnce = 100

// wakeBatches makes jobs anew for batches that wait for work and that nobody has touched for the lease.
func (r *Robot) wakeBatches(ctx context.Context) error {
	return pg.InTx(ctx, r.cfg.Pool, func(tx pgx.Tx) error {
		ids, err := r.Inbox.Due(ctx, tx, r.cfg.Lease, wakeBatchesAtOnce)
		if err != nil {
			return err
		}
		for _, id := range ids {
			var waits bool
			if err := tx.QueryRow(ctx, batchWaitsSQL, id).Scan(&waits); err != nil {
				return err
			}
			if waits {
				continue
			}
			if err := r.enqueueBatch(ctx, tx, id); err != nil {
				return err
			}
		}
		return nil
	})
}

const batchWaitsSQL = `SELECT EXISTS (SELECT 1 FROM river_job WHERE kind = 'intake.batch' AND state = 'available' AND (args ->> 'batch')::bigint = $1)`
