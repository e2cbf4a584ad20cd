package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"robotbailiff/internal/clock"
)

// Figures counts the months that are over, for everybody to see.
type Figures interface {
	// Due says whether a month waits to be counted; it is asked often.
	Due(ctx context.Context) (bool, error)
	// Count counts all that wait. It reads all cases, once a month.
	Count(ctx context.Context) error
}

// figuresJob counts the months that are over. Which they are stands in the table of counted months: jobs may be lost or come twice.
type figuresJob struct{}

// Kind implements river.JobArgs.
func (figuresJob) Kind() string { return "figures.count" }

// InsertOpts implements river.JobArgsWithInsertOpts. It goes behind all compares of banks, which have the same worker: a month can wait.
func (figuresJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueCompare, Priority: 4, MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByState: waitingStates}}
}

const (
	// figuresEvery is the real time between two looks whether a month waits.
	figuresEvery = 10 * time.Second
	// figuresTimeout bounds the counting: a little more than it allows itself.
	figuresTimeout = 6 * time.Minute
)

type figuresWorker struct {
	river.WorkerDefaults[figuresJob]
	robot *Robot
}

// Timeout implements river.Worker.
func (*figuresWorker) Timeout(*river.Job[figuresJob]) time.Duration { return figuresTimeout }

// Work implements river.Worker. It ends with the robot: another process begins the month again.
func (w *figuresWorker) Work(ctx context.Context, _ *river.Job[figuresJob]) error {
	if w.robot.cfg.Figures == nil {
		return nil // another process counts
	}
	ctx, cancel := w.robot.untilStopping(ctx)
	defer cancel()
	return w.robot.cfg.Figures.Count(ctx)
}

// wakeFigures makes a job when a month waits to be counted.
func (r *Robot) wakeFigures(ctx context.Context) error {
	if r.cfg.Figures == nil || r.figured.Elapsed() < figuresEvery {
		return nil
	}
	r.figured = clock.StartStopwatch()
	due, err := r.cfg.Figures.Due(ctx)
	if err != nil || !due {
		return err
	}
	if _, err := r.client.Insert(ctx, figuresJob{}, nil); err != nil {
		return fmt.Errorf("jobs: enqueue: %w", err)
	}
	return nil
}
