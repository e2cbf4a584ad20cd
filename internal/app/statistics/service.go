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
	// readEvery is how often it is looked at the most whether there is a new month, in real time.
	readEvery = time.Minute
	// CountFor bounds the counting of all months that nobody has counted.
	CountFor = 5 * time.Minute
)

// Service gives the publication, and counts months for it. It is safe for concurrent use.
type Service struct {
	pool  *pgxpool.Pool
	cases Cases

	reading sync.Mutex
	mu      sync.Mutex
	kept    *Publication
	looked  clock.Stopwatch // since it was read
	counted calendar.Date   // the last month up to which all are counted
}

// New returns a service.
func New(pool *pgxpool.Pool, cases Cases) *Service { return &Service{pool: pool, cases: cases} }

// Latest gives the publication: what was counted, as it was read a minute ago at the most. Nobody who asks counts anything.
func (s *Service) Latest(ctx context.Context) (*Publication, error) {
	if p, fresh := s.current(); p != nil && (fresh || !s.reading.TryLock()) {
		return p, nil
	} else if p == nil {
		s.reading.Lock()
	}
	defer s.reading.Unlock()
	if p, fresh := s.current(); fresh { // another one has read meanwhile
		return p, nil
	}
	last, err := s.last(ctx)
	if err != nil {
		return nil, err
	}
	p, err := s.read(ctx, last)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept, s.looked = p, clock.StartStopwatch()
	return p, nil
}

func (s *Service) current() (p *Publication, fresh bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept, s.kept != nil && s.looked.Elapsed() < readEvery
}

// last is the last month that can be counted.
func (s *Service) last(ctx context.Context) (calendar.Date, error) {
	now, err := s.cases.Now(ctx)
	if err != nil {
		return 0, fmt.Errorf("statistics: legal time: %w", err)
	}
	return lastOver(calendar.DateOf(now)), nil
}

// Due says whether a month waits to be counted. It is cheap to ask.
func (s *Service) Due(ctx context.Context) (bool, error) {
	last, err := s.last(ctx)
	if err != nil {
		return false, err
	}
	s.mu.Lock()
	done := s.counted == last
	s.mu.Unlock()
	if done {
		return false, nil
	}
	due := false
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		_, _, due, err = nextMonth(ctx, tx, last)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("statistics: due: %w", err)
	}
	if !due {
		s.mu.Lock()
		s.counted = last
		s.mu.Unlock()
	}
	return due, nil
}

// Count counts the months that are over and that nobody has counted, one after the other. One process at a time does; a month is counted once.
func (s *Service) Count(ctx context.Context) error {
	last, err := s.last(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, CountFor)
	defer cancel()
	return s.count(ctx, last)
}

// lastOver is the last month that is over and settled.
func lastOver(today calendar.Date) calendar.Date { return before(first(today.AddDays(-settled))) }

func first(d calendar.Date) calendar.Date {
	y, m, _ := d.YMD()
	return calendar.MakeDate(y, m, 1)
}

func before(month calendar.Date) calendar.Date { return first(month.AddDays(-1)) }

func after(month calendar.Date) calendar.Date { return first(month.AddDays(31)) }

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
			month, published, ok, err := nextMonth(ctx, tx, last)
			if more = ok; err != nil || !ok {
				return err
			}
			return s.countMonth(ctx, tx, month, published)
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

const countedSQL = `SELECT month, medians FROM statistics_counted WHERE month >= $1`

// nextMonth is the first month that is not counted yet, of those that are shown; published says that only its medians are missing.
func nextMonth(ctx context.Context, tx pgx.Tx, last calendar.Date) (month calendar.Date, published, ok bool, err error) {
	var begin *time.Time
	if err := tx.QueryRow(ctx, beginSQL).Scan(&begin); err != nil || begin == nil {
		return month, false, false, err
	}
	month = first(calendar.FromUTC(*begin))
	for oldest, n := last, 1; n <= MostMonths; oldest, n = before(oldest), n+1 {
		if n == MostMonths {
			month = max(month, oldest)
		}
	}
	rows, err := tx.Query(ctx, countedSQL, month.UTC())
	if err != nil {
		return month, false, false, err
	}
	whole := map[calendar.Date]bool{} // of the months that were counted: with medians
	var d time.Time
	var medians bool
	if _, err = pgx.ForEachRow(rows, []any{&d, &medians}, func() error { whole[calendar.FromUTC(d)] = medians; return nil }); err != nil {
		return month, false, false, err
	}
	for whole[month] {
		month = after(month)
	}
	_, published = whole[month]
	return month, published, !month.After(last), nil
}

// ofCasesSQL reads of the cases what the counts of the days do not tell, by region and, under ”, of the country: how many were paid by the last
// day of the voluntary period, or before it began, and the medians of the days from opening to payment and to the end.
const ofCasesSQL = `SELECT CASE grouping(region) WHEN 1 THEN '' ELSE region END, grouping(region) = 1,
       count(*) FILTER (WHERE state = 'paid' AND (voluntary_ends_on IS NULL OR ended_on <= voluntary_ends_on)),
       coalesce(percentile_disc(0.5) WITHIN GROUP (ORDER BY ended_on - opened_on) FILTER (WHERE state = 'paid'), -1), coalesce(percentile_disc(0.5) WITHIN GROUP (ORDER BY ended_on - opened_on), -1)
  FROM (SELECT region, state, opened_on, voluntary_ends_on, (ended_at AT TIME ZONE 'Asia/Almaty')::date AS ended_on FROM cases WHERE ended_at >= $1 AND ended_at < $2) s
 GROUP BY GROUPING SETS ((region), ())`

const (
	insertMonthSQL = `INSERT INTO statistics_months (month, region, opened, paid, in_time, cancelled, handed_over, refused, payments, collected, saved)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`
	insertMedianSQL  = `INSERT INTO statistics_medians (month, region, to_paid, to_end) VALUES ($1, $2, nullif($3::integer, -1), nullif($4::integer, -1))`
	insertCountedSQL = `INSERT INTO statistics_counted (month, medians) VALUES ($1, true) ON CONFLICT (month) DO UPDATE SET medians = true`
)

// countMonth counts one month, from the days that are counted with the events and, for what these do not tell, from the cases. What was published
// before stays.
func (s *Service) countMonth(ctx context.Context, tx pgx.Tx, month calendar.Date, published bool) error {
	all := map[string]*Counts{}
	if !published {
		var err error
		if all, err = s.ofDays(ctx, tx, month); err != nil {
			return err
		}
	}
	rows, err := tx.Query(ctx, ofCasesSQL, month.Start(), after(month).Start())
	if err != nil {
		return err
	}
	batch := &pgx.Batch{}
	var (
		region  string
		country bool
		inTime  int64
		m       Medians
	)
	if _, err := pgx.ForEachRow(rows, []any{&region, &country, &inTime, &m.ToPaid, &m.ToEnd}, func() error {
		if c := all[region]; c != nil && !country {
			c.InTime = min(inTime, c.Paid)
		}
		batch.Queue(insertMedianSQL, month.UTC(), region, m.ToPaid, m.ToEnd)
		return nil
	}); err != nil {
		return err
	}
	for _, c := range all {
		var saved any = c.Saved.Tiyn()
		if c.Unsaid {
			saved = nil
		}
		batch.Queue(insertMonthSQL, month.UTC(), c.Region, c.Opened, c.Paid, c.InTime, c.Cancelled, c.HandedOver, c.Refused, c.Payments, c.Collected.Tiyn(), saved)
	}
	batch.Queue(insertCountedSQL, month.UTC())
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
       coalesce(collected, 0), coalesce(saved, 0), m.month IS NOT NULL AND saved IS NULL,
       coalesce(d.to_paid, -1), coalesce(d.to_end, -1), coalesce(w.to_paid, -1), coalesce(w.to_end, -1)
  FROM statistics_counted c LEFT JOIN statistics_months m ON m.month = c.month LEFT JOIN statistics_medians d ON d.month = m.month AND d.region = m.region
  LEFT JOIN statistics_medians w ON w.month = c.month AND w.region = '' WHERE c.month <= $1 ORDER BY c.month DESC, m.region`

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
		whole            Medians
		country          = map[calendar.Date]Medians{}
	)
	_, err = pgx.ForEachRow(rows, []any{&month, &c.Region, &c.Opened, &c.Paid, &c.InTime, &c.Cancelled, &c.HandedOver, &c.Refused, &c.Payments, &collected, &saved, &c.Unsaid, &c.Days.ToPaid, &c.Days.ToEnd, &whole.ToPaid, &whole.ToEnd}, func() error {
		m := calendar.FromUTC(month)
		if !slices.Contains(months, m) {
			months = append(months, m)
		}
		c.Collected, c.Saved = money.FromTiyn(collected), money.FromTiyn(saved)
		of[m], country[m] = append(of[m], c), whole
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("statistics: read: %w", err)
	}
	for _, m := range months[:min(len(months), MostMonths)] {
		p.Months = append(p.Months, publish(m, of[m], country[m]))
	}
	return p, nil
}
