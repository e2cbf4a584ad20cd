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
	for _, id := range ids[:6] {
		must(t, w.Notify(ctx, id))
		must(t, w.Pay(ctx, id, 10000))
	}
	begin, err := w.Clock.Now(ctx)
	must(t, err)
	month := func() calendar.Date { y, m, _ := calendar.DateOf(begin).YMD(); return calendar.MakeDate(y, m, 1) }()
	s := statistics.New(w.Pool, w.Store)
	p, err := s.Latest(ctx)
	if err != nil || len(p.Months) != 0 {
		t.Errorf("a month that goes on is shown: %+v, %v", p, err)
	}
	w.Clock.Set(month.AddDays(31).Start().Add(time.Hour)) // the first of the next month: not settled
	if p, err := statistics.New(w.Pool, w.Store).Latest(ctx); err != nil || len(p.Months) != 0 {
		t.Errorf("a month that is just over is shown: %+v, %v", p, err)
	}
	w.Clock.Set(month.AddDays(33).Start())
	s = statistics.New(w.Pool, w.Store)
	p, err = s.Latest(ctx)
	must(t, err)
	m, ok := p.Of(month)
	if !ok || len(p.Months) != 1 || m.Country.Opened.N != 9 || m.Country.Paid.N != 6 || m.Country.InTime.Percent != 100 || !m.Country.Collected.Sum.Equal(money.FromTiyn(6*10000*100)) || !m.Country.Saved.Sum.Equal(money.FromTiyn(6*2500*100)) {
		t.Errorf("%+v", m)
	}
	if _, err := w.Pool.Exec(ctx, `UPDATE statistics_months SET opened = 1`); err == nil {
		t.Error("what was published is changed")
	}
	// nobody counts it again, whatever is asked
	var before, after string
	const sql = `SELECT (SELECT count(*) || '/' || max(counted_at) FROM statistics_counted) || (SELECT count(*) FROM statistics_months)`
	must(t, w.Pool.QueryRow(ctx, sql).Scan(&before))
	again, err := statistics.New(w.Pool, w.Store).Latest(ctx)
	must(t, err)
	must(t, w.Pool.QueryRow(ctx, sql).Scan(&after))
	if before != after || len(again.Months) != 1 || before == "" {
		t.Errorf("%s became %s", before, after)
	}
	if kept, err := s.Latest(ctx); err != nil || kept != p {
		t.Errorf("it is counted for each who asks: %v", err)
	}
	w.Clock.Set(month.AddDays(100).Start())
	p, err = statistics.New(w.Pool, w.Store).Latest(ctx)
	if must(t, err); len(p.Months) != 3 || p.Months[2].Month != month || p.Months[0].Country.Opened.N != 0 {
		t.Errorf("months in which nothing happened: %+v", p.Months)
	}
}
