package desk_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"robotbailiff/engine/orders"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui/uitest"
)

// plant lets banks hold what they should not, one finding of each kind, and one for a case that is not here.
func (s stage) plant(t *testing.T, caseID int64) {
	t.Helper()
	now, err := s.Store.Now(t.Context())
	must(t, err)
	for i, f := range []struct{ kind, proposal string }{{"orphan", "lift"}, {"missing", ""}, {"more", "reduce"}, {"less", ""}, {"orphan", "lift"}} {
		id := caseID
		if i == 4 {
			id = 259999999
		}
		_, err := s.Pool.Exec(t.Context(), `INSERT INTO bank_findings (bank, leg_id, case_id, kind, ours, theirs, found_at, seen_at, proposal) VALUES ('dala', $1, $2, $3, 1000, 250000, $4, $4, $5)`,
			uuid.NewSHA1(uuid.Nil, fmt.Append(nil, i)), id, f.kind, now.Add(time.Duration(i)*time.Minute), f.proposal)
		must(t, err)
	}
	_, err = s.Pool.Exec(t.Context(), `INSERT INTO bank_corrections (finding_id, id, purpose, leg, actor, ordered_at, next_at) SELECT id, leg_id, 'reduce', '[{"bank":"dala"}]', 'robot', $1, $1 FROM bank_findings WHERE kind = 'more'`, now)
	must(t, err)
	_, err = s.Pool.Exec(t.Context(), `INSERT INTO daily_runs (duty, on_date, bank, phase, started_at, holds, arrests, finished_at) VALUES ('compare', '2026-03-02', 'dala', 'done', $1, 1234, 1235, $1), ('compare', '2026-03-02', 'altyn', 'list', $1, 0, 0, NULL)`, now)
	must(t, err)
}

func TestOrders_showsWhatBanksDoAndWhatToDo(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	people := s.fill(t)
	s.plant(t, people["enforcing"].CaseID)
	c := &orders.Comparer{Sender: &orders.Sender{Store: s.Store, Log: slog.New(slog.DiscardHandler)}}
	must(t, c.CountOrders(t.Context()))
	must(t, c.Escalate(t.Context()))
	if got := s.Get("/desk/orders"); got.Status != http.StatusForbidden {
		t.Errorf("without a visit: %d", got.Status)
	}
	s.signIn(t)
	page := s.Get("/desk/orders?lang=en")
	s.wants(t, page.Text("main"), "Lifts that are late", caseno.Format(people["lifting"].CaseID), "after an hour", "BTBKZ", "Held without ground", "Not on the bank's list",
		"no such case here", "told to lower it", "1,234", "under way", "The robot is on")
	if got := len(page.All(`form[action^="/desk/orders/findings/"]`)); got != 2 {
		t.Errorf("%d findings can be confirmed, want the two orphans", got)
	}
	var row string
	for _, tr := range page.All(`section[aria-labelledby="banks"] tbody tr`) {
		row += uitest.Words(tr) + "|"
	}
	if !strings.Contains(row, "BTBKZ Hold 0 2 0 0 0|") || !strings.Contains(row, "no bank yet Lift 1 0 0 0 0|") {
		t.Errorf("counts by bank: %s", row)
	}

	path := fmt.Sprintf("/desk/orders/findings/%d/lift", 1)
	page = s.Submit(page, path, map[string]string{"reason": "  "})
	if page.Status != http.StatusUnprocessableEntity || !page.Has(`input[aria-invalid="true"]`) {
		t.Errorf("without a reason: %d", page.Status)
	}
	for range 2 { // a second click does no harm
		if got := s.Submit(page, path, map[string]string{"reason": "asked the bank"}); got.Status != http.StatusSeeOther || got.Header.Get("Location") != "/desk/orders" {
			t.Fatalf("%d: %s", got.Status, got.Text("main"))
		}
	}
	s.wants(t, s.Get("/desk/orders?lang=en").Text("main"), "told to lift it")
	var n int
	must(t, s.Pool.QueryRow(t.Context(), `SELECT count(*) FROM bank_corrections WHERE purpose = 'lift' AND actor LIKE 'desk:%' AND reason = 'asked the bank'`).Scan(&n))
	if n != 1 {
		t.Errorf("%d corrections", n)
	}
	_, err := s.Pool.Exec(t.Context(), `UPDATE bank_findings SET resolved_at = now(), resolution = 'gone' WHERE id = 1`)
	must(t, err)
	if got := s.Submit(page, path, map[string]string{"reason": "again"}); got.Status != http.StatusConflict {
		t.Errorf("a difference that is resolved: %d", got.Status)
	}
	if got := s.Get(path); got.Header.Get("Location") != "/desk/orders" {
		t.Errorf("the language row after a post leads to %q", got.Header.Get("Location"))
	}
	_, err = s.Pool.Exec(t.Context(), `INSERT INTO restores (at, noticed_by, actor) VALUES (now(), 'mark', 'robot')`)
	must(t, err)
	for _, l := range i18n.Langs {
		got := s.Get("/desk/orders?lang=" + string(l))
		if got.Status != http.StatusOK || strings.Contains(got.Text(), "<no value>") || !strings.Contains(got.Text("main"), "bailiff restored release") {
			t.Errorf("%s: %d", l, got.Status)
		}
		p := i18n.For(l)
		for _, why := range app.RefusedWords {
			if !p.Has("orders.why." + why) {
				t.Errorf("%s: no words for %s", l, why)
			}
		}
		for _, kind := range orders.FindingKinds {
			if !p.Has("orders.finding."+kind) || !p.Has("orders.todo."+kind) {
				t.Errorf("%s: no words for %s", l, kind)
			}
		}
	}
}

// A desk where nothing is late and nothing differs says so.
func TestOrders_calm(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	s.signIn(t)
	page := s.Get("/desk/orders?lang=en")
	s.wants(t, page.Text("main"), "every lift is confirmed", "agree with our arrests", "Not counted yet")
	if page.Has("table") {
		t.Error("an empty table")
	}
}
