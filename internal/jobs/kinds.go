package jobs

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"robotbailiff/engine"
	"robotbailiff/internal/pg"
	"robotbailiff/notify"
)

// Queues. Lifts and money have their own workers, so that nothing else can starve them.
const (
	queueLift     = "lift"
	queueMoney    = "money"
	queueOrders   = "orders"
	queueNotify   = "notify"
	queueHandover = "handover"
)

var queues = map[string]river.QueueConfig{
	queueLift:     {MaxWorkers: 2},
	queueMoney:    {MaxWorkers: 1},
	queueOrders:   {MaxWorkers: 2},
	queueNotify:   {MaxWorkers: 2},
	queueHandover: {MaxWorkers: 1},
	queueIntake:   {MaxWorkers: 1},
	queueFeed:     {MaxWorkers: 2},
	queueTills:    {MaxWorkers: 1},
	queueCompare:  {MaxWorkers: 1},
	queueCodes:    {MaxWorkers: 2},
}

// Kinds of jobs: stable strings, one per queue.
type (
	liftJob struct {
		Chunk int64 `json:"chunk"`
	}
	ordersJob struct {
		Chunk int64 `json:"chunk"`
	}
	notifyJob struct {
		Chunk int64 `json:"chunk"`
	}
	handoverJob struct {
		Chunk int64 `json:"chunk"`
	}
	registerJob struct {
		Chunk int64 `json:"chunk"`
	}
	deregisterJob struct {
		Chunk int64 `json:"chunk"`
	}
	settleJob struct{}
)

// Kind implements river.JobArgs.
func (liftJob) Kind() string     { return "orders.lift" }
func (ordersJob) Kind() string   { return "orders.send" }
func (notifyJob) Kind() string   { return "notify.send" }
func (handoverJob) Kind() string { return "handover.assign" }
func (settleJob) Kind() string   { return "money.settle" }

// Kind implements river.JobArgs.
func (registerJob) Kind() string   { return "register.enter" }
func (deregisterJob) Kind() string { return "register.remove" }

// InsertOpts implements river.JobArgsWithInsertOpts. A removal gives back, so it goes with the lifts.
func (registerJob) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: queueOrders} }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (deregisterJob) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueLift, Priority: 1}
}

// InsertOpts implements river.JobArgsWithInsertOpts.
func (liftJob) InsertOpts() river.InsertOpts     { return river.InsertOpts{Queue: queueLift, Priority: 1} }
func (ordersJob) InsertOpts() river.InsertOpts   { return river.InsertOpts{Queue: queueOrders} }
func (notifyJob) InsertOpts() river.InsertOpts   { return river.InsertOpts{Queue: queueNotify} }
func (handoverJob) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: queueHandover} }
func (settleJob) InsertOpts() river.InsertOpts   { return river.InsertOpts{Queue: queueMoney} }

func (r *Robot) workers() *river.Workers {
	w := river.NewWorkers()
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, j *river.Job[liftJob]) error { return r.work(ctx, j.Args.Chunk, r.bank.Run) }))
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, j *river.Job[ordersJob]) error { return r.work(ctx, j.Args.Chunk, r.bank.Run) }))
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, j *river.Job[registerJob]) error {
		return r.work(ctx, j.Args.Chunk, r.registrar.Run)
	}))
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, j *river.Job[deregisterJob]) error {
		return r.work(ctx, j.Args.Chunk, r.registrar.Run)
	}))
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, j *river.Job[notifyJob]) error {
		return r.work(ctx, j.Args.Chunk, r.sendNotices)
	}))
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, j *river.Job[handoverJob]) error {
		return r.work(ctx, j.Args.Chunk, r.assigner.Run)
	}))
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, _ *river.Job[settleJob]) error { return r.settleSoon(ctx) }))
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, j *river.Job[tillJob]) error { return r.AskTill(ctx, j.Args.Gateway) }))
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, j *river.Job[codeJob]) error { return r.sendCode(ctx, j.Args.Case) }))
	river.AddWorker(w, &intakeWorker{robot: r})
	river.AddWorker(w, &feedWorker{robot: r})
	river.AddWorker(w, &compareWorker{robot: r})
	river.AddWorker(w, &chainWorker{robot: r})
	river.AddWorker(w, &figuresWorker{robot: r})
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, _ *river.Job[correctJob]) error {
		return errors.Join(r.Comparer.Correct(ctx), r.registrar.Correct(ctx))
	}))
	return w
}

// enqueue starts work on chunks in the transaction that made them.
func (r *Robot) enqueue(ctx context.Context, tx pgx.Tx, chunks []engine.Chunk) error {
	params := make([]river.InsertManyParams, 0, len(chunks))
	for _, c := range chunks {
		var args river.JobArgs
		switch c.Kind {
		case engine.ChunkLift:
			args = liftJob{c.ID}
		case engine.ChunkOrders:
			args = ordersJob{c.ID}
		case engine.ChunkRegister:
			args = registerJob{c.ID}
		case engine.ChunkDeregister:
			args = deregisterJob{c.ID}
		case engine.ChunkNotify:
			args = notifyJob{c.ID}
		case engine.ChunkHandover:
			args = handoverJob{c.ID}
		default:
			return fmt.Errorf("jobs: chunk %d is of an unknown kind %q", c.ID, c.Kind)
		}
		params = append(params, river.InsertManyParams{Args: args})
	}
	if _, err := r.client.InsertManyFastTx(ctx, tx, params); err != nil {
		return fmt.Errorf("jobs: enqueue: %w", err)
	}
	return nil
}

// work runs one chunk. A chunk that somebody else has is no error; one that cannot be worked is halved until the one bad
// case is found, and that case gets a hold.
func (r *Robot) work(ctx context.Context, id int64, run func(context.Context, int64) error) error {
	err := run(ctx, id)
	if err == nil || errors.Is(err, engine.ErrFenced) {
		return nil
	}
	if ctx.Err() != nil || !ofOneCase(err) {
		return err
	}
	r.cfg.Log.ErrorContext(ctx, "chunk cannot be worked, halving it", "chunk", id, "error", err)
	return r.halve(ctx, id)
}

// ofOneCase says whether an error may belong to one case of the chunk: data that the database or a cipher refuses.
func ofOneCase(err error) bool {
	return pg.BlamesData(err) || errors.Is(err, errContact) || errors.Is(err, engine.ErrConflict)
}

func (r *Robot) halve(ctx context.Context, id int64) error {
	err := pg.InTx(ctx, r.cfg.Pool, func(tx pgx.Tx) error {
		c, err := engine.Claim(ctx, tx, id)
		if err != nil {
			return err
		}
		halves, err := c.Split(ctx, tx, "cannot be worked")
		if err != nil {
			return err
		}
		if len(halves) > 0 {
			return r.enqueue(ctx, tx, halves)
		}
		hold := engine.For{CaseID: c.CaseIDs[0], Actor: engine.ActorRobot, Command: engine.SetHold{Reason: "outside_call_failed"}}
		if _, err := r.Engine.ApplyTx(ctx, tx, []engine.For{hold}); err != nil {
			return err
		}
		return c.Finish(ctx, tx, nil, c.NotBefore, c.NotBefore)
	})
	if errors.Is(err, engine.ErrFenced) {
		return nil
	}
	return err
}

// sendNotices works a chunk of notices.
func (r *Robot) sendNotices(ctx context.Context, id int64) error {
	var chunk engine.Chunk
	err := pg.InTx(ctx, r.cfg.Pool, func(tx pgx.Tx) (err error) {
		chunk, err = engine.Claim(ctx, tx, id)
		return err
	})
	if err != nil {
		return err
	}
	held, err := r.heldNotices(ctx, chunk.CaseIDs)
	if err != nil {
		return err
	}
	free := without(chunk.CaseIDs, held)
	contacts, err := r.contacts(ctx, free)
	if err != nil {
		return err
	}
	err = r.sender.Run(ctx, free, contacts)
	var later *notify.Later
	var again, rest []int64
	now, nowErr := r.cfg.Clock.Now(ctx)
	if nowErr != nil {
		return nowErr
	}
	next := now
	switch {
	case errors.As(err, &later):
		rest = later.Rest
		if !later.At.IsZero() {
			again, next = without(free, rest), later.At
		}
	case err != nil:
		return err
	}
	return pg.InTx(ctx, r.cfg.Pool, func(tx pgx.Tx) error {
		if err := chunk.Hold(ctx, tx); err != nil {
			return err
		}
		if err := chunk.Again(ctx, tx, rest, now, now); err != nil {
			return err
		}
		if err := chunk.Again(ctx, tx, held, now, now.Add(heldFor)); err != nil {
			return err
		}
		return chunk.Finish(ctx, tx, again, now, next)
	})
}

// without gives the ids that are not among others.
func without(ids, others []int64) []int64 {
	if len(others) == 0 {
		return ids
	}
	skip := make(map[int64]bool, len(others))
	for _, id := range others {
		skip[id] = true
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return skip[id] })
}
