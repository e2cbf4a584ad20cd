package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/engine/breaker"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/queue"
)

// Machinery is what the desk needs of whoever drives the jobs.
type Machinery interface {
	Queues(ctx context.Context) ([]queue.Queue, error)
	JobCounts(ctx context.Context) ([]queue.Count, error)
	JobList(ctx context.Context, f queue.Filter) ([]queue.Job, error)
	QueueActs(ctx context.Context, limit int) ([]queue.Act, error)
	ArgsOf(ctx context.Context, caseID int64) ([]string, error)
	RetryJob(ctx context.Context, id int64, actor, reason string) error
	CancelJob(ctx context.Context, id int64, actor, reason string) error
	PauseQueue(ctx context.Context, name, actor, reason string) error
	ResumeQueue(ctx context.Context, name, actor, reason string) error
}

// ErrNoMachinery says that this process does not see the jobs.
var ErrNoMachinery = errors.New("desk: no job queue is configured")

// JobQuery chooses jobs. About is a number of a case, or of a chunk or batch.
type JobQuery struct {
	Kind, Queue, State, About string
	Before                    int64
}

// RobotRoom is how the robot works inside: its pulse, its sweep, its queues, and the work for outside calls that is open.
type RobotRoom struct {
	Now      time.Time
	Robot    RobotState
	Breakers []breaker.Reading
	Due      int64     // that the sweep should have looked at by now, as far as it was counted
	Oldest   time.Time // since when the oldest of it waits; zero: nothing does
	Queues   []QueueRow
	Kinds    []string // to choose from
	Chunks   []ChunkRow
	Jobs     []queue.Job
	Next     int64 // where the next page begins; 0: this is the last one
	Unread   bool  // what the jobs are asked to be about makes no sense
	Acts     []queue.Act
}

// QueueRow is one queue with its jobs by state.
type QueueRow struct {
	queue.Queue
	ByState map[string]int64
	Waits   time.Time // since when its oldest job waits that could run; zero: none does
}

// ChunkRow is open work for outside calls of one kind.
type ChunkRow struct {
	Kind          string
	Chunks, Cases int64
	Ahead         int64     // of them those whose time has not come
	Failed        int64     // that have failed at least once
	Oldest        time.Time // time of the oldest
	Error         string    // of one that failed: our own word
}

// jobPage is how many jobs a page shows; actsShown is how many acts.
const (
	jobPage   = 50
	actsShown = 20
)

// RobotRoom reads how the robot works.
func (s *Service) RobotRoom(ctx context.Context, actor Actor, q JobQuery) (v RobotRoom, err error) {
	if err := actor.check(); err != nil {
		return v, err
	}
	m := s.cfg.Machinery
	if m == nil {
		return v, ErrNoMachinery
	}
	if v.Now, err = s.cfg.Cases.Now(ctx); err != nil {
		return v, fmt.Errorf("desk: legal time: %w", err)
	}
	if v.Breakers, err = s.breakersNow(ctx, v.Now); err != nil {
		return v, fmt.Errorf("desk: robot: %w", err)
	}
	err = s.read(ctx, func(tx pgx.Tx) error {
		if v.Robot, err = readRobot(ctx, tx, v.Now); err != nil {
			return err
		}
		if v.Chunks, err = readChunks(ctx, tx, v.Now); err != nil {
			return err
		}
		stuck, err := readStuck(ctx, tx, v.Now, 0, nil)
		for _, r := range stuck {
			v.Due += r.Count
			if v.Oldest.IsZero() || r.Oldest.Before(v.Oldest) {
				v.Oldest = r.Oldest
			}
		}
		return err
	})
	if err != nil {
		return v, fmt.Errorf("desk: robot: %w", err)
	}
	if err := v.queues(ctx, m); err != nil {
		return v, err
	}
	if v.Acts, err = m.QueueActs(ctx, actsShown); err != nil {
		return v, err
	}
	return v, v.jobs(ctx, m, q)
}

func (v *RobotRoom) queues(ctx context.Context, m Machinery) error {
	all, err := m.Queues(ctx)
	if err != nil {
		return err
	}
	counts, err := m.JobCounts(ctx)
	if err != nil {
		return err
	}
	for _, q := range all {
		row := QueueRow{Queue: q, ByState: map[string]int64{}}
		for _, c := range counts {
			if c.Queue != q.Name {
				continue
			}
			row.ByState[c.State] += c.N
			if (c.State == queue.Available || c.State == queue.Retryable) && (row.Waits.IsZero() || c.Oldest.Before(row.Waits)) {
				row.Waits = c.Oldest
			}
		}
		v.Queues = append(v.Queues, row)
	}
	for _, c := range counts {
		if !slices.Contains(v.Kinds, c.Kind) {
			v.Kinds = append(v.Kinds, c.Kind)
		}
	}
	slices.Sort(v.Kinds)
	return nil
}

func (v *RobotRoom) jobs(ctx context.Context, m Machinery, q JobQuery) (err error) {
	f := queue.Filter{Kind: q.Kind, Queue: q.Queue, State: q.State, Before: q.Before, Limit: jobPage + 1}
	if about := strings.TrimSpace(q.About); about != "" {
		if f.Args, err = argsAbout(ctx, m, about); err != nil {
			return err
		}
		if v.Unread = len(f.Args) == 0; v.Unread {
			return nil
		}
	}
	if v.Jobs, err = m.JobList(ctx, f); err != nil {
		return err
	}
	if len(v.Jobs) > jobPage {
		v.Jobs = v.Jobs[:jobPage]
		v.Next = v.Jobs[jobPage-1].ID
	}
	return nil
}

// argsAbout gives what arguments of jobs say that are about a case, or about a chunk or batch; none when the words are neither.
func argsAbout(ctx context.Context, m Machinery, about string) ([]string, error) {
	if id, err := caseno.Parse(about); err == nil {
		return m.ArgsOf(ctx, id)
	}
	id, err := strconv.ParseInt(about, 10, 64)
	if err != nil || id < 1 {
		return nil, nil
	}
	return []string{fmt.Sprintf(`{"chunk":%d}`, id), fmt.Sprintf(`{"batch":%d}`, id)}, nil
}

const chunksSQL = `SELECT kind, count(*), sum(cardinality(case_ids))::bigint, count(*) FILTER (WHERE not_before > $1), count(*) FILTER (WHERE error <> ''), min(not_before), coalesce(max(error), '')
  FROM chunks WHERE done_at IS NULL GROUP BY kind ORDER BY array_position($2::text[], kind)`

func readChunks(ctx context.Context, tx pgx.Tx, now time.Time) ([]ChunkRow, error) {
	order := []string{engine.ChunkLift, engine.ChunkDeregister, engine.ChunkOrders, engine.ChunkRegister, engine.ChunkNotify, engine.ChunkHandover}
	rows, err := tx.Query(ctx, chunksSQL, now, order)
	if err != nil {
		return nil, fmt.Errorf("chunks: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (c ChunkRow, err error) {
		err = row.Scan(&c.Kind, &c.Chunks, &c.Cases, &c.Ahead, &c.Failed, &c.Oldest, &c.Error)
		return c, err
	})
}

// RetryJob has a job tried again now.
func (s *Service) RetryJob(ctx context.Context, actor Actor, id int64, reason string) error {
	return s.onMachinery(actor, reason, func(m Machinery, why string) error { return m.RetryJob(ctx, id, actor.Name, why) })
}

// CancelJob ends a job; the work that it was for is taken up again.
func (s *Service) CancelJob(ctx context.Context, actor Actor, id int64, reason string) error {
	return s.onMachinery(actor, reason, func(m Machinery, why string) error { return m.CancelJob(ctx, id, actor.Name, why) })
}

// PauseQueue keeps the workers of a queue from taking up more; lifts and payments are never paused.
func (s *Service) PauseQueue(ctx context.Context, actor Actor, name, reason string) error {
	return s.onMachinery(actor, reason, func(m Machinery, why string) error { return m.PauseQueue(ctx, name, actor.Name, why) })
}

// ResumeQueue lets them go on.
func (s *Service) ResumeQueue(ctx context.Context, actor Actor, name, reason string) error {
	return s.onMachinery(actor, reason, func(m Machinery, why string) error { return m.ResumeQueue(ctx, name, actor.Name, why) })
}

// onMachinery lets those act who see the whole country, since a job may carry cases of all of it, and who say why.
func (s *Service) onMachinery(actor Actor, reason string, do func(m Machinery, why string) error) error {
	if err := actor.whole(); err != nil {
		return err
	}
	if s.cfg.Machinery == nil {
		return ErrNoMachinery
	}
	if reason = strings.TrimSpace(reason); reason == "" {
		return ErrNoReason
	}
	return do(s.cfg.Machinery, reason)
}
