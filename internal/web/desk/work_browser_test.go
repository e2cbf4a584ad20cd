//go:build e2e

package desk_test

import (
	"fmt"
	"testing"

	"robotbailiff/engine"
	"robotbailiff/internal/testkit/chromium"
	"robotbailiff/internal/web/ui/uitest"
)

// Work on a desk and on a phone, without script: the lists, a thing that is taken, a decision that was drawn.
func TestBrowser_work(t *testing.T) {
	chrome := chromium.Start(t)
	s := setup(t, true)
	s.fill(t)
	p := s.open(t, uitest.Writ{Region: "75", Amount: 20155})
	must(t, s.Notify(t.Context(), p.CaseID))
	must(t, s.World.Do(t.Context(), p.CaseID, engine.ActorDebtor, engine.Object{Ground: engine.GroundPaid}))
	drawn := s.open(t, uitest.Writ{Region: "71", Amount: 9000})
	must(t, s.Notify(t.Context(), drawn.CaseID))
	must(t, s.Arrest(t.Context(), drawn.CaseID))
	_, err := s.Pool.Exec(t.Context(), `INSERT INTO reviews (case_id, seq, region, kind, one_in, drawn_at) SELECT case_id, seq, (SELECT region FROM cases WHERE id = $1), kind, 100, at FROM events WHERE case_id = $1 AND kind = 'arrest_ordered' ON CONFLICT DO NOTHING`, drawn.CaseID)
	must(t, err)
	var objection, decision string
	must(t, s.Pool.QueryRow(t.Context(), `SELECT case_id || '/' || seq FROM objections WHERE case_id = $1`, p.CaseID).Scan(&objection))
	must(t, s.Pool.QueryRow(t.Context(), `SELECT case_id || '/' || seq FROM reviews WHERE case_id = $1`, drawn.CaseID).Scan(&decision))
	folder := t.TempDir()
	for name, d := range map[string]chromium.Device{"wide": {Width: 1280, Height: 900, Script: true}, "phone": {}, "dark": {Width: 1280, Dark: true}} {
		tab := chrome.Tab(t, d)
		s.enter(tab, "/desk/work")
		for _, lang := range []string{"kk", "ru", "en"} {
			if lang != "ru" && name != "wide" {
				continue
			}
			for what, path := range map[string]string{"work": "/desk/work?lang=" + lang, "thing": thing("objections", objection) + "&lang=" + lang, "drawn": thing("reviews", decision) + "&lang=" + lang} {
				tab.Go(s.URL(path))
				checked(t, tab, folder, fmt.Sprintf("desk/work.%s.%s.%s", what, name, lang))
			}
		}
	}
	tab := chrome.Tab(t, chromium.Device{Width: 1280, Height: 900, Script: true})
	s.enter(tab, thing("objections", objection)+"&lang=en")
	tab.Press(`button[value="taken"]`)
	if !tab.Has(`button[value="returned"]`) {
		t.Errorf("after it was taken: %s", tab.Text("main"))
	}
	checked(t, tab, folder, "desk/work.taken")
	chromium.Valid(t, folder)
}
