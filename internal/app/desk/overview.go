package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/engine/restored"
	"robotbailiff/engine/stop"
	"robotbailiff/internal/app/portal/story"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/i18n"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

// Overview is how all cases stand.
type Overview struct {
	Now    time.Time
	Region string // two digits; empty: the whole country

	Robot RobotState

	Cases   int64
	Open    int64       // of them not ended
	States  []StateRow  // every state once, in the order of a life
	Regions []RegionRow // by code; all of them, whatever the filter
	Money   Money
	Saved   Saved
	Due     Due
	Lifts   Lifts
	Chunks  []ChunkRow
	Latest  []Latest
}

// StateRow is the cases in one state.
type StateRow struct {
	State                   string
	Cases                   int64
	Debt, Paid, Outstanding money.Amount
}

// RegionRow is the cases of one region.
type RegionRow struct {
	Code                          string
	Cases, Open, Paid, HandedOver int64
	Outstanding                   money.Amount
}

// Money is the sums over all cases of the filter. Refunds and suspense are of the whole country: money in suspense has no
// region yet.
type Money struct{ Debt, Paid, Outstanding, Refunds, Suspense money.Amount }

// Saved is the fees that debtors were spared because they paid here: the sum paid in paid cases, at the rate of the first
// fee band. That is the fee of each of them (EL 118): a simplified claim is below the threshold, and the first band
// reaches further. Where a pack says otherwise the figure is not known.
type Saved struct {
	Amount money.Amount
	Rate   string
	Known  bool
}

// Due is what waits for the robot, by legal day.
type Due struct {
	Overdue, Today int64
	Oldest         time.Time // zero: nothing is overdue
}

// Lifts is arrests of cases that have ended paid or cancelled which the bank has not lifted yet.
type Lifts struct {
	Count  int64
	Number string
	Since  time.Time // end of the oldest such case
}

// ChunkRow is open work for outside calls of one kind.
type ChunkRow struct {
	Kind   string
	Chunks int64
	Cases  int64
	Oldest time.Time
	Failed int64
}

// Latest is one recent event.
type Latest struct {
	Number string
	At     time.Time
	Actor  string
	Says   []i18n.Text
}

// latestCount is how many recent events the overview shows.
const latestCount = 20

// Overview counts everything, for the whole country or one region.
func (s *Service) Overview(ctx context.Context, actor Actor, region string) (Overview, error) {
	if err := actor.check(); err != nil {
		return Overview{}, err
	}
	now, err := s.cfg.Cases.Now(ctx)
	if err != nil {
		return Overview{}, fmt.Errorf("desk: legal time: %w", err)
	}
	o := Overview{Now: now, Region: region}
	err = s.read(ctx, func(tx pgx.Tx) error {
		totals, err := readTotals(ctx, tx)
		if err != nil {
			return err
		}
		o.add(totals)
		o.Saved = s.saved(totals, region, calendar.DateOf(now))
		if o.Robot, err = readRobot(ctx, tx, o.Now); err != nil {
			return err
		}
		if o.Money.Refunds, o.Money.Suspense, err = readOpenMoney(ctx, tx); err != nil {
			return err
		}
		if o.Due, err = readDue(ctx, tx, calendar.DateOf(now), region); err != nil {
			return err
		}
		if o.Lifts, err = readLifts(ctx, tx, region); err != nil {
			return err
		}
		if o.Chunks, err = readChunks(ctx, tx); err != nil {
			return err
		}
		o.Latest, err = readLatest(ctx, tx, region)
		return err
	})
	if err != nil {
		return Overview{}, fmt.Errorf("desk: overview: %w", err)
	}
	return o, nil
}

// RobotState says whether the robot takes measures, and why it does not.
type RobotState struct {
	Stopped  *stop.Stop // the stop of everything; nil: not everything is stopped
	Restored bool       // an older copy of the database was restored, which stops everything too
	Stops    int        // in force, of whatever scope
}

// On says whether not everything is stopped.
func (r RobotState) On() bool { return r.Stopped == nil && !r.Restored }

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
	r.Restored = older != nil
	return r, err
}

// total is one row of the running totals, summed.
type total struct {
	region, state           string
	cases                   int64
	debt, outstanding, paid money.Amount
}

func (o *Overview) add(totals []total) {
	for _, st := range engine.States {
		o.States = append(o.States, StateRow{State: string(st)})
	}
	for _, t := range totals {
		o.addRegion(t)
		if o.Region != "" && t.region != o.Region {
			continue
		}
		o.Cases += t.cases
		o.Money.Debt, o.Money.Paid = o.Money.Debt.Add(t.debt), o.Money.Paid.Add(t.paid)
		if !engine.State(t.state).Final() {
			o.Open, o.Money.Outstanding = o.Open+t.cases, o.Money.Outstanding.Add(t.outstanding)
		}
		i := slices.IndexFunc(o.States, func(r StateRow) bool { return r.State == t.state })
		if i < 0 {
			continue
		}
		r := &o.States[i]
		r.Cases += t.cases
		r.Debt, r.Paid, r.Outstanding = r.Debt.Add(t.debt), r.Paid.Add(t.paid), r.Outstanding.Add(t.outstanding)
	}
}

func (o *Overview) addRegion(t total) {
	i := slices.IndexFunc(o.Regions, func(r RegionRow) bool { return r.Code == t.region })
	if i < 0 {
		o.Regions, i = append(o.Regions, RegionRow{Code: t.region}), len(o.Regions)
	}
	r := &o.Regions[i]
	r.Cases += t.cases
	switch engine.State(t.state) {
	case engine.Paid:
		r.Paid += t.cases
	case engine.HandedOver:
		r.HandedOver += t.cases
	case engine.Cancelled:
	default:
		r.Open += t.cases
		r.Outstanding = r.Outstanding.Add(t.outstanding)
	}
}

func (s *Service) saved(totals []total, region string, on calendar.Date) Saved {
	p := s.cfg.Cases.Pack()
	bands, ok1 := p.FeeBands(on)
	rounding, ok2 := p.FeeRounding(on)
	limit, ok3 := p.Lookup(pack.KeyThresholdLimit, on)
	var top int
	if _, err := fmt.Sscan(limit.Value, &top); err != nil || !ok1 || !ok2 || !ok3 || len(bands) == 0 || bands[0].UpTo != 0 && bands[0].UpTo < top {
		return Saved{}
	}
	sum := money.Zero
	for _, t := range totals {
		if engine.State(t.state) == engine.Paid && (region == "" || t.region == region) {
			sum = sum.Add(t.paid)
		}
	}
	return Saved{Amount: sum.MulRate(bands[0].Rate, rounding), Rate: strings.ReplaceAll(bands[0].Rate.String(), " ", "\u00a0"), Known: true}
}

// latest makes a row of the list of recent events.
func latest(id int64, e engine.Event) Latest {
	return Latest{Number: caseno.Format(id), At: e.At, Actor: e.Actor, Says: story.Sentences(e)}
}
