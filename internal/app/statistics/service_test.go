package statistics_test

import (
	"testing"
	"time"

	"robotbailiff/internal/app/statistics"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/ui/uitest"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A month appears when it is over and settled, is counted from the cases once, and stays.
func TestLatest_aMonthThatIsOver(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w, err := uitest.NewWorld(ctx, testkit.DB(t), testkit.Keys(t))
	must(t, err)
	var ids []int64
	for range 9 {
		p, err := w.Open(ctx, uitest.Writ{Amount: 10000})
		must(t, err)
		ids = append(ids, p.CaseID)
	}
	begin, err := w.Clock.Now(ctx)
	must(t, err)
	for i, id := range ids[:6] {
		if i%2 == 0 { // after 2, 2, 6, 6, 10 and 10 days
			w.Clock.Set(calendar.DateOf(begin).AddDays(2 + 2*i).Start().Add(12 * time.Hour))
		}
		must(t, w.Notify(ctx, id))
		must(t, w.Pay(ctx, id, 10000))
	}
	month := func() calendar.Date { y, m, _ := calendar.DateOf(begin).YMD(); return calendar.MakeDate(y, m, 1) }()
	s := statistics.New(w.Pool, w.Store)
	counted(t, s, false)
	p, err := s.Latest(ctx)
	if err != nil || len(p.Months) != 0 {
		t.Errorf("a month that goes on is shown: %+v, %v", p, err)
	}
	w.Clock.Set(month.AddDays(31).Start().Add(time.Hour)) // the first of the next month: not settled
	s = statistics.New(w.Pool, w.Store)
	counted(t, s, false)
	if p, err := s.Latest(ctx); err != nil || len(p.Months) != 0 {
		t.Errorf("a month that is just over is shown: %+v, %v", p, err)
	}
	w.Clock.Set(month.AddDays(33).Start())
	s = statistics.New(w.Pool, w.Store)
	if p, err := s.Latest(ctx); err != nil || len(p.Months) != 0 {
		t.Errorf("one who looks has a month counted: %+v, %v", p, err)
	}
	s = statistics.New(w.Pool, w.Store)
	counted(t, s, true)
	counted(t, s, false)
	p, err = s.Latest(ctx)
	must(t, err)
	m, ok := p.Of(month)
	if !ok || len(p.Months) != 1 || m.Country.Opened.N != 9 || m.Country.Paid.N != 6 || m.Country.InTime.Percent != 100 || !m.Country.Collected.Sum.Equal(money.FromTiyn(6*10000*100)) || !m.Country.Saved.Sum.Equal(money.FromTiyn(6*2500*100)) {
		t.Errorf("%+v", m)
	}
	if want := (statistics.DaysCell{Days: 6}); m.Country.ToPaid != want || m.Country.ToEnd != want || m.Regions[0].ToPaid != want {
		t.Errorf("%+v, in the region %+v", m.Country, m.Regions[0])
	}
	for _, sql := range []string{`UPDATE statistics_months SET opened = 1`, `UPDATE statistics_medians SET to_end = 1`} {
		if _, err := w.Pool.Exec(ctx, sql); err == nil {
			t.Errorf("what was published is changed: %s", sql)
		}
	}
	// nobody counts it again, whatever is asked
	var before, after string
	const sql = `SELECT (SELECT count(*) || '/' || max(counted_at) FROM statistics_counted) || (SELECT count(*) FROM statistics_months)`
	must(t, w.Pool.QueryRow(ctx, sql).Scan(&before))
	other := statistics.New(w.Pool, w.Store)
	counted(t, other, false)
	must(t, other.Count(ctx))
	again, err := other.Latest(ctx)
	must(t, err)
	must(t, w.Pool.QueryRow(ctx, sql).Scan(&after))
	if before != after || len(again.Months) != 1 || before == "" {
		t.Errorf("%s became %s", before, after)
	}
	if kept, err := s.Latest(ctx); err != nil || kept != p {
		t.Errorf("it is counted for each who asks: %v", err)
	}
	w.Clock.Set(month.AddDays(100).Start())
	s = statistics.New(w.Pool, w.Store)
	counted(t, s, true)
	p, err = s.Latest(ctx)
	if must(t, err); len(p.Months) != 3 || p.Months[2].Month != month || p.Months[0].Country.Opened.N != 0 {
		t.Errorf("months in which nothing happened: %+v", p.Months)
	}
}

// counted lets the robot look whether a month waits, and count it.
func counted(t *testing.T, s *statistics.Service, want bool) {
	t.Helper()
	due, err := s.Due(t.Context())
	must(t, err)
	if due != want {
		t.Errorf("a month waits: %v, want %v", due, want)
	}
	if due {
		must(t, s.Count(t.Context()))
	}
}

// A month that an older program has published has its medians added, and nothing of it changes.
func TestCount_addsTheMediansOfPublishedMonths(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w, err := uitest.NewWorld(ctx, testkit.DB(t), testkit.Keys(t))
	must(t, err)
	for range 6 {
		p, err := w.Open(ctx, uitest.Writ{Amount: 10000})
		must(t, err)
		must(t, w.Notify(ctx, p.CaseID))
		must(t, w.Pay(ctx, p.CaseID, 10000))
	}
	now, err := w.Clock.Now(ctx)
	must(t, err)
	y, m, _ := calendar.DateOf(now).YMD()
	month := calendar.MakeDate(y, m, 1)
	for _, sql := range []string{
		`INSERT INTO statistics_counted (month) VALUES ($1)`,
		`INSERT INTO statistics_months (month, region, opened, paid, in_time, cancelled, handed_over, refused, payments, collected, saved) SELECT DISTINCT $1::date, region, 77, 7, 7, 0, 0, 0, 7, 700, 70 FROM cases`,
	} {
		_, err := w.Pool.Exec(ctx, sql, month.UTC())
		must(t, err)
	}
	w.Clock.Set(month.AddDays(33).Start())
	s := statistics.New(w.Pool, w.Store)
	counted(t, s, true)
	counted(t, s, false)
	p, err := s.Latest(ctx)
	must(t, err)
	if got, ok := p.Of(month); !ok || got.Country.Opened.N != 77 || got.Country.ToPaid != (statistics.DaysCell{}) || got.Country.ToEnd.None {
		t.Errorf("%+v", got)
	}
}
