package trail_test

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

	"robotbailiff/engine"
	"robotbailiff/internal/app/trail"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/testkit"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// everybody sees the whole country.
var everybody = trail.Who{Name: "desk:auditor"}

type bundle struct {
	pool  *pgxpool.Pool
	clock *clock.Manual
	store *trail.Store
}

var morning = time.Date(2026, 9, 1, 5, 0, 0, 0, time.UTC)

func setup(t testing.TB) bundle {
	t.Helper()
	pool := testkit.DB(t)
	packs, err := engine.RegisterPack(t.Context(), pool, pack.Default())
	must(t, err)
	c := clock.NewManual(morning)
	return bundle{pool, c, trail.New(pool, c.Now, packs)}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (b bundle) do(t testing.TB, sql string, args ...any) {
	t.Helper()
	_, err := b.pool.Exec(t.Context(), sql, args...)
	must(t, err)
}

// events writes so many events, some in each of several transactions, one hour after the other, and some by people.
func (b bundle) events(t testing.TB, transactions, cases int) {
	t.Helper()
	b.do(t, `INSERT INTO cases (id, debtor_id, region, language, state, debt, outstanding, opened_on, term_ends_on, pack, seq, head)
SELECT 260000000 + i, i, CASE i % 2 WHEN 0 THEN '75' ELSE '71' END, 'kk', 'opened', 100, 100, '2026-09-01', '2026-10-01', 1, $2, sha256('x') FROM generate_series(1, $1) i`, cases, transactions)
	for k := range transactions {
		b.do(t, `INSERT INTO events (case_id, seq, kind, at, actor, pack, data, hash)
SELECT 260000000 + i, $2::int, CASE $2::int WHEN 1 THEN 'opened' ELSE CASE i % 10 WHEN 3 THEN 'held' ELSE 'order_answered' END END, $3::timestamptz, CASE WHEN i % 50 = 7 THEN 'desk:a' ELSE 'robot' END, 1, '{}', sha256('x') FROM generate_series(1, $1::int) i`,
			cases, k+1, morning.Add(time.Duration(k)*time.Hour))
	}
}

// all walks through a list to its end.
func (b bundle) all(t testing.TB, who trail.Who, f trail.EventFilter) (rows []trail.Row) {
	t.Helper()
	for range 10_000 {
		p, err := b.store.Events(t.Context(), who, f)
		must(t, err)
		rows = append(rows, p.Rows...)
		if p.Next.Seq == 0 {
			return rows
		}
		if p.Next == f.After {
			t.Fatal("the walk stands still")
		}
		f.After = p.Next
		q, bad := trail.ParseEvents(f.Query())
		if len(bad) > 0 {
			t.Fatalf("%v: %v", f, bad)
		}
		f = q
	}
	t.Fatal("the walk does not end")
	return nil
}

// Whatever is asked for, walking through the pages gives each event that fits once, the newest first, however small pages and looks are.
func TestEvents_eachOnceAndTheNewestFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.events(t, 40, 60)
	const wantSQL = `SELECT e.case_id || '.' || e.seq FROM events e JOIN cases c ON c.id = e.case_id
 WHERE ($1 = '' OR kind = $1) AND ($2 = '' OR actor = $2) AND at >= $3 AND at < $4 AND ($5::text[] IS NULL OR region = ANY ($5)) AND ($6::bigint = 0 OR case_id = $6)`
	rapid.Check(t, func(rt *rapid.T) {
		b.store.Page, b.store.Scan = rapid.IntRange(1, 80).Draw(rt, "page"), rapid.IntRange(1, 300).Draw(rt, "scan")
		b.store.Patience = 0
		f := trail.EventFilter{Kind: rapid.SampledFrom([]string{"", "held", "opened", "paid"}).Draw(rt, "kind"), Actor: rapid.SampledFrom([]string{"", "robot", "desk:a", "desk:b"}).Draw(rt, "actor")}
		day := calendar.DateOf(morning)
		from, to := day.AddDays(-9), day.AddDays(9)
		if rapid.Bool().Draw(rt, "from?") {
			f.From = day.AddDays(rapid.IntRange(-1, 3).Draw(rt, "from"))
			from = f.From
		}
		if rapid.Bool().Draw(rt, "to?") {
			f.To = max(day.AddDays(rapid.IntRange(-1, 3).Draw(rt, "to")), f.From)
			to = f.To
		}
		who, id := everybody, int64(0)
		if rapid.Bool().Draw(rt, "region?") {
			who.Regions = []string{"71"}
		}
		if rapid.Bool().Draw(rt, "case?") {
			id = 260000000 + int64(rapid.IntRange(1, 61).Draw(rt, "case"))
			f.Case = number(id)
		}
		rows, err := b.pool.Query(t.Context(), wantSQL, f.Kind, f.Actor, from.Start(), to.End(), who.Regions, id)
		must(t, err)
		want, err := pgx.CollectRows(rows, pgx.RowTo[string])
		must(t, err)
		var got []string
		for _, r := range b.all(t, who, f) {
			got = append(got, fmt.Sprintf("%d.%d", r.CaseID, r.Seq))
		}
		slices.Sort(want)
		sorted := slices.Sorted(slices.Values(got))
		if !slices.Equal(want, sorted) {
			rt.Fatalf("%+v: %d events, want %d", f, len(got), len(want))
		}
	})
	rows := b.all(t, everybody, trail.EventFilter{})
	if !slices.IsSortedFunc(rows, func(x, y trail.Row) int { return y.At.Compare(x.At) }) {
		t.Error("the newest does not come first")
	}
}

// A page looks at a bounded number of events and says how far it got.
func TestEvents_saysHowFarItGot(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.events(t, 10, 50)
	b.store.Scan, b.store.Patience = 20, 0
	p, err := b.store.Events(t.Context(), everybody, trail.EventFilter{Kind: "opened"})
	if err != nil || !p.Further || len(p.Rows) != 0 || p.LookedTo.IsZero() || p.Next.Seq != 10 {
		t.Errorf("%+v, %v", p, err)
	}
}

// What is looked for by a person is found by the small index of what people did, and all else along the transactions: never by reading
// all events. A period is found by halving.
func TestEvents_neverReadAll(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.events(t, 40, 500)
	b.do(t, `ANALYZE events`)
	var def string
	must(t, b.pool.QueryRow(t.Context(), `SELECT pg_get_indexdef('events_of_people'::regclass)`).Scan(&def))
	for _, a := range trail.Actors {
		if !strings.Contains(def, "'"+a+"'") {
			t.Errorf("the index of what people did has %s", a)
		}
	}
	if n := strings.Count(def, "::text"); n != len(trail.Actors) && n != len(trail.Actors)+1 {
		t.Errorf("the index leaves out %d, there are %d: %s", n, len(trail.Actors), def)
	}
	for name, c := range map[string]struct{ sql, index string }{
		"people":       {`SELECT case_id FROM events WHERE actor NOT IN ('` + strings.Join(trail.Actors, `', '`) + `') AND at <= now() + interval '10 years' ORDER BY at DESC, case_id DESC, seq DESC LIMIT 50`, "events_of_people"},
		"transactions": {`SELECT case_id FROM events WHERE tx <= '99999999' ORDER BY tx DESC, case_id DESC, seq DESC LIMIT 50`, "events_feed"},
		"acts":         {`SELECT actor FROM desk_acts WHERE source = 6 AND at <= now() AND at >= now() - interval '1 day' ORDER BY at DESC LIMIT 50`, "events_of_people"},
	} {
		rows, err := b.pool.Query(t.Context(), `EXPLAIN `+c.sql)
		must(t, err)
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		must(t, err)
		if plan := strings.Join(lines, "\n"); !strings.Contains(plan, c.index) || strings.Contains(plan, "Seq Scan on events") {
			t.Errorf("%s:\n%s", name, plan)
		}
	}
}

// acts walks through acts to their end.
func (b bundle) acts(t testing.TB, who trail.Who, f trail.ActFilter) (rows []trail.Act) {
	t.Helper()
	for range 10_000 {
		p, err := b.store.Acts(t.Context(), who, f)
		must(t, err)
		rows = append(rows, p.Rows...)
		if p.Next.Source == 0 {
			return rows
		}
		f.After = p.Next
		q, bad := trail.ParseActs(f.Query())
		if len(bad) > 0 {
			t.Fatalf("%v: %v", f, bad)
		}
		f = q
	}
	t.Fatal("the walk does not end")
	return nil
}

// Acts of many sources at the same instants, and years apart, come each once and the newest first, however small the pages are.
func TestActs_eachOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.events(t, 3, 110)
	b.do(t, `INSERT INTO desk_access (actor, what, case_id, reason, at) SELECT 'desk:' || i % 3, 'unmask', 260000000 + i % 9 + 1, 'r', $1::timestamptz - make_interval(days => i * i) FROM generate_series(1, 60) i`, morning)
	b.do(t, `INSERT INTO queue_acts (act, queue, actor, reason, at) SELECT 'pause', 'orders', 'desk:1', 'r', $1::timestamptz - make_interval(days => i / 5) FROM generate_series(1, 40) i`, morning)
	b.do(t, `INSERT INTO desk_openings (actor, what, of_id, reason, at) SELECT 'desk:2', 'payer', i, 'r', $1 FROM generate_series(1, 40) i`, morning)
	var total int
	must(t, b.pool.QueryRow(t.Context(), `SELECT count(*) FROM desk_acts`).Scan(&total))
	for _, size := range []int{1, 7, 50, 1000} {
		b.store.Page = size
		got := b.acts(t, everybody, trail.ActFilter{})
		seen := map[string]bool{}
		for _, a := range got {
			seen[fmt.Sprint(a.Source, "/", a.ID)] = true
		}
		if len(got) != total || len(seen) != total || !slices.IsSortedFunc(got, func(x, y trail.Act) int { return y.At.Compare(x.At) }) {
			t.Errorf("pages of %d: %d acts, %d of them different, want %d", size, len(got), len(seen), total)
		}
	}
	b.store.Page = 50
	if got := b.acts(t, everybody, trail.ActFilter{Room: "queue"}); len(got) != 40 {
		t.Errorf("%d acts on the queue", len(got))
	}
	if got := b.acts(t, everybody, trail.ActFilter{Person: "desk:2", Room: trail.RoomAccess}); len(got) != 60 {
		t.Errorf("%d looks of one person", len(got))
	}
	day := calendar.DateOf(morning)
	if got := b.acts(t, everybody, trail.ActFilter{Room: "queue", Period: trail.Period{From: day.AddDays(-1), To: day.AddDays(-1)}}); len(got) != 5 {
		t.Errorf("%d acts on the queue of one day", len(got))
	}
	if got := b.acts(t, trail.Who{Name: "x", Regions: []string{"71"}}, trail.ActFilter{}); len(got) == 0 || slices.ContainsFunc(got, func(a trail.Act) bool { return a.CaseID%2 == 0 }) {
		t.Errorf("of one region: %d acts", len(got))
	}
}

// Every row of the view has words for its room, and the view has every table in which people's names stand.
func TestActs_knowTheRooms(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var def string
	must(t, b.pool.QueryRow(t.Context(), `SELECT pg_get_viewdef('desk_acts'::regclass)`).Scan(&def))
	rows, err := b.pool.Query(t.Context(), `SELECT DISTINCT table_name::text FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
 WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND column_name IN ('actor', 'proposed_by', 'given_by', 'collected_by', 'received_by', 'decided_by', 'asked_by', 'added_by', 'changed_by') ORDER BY 1`)
	must(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	elsewhere := map[string]string{
		"desk_exports": "desk_access has every step of it", "desk_searches": "desk_access", "desk_sessions": "desk_visits", "desk_views": "private and of no weight", "desk_keys_off": "private and of no weight", "text_drafts": "not proposed yet",
		"contact_acts": "of debtors and their helpers", "chain_runs": "the page of the verifier", "restores": "restore_acts, and the log", "money_accounts": "the command line", "sources": "the command line: the last change alone",
	}
	for _, table := range tables {
		if _, ok := elsewhere[table]; !ok && !strings.Contains(def, table) {
			t.Errorf("%s names people and is not among what they did", table)
		}
	}
	for _, room := range trail.Rooms {
		if !strings.Contains(def, "'"+room+"'") {
			t.Errorf("there is no act in %s", room)
		}
	}
}

func TestTake_boundsAndNotes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.events(t, 30, 400)
	if _, err := b.store.TakeEvents(t.Context(), everybody, trail.EventFilter{}, "ru"); !errors.Is(err, trail.ErrTooMany) {
		t.Errorf("12000 rows: %v", err)
	}
	f, err := b.store.TakeEvents(t.Context(), everybody, trail.EventFilter{Kind: "held"}, "ru")
	if err != nil || f.Rows != 40*29 {
		t.Errorf("%d rows, %v", f.Rows, err)
	}
	var noted string
	must(t, b.pool.QueryRow(t.Context(), `SELECT string_agg(actor || ' ' || hits || ' ' || reason, ';') FROM desk_access WHERE what = 'export'`).Scan(&noted))
	if noted != "desk:auditor 1160 audit/events?kind=held" {
		t.Errorf("noted: %s", noted)
	}
}

func TestParse_readsWhatItWrites(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		day := func(name string) calendar.Date {
			return calendar.DateOf(morning).AddDays(rapid.IntRange(0, 400).Draw(rt, name))
		}
		f := trail.EventFilter{Case: rapid.SampledFrom([]string{"", number(260000001)}).Draw(rt, "case"), Kind: rapid.SampledFrom([]string{"", "paid"}).Draw(rt, "kind"), Actor: rapid.SampledFrom([]string{"", "desk:a"}).Draw(rt, "actor"), After: trail.EventCursor{Key: rapid.Int64Min(0).Draw(rt, "key"), Case: rapid.Int64Min(0).Draw(rt, "id"), Seq: rapid.IntRange(0, 99).Draw(rt, "seq")}}
		f.From = day("from")
		f.To = max(f.From, day("to"))
		if f.After.Seq == 0 {
			f.After = trail.EventCursor{}
		}
		if got, bad := trail.ParseEvents(f.Query()); got != f || len(bad) > 0 {
			rt.Fatalf("%+v became %+v, bad %v", f, got, bad)
		}
	})
	for _, v := range []string{"'", "1.2.3.4", "-1.2.3", "9223372036854775808.1.1", "1.99999.1", "1.0.1", "\x00"} {
		if _, bad := trail.ParseActs(url.Values{"after": {v}}); len(bad) != 1 {
			t.Errorf("%q is taken", v)
		}
	}
}

func number(id int64) string { return caseno.Format(id) }
