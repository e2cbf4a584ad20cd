package breaker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine/stop"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

// Names of the breakers. The last one is thrown by whoever finds a broken promise, not by [Watcher].
const (
	Arrests    = "arrests"
	Person     = "person_cases"
	Rejects    = "rejects"
	Objections = "objections"
	Refusals   = "refusals"
	Lifts      = "lifts"
	LiftsOld   = "lifts_old"
	Bank       = "bank_arrests"
	Violations = "violations"
)

// Names lists those that [Watcher] looks at.
var Names = []string{Arrests, Person, Rejects, Objections, Refusals, Lifts, LiftsOld, Bank}

// Reading is how one breaker stands; that of the banks once for each bank to which arrests were sent.
type Reading struct {
	Name string `json:"name"`
	Bank string `json:"bank,omitempty"` // the only one that it stops; empty: it stops everything
	stop.Figures
	Over bool `json:"over"`
	// Idle says that there is too little yet to compare, so that the breaker cannot open.
	Idle bool `json:"idle"`
}

// Scope is what the breaker stops when it opens.
func (r *Reading) Scope() stop.Scope {
	if r.Bank != "" {
		return stop.Scope(stop.KindBank + ":" + r.Bank)
	}
	return stop.Everything
}

// Watcher looks at all breakers. It is safe for concurrent use.
type Watcher struct {
	pool  *pgxpool.Pool
	stops *stop.Store
	pack  func() *pack.Pack
	rates map[string]int // arrests an hour, of banks that have a rate of their own

	mu     sync.Mutex
	person personLook
}

// personLook is what the look at the persons of the day found, for as long as nothing more is opened.
type personLook struct {
	on     calendar.Date
	low, n int64
	most   int64
}

// NewWatcher makes a watcher; the pack is asked for at every look. Banks may have a rate of their own, in arrests an hour; for the others
// that of the pack counts.
func NewWatcher(pool *pgxpool.Pool, p func() *pack.Pack, rates map[string]int) *Watcher {
	return &Watcher{pool: pool, stops: stop.NewStore(pool), pack: p, rates: rates}
}

// Watch looks at all breakers and throws the switch for those that are over their limit. It returns those that opened now.
func (w *Watcher) Watch(ctx context.Context, now time.Time) (opened []Reading, err error) {
	readings, err := w.Look(ctx, now)
	if err != nil {
		return nil, err
	}
	for _, r := range readings {
		if !r.Over {
			continue
		}
		id, err := w.stops.Trip(ctx, r.Scope(), r.Name, Why(r.Name, r.Figures, "en"), r.Figures, now)
		if err != nil {
			return opened, err
		}
		if id != 0 {
			opened = append(opened, r)
		}
	}
	return opened, nil
}

// Look tells how the breakers stand, and throws nothing. A pack without limits has none.
func (w *Watcher) Look(ctx context.Context, now time.Time) ([]Reading, error) {
	today := calendar.DateOf(now)
	limits, ok := w.pack().Breakers(today)
	if !ok {
		return nil, nil
	}
	released, err := stop.LastReleases(ctx, w.pool)
	if err != nil {
		return nil, err
	}
	look := looker{w: w, now: now, limits: limits, released: released}
	var out []Reading
	for _, one := range []func(context.Context) ([]Reading, error){look.arrests, look.persons, look.rejects, look.told, look.lifts, look.banks} {
		r, err := one(ctx)
		if err != nil {
			return nil, fmt.Errorf("breaker: %w", err)
		}
		out = append(out, r...)
	}
	return out, nil
}

type looker struct {
	w        *Watcher
	now      time.Time
	limits   pack.Breakers
	released map[stop.Held]time.Time
}

// since is the beginning of a window of a breaker that stops everything, or its last release if that was later.
func (l *looker) since(name string, from time.Time) time.Time {
	return l.sinceAt(name, stop.Everything, from)
}

func (l *looker) sinceAt(name string, scope stop.Scope, from time.Time) time.Time {
	if r := l.released[stop.Held{Breaker: name, Scope: scope}]; r.After(from) {
		return r.Truncate(bucket).Add(bucket) // whole ones alone
	}
	return from
}

func (l *looker) sum(ctx context.Context, what string, from, to time.Time) (n int64, err error) {
	err = l.w.pool.QueryRow(ctx, sumSQL, strings.Split(what, ","), from, to).Scan(&n)
	return n, err
}

// objecting is all that counts as an objection: of debtors, and of those whom a notice does not concern.
const objecting = "objection,not_me"

const (
	week   = 7 * 24 * time.Hour
	bucket = 5 * time.Minute // of the tallies
)

// arrests compares those of this hour with the median of the same hour of the week. Until the time of comparison has passed since
// the first arrest there is nothing to compare with.
func (l *looker) arrests(ctx context.Context) ([]Reading, error) {
	hour := l.now.Truncate(time.Hour)
	r := Reading{Name: Arrests}
	var err error
	if r.Count, err = l.sum(ctx, "arrest", l.since(Arrests, hour), hour.Add(time.Hour)); err != nil {
		return nil, err
	}
	var first *time.Time
	if err := l.w.pool.QueryRow(ctx, firstSQL, "arrest").Scan(&first); err != nil {
		return nil, err
	}
	var before []int64
	for k := 1; k <= l.limits.ArrestsDays/7; k++ {
		from := hour.Add(-time.Duration(k) * week)
		n, err := l.sum(ctx, "arrest", from, from.Add(time.Hour))
		if err != nil {
			return nil, err
		}
		before = append(before, n)
	}
	r.Of = median(before)
	r.Limit = max(int64(l.limits.ArrestsTimes)*r.Of, int64(l.limits.ArrestsLeast))
	r.Idle = first == nil || first.After(l.now.AddDate(0, 0, -l.limits.ArrestsDays))
	r.Over = !r.Idle && r.Count > r.Limit
	return []Reading{r}, nil
}

// persons finds the person with the most cases of today; that placeholder of a number is somebody else's debts.
func (l *looker) persons(ctx context.Context) ([]Reading, error) {
	r := Reading{Name: Person, Figures: stop.Figures{Limit: int64(l.limits.PersonCases)}}
	today := calendar.DateOf(l.now)
	var low, n int64
	if err := l.w.pool.QueryRow(ctx, openedSQL, l.since(Person, today.Start())).Scan(&n, &low); err != nil {
		return nil, err
	}
	if n == 0 {
		r.Idle = true
		return []Reading{r}, nil
	}
	l.w.mu.Lock()
	known := l.w.person
	l.w.mu.Unlock()
	if known.on != today || known.low != low || known.n != n {
		known = personLook{on: today, low: low, n: n}
		if err := l.w.pool.QueryRow(ctx, mostSQL, low, today.UTC()).Scan(&known.most); err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return nil, err
		}
		l.w.mu.Lock()
		l.w.person = known
		l.w.mu.Unlock()
	}
	r.Count = known.most
	r.Over = r.Count > r.Limit
	return []Reading{r}, nil
}

func (l *looker) rejects(ctx context.Context) ([]Reading, error) {
	from := l.since(Rejects, l.now.Add(-time.Duration(l.limits.RejectsMinutes)*time.Minute))
	return l.share(ctx, Rejects, "reject", from, "answer", from, l.limits.Rejects, l.limits.RejectsLeast)
}

// told compares what those who were told of their case say with how many were told.
func (l *looker) told(ctx context.Context) ([]Reading, error) {
	of, day := l.now.AddDate(0, 0, -l.limits.ToldDays), l.now.AddDate(0, 0, -1)
	a, err := l.share(ctx, Objections, objecting, l.since(Objections, day), "told", of, l.limits.Objections, l.limits.ToldLeast)
	if err != nil {
		return nil, err
	}
	b, err := l.share(ctx, Refusals, "refusal", l.since(Refusals, day), "told", of, l.limits.Refusals, l.limits.ToldLeast)
	return append(a, b...), err
}

// share compares a count with a percentage of another, from so many of that on.
func (l *looker) share(ctx context.Context, name, what string, from time.Time, ofWhat string, ofFrom time.Time, percent, least int) ([]Reading, error) {
	r := Reading{Name: name, Figures: stop.Figures{Limit: int64(percent)}}
	var err error
	if r.Count, err = l.sum(ctx, what, from, l.now.Add(time.Second)); err != nil {
		return nil, err
	}
	if r.Of, err = l.sum(ctx, ofWhat, ofFrom, l.now.Add(time.Second)); err != nil {
		return nil, err
	}
	r.Idle = r.Of < int64(least)
	r.Over = !r.Idle && r.Count*100 > r.Of*r.Limit
	return []Reading{r}, nil
}

// How long a lift has waited when it counts.
const (
	liftWaits = 15 * time.Minute
	liftOld   = time.Hour
)

// lifts counts those that the banks have not confirmed, in the chunks that are open: a lift that is in none is put into one by
// the sweep within the hour.
func (l *looker) lifts(ctx context.Context) ([]Reading, error) {
	a := Reading{Name: Lifts, Figures: stop.Figures{Limit: int64(l.limits.Lifts)}}
	b := Reading{Name: LiftsOld, Figures: stop.Figures{Limit: int64(l.limits.LiftsOld)}}
	err := l.w.pool.QueryRow(ctx, liftsSQL, l.now.Add(-liftWaits), l.now.Add(-liftOld), l.since(Lifts, time.Unix(0, 0)), l.since(LiftsOld, time.Unix(0, 0))).Scan(&a.Count, &b.Count)
	if err != nil {
		return nil, err
	}
	a.Over, b.Over = a.Count > a.Limit, b.Count > b.Limit
	return []Reading{a, b}, nil
}

// median of some counts; of an even number the lower mean, so that the limit is not raised by rounding.
func median(n []int64) int64 {
	if len(n) == 0 {
		return 0
	}
	for i := range n {
		for j := i; j > 0 && n[j] < n[j-1]; j-- {
			n[j], n[j-1] = n[j-1], n[j]
		}
	}
	if len(n)%2 == 1 {
		return n[len(n)/2]
	}
	return (n[len(n)/2-1] + n[len(n)/2]) / 2
}

// A tally is of the five minutes that begin with its instant: one belongs to a window when these end after its beginning.
const (
	sumSQL = `SELECT coalesce(sum(n), 0)::bigint FROM tallies WHERE what = ANY ($1) AND at > $2::timestamptz - interval '5 minutes' AND at < $3`

	firstSQL = `SELECT min(at) FROM tallies WHERE what = $1`

	openedSQL = `SELECT coalesce(sum(n), 0)::bigint, coalesce(min(low) FILTER (WHERE low > 0), 0)::bigint FROM tallies WHERE what = 'opened' AND at >= $1`

	mostSQL = `SELECT count(*) FROM cases WHERE id >= $1 AND opened_on = $2 GROUP BY debtor_id ORDER BY 1 DESC LIMIT 1`

	liftsSQL = `SELECT count(*) FILTER (WHERE o.requested_at < $1 AND o.requested_at > $3), count(*) FILTER (WHERE o.requested_at < $2 AND o.requested_at > $4)
  FROM (SELECT DISTINCT unnest(case_ids) AS case_id FROM chunks WHERE done_at IS NULL AND kind = 'lift') k
  JOIN orders o ON o.case_id = k.case_id AND o.purpose = 'lift' AND o.status IN ('requested', 'unknown')`
)
