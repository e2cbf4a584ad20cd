package caseacts_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"robotbailiff/engine"
	"robotbailiff/internal/app/caseacts"
	"robotbailiff/internal/app/links"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/ui/uitest"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var (
	first  = caseacts.Who{Name: "desk:aigul"}
	second = caseacts.Who{Name: "desk:bolat"}
)

type stage struct {
	*uitest.World
	*caseacts.Store
}

func setup(t *testing.T) stage {
	t.Helper()
	w, err := uitest.NewWorld(t.Context(), testkit.DB(t), testkit.Keys(t))
	must(t, err)
	return stage{w, caseacts.New(w.Pool, w.Store)}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open opens cases and gives their ids and numbers.
func (s stage) open(t *testing.T, n int) (ids []int64, numbers []string) {
	t.Helper()
	for range n {
		p, err := s.Open(t.Context(), uitest.Writ{})
		must(t, err)
		ids, numbers = append(ids, p.CaseID), append(numbers, caseno.Format(p.CaseID))
	}
	return ids, numbers
}

func (s stage) ask(t *testing.T, who caseacts.Who, r caseacts.Request) int64 {
	t.Helper()
	if r.Reason == "" {
		r.Reason = "asked by the court"
	}
	if r.Kind == caseacts.Cancel || r.Kind == caseacts.Correct {
		r.Act, r.ActOn = "7-А/26", "2026-03-01"
	}
	id, err := s.Draft(t.Context(), who, r)
	must(t, err)
	must(t, s.Confirm(t.Context(), who, id))
	return id
}

func (s stage) act(t *testing.T, id int64) caseacts.Act {
	t.Helper()
	a, err := s.Act(t.Context(), first, id)
	must(t, err)
	return a
}

// outcomes are those of an act by case, in order.
func (s stage) outcomes(t *testing.T, id int64) (out []string) {
	t.Helper()
	items, _, err := s.Items(t.Context(), first, id, 0)
	must(t, err)
	for _, i := range items {
		out = append(out, i.Outcome)
	}
	return out
}

func (s stage) one(t *testing.T, sql string, args ...any) (v string) {
	t.Helper()
	must(t, s.Pool.QueryRow(t.Context(), sql, args...).Scan(&v))
	return v
}

// One person holds a case and lets it go on; what is done has one event, with who and why.
func TestHoldAndResume(t *testing.T) {
	t.Parallel()
	s := setup(t)
	ids, numbers := s.open(t, 1)
	id := s.ask(t, first, caseacts.Request{Kind: caseacts.Hold, Numbers: numbers[0], Reason: "the person calls"})
	if got := s.act(t, id); got.State != caseacts.Done || got.Two {
		t.Fatalf("%+v", got)
	}
	if got := s.one(t, `SELECT actor || ' ' || (data -> 'cmd' -> 'in' ->> 'note') || ' ' || (SELECT hold FROM cases WHERE id = case_id) FROM events WHERE case_id = $1 AND kind = 'held'`, ids[0]); got != "desk:aigul the person calls by_hand" {
		t.Errorf("%s", got)
	}
	again := s.ask(t, first, caseacts.Request{Kind: caseacts.Hold, Numbers: numbers[0]})
	if got := s.outcomes(t, again); got[0] != engine.CodeAlready {
		t.Errorf("a second hold: %v", got)
	}
	s.ask(t, first, caseacts.Request{Kind: caseacts.Resume, Numbers: numbers[0], Reason: "clear"})
	if got := s.one(t, `SELECT hold FROM cases WHERE id = $1`, ids[0]); got != "" {
		t.Errorf("still held: %s", got)
	}
	if err := s.Confirm(t.Context(), first, id); !errors.Is(err, caseacts.ErrClosed) {
		t.Errorf("confirmed twice: %v", err)
	}
}

// What takes two is done by the second one's word, once, and not by the first one's.
func TestFourEyes(t *testing.T) {
	t.Parallel()
	s := setup(t)
	ids, numbers := s.open(t, 1)
	id, err := s.Draft(t.Context(), first, caseacts.Request{Kind: caseacts.Cancel, Numbers: numbers[0], Reason: "the court says", Act: "7-А/26", ActOn: "2026-03-01"})
	must(t, err)
	if _, err := s.Act(t.Context(), second, id); !errors.Is(err, caseacts.ErrNone) {
		t.Errorf("another one sees a draft: %v", err)
	}
	if err := s.Decide(t.Context(), second, id, true, ""); !errors.Is(err, caseacts.ErrNone) {
		t.Errorf("agreed to a draft: %v", err)
	}
	must(t, s.Confirm(t.Context(), first, id))
	v, err := s.Look(t.Context(), second, id)
	must(t, err)
	want := []caseacts.Line{{What: "state", Was: "opened", Is: "cancelled"}, {What: "outstanding", WasSum: uitest.Tenge(20155), IsSum: uitest.Tenge(0), Sum: true}}
	if len(v.Effects) != 1 || v.Effects[0].Outcome != caseacts.OutcomeDone || cmp.Diff([]string{"cancelled"}, v.Effects[0].Notices) != "" {
		t.Fatalf("%+v", v.Effects)
	}
	if diff := cmp.Diff(want, v.Effects[0].Lines[:2]); diff != "" {
		t.Errorf("the second person sees\n%s", diff)
	}
	for name, who := range map[string]caseacts.Who{"oneself": first, "oneself in capitals": {Name: " DESK:Aigul "}} {
		if err := s.Decide(t.Context(), who, id, true, ""); !errors.Is(err, caseacts.ErrOwn) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.Decide(t.Context(), second, id, false, " "); err == nil {
		t.Error("refused without saying why")
	}
	var wait sync.WaitGroup
	errs := make([]error, 2)
	for i := range errs { // two tabs
		wait.Go(func() { errs[i] = s.Decide(t.Context(), second, id, true, "") })
	}
	wait.Wait()
	if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs...), caseacts.ErrClosed) {
		t.Errorf("two words at once: %v", errs)
	}
	if got := s.one(t, `SELECT count(*) || max(actor) || max(data -> 'cmd' -> 'in' ->> 'act') FROM events WHERE case_id = $1 AND kind = 'cancelled'`, ids[0]); got != "1desk:aigul, desk:bolat7-А/26 (2026-03-01)" {
		t.Errorf("%s", got)
	}
	if err := s.Decide(t.Context(), second, id, false, "changed my mind"); !errors.Is(err, caseacts.ErrClosed) {
		t.Errorf("refused afterwards: %v", err)
	}
}

// One takes back what one has asked for oneself; it is never done then.
func TestFourEyes_takenBack(t *testing.T) {
	t.Parallel()
	s := setup(t)
	_, numbers := s.open(t, 1)
	id := s.ask(t, first, caseacts.Request{Kind: caseacts.Cancel, Numbers: numbers[0]})
	must(t, s.Decide(t.Context(), first, id, false, "a slip"))
	a := s.act(t, id)
	if a.Status() != "taken_back" {
		t.Errorf("%+v", a)
	}
	if err := s.Decide(t.Context(), second, id, true, ""); !errors.Is(err, caseacts.ErrClosed) {
		t.Errorf("agreed to what was taken back: %v", err)
	}
}

// aged makes an act older than it is.
func (s stage) aged(t *testing.T, id int64) {
	t.Helper()
	_, err := s.Pool.Exec(t.Context(), `BEGIN; ALTER TABLE case_acts DISABLE TRIGGER case_acts_forward; UPDATE case_acts SET made_at = made_at - interval '25 hours', asked_at = asked_at - interval '25 hours', expires_at = expires_at - interval '25 hours';
		ALTER TABLE case_acts ENABLE TRIGGER case_acts_forward; COMMIT`)
	must(t, err)
	if a := s.act(t, id); !a.Expired {
		t.Fatalf("%+v", a)
	}
}

func TestFourEyes_expires(t *testing.T) {
	t.Parallel()
	s := setup(t)
	_, numbers := s.open(t, 1)
	id := s.ask(t, first, caseacts.Request{Kind: caseacts.Cancel, Numbers: numbers[0]})
	draft, err := s.Draft(t.Context(), first, caseacts.Request{Kind: caseacts.Hold, Numbers: numbers[0], Reason: "x"})
	must(t, err)
	s.aged(t, id)
	if err := s.Decide(t.Context(), second, id, true, ""); !errors.Is(err, caseacts.ErrExpired) {
		t.Errorf("agreed after a day: %v", err)
	}
	if err := s.Confirm(t.Context(), first, draft); !errors.Is(err, caseacts.ErrExpired) {
		t.Errorf("an old draft: %v", err)
	}
	if a := s.act(t, id); a.Status() != "expired" || a.Waits() {
		t.Errorf("%s", a.Status())
	}
	if list, err := s.Waiting(t.Context(), second); err != nil || len(list) != 0 {
		t.Errorf("it waits still: %v, %v", list, err)
	}
}

// What the domain refuses, the database does too.
func TestDatabase_holdsTheRules(t *testing.T) {
	t.Parallel()
	s := setup(t)
	ids, numbers := s.open(t, 2)
	old := s.ask(t, first, caseacts.Request{Kind: caseacts.Cancel, Numbers: numbers[1]})
	s.aged(t, old)
	waits := s.ask(t, first, caseacts.Request{Kind: caseacts.Cancel, Numbers: numbers[0]})
	done := s.ask(t, first, caseacts.Request{Kind: caseacts.Hold, Numbers: numbers[0]})
	agree := `UPDATE case_acts SET state = 'running', verdict = 'agreed', decided_by = '%s', decided_at = %s WHERE id = %d`
	for name, sql := range map[string]string{
		"one's own word":             fmt.Sprintf(agree, "desk:aigul", "clock_timestamp()", waits),
		"one's own in capitals":      fmt.Sprintf(agree, "Desk:Aigul", "clock_timestamp()", waits),
		"after a day":                fmt.Sprintf(agree, "desk:bolat", "clock_timestamp()", old),
		"after a day, dated back":    fmt.Sprintf(agree, "desk:bolat", "expires_at - interval '1 hour'", old),
		"dated ahead":                fmt.Sprintf(agree, "desk:bolat", "clock_timestamp() + interval '1 hour'", waits),
		"done without a word":        fmt.Sprintf(`UPDATE case_acts SET state = 'running' WHERE id = %d`, waits),
		"by the robot":               fmt.Sprintf(agree, "robot", "clock_timestamp()", waits),
		"a longer list":              fmt.Sprintf(`INSERT INTO case_act_items (act_id, case_id, mark) VALUES (%d, %d, sha256(''))`, waits, ids[1]),
		"a shorter list":             fmt.Sprintf(`DELETE FROM case_act_items WHERE act_id = %d`, waits),
		"another case":               fmt.Sprintf(`UPDATE case_act_items SET case_id = %d WHERE act_id = %d`, ids[1], waits),
		"an outcome before its time": fmt.Sprintf(`UPDATE case_act_items SET outcome = 'done', done_at = now() WHERE act_id = %d`, waits),
		"an outcome twice":           fmt.Sprintf(`UPDATE case_act_items SET outcome = 'ended' WHERE act_id = %d`, done),
		"another kind":               fmt.Sprintf(`UPDATE case_acts SET kind = 'lift' WHERE id = %d`, waits),
		"another reason":             fmt.Sprintf(`UPDATE case_acts SET reason = 'x' WHERE id = %d`, waits),
		"a longer wait":              fmt.Sprintf(`UPDATE case_acts SET asked_at = now(), expires_at = now() + interval '24 hours' WHERE id = %d`, old),
		"again":                      fmt.Sprintf(`UPDATE case_acts SET state = 'running' WHERE id = %d`, done),
		"gone":                       fmt.Sprintf(`DELETE FROM case_acts WHERE id = %d`, done),
		"all gone":                   `TRUNCATE case_acts CASCADE`,
		"a cancellation by one":      `INSERT INTO case_acts (kind, reason, cases, regions, two, asked_by) VALUES ('cancel', 'x', 1, '{75}', false, 'desk:a')`,
		"many go on by one":          `INSERT INTO case_acts (kind, reason, cases, regions, two, asked_by) VALUES ('resume', 'x', 2, '{75}', false, 'desk:a')`,
		"many corrected":             `INSERT INTO case_acts (kind, reason, cases, regions, two, asked_by) VALUES ('correct', 'x', 2, '{75}', true, 'desk:a')`,
		"begun at its end":           `INSERT INTO case_acts (kind, reason, cases, regions, two, asked_by, state, asked_at, expires_at) VALUES ('hold', 'x', 1, '{75}', false, 'desk:a', 'running', now(), now() + interval '24 hours')`,
	} {
		if _, err := s.Pool.Exec(t.Context(), sql); err == nil || !strings.Contains(err.Error(), "SQLSTATE 23") && !strings.Contains(err.Error(), "P0001") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.Pool.Exec(t.Context(), fmt.Sprintf(agree, "desk:bolat", "clock_timestamp()", waits)); err != nil {
		t.Errorf("the statement itself is not one: %v", err)
	}
}

// Cases that have changed since the list was made are left alone by an act of two; papers about them change nothing.
func TestFourEyes_leavesAloneWhatHasChanged(t *testing.T) {
	t.Parallel()
	s := setup(t)
	ids, numbers := s.open(t, 3)
	id := s.ask(t, first, caseacts.Request{Kind: caseacts.Cancel, Numbers: strings.Join(numbers, ", ")})
	must(t, s.Pay(t.Context(), ids[1], 100))
	must(t, s.Do(t.Context(), ids[2], engine.ActorRobot, engine.Attest{SHA256: strings.Repeat("ab", 32), Format: "pdf"}))
	v, err := s.Look(t.Context(), second, id)
	must(t, err)
	if v.Sums.Changed != 1 || v.Effects[1].Outcome != caseacts.OutcomeChanged || v.Effects[2].Outcome != caseacts.OutcomeDone {
		t.Errorf("%+v", v.Sums)
	}
	must(t, s.Decide(t.Context(), second, id, true, ""))
	if diff := cmp.Diff([]string{"done", "changed", "done"}, s.outcomes(t, id)); diff != "" {
		t.Error(diff)
	}
	if got := s.one(t, `SELECT string_agg(state, ' ' ORDER BY id) FROM cases`); got != "cancelled opened cancelled" {
		t.Errorf("%s", got)
	}
}

// Who does not see a case puts it on no list, and sees no act on it.
func TestRegions(t *testing.T) {
	t.Parallel()
	s := setup(t)
	here, err := s.Open(t.Context(), uitest.Writ{Region: "75"})
	must(t, err)
	there, err := s.Open(t.Context(), uitest.Writ{Region: "71"})
	must(t, err)
	some := caseacts.Who{Name: "desk:some", Regions: []string{"75"}}
	both := caseno.Format(here.CaseID) + " " + caseno.Format(there.CaseID)
	_, err = s.Draft(t.Context(), some, caseacts.Request{Kind: caseacts.Hold, Numbers: both, Reason: "x"})
	wrong, ok := errors.AsType[*caseacts.WrongError](err)
	if !ok || cmp.Diff([]string{caseno.Format(there.CaseID)}, wrong.Numbers) != "" {
		t.Errorf("%+v", err)
	}
	id := s.ask(t, first, caseacts.Request{Kind: caseacts.Cancel, Numbers: both})
	if _, err := s.Act(t.Context(), some, id); !errors.Is(err, caseacts.ErrNone) {
		t.Errorf("an act on a case of another region: %v", err)
	}
	if err := s.Decide(t.Context(), some, id, true, ""); !errors.Is(err, caseacts.ErrNone) {
		t.Errorf("agreed to it: %v", err)
	}
	if list, err := s.OfCase(t.Context(), some, here.CaseID); err != nil || len(list) != 0 {
		t.Errorf("shown on a case: %v, %v", list, err)
	}
	if list, err := s.OfCase(t.Context(), second, here.CaseID); err != nil || len(list) != 1 || !list[0].Waits() {
		t.Errorf("not shown on the case: %v, %v", list, err)
	}
}

func TestRequests_whatIsWrong(t *testing.T) {
	t.Parallel()
	s := setup(t)
	_, numbers := s.open(t, 2)
	two := strings.Join(numbers, "\n")
	for name, c := range map[string]struct {
		r    caseacts.Request
		want []string
	}{
		"nothing":            {caseacts.Request{Kind: caseacts.Hold}, []string{"no_reason", "no_cases"}},
		"no such case":       {caseacts.Request{Kind: caseacts.Hold, Reason: "x", Numbers: "26-0000099-7"}, []string{"unknown"}},
		"no number":          {caseacts.Request{Kind: caseacts.Hold, Reason: "x", Numbers: numbers[0] + " abc"}, []string{"unknown"}},
		"no day":             {caseacts.Request{Kind: caseacts.Suspend, Reason: "x", Numbers: two}, []string{"until"}},
		"today":              {caseacts.Request{Kind: caseacts.Suspend, Reason: "x", Numbers: two, Until: "2026-03-02"}, []string{"until"}},
		"no act":             {caseacts.Request{Kind: caseacts.Cancel, Reason: "x", Numbers: two}, []string{"act", "act_on"}},
		"an act to come":     {caseacts.Request{Kind: caseacts.Cancel, Reason: "x", Numbers: two, Act: "7", ActOn: "2026-03-03"}, []string{"act_on"}},
		"an identity":        {caseacts.Request{Kind: caseacts.Cancel, Reason: "x", Numbers: two, Act: "850101300000", ActOn: "2026-03-01"}, []string{"act"}},
		"one sum for two":    {caseacts.Request{Kind: caseacts.Correct, Reason: "x", Numbers: two, Act: "7", ActOn: "2026-03-01", Debt: "1"}, []string{"one_only"}},
		"no sum":             {caseacts.Request{Kind: caseacts.Correct, Reason: "x", Numbers: numbers[0], Act: "7", ActOn: "2026-03-01", Debt: "0"}, []string{"debt"}},
		"too many of them":   {caseacts.Request{Kind: caseacts.Hold, Reason: "x", Numbers: tooMany()}, []string{"too_many"}},
		"a suspension":       {caseacts.Request{Kind: caseacts.Suspend, Reason: "x", Numbers: two, Until: "2026-03-03"}, nil},
		"a sum as typed":     {caseacts.Request{Kind: caseacts.Correct, Reason: "x", Numbers: numbers[0], Act: "№ 7", ActOn: "2026-03-01", Debt: "12 345,67"}, nil},
		"the same one twice": {caseacts.Request{Kind: caseacts.Hold, Reason: "x", Numbers: numbers[0] + ";" + numbers[0]}, nil},
	} {
		_, err := s.Draft(t.Context(), first, c.r)
		var codes []string
		if wrong, ok := errors.AsType[*caseacts.WrongError](err); ok {
			codes = wrong.Codes
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(c.want, codes); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func tooMany() string {
	var b strings.Builder
	for i := range caseacts.MostCases + 1 {
		b.WriteString(caseno.Format(260000001+int64(i)) + " ")
	}
	return b.String()
}

// The debtor of a case is another person: the first word holds all of his cases, and ends nothing; the second ends those of the list, with what
// led to them and to him. The others stay held.
func TestOtherPerson(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p, err := s.Open(t.Context(), uitest.Writ{})
	must(t, err)
	q, err := s.Open(t.Context(), uitest.Writ{Debtor: &p, Region: "71"})
	must(t, err)
	stranger, err := s.Open(t.Context(), uitest.Writ{})
	must(t, err)
	must(t, s.Notify(t.Context(), p.CaseID))
	must(t, s.Arrest(t.Context(), p.CaseID))
	for _, sql := range []string{
		`INSERT INTO devices (debtor_id, platform, token_blind, token_sealed, since, seen_at) VALUES ($1, 'web', sha256('a'), 'x', now(), now())`,
		`INSERT INTO telegram_chats (debtor_id, chat_blind, chat_sealed, since) VALUES ($1, sha256('b'), 'x', now())`,
		`INSERT INTO telegram_codes (code_hash, debtor_id, case_id, expires_at) VALUES (sha256('c'), $1, 1, now() + interval '1 hour')`,
	} {
		_, err := s.Pool.Exec(t.Context(), sql, p.ID)
		must(t, err)
	}
	holds := func() string {
		t.Helper()
		return s.one(t, `SELECT string_agg(CASE hold WHEN '' THEN '-' ELSE hold END, ' ' ORDER BY id) FROM cases WHERE id = ANY ($1)`, []int64{p.CaseID, q.CaseID, stranger.CaseID})
	}
	id, err := s.Draft(t.Context(), first, caseacts.Request{Kind: caseacts.OtherPerson, Numbers: caseno.Format(p.CaseID), Reason: "the passport says so"})
	must(t, err)
	if got := holds(); got != "- - -" {
		t.Errorf("a draft has held something: %s", got)
	}
	must(t, s.Confirm(t.Context(), first, id))
	if got := holds(); got != "identity_conflict identity_conflict -" {
		t.Errorf("after the first word: %s", got)
	}
	if got := s.one(t, `SELECT string_agg(state || ' ' || outstanding, ',' ORDER BY id) FROM cases WHERE id = $1`, p.CaseID); strings.HasPrefix(got, "cancelled") {
		t.Fatal("one person has ended the case")
	}
	if err := s.Decide(t.Context(), first, id, true, ""); !errors.Is(err, caseacts.ErrOwn) {
		t.Errorf("alone: %v", err)
	}
	must(t, s.Decide(t.Context(), second, id, true, ""))
	if got := s.act(t, id); got.State != caseacts.Done || got.Counts[0].Outcome != caseacts.OutcomeDone {
		t.Fatalf("%+v", got)
	}
	got := s.one(t, `SELECT c.state || ' ' || e.actor || ' ' || (e.data ->> 'reason') || ' ' || o.status || ' ' || r.below - e.seq
  FROM cases c JOIN events e ON e.case_id = c.id AND e.kind = 'cancelled' JOIN orders o ON o.case_id = c.id AND o.purpose = 'arrest' JOIN link_renewals r ON r.case_id = c.id WHERE c.id = $1`, p.CaseID)
	if got != "cancelled desk:aigul, desk:bolat other_person lift_requested 1" {
		t.Error(got)
	}
	if got := s.one(t, `SELECT state || ' ' || hold FROM cases WHERE id = $1`, q.CaseID); got != "opened identity_conflict" {
		t.Errorf("the other case: %s", got)
	}
	if got := s.one(t, `SELECT (SELECT count(*) FROM devices WHERE gone_at IS NULL) || ' ' || (SELECT count(*) FROM telegram_chats) || ' ' || (SELECT count(*) FROM telegram_codes) || ' ' || (SELECT count(*) FROM contact_acts)`); got != "0 0 0 2" {
		t.Errorf("what reaches him: %s", got)
	}
	if got := s.one(t, `SELECT count(*)::text FROM portal_sessions WHERE case_id = $1`, p.CaseID); got != "0" {
		t.Error("a visit goes on")
	}
	below := 0
	must(t, s.Pool.QueryRow(t.Context(), `SELECT below FROM link_renewals WHERE case_id = $1`, p.CaseID).Scan(&below))
	must(t, links.New(s.Pool, s.World.Store).Renew(t.Context(), p.CaseID, "desk:aigul", "wants to see that it is over", below)) // the very next event
	if got := s.one(t, `SELECT string_agg((below - e.seq)::text, ',') FROM link_renewals r JOIN events e ON e.case_id = r.case_id AND e.kind = 'link_renewed' WHERE r.case_id = $1`, p.CaseID); got != "0" {
		t.Errorf("the link of a renewal afterwards: %s", got)
	}
	if _, err := s.Draft(t.Context(), first, caseacts.Request{Kind: caseacts.OtherPerson, Numbers: strings.Join(manyNumbers(101), " "), Reason: "x"}); err == nil || !strings.Contains(err.Error(), caseacts.WrongMany) {
		t.Errorf("a hundred and one: %v", err)
	}
}

func manyNumbers(n int) (out []string) {
	for i := range n {
		out = append(out, caseno.Format(260001000+int64(i)))
	}
	return out
}

// A refusal leaves the hold: whoever lets the case go on has looked at it. What happens to the case meanwhile does not keep it from ending.
func TestOtherPerson_theHoldStays(t *testing.T) {
	t.Parallel()
	s := setup(t)
	ids, numbers := s.open(t, 2)
	id := s.ask(t, first, caseacts.Request{Kind: caseacts.OtherPerson, Numbers: numbers[0]})
	must(t, s.Decide(t.Context(), second, id, false, "it is him"))
	if got := s.one(t, `SELECT state || ' ' || hold FROM cases WHERE id = $1`, ids[0]); got != "opened identity_conflict" {
		t.Error(got)
	}
	id = s.ask(t, first, caseacts.Request{Kind: caseacts.OtherPerson, Numbers: numbers[1]})
	must(t, s.Pay(t.Context(), ids[1], 1000))
	must(t, s.Decide(t.Context(), second, id, true, ""))
	if got := s.one(t, `SELECT state || ' ' || paid FROM cases WHERE id = $1`, ids[1]); got != "cancelled 0" {
		t.Errorf("a payment came meanwhile: %s", got)
	}
}

// What somebody paid whom a case was not about goes back to him, also when it was all and the case has ended by it; and so does what was paid
// before the issuer cancelled its decision. The court's own word does not do that.
func TestPaidForNothing(t *testing.T) {
	t.Parallel()
	s := setup(t)
	ids, numbers := s.open(t, 2)
	for i, id := range ids {
		must(t, s.Notify(t.Context(), id))
		must(t, s.Pay(t.Context(), id, 100_000))
		if err := s.Do(t.Context(), id, engine.ActorCourt, engine.Cancel{Ground: "court", Act: "1"}); err == nil {
			t.Fatal("a court's word has given back what was paid")
		}
		kind := []caseacts.Kind{caseacts.OtherPerson, caseacts.Cancel}[i]
		c, err := engine.Load(t.Context(), s.Pool, []int64{id})
		must(t, err)
		if !slices.Contains(caseacts.Possible(&c[0]), kind) {
			t.Errorf("%s is not offered", kind)
		}
		act := s.ask(t, first, caseacts.Request{Kind: kind, Numbers: numbers[i]})
		must(t, s.Decide(t.Context(), second, act, true, ""))
		want := []string{"paid 0 other_person true", "paid 0 issuer_act false"}[i]
		got := s.one(t, `SELECT c.state || ' ' || c.paid || ' ' || (e.data ->> 'reason') || ' ' || (r.below IS NOT NULL)
  FROM cases c JOIN events e ON e.case_id = c.id AND e.kind = 'voided' LEFT JOIN link_renewals r ON r.case_id = c.id
 WHERE c.id = $1`, id)
		if got != want {
			t.Errorf("%s: %s, want %s", kind, got, want)
		}
		act = s.ask(t, first, caseacts.Request{Kind: kind, Numbers: numbers[i]})
		must(t, s.Decide(t.Context(), second, act, true, ""))
		if got := s.act(t, act); got.Counts[0].Outcome != engine.CodeEnded {
			t.Errorf("%s twice: %+v", kind, got.Counts)
		}
	}
	list, names := s.open(t, 2)
	must(t, s.Pay(t.Context(), list[0], 100_000))
	act := s.ask(t, first, caseacts.Request{Kind: caseacts.Cancel, Numbers: strings.Join(names, " ")})
	must(t, s.Decide(t.Context(), second, act, true, ""))
	if got := s.outcomes(t, act); !slices.Equal(got, []string{engine.CodeEnded, caseacts.OutcomeDone}) {
		t.Errorf("a list gives back what was paid: %v", got)
	}
	found, err := caseacts.Check(t.Context(), s.Pool)
	must(t, err)
	if len(found) > 0 {
		t.Errorf("%+v", found)
	}
}
