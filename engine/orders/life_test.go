package orders_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/engine/stop"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// The whole life of cases under random events, with banks that lose answers, answer late, refuse and mix up cases: what all banks
// hold for a case is never more than was outstanding when its arrest was ordered, nor than is outstanding once all is answered;
// nothing is ordered twice; the law's minimum stays; and when the bad times are over, no arrest outlives its case.
func TestSender_anyOrderOfEvents(t *testing.T) {
	s := setup(t)
	rapid.Check(t, func(t *rapid.T) {
		s.exec(t, `DELETE FROM due`)
		s.exec(t, `UPDATE chunks SET done_at = now() WHERE done_at IS NULL`)
		s.exec(t, `UPDATE robot SET high_water = '2000-01-01'`)
		s.exec(t, `BEGIN; SET LOCAL session_replication_role = replica; DELETE FROM stop_acts; DELETE FROM stops; COMMIT`)
		s.fresh()
		thrown := map[stop.Scope]int64{}
		who, ids := s.debtor(t, rapid.IntRange(1, 2).Draw(t, "cases"))
		for i := range rapid.IntRange(0, 5).Draw(t, "accounts") {
			kind := rapid.SampledFrom([]string{orders.KindCurrent, orders.KindCurrent, orders.KindCurrent, "alimony"}).Draw(t, "kind")
			s.banks[rapid.SampledFrom(names).Draw(t, "bank")].open(who, fmt.Sprintf("KZ%d", i), kind, rapid.Int64Range(0, 90_000_00).Draw(t, "balance"))
		}
		s.clock.Set(s.load(t, ids[0]).VoluntaryEndsOn.End())
		payment := int64(0)
		for range rapid.IntRange(1, 25).Draw(t, "events") {
			id := rapid.SampledFrom(ids).Draw(t, "case")
			switch rapid.SampledFrom([]string{"work", "work", "work", "wait", "wait", "days", "mood", "mood", "pay", "rest", "hold", "resume", "switch", "cancel", "refuse"}).Draw(t, "event") {
			case "work":
				s.work(t)
			case "wait":
				s.clock.Advance(time.Duration(rapid.IntRange(1, 90).Draw(t, "minutes")) * time.Minute)
				s.work(t)
			case "days":
				s.clock.Advance(time.Duration(rapid.IntRange(1, 8).Draw(t, "days")) * 24 * time.Hour)
				s.work(t)
			case "mood":
				s.banks[rapid.SampledFrom(names).Draw(t, "bank")].be(rapid.SampledFrom(moods).Draw(t, "mood"))
			case "pay":
				payment++
				s.apply(t, id, engine.Pay{PaymentID: payment, Amount: money.FromTiyn(rapid.Int64Range(1, 30_000_00).Draw(t, "sum")), ValueDate: calendar.DateOf(morning)})
			case "rest":
				payment++
				if left := s.load(t, id).Outstanding; left.IsPositive() {
					s.apply(t, id, engine.Pay{PaymentID: payment, Amount: left, ValueDate: calendar.DateOf(morning)})
				}
			case "hold":
				s.apply(t, id, engine.SetHold{Reason: "test"})
			case "resume":
				s.apply(t, id, engine.Resume{Reason: "test"})
			case "switch":
				s.toggle(t, thrown, rapid.SampledFrom([]stop.Scope{stop.Everything, "bank:" + stop.Scope(names[0])}).Draw(t, "scope"))
			case "cancel":
				s.apply(t, id, engine.Cancel{Ground: "court", Act: "1"})
			case "refuse":
				s.apply(t, id, engine.RequestRefusal{})
			}
			s.within(t, ids)
		}
		for _, b := range s.banks {
			b.be(well)
		}
		for _, id := range ids {
			s.apply(t, id, engine.Cancel{Ground: "court", Act: "2"})
		}
		for range 12 {
			s.clock.Advance(2 * time.Hour)
			s.work(t)
			s.within(t, ids)
		}
		for _, id := range ids {
			c := s.load(t, id)
			if !c.State.Final() || s.held(id) != 0 && c.State != engine.HandedOver {
				t.Fatalf("%d is held: %+v", s.held(id), c)
			}
			if c.State != engine.HandedOver && c.ReleasedAt.IsZero() {
				t.Fatalf("not released: %+v", c)
			}
			if n := s.count(t, `SELECT count(*) FROM orders WHERE case_id = $1 AND status IN ('requested', 'unknown')`, id); n > 0 {
				t.Fatalf("%d orders are open: %+v", n, c)
			}
		}
		s.sound(t)
	})
}

// toggle stops a scope, or lets it go on, which takes two people.
func (s *site) toggle(t failer, thrown map[stop.Scope]int64, scope stop.Scope) {
	t.Helper()
	now, _ := s.clock.Now(t.Context())
	store := stop.NewStore(s.pool)
	id, stopped := thrown[scope]
	if !stopped {
		var err error
		if thrown[scope], err = store.Throw(t.Context(), scope, "aigul", "a drill", now); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, who := range []string{"aigul", "bolat"} {
		if _, err := store.Release(t.Context(), id, who, "over", now); err != nil {
			t.Fatal(err)
		}
	}
	delete(thrown, scope)
}

// within checks what must hold at every instant.
func (s *site) within(t failer, ids []int64) {
	t.Helper()
	for _, id := range ids {
		held := s.held(id)
		ordered := s.count(t, `SELECT coalesce((SELECT amount FROM orders WHERE case_id = $1 AND purpose = 'arrest' ORDER BY ordinal DESC LIMIT 1), 0)`, id)
		open := s.count(t, `SELECT count(*) FROM orders WHERE case_id = $1 AND status IN ('requested', 'unknown')`, id)
		c := s.load(t, id)
		if held > ordered || held > c.Outstanding.Tiyn() && open == 0 && c.State != engine.HandedOver {
			t.Fatalf("%d is held, %d was ordered, %s is outstanding, %d orders are open", held, ordered, c.Outstanding, open)
		}
	}
	for _, b := range s.banks {
		if len(b.wrong) > 0 {
			t.Fatalf("%s: %v", b.name, b.wrong)
		}
	}
}
