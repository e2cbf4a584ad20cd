//go:build e2e

package desk_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/app/statistics"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/testkit/chromium"
	webstatistics "robotbailiff/internal/web/statistics"
	"robotbailiff/internal/web/ui/uitest"
	"robotbailiff/rules/calendar"
)

// The audit room and the figures for everybody without script, wide and on a phone. Axe and html-validate find nothing, nothing is cut off.
func TestBrowser_auditAndStatistics(t *testing.T) {
	chrome := chromium.Start(t)
	pages := t.TempDir()
	for name, d := range map[string]chromium.Device{"phone": {}, "desk": {Width: 1280, Height: 900}} {
		for _, lang := range []string{"kk", "ru"} {
			if name == "desk" && lang == "kk" {
				continue // each is looked at in some
			}
			s := openTillFor(t, []app.Actor{{Name: "desk:auditor", Roles: []app.Role{app.Auditor}}, {Name: "desk:operator", Roles: []app.Role{app.Operator}}})
			b := s.as(t, "desk:operator")
			file := "/desk/cases/" + s.number(0)
			b.Submit(b.Get(file), file+"/unmask", map[string]string{"reason": "Звонок должника"})
			must(t, s.Notify(t.Context(), s.people[0].CaseID))
			must(t, s.Pay(t.Context(), s.people[0].CaseID, 4000))
			tab := chrome.Tab(t, d)
			page := func(what string) {
				t.Helper()
				what = name + "." + lang + "-" + what
				tab.Axe(what)
				tab.Fits(what)
				tab.Shot("audit/" + what)
				if err := os.WriteFile(filepath.Join(pages, what+".html"), []byte(tab.HTML()), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			tab.Go(s.URL("/desk/audit?lang=" + lang))
			tab.Press(`button[value="desk:auditor"]`)
			tab.Go(s.URL("/desk/audit?lang=" + lang))
			page("1-events")
			tab.Go(s.URL("/desk/audit?case=1&from=x&lang=" + lang))
			page("2-bad")
			tab.Go(s.URL("/desk/audit/events/" + s.number(0) + "/3?lang=" + lang))
			page("3-event")
			tab.Go(s.URL("/desk/audit/acts?lang=" + lang))
			page("4-acts")
			tab.Go(s.URL("/desk/audit/access?lang=" + lang))
			page("5-access")
			tab.Go(s.URL("/desk/audit/chain?lang=" + lang))
			tab.Type("#why", "Проверка за месяц")
			tab.Press(`form[action="/desk/audit/chain"] button`)
			page("6-waits")
			_, err := s.robot.VerifyChain(t.Context(), 1)
			must(t, err)
			must(t, pg.InTx(t.Context(), s.Pool, func(tx pgx.Tx) error {
				if _, err := tx.Exec(t.Context(), `SET LOCAL session_replication_role = replica`); err != nil {
					return err
				}
				_, err := tx.Exec(t.Context(), `UPDATE events SET actor = 'desk:forger' WHERE case_id = $1 AND seq = 1`, s.people[1].CaseID)
				return err
			}))
			tab.Go(s.URL("/desk/audit/chain?lang=" + lang))
			tab.Type("#why", "Есть сомнение")
			tab.Press(`form[action="/desk/audit/chain"] button`)
			_, err = s.robot.VerifyChain(t.Context(), 2)
			must(t, err)
			tab.Go(s.URL("/desk/audit/chain?lang=" + lang))
			if !strings.Contains(tab.Text("main"), caseno.Format(s.people[1].CaseID)) {
				t.Errorf("%s: the fault is not named", name)
			}
			page("7-fault")
			tab.Go(s.URL("/desk/audit/events/" + s.number(1) + "/1?lang=" + lang))
			page("8-forged")

			_, err = s.Pool.Exec(t.Context(), `INSERT INTO statistics_counted (month) SELECT date '2026-09-01' - make_interval(months => i) FROM generate_series(0, 12) i`)
			must(t, err)
			_, err = s.Pool.Exec(t.Context(), `INSERT INTO statistics_months SELECT date '2026-09-01' - make_interval(months => i), r::text, r * 31 + i * 77, r * 13 + i * 7, r * 13, r % 9, r * 5, r % 11, r * 13 + i, (r * 13 + i * 7) * 2015500::bigint, (r * 13 + i * 7) * 503875::bigint
  FROM generate_series(0, 12) i, unnest(ARRAY[10, 11, 15, 19, 23, 27, 31, 33, 35, 39, 43, 47, 55, 59, 61, 62, 63, 71, 75]) r UNION ALL SELECT date '2026-09-01' - make_interval(months => i), '79', 40, 3, 3, 0, 2, 1, 3, 6046500, 1511625 FROM generate_series(0, 12) i`)
			must(t, err)
			s.Clock.Set(calendar.MakeDate(2026, 10, 5).Start())
			h, err := webstatistics.Handler(webstatistics.Config{App: statistics.New(s.Pool, s.Store), Key: uitest.Key()})
			must(t, err)
			tab.Go(uitest.Open(t, h).URL("/statistics?lang=" + lang))
			page("9-statistics")
		}
	}
	chromium.Valid(t, pages)
}
