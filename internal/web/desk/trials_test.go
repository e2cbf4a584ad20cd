package desk_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/engine/trial"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/web/ui/uitest"
)

// tried brings new cases to where their arrests wait for a person, and gives their numbers.
func (s stage) tried(t *testing.T, n int) (ids []int64) {
	t.Helper()
	ctx := t.Context()
	for i := range n {
		ids = append(ids, s.open(t, uitest.Writ{Region: "75", Amount: int64(10000 + i)}).CaseID)
		must(t, s.Notify(ctx, ids[i]))
	}
	cases, err := engine.Load(ctx, s.Pool, ids)
	must(t, err)
	s.Clock.Set(cases[0].VoluntaryEndsOn.End())
	now, err := s.Clock.Now(ctx)
	must(t, err)
	var arrests []trial.Arrest
	for _, id := range ids {
		must(t, s.World.Do(ctx, id, engine.ActorRobot, engine.Tick{}))
		arrests = append(arrests, trial.Arrest{CaseID: id, Ordinal: 1, Asked: now})
	}
	gate := trial.NewGate(func(time.Time) (int, bool) { return 2, true })
	must(t, pg.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		held, err := gate.Admit(ctx, tx, arrests, now)
		if err == nil && len(held) != n {
			t.Errorf("%d of %d are held", len(held), n)
		}
		return err
	}))
	return ids
}

// One person confirms or rejects one arrest, two end the trial; the page says why each arrest is lawful; nothing needs a script.
func TestTrials_peopleLook(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	second := s.two(t)
	s.wants(t, s.Get("/desk/trials?lang=en").Text("main"), "Nothing is on trial.", "No arrest waits for a person.")
	second.Get("/desk/trials?lang=en")
	ids := s.tried(t, 4)
	page := s.Get("/desk/trials")
	s.wants(t, page.Text("main"), "Version of the rules", "0 of 2 confirmed", "2 waiting", caseno.Format(ids[0]), caseno.Format(ids[1]), "10,000.00", "Why", "Shown: 2 of 2")
	if strings.Contains(page.Text("main"), caseno.Format(ids[2])) {
		t.Error("the third is shown, of which nobody is asked")
	}
	first, other := "/desk/trials/arrests/"+caseno.Format(ids[0])+"/1", "/desk/trials/arrests/"+caseno.Format(ids[1])+"/1"
	if got := s.Submit(page, first, map[string]string{"verdict": "confirmed", "reason": " "}); got.Status != http.StatusConflict || !strings.Contains(got.Text(`[role="alert"]`), "Say why") {
		t.Errorf("confirmed in silence: %d", got.Status)
	}
	submit(t, s.Browser, "/desk/trials", first, map[string]string{"verdict": "confirmed", "reason": "seen"})
	submit(t, second, "/desk/trials", other, map[string]string{"verdict": "rejected", "reason": "another person"})
	s.wants(t, s.Get("/desk/trials").Text("main"), "1 of 2 confirmed", "0 waiting", "1 rejected")
	s.wants(t, s.Get("/desk/cases/"+caseno.Format(ids[1])).Text("main"), "a person has rejected the arrest")
	if got := s.Submit(page, first, map[string]string{"verdict": "confirmed", "reason": "again"}); got.Status != http.StatusConflict || !strings.Contains(got.Text(`[role="alert"]`), "decided already") {
		t.Errorf("decided twice: %d", got.Status)
	}

	var id string
	must(t, s.Pool.QueryRow(t.Context(), `SELECT id::text FROM trials WHERE kind = 'pack'`).Scan(&id))
	agree := "/desk/trials/" + id + "/agree"
	submit(t, s.Browser, "/desk/trials", agree, map[string]string{"reason": "all seen"})
	page = s.Get("/desk/trials")
	s.wants(t, page.Text("main"), "desk:demo proposes to confirm all that wait")
	if page.Has(`form[action="` + agree + `"]`) {
		t.Error("the page offers him to agree to his own proposal")
	}
	submit(t, second, "/desk/trials", agree, map[string]string{"reason": "seen too"})
	s.wants(t, s.Get("/desk/trials").Text("main"), "1 of 2 confirmed") // two are wanted: it goes on
	for _, lang := range []string{"kk", "ru", "en"} {
		if got := s.Get("/desk/trials?lang=" + lang); got.Status != http.StatusOK || strings.Contains(got.Text(), "<no value>") {
			t.Errorf("%s: %d", lang, got.Status)
		}
	}
}
