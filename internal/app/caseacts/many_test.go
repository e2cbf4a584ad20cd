package caseacts_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/internal/app/caseacts"
)

// many opens cases and gives their numbers as somebody pastes them.
func (s stage) many(t *testing.T, n int) (numbers string) {
	t.Helper()
	_, list := s.open(t, n)
	return strings.Join(list, "\n")
}

// failing is an engine that stops answering after some parts, as a process that dies does.
type failing struct {
	*engine.Store
	left int
}

var errDied = errors.New("the process has died")

func (f *failing) ApplyTx(ctx context.Context, tx pgx.Tx, cmds []engine.For, opts ...engine.Option) (*engine.Plan, error) {
	pl, err := f.Store.ApplyTx(ctx, tx, cmds, opts...)
	if f.left--; f.left < 0 && err == nil {
		return nil, errDied // all was written, and nothing is committed
	}
	return pl, err
}

// A list is done in parts by whoever comes along, each case once, also when a process dies in the middle.
func TestMany_eachCaseOnce(t *testing.T) {
	t.Parallel()
	s := setup(t)
	const n = 250
	numbers := s.many(t, n)
	dying := caseacts.New(s.Pool, &failing{s.World.Store, 1})
	id, err := dying.Draft(t.Context(), first, caseacts.Request{Kind: caseacts.Hold, Numbers: numbers, Reason: "flood in the region"})
	must(t, err)
	must(t, dying.Confirm(t.Context(), first, id))
	a := s.act(t, id)
	if a.Two || a.State != caseacts.Running || a.Looked() != 100 {
		t.Fatalf("after the first part: %s, %d", a.State, a.Looked())
	}
	if _, err := dying.Work(t.Context()); !errors.Is(err, errDied) {
		t.Fatalf("%v", err)
	}
	if a := s.act(t, id); a.Looked() != 100 {
		t.Fatalf("a part that was not committed counts: %d", a.Looked())
	}
	var wait sync.WaitGroup
	for range 3 {
		wait.Go(func() {
			for range 4 {
				if _, err := s.Work(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	a = s.act(t, id)
	if a.State != caseacts.Done || len(a.Counts) != 1 || a.Counts[0] != (caseacts.Count{Outcome: "done", Cases: n}) {
		t.Fatalf("%s: %+v", a.State, a.Counts)
	}
	if got := s.one(t, `SELECT count(*) || ' ' || count(DISTINCT case_id) FROM events WHERE kind = 'held'`); got != fmt.Sprint(n, " ", n) {
		t.Errorf("events and cases: %s", got)
	}
	var seen int
	for after, more := int64(0), true; more; {
		var items []caseacts.Item
		items, more, err = s.Items(t.Context(), first, id, after)
		must(t, err)
		seen += len(items)
		after = items[len(items)-1].ID
	}
	if seen != n {
		t.Errorf("the pages have %d cases", seen)
	}
}

// What lets many cases go on takes two; a case that cannot be written is left, and the others are done.
func TestMany_oneBadCase(t *testing.T) {
	t.Parallel()
	s := setup(t)
	ids, list := s.open(t, 5)
	numbers := strings.Join(list, " ")
	s.ask(t, first, caseacts.Request{Kind: caseacts.Hold, Numbers: numbers})
	_, err := s.Pool.Exec(t.Context(), fmt.Sprintf(`CREATE FUNCTION bad() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.case_id = %d THEN RAISE EXCEPTION 'bad'; END IF; RETURN NEW; END $$;
		CREATE TRIGGER bad BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION bad()`, ids[2]))
	must(t, err)
	id := s.ask(t, first, caseacts.Request{Kind: caseacts.Resume, Numbers: numbers})
	if a := s.act(t, id); !a.Two || a.State != caseacts.Asked {
		t.Fatalf("%+v", a)
	}
	must(t, s.Decide(t.Context(), second, id, true, ""))
	for range 3 {
		_, err := s.Work(t.Context())
		must(t, err)
	}
	if got := fmt.Sprint(s.outcomes(t, id)); got != "[done done failed done done]" || s.act(t, id).State != caseacts.Done {
		t.Errorf("%s, %s", got, s.act(t, id).State)
	}
	if got := s.one(t, `SELECT string_agg(hold, ',' ORDER BY id) FROM cases`); got != ",,by_hand,," {
		t.Errorf("holds: %s", got)
	}
}

// Each kind does to a real case what it says, and is refused in words where it makes no sense.
func TestKinds_onRealCases(t *testing.T) {
	t.Parallel()
	s := setup(t)
	ids, numbers := s.open(t, 2)
	must(t, s.Notify(t.Context(), ids[1]))
	must(t, s.Arrest(t.Context(), ids[1]))
	both := strings.Join(numbers, " ")
	agreed := func(r caseacts.Request) string {
		t.Helper()
		id := s.ask(t, first, r)
		if s.act(t, id).Two {
			must(t, s.Decide(t.Context(), second, id, true, ""))
		}
		return fmt.Sprint(s.outcomes(t, id))
	}
	for _, c := range []struct {
		r    caseacts.Request
		want string
	}{
		{caseacts.Request{Kind: caseacts.Notify, Numbers: both}, "[done proven]"},
		{caseacts.Request{Kind: caseacts.Suspend, Numbers: both, Until: "2026-04-20"}, "[done done]"},
		{caseacts.Request{Kind: caseacts.Notify, Numbers: both}, "[waits proven]"},
		{caseacts.Request{Kind: caseacts.Resume, Numbers: both}, "[done done]"},
		{caseacts.Request{Kind: caseacts.Notify, Numbers: numbers[0]}, "[recent]"},
		{caseacts.Request{Kind: caseacts.Correct, Numbers: numbers[1], Debt: "30000"}, "[raises]"},
		{caseacts.Request{Kind: caseacts.Correct, Numbers: numbers[1], Debt: "155,50"}, "[done]"},
		{caseacts.Request{Kind: caseacts.Lift, Numbers: both}, "[nothing done]"},
		{caseacts.Request{Kind: caseacts.Cancel, Numbers: both}, "[done done]"},
		{caseacts.Request{Kind: caseacts.Hold, Numbers: both}, "[ended ended]"},
	} {
		if got := agreed(c.r); got != c.want {
			t.Errorf("%s: %s, want %s", c.r.Kind, got, c.want)
		}
	}
	if n := s.one(t, `SELECT count(*)::text FROM events WHERE kind = 'notified_again'`); n != "1" {
		t.Errorf("the notice was sent again %s times", n)
	}
	broken, err := engine.Check(t.Context(), s.Pool)
	must(t, err)
	for _, v := range broken {
		t.Errorf("%+v", v)
	}
}
