package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"robotbailiff/engine"
	"robotbailiff/internal/obs"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/queue"
)

// keptQueues are never paused: what gives back, and what tells of payments. The table of acts says the same.
var keptQueues = []string{queueLift, queueMoney, queueTills}

// Queues lists the queues with who works them.
func (r *Robot) Queues(ctx context.Context) ([]queue.Queue, error) {
	found, err := r.client.QueueList(ctx, river.NewQueueListParams().First(100))
	if err != nil {
		return nil, fmt.Errorf("jobs: queues: %w", err)
	}
	var list []queue.Queue
	for name := range queues {
		q := queue.Queue{Name: name, Kept: slices.Contains(keptQueues, name)}
		for _, f := range found.Queues {
			if f.Name == name {
				q.Seen, q.Paused = f.UpdatedAt.UTC(), orZero(f.PausedAt)
			}
		}
		list = append(list, q)
	}
	slices.SortFunc(list, func(a, b queue.Queue) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// JobCounts counts the jobs that are not completed.
func (r *Robot) JobCounts(ctx context.Context) ([]queue.Count, error) {
	rows, err := r.cfg.Pool.Query(ctx, jobCountsSQL)
	if err != nil {
		return nil, fmt.Errorf("jobs: counts: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (c queue.Count, err error) {
		err = row.Scan(&c.Kind, &c.Queue, &c.State, &c.N, &c.Oldest)
		c.Oldest = c.Oldest.UTC()
		return c, err
	})
}

const jobCountsSQL = `SELECT kind, queue, state::text, count(*), min(scheduled_at) FROM river_job
 WHERE state IN ('available', 'cancelled', 'discarded', 'pending', 'retryable', 'running', 'scheduled') GROUP BY 1, 2, 3 ORDER BY 2, 1, 3`

// JobList lists jobs, the newest first.
func (r *Robot) JobList(ctx context.Context, f queue.Filter) ([]queue.Job, error) {
	p := river.NewJobListParams().OrderBy(river.JobListOrderByID, river.SortOrderDesc).First(f.Limit)
	if f.Kind != "" {
		p = p.Kinds(f.Kind)
	}
	if f.Queue != "" {
		p = p.Queues(f.Queue)
	}
	if f.State != "" {
		p = p.States(rivertype.JobState(f.State))
	}
	if f.Before > 0 {
		p = p.Where("id < @before_id", river.NamedArgs{"before_id": f.Before})
	}
	if f.Args != nil {
		p = p.Where("args @> ANY (@parts::text[]::jsonb[])", river.NamedArgs{"parts": f.Args})
	}
	found, err := r.client.JobList(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("jobs: list: %w", err)
	}
	list := make([]queue.Job, 0, len(found.Jobs))
	for _, j := range found.Jobs {
		list = append(list, shown(j))
	}
	return list, nil
}

// shownErrors is how many attempts are shown of a job.
const shownErrors = 5

// shown is a job as people see it.
func shown(j *rivertype.JobRow) queue.Job {
	out := queue.Job{
		ID: j.ID, Kind: j.Kind, Queue: j.Queue, State: string(j.State), Args: string(j.EncodedArgs), Attempt: j.Attempt, MaxAttempts: j.MaxAttempts,
		Created: j.CreatedAt.UTC(), Scheduled: j.ScheduledAt.UTC(), Attempted: orZero(j.AttemptedAt), Finalized: orZero(j.FinalizedAt),
	}
	for _, e := range slices.Backward(j.Errors) {
		if len(out.Errors) == shownErrors {
			break
		}
		text, _, _ := strings.Cut(obs.Redact(e.Error), "\n")
		out.Errors = append(out.Errors, queue.Failure{At: e.At.UTC(), Attempt: e.Attempt, Text: text})
	}
	return out
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// RetryJob has a job tried again now. One that runs is left alone.
func (r *Robot) RetryJob(ctx context.Context, id int64, actor, reason string) error {
	return r.onJob(ctx, id, queue.ActRetry, actor, reason, func(tx pgx.Tx, j *rivertype.JobRow) error {
		if j.State == rivertype.JobStateRunning || j.State == rivertype.JobStateAvailable {
			return queue.ErrAlready
		}
		_, err := r.client.JobRetryTx(ctx, tx, id)
		return err
	})
}

// CancelJob ends a job. What it was for is done all the same: the pulse makes another for work that is still open.
func (r *Robot) CancelJob(ctx context.Context, id int64, actor, reason string) error {
	return r.onJob(ctx, id, queue.ActCancel, actor, reason, func(tx pgx.Tx, j *rivertype.JobRow) error {
		if queue.Over(string(j.State)) {
			return queue.ErrAlready
		}
		_, err := r.client.JobCancelTx(ctx, tx, id)
		return err
	})
}

func (r *Robot) onJob(ctx context.Context, id int64, act, actor, reason string, do func(tx pgx.Tx, j *rivertype.JobRow) error) error {
	return pg.InTx(ctx, r.cfg.Pool, func(tx pgx.Tx) error {
		j, err := r.client.JobGetTx(ctx, tx, id)
		if errors.Is(err, river.ErrNotFound) {
			return queue.ErrNoJob
		}
		if err != nil {
			return fmt.Errorf("jobs: job %d: %w", id, err)
		}
		if err := do(tx, j); err != nil {
			return err
		}
		return keepAct(ctx, tx, act, id, j.Kind, j.Queue, actor, reason)
	})
}

// PauseQueue lets the workers of a queue take nothing more up. Queues that give back or tell of payments are never paused.
func (r *Robot) PauseQueue(ctx context.Context, name, actor, reason string) error {
	if slices.Contains(keptQueues, name) {
		return queue.ErrKept
	}
	return r.onQueue(ctx, name, queue.ActPause, actor, reason, func(tx pgx.Tx, q *rivertype.Queue) error {
		if q.PausedAt != nil {
			return queue.ErrAlready
		}
		return r.client.QueuePauseTx(ctx, tx, name, nil)
	})
}

// ResumeQueue lets them go on.
func (r *Robot) ResumeQueue(ctx context.Context, name, actor, reason string) error {
	return r.onQueue(ctx, name, queue.ActResume, actor, reason, func(tx pgx.Tx, q *rivertype.Queue) error {
		if q.PausedAt == nil {
			return queue.ErrAlready
		}
		return r.client.QueueResumeTx(ctx, tx, name, nil)
	})
}

// chunksOf are the kinds of chunks whose jobs wait in a queue that can be paused.
var chunksOf = map[string][]string{
	queueOrders: {engine.ChunkOrders, engine.ChunkRegister}, queueNotify: {engine.ChunkNotify}, queueHandover: {engine.ChunkHandover},
}

// pausedChunks gives the kinds of chunks for which no jobs are made anew: their queue is paused, and each look would add a job.
func pausedChunks(ctx context.Context, tx pgx.Tx) (kinds []string, err error) {
	rows, err := tx.Query(ctx, `SELECT name FROM river_queue WHERE paused_at IS NOT NULL`)
	if err != nil {
		return nil, fmt.Errorf("jobs: paused queues: %w", err)
	}
	var name string
	_, err = pgx.ForEachRow(rows, []any{&name}, func() error {
		kinds = append(kinds, chunksOf[name]...)
		return nil
	})
	return kinds, err
}

func (r *Robot) onQueue(ctx context.Context, name, act, actor, reason string, do func(tx pgx.Tx, q *rivertype.Queue) error) error {
	if _, ours := queues[name]; !ours {
		return queue.ErrNoQueue
	}
	return pg.InTx(ctx, r.cfg.Pool, func(tx pgx.Tx) error {
		q, err := r.client.QueueGetTx(ctx, tx, name)
		if errors.Is(err, river.ErrNotFound) {
			return queue.ErrNoQueue // nobody has worked it yet
		}
		if err != nil {
			return fmt.Errorf("jobs: queue %s: %w", name, err)
		}
		if err := do(tx, q); err != nil {
			return err
		}
		return keepAct(ctx, tx, act, 0, "", name, actor, reason)
	})
}

func keepAct(ctx context.Context, tx pgx.Tx, act string, job int64, kind, queueName, actor, reason string) error {
	if reason = strings.TrimSpace(reason); reason == "" {
		return queue.ErrNoReason
	}
	if _, err := tx.Exec(ctx, keepActSQL, act, job, kind, queueName, actor, reason); err != nil {
		return fmt.Errorf("jobs: act: %w", err)
	}
	return nil
}

const keepActSQL = `INSERT INTO queue_acts (act, job_id, kind, queue, actor, reason) VALUES ($1, nullif($2, 0), $3, $4, $5, $6)`

// QueueActs lists what people did, the newest first.
func (r *Robot) QueueActs(ctx context.Context, limit int) ([]queue.Act, error) {
	rows, err := r.cfg.Pool.Query(ctx, queueActsSQL, limit)
	if err != nil {
		return nil, fmt.Errorf("jobs: acts: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (a queue.Act, err error) {
		err = row.Scan(&a.Act, &a.Job, &a.Kind, &a.Queue, &a.Actor, &a.Reason, &a.At)
		a.At = a.At.UTC()
		return a, err
	})
}

const queueActsSQL = `SELECT act, coalesce(job_id, 0), kind, queue, actor, reason, at FROM queue_acts ORDER BY id DESC LIMIT $1`

// ArgsOf gives the parts of arguments of jobs that are about a case, by the chunks that carry it now.
func (r *Robot) ArgsOf(ctx context.Context, caseID int64) ([]string, error) {
	rows, err := r.cfg.Pool.Query(ctx, chunksOfCaseSQL, caseID)
	if err != nil {
		return nil, fmt.Errorf("jobs: chunks of case %d: %w", caseID, err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("jobs: chunks of case %d: %w", caseID, err)
	}
	part := func(args any) string {
		raw, _ := json.Marshal(args) // numbers alone
		return string(raw)
	}
	parts := []string{part(codeJob{Case: caseID})}
	for _, id := range ids {
		parts = append(parts, part(liftJob{Chunk: id}))
	}
	return parts, nil
}

const chunksOfCaseSQL = `SELECT id FROM chunks WHERE done_at IS NULL AND case_ids @> ARRAY[$1::bigint] ORDER BY id LIMIT 1000`
