package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"robotbailiff/engine"
	"robotbailiff/engine/stop"
)

// throw stops a scope and gives the way to release it.
func (b bundle) throw(t *testing.T, scope stop.Scope) (release func()) {
	t.Helper()
	s := stop.NewStore(b.pool)
	now, _ := b.clock.Now(t.Context())
	id, err := s.Throw(t.Context(), scope, "Aigul", "a drill", now)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		now, _ := b.clock.Now(t.Context())
		for _, who := range []string{"Aigul", "Bolat"} {
			if _, err := s.Release(t.Context(), id, who, "over", now); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A pause costs no case a write when the switch is thrown or released. Each meets it when it is due, before anything is done to it;
// the stored row stays the fold of the events, the due list stays right, and the decisions can be made again.
func TestPause_isMetWhenACaseIsDue(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ids := b.openMany(t, 3)
	now, _ := b.clock.Now(t.Context())
	b.apply(t, each(ids, "notice", engine.NoticeDelivered{Ordinal: 1, Opening: true, Channel: "sms", At: now})...)
	events := b.count(t, `SELECT count(*) FROM events`)
	release := b.throw(t, "region:75")
	b.clock.Advance(10 * 24 * time.Hour)
	release()
	if n := b.count(t, `SELECT count(*) FROM events`); n != events {
		t.Errorf("%d events were written by the switch", n-events)
	}
	sweep := func() {
		t.Helper()
		for {
			n, err := b.store.Sweep(t.Context(), 100)
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				return
			}
		}
	}
	sweep()
	for _, id := range ids {
		c := b.load(t, id)
		if c.State != engine.Notified || c.TermEndsOn != date("2026-10-12") || c.VoluntaryEndsOn != date("2026-09-17") || c.SuspendedDays != 10 || c.PausedTo != date("2026-09-11") {
			t.Fatalf("%+v", c)
		}
		past, err := engine.Events(t.Context(), b.pool, id)
		if err != nil {
			t.Fatal(err)
		}
		fold := engine.Fold(id, past)
		fold.Head = c.Head
		if d := cmp.Diff(c, fold, cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })); d != "" {
			t.Errorf("row and fold: %s", d)
		}
		remade, err := b.store.Replay(t.Context(), id, func(context.Context, int64) (engine.Open, error) {
			return open(id, 20155).Command.(engine.Open), nil
		})
		for _, r := range remade {
			if !r.Same {
				t.Errorf("decision %d comes out otherwise: %s", r.Seq, r.Got)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	b.clock.Set(date("2026-09-17").End().Add(-time.Second))
	sweep()
	if n := b.count(t, `SELECT count(*) FROM orders`); n != 0 {
		t.Errorf("%d orders within the longer period", n)
	}
	b.clock.Set(date("2026-09-17").End())
	sweep()
	if n := b.count(t, `SELECT count(*) FROM orders WHERE purpose = 'arrest'`); n != 3 {
		t.Errorf("%d arrests after it", n)
	}
	if found, err := engine.Check(t.Context(), b.pool); err != nil || len(found) > 0 {
		t.Errorf("%+v, %v", found, err)
	}
}

// A stop of one source or region stops its own cases alone.
func TestStop_ofOneSourceOrRegion(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ids := b.openMany(t, 3)
	now, _ := b.clock.Now(t.Context())
	b.apply(t, each(ids, "notice", engine.NoticeDelivered{Ordinal: 1, Opening: true, Channel: "sms", At: now})...)
	for i, id := range ids {
		source := []string{"ERAP", "KGD", "ERAP"}[i]
		if _, err := b.pool.Exec(t.Context(), `WITH d AS (INSERT INTO debtors (iin_blind, iin_sealed, name) VALUES ($2::text::bytea, '', 'x') RETURNING id)
INSERT INTO writs (case_id, source, document_number, in_force_date, kind, debtor_id, amount, unpaid_confirmed_on, content_hash, batch_id, row_no)
SELECT $1::bigint, $2::text, $1::bigint::text, '2026-06-01', 'fine_prescription', id, 1, '2026-08-20', '', 1, 1 FROM d ON CONFLICT DO NOTHING`, id, source+string(rune('a'+i))); err != nil {
			t.Fatal(err)
		}
	}
	release := b.throw(t, "source:KGDb")
	b.throw(t, "region:71")
	b.clock.Set(b.load(t, ids[0]).VoluntaryEndsOn.End())
	if _, err := b.store.Sweep(t.Context(), 100); err != nil {
		t.Fatal(err)
	}
	for i, id := range ids {
		if got, want := b.load(t, id).State, []engine.State{engine.Enforcing, engine.Notified, engine.Enforcing}[i]; got != want {
			t.Errorf("case %d: %s, want %s", i, got, want)
		}
	}
	release()
	if o := b.apply(t, each(ids[1:2], "robot", engine.Tick{})...); o[0].Refusal != nil || b.load(t, ids[1]).PausedTo.IsZero() {
		t.Errorf("the case of the stopped source: %+v", o)
	}
}

// While opening is stopped nothing is opened, and an assignment of a bailiff waits.
func TestStop_opensNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	release := b.throw(t, "measure:open")
	if o := b.apply(t, open(firstID, 20155)); o[0].Refusal == nil || o[0].Refusal.Code != engine.CodeStopped {
		t.Errorf("%+v", o)
	}
	pl, err := b.store.Preview(t.Context(), []engine.For{open(firstID, 20155)})
	if err != nil || pl.Outcomes[0].Refusal != nil {
		t.Errorf("a preview opens nothing, and is not stopped: %+v, %v", pl, err)
	}
	release()
	if o := b.apply(t, open(firstID, 20155)); o[0].Refusal != nil {
		t.Errorf("after the release: %+v", o)
	}
}

// A case of before has no day of limitation in its row; it is read from its first event.
func TestLoad_limitationOfACaseOfBefore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.openMany(t, 1)[0]
	if got := b.load(t, id).LimitationOn; got != date("2027-06-01") {
		t.Fatalf("limitation %s", got)
	}
	if _, err := b.pool.Exec(t.Context(), `UPDATE cases SET limitation_on = NULL`); err != nil {
		t.Fatal(err)
	}
	if got := b.load(t, id).LimitationOn; got != date("2027-06-01") {
		t.Errorf("limitation %s", got)
	}
}
