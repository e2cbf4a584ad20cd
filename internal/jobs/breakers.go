package jobs

import (
	"context"

	"robotbailiff/engine/breaker"
	"robotbailiff/internal/clock"
)

// watchBreakers looks at the breakers, at most once in the time that is set, and tells the log which have opened.
func (r *Robot) watchBreakers(ctx context.Context) error {
	if !r.looking.TryLock() { // another pulse does it
		return nil
	}
	defer r.looking.Unlock()
	if r.looked != nil && r.looked.Elapsed() < r.cfg.Breakers {
		return nil
	}
	now, err := r.cfg.Clock.Now(ctx)
	if err != nil {
		return err
	}
	var opened []breaker.Reading
	if !r.cfg.Leaps {
		opened, err = r.breakers.Watch(ctx, now)
	}
	for _, b := range opened {
		r.cfg.Observe("breaker", b.Name, 1)
		r.cfg.Log.ErrorContext(ctx, "a breaker has opened: measures are stopped until two people release", "breaker", b.Name, "scope", string(b.Scope()))
	}
	if err != nil {
		return err
	}
	if err := r.Engine.FoldTallies(ctx); err != nil {
		return err
	}
	watch := clock.StartStopwatch()
	r.looked = &watch
	return nil
}

// Breakers tells how the breakers stand now.
func (r *Robot) Breakers(ctx context.Context) ([]breaker.Reading, error) {
	now, err := r.cfg.Clock.Now(ctx)
	if err != nil {
		return nil, err
	}
	return r.breakers.Look(ctx, now)
}
