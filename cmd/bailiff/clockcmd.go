package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/pg"
	"robotbailiff/rules/calendar"
)

// clockReport is what clock prints.
type clockReport struct {
	Now time.Time     `json:"now"`
	Day calendar.Date `json:"day"` // the legal day, in Almaty
}

func runClock(ctx context.Context, e *env, args []string) error {
	rest, err := e.parse(args)
	if err != nil {
		return err
	}
	move, err := parseMove(rest)
	if err != nil {
		return err
	}
	return e.onDatabase(ctx, func(db *database) error { return e.moveClock(ctx, db, move) },
		pg.WithName("bailiff-clock"), pg.WithMaxConns(2))
}

// clockMove says what to do with the clock; the zero value only looks.
type clockMove struct {
	by time.Duration
	to time.Time
}

const clockUsage = "clock takes nothing, advance DURATION (36h, 3d, 1d12h) or to DATE (2026-03-02, or 2026-03-02T09:00:00+05:00)"

func parseMove(args []string) (clockMove, error) {
	var m clockMove
	var err error
	switch {
	case len(args) == 0:
		return m, nil
	case len(args) == 2 && args[0] == "advance":
		m.by, err = parseDays(args[1])
	case len(args) == 2 && args[0] == "to":
		m.to, err = parseMoment(args[1])
	default:
		return m, usagef(clockUsage)
	}
	if err != nil {
		return m, usagef("clock: %v", err)
	}
	return m, nil
}

const (
	oneDay  = 24 * time.Hour
	maxDays = 36_500 // a mistyped number must not end the calendar: the clock never goes back
)

// parseDays reads a duration that may begin with whole days: 3d, 36h, 1d12h.
func parseDays(s string) (time.Duration, error) {
	bad := fmt.Errorf("%q is not a duration: write 36h, 3d or 1d12h", s)
	var total time.Duration
	if days, rest, found := strings.Cut(s, "d"); found {
		n, err := strconv.Atoi(days)
		if err != nil || n < 0 || n > maxDays {
			return 0, bad
		}
		total, s = time.Duration(n)*oneDay, rest
	}
	if s != "" {
		d, err := time.ParseDuration(s)
		if err != nil {
			return 0, bad
		}
		if d < 0 {
			return 0, errors.New("the sandbox clock cannot go back: give a duration of zero or more")
		}
		total += d
	}
	if total > maxDays*oneDay {
		return 0, fmt.Errorf("at most %d days at a time", maxDays)
	}
	return total, nil
}

// parseMoment reads a legal day, whose first instant is meant, or an instant.
func parseMoment(s string) (time.Time, error) {
	if d, err := calendar.ParseDate(s); err == nil {
		return d.Start(), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is neither a day (2026-03-02) nor an instant (2026-03-02T09:00:00+05:00)", s)
	}
	return t, nil
}

func (e *env) moveClock(ctx context.Context, db *database, m clockMove) error {
	c, err := clock.Sandbox(ctx, db.pool)
	if err != nil {
		return err
	}
	switch {
	case m.by > 0:
		_, err = c.Advance(ctx, m.by)
	case !m.to.IsZero():
		err = c.Set(ctx, m.to)
	}
	if errors.Is(err, clock.ErrBackwards) {
		return fmt.Errorf("%w; to begin earlier, begin with a fresh database", err)
	}
	if err != nil {
		return err
	}
	now, err := c.Now(ctx)
	if err != nil {
		return err
	}
	r := clockReport{Now: now, Day: calendar.DateOf(now)}
	return e.print(r, func() {
		e.sayf("%s in Almaty (%s)\n", now.In(calendar.Almaty).Format("2006-01-02 15:04:05"), now.Format(time.RFC3339))
	})
}
