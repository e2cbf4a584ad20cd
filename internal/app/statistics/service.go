package statistics

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/pg"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

// Cases is what figures need of the engine: the legal time, and the rules in force.
type Cases interface {
	Now(ctx context.Context) (time.Time, error)
	Pack() *pack.Pack
}

// Publication is what the public sees. It is never changed.
type Publication struct {
	Months []Month // the newest first
}

// Of finds a month.
func (p *Publication) Of(month calendar.Date) (Month, bool) {
	i := slices.IndexFunc(p.Months, func(m Month) bool { return m.Month == month })
	if i < 0 {
		return Month{}, false
	}
	return p.Months[i], true
}

const (
	// MostMonths is how many months are shown.
	MostMonths = 24
	// settled is how many days after its end a month is counted: all that was written in it is there by then.
	settled = 1
	// lookEvery is how often it is looked at the most whether there is a new month, in real time.
	lookEvery = time.Hour
	// leapEvery is the same where legal time has gone on by a month since: in a sandbox it runs faster.
	leapEvery = 10 * time.Second
	countFor  = 5 * time.Minute
)

// Service gives the publication. It is safe for concurrent use.
type Service struct {
	pool  *pgxpool.Pool
	cases Cases

	counting sync.Mutex
	mu       sync.Mutex
	kept     *Publication
	last     calendar.Date   // the last month that was over when it was looked
	looked   clock.Stopwatch // since then
}

// New returns a service.
func New(pool *pgxpool.Pool, cases Cases) *Service { return &Service{pool: pool, cases: cases} }

// Latest gives the publication: the one that is kept, or a new one when it may be time for one. One who asks counts then, and all others get
// what is kept.
func (s *Service) Latest(ctx context.Context) (*Publication, error) {
	now, err := s.cases.Now(ctx)
	if err != nil {
		return nil, fmt.Errorf("statistics: legal time: %w", err)
	}
	last := lastOver(calendar.DateOf(now))
	if p, fresh := s.current(last); p != nil && (fresh || !s.counting.TryLock()) {
		return p, nil
	} else if p == nil {
		s.counting.Lock()
	}
	defer s.counting.Unlock()
	if p, fresh := s.current(last); fresh { // another one has counted meanwhile
		return p, nil
	}
	counting, cancel := context.WithTimeout(context.WithoutCancel(ctx), countFor)
	defer cancel()
	if err := s.count(counting, last); err != nil {
		if p, _ := s.current(last); p != nil {
			s.keep(p, last) // what was published stays, and it is tried again later
			return p, nil
		}
		return nil, err
	}
	p, err := s.read(counting, last)
	if err != nil {
		return nil, err
	}
	s.keep(p, last)
	return p, nil
}

func (s *Service) current(last calendar.Date) (p *Publication, fresh bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil {
		return nil, false
	}
	every := lookEvery
	if s.last != last {
		every = leapEvery
	}
	return s.kept, s.looked.Elapsed() < every
}

func (s *Service) keep(p *Publication, last calendar.Date) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept, s.last, s.looked = p, last, clock.StartStopwatch()
}

// lastOver is the last month that is over and settled.
func lastOver(today calendar.Date) calendar.Date { return before(first(today.AddDays(-settled))) }

func first(d calendar.Date) calendar.Date {
	y, m, _ := d.YMD()
	return calendar.MakeDate(y, m, 1)
}

func before(month calendar.Date) calendar.Date { return first(month.AddDays(-1)) }

func after(month calendar.Date) calendar.Date { return first(month.AddDays(31)) }

// count counts the months up to the last one that nobody has counted, one after the other. One process at a time does.
func (s *Service) count(ctx context.Context, last calendar.Date) error {
	for {
		more := false
		err := pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, `SET LOCAL statement_timeout = '5min'`); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('bailiff.statistics', 0))`); err != nil {
				return err
			}
			month, ok, err := nextMonth(ctx, tx, last)
			if more = ok; err != nil || !ok {
				return err
			}
			return s.countMonth(ctx, tx, month)
		})
		if err != nil {
			return fmt.Errorf("statistics: count: %w", err)
		}
		if !more {
			return nil
		}
	}
}

// beginSQL finds the month before which nothing was ever opened.
const beginSQL = `SELECT min(day) FROM (SELECT min(day) AS day FROM day_totals WHERE what = 'opened' UNION ALL SELECT min(day) FROM day_increments WHERE what = 'opened') s`

const countedSQL = `SELECT month FROM statistics_counted WHERE month >= $1`

// nextMonth is the first month that is not counted yet, of those that are shown.
func nextMonth(ctx context.Context, tx pgx.Tx, last calendar.Date) (month calendar.Date, ok bool, err error) {
	var begin *time.Time
	if err := tx.QueryRow(ctx, beginSQL).Scan(&begin); err != nil || begin == nil {
		return month, false, err
	}
	month = first(calendar.FromUTC(*begin))
	for oldest, n := last, 1; n <= MostMonths; oldest, n = before(oldest), n+1 {
		if n == MostMonths {
			month = max(month, oldest)
		}
	}
	rows, err := tx.Query(ctx, countedSQL, month.UTC())
	if err != nil {
		return month, false, err
	}
	counted, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (calendar.Date, error) {
		var d time.Time
		err := row.Scan(&d)
		return calendar.FromUTC(d), err
	})
	for err == nil && slices.Contains(counted, month) {
		month = after(month)
	}
	return month, err == nil && !month.After(last), err
}

// inTimeSQL counts cases of a month that were paid by the last day of the voluntary period, or before it began.
const inTimeSQL = `SELECT region, count(*) FROM cases WHERE state = 'paid' AND ended_at >= $1 AND ended_at < $2
   AND (voluntary_ends_on IS NULL OR (ended_at AT TIME ZONE 'Asia/Almaty')::date <= voluntary_ends_on) GROUP BY region`

const insertMonthSQL = `INSERT INTO statistics_months (month, region, opened, paid, in_time, cancelled, handed_over, refused, payments, collected, saved)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`

// countMonth counts one month, from the days that are counted with the events and, for what these do not tell, from the cases.
func (s *Service) countMonth(ctx context.Context, tx pgx.Tx, month calendar.Date) error {
	all, err := s.ofDays(ctx, tx, month)
	if err != nil {
		return err
	}
	rows, err := tx.Query(ctx, inTimeSQL, month.Start(), after(month).Start())
	if err != nil {
		return err
	}
	var region string
	var n int64
	if _, err := pgx.ForEachRow(rows, []any{&region, &n}, func() error {
		if c := all[region]; c != nil {
			c.InTime = min(n, c.Paid)
		}
		return nil
	}); err != nil {
		return err
	}
	batch := &pgx.Batch{}
	for _, c := range all {
		var saved any = c.Saved.Tiyn()
		if c.Unsaid {
			saved = nil
		}
		batch.Queue(insertMonthSQL, month.UTC(), c.Region, c.Opened, c.Paid, c.InTime, c.Cancelled, c.HandedOver, c.Refused, c.Payments, c.Collected.Tiyn(), saved)
	}
	batch.Queue(`INSERT INTO statistics_counted (month) VALUES ($1)`, month.UTC())
	return tx.SendBatch(ctx, batch).Close()
}

func (s *Service) ofDays(ctx context.Context, tx pgx.Tx, month calendar.Date) (map[string]*Counts, error) {
	days, err := engine.Days(ctx, tx, month, after(month).AddDays(-1), engine.DayOpened, engine.DayPaid, engine.DayCancelled, engine.DayHandedOver, engine.DayRefused, engine.DayCollected)
	if err != nil {
		return nil, err
	}
	rulesNow, all := s.cases.Pack(), map[string]*Counts{}
	for _, d := range days {
		c := all[d.Region]
		if c == nil {
			c = &Counts{Region: d.Region}
			all[d.Region] = c
		}
		switch d.What { //nolint:exhaustive // the others were not asked for
		case engine.DayOpened:
			c.Opened += d.N
		case engine.DayPaid:
			c.Paid += d.N
			fee, ok := rules.FeeOfMany(rulesNow, d.Amount, d.Day)
			c.Saved, c.Unsaid = c.Saved.Add(fee), c.Unsaid || !ok
		case engine.DayCancelled:
			c.Cancelled += d.N
		case engine.DayHandedOver:
			c.HandedOver += d.N
		case engine.DayRefused:
			c.Refused += d.N
		case engine.DayCollected:
			c.Payments, c.Collected = c.Payments+d.N, c.Collected.Add(d.Amount)
		}
	}
	return all, nil
}

const readMonthsSQL = `SELECT c.month, coalesce(m.region, ''), coalesce(opened, 0), coalesce(paid, 0), coalesce(in_time, 0), coalesce(cancelled, 0), coalesce(handed_over, 0), coalesce(refused, 0), coalesce(payments, 0),
       coalesce(collected, 0), coalesce(saved, 0), m.month IS NOT NULL AND saved IS NULL
  FROM statistics_counted c LEFT JOIN statistics_months m ON m.month = c.month WHERE c.month <= $1 ORDER BY c.month DESC, m.region`

// read makes the publication of all months that were counted.
func (s *Service) read(ctx context.Context, last calendar.Date) (*Publication, error) {
	rows, err := s.pool.Query(ctx, readMonthsSQL, last.UTC())
	if err != nil {
		return nil, fmt.Errorf("statistics: read: %w", err)
	}
	var (
		p                = &Publication{}
		month            time.Time
		c                Counts
		collected, saved int64
		months           []calendar.Date
		of               = map[calendar.Date][]Counts{}
	)
	_, err = pgx.ForEachRow(rows, []any{&month, &c.Region, &c.Opened, &c.Paid, &c.InTime, &c.Cancelled, &c.HandedOver, &c.Refused, &c.Payments, &collected, &saved, &c.Unsaid}, func() error {
		m := calendar.FromUTC(month)
		if !slices.Contains(months, m) {
			months = append(months, m)
		}
		c.Collected, c.Saved = money.FromTiyn(collected), money.FromTiyn(saved)
		of[m] = append(of[m], c)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("statistics: read: %w", err)
	}
	for _, m := range months[:min(len(months), MostMonths)] {
		p.Months = append(p.Months, publish(m, of[m]))
	}
	return p, nil
}
