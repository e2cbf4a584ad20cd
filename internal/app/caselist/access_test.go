package caselist_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/app/caselist"
	"robotbailiff/internal/caseno"
)

func TestSearch_findsByWhatWasTyped(t *testing.T) {
	t.Parallel()
	s := country(t)
	p := s.people[9]
	s.exec(t, `UPDATE writs SET document_number = $2 WHERE case_id = $1`, p.CaseID, "0012/А-7")
	for _, x := range []struct {
		typed string
		kind  caselist.Kind
		hits  int
	}{
		{caseno.Format(p.CaseID), caselist.Number, 1},
		{p.IIN, caselist.IIN, 1},
		{p.IIN[:6] + " " + p.IIN[6:], caselist.IIN, 1},
		{p.Phone, caselist.Phone, 1},
		{"8 " + p.Phone[2:], caselist.Phone, 1},
		{"0012/А-7", caselist.Document, 1},
		{"10000", caselist.Sum, 4},
		{"10 000,00 ₸", caselist.Sum, 4},
		{"Ахметов", caselist.Name, 12},
		{"ахметова ал", caselist.Name, 6},
		{"Кайратулы", caselist.Name, 6},
		{"Семенова", caselist.Name, 6},
		{"Сидоров", caselist.Name, 0},
		{"26-9999999", caselist.Document, 0},
	} {
		f, err := s.lists.Search(t.Context(), anna, x.typed, "")
		if err != nil || f.Kind != x.kind || f.Hits != x.hits {
			t.Errorf("%s: %s with %d hits, want %s with %d; %v", x.typed, f.Kind, f.Hits, x.kind, x.hits, err)
		}
		if (f.Word != "") != (x.hits > 0 && x.kind != caselist.Number) {
			t.Errorf("%s: the word is %q", x.typed, f.Word)
		}
	}
	few := caselist.Who{Name: "desk:few", Regions: []string{"71"}}
	if f, err := s.lists.Search(t.Context(), few, s.people[0].IIN, ""); err != nil || f.Hits != 0 { // region 75
		t.Errorf("a case of another region is found: %+v, %v", f, err)
	}
	if f, err := s.lists.Search(t.Context(), anna, "10000", caselist.Document); err != nil || f.Kind != caselist.Document || f.Hits != 0 {
		t.Errorf("%+v, %v", f, err)
	}
	if f, err := s.lists.Search(t.Context(), anna, "☺", ""); err != nil || f.Kind != "" {
		t.Errorf("%+v, %v", f, err)
	}
}

// What was looked for is in the log only as its blind index, and nothing of it is in the clear anywhere that the desk writes.
func TestSearch_isLogged(t *testing.T) {
	t.Parallel()
	s := country(t)
	p := s.people[9]
	for range 2 {
		if _, err := s.lists.Search(t.Context(), anna, p.IIN, ""); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.lists.Search(t.Context(), bolat, p.Phone, ""); err != nil {
		t.Fatal(err)
	}
	rows, err := s.Pool.Query(t.Context(), `SELECT actor || ' ' || kind || ' ' || hits || ' ' || dense_rank() OVER (ORDER BY blind) FROM desk_access WHERE what = 'search' ORDER BY id`)
	must(t, err)
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	if len(got) != 3 || got[0] != got[1] || !strings.HasPrefix(got[0], "desk:anna iin 1 ") || !strings.HasPrefix(got[2], "desk:bolat phone 1 ") || got[2][len(got[2])-1] == got[0][len(got[0])-1] {
		t.Errorf("%v", got)
	}
	for _, table := range []string{"desk_access", "desk_searches"} {
		var found bool
		must(t, s.Pool.QueryRow(t.Context(), `SELECT coalesce(bool_or(x::text LIKE '%' || $1 || '%' OR x::text LIKE '%' || $2 || '%'), false) FROM `+table+` x`, p.IIN, p.Phone[1:]).Scan(&found))
		if found {
			t.Errorf("%s has what was typed", table)
		}
	}
	if _, err := s.Pool.Exec(t.Context(), `DELETE FROM desk_access`); err == nil {
		t.Error("the log can be emptied")
	}
}

func TestUnmask(t *testing.T) {
	t.Parallel()
	s := country(t)
	p := s.people[3]
	v, err := s.lists.Unmask(t.Context(), anna, p.CaseID, " the debtor calls:\nwho is it? ")
	if err != nil || v.Name != p.Name || v.IIN != p.IIN || v.Phone != p.Phone || v.Born.String() != "1985-01-01" {
		t.Errorf("%+v, %v", v, err)
	}
	for _, reason := range []string{"", " \t", strings.Repeat("x", 3000)} {
		if _, err := s.lists.Unmask(t.Context(), anna, p.CaseID, reason); !errors.Is(err, caselist.ErrNoReason) {
			t.Errorf("%.5q: %v", reason, err)
		}
	}
	if _, err := s.lists.Unmask(t.Context(), anna, 1, "x"); !errors.Is(err, caselist.ErrNoCase) {
		t.Error(err)
	}
	if _, err := s.lists.Unmask(t.Context(), caselist.Who{Name: "desk:few", Regions: []string{"71"}}, p.CaseID, "x"); !errors.Is(err, caselist.ErrNoCase) {
		t.Errorf("a case of another region: %v", err)
	}
	log, err := caselist.Looks(t.Context(), s.Pool, p.CaseID)
	if err != nil || len(log) != 1 || log[0].Actor != "desk:anna" || log[0].Reason != "the debtor calls: who is it?" || log[0].What != "unmask" {
		t.Errorf("%+v, %v", log, err)
	}
}

// The fifty-first look within an hour is refused, and the refusal is in the log; that of another person and of the next hour is not.
func TestUnmask_hasAnEnd(t *testing.T) {
	t.Parallel()
	s := country(t)
	for i := range caselist.MostUnmasked {
		if _, err := s.lists.Unmask(t.Context(), anna, s.people[i%24].CaseID, fmt.Sprint("reason ", i)); err != nil {
			t.Fatal(i, err)
		}
	}
	id := s.people[0].CaseID
	if v, err := s.lists.Unmask(t.Context(), anna, id, "one more"); !errors.Is(err, caselist.ErrTooOften) || v.IIN != "" {
		t.Errorf("%+v, %v", v, err)
	}
	log, err := caselist.Looks(t.Context(), s.Pool, id)
	if err != nil || len(log) == 0 || log[0].What != "unmask_refused" || log[0].Reason != "one more" {
		t.Errorf("%+v, %v", log, err)
	}
	if _, err := s.lists.Unmask(t.Context(), bolat, id, "another person"); err != nil {
		t.Error(err)
	}
	s.exec(t, `INSERT INTO desk_access (actor, what, case_id, reason, at) SELECT 'desk:dana', 'unmask', $1, 'before', clock_timestamp() - interval '61 minutes' FROM generate_series(1, 60)`, id)
	if _, err := s.lists.Unmask(t.Context(), caselist.Who{Name: "desk:dana"}, id, "the next hour"); err != nil {
		t.Error(err)
	}
}

func TestViews(t *testing.T) {
	t.Parallel()
	s := country(t)
	f := caselist.Filter{State: "open", Region: "75", Search: "abcdefghijklmnopqrstuv", After: caselist.Cursor{Key: 1, ID: 1}, Columns: "sf"}
	must(t, s.lists.SaveView(t.Context(), anna, " Мои\tдела ", f))
	f.Region = "71"
	must(t, s.lists.SaveView(t.Context(), anna, "Мои дела", f))
	views, err := s.lists.Views(t.Context(), anna)
	if err != nil || len(views) != 1 || views[0] != (caselist.View{Name: "Мои дела", Query: "cols=sf&region=71&state=open"}) {
		t.Errorf("%+v, %v", views, err)
	}
	if views, err := s.lists.Views(t.Context(), bolat); err != nil || len(views) != 0 {
		t.Errorf("another one sees %+v, %v", views, err)
	}
	for _, name := range []string{"", " ", "\x00", strings.Repeat("ж", 61)} {
		if err := s.lists.SaveView(t.Context(), anna, name, f); !errors.Is(err, caselist.ErrNoName) {
			t.Errorf("%.5q: %v", name, err)
		}
	}
	for i := range 49 {
		must(t, s.lists.SaveView(t.Context(), anna, fmt.Sprint(i), f))
	}
	if err := s.lists.SaveView(t.Context(), anna, "one more", f); !errors.Is(err, caselist.ErrTooManyViews) {
		t.Error(err)
	}
	must(t, s.lists.SaveView(t.Context(), anna, "48", f)) // one that is there can still be changed
	must(t, s.lists.DropView(t.Context(), bolat, "Мои дела"))
	must(t, s.lists.DropView(t.Context(), anna, "Мои дела"))
	if views, err := s.lists.Views(t.Context(), anna); err != nil || len(views) != 49 {
		t.Errorf("%d, %v", len(views), err)
	}
}
