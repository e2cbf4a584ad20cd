package caseacts_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/app/caseacts"
)

// acted is a country in which each kind of act was done, by one and by two, and two more wait or were refused.
func acted(t *testing.T) stage {
	t.Helper()
	s := setup(t)
	ids, numbers := s.open(t, 3)
	must(t, s.Notify(t.Context(), ids[1]))
	must(t, s.Arrest(t.Context(), ids[1]))
	for _, r := range []caseacts.Request{
		{Kind: caseacts.Hold, Numbers: strings.Join(numbers, " ")},
		{Kind: caseacts.Resume, Numbers: strings.Join(numbers, " ")},
		{Kind: caseacts.Hold, Numbers: numbers[0]},
		{Kind: caseacts.Resume, Numbers: numbers[0]},
		{Kind: caseacts.Suspend, Numbers: numbers[0], Until: "2026-04-20"},
		{Kind: caseacts.Resume, Numbers: numbers[0]},
		{Kind: caseacts.Notify, Numbers: numbers[0]},
		{Kind: caseacts.Correct, Numbers: numbers[1], Debt: "155,50"},
		{Kind: caseacts.Lift, Numbers: numbers[1] + " " + numbers[2]},
		{Kind: caseacts.Cancel, Numbers: numbers[1] + " " + numbers[2]},
	} {
		id := s.ask(t, first, r)
		if s.act(t, id).Two {
			must(t, s.Decide(t.Context(), second, id, true, ""))
		}
		if a := s.act(t, id); a.State != caseacts.Done {
			t.Fatalf("%s is %s", r.Kind, a.State)
		}
	}
	refused := s.ask(t, first, caseacts.Request{Kind: caseacts.Cancel, Numbers: numbers[0]})
	must(t, s.Decide(t.Context(), second, refused, false, "not this one"))
	s.ask(t, first, caseacts.Request{Kind: caseacts.Cancel, Numbers: numbers[0]})
	_, err := s.Draft(t.Context(), first, caseacts.Request{Kind: caseacts.Hold, Numbers: numbers[0], Reason: "x"})
	must(t, err)
	return s
}

func broken(t *testing.T, q interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
},
) []caseacts.Violation {
	t.Helper()
	found, err := caseacts.Check(t.Context(), q)
	must(t, err)
	return found
}

// What holds is not complained of, and each promise that is broken is found, also where the database had to be broken first.
func TestCheck_findsWhatWentWrong(t *testing.T) {
	t.Parallel()
	s := acted(t)
	if found := broken(t, s.Pool); len(found) != 0 {
		t.Fatalf("nothing is wrong: %+v", found)
	}
	const (
		act  = `(SELECT max(id) FROM case_acts WHERE kind = 'cancel' AND state = 'done')`
		many = `(SELECT min(id) FROM case_acts WHERE kind = 'resume' AND cases = 3)`
	)
	free := []string{
		`ALTER TABLE case_acts DISABLE TRIGGER USER`, `ALTER TABLE case_act_items DISABLE TRIGGER USER`, `ALTER TABLE events DISABLE TRIGGER USER`,
		`DO $$ DECLARE c record; BEGIN FOR c IN SELECT conrelid::regclass AS t, conname FROM pg_constraint WHERE contype IN ('c', 'f', 'p') AND conrelid IN ('case_acts'::regclass, 'case_act_items'::regclass) ORDER BY contype = 'p' LOOP
		   EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I CASCADE', c.t, c.conname); END LOOP; END $$`,
	}
	for name, c := range map[string]struct{ sql, want string }{
		"one person said both words":   {`UPDATE case_acts SET decided_by = asked_by WHERE id = ` + act, "INV-C1"},
		"nobody agreed":                {`UPDATE case_acts SET decided_by = NULL, decided_at = NULL, verdict = NULL WHERE id = ` + act, "INV-C1"},
		"too late":                     {`UPDATE case_acts SET asked_at = asked_at - interval '24 hours' WHERE id = ` + act, "INV-C1"},
		"agreed to before it was said": {`UPDATE case_acts SET decided_at = asked_at - interval '1 second' WHERE id = ` + act, "INV-C1"},
		"done though it was refused":   {`UPDATE case_acts SET verdict = 'refused' WHERE id = ` + act, "INV-C1"},
		"an end by one":                {`UPDATE case_acts SET two = false, decided_by = NULL, decided_at = NULL, verdict = NULL WHERE id = ` + act, "INV-C1"},
		"many go on by one":            {`UPDATE case_acts SET two = false, decided_by = NULL, decided_at = NULL, verdict = NULL WHERE id = ` + many, "INV-C1"},
		"a case without a result":      {`UPDATE case_act_items SET outcome = '', done_at = NULL WHERE act_id = ` + act, "INV-C2"},
		"a case is gone":               {`DELETE FROM case_act_items WHERE case_id = (SELECT min(case_id) FROM case_act_items) AND act_id = ` + many, "INV-C2"},
		"all of a list is gone":        {`DELETE FROM case_act_items WHERE act_id = ` + act, "INV-C2"},
		"a case stands twice":          {`INSERT INTO case_act_items SELECT act_id, case_id, mark, 'ended', done_at FROM case_act_items WHERE act_id = ` + act + ` LIMIT 1`, "INV-C2"},
		"a case twice, another gone":   {`UPDATE case_act_items SET case_id = (SELECT min(case_id) FROM case_act_items WHERE act_id = ` + act + `) WHERE act_id = ` + act, "INV-C2"},
		"done before the last word":    {`UPDATE case_act_items SET outcome = 'ended', done_at = now() WHERE act_id IN (SELECT id FROM case_acts WHERE state = 'asked')`, "INV-C2"},
		"the act is gone":              {`DELETE FROM case_acts WHERE id = ` + act, "INV-C2"},
		"an event is gone":             {`DELETE FROM events WHERE kind = 'suspended'`, "INV-C3"},
		"of two events one is gone":    {`DELETE FROM events WHERE (case_id, seq) = (SELECT case_id, max(seq) FROM events WHERE kind = 'held' GROUP BY case_id HAVING count(*) > 1)`, "INV-C3"},
		"somebody else did it":         {`UPDATE events SET actor = 'robot' WHERE kind = 'adjusted'`, "INV-C3"},
		"another event":                {`UPDATE events SET kind = 'held' WHERE kind = 'lift_ordered' AND actor LIKE 'desk:%'`, "INV-C3"},
		"done, as the list says":       {`UPDATE case_act_items SET outcome = 'done' WHERE outcome NOT IN ('', 'done')`, "INV-C3"},
	} {
		tx, err := s.Pool.Begin(t.Context())
		must(t, err)
		for _, sql := range append(free, c.sql) {
			tag, err := tx.Exec(t.Context(), sql)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if sql == c.sql && tag.RowsAffected() == 0 {
				t.Fatalf("%s: nothing was broken", name)
			}
		}
		ids := map[string]bool{}
		for _, v := range broken(t, tx) {
			ids[v.ID] = true
		}
		if !ids[c.want] {
			t.Errorf("%s: found %s, want %s", name, fmt.Sprint(ids), c.want)
		}
		must(t, tx.Rollback(t.Context()))
	}
}
