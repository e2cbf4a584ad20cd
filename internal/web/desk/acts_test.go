package desk_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"robotbailiff/engine"
	"robotbailiff/internal/app/caseacts"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/ui/uitest"
)

// makeAct fills in the form of an act and gives the address of the act.
func makeAct(t *testing.T, b *uitest.Browser, query string, fill map[string]string) string {
	t.Helper()
	got := b.Submit(b.Get("/desk/acts/new?"+query), "/desk/acts", fill)
	if got.Status != http.StatusSeeOther || !strings.HasPrefix(got.Header.Get("Location"), "/desk/acts/") {
		t.Fatalf("%s: %d %s", query, got.Status, got.Text("main"))
	}
	return got.Header.Get("Location")
}

// say sends one of the forms of an act.
func say(t *testing.T, b *uitest.Browser, path, word string, fill map[string]string, want int) *uitest.Page {
	t.Helper()
	got := b.Submit(b.Get(path+"?lang=en"), path+"/"+word, fill)
	if got.Status != want {
		t.Fatalf("%s of %s: %d, want %d: %s", word, path, got.Status, want, got.Text("main"))
	}
	return got
}

// A case is held and goes on by an operator, from its page, having seen what it does; the reason stays.
func TestActs_holdAndResume(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	p := s.open(t, uitest.Writ{})
	number := caseno.Format(p.CaseID)
	s.signIn(t)
	page := s.Get("/desk/cases/" + number + "?lang=en")
	if !page.Has(`a[href="/desk/acts/new?kind=hold&case=`+number+`"]`) || page.Has(`a[href*="kind=resume"]`) {
		t.Error("the page of the case does not offer what makes sense")
	}
	if got := s.Submit(s.Get("/desk/acts/new?lang=en&kind=hold&case="+number), "/desk/acts", map[string]string{"reason": "  "}); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Text("main"), "Say why") {
		t.Errorf("without a reason: %d", got.Status)
	}
	path := makeAct(t, s.Browser, "kind=hold&case="+number, map[string]string{"reason": "the number is being checked"})
	s.wants(t, s.Get(path+"?lang=en").Text("main"), "draft", "the number is being checked", "held by an operator", number)
	if hold := s.one(t, `SELECT hold FROM cases WHERE id = $1`, p.CaseID); hold != "" {
		t.Error("a look has held the case")
	}
	page = say(t, s.Browser, path, "confirm", nil, http.StatusSeeOther)
	if page.Header.Get("Location") != path {
		t.Errorf("led to %s", page.Header.Get("Location"))
	}
	s.wants(t, s.Get(path+"?lang=en").Text("main"), "done", "1 of 1")
	s.wants(t, s.Get("/desk/cases/"+number+"?lang=en").Text("main"), "held by an operator", "the number is being checked", "Let the case go on")
	path = makeAct(t, s.Browser, "kind=resume&case="+number, map[string]string{"reason": "it is his"})
	say(t, s.Browser, path, "confirm", nil, http.StatusSeeOther)
	if page := s.Get("/desk/cases/" + number + "?lang=en"); page.Has(".warn") {
		t.Error("the case waits still")
	}
	form := url.Values{"form_token": {s.Get("/desk/acts/new?kind=hold").Attr("input[name=form_token]", "value")}}
	if got := s.Post(path+"/confirm", form); got.Status != http.StatusConflict { // the second of two tabs
		t.Errorf("confirmed twice: %d", got.Status)
	}
	for _, l := range i18n.Langs {
		for _, why := range []string{engine.HoldWrongPerson, engine.HoldByHand, "identity_conflict", "outside_call_failed"} {
			if !i18n.For(l).Has("hold." + why) {
				t.Errorf("%s: no words for %s", l, why)
			}
		}
	}
}

// What ends a case takes a second person: not oneself, not twice, not late, and not around the form.
func TestActs_fourEyes(t *testing.T) {
	t.Parallel()
	s := setupFor(t, oneOfEach())
	p := s.open(t, uitest.Writ{})
	number := caseno.Format(p.CaseID)
	operator, supervisor, viewer := s.as(t, "desk:operator"), s.as(t, "desk:supervisor"), s.as(t, "desk:viewer")
	cancel := map[string]string{"reason": "the court has annulled it", "act": "7-А/26", "act_on": "2026-03-01"}
	path := makeAct(t, operator, "kind=cancel&case="+number, cancel)
	if got := supervisor.Get(path); got.Status != http.StatusNotFound {
		t.Errorf("another one sees a draft: %d", got.Status)
	}
	say(t, operator, path, "confirm", nil, http.StatusSeeOther)
	s.wants(t, operator.Get("/desk/cases/"+number).Text("main"), "waits for a second person", "Cancel on the issuer's act", "the court has annulled it")
	s.wants(t, supervisor.Get("/desk/approvals").Text("main"), "Cancel on the issuer's act", "desk:operator", "the court has annulled it")
	seen := supervisor.Get(path)
	s.wants(t, seen.Text("main"), "Opened", "Cancelled", "20,155.00 KZT", "desk:operator", "7-А/26")
	if seen.Has(`form[action="` + path + `/withdraw"]`) {
		t.Error("another one may take it back")
	}
	state := func() string { return s.one(t, `SELECT state FROM cases WHERE id = $1`, p.CaseID) }
	token := func(b *uitest.Browser) string {
		return b.Get("/desk/access").Attr("input[name=form_token]", "value")
	}
	own := makeAct(t, supervisor, "kind=cancel&case="+number, cancel)
	say(t, supervisor, own, "confirm", nil, http.StatusSeeOther)
	for name, c := range map[string]struct {
		b      *uitest.Browser
		path   string
		form   url.Values
		header map[string]string
		status int
	}{
		"oneself":                  {supervisor, own, url.Values{"form_token": {token(supervisor)}}, nil, http.StatusForbidden},
		"without the right":        {operator, path, url.Values{"form_token": {token(operator)}}, nil, http.StatusForbidden},
		"who only looks":           {viewer, path, url.Values{"form_token": {token(viewer)}}, nil, http.StatusForbidden},
		"without a token":          {supervisor, path, nil, nil, http.StatusForbidden},
		"with a token of another":  {supervisor, path, url.Values{"form_token": {token(operator)}}, nil, http.StatusForbidden},
		"from another site":        {supervisor, path, url.Values{"form_token": {token(supervisor)}}, map[string]string{"Sec-Fetch-Site": "cross-site"}, http.StatusForbidden},
		"signed out":               {s.Another(), path, nil, nil, http.StatusForbidden},
		"an act that there is not": {supervisor, "/desk/acts/99", url.Values{"form_token": {token(supervisor)}}, nil, http.StatusNotFound},
	} {
		if got := c.b.Do(http.MethodPost, c.path+"/agree", c.form, c.header); got.Status != c.status {
			t.Errorf("%s: %d, want %d", name, got.Status, c.status)
		}
		if got := state(); got != "opened" {
			t.Fatalf("%s: the case is %s", name, got)
		}
	}
	if got := supervisor.Get(path + "/agree"); got.Status != http.StatusSeeOther || got.Header.Get("Location") != path {
		t.Errorf("by GET: %d", got.Status)
	}
	say(t, supervisor, own, "withdraw", map[string]string{"why": "twice"}, http.StatusSeeOther)
	first, other := supervisor.Get(path), supervisor.Get(path) // two tabs
	if got := supervisor.Submit(first, path+"/agree", nil); got.Status != http.StatusSeeOther {
		t.Fatalf("the second person: %d", got.Status)
	}
	got := supervisor.Submit(other, path+"/agree", nil)
	if got.Status != http.StatusConflict || !strings.Contains(got.Text("main"), "decided already") {
		t.Errorf("the second tab: %d %s", got.Status, got.Text("main"))
	}
	if state() != "cancelled" || s.one(t, `SELECT max(actor) FROM events WHERE kind = 'cancelled'`) != "desk:operator, desk:supervisor" {
		t.Errorf("the case is %s", state())
	}
	late := s.open(t, uitest.Writ{})
	path = makeAct(t, operator, "kind=cancel&case="+caseno.Format(late.CaseID), cancel)
	say(t, operator, path, "confirm", nil, http.StatusSeeOther)
	open := supervisor.Get(path)
	s.ageActs(t)
	got = supervisor.Submit(open, path+"/agree", nil)
	if got.Status != http.StatusConflict || !strings.Contains(got.Text("main"), "24 hours have passed") || got.Has(`form[action="`+path+`/agree"]`) {
		t.Errorf("after a day: %d %s", got.Status, got.Text("main"))
	}
	if strings.Contains(supervisor.Get("/desk/approvals").Text("main"), "desk:operator") {
		t.Error("what has expired waits still")
	}
}

// ageActs makes acts that wait a day older.
func (s stage) ageActs(t *testing.T) {
	t.Helper()
	_, err := s.Pool.Exec(t.Context(), `BEGIN; ALTER TABLE case_acts DISABLE TRIGGER case_acts_forward;
UPDATE case_acts SET made_at = made_at - interval '25 hours', asked_at = asked_at - interval '25 hours', expires_at = expires_at - interval '25 hours' WHERE state = 'asked';
ALTER TABLE case_acts ENABLE TRIGGER case_acts_forward; COMMIT`)
	must(t, err)
}

// Cases of a list go on together: the list is that of the page, it is frozen, two people say so, and each case has its result.
func TestActs_many(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	s.fill(t)
	second := s.two(t)
	page := s.Get("/desk/cases?lang=en&state=open")
	numbers := page.Attr(`form[action="/desk/acts/new"] input[name="numbers"]`, "value")
	if n := len(strings.Fields(numbers)); n != 4 {
		t.Fatalf("the form takes %d cases along: %q", n, numbers)
	}
	form := s.Get("/desk/acts/new?lang=en&kind=hold&numbers=" + url.QueryEscape(numbers))
	s.wants(t, form.Text("textarea"), numbers)
	got := s.Submit(form, "/desk/acts", map[string]string{"numbers": numbers + " 26-0000099-7 x", "reason": "flood"})
	if got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Text("main"), "There are no such cases, or they are not of your regions: x") {
		t.Errorf("a number that is none: %d %s", got.Status, got.Text("main"))
	}
	hold := makeAct(t, s.Browser, "kind=hold", map[string]string{"numbers": numbers, "reason": "flood"})
	say(t, s.Browser, hold, "confirm", nil, http.StatusSeeOther)
	s.wants(t, s.Get(hold+"?lang=en").Text("main"), "4 of 4", "done 4")
	resume := makeAct(t, s.Browser, "kind=resume", map[string]string{"numbers": strings.ReplaceAll(numbers, " ", "\n"), "reason": "the water has gone"})
	s.wants(t, s.Get(resume+"?lang=en").Text("main"), "Ask a second person", "will be done 4")
	say(t, s.Browser, resume, "confirm", nil, http.StatusSeeOther)
	must(t, s.World.Do(t.Context(), 260000001, engine.ActorRobot, engine.Resume{Reason: "x"}))
	s.wants(t, second.Get(resume+"?lang=en").Text("main"), "the case has changed: left alone 1", "Agree: 4 cases")
	say(t, second, resume, "agree", nil, http.StatusSeeOther)
	s.wants(t, s.Get(resume+"?lang=en").Text("main"), "done 3", "the case has changed: left alone 1")
	if held := s.one(t, `SELECT count(*)::text FROM cases WHERE hold <> ''`); held != "0" {
		t.Errorf("%s wait still", held)
	}
}

// Ten thousand numbers fit into the form.
func TestActs_longList(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	s.signIn(t)
	var b strings.Builder
	for i := range caseacts.MostCases {
		b.WriteString(caseno.Format(260000001+int64(i)) + "\r\n")
	}
	got := s.Submit(s.Get("/desk/acts/new?lang=en&kind=hold"), "/desk/acts", map[string]string{"numbers": b.String(), "reason": "x"})
	if got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Text("main"), "There are no such cases") {
		t.Errorf("%d %.400s", got.Status, got.Text("main"))
	}
}

// Whatever stands in an address or a form, the answer says so and nothing is done.
func TestActs_hostileValues(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	p := s.open(t, uitest.Writ{})
	s.signIn(t)
	token := s.Get("/desk/acts/new?kind=hold").Attr("input[name=form_token]", "value")
	number := caseno.Format(p.CaseID)
	for _, v := range []string{"'", "\x00", "\xff", "<script>", "-1", "9223372036854775808", strings.Repeat("9", 400), "{{.}}", "\u202e", "2026-02-30", "0000-00-00", "1e9", "٣"} {
		for _, query := range []string{"kind=", "case=", "numbers="} {
			if got := s.Get("/desk/acts/new?" + query + url.QueryEscape(v)); got.Status >= 500 || strings.Contains(got.Body, "<script>") {
				t.Errorf("%s%q: %d", query, v, got.Status)
			}
		}
		for _, path := range []string{"/desk/acts/" + url.PathEscape(v), "/desk/acts/1?after=" + url.QueryEscape(v)} {
			if got := s.Get(path); got.Status != http.StatusNotFound && got.Status != http.StatusBadRequest {
				t.Errorf("%s: %d", path, got.Status)
			}
		}
		for _, field := range []string{"kind", "numbers", "case", "until", "act", "act_on", "debt", "reason"} {
			form := url.Values{"form_token": {token}, "kind": {"cancel"}, "numbers": {number}, "reason": {"x"}, "act": {"7"}, "act_on": {"2026-03-01"}}
			form.Set(field, v)
			if got := s.Post("/desk/acts", form); got.Status >= 500 {
				t.Errorf("%s of %q: %d", field, v, got.Status)
			}
		}
	}
	if n := s.one(t, `SELECT count(*)::text FROM events WHERE kind = 'cancelled'`); n != "0" {
		t.Error("a case was cancelled")
	}
}

func TestActs_pagesAreAsTheyWere(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	people := s.fill(t)
	s.signIn(t)
	number := caseno.Format(people["enforcing"].CaseID)
	cancel := makeAct(t, s.Browser, "kind=cancel&case="+number, map[string]string{"reason": "annulled", "act": "7-А/26", "act_on": "2026-03-01"})
	for _, l := range []string{"kk", "ru", "en"} {
		testkit.Golden(t, "actnew."+l+".txt", []byte(s.Get("/desk/acts/new?kind=cancel&case="+number+"&lang="+l).Outline("main")+s.Get("/desk/acts/new?kind=suspend&lang="+l).Outline("main")))
		testkit.Golden(t, "act."+l+".txt", []byte(s.Get(cancel+"?lang="+l).Outline("section"))) // what is above has the present time in it
		testkit.Golden(t, "approvals."+l+".txt", []byte(s.Get("/desk/approvals?lang="+l).Outline("main")))
	}
}

// Every kind, state, outcome and fault has its words: none is shown as a code.
func TestActs_haveWords(t *testing.T) {
	t.Parallel()
	var keys []string
	for _, r := range caseacts.Kinds {
		keys = append(keys, "kind."+string(r.Kind), "about."+string(r.Kind), "people."+r.People.String())
	}
	for _, state := range []caseacts.State{caseacts.Draft, caseacts.Asked, caseacts.Running, caseacts.Done, caseacts.Refused, "expired", "taken_back"} {
		keys = append(keys, "status."+string(state))
	}
	for _, outcome := range []string{
		caseacts.OutcomeDone, caseacts.OutcomeChanged, caseacts.OutcomeRecent, engine.CodeFailed, engine.CodeAlready, engine.CodeEnded, engine.CodeNotFound, engine.CodeNothing,
		engine.CodeInvalid, engine.CodeNotOpened, engine.CodeStopped, engine.CodeRaises, engine.CodeProven, engine.CodeWaits, engine.CodePending,
	} {
		keys = append(keys, "outcome."+outcome)
	}
	for _, wrong := range []string{caseacts.WrongReason, caseacts.WrongCases, caseacts.WrongOne, caseacts.WrongUnknown, caseacts.WrongUntil, caseacts.WrongAct, caseacts.WrongActOn, caseacts.WrongDebt} {
		keys = append(keys, "wrong."+wrong)
	}
	for _, l := range i18n.Langs {
		for _, key := range keys {
			if !i18n.For(l).Has("acts." + key) {
				t.Errorf("%s: no words for %s", l, key)
			}
		}
	}
}

// What waits in each room is counted while it may still be agreed to, with one's own apart; who has no right to a room does not hear of it.
func TestApprovals_countWhatWaits(t *testing.T) {
	t.Parallel()
	s := setupFor(t, oneOfEach())
	p := s.open(t, uitest.Writ{})
	now, err := s.Clock.Now(t.Context())
	must(t, err)
	for _, sql := range []string{
		`INSERT INTO desk_exports (actor, reason, format, query, case_ids, regions) SELECT 'desk:operator', 'x', 'csv', '', ARRAY[260000001::bigint], '{75}' WHERE $1::timestamptz IS NOT NULL`,
		`WITH b AS (INSERT INTO batches (source, file_name, sha256, received_at, state) VALUES ('court', 'x', sha256('x'), $1, 'waiting') RETURNING id)
		 INSERT INTO batch_acts (batch_id, act, actor, reason, at) SELECT id, 'proposed', 'desk:operator', 'x', $1 FROM b`,
		`INSERT INTO text_versions (version, base, words, proposed_by, reason, proposed_at) VALUES (2, 1, '{}', 'desk:supervisor', 'x', $1)`,
		`WITH t AS (INSERT INTO trials (kind, name, need, opened_at) VALUES ('source', 'new', 3, $1) RETURNING id)
		 INSERT INTO trial_acts (trial_id, act, actor, reason, at) SELECT id, 'proposed', 'desk:operator', 'x', $1 FROM t`,
		`WITH t AS (INSERT INTO stops (scope, actor, reason, at) VALUES ('measure:notify', 'desk:operator', 'x', $1) RETURNING id)
		 INSERT INTO stop_acts (stop_id, act, actor, reason, at) SELECT id, 'proposed', 'desk:supervisor', 'x', $1 FROM t`,
		`INSERT INTO money_acts (kind, txn_id, meaning, proposed_by, reason, proposed_at) VALUES ('explain', 't', 'bank_fee', 'desk:finance', 'x', $1)`,
		`INSERT INTO claimant_requisites (scope, name, bin, iban, kbk, knp, proposed_by, reason, proposed_at) VALUES (sha256('x'), 'x', '971240001315', 'KZ86125KZT5004100100', '123456', '123', 'desk:finance', 'x', $1)`,
	} {
		if _, err := s.Pool.Exec(t.Context(), sql, now); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	operator, supervisor, administrator := s.as(t, "desk:operator"), s.as(t, "desk:supervisor"), s.as(t, "desk:administrator")
	path := makeAct(t, operator, "kind=cancel&case="+caseno.Format(p.CaseID), map[string]string{"reason": "annulled", "act": "7", "act_on": "2026-03-01"})
	say(t, operator, path, "confirm", nil, http.StatusSeeOther)
	rows := func(b *uitest.Browser) string { return b.Get("/desk/approvals?lang=en").Outline("main") }
	seen := rows(supervisor)
	for _, want := range []string{"Lists that leave the house 1 0", "Batches that wait 1 0", "Wording 1 1", "First arrests 1 0", "Letting the robot go on 1 1", "Acts on money 1 0", "Payment files 0 0", "Requisites of claimants 1 0", "annulled"} {
		s.wants(t, seen, want)
	}
	if got := rows(operator); !strings.Contains(got, "desk:operator · you") || strings.Contains(got, "Acts on money") || !strings.Contains(got, "First arrests 1 1") {
		t.Errorf("the operator sees\n%s", got)
	}
	if got := rows(administrator); strings.Contains(got, "annulled") || strings.Contains(got, "First arrests") || !strings.Contains(got, "Letting the robot go on 1 0") {
		t.Errorf("the administrator sees\n%s", got)
	}
	s.Clock.Advance(25 * time.Hour)
	if got := rows(supervisor); !strings.Contains(got, "Wording 0 0") || !strings.Contains(got, "Letting the robot go on 0 0") || !strings.Contains(got, "Batches that wait 0 0") {
		t.Errorf("after a day\n%s", got)
	}
}
