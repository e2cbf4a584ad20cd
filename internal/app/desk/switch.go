package desk

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine/breaker"
	"robotbailiff/engine/stop"
)

// How many stops a page shows.
const (
	maxStops   = 1000
	maxHistory = 100
)

// Switch is what is stopped, what was, and how the breakers stand.
type Switch struct {
	Now      time.Time
	Open     []stop.Stop
	History  []stop.Stop
	Breakers []breaker.Reading
	Sources  []string // to choose from
	Regions  []string
}

// Switch reads how the switch stands.
func (s *Service) Switch(ctx context.Context, actor Actor) (v Switch, err error) {
	if err := actor.check(); err != nil {
		return v, err
	}
	if v.Now, err = s.cfg.Cases.Now(ctx); err != nil {
		return v, fmt.Errorf("desk: legal time: %w", err)
	}
	if v.Breakers, err = s.breakers.Look(ctx, v.Now); err != nil {
		return v, err
	}
	err = s.read(ctx, func(tx pgx.Tx) error {
		if v.Open, err = stop.List(ctx, tx, v.Now, true, maxStops); err != nil {
			return err
		}
		if v.History, err = stop.List(ctx, tx, v.Now, false, maxHistory); err != nil {
			return err
		}
		if v.Sources, err = words(ctx, tx, importSourcesSQL); err != nil {
			return err
		}
		v.Regions, err = words(ctx, tx, regionsSQL)
		return err
	})
	if err != nil {
		return v, fmt.Errorf("desk: switch: %w", err)
	}
	return v, nil
}

// Stop stops a scope: one person is enough, and it may be more than the regions that he sees.
func (s *Service) Stop(ctx context.Context, actor Actor, scope, reason string) error {
	return s.act(ctx, actor, func(now time.Time) error {
		_, err := s.stops.Throw(ctx, stop.Scope(scope), actor.Name, reason, now)
		return err
	})
}

// ReleaseStop is one person's word for a release; the second one's releases.
func (s *Service) ReleaseStop(ctx context.Context, actor Actor, id int64, reason string) error {
	return s.actForAll(ctx, actor, func(now time.Time) error {
		_, err := s.stops.Release(ctx, id, actor.Name, reason, now)
		return err
	})
}

const regionsSQL = `SELECT DISTINCT region FROM case_totals ORDER BY region LIMIT 100`

func words(ctx context.Context, tx pgx.Tx, sql string) ([]string, error) {
	rows, err := tx.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
