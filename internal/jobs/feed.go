package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// Feed tells the webhooks of sources what happened to their writs. What is due, and who is telling it, stands in its own
// table: jobs may be lost or come twice.
type Feed interface {
	Due(ctx context.Context, limit int) (sources []string, err error)
	Deliver(ctx context.Context, source string) error
}

// queueFeed has its own workers, since other people's servers may be slow.
const queueFeed = "feed"

// feedJob tells one source.
type feedJob struct {
	Source string `json:"source"`
}

// Kind implements river.JobArgs.
func (feedJob) Kind() string { return "feed.deliver" }

// waitingStates are those of a job that has still to end: one a source is enough.
var waitingStates = []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning, rivertype.JobStateScheduled, rivertype.JobStateRetryable,
}

// InsertOpts implements river.JobArgsWithInsertOpts. What fails is tried again by the table of the feed, not by the queue.
func (feedJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueFeed, MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: waitingStates}}
}

// feedTimeout is longer than the pages of one go can take, and the feed lets go of a source before.
const feedTimeout = 6 * time.Minute

type feedWorker struct {
	river.WorkerDefaults[feedJob]
	robot *Robot
}

// Timeout implements river.Worker.
func (*feedWorker) Timeout(*river.Job[feedJob]) time.Duration { return feedTimeout }

// Work implements river.Worker. It ends with the robot: a page that was not taken is told again.
func (w *feedWorker) Work(ctx context.Context, j *river.Job[feedJob]) error {
	ctx, cancel := w.robot.untilStopping(ctx)
	defer cancel()
	return w.robot.cfg.Feed.Deliver(ctx, j.Args.Source)
}

// untilStopping is a context that ends with the robot: for work that another process can go on with.
func (r *Robot) untilStopping(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-r.stopping:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// feedsAtOnce is how many sources one pulse asks to be told.
const feedsAtOnce = 100

// wakeFeeds makes jobs for the webhooks that may have something to be told.
func (r *Robot) wakeFeeds(ctx context.Context) error {
	if r.cfg.Feed == nil {
		return nil
	}
	due, err := r.cfg.Feed.Due(ctx, feedsAtOnce)
	if err != nil || len(due) == 0 {
		return err
	}
	params := make([]river.InsertManyParams, len(due))
	for i, source := range due {
		params[i] = river.InsertManyParams{Args: feedJob{source}}
	}
	if _, err := r.client.InsertMany(ctx, params); err != nil {
		return fmt.Errorf("jobs: enqueue: %w", err)
	}
	return nil
}
