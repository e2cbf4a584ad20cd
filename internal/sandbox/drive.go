package sandbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"robotbailiff/internal/clock"
	"robotbailiff/rules/calendar"
)

// Robot is what driving needs of our side: whether it has nothing left to do now, and when it will have.
type Robot interface {
	Idle(ctx context.Context) (bool, error)
	NextAt(ctx context.Context) (at time.Time, ok bool, err error)
}

// Driver moves legal time for a demo or a campaign: it lets our side finish what is due, lets the world live, and jumps
// to the next instant at which something happens. Since time moves only when both are idle, the outcome does not depend
// on how fast either is.
type Driver struct {
	World  *World
	Clock  *clock.SandboxClock
	Robot  Robot
	Outbox Outbox
	Grid   time.Duration                   // jumps end on this grid of local time; 0: three hours
	Near   time.Duration                   // instants of ours so near are met exactly, not on the grid; 0: two minutes; below 0: none
	Wake   func(ctx context.Context) error // called after each move of the clock; may be nil
	Moved  func(now time.Time) error       // told each move; may be nil
	Wait   time.Duration                   // how long our side may take for one instant; 0: one minute
	// Patience is for how long a failing call to the database or to our side is made again, at the same legal instant; an
	// outage then moves nothing in legal time. 0: the first failure of the database ends the run, and what our side did not
	// take comes again by the world's own plan.
	Patience time.Duration
}

// Run drives until nothing is going to happen any more, or until the given legal instant if it is set.
func (d *Driver) Run(ctx context.Context, until time.Time) error {
	for {
		if err := d.settle(ctx); err != nil {
			return err
		}
		var to time.Time
		var ok bool
		err := d.insist(ctx, func() error {
			now, err := d.Clock.Now(ctx)
			if err == nil {
				to, ok, err = d.next(ctx, now)
			}
			return err
		})
		if err != nil || !ok {
			return err
		}
		if !until.IsZero() && !to.Before(until) {
			return nil
		}
		if err := d.insist(ctx, func() error { return d.Clock.Set(ctx, to) }); err != nil {
			return fmt.Errorf("sandbox: move the clock: %w", err)
		}
		if d.Moved != nil {
			if err := d.Moved(to); err != nil {
				return err
			}
		}
	}
}

// settle lets both sides act at the present instant until neither has anything left to do.
func (d *Driver) settle(ctx context.Context) error {
	for {
		if d.Wake != nil {
			if err := d.Wake(ctx); err != nil {
				return err
			}
		}
		if err := d.waitIdle(ctx); err != nil {
			return err
		}
		n := 0
		err := d.insist(ctx, func() error {
			now, err := d.Clock.Now(ctx)
			if err != nil {
				return err
			}
			m, err := d.World.Step(ctx, now, d.Outbox)
			n += m
			if d.Patience == 0 && ctx.Err() == nil {
				return nil // what our side did not take comes again by the world's own plan
			}
			return err
		})
		if err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
	}
}

// insist makes a call until it goes through, for as long as patience lasts.
func (d *Driver) insist(ctx context.Context, call func() error) error {
	watch := clock.StartStopwatch()
	for {
		err := call()
		if err == nil || ctx.Err() != nil || watch.Elapsed() >= d.Patience {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

var errNotIdle = errors.New("sandbox: our side does not come to rest")

func (d *Driver) waitIdle(ctx context.Context) error {
	limit := d.Wait
	if limit == 0 {
		limit = time.Minute
	}
	watch := clock.StartStopwatch()
	wake := watch
	pause := shortestLook
	tick := time.NewTimer(pause)
	defer tick.Stop()
	var last error
	for {
		idle, err := d.Robot.Idle(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil && idle:
			return nil
		case watch.Elapsed() > limit:
			return errors.Join(errNotIdle, err, last)
		}
		last = err // the database may be on its way back
		if d.Wake != nil && wake.Elapsed() > 100*time.Millisecond {
			wake = clock.StartStopwatch()
			last = d.Wake(ctx)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			pause = min(pause*3/2, longestLook)
			tick.Reset(pause)
		}
	}
}

// How often our side is asked whether it is idle: often at first, and less while it has much to do, since the question costs
// what the work needs.
const (
	shortestLook = 3 * time.Millisecond
	longestLook  = 30 * time.Millisecond
)

// next is the instant to move to: the first point of the grid at or after the next thing of either side. Our own retries
// come within minutes and are met exactly, so that a lost answer does not shift a case by hours. Where retries come by
// chance, as under kills, all must be on the grid: then whatever is due between two of its points happens at the latter,
// however many points were visited.
func (d *Driver) next(ctx context.Context, now time.Time) (time.Time, bool, error) {
	ours, ok, err := d.Robot.NextAt(ctx)
	if err != nil {
		return ours, false, err
	}
	if ok && ours.Sub(now) <= d.near() {
		return later(ours, now), true, nil
	}
	theirs, ok2, err := d.World.NextAt(ctx)
	if err != nil || !ok && !ok2 {
		return ours, false, err
	}
	if !ok || ok2 && theirs.Before(ours) {
		ours = theirs
	}
	return d.grid(later(ours, now)), true, nil
}

func (d *Driver) near() time.Duration {
	if d.Near == 0 {
		return 2 * time.Minute
	}
	return d.Near
}

// later keeps time moving when something waits that neither side takes now.
func later(next, now time.Time) time.Time {
	if next.After(now) {
		return next
	}
	return now.Add(time.Minute)
}

func (d *Driver) grid(next time.Time) time.Time {
	grid := d.Grid
	if grid == 0 {
		grid = 3 * time.Hour
	}
	return onGrid(next, grid)
}

// onGrid is the first point of a grid of local time at or after an instant.
func onGrid(next time.Time, grid time.Duration) time.Time {
	midnight := calendar.DateOf(next).Start()
	steps := (next.Sub(midnight) + grid - 1) / grid
	return midnight.Add(steps * grid).UTC()
}
