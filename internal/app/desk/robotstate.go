package desk

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine/breaker"
	"robotbailiff/engine/restored"
	"robotbailiff/engine/stop"
	"robotbailiff/internal/clock"
)

// RobotState says whether the robot takes measures, and why it does not.
type RobotState struct {
	Stopped  *stop.Stop // the stop of everything; nil: not everything is stopped
	Restored bool       // an older copy of the database was restored, which stops everything too
	Stops    int        // in force, of whatever scope
	Pulse    time.Time  // the furthest legal instant that a worker has seen
}

// On says whether not everything is stopped.
func (r RobotState) On() bool { return r.Stopped == nil && !r.Restored }

// Asleep says that no worker has been seen for a while.
func (r RobotState) Asleep(now time.Time) bool { return now.Sub(r.Pulse) > asleepAfter }

// asleepAfter is how far behind the pulse may be; it comes every second.
const asleepAfter = 2 * time.Minute

const pulseSQL = `SELECT high_water FROM robot`

func readRobot(ctx context.Context, tx pgx.Tx, now time.Time) (r RobotState, err error) {
	open, err := stop.List(ctx, tx, now, true, maxStops)
	if err != nil {
		return r, err
	}
	r.Stops = len(open)
	for i, s := range open {
		if s.Scope == stop.Everything {
			r.Stopped = &open[i]
		}
	}
	older, err := restored.Open(ctx, tx, now)
	if err != nil {
		return r, err
	}
	r.Restored = older != nil
	err = tx.QueryRow(ctx, pulseSQL).Scan(&r.Pulse)
	r.Pulse = r.Pulse.UTC()
	return r, err
}

// breakerLook keeps the last look at the breakers for as long as the robot itself would: a look may count all cases of a day.
type breakerLook struct {
	mu       sync.Mutex
	watch    *clock.Stopwatch // since the look; nil: none yet
	readings []breaker.Reading
}

// breakersFor is how old a look may be.
const breakersFor = time.Minute

// breakersNow tells how the breakers stood within the last minute.
func (s *Service) breakersNow(ctx context.Context, now time.Time) ([]breaker.Reading, error) {
	l := &s.looked
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.watch != nil && l.watch.Elapsed() < breakersFor {
		return l.readings, nil
	}
	readings, err := s.breakers.Look(ctx, now)
	if err != nil {
		return nil, err
	}
	watch := clock.StartStopwatch()
	l.readings, l.watch = readings, &watch
	return readings, nil
}
