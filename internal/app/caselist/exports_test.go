package caselist_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/xuri/excelize/v2"

	"robotbailiff/internal/app/caselist"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/i18n"
)

// many adds cases without a life of their own, so that there are more than one person may take.
func (s stage) many(t *testing.T, n int) {
	t.Helper()
	s.exec(t, `INSERT INTO cases (id, debtor_id, region, language, state, debt, outstanding, opened_on, term_ends_on, pack, seq, head)
SELECT 260001000 + i, debtor_id, region, language, 'opened', 100 * i, 100 * i, opened_on, term_ends_on, pack, 1, head FROM cases, generate_series(1, $2) i WHERE id = $1`, s.people[8].CaseID, n)
	s.exec(t, `INSERT INTO writs (case_id, source, document_number, in_force_date, kind, debtor_id, amount, unpaid_confirmed_on, content_hash, batch_id, row_no)
SELECT 260001000 + i, source, lpad(i::text, 12, '0'), in_force_date, kind, debtor_id, 100 * i, unpaid_confirmed_on, content_hash, batch_id, i + 1 FROM writs, generate_series(1, $2) i WHERE case_id = $1`, s.people[8].CaseID, n)
}

func table(t *testing.T, body []byte) [][]string {
	t.Helper()
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(body, []byte("\ufeff"))))
	r.Comma = ';'
	all, err := r.ReadAll()
	must(t, err)
	return all
}

func TestTake_aShortListAtOnce(t *testing.T) {
	t.Parallel()
	s := country(t)
	s.exec(t, `UPDATE writs SET document_number = '=1+1' WHERE case_id = $1`, s.people[0].CaseID)
	f := caselist.Filter{Region: "75", Sort: caselist.Oldest, Columns: "sidwtl", After: caselist.Cursor{Key: 1, ID: 260000010}} // the place in the list does not matter
	file, err := s.lists.Take(t.Context(), anna, f, caselist.CSV, i18n.RU)
	must(t, err)
	got := table(t, file.Body)
	if len(got) != 9 || file.Rows != 8 || file.Name != "cases.csv" || strings.Join(got[0], "|") != "Дело|Состояние|Инициалы|ИИН|Документ|До передачи|Остаток" {
		t.Fatalf("%d rows: %v", file.Rows, got)
	}
	if r := got[1]; r[0] != caseno.Format(s.people[0].CaseID) || r[2] != "А.Д." || r[3] != "******"+s.people[0].IIN[8:] || r[4] != "'=1+1" || r[5] != "2026-04-01" || r[6] != "10000,00" {
		t.Errorf("%v", r)
	}
	if got[2][4] != "№ 26160000004" {
		t.Errorf("the document is %s", got[2][4])
	}
	file, err = s.lists.Take(t.Context(), anna, f, caselist.XLSX, i18n.KK)
	must(t, err)
	x, err := excelize.OpenReader(bytes.NewReader(file.Body))
	must(t, err)
	defer func() { _ = x.Close() }()
	rows, err := x.GetRows("Істер", excelize.Options{RawCellValue: true})
	if err != nil || len(rows) != 9 || rows[2][4] != "26160000004" || rows[1][6] != "10000" {
		t.Errorf("%v, %v", rows, err)
	}
	var log string
	must(t, s.Pool.QueryRow(t.Context(), `SELECT string_agg(actor || ' ' || what || ' ' || kind || ' ' || hits || ' ' || reason, ', ' ORDER BY id) FROM desk_access`).Scan(&log))
	if log != "desk:anna export csv 8 cols=sidwtl&region=75&sort=old, desk:anna export xlsx 8 cols=sidwtl&region=75&sort=old" {
		t.Error(log)
	}
	if _, err := s.lists.Take(t.Context(), anna, caselist.Filter{Source: "nobody"}, caselist.CSV, i18n.RU); !errors.Is(err, caselist.ErrNothing) {
		t.Error(err)
	}
	if _, err := s.lists.Take(t.Context(), anna, f, "pdf", i18n.RU); !errors.Is(err, caselist.ErrFormat) {
		t.Error(err)
	}
}

// A long list leaves the house when another person agrees, as it was when it was asked for, once.
func TestExport_takesTwo(t *testing.T) {
	t.Parallel()
	s := country(t)
	s.many(t, 100)
	f := caselist.Filter{State: "opened", Sort: caselist.Oldest}
	if _, err := s.lists.Take(t.Context(), anna, f, caselist.CSV, i18n.RU); !errors.Is(err, caselist.ErrNeedsTwo) {
		t.Fatal(err)
	}
	if _, err := s.lists.Ask(t.Context(), anna, f, caselist.CSV, " "); !errors.Is(err, caselist.ErrNoReason) {
		t.Error(err)
	}
	id, err := s.lists.Ask(t.Context(), anna, f, caselist.CSV, "for the ministry")
	must(t, err)
	if _, err := s.lists.TakeExport(t.Context(), anna, id, i18n.RU); !errors.Is(err, caselist.ErrExportClosed) {
		t.Errorf("taken before anybody agreed: %v", err)
	}
	if err := s.lists.Decide(t.Context(), anna, id, true); !errors.Is(err, caselist.ErrOwnExport) {
		t.Errorf("one agrees with oneself: %v", err)
	}
	if _, err := s.Pool.Exec(t.Context(), `UPDATE desk_exports SET decided_by = actor, agreed = true, decided_at = now()`); err == nil {
		t.Error("the database lets one agree with oneself")
	}
	few := caselist.Who{Name: "desk:few", Regions: []string{"71"}}
	if err := s.lists.Decide(t.Context(), few, id, true); !errors.Is(err, caselist.ErrNoExport) {
		t.Errorf("one agrees to what he does not see: %v", err)
	}
	e, first, err := s.lists.Export(t.Context(), bolat, id)
	if err != nil || !e.Open() || e.Mine || e.Cases != 111 || len(first) != 50 || e.Reason != "for the ministry" || e.Filter.State != "opened" || e.Status() != "open" {
		t.Errorf("%+v, %d, %v", e, len(first), err)
	}
	s.many(t, 0)
	s.exec(t, `UPDATE cases SET state = 'notified', seq = seq + 1 WHERE id = 260001100`)
	must(t, s.lists.Decide(t.Context(), bolat, id, true))
	if err := s.lists.Decide(t.Context(), bolat, id, false); !errors.Is(err, caselist.ErrExportClosed) {
		t.Errorf("decided twice: %v", err)
	}
	if _, err := s.lists.TakeExport(t.Context(), bolat, id, i18n.RU); !errors.Is(err, caselist.ErrNoExport) {
		t.Errorf("the second person takes it: %v", err)
	}
	var taken atomic.Int32
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			file, err := s.lists.TakeExport(t.Context(), anna, id, i18n.RU)
			if errors.Is(err, caselist.ErrExportClosed) {
				return
			}
			if err != nil || file.Rows != 111 || len(table(t, file.Body)) != 112 {
				t.Errorf("%d rows, %v", file.Rows, err)
			}
			taken.Add(1)
		})
	}
	wg.Wait()
	if taken.Load() != 1 {
		t.Errorf("taken %d times", taken.Load())
	}
	all, err := s.lists.Exports(t.Context(), anna)
	if err != nil || len(all) != 1 || all[0].Status() != "taken" || !all[0].Mine {
		t.Errorf("%+v, %v", all, err)
	}
	if all, err := s.lists.Exports(t.Context(), few); err != nil || len(all) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
	if _, err := s.Pool.Exec(t.Context(), `UPDATE desk_exports SET taken_at = now()`); err == nil {
		t.Error("the database lets it be taken twice")
	}
	var log string
	must(t, s.Pool.QueryRow(t.Context(), `SELECT string_agg(actor || ' ' || what || ' ' || hits, ', ' ORDER BY id) FROM desk_access WHERE what LIKE 'export%'`).Scan(&log))
	if log != "desk:anna export_wanted 111, desk:bolat export_agreed 111, desk:anna export 111" {
		t.Error(log)
	}
}

func TestExport_hasADay(t *testing.T) {
	t.Parallel()
	s := country(t)
	const sql = `INSERT INTO desk_exports (actor, reason, format, query, case_ids, regions, made_at, decided_by, agreed, decided_at)
VALUES ('desk:anna', 'late', 'csv', '', ARRAY[$1::bigint], '{75}', clock_timestamp() - $2::interval, $3::text, CASE WHEN $3::text IS NULL THEN NULL ELSE true END, CASE WHEN $3::text IS NULL THEN NULL ELSE clock_timestamp() - $4::interval END) RETURNING id`
	var undecided, agreed, inTime int64
	must(t, s.Pool.QueryRow(t.Context(), sql, s.people[0].CaseID, "25 hours", nil, nil).Scan(&undecided))
	must(t, s.Pool.QueryRow(t.Context(), sql, s.people[0].CaseID, "47 hours", "desk:bolat", "25 hours").Scan(&agreed))
	must(t, s.Pool.QueryRow(t.Context(), sql, s.people[0].CaseID, "46 hours", "desk:bolat", "23 hours").Scan(&inTime))
	if err := s.lists.Decide(t.Context(), bolat, undecided, true); !errors.Is(err, caselist.ErrExportClosed) {
		t.Errorf("agreed after a day: %v", err)
	}
	if _, err := s.Pool.Exec(t.Context(), `UPDATE desk_exports SET decided_by = 'desk:bolat', agreed = true, decided_at = clock_timestamp() WHERE id = $1`, undecided); err == nil {
		t.Error("the database lets one agree after a day")
	}
	if _, err := s.lists.TakeExport(t.Context(), anna, agreed, i18n.RU); !errors.Is(err, caselist.ErrExportClosed) {
		t.Errorf("taken after a day: %v", err)
	}
	if file, err := s.lists.TakeExport(t.Context(), anna, inTime, i18n.RU); err != nil || file.Rows != 1 {
		t.Error(err)
	}
}
