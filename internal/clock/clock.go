// Package clock is the only source of the present moment. Whatever depends on time is given a
// [Clock]; production reads the system, the sandbox reads one row that all its processes
// share, tests read what they set.
//
// It must not compute a term, a legal day or anything else of the calendar, and nothing but
// this package may call time.Now.
//
// The entry points are [System], [Sandbox] and, in tests, [NewManual].
package clock

import (
	"context"
	"sync"
	"time"
)

// Clock tells the present moment, in UTC. It can fail, because the sandbox's clock lives in
// the database; whoever cannot learn the time must not decide anything.
type Clock interface {
	Now(ctx context.Context) (time.Time, error)
}

type system struct{}

// System is the computer's own clock, the only one a production configuration may use.
func System() Clock { return system{} }

func (system) Now(context.Context) (time.Time, error) { return time.Now().UTC(), nil }

type fixed struct{ at time.Time }

// Fixed always tells t.
func Fixed(t time.Time) Clock { return fixed{at: t.UTC()} }

func (f fixed) Now(context.Context) (time.Time, error) { return f.at, nil }

// Manual is a clock that a test moves by hand, also backwards. It is safe for concurrent use.
type Manual struct {
	mu  sync.Mutex
	at  time.Time
	err error
}

// NewManual makes a clock that shows t until it is moved.
func NewManual(t time.Time) *Manual { return &Manual{at: t.UTC()} }

// Now tells the moment last set, or the error given to Fail.
func (m *Manual) Now(context.Context) (time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.at, m.err
}

// Set moves the clock to t.
func (m *Manual) Set(t time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.at = t.UTC()
}

// Advance moves the clock by d and tells the new moment.
func (m *Manual) Advance(d time.Duration) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.at = m.at.Add(d)
	return m.at
}

// Fail makes Now return err until it is called with nil.
func (m *Manual) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

// Stopwatch measures how long something takes on the monotonic clock, for metrics and limits.
// It says nothing about legal time and does not see the sandbox's clock move.
type Stopwatch struct{ start time.Time }

// StartStopwatch begins to measure.
func StartStopwatch() Stopwatch { return Stopwatch{start: time.Now()} }

// Elapsed tells the time since the start.
func (s Stopwatch) Elapsed() time.Duration { return time.Since(s.start) }

// Age tells how long ago the computer's own clock showed t, for the housekeeping of files.
func Age(t time.Time) time.Duration { return time.Since(t) }

// Before gives a context that ends so long before the end of ctx, or in the middle of what is left when that is sooner: until then
// something may begin whose answer takes so long. A context without an end is given back as it is.
func Before(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	end, bounded := ctx.Deadline()
	if !bounded {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, end.Add(-min(d, max(time.Until(end), 0)/2)))
}
