package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"robotbailiff/engine/audit"
	"robotbailiff/engine/breaker"
	"robotbailiff/engine/stop"
)

// chainJob moves a run of the verifier on. What is to be done, and how far it is, stands in the table of runs: jobs may be lost or come twice.
type chainJob struct {
	Run int64 `json:"run"`
}

// Kind implements river.JobArgs.
func (chainJob) Kind() string { return "audit.chain" }

// InsertOpts implements river.JobArgsWithInsertOpts. It goes behind all compares of banks, which have the same worker: nobody waits for it
// but who has asked.
func (chainJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueCompare, Priority: 4, MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: waitingStates}}
}

const (
	// chainSlice is for how long a run is worked before what is more urgent has its turn.
	chainSlice = 10 * time.Second
	// chainIdle is for how long a run may stand still before another job is made for it.
	chainIdle = 30 * time.Second
	// chainTimeout bounds one go: the last snapshot of a slice has to end.
	chainTimeout = time.Minute
)

type chainWorker struct {
	river.WorkerDefaults[chainJob]
	robot *Robot
}

// Timeout implements river.Worker.
func (*chainWorker) Timeout(*river.Job[chainJob]) time.Duration { return chainTimeout }

// Work implements river.Worker. It ends with the robot: another process goes on.
func (w *chainWorker) Work(ctx context.Context, j *river.Job[chainJob]) error {
	ctx, cancel := w.robot.untilStopping(ctx)
	defer cancel()
	more, err := w.robot.VerifyChain(ctx, j.Args.Run)
	switch {
	case errors.Is(err, audit.ErrNoRun):
		return river.JobCancel(err)
	case err != nil:
		return err
	case more:
		return river.JobSnooze(0)
	}
	return nil
}

// VerifyChain moves a run of the verifier on for a while. A fault that it finds opens the breaker of broken promises: all measures are
// stopped until two people release them.
func (r *Robot) VerifyChain(ctx context.Context, id int64) (more bool, err error) {
	run, more, err := audit.Work(ctx, r.cfg.Pool, id, chainSlice, r.alarmOfChain)
	if err == nil && !more {
		r.cfg.Observe("chain", string(run.State), 1)
	}
	return more, err
}

func (r *Robot) alarmOfChain(ctx context.Context, bad audit.Place) error {
	r.cfg.Log.ErrorContext(ctx, "the record of a case is not what was written: all measures are stopped until two people release", "case", bad.CaseID, "seq", bad.Seq, "fault", string(bad.Fault))
	now, err := r.cfg.Clock.Now(ctx)
	if err != nil {
		return err
	}
	f := stop.Figures{Count: 1}
	_, err = stop.NewStore(r.cfg.Pool).Trip(ctx, stop.Everything, breaker.Violations, breaker.Why(breaker.Violations, f, "en"), f, now)
	return err
}

// wakeChains makes a job for the run that somebody has asked for, or that nobody works.
func (r *Robot) wakeChains(ctx context.Context) error {
	id, err := audit.OpenRun(ctx, r.cfg.Pool, chainIdle)
	if err != nil || id == 0 {
		return err
	}
	if _, err := r.client.Insert(ctx, chainJob{id}, nil); err != nil {
		return fmt.Errorf("jobs: enqueue: %w", err)
	}
	return nil
}
