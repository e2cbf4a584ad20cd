package desk_test

import (
	"net/http"
	"strings"
	"testing"

	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/web/desk"
	"robotbailiff/internal/web/ui/uitest"
)

// The second of two words is not said by a desk that was left open: whoever has shown who he is a quarter of an hour ago shows it again, and
// comes back to where he was. What needs no second word goes on.
func TestFresh_theSecondWordWantsAProof(t *testing.T) {
	t.Parallel()
	s := setupFor(t, []app.Actor{{Name: "desk:chief", Roles: []app.Role{app.Supervisor}}, {Name: "desk:chief-2", Roles: []app.Role{app.Supervisor}}})
	chief, second := s.as(t, "desk:chief"), s.as(t, "desk:chief-2")
	at := proposeRules(t, chief, "2027-01-01", "the law of December", archive(t, "term.yaml", "value: 30\n", "value: 60\n")).Header.Get("Location")
	page := second.Get(at)
	age := func(sql string) {
		t.Helper()
		_, err := s.Pool.Exec(t.Context(), `UPDATE desk_sessions SET proved_at = `+sql+` WHERE actor = 'desk:chief-2'`)
		must(t, err)
	}
	agreed := func() (n int) {
		t.Helper()
		must(t, s.Pool.QueryRow(t.Context(), `SELECT count(*) FROM rule_pack_decisions`).Scan(&n))
		return n
	}
	for what, sql := range map[string]string{"long ago": `now() - interval '15 minutes'`, "nobody knows when": `NULL`} {
		age(sql)
		got := second.Submit(page, at+"/agree", nil)
		if got.Status != http.StatusForbidden || !strings.Contains(got.Text("main"), "show once more who you are") || got.Attr(`input[name="next"]`, "value") != at+"/agree" || agreed() != 0 {
			t.Fatalf("%s: %d %s, %d agreed", what, got.Status, got.Text("main"), agreed())
		}
		page = second.Get(at)
		if got.Status != http.StatusForbidden || page.Status != http.StatusOK {
			t.Errorf("%s: looking gives %d", what, page.Status)
		}
		if sent := second.Submit(page, at+"/refuse", map[string]string{"reason": " "}); strings.Contains(sent.Text("main"), "show once more") {
			t.Errorf("%s: the first word wants a proof", what)
		}
	}
	again := second.Submit(page, at+"/agree", nil)
	back := second.Submit(again, "/desk/sign-in", map[string]string{"person": "desk:chief-2"})
	if back.Status != http.StatusSeeOther || back.Header.Get("Location") != at+"/agree" {
		t.Fatalf("after the proof: %d to %s", back.Status, back.Header.Get("Location"))
	}
	if led := second.Get(at + "/agree"); led.Status != http.StatusSeeOther || led.Header.Get("Location") != at {
		t.Errorf("back: %d to %s", led.Status, led.Header.Get("Location"))
	}
	submit(t, second, at, at+"/agree", nil)
	if agreed() != 1 {
		t.Error("it was not agreed to")
	}
}

// Every act by a right that wants a proof asks for one, and has a page to come back to.
func TestFresh_everySecondWord(t *testing.T) {
	t.Parallel()
	s := openTillFor(t, []app.Actor{{Name: "desk:all", Roles: app.Roles}})
	b := s.as(t, "desk:all")
	h, err := desk.Handler(desk.Config{App: s.service, Key: uitest.Key()})
	must(t, err)
	gets := map[string]bool{}
	for _, p := range uitest.Patterns(t, h) {
		if path, ok := strings.CutPrefix(p, "GET "); ok {
			gets[path] = true
		}
	}
	token := b.Get("/desk/access").Attr("input[name=form_token]", "value")
	_, err = s.Pool.Exec(t.Context(), `UPDATE desk_sessions SET proved_at = NULL`)
	must(t, err)
	var wants int
	for _, r := range desk.Routes {
		path, post := strings.CutPrefix(r.Pattern, "POST ")
		if !post || !desk.Fresh(r.Right) {
			continue
		}
		wants++
		if got := ask(t, b, r.Pattern, s.number(0), token); got.Status != http.StatusForbidden || !strings.Contains(got.Text("main"), "show once more who you are") {
			t.Errorf("%s: %d %.100s", r.Pattern, got.Status, got.Text("main"))
		}
		twin := path[:strings.LastIndex(path, "/")]
		if !gets[path] && !gets[twin+"/{was}"] {
			t.Errorf("%s has no page to come back to", r.Pattern)
		}
	}
	if wants < 10 {
		t.Errorf("only %d acts want a proof", wants)
	}
}
