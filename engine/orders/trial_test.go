package orders_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"robotbailiff/engine"
	"robotbailiff/engine/trial"
	"robotbailiff/rules/calendar"
)

// newHouse is a site in which the first three arrests of everything new are confirmed, with so many debtors whose time to pay is over.
func newHouse(t *testing.T, n int) (s *site, people *trial.Store, ids []int64) {
	t.Helper()
	s = setupNew(t)
	s.sender.Trial = trial.NewGate(func(time.Time) (int, bool) { return 3, true })
	for range n {
		who, own := s.debtor(t, 1)
		s.rich(who)
		ids = append(ids, own...)
	}
	s.enforce(t, ids[0])
	return s, trial.NewStore(s.pool), ids
}

// later lets the time pass after which held orders are looked at again.
func (s *site) later(t failer) time.Time {
	t.Helper()
	s.clock.Advance(31 * time.Minute)
	s.work(t)
	now, _ := s.clock.Now(t.Context())
	return now
}

func (s *site) statuses(t failer, ids []int64) (out []engine.OrderStatus) {
	t.Helper()
	for _, id := range ids {
		out = append(out, s.order(t, id, engine.Arrest).Status)
	}
	return out
}

func (s *site) picked(t failer) int64 { return s.count(t, `SELECT count(*) FROM trial_arrests`) }

// The first arrests of what is new wait, three of them before people, the others behind them; what is confirmed leaves, what loses its
// ground is withdrawn and makes room, what is rejected is held; two people end the trial, and then everything leaves.
func TestTrial_life(t *testing.T) {
	t.Parallel()
	s, people, ids := newHouse(t, 5)
	ctx := t.Context()
	now := s.later(t)
	const requested, active, withdrawn = engine.Requested, engine.Active, engine.WithdrawnOrder
	wants := func(want ...engine.OrderStatus) {
		t.Helper()
		if got := s.statuses(t, ids); !slices.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
		s.sound(t)
	}
	wants(requested, requested, requested, requested, requested)
	open, err := trial.Open(ctx, s.pool, now)
	if err != nil || len(open) != 2 || open[0].Kind != trial.KindPack || open[1].Kind != trial.KindSource || open[1].Name != "T" || open[1].Waiting != 3 || open[1].Need != 3 {
		t.Fatalf("%+v, %v", open, err)
	}
	picks, err := trial.Waiting(ctx, s.pool, 10)
	if err != nil || len(picks) != 3 || picks[0].CaseID != ids[0] || len(picks[0].Trace) < 100 || !picks[0].Amount.Equal(tenge(50_000)) {
		t.Fatalf("%+v, %v", picks, err)
	}
	if s.picked(t) != 3 || s.held(ids[0]) != 0 {
		t.Error("something was sent, or too many are asked about")
	}

	must(t, people.Confirm(ctx, ids[0], 1, "Aigul", "seen", now))
	s.apply(t, ids[1], engine.Pay{PaymentID: 1, Amount: tenge(50_000), ValueDate: calendar.DateOf(now)})
	s.apply(t, ids[2], engine.SetHold{Reason: trial.HoldRejected})
	must(t, people.Reject(ctx, ids[2], 1, "Aigul", "another person", now))
	now = s.later(t)
	wants(active, withdrawn, withdrawn, requested, requested)
	if c := s.load(t, ids[1]); c.State != engine.Paid || c.ReleasedAt.IsZero() {
		t.Errorf("who paid while his arrest waited: %+v", c)
	}
	if s.picked(t) != 5 {
		t.Errorf("%d were asked about", s.picked(t))
	}
	refused := func(err error, code string) {
		t.Helper()
		if wrong, ok := errors.AsType[*trial.ActError](err); !ok || wrong.Code != code {
			t.Errorf("%v, want %s", err, code)
		}
	}
	refused(people.Confirm(ctx, ids[2], 1, "Bolat", "no", now), trial.CodeDecided)
	refused(people.Confirm(ctx, ids[1], 1, "Bolat", "too late", now), trial.CodeGone)
	refused(people.Confirm(ctx, ids[3], 1, "Bolat", " ", now), trial.CodeNoReason)
	refused(people.Confirm(ctx, ids[3], 1, "robot", "why not", now), trial.CodeNoActor)
	if err := people.Confirm(ctx, 1, 1, "Bolat", "who is that", now); !errors.Is(err, trial.ErrNone) {
		t.Error(err)
	}

	source, rules := open[1].ID, open[0].ID
	agree := func(id int64, who string, done bool) {
		t.Helper()
		if got, err := people.Agree(ctx, id, who, "all seen", now); err != nil || got != done {
			t.Fatalf("%s: %v, %v", who, got, err)
		}
	}
	agree(source, "Aigul", false)
	_, err = people.Agree(ctx, source, "aigul", "me again", now)
	refused(err, trial.CodeSamePerson)
	now = now.Add(25 * time.Hour)
	s.clock.Set(now)
	agree(source, "Bolat", false) // the first word was too old: this is a new one
	agree(source, "Aigul", true)
	now = s.later(t)
	wants(active, withdrawn, withdrawn, active, active)
	if open, err = trial.Open(ctx, s.pool, now); err != nil || len(open) != 1 || open[0].Confirmed != 3 || open[0].Rejected != 1 {
		t.Fatalf("%+v, %v", open, err)
	}
	who, more := s.debtor(t, 1)
	s.rich(who)
	ids = append(ids, more...)
	s.apply(t, more[0], engine.NoticeDelivered{Ordinal: 1, Opening: true, Channel: "sms", At: now})
	s.enforce(t, more[0])
	wants(active, withdrawn, withdrawn, active, active, requested) // the version of the rules is still on trial, though three are confirmed
	now, _ = s.clock.Now(ctx)
	agree(rules, "Aigul", false)
	agree(rules, "Bolat", true)
	s.apply(t, ids[2], engine.Resume{Reason: "it is he"})
	s.later(t)
	s.later(t)
	if c := s.load(t, ids[2]); c.LiveArrest() == nil || c.LiveArrest().Status != active || c.LiveArrest().Ordinal != 2 {
		t.Errorf("a case that goes on: %+v", c.Orders)
	}
	if st := s.order(t, more[0], engine.Arrest).Status; st == requested {
		t.Error("still held after the trial")
	}
	s.sound(t)
}

// Terms go on while people are waited for: at the end of the term the case is handed over, and the arrest that waited is never made.
func TestTrial_termsGoOn(t *testing.T) {
	t.Parallel()
	s, _, ids := newHouse(t, 1)
	s.clock.Set(s.load(t, ids[0]).TermEndsOn.End())
	s.work(t)
	s.later(t)
	c := s.load(t, ids[0])
	if c.State != engine.HandedOver || s.order(t, ids[0], engine.Arrest).Status != engine.WithdrawnOrder || s.held(ids[0]) != 0 {
		t.Errorf("%+v", c)
	}
	s.sound(t)
}

// What was sent though nobody had confirmed it is found, and so is a trial that ended too early.
func TestTrial_checkFinds(t *testing.T) {
	t.Parallel()
	s, people, ids := newHouse(t, 2)
	now, _ := s.clock.Now(t.Context())
	must(t, people.Confirm(t.Context(), ids[0], 1, "Aigul", "seen", now))
	s.later(t)
	s.sound(t)
	s.sender.Trial = nil
	s.later(t)
	violations := func() (out []int64) {
		t.Helper()
		found, err := engine.Check(t.Context(), s.pool)
		must(t, err)
		for _, v := range found {
			if v.ID == "INV-A7" {
				out = append(out, v.CaseID)
			}
		}
		return out
	}
	if got := violations(); !slices.Equal(got, ids[1:]) {
		t.Errorf("found %v, want %v", got, ids[1:])
	}
	s.exec(t, `ALTER TABLE trials DISABLE TRIGGER trials_passed`)
	s.exec(t, `UPDATE trials SET passed_at = opened_at WHERE kind = 'source'`)
	if got := violations(); !slices.Contains(got, 0) || !slices.Contains(got, ids[1]) {
		t.Errorf("found %v", got)
	}
}

// The database itself refuses what the domain would not do.
func TestTrial_theDatabaseHolds(t *testing.T) {
	t.Parallel()
	s, people, ids := newHouse(t, 3)
	now, _ := s.clock.Now(t.Context())
	must(t, people.Confirm(t.Context(), ids[0], 1, "Aigul", "seen", now))
	over := s.count(t, `SELECT id FROM trials WHERE kind = 'format'`) // those of before
	_, err := people.Agree(t.Context(), over, "Aigul", "all", now)
	if wrong, ok := errors.AsType[*trial.ActError](err); !ok || wrong.Code != trial.CodeDecided {
		t.Errorf("a trial that is over: %v", err)
	}
	if _, err := people.Agree(t.Context(), 999, "Aigul", "all", now); !errors.Is(err, trial.ErrNone) {
		t.Error(err)
	}
	id := s.count(t, `SELECT id FROM trials WHERE kind = 'source'`)
	_, err = people.Agree(t.Context(), id, "Aigul", "all", now)
	must(t, err)
	for _, sql := range []string{
		`UPDATE trials SET passed_at = now() WHERE kind = 'source'`,
		`UPDATE trials SET need = 1 WHERE kind = 'source'`,
		`DELETE FROM trials`,
		`DELETE FROM trial_arrests`,
		`UPDATE trial_arrests SET verdict = 'rejected' WHERE verdict = 'confirmed'`,
		`UPDATE trial_arrests SET verdict = 'confirmed' WHERE verdict = ''`,
		`UPDATE trial_arrests SET source = 'another' WHERE verdict = ''`,
		`INSERT INTO trials (kind, name, need, opened_at, passed_at) VALUES ('source', 'X', 5, now(), now())`,
		`INSERT INTO trial_acts (trial_id, act, actor, reason, at) SELECT trial_id, 'agreed', actor, reason, at FROM trial_acts`,
		`INSERT INTO trial_acts (trial_id, act, actor, reason, at) SELECT trial_id, 'agreed', 'bolat', reason, at + interval '24 hours' FROM trial_acts`,
		`UPDATE trial_acts SET reason = 'other'`,
	} {
		if _, err := s.pool.Exec(t.Context(), sql); err == nil {
			t.Errorf("taken: %s", sql)
		}
	}
	if open, err := trial.Open(t.Context(), s.pool, now); err != nil || len(open) != 2 {
		t.Errorf("%+v, %v", open, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
