package engine_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"robotbailiff/engine"
	"robotbailiff/engine/breaker"
)

// An objection is kept with its case: the stored rows stay the fold of the events, nothing is due while it stands, every decision can be
// made again, and clicks at once make one.
func TestObjection_isStored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ids := b.openMany(t, 2)
	now, _ := b.clock.Now(t.Context())
	b.apply(t, each(ids, "notice", engine.NoticeDelivered{Ordinal: 1, Opening: true, Channel: "sms", At: now})...)
	object := engine.For{CaseID: ids[0], Actor: engine.ActorDebtor, Command: engine.Object{Ground: engine.GroundPaid}}
	var wg sync.WaitGroup
	var mu sync.Mutex
	took := 0
	for range 8 {
		wg.Go(func() {
			out, err := b.store.Apply(context.WithoutCancel(t.Context()), []engine.For{object})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			} else if out[0].Refusal == nil {
				took++
			} else if out[0].Refusal.Code != engine.CodeAlready {
				t.Errorf("%+v", out[0].Refusal)
			}
		})
	}
	wg.Wait()
	if took != 1 {
		t.Fatalf("%d objections were made by clicks at once", took)
	}
	green := func() engine.Case {
		t.Helper()
		c := b.load(t, ids[0])
		past, err := engine.Events(t.Context(), b.pool, ids[0])
		if err != nil {
			t.Fatal(err)
		}
		fold := engine.Fold(ids[0], past)
		fold.Head = c.Head
		if d := cmp.Diff(c, fold, cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })); d != "" {
			t.Errorf("row and fold: %s", d)
		}
		if found, err := engine.Check(t.Context(), b.pool); err != nil || len(found) > 0 {
			t.Errorf("%+v, %v", found, err)
		}
		return c
	}
	c := green()
	if n := b.count(t, `SELECT count(*) FROM due WHERE case_id = $1`, ids[0]); n != 0 {
		t.Error("the robot looks at a case that waits for a person")
	}
	if n := b.count(t, `SELECT coalesce(sum(n), 0) FROM tallies WHERE what = 'objection'`); n != 1 {
		t.Errorf("%d counted for the breaker", n)
	}
	b.clock.Set(c.VoluntaryEndsOn.End().AddDate(0, 0, 40))
	for range 3 {
		if _, err := b.store.Sweep(t.Context(), 100); err != nil {
			t.Fatal(err)
		}
		b.clock.Advance(time.Hour)
	}
	if c := b.load(t, ids[0]); c.State != engine.Notified || b.load(t, ids[1]).State != engine.HandedOver {
		t.Errorf("%s while it stands, the other case %s", c.State, b.load(t, ids[1]).State)
	}
	do := func(cmd engine.Command) {
		t.Helper()
		if o := b.apply(t, engine.For{CaseID: ids[0], Actor: "desk:a", Command: cmd}); o[0].Refusal != nil {
			t.Fatalf("%s: %+v", cmd.Kind(), o[0].Refusal)
		}
	}
	do(engine.AnswerObjection{Seq: c.Objections[0].Seq, Reason: "no_payment"})
	c = green()
	now, _ = b.clock.Now(t.Context())
	do(engine.Told{Answer: c.Objections[0].Answer, Channel: "sms", At: now})
	if c = green(); c.Objected() || !c.TermEndsOn.After(date("2026-10-30")) || b.count(t, `SELECT count(*) FROM due WHERE case_id = $1`, ids[0]) != 1 {
		t.Errorf("it goes on: %+v", c)
	}
	remade, err := b.store.Replay(t.Context(), ids[0], func(context.Context, int64) (engine.Open, error) {
		return open(ids[0], 20155).Command.(engine.Open), nil
	})
	for _, r := range remade {
		if !r.Same {
			t.Errorf("decision %d (%s) comes out otherwise: %s", r.Seq, r.Command, r.Got)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		`UPDATE objections SET status = 'open', answer = 0, over_on = NULL`, `UPDATE objections SET due_on = due_on + 1`, `DELETE FROM objections`,
		`INSERT INTO objections (case_id, seq, ground, status, made_on, due_on, held) SELECT case_id, 90 + g, ground, 'open', made_on, due_on, false FROM objections, generate_series(1, 2) g`,
	} {
		if _, err := b.pool.Exec(t.Context(), sql); err == nil {
			t.Errorf("%s was possible", sql)
		}
	}
}

// What the debtors say beside each other opens the breaker, strangers and objections together.
func TestObjection_feedsTheBreaker(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ids := b.openMany(t, 2)
	b.apply(t, engine.For{CaseID: ids[0], Actor: engine.ActorStranger, Command: engine.SetHold{Reason: engine.HoldWrongPerson}})
	b.apply(t, engine.For{CaseID: ids[1], Actor: engine.ActorDebtor, Command: engine.Object{Ground: engine.GroundNotMe}})
	now, _ := b.clock.Now(t.Context())
	if _, err := b.pool.Exec(t.Context(), `INSERT INTO tallies (what, at, n) VALUES ('told', $1, 1000)`, now.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	readings, err := breaker.NewWatcher(b.pool, b.store.Pack, nil).Look(t.Context(), now)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range readings {
		if r.Name == breaker.Objections && (r.Count != 2 || r.Of != 1000 || r.Over) {
			t.Errorf("%+v", r)
		}
	}
}

// A broken promise is found by reading: an arrest ordered while an objection stood.
func TestCheck_findsCoercionAgainstAnObjection(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.openMany(t, 1)[0]
	now, _ := b.clock.Now(t.Context())
	b.apply(t, engine.For{CaseID: id, Actor: "notice", Command: engine.NoticeDelivered{Ordinal: 1, Opening: true, Channel: "sms", At: now}})
	b.clock.Set(b.load(t, id).VoluntaryEndsOn.End())
	b.apply(t, engine.For{CaseID: id, Actor: "robot", Command: engine.Tick{}})
	if _, err := b.pool.Exec(t.Context(), `INSERT INTO objections (case_id, seq, ground, status, made_on, due_on, held) VALUES ($1, 1, 'notice', 'open', '2026-09-01', '2026-09-08', false)`, id); err != nil {
		t.Fatal(err)
	}
	found, err := engine.Check(t.Context(), b.pool)
	n := 0
	for _, v := range found {
		if v.ID == "INV-O1" {
			n++
		}
	}
	if err != nil || n != 2 { // the arrest, and a count that is wrong
		t.Errorf("%+v, %v", found, err)
	}
}
