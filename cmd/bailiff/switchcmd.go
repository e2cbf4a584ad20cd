package main

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"time"

	"robotbailiff/engine/breaker"
	"robotbailiff/engine/stop"
	"robotbailiff/internal/pg"
	"robotbailiff/rules/pack"
)

const switchUsage = "switch takes list, stop [SCOPE], release ID or history; a scope is all, measure:NAME, region:NN, source:NAME or bank:NAME"

// switchReport is what switch prints.
type switchReport struct {
	Stops    []stop.Stop       `json:"stops"`
	Breakers []breaker.Reading `json:"breakers,omitempty"`
}

func runSwitch(ctx context.Context, e *env, args []string) error {
	as := e.actorFlag()
	why := e.flags.String("why", "", "`WHY` it is stopped or goes on; without personal data")
	limit := e.flags.Int("limit", 50, "history: at most `N` stops, the newest first")
	rest, err := e.parse(args)
	if err != nil {
		return err
	}
	var do func(*database, *parts, time.Time) error
	switch verb := first(rest); {
	case len(rest) == 0, verb == "list" && len(rest) == 1:
		do = func(db *database, _ *parts, now time.Time) error { return e.listStops(ctx, db, now) }
	case verb == "history" && len(rest) == 1:
		do = func(db *database, _ *parts, now time.Time) error {
			all, err := stop.NewStore(db.pool).History(ctx, now, *limit)
			if err != nil {
				return err
			}
			return e.printStops(switchReport{Stops: all}, "Nothing has been stopped so far.")
		}
	case verb == "stop" && len(rest) <= 2:
		scope := stop.Everything
		if len(rest) == 2 {
			if scope, err = stop.ParseScope(rest[1]); err != nil {
				return usagef("%v", err)
			}
		}
		do = func(db *database, _ *parts, now time.Time) error {
			if _, err := stop.NewStore(db.pool).Throw(ctx, scope, *as, *why, now); err != nil {
				return err
			}
			return e.listStops(ctx, db, now)
		}
	case verb == "release" && len(rest) == 2:
		id, err := strconv.ParseInt(rest[1], 10, 64)
		if err != nil || id <= 0 {
			return usagef("%q is not the number of a stop: bailiff switch list shows them", rest[1])
		}
		do = func(db *database, _ *parts, now time.Time) error {
			s, err := stop.NewStore(db.pool).Release(ctx, id, *as, *why, now)
			if err != nil {
				return err
			}
			return e.printStops(switchReport{Stops: []stop.Stop{s}}, "")
		}
	default:
		return usagef(switchUsage)
	}
	return e.onDatabase(ctx, func(db *database) error {
		if err := db.current(ctx); err != nil {
			return err
		}
		p := &parts{db: db}
		if err := p.joinClock(ctx); err != nil {
			return err
		}
		now, err := p.clock.Now(ctx)
		if err != nil {
			return err
		}
		err = do(db, p, now)
		if wrong, ok := errors.AsType[*stop.ActError](err); ok && (wrong.Code == stop.CodeNoReason || wrong.Code == stop.CodeNoActor) {
			return usagef("%s: give --why and --as", wrong.Code)
		}
		return err
	}, pg.WithName("bailiff-switch"))
}

func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

// listStops prints what is stopped, and how the breakers stand.
func (e *env) listStops(ctx context.Context, db *database, now time.Time) error {
	open, err := stop.NewStore(db.pool).Open(ctx, now)
	if err != nil {
		return err
	}
	rates, err := bankRates(os.Getenv("BAILIFF_BANKS"))
	if err != nil {
		return usagef("BAILIFF_BANKS: %v", err)
	}
	readings, err := breaker.NewWatcher(db.pool, pack.Default, rates).Look(ctx, now)
	if err != nil {
		return err
	}
	return e.printStops(switchReport{Stops: open, Breakers: readings}, "Nothing is stopped.")
}

func (e *env) printStops(r switchReport, none string) error {
	if r.Stops == nil {
		r.Stops = []stop.Stop{}
	}
	return e.print(r, func() {
		if len(r.Stops) == 0 {
			e.sayf("%s\n", none)
		}
		for _, s := range r.Stops {
			e.sayf("%4d  %-20s  since %s by %s: %s\n", s.ID, s.Scope, s.At.Format("2006-01-02 15:04 MST"), s.Actor, s.Reason)
			e.sayf("      stops %s; payments, lifts, refunds and objections go on\n", strings.Join(s.Stops, ", "))
			for _, a := range s.Acts {
				e.sayf("      %s by %s on %s: %s\n", a.Kind, a.Actor, a.At.UTC().Format("2006-01-02 15:04"), a.Reason)
			}
			switch {
			case !s.Open():
			case s.Proposal != nil:
				e.sayf("      another person than %s lets it go on before %s: bailiff switch release %d --why WHY --as NAME\n",
					s.Proposal.Actor, s.Proposal.At.Add(stop.ReleaseWithin).UTC().Format("2006-01-02 15:04 MST"), s.ID)
			default:
				e.sayf("      two different people let it go on, within 24 hours: bailiff switch release %d --why WHY --as NAME\n", s.ID)
			}
		}
		for _, b := range r.Breakers {
			state := "within its limit"
			if b.Over {
				state = "OVER ITS LIMIT"
			} else if b.Idle {
				state = "too little to compare yet"
			}
			name := b.Name
			if b.Bank != "" {
				name += " " + b.Bank
			}
			e.sayf("%-13s %s: %s\n", name, state, breaker.Why(b.Name, b.Figures, "en"))
		}
	})
}
