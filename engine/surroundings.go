package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine/stop"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

// surroundings are what a transaction knows besides its cases: the part that is the same for all, and what is stopped for whom.
type surroundings struct {
	env     Env
	pack    *pack.Pack // that decides on this day
	stops   stop.Set
	sources map[int64]string // of writs; only when a source is stopped or was
	preview bool             // nothing is opened, so that no stop has to keep it from being opened
}

// of is the environment of one decision.
func (a *surroundings) of(c *Case, cmd Command) Env {
	env := a.env
	if a.stops.Empty() {
		return env
	}
	about := stop.Subject{Region: c.Region, Source: a.sources[c.ID]}
	if o, opening := cmd.(Open); opening {
		about = stop.Subject{Region: o.Region, Source: o.Source}
	}
	if env.Stopped = a.stops.For(about); a.preview {
		env.Stopped &^= stop.Open
	}
	if c.Seq > 0 && !c.State.Final() {
		env.Pauses = a.stops.Pauses(about, max(c.OpenedOn, c.PausedTo))
	}
	return env
}

// surroundings reads them in the transaction, after the cases.
func (s *Store) surroundings(ctx context.Context, tx pgx.Tx, loaded []Case) (*surroundings, error) {
	now, err := s.clock.Now(ctx)
	if err != nil {
		return nil, fmt.Errorf("engine: legal time: %w", err)
	}
	force, err := s.packs.on(ctx, tx, calendar.DateOf(now))
	if err != nil {
		return nil, err
	}
	a := &surroundings{env: Env{Now: now.UTC().Truncate(time.Microsecond), PackID: force.id, Register: s.register}, pack: force.Pack}
	if a.stops, err = stop.Read(ctx, tx, uncounted(loaded)); err != nil {
		return nil, fmt.Errorf("engine: switch: %w", err)
	}
	if a.stops.BySource() {
		if a.sources, err = readSources(ctx, tx, loaded); err != nil {
			return nil, err
		}
	}
	if s.transit != nil {
		if a.env.MoneyInTransit, err = s.transit(ctx, tx); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// Around gives what a decision about a case would know besides it now. It locks nothing and is for looking; [Store.Apply] reads its own.
func (s *Store) Around(ctx context.Context, tx pgx.Tx, c *Case) (Env, error) {
	a, err := s.surroundings(ctx, tx, []Case{*c})
	if err != nil {
		return Env{}, err
	}
	return a.of(c, Tick{}), nil
}

// uncounted is the first instant from which on a pause may matter to one of the cases.
func uncounted(loaded []Case) time.Time {
	var first calendar.Date
	for i := range loaded {
		c := &loaded[i]
		if c.State.Final() {
			continue
		}
		if d := max(c.OpenedOn, c.PausedTo); first.IsZero() || d.Before(first) {
			first = d
		}
	}
	if first.IsZero() {
		return time.Time{}
	}
	return first.Start()
}

func readSources(ctx context.Context, tx pgx.Tx, loaded []Case) (map[int64]string, error) {
	ids := make([]int64, len(loaded))
	for i := range loaded {
		ids[i] = loaded[i].ID
	}
	rows, err := tx.Query(ctx, readSourcesSQL, ids)
	if err != nil {
		return nil, fmt.Errorf("engine: sources: %w", err)
	}
	out := make(map[int64]string, len(ids))
	var (
		id     int64
		source string
	)
	if _, err = pgx.ForEachRow(rows, []any{&id, &source}, func() error { out[id] = source; return nil }); err != nil {
		return nil, fmt.Errorf("engine: sources: %w", err)
	}
	return out, nil
}

// decide makes the plan of a batch. When something was stopped between the look and the plan, the plan is made again; from the
// last look until the transaction ends nobody who throws the switch has his answer.
func (s *Store) decide(ctx context.Context, tx pgx.Tx, loaded []Case, cmds []For) (*Plan, error) {
	for {
		around, err := s.surroundings(ctx, tx, loaded)
		if err != nil {
			return nil, err
		}
		pl, err := makePlan(loaded, cmds, around)
		if err != nil || !pl.coercive() {
			return pl, err
		}
		if still, err := around.stops.Guard(ctx, tx); still || err != nil {
			return pl, err
		}
	}
}

const readSourcesSQL = `SELECT case_id, source FROM writs WHERE case_id = ANY($1)`
