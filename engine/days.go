package engine

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/pg"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// DayCount is what is counted by region and legal day: what happened on it, and what falls due on it.
type DayCount string

// Counts of what happened, by the day of the event.
const (
	DayOpened     DayCount = "opened"
	DayNotified   DayCount = "notified"
	DayPaid       DayCount = "paid" // its amount is what was paid in these cases altogether
	DayCancelled  DayCount = "cancelled"
	DayHandedOver DayCount = "handed_over"
	DayRefused    DayCount = "refused"
	DayLifted     DayCount = "lifted"    // arrests of which a bank confirmed the lift
	DayCollected  DayCount = "collected" // its amount is what payments brought, less what was reversed
)

// Counts of what falls due, by the day on which it does. A case that a person, an objection or a suspension keeps is counted as kept.
const (
	DueVoluntary    DayCount = "due_voluntary" // the voluntary period ends with this day
	DueHandover     DayCount = "due_handover"  // the term is over, so the case is handed over on this day
	DueUnproven     DayCount = "due_unproven"  // of them those that no notice has reached, by whatever way
	DueHandoverKept DayCount = "due_handover_kept"
)

// DayCounts lists every count once: events first.
var DayCounts = []DayCount{
	DayOpened, DayNotified, DayPaid, DayCancelled, DayHandedOver, DayRefused, DayLifted, DayCollected, DueVoluntary, DueHandover, DueUnproven, DueHandoverKept,
}

// countsByKind are the events that count as one of something by their kind alone.
var countsByKind = map[EventKind]DayCount{
	EvOpened: DayOpened, EvNotified: DayNotified, EvCancelled: DayCancelled, EvHandedOver: DayHandedOver, EvRefusalRequested: DayRefused,
}

type dayKey struct {
	region string
	day    calendar.Date
	what   DayCount
}

type dayCount struct{ n, amount int64 }

// dayCounts sums what a set of changes adds to the days.
type dayCounts map[dayKey]dayCount

func (d dayCounts) add(region string, day calendar.Date, what DayCount, n int64, amount money.Amount) {
	k := dayKey{region, day, what}
	c := d[k]
	d[k] = dayCount{c.n + n, c.amount + amount.Tiyn()}
}

// events counts what happened. paid is what was paid in the case before.
func (d dayCounts) events(region string, paid money.Amount, events []storedEvent) {
	for i := range events {
		e := &events[i]
		day := calendar.DateOf(e.At)
		if what, ok := countsByKind[e.Kind]; ok {
			d.add(region, day, what, 1, money.Zero)
		}
		switch e.Kind { //nolint:exhaustive // the others move no money
		case EvPaidInPart, EvPaid, EvPaidAfterEnd:
			paid = paid.Add(*e.Data.Amount)
			d.add(region, day, DayCollected, 1, *e.Data.Amount)
		case EvPaymentReversed:
			paid = paid.Sub(*e.Data.Amount)
			d.add(region, day, DayCollected, -1, e.Data.Amount.Neg())
		case EvAdjusted:
			if e.Data.RefundDue != nil {
				paid = paid.Sub(*e.Data.RefundDue)
			}
		}
		if e.Kind == EvPaid {
			d.add(region, day, DayPaid, 1, paid)
		}
		if a := e.Data.Answer; e.Kind == EvOrderAnswered && a.Purpose == Lift && a.Answer.ok() {
			d.add(region, day, DayLifted, 1, money.Zero)
		}
	}
}

// deadlines counts what falls due in a case, as a function of the case alone.
func (d dayCounts) deadlines(c *Case, sign int64) {
	if c.Seq == 0 || c.State.Final() {
		return
	}
	handover := c.TermEndsOn.AddDays(1)
	if c.Hold != "" || c.Suspended != "" || c.Objected() {
		d.add(c.Region, handover, DueHandoverKept, sign, money.Zero)
		return
	}
	d.add(c.Region, handover, DueHandover, sign, money.Zero)
	if c.State == Opened && c.NextRungAt.IsZero() {
		d.add(c.Region, handover, DueUnproven, sign, money.Zero)
	}
	if on := c.voluntaryRuns(); !on.IsZero() {
		d.add(c.Region, on, DueVoluntary, sign, money.Zero)
	}
}

// voluntaryRuns is the last day of the voluntary period while it runs and nothing keeps the case; unset: it does not.
func (c *Case) voluntaryRuns() calendar.Date {
	if c.State != Notified || !c.RefusalAt.IsZero() || c.Hold != "" || c.Suspended != "" || c.Objected() {
		return noDate
	}
	return c.VoluntaryEndsOn
}

// writeDays adds what the plan changes of the days, a few rows a transaction, whatever its size.
func (w *writer) writeDays(ctx context.Context, tx pgx.Tx) error {
	d := dayCounts{}
	w.pl.each(func(p *planned) {
		if len(p.events) == 0 {
			return
		}
		d.events(p.after.Region, p.before.Paid, p.events)
		d.deadlines(&p.before, -1)
		d.deadlines(&p.after, 1)
	})
	maps.DeleteFunc(d, func(_ dayKey, c dayCount) bool { return c == dayCount{} })
	if len(d) == 0 {
		return nil
	}
	keys := slices.Collect(maps.Keys(d))
	return pg.Copy(ctx, tx, "day_increments", []string{"region", "day", "what", "n", "amount"}, len(keys), func(r *pg.Row, i int) {
		k, c := keys[i], d[keys[i]]
		r.Text(k.region)
		r.Date(k.day.UTC())
		r.Text(string(k.what))
		r.Int8(c.n)
		r.Int8(c.amount)
	})
}

// FoldDays adds the increments to the counts of the days when there are many. One process at a time; readers see the same sums before
// and after.
func (s *Store) FoldDays(ctx context.Context) error {
	return pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, foldDaysSQL, foldDaysFrom)
		return err
	})
}

// foldDaysFrom is how many increments are left alone.
const foldDaysFrom = 2000

const foldDaysSQL = `WITH many AS (
    SELECT 1 WHERE (SELECT count(*) FROM (SELECT 1 FROM day_increments LIMIT $1) s) = $1
       AND pg_try_advisory_xact_lock(hashtextextended('bailiff.days.fold', 0))),
old AS (DELETE FROM day_increments WHERE EXISTS (SELECT 1 FROM many) RETURNING region, day, what, n, amount)
INSERT INTO day_totals AS d (region, day, what, n, amount)
SELECT region, day, what, sum(n), sum(amount) FROM old GROUP BY region, day, what ORDER BY region, day, what
    ON CONFLICT (what, day, region) DO UPDATE SET n = d.n + EXCLUDED.n, amount = d.amount + EXCLUDED.amount`

// DayTotal is what one day adds up to.
type DayTotal struct {
	Region string
	Day    calendar.Date
	What   DayCount
	N      int64
	Amount money.Amount
}

// Days reads the counts of some days, of all regions, exactly as they are at this moment. Counts that are zero may be left out.
func Days(ctx context.Context, q Querier, from, to calendar.Date, what ...DayCount) ([]DayTotal, error) {
	names := make([]string, len(what))
	for i, w := range what {
		names[i] = string(w)
	}
	rows, err := q.Query(ctx, daysSQL, from.UTC(), to.UTC(), names)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanDay)
}

func scanDay(row pgx.CollectableRow) (t DayTotal, err error) {
	var day time.Time
	var amount int64
	err = row.Scan(&t.Region, &day, &t.What, &t.N, &amount)
	t.Day, t.Amount = calendar.FromUTC(day), money.FromTiyn(amount)
	return t, err
}

const daysSQL = `SELECT region, day, what, sum(n)::bigint, sum(amount)::bigint FROM (
    SELECT region, day, what, n, amount FROM day_totals WHERE day BETWEEN $1 AND $2 AND what = ANY ($3) UNION ALL
    SELECT region, day, what, n, amount FROM day_increments WHERE day BETWEEN $1 AND $2 AND what = ANY ($3)) s
 GROUP BY day, what, region HAVING sum(n) <> 0 OR sum(amount) <> 0 ORDER BY day, what, region`

// Dues reads what falls due, by region. What fell due before today and is not done counts as of yesterday.
func Dues(ctx context.Context, q Querier, today calendar.Date) ([]DayTotal, error) {
	rows, err := q.Query(ctx, duesSQL, today.UTC(), []string{string(DueVoluntary), string(DueHandover), string(DueUnproven), string(DueHandoverKept)}, duesBack)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanDay)
}

// duesBack bounds how many days back is looked for what was not done.
const duesBack = 400

const duesSQL = `SELECT region, greatest(day, $1::date - 1), what, sum(n)::bigint, 0::bigint FROM (
    SELECT region, day, what, n FROM day_totals WHERE what = ANY ($2) AND day > $1::date - $3::int UNION ALL
    SELECT region, day, what, n FROM day_increments WHERE what = ANY ($2) AND day > $1::date - $3::int) s
 GROUP BY 1, 2, 3 HAVING sum(n) <> 0 ORDER BY 2, 3, 1`
