package desk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/engine/breaker"
	"robotbailiff/internal/app/portal/story"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/i18n"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

// TodayQuery chooses what the first page counts: a region, or all that the actor sees, and a period as [PeriodOf] reads it.
type TodayQuery struct{ Region, Period, From, To string }

// Today is how the robot's day stands: what happened, what is due, and what waits for a person.
type Today struct {
	Now    time.Time
	Region string // two digits; empty: all that the actor sees
	Period Period

	Robot    RobotState
	Breakers []breaker.Reading

	Cases, Open             int64
	Debt, Paid, Outstanding money.Amount // Outstanding of the open ones
	States                  []StateRow   // every state once, in the order of a life
	Regions                 []RegionRow  // by code; all that the actor sees, whatever the filter

	KPIs   []KPI
	Chart  []calendar.Date // the days of the charts
	Opened int64           // cases ever opened in the area: it only grows

	Dues   []DueRow
	Stuck  []StuckRow
	Lifts  int64  // that are not confirmed yet
	Late   int64  // of them longer than promised
	Number string // of the case whose lift waits longest; empty: none does
	Since  time.Time
	Work   []WorkItem
	Latest []Latest
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

// Latest is one recent event.
type Latest struct {
	Number string
	At     time.Time
	Actor  string
	Says   []i18n.Text
}

// latestCount is how many recent events the first page shows.
const latestCount = 20

// Today reads the first page.
func (s *Service) Today(ctx context.Context, actor Actor, q TodayQuery) (v Today, err error) {
	if err := actor.check(); err != nil {
		return v, err
	}
	now, err := s.cfg.Cases.Now(ctx)
	if err != nil {
		return v, fmt.Errorf("desk: legal time: %w", err)
	}
	period, in := PeriodOf(q.Period, q.From, q.To, calendar.DateOf(now)), areaOf(actor, q.Region)
	breakers, err := s.breakersNow(ctx, now)
	if err != nil {
		return v, fmt.Errorf("desk: today: %w", err)
	}
	if q.Region != "" && !actor.Sees(q.Region) {
		return v, ErrNotFound
	}
	undo := s.cfg.Cases.Pack().RefusalUndo(calendar.DateOf(now))
	var b board
	err = s.read(ctx, func(tx pgx.Tx) error {
		if b, err = readBoard(ctx, tx, now, Period{From: min(period.Before().From, period.chart().From), To: period.To}, undo); err != nil {
			return err
		}
		v = todayOf(&b, s.cfg.Cases.Pack(), period, in, areaOf(actor, ""))
		if v.Stuck, err = readStuck(ctx, tx, now, stuckAfter, in); err != nil {
			return err
		}
		v.Latest, err = readLatest(ctx, tx, in)
		return err
	})
	if err != nil {
		return v, fmt.Errorf("desk: today: %w", err)
	}
	v.Region, v.Breakers = q.Region, breakers
	return v, nil
}

// todayOf makes of a board what somebody sees who looks at an area. all is everything that he may look at.
func todayOf(b *board, p *pack.Pack, period Period, in, all area) Today {
	v := Today{Now: b.now, Period: period, Robot: b.robot, Work: workOf(b.work, in)}
	v.count(b.totals, in, all)
	for d := period.chart().From; !d.After(period.To); d = d.AddDays(1) {
		v.Chart = append(v.Chart, d)
	}
	v.Dues = duesOf(b.dues, b.finals, calendar.DateOf(b.now), in)
	v.KPIs = kpisOf(b.days, p, period, v.Chart, in)
	if in.whole() && b.lifts.Count > 0 {
		v.Lifts, v.Late, v.Number, v.Since = b.lifts.Count, b.lifts.Late+b.lifts.VeryLate, caseno.Format(b.lifts.CaseID), b.lifts.Oldest
	}
	return v
}

// total is one row of the running totals, summed.
type total struct {
	region, state           string
	cases                   int64
	debt, outstanding, paid money.Amount
}

func (v *Today) count(totals []total, in, all area) {
	for _, st := range engine.States {
		v.States = append(v.States, StateRow{State: string(st)})
	}
	for _, t := range totals {
		if all.has(t.region) {
			v.addRegion(t)
		}
		if !in.has(t.region) {
			continue
		}
		v.Cases += t.cases
		v.Debt, v.Paid = v.Debt.Add(t.debt), v.Paid.Add(t.paid)
		if !engine.State(t.state).Final() {
			v.Open, v.Outstanding = v.Open+t.cases, v.Outstanding.Add(t.outstanding)
		}
		i := slices.IndexFunc(v.States, func(r StateRow) bool { return r.State == t.state })
		if i < 0 {
			continue
		}
		r := &v.States[i]
		r.Cases += t.cases
		r.Debt, r.Paid, r.Outstanding = r.Debt.Add(t.debt), r.Paid.Add(t.paid), r.Outstanding.Add(t.outstanding)
	}
	v.Opened = v.Cases
}

func (v *Today) addRegion(t total) {
	i := slices.IndexFunc(v.Regions, func(r RegionRow) bool { return r.Code == t.region })
	if i < 0 {
		v.Regions, i = append(v.Regions, RegionRow{Code: t.region}), len(v.Regions)
	}
	r := &v.Regions[i]
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

// latest makes a row of the list of recent events.
func latest(id int64, e engine.Event) Latest {
	return Latest{Number: caseno.Format(id), At: e.At, Actor: e.Actor, Says: story.Sentences(e)}
}

// KPI is one figure of the period beside the same of as many days before, and by day for a chart.
type KPI struct {
	Name        string
	Money       bool // Sum is the figure, else N
	Unknown     bool // the rules of one of the days do not say it
	Now, Before Figure
	Days        []Figure // one for each day of the chart
}

// Figure is a number of things and a sum of money.
type Figure struct {
	N   int64
	Sum money.Amount
}

func (f *Figure) add(t *engine.DayTotal) { f.N, f.Sum = f.N+t.N, f.Sum.Add(t.Amount) }

// Value is the figure itself, for the height of a bar and a change in per cent.
func (k *KPI) Value(f Figure) int64 {
	if k.Money {
		return f.Sum.Tiyn()
	}
	return f.N
}

// Change is by how many per cent the figure differs from the one before; ok is false when there was nothing before.
func (k *KPI) Change() (percent int64, ok bool) {
	now, before := k.Value(k.Now), k.Value(k.Before)
	if before <= 0 {
		return 0, false
	}
	return ((now-before)*200/before + sign(now-before)) / 2, true
}

func sign(n int64) int64 {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}

// KPISaved is the private bailiff's fee that debtors were spared who paid here (EL 118), by the table of the day on which each case ended.
const KPISaved = "saved"

// kpis are the figures in the order of a life.
var kpis = []struct {
	name  string
	money bool
	what  engine.DayCount
}{
	{"opened", false, engine.DayOpened},
	{"notified", false, engine.DayNotified},
	{"paid", false, engine.DayPaid},
	{"collected", true, engine.DayCollected},
	{KPISaved, true, engine.DayPaid},
	{"lifted", false, engine.DayLifted},
	{"handed_over", false, engine.DayHandedOver},
	{"refused", false, engine.DayRefused},
}

func kpisOf(days []engine.DayTotal, p *pack.Pack, period Period, chart []calendar.Date, in area) []KPI {
	out := make([]KPI, len(kpis))
	for i, k := range kpis {
		out[i] = KPI{Name: k.name, Money: k.money, Days: make([]Figure, len(chart))}
		was := period.Before()
		for _, t := range sumDays(days, k.what, in) {
			if k.name == KPISaved {
				fee, ok := rules.FeeOfMany(p, t.Amount, t.Day)
				t.Amount, out[i].Unknown = fee, out[i].Unknown || !ok && period.Has(t.Day)
			}
			switch {
			case period.Has(t.Day):
				out[i].Now.add(&t)
			case was.Has(t.Day):
				out[i].Before.add(&t)
			}
			if at := t.Day.Sub(chart[0]); at >= 0 && at < len(chart) {
				out[i].Days[at].add(&t)
			}
		}
	}
	return out
}

// sumDays adds up the regions of an area, so that there is one row a day.
func sumDays(days []engine.DayTotal, what engine.DayCount, in area) []engine.DayTotal {
	var out []engine.DayTotal
	for _, t := range days {
		if t.What != what || !in.has(t.Region) {
			continue
		}
		if n := len(out); n > 0 && out[n-1].Day == t.Day {
			out[n-1].N, out[n-1].Amount = out[n-1].N+t.N, out[n-1].Amount.Add(t.Amount)
			continue
		}
		out = append(out, t)
	}
	return out
}
