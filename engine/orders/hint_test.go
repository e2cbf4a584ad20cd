package orders_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
)

func (s *site) heed(t failer) int {
	t.Helper()
	n, err := s.sender.Heed(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// legOf is the id under which a bank has the newest order of a case.
func (s *site) legOf(t failer, id int64, p engine.Purpose, bank string) uuid.UUID {
	t.Helper()
	var order uuid.UUID
	if err := s.pool.QueryRow(t.Context(), `SELECT id FROM orders WHERE case_id = $1 AND purpose = $2 ORDER BY ordinal DESC LIMIT 1`, id, string(p)).Scan(&order); err != nil {
		t.Fatal(err)
	}
	return orders.LegID(order, bank)
}

// A hint has one order asked about at once, and nothing else: not another case of the same chunk, not at another bank, not again
// until the next hint. It is no answer.
func TestHeed(t *testing.T) {
	t.Parallel()
	s := setup(t)
	var ids []int64
	for range 3 {
		who, one := s.debtor(t, 1)
		s.banks["altyn"].open(who, "KZA"+who, orders.KindCurrent, 200_000_00)
		ids = append(ids, one...)
	}
	s.banks["altyn"].be(late)
	s.enforce(t, ids[0])
	if open := s.count(t, `SELECT count(*) FROM chunks WHERE done_at IS NULL AND kind = 'orders' AND cardinality(case_ids) = 3`); open != 1 {
		t.Fatalf("%d chunks of three wait", open)
	}
	tries := func(id int64) int64 {
		return s.count(t, `SELECT attempts FROM orders WHERE case_id = $1 AND purpose = 'arrest'`, id)
	}
	leg := s.legOf(t, ids[1], engine.Arrest, "altyn")
	hint := func(bank string, legs ...uuid.UUID) {
		t.Helper()
		if err := s.sender.Hinted(t.Context(), bank, legs); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.heed(t); n != 0 {
		t.Errorf("%d heeded without a hint", n)
	}
	hint("dala", leg)         // it is not theirs
	hint("altyn", uuid.New()) // nor is this ours
	if n := s.heed(t); n != 0 {
		t.Errorf("%d heeded", n)
	}
	for range 5 { // the bank is not ready: it may hint as often as it likes
		hint("altyn", leg, leg, uuid.New())
		hint("altyn", leg)
		if n := s.heed(t); n != 1 {
			t.Fatalf("%d heeded", n)
		}
		s.work(t)
		if o := s.order(t, ids[1], engine.Arrest); o.Status != engine.Unknown {
			t.Fatalf("a hint was believed: %+v", o)
		}
	}
	if a, b, c := tries(ids[0]), tries(ids[1]), tries(ids[2]); a != 1 || b != 6 || c != 1 {
		t.Errorf("asked %d, %d and %d times", a, b, c)
	}
	if open := s.count(t, `SELECT count(*) FROM chunks WHERE done_at IS NULL AND kind = 'orders'`); open != 2 {
		t.Errorf("%d chunks wait", open)
	}
	s.banks["altyn"].be(well)
	hint("altyn", leg)
	s.heed(t)
	s.work(t)
	if a, b := s.order(t, ids[0], engine.Arrest), s.order(t, ids[1], engine.Arrest); a.Status != engine.Unknown || b.Status != engine.Active {
		t.Errorf("%+v, %+v", a, b)
	}
	// What gives back is hinted at by its own order.
	s.banks["altyn"].be(late)
	s.apply(t, ids[1], engine.Cancel{Ground: "court", Act: "1"})
	s.work(t)
	s.banks["altyn"].be(well)
	hint("altyn", s.legOf(t, ids[1], engine.Lift, "altyn"))
	s.heed(t)
	s.work(t)
	if c := s.load(t, ids[1]); c.ReleasedAt.IsZero() {
		t.Errorf("not released: %+v", c)
	}
	s.clock.Advance(time.Hour)
	s.work(t)
	for _, id := range ids {
		if n := s.count(t, `SELECT count(*) FROM orders WHERE case_id = $1 AND status IN ('requested', 'unknown')`, id); n != 0 {
			t.Errorf("%d orders are open: %+v", n, s.load(t, id).Orders)
		}
	}
	s.exec(t, `UPDATE bank_hints SET at = now() - interval '2 minutes'`)
	s.heed(t)
	if n := s.count(t, `SELECT count(*) FROM bank_hints`); n != 0 {
		t.Errorf("%d hints that met nothing are kept for ever", n)
	}
	s.sound(t)
}

func TestHinted_isBounded(t *testing.T) {
	t.Parallel()
	s := setup(t)
	var err error
	n := 0
	for ; n < 50 && err == nil; n++ {
		legs := make([]uuid.UUID, 500)
		for i := range legs {
			legs[i] = uuid.New()
		}
		err = s.sender.Hinted(t.Context(), "altyn", legs)
	}
	if !errors.Is(err, orders.ErrManyHints) || n != 21 {
		t.Errorf("%d messages, %v", n, err)
	}
	if err := s.sender.Hinted(t.Context(), "dala", []uuid.UUID{uuid.New()}); err != nil {
		t.Errorf("one bank stands in the way of another: %v", err)
	}
}
