package jobs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/riverqueue/river"

	"robotbailiff/engine/orders"
	"robotbailiff/engine/restored"
	"robotbailiff/internal/clock"
	"robotbailiff/rules/calendar"
)

// queueCompare has one worker a process: lists of banks are long, and nobody waits for them.
const queueCompare = "compare"

// compareJob compares one bank. What is due stands in the table of runs: jobs may be lost or come twice.
type compareJob struct {
	Duty string `json:"duty"`
	Bank string `json:"bank"`
}

// Kind implements river.JobArgs.
func (compareJob) Kind() string { return "orders.compare" }

// InsertOpts implements river.JobArgsWithInsertOpts. What fails is asked for again by the pulse.
func (compareJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueCompare, MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: waitingStates}}
}

// correctJob sends what banks are to give back because of a compare.
type correctJob struct{}

// Kind implements river.JobArgs.
func (correctJob) Kind() string { return "orders.correct" }

// InsertOpts implements river.JobArgsWithInsertOpts. These are lifts, so they go with the lifts.
func (correctJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueLift, MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: waitingStates}}
}

// compareTimeout bounds one go; the next one goes on at the same page.
const compareTimeout = 10 * time.Minute

type compareWorker struct {
	river.WorkerDefaults[compareJob]
	robot *Robot
}

// Timeout implements river.Worker.
func (*compareWorker) Timeout(*river.Job[compareJob]) time.Duration { return compareTimeout }

// Work implements river.Worker. It ends with the robot: another process goes on.
func (w *compareWorker) Work(ctx context.Context, j *river.Job[compareJob]) error {
	ctx, cancel := w.robot.untilStopping(ctx)
	defer cancel()
	return w.robot.compare(ctx, j.Args.Duty, j.Args.Bank)
}

func (r *Robot) compare(ctx context.Context, duty, bank string) error {
	on, err := r.dutyDate(ctx, duty)
	if err != nil {
		return err
	}
	run, err := r.CompareWith(ctx, duty, on, bank)
	switch {
	case errors.Is(err, orders.ErrNotNow):
		return nil
	case err != nil:
		r.cfg.Observe("compare", "failed", 1)
		return err
	}
	r.cfg.Observe("compare", "done", 1)
	r.cfg.Log.InfoContext(ctx, "a bank was compared", "bank", bank, "duty", duty, "holds", run.Holds, "arrests", run.Arrests)
	return nil
}

// CompareWith compares one bank, or the register of debtors by its own name.
func (r *Robot) CompareWith(ctx context.Context, duty string, on calendar.Date, with string) (orders.Run, error) {
	if with == orders.RegisterName {
		return r.registrar.Compare(ctx, duty, on)
	}
	return r.Comparer.Compare(ctx, duty, on, with)
}

// Compared names those with whom our books are compared: the banks that are connected, and the register.
func (r *Robot) Compared() []string {
	names := slices.Sorted(maps.Keys(r.cfg.Banks))
	if r.cfg.Register != nil {
		names = append(names, orders.RegisterName)
	}
	return names
}

// dutyDate is the legal day of a compare: today, or for the one after a restore the day on which that was noticed.
func (r *Robot) dutyDate(ctx context.Context, duty string) (calendar.Date, error) {
	now, err := r.cfg.Clock.Now(ctx)
	if err != nil {
		return calendar.Date(0), err
	}
	open, err := restored.Open(ctx, r.cfg.Pool, now)
	if err == nil && open != nil && open.Duty() == duty {
		return calendar.DateOf(open.At), nil
	}
	return calendar.DateOf(now), err
}

// wakeCompares asks for the compares of today that nobody has done: of every bank, and after a restore of every bank once more.
func (r *Robot) wakeCompares(ctx context.Context) error {
	if len(r.cfg.Banks) == 0 || r.cfg.NoCompare {
		return nil
	}
	now, err := r.cfg.Clock.Now(ctx)
	if err != nil {
		return err
	}
	duties := []string{orders.DutyDaily}
	open, err := restored.Open(ctx, r.cfg.Pool, now)
	if err != nil {
		return err
	}
	if open != nil {
		duties = append(duties, open.Duty())
	}
	var params []river.InsertManyParams
	for _, duty := range duties {
		on := calendar.DateOf(now)
		if open != nil && duty == open.Duty() {
			on = calendar.DateOf(open.At)
		}
		due, err := r.Comparer.Due(ctx, duty, on, r.Compared())
		if err != nil {
			return err
		}
		for _, bank := range due {
			params = append(params, river.InsertManyParams{Args: compareJob{duty, bank}})
		}
	}
	owed, err := r.Comparer.Owed(ctx)
	if err != nil {
		return err
	}
	removals, err := r.registrar.Owed(ctx)
	if err != nil {
		return err
	}
	if owed || removals {
		params = append(params, river.InsertManyParams{Args: correctJob{}})
	}
	if len(params) == 0 {
		return nil
	}
	if _, err := r.client.InsertMany(ctx, params); err != nil {
		return fmt.Errorf("jobs: enqueue: %w", err)
	}
	return nil
}

const (
	escalateEvery = 10 * time.Second // in real time; ten pulses where those are faster
	beatEvery     = 5 * time.Second
	countEvery    = 30 * time.Second
)

// escalate tells of lifts that are not confirmed in time: with the first pulse, so that processes which never live long tell of them too,
// and then every so often.
func (r *Robot) escalate(ctx context.Context) error {
	if r.escalated.Elapsed() < r.escalatePause {
		return nil
	}
	watch := clock.StartStopwatch()
	err := r.Comparer.Escalate(ctx)
	r.escalatePause, r.escalated = min(escalateEvery, max(10*r.cfg.Pulse, 20*watch.Elapsed())), clock.StartStopwatch()
	return err
}

// countOrders counts for the desk. What takes long is done more rarely: it never takes more than a twentieth of the time.
func (r *Robot) countOrders(ctx context.Context) error {
	if r.counted.Elapsed() < r.countPause {
		return nil
	}
	watch := clock.StartStopwatch()
	err := r.Comparer.CountOrders(ctx)
	r.countPause, r.counted = max(countEvery, 20*watch.Elapsed()), clock.StartStopwatch()
	return err
}

// markBeat notes outside of the database how far it is, and finds out whether it is an older copy of itself.
func (r *Robot) markBeat(ctx context.Context, every time.Duration) error {
	if r.cfg.Mark == nil || every > 0 && r.beaten.Elapsed() < every {
		return nil
	}
	now, err := r.cfg.Clock.Now(ctx)
	if err != nil {
		return err
	}
	found, err := r.cfg.Mark.Beat(ctx, r.cfg.Pool, now)
	if found != nil {
		r.cfg.Observe("restored", found.NoticedBy, 1)
		r.cfg.Log.ErrorContext(ctx, "the database is an older copy of itself: coercion is off until every bank was compared and two people release it", "restore", found.ID)
	}
	if err == nil {
		r.beaten = clock.StartStopwatch()
	}
	return err
}
