package stop

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
)

// Querier reads; a pool, a connection and a transaction are queriers.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Subject is a case, as a stop knows it.
type Subject struct{ Region, Source string }

// Set is what is stopped at one instant, and the pauses that were asked for. Its zero value stops nothing.
type Set struct {
	open   []Scope
	paused []paused
	newest int64 // the newest stop that was seen, open or not
}

type paused struct {
	scope    Scope
	from, to calendar.Date // up to, not including, to; unset: not over
}

// Read gives what is stopped now and what was at any time after since; the zero time asks for what is stopped now alone.
func Read(ctx context.Context, q Querier, since time.Time) (Set, error) {
	var s Set
	var after *time.Time
	if !since.IsZero() {
		after = &since
	}
	rows, err := q.Query(ctx, readSQL, after)
	if err != nil {
		return s, fmt.Errorf("stop: read: %w", err)
	}
	var (
		scope    *Scope
		at       *time.Time
		released *time.Time
	)
	_, err = pgx.ForEachRow(rows, []any{&s.newest, &scope, &at, &released}, func() error {
		if scope == nil {
			return nil
		}
		p := paused{scope: *scope, from: calendar.DateOf(*at)}
		if released == nil {
			s.open = append(s.open, *scope)
		} else {
			p.to = calendar.DateOf(*released)
		}
		if scope.Kind() != KindBank && (released == nil || p.from.Before(p.to)) {
			s.paused = append(s.paused, p)
		}
		return nil
	})
	if err != nil {
		return s, fmt.Errorf("stop: read: %w", err)
	}
	return s, nil
}

// ReadGuarded is Read for a transaction that acts on the answer at once: whoever throws the switch waits until it ends.
func ReadGuarded(ctx context.Context, tx pgx.Tx) (Set, error) {
	if _, err := tx.Exec(ctx, shareGuardSQL); err != nil {
		return Set{}, fmt.Errorf("stop: guard: %w", err)
	}
	return Read(ctx, tx, time.Time{})
}

// Of makes a set of open scopes without a database, for tests and previews.
func Of(open ...Scope) Set { return Set{open: slices.Clone(open)} }

// Empty says that nothing is stopped and nothing was.
func (s Set) Empty() bool { return len(s.open) == 0 && len(s.paused) == 0 }

// Any says whether anything is stopped now.
func (s Set) Any() bool { return len(s.open) > 0 }

// BySource says whether the source of a case matters.
func (s Set) BySource() bool {
	return slices.ContainsFunc(s.open, bySource) || slices.ContainsFunc(s.paused, func(p paused) bool { return bySource(p.scope) })
}

func bySource(s Scope) bool { return s.Kind() == KindSource }

func (s Scope) concerns(c Subject) bool {
	switch s.Kind() {
	case KindRegion:
		return s.Name() == c.Region
	case KindSource:
		return s.Name() == c.Source
	case KindBank:
		return false
	}
	return true
}

// For tells what is stopped for a case now, whatever the bank.
func (s Set) For(c Subject) Measures {
	m := None
	for _, scope := range s.open {
		if scope.concerns(c) {
			m |= scope.Stops()
		}
	}
	return m
}

// At tells whether a measure is stopped for a case at a bank; the name of the bank may be empty while nobody knows it.
func (s Set) At(c Subject, m Measures, bank string) bool {
	return s.For(c).Any(m) || s.AtBank(m, bank)
}

// AtBank tells whether a measure is stopped at a bank itself.
func (s Set) AtBank(m Measures, bank string) bool {
	return bank != "" && slices.ContainsFunc(s.open, func(scope Scope) bool {
		return scope.Kind() == KindBank && scope.Name() == bank && scope.Stops().Any(m)
	})
}

// Banks lists the banks at which nothing is taken now.
func (s Set) Banks() []string {
	var out []string
	for _, scope := range s.open {
		if scope.Kind() == KindBank && !slices.Contains(out, scope.Name()) {
			out = append(out, scope.Name())
		}
	}
	slices.Sort(out)
	return out
}

// Pause is days on which some measures were stopped for a case, by stops of which the last has no end while To is unset.
type Pause struct {
	rules.Pause
	Stopped Measures
}

// Pauses gives the pauses of a case that have a day after since or on it. The order is that of the stops.
func (s Set) Pauses(c Subject, since calendar.Date) []Pause {
	var out []Pause
	for _, p := range s.paused {
		if p.scope.concerns(c) && (p.to.IsZero() || p.to.After(since)) {
			out = append(out, Pause{rules.Pause{From: p.from, To: p.to}, p.scope.Stops()})
		}
	}
	return out
}

// readSQL gives the newest stop with every row, and when there is no other row, so that it is known even when it is over.
const readSQL = `SELECT n.newest, s.scope, s.at, s.released_at FROM (SELECT coalesce(max(id), 0) AS newest FROM stops) n
  LEFT JOIN stops s ON s.released_at IS NULL OR s.released_at > $1 ORDER BY s.id`
