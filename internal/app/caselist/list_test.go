package caselist_test

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"robotbailiff/engine"
	"robotbailiff/internal/app/caselist"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/ui/uitest"
	"robotbailiff/rules/calendar"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var (
	anna  = caselist.Who{Name: "desk:anna"}
	bolat = caselist.Who{Name: "desk:bolat"}
)

type stage struct {
	*uitest.World
	lists  *caselist.Store
	people []uitest.Person
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// country is 24 cases of three regions and two sources, opened on three days, in every state and with every flag.
func country(t *testing.T) stage {
	t.Helper()
	w, err := uitest.NewWorld(t.Context(), testkit.DB(t), testkit.Keys(t))
	must(t, err)
	s := stage{World: w, lists: caselist.New(w.Pool, w.Keys)}
	ctx := t.Context()
	names := []string{"Ахметов Данияр Серікұлы", "Ахметова Әлия", "Семёнова Анна", "Қайратұлы Нұрлан"}
	for i := range 24 {
		p, err := w.Open(ctx, uitest.Writ{Name: names[i%len(names)], Region: []string{"75", "71", "10"}[i%3], Amount: int64(10000 + 1111*(i%7))})
		must(t, err)
		s.people = append(s.people, p)
		if i%8 == 7 {
			w.Clock.Advance(24 * time.Hour)
		}
	}
	id := func(i int) int64 { return s.people[i].CaseID }
	for i := 0; i < 12; i++ {
		must(t, w.Notify(ctx, id(i)))
	}
	must(t, w.Arrest(ctx, id(0)))
	must(t, w.Arrest(ctx, id(1)))
	must(t, w.Pay(ctx, id(1), 11111)) // paid, and the arrest is to be lifted
	must(t, w.Pay(ctx, id(2), 12222))
	must(t, w.Pay(ctx, id(3), 100))
	must(t, w.Do(ctx, id(4), engine.ActorCourt, engine.Cancel{Ground: "appeal", Act: "77"}))
	must(t, w.Do(ctx, id(5), engine.ActorRobot, engine.SetHold{Reason: "identity_conflict"}))
	must(t, w.Do(ctx, id(6), engine.ActorDebtor, engine.Object{Ground: engine.GroundSum}))
	w.Clock.Advance(40 * 24 * time.Hour)
	must(t, w.Do(ctx, id(20), engine.ActorRobot, engine.Tick{}))
	s.exec(t, `UPDATE writs SET source = 'erap' WHERE case_id % 5 = 0`)
	return s
}

func (s stage) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	_, err := s.Pool.Exec(t.Context(), sql, args...)
	must(t, err)
}

// all walks through a list, page by page, there and back.
func (s stage) all(ctx context.Context, t testing.TB, who caselist.Who, f caselist.Filter) (ids []int64, first caselist.Page) {
	for n := 0; ; n++ {
		p, err := s.lists.List(ctx, who, f)
		must(t, err)
		page := idsOf(p.Rows)
		if n == 0 {
			first = p
		}
		if p.Further {
			if len(p.Rows) > s.lists.Page {
				t.Fatal("a page that looks further is full")
			}
		}
		ids = append(ids, page...)
		if p.Next.ID == 0 {
			break
		}
		f.After = p.Next
		if n > 100 {
			t.Fatal("the list has no end")
		}
	}
	return ids, first
}

func idsOf(rows []caselist.Row) []int64 {
	out := []int64{}
	for _, r := range rows {
		out = append(out, r.ID)
	}
	return out
}

// model decides about a row by itself.
func model(r caselist.Row, f caselist.Filter) bool {
	ended := slices.Contains([]string{"paid", "cancelled", "handed_over"}, r.State)
	in := func(d, from, to calendar.Date) bool {
		return (from.IsZero() || !d.IsZero() && !d.Before(from)) && (to.IsZero() || !d.IsZero() && !d.After(to))
	}
	switch {
	case f.State == caselist.StateOpen && ended, f.State == caselist.StateEnded && !ended:
		return false
	case f.State != "" && f.State != caselist.StateOpen && f.State != caselist.StateEnded && f.State != r.State:
		return false
	case f.Region != "" && f.Region != r.Region, f.Source != "" && f.Source != r.Source:
		return false
	case !in(r.Opened, f.OpenedFrom, f.OpenedTo), !in(r.Voluntary, f.VoluntaryFrom, f.VoluntaryTo), !in(r.Term, f.TermFrom, f.TermTo):
		return false
	case !f.LeftFrom.IsZero() && r.Left.Less(f.LeftFrom), !f.LeftTo.IsZero() && f.LeftTo.Less(r.Left):
		return false
	}
	switch f.Flag {
	case caselist.Held:
		return r.Hold != ""
	case caselist.Objected:
		return r.Objected
	case caselist.Suspended:
		return r.Suspended != ""
	case caselist.Arrested:
		return r.Arrested
	case caselist.Lifting:
		return r.Lifting
	}
	return true
}

func order(f caselist.Filter) func(a, b caselist.Row) int {
	sort := f.Sort
	if sort == "" {
		sort = caselist.Newest
		if !f.TermFrom.IsZero() || !f.TermTo.IsZero() {
			sort = caselist.DueFirst
		}
	}
	return func(a, b caselist.Row) int {
		id := cmp.Compare(a.ID, b.ID)
		switch sort {
		case caselist.Newest:
			return -id
		case caselist.DueFirst:
			return cmp.Or(a.Term.Compare(b.Term), id)
		case caselist.DueLast:
			return -cmp.Or(a.Term.Compare(b.Term), id)
		case caselist.SumUp:
			return cmp.Or(a.Debt.Cmp(b.Debt), id)
		case caselist.SumDown:
			return -cmp.Or(a.Debt.Cmp(b.Debt), id)
		}
		return id
	}
}

// pick is true once in odds and one times.
func pick(t *rapid.T, label string, odds int) bool {
	return rapid.IntRange(0, odds).Draw(t, label) == 0
}

// Whatever is filtered, in whatever order, with pages and walks of whatever length: going through the pages gives exactly the cases that fit,
// each once, in order; and going back gives the same pages.
func TestList_isWhatFitsInOrder(t *testing.T) {
	t.Parallel()
	s := country(t)
	var ids []int64
	for _, p := range s.people {
		ids = append(ids, p.CaseID)
	}
	rows, err := s.lists.Rows(t.Context(), ids)
	must(t, err)
	ctx := t.Context()
	search, err := s.lists.Search(ctx, anna, "Ахметов", "")
	must(t, err)
	named := func(id int64) bool { // the first two of four names
		return slices.IndexFunc(s.people, func(p uitest.Person) bool { return p.CaseID == id })%4 < 2
	}
	rapid.Check(t, func(rt *rapid.T) {
		bare := pick(rt, "nothing is filtered", 2)
		pick := func(label string, odds int) bool { return !bare && pick(rt, label, odds) }
		some := rows[rapid.IntRange(0, len(rows)-1).Draw(rt, "row")]
		f := caselist.Filter{Sort: rapid.SampledFrom(append([]caselist.Sort{""}, caselist.Sorts...)).Draw(rt, "sort")}
		if pick("state", 2) {
			f.State = rapid.SampledFrom(caselist.States).Draw(rt, "st")
		}
		if pick("region", 3) {
			f.Region = some.Region
		}
		if pick("source", 3) {
			f.Source = some.Source
		}
		if pick("flag", 3) {
			f.Flag = rapid.SampledFrom(caselist.Flags).Draw(rt, "fl")
		}
		if pick("opened", 3) {
			f.OpenedFrom = some.Opened
		}
		if pick("opened_to", 3) {
			f.OpenedTo = some.Opened.AddDays(1)
		}
		if pick("term", 3) {
			f.TermFrom, f.TermTo = some.Term, some.Term
		}
		if pick("voluntary", 4) {
			f.VoluntaryTo = calendar.MakeDate(2026, 3, 12)
		}
		if pick("left", 3) {
			f.LeftFrom, f.LeftTo = some.Left, some.Left.Add(uitest.Tenge(2000))
		}
		if rapid.Bool().Draw(rt, "search") {
			f.Search = search.Word
		}
		who := anna
		if pick("regions", 3) {
			who.Regions = []string{"75", "10"}
		}
		var want []caselist.Row
		for _, r := range rows {
			if model(r, f) && (f.Search == "" || named(r.ID)) && (who.Regions == nil || slices.Contains(who.Regions, r.Region)) {
				want = append(want, r)
			}
		}
		slices.SortFunc(want, order(f))
		lists := *s.lists
		lists.Page, lists.Scan, lists.Patience = rapid.IntRange(1, 30).Draw(rt, "page"), rapid.IntRange(1, 30).Draw(rt, "scan"), 0
		st := stage{World: s.World, lists: &lists}
		got, first := st.all(ctx, t, who, f)
		if diff := gocmp.Diff(idsOf(want), append([]int64{}, got...)); diff != "" {
			rt.Fatalf("%s (-want +got)\n%s", f.Query().Encode(), diff)
		}
		if !first.Counted || first.Count > int64(len(want)) || first.Count < int64(len(want)) && !first.More {
			rt.Fatalf("%s: counted %d (more %v) of %d", f.Query().Encode(), first.Count, first.More, len(want))
		}
		if len(want) > 1 { // from the last case back to the first
			f.Before = st.cursor(ctx, t, who, f, len(want)-1)
			var back []int64
			for f.Before.ID != 0 {
				p, err := lists.List(ctx, who, f)
				must(t, err)
				back = append(idsOf(p.Rows), back...)
				f.Before = p.Previous
			}
			if diff := gocmp.Diff(idsOf(want[:len(want)-1]), back); diff != "" {
				rt.Fatalf("back %s (-want +got)\n%s", f.Query().Encode(), diff)
			}
		}
	})
}

// cursor is the place of the n-th case of a list, as a page of one tells it.
func (s stage) cursor(ctx context.Context, t testing.TB, who caselist.Who, f caselist.Filter, n int) caselist.Cursor {
	lists := *s.lists
	lists.Page, lists.Scan = n+1, 1000
	f.Before = caselist.Cursor{}
	p, err := lists.List(ctx, who, f)
	must(t, err)
	if p.Next.ID != 0 {
		return p.Next
	}
	one := *s.lists
	one.Page, one.Scan = n, 1000
	if p, err = one.List(ctx, who, f); err != nil || p.Next.ID == 0 {
		t.Fatal(p.Next, err)
	}
	f.After = p.Next
	p, err = one.List(ctx, who, f)
	must(t, err)
	return p.Previous
}

// What is not narrowed is counted from the running totals, exactly; what is, is counted up to a bound.
func TestList_countsWithoutCounting(t *testing.T) {
	t.Parallel()
	s := country(t)
	for query, want := range map[string]int64{"": 24, "state=paid": 2, "region=75": 8, "state=ended": 4, "state=open&region=10": 6, "flag=hold": 1, "flag=lift": 1, "flag=arrested": 2, "flag=objection": 1, "source=erap": 4} {
		q, err := url.ParseQuery(query)
		must(t, err)
		f, bad := caselist.ParseFilter(q)
		p, err := s.lists.List(t.Context(), anna, f)
		if err != nil || len(bad) > 0 || p.Count != want || p.More {
			t.Errorf("%s: %d (more %v), want %d; %v", query, p.Count, p.More, want, err)
		}
	}
}

// A row shows initials and four digits, and marks what people look after.
func TestRows_areMasked(t *testing.T) {
	t.Parallel()
	s := country(t)
	rows, err := s.lists.Rows(t.Context(), []int64{s.people[1].CaseID, s.people[5].CaseID})
	must(t, err)
	if r := rows[0]; r.IIN != "******"+s.people[1].IIN[8:] || r.Initials != "А.Ә." || !r.Lifting || !slices.Equal(r.Flags(), []caselist.Flag{caselist.Lifting}) {
		t.Errorf("%+v", r)
	}
	if r := rows[1]; r.Hold == "" || !slices.Equal(r.Flags(), []caselist.Flag{caselist.Held}) {
		t.Errorf("%+v", r)
	}
}

// Every walk goes along an index and needs no sorting, whatever its order.
func TestWalk_neverReadsAWholeTable(t *testing.T) {
	t.Parallel()
	s := country(t)
	tx, err := s.Pool.Begin(t.Context())
	must(t, err)
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	for _, sql := range []string{`ANALYZE`, `SET LOCAL enable_seqscan = off`, `SET LOCAL enable_bitmapscan = off`} {
		_, err = tx.Exec(t.Context(), sql)
		must(t, err)
	}
	for _, query := range []string{
		"", "sort=old", "sort=due", "sort=due_last", "sort=sum", "sort=sum_down", "region=75", "source=court", "flag=hold", "flag=suspended", "flag=arrested", "flag=lift", "flag=objection", "state=cancelled", "state=paid&region=75",
		"state=paid&left_from=5", "term_from=2026-04-01&term_to=2026-04-02", "opened_from=2026-03-02", "region=75&sort=due", "flag=arrested&sort=sum",
	} {
		q, err := url.ParseQuery(query)
		must(t, err)
		f, _ := caselist.ParseFilter(q)
		for _, after := range []caselist.Cursor{{}, {Key: 739000, ID: 260000012}} {
			f.After = after
			for what, statement := range caselist.Statements(f) {
				rows, err := tx.Query(t.Context(), "EXPLAIN "+statement.SQL, statement.Args...)
				must(t, err)
				var plan strings.Builder
				for rows.Next() {
					var line string
					must(t, rows.Scan(&line))
					plan.WriteString(line + "\n")
				}
				must(t, rows.Err())
				if p := plan.String(); strings.Contains(p, "Seq Scan on cases") || strings.Contains(p, "Seq Scan on writs") || strings.Contains(p, "Seq Scan on orders") || strings.Contains(p, "Seq Scan on events") || what == "walk" && strings.Contains(p, "Sort  ") {
					t.Errorf("%s of %s, after %v:\n%s\n%s", what, query, after, statement.SQL, p)
				}
			}
		}
	}
}

func TestList_ofSomebodyElsesSearch(t *testing.T) {
	t.Parallel()
	s := country(t)
	found, err := s.lists.Search(t.Context(), anna, "Ахметов", "")
	must(t, err)
	if _, err := s.lists.List(t.Context(), bolat, caselist.Filter{Search: found.Word}); !errors.Is(err, caselist.ErrNoSearch) {
		t.Errorf("another one opens it: %v", err)
	}
	p, err := s.lists.List(t.Context(), anna, caselist.Filter{Search: found.Word, Region: "75"})
	if err != nil || p.Search.Hits != 12 || p.Count != 4 || p.Search.Shown != "АХ…" {
		t.Errorf("%+v, %+v, %v", p.Search, p.Count, err)
	}
	s.exec(t, `UPDATE desk_searches SET made_at = now() - interval '9 hours', expires_at = now() - interval '1 hour'`)
	if _, err := s.lists.List(t.Context(), anna, caselist.Filter{Search: found.Word}); !errors.Is(err, caselist.ErrNoSearch) {
		t.Errorf("a search lives too long: %v", err)
	}
}
