package breaker_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine"
	"robotbailiff/engine/breaker"
	"robotbailiff/engine/stop"
	"robotbailiff/internal/testkit"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var now = calendar.MakeDate(2026, 9, 29).Start().Add(10*time.Hour + 17*time.Minute) // a Tuesday

func count(t *testing.T, pool *pgxpool.Pool, what string, at time.Time, n, low int64) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), `INSERT INTO tallies (what, at, n, low) VALUES ($1, $2, $3, $4)`, what, at.Truncate(5*time.Minute), n, low); err != nil {
		t.Fatal(err)
	}
}

func look(t *testing.T, pool *pgxpool.Pool, at time.Time) map[string]breaker.Reading {
	t.Helper()
	all, err := breaker.NewWatcher(pool, pack.Default, nil).Look(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]breaker.Reading{}
	for _, r := range all {
		out[r.Name] = r
	}
	if len(out) != len(breaker.Names) {
		t.Fatalf("%d readings", len(out))
	}
	return out
}

// Nothing counted is nothing to fear.
func TestLook_empty(t *testing.T) {
	t.Parallel()
	for name, r := range look(t, testkit.DB(t), now) {
		if r.Over || r.Count != 0 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// Arrests of an hour are compared with the median of the same hour of four weeks, from 28 days after the first arrest on.
func TestLook_arrests(t *testing.T) {
	t.Parallel()
	week := 7 * 24 * time.Hour
	for name, c := range map[string]struct {
		before []int64 // one to five weeks ago, in this hour
		now    int64
		over   bool
		idle   bool
		limit  int64
	}{
		"no history":            {nil, 5000, false, true, 200},
		"three weeks of it":     {[]int64{100, 100, 100}, 5000, false, true, 300},
		"under the least":       {[]int64{10, 10, 10, 10, 10}, 200, false, false, 200},
		"over the least":        {[]int64{10, 10, 10, 10, 10}, 201, true, false, 200},
		"three times the usual": {[]int64{100, 900, 100, 120, 1}, 330, false, false, 330}, // the median of the four is 110
		"and one more":          {[]int64{100, 900, 100, 120, 1}, 331, true, false, 330},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := testkit.DB(t)
			for k, n := range c.before {
				count(t, pool, "arrest", now.Add(-time.Duration(k+1)*week), n, 0)
				count(t, pool, "arrest", now.Add(-time.Duration(k+1)*week-time.Hour), 7777, 0) // another hour
			}
			count(t, pool, "arrest", now, c.now-1, 0)
			count(t, pool, "arrest", now.Truncate(time.Hour), 1, 0)
			count(t, pool, "arrest", now.Truncate(time.Hour).Add(-time.Second), 9999, 0)
			r := look(t, pool, now)[breaker.Arrests]
			if r.Count != c.now || r.Over != c.over || r.Idle != c.idle || r.Limit != c.limit {
				t.Errorf("%+v, want %+v", r, c)
			}
		})
	}
}

func TestLook_shares(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, what, of string
		n, base        int64
		over, idle     bool
	}{
		{breaker.Rejects, "reject", "answer", 5, 50, false, false},
		{breaker.Rejects, "reject", "answer", 6, 50, true, false},
		{breaker.Rejects, "reject", "answer", 49, 49, false, true},
		{breaker.Objections, "not_me", "told", 10, 500, false, false},
		{breaker.Objections, "not_me", "told", 11, 500, true, false},
		{breaker.Objections, "not_me", "told", 400, 499, false, true},
		{breaker.Refusals, "refusal", "told", 80, 2000, false, false},
		{breaker.Refusals, "refusal", "told", 201, 2000, true, false},
	} {
		t.Run(fmt.Sprintf("%s/%d of %d", c.name, c.n, c.base), func(t *testing.T) {
			t.Parallel()
			pool := testkit.DB(t)
			count(t, pool, c.what, now.Add(-10*time.Minute), c.n, 0)
			count(t, pool, c.of, now.Add(-10*time.Minute), c.base, 0)
			count(t, pool, c.what, now.AddDate(0, 0, -2), 9999, 0) // before all windows of counts
			if r := look(t, pool, now)[c.name]; r.Count != c.n || r.Of != c.base || r.Over != c.over || r.Idle != c.idle {
				t.Errorf("%+v", r)
			}
			if r := look(t, pool, now.AddDate(0, 0, 9))[c.name]; r.Over {
				t.Errorf("nine days later %+v", r)
			}
		})
	}
}

// The person with the most cases of today counts, and a look is made again only when more was opened.
func TestLook_person(t *testing.T) {
	t.Parallel()
	pool := testkit.DB(t)
	today := calendar.DateOf(now)
	open := func(id, debtor int64, on calendar.Date) {
		t.Helper()
		_, err := pool.Exec(t.Context(), `INSERT INTO cases (id, debtor_id, region, language, state, debt, outstanding, opened_on, term_ends_on, pack, seq, head)
VALUES ($1, $2, '75', 'kk', 'opened', 1, 1, $3::date, $3::date + 30, 1, 1, decode(repeat('00', 32), 'hex'))`, id, debtor, on.UTC())
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range int64(9) {
		open(260000001+i, 1, today.AddDays(-1)) // yesterday
	}
	for i := range int64(5) {
		open(260000011+i, 2, today)
	}
	count(t, pool, "opened", now.AddDate(0, 0, -1), 9, 260000001)
	count(t, pool, "opened", now, 5, 260000011)
	w := breaker.NewWatcher(pool, pack.Default, nil)
	person := func() breaker.Reading {
		t.Helper()
		all, err := w.Look(t.Context(), now)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range all {
			if r.Name == breaker.Person {
				return r
			}
		}
		t.Fatal("no reading")
		return breaker.Reading{}
	}
	if r := person(); r.Count != 5 || r.Over {
		t.Errorf("%+v", r)
	}
	open(260000016, 2, today)
	if r := person(); r.Count != 5 {
		t.Errorf("looked again though nothing was counted: %+v", r)
	}
	count(t, pool, "opened", now, 1, 260000016)
	if r := person(); r.Count != 6 || !r.Over {
		t.Errorf("%+v", r)
	}
}

// Lifts count by their age, those in open chunks alone.
func TestLook_lifts(t *testing.T) {
	t.Parallel()
	pool := testkit.DB(t)
	lifts := func(from, n int, age time.Duration) {
		t.Helper()
		_, err := pool.Exec(t.Context(), `WITH o AS (INSERT INTO orders (case_id, purpose, ordinal, id, status, amount, requested_at)
  SELECT i, 'lift', 1, gen_random_uuid(), 'unknown', 0, $3 FROM generate_series($1::bigint, $1::bigint + $2 - 1) i RETURNING case_id)
INSERT INTO chunks (kind, case_ids, not_before) SELECT 'lift', array_agg(case_id), now() FROM o`, from, n, now.Add(-age))
		if err != nil {
			t.Fatal(err)
		}
	}
	lifts(1, 500, 10*time.Minute)
	lifts(1001, 100, 20*time.Minute)
	if r := look(t, pool, now); r[breaker.Lifts].Count != 100 || r[breaker.Lifts].Over || r[breaker.LiftsOld].Count != 0 {
		t.Errorf("%+v", r)
	}
	lifts(2001, 20, 2*time.Hour)
	if r := look(t, pool, now); r[breaker.Lifts].Count != 120 || !r[breaker.Lifts].Over || r[breaker.LiftsOld].Count != 20 || r[breaker.LiftsOld].Over {
		t.Errorf("%+v", r)
	}
	lifts(3001, 1, 2*time.Hour)
	if r := look(t, pool, now)[breaker.LiftsOld]; !r.Over {
		t.Errorf("%+v", r)
	}
	if _, err := pool.Exec(t.Context(), `UPDATE chunks SET done_at = now()`); err != nil {
		t.Fatal(err)
	}
	if r := look(t, pool, now)[breaker.LiftsOld]; r.Count != 0 {
		t.Errorf("done: %+v", r)
	}
}

func TestWhy_everyBreakerInThreeLanguages(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, name := range append([]string{breaker.Violations}, breaker.Names...) {
		for _, lang := range []string{"kk", "ru", "en"} {
			s := breaker.Why(name, stop.Figures{Count: 12345, Of: 67, Limit: 8}, lang)
			if seen[s] || !strings.Contains(s, "12345") || strings.ContainsAny(s, "{}") {
				t.Errorf("%s in %s: %q", name, lang, s)
			}
			seen[s] = true
		}
	}
}

// Each bank is compared with its own rate, or that of the pack, over the last hour; a release of one counts for this one alone.
func TestWatch_banks(t *testing.T) {
	t.Parallel()
	pool := testkit.DB(t)
	const usual = 5000
	sent := func(bank string, at time.Time, n int64) { count(t, pool, engine.TallySent+bank, at, n, 0) }
	sent("altyn", now, usual)
	sent("dala", now.Add(-50*time.Minute), usual)
	sent("dala", now, 1)
	sent("dala", now.Add(-70*time.Minute), 9999) // before the hour
	sent("jetisu", now, 301)
	sent("old", now.Add(-2*time.Hour), 9999)
	w := breaker.NewWatcher(pool, pack.Default, map[string]int{"jetisu": 300, "altyn": usual})
	stops := stop.NewStore(pool)
	watch := func(at time.Time) (out []string) {
		t.Helper()
		opened, err := w.Watch(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range opened {
			out = append(out, fmt.Sprintf("%s %s %d/%d", r.Name, r.Scope(), r.Count, r.Limit))
		}
		return out
	}
	if got := watch(now); !slices.Equal(got, []string{"bank_arrests bank:dala 5001/5000", "bank_arrests bank:jetisu 301/300"}) {
		t.Fatalf("%q", got)
	}
	set, err := stop.Read(t.Context(), pool, time.Time{})
	if err != nil || !slices.Equal(set.Banks(), []string{"dala", "jetisu"}) || set.For(stop.Subject{Region: "75", Source: "ERAP"}) != stop.None {
		t.Errorf("%+v, %v", set, err)
	}
	open, err := stops.Open(t.Context(), now)
	if err != nil || len(open) != 2 || open[0].Scope != "bank:jetisu" || breaker.WhyStopped(&open[0], "ru") != "За час этому банку отправлено арестов: 301; предел 300." {
		t.Fatalf("%+v, %v", open, err)
	}
	for _, who := range []string{"Aigul", "Bolat"} {
		if _, err := stops.Release(t.Context(), open[0].ID, who, "the bank agrees", now); err != nil {
			t.Fatal(err)
		}
	}
	later := now.Add(10 * time.Minute)
	if got := watch(later); len(got) > 0 {
		t.Errorf("opened by what was before the release: %q", got)
	}
	sent("jetisu", later, 301)
	if got := watch(later); !slices.Equal(got, []string{"bank_arrests bank:jetisu 301/300"}) {
		t.Errorf("after the release: %q", got)
	}
	open, err = stops.Open(t.Context(), now)
	if err != nil || len(open) != 2 {
		t.Errorf("dala is still stopped, and jetisu again: %+v, %v", open, err)
	}
}
