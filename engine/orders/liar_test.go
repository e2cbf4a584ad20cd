package orders_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// liar is a bank that answers as it is told.
type liar struct {
	*bank

	submit func(in orders.Instruction) orders.Reply
	query  func(id uuid.UUID) (orders.Reply, bool)
}

func (l liar) Submit(ctx context.Context, batch []orders.Instruction) ([]orders.Reply, error) {
	if l.submit == nil {
		return l.bank.Submit(ctx, batch)
	}
	var out []orders.Reply
	for _, in := range batch {
		out = append(out, l.submit(in))
	}
	return out, nil
}

func (l liar) Query(ctx context.Context, ids []uuid.UUID) ([]orders.Reply, error) {
	if l.query == nil {
		return l.bank.Query(ctx, ids)
	}
	var out []orders.Reply
	for _, id := range ids {
		if r, ok := l.query(id); ok {
			out = append(out, r)
		}
	}
	return out, nil
}

// A lift that is refused a hundred times is lifted at the next; each refusal is told.
func TestSender_liftsUntilItIsDone(t *testing.T) {
	t.Parallel()
	s := setup(t)
	who, ids := s.debtor(t, 1)
	s.banks["altyn"].open(who, "KZA", orders.KindCurrent, 200_000_00)
	s.enforce(t, ids[0])
	s.apply(t, ids[0], engine.Pay{PaymentID: 1, Amount: tenge(50_000), ValueDate: calendar.DateOf(morning)})
	refused := 0
	seen := map[uuid.UUID]orders.Instruction{}
	s.sender.Banks["altyn"] = liar{bank: s.banks["altyn"], submit: func(in orders.Instruction) orders.Reply {
		seen[in.ID] = in
		if refused == 100 {
			out, err := s.banks["altyn"].Submit(t.Context(), []orders.Instruction{in})
			if err != nil {
				t.Fatal(err)
			}
			return out[0]
		}
		refused++
		return in.Reply(engine.Refused, money.Zero)
	}, query: func(id uuid.UUID) (orders.Reply, bool) { return seen[id].Reply(engine.Refused, money.Zero), true }}
	for s.work(t); refused < 100; s.work(t) {
		if c := s.load(t, ids[0]); !c.ReleasedAt.IsZero() || s.held(ids[0]) != 50_000_00 {
			t.Fatalf("released after %d refusals: %+v", refused, c)
		}
		if n := s.count(t, `SELECT count(*) FROM chunks WHERE done_at IS NULL AND kind = 'lift'`); n != 1 {
			t.Fatalf("%d chunks after %d refusals", n, refused)
		}
		s.clock.Advance(15 * time.Minute)
	}
	s.clock.Advance(15 * time.Minute)
	s.work(t)
	if c := s.load(t, ids[0]); c.ReleasedAt.IsZero() || s.held(ids[0]) != 0 || refused != 100 || len(seen) != 1 {
		t.Fatalf("%d refusals under %d ids, %+v", refused, len(seen), c)
	}
	if got := s.alarms.count("refuses to give back"); got != 100 {
		t.Errorf("%d alarms", got)
	}
	s.sound(t)
}

// A bank that only says that it has the order is asked for ever, and never sent the order again.
func TestSender_takenForEver(t *testing.T) {
	t.Parallel()
	s := setup(t)
	who, ids := s.debtor(t, 1)
	s.banks["altyn"].open(who, "KZA", orders.KindCurrent, 200_000_00)
	s.banks["altyn"].be(late)
	s.enforce(t, ids[0])
	for range 60 {
		s.clock.Advance(time.Hour)
		s.work(t)
	}
	if o := s.order(t, ids[0], engine.Arrest); o.Status != engine.Unknown || o.Held.IsPositive() {
		t.Fatalf("%+v", o)
	}
	for _, o := range s.banks["altyn"].orders {
		if o.sent != 1 {
			t.Errorf("%s was sent %d times", o.in.Purpose, o.sent)
		}
	}
	if got := s.count(t, `SELECT attempts FROM orders WHERE case_id = $1 AND purpose = 'arrest'`, ids[0]); got < 50 {
		t.Errorf("asked %d times", got)
	}
	s.exec(t, `UPDATE orders SET attempts = 32767 WHERE case_id = $1`, ids[0]) // as after years
	s.clock.Advance(2 * time.Hour)
	s.work(t)
	s.banks["altyn"].be(well)
	s.clock.Advance(2 * time.Hour)
	s.work(t)
	if o := s.order(t, ids[0], engine.Arrest); o.Status != engine.Active {
		t.Errorf("%+v", o)
	}
}

// An answer that speaks of another case, or in words that nobody knows, changes nothing but raises an alarm.
func TestSender_neverAFalseActive(t *testing.T) {
	t.Parallel()
	s := setup(t)
	who, ids := s.debtor(t, 1)
	s.banks["altyn"].open(who, "KZA", orders.KindCurrent, 200_000_00)
	var bend func(r *orders.Reply)
	s.sender.Banks["altyn"] = liar{bank: s.banks["altyn"], submit: func(in orders.Instruction) orders.Reply {
		r := in.Reply(engine.Accepted, in.Amount)
		bend(&r)
		return r
	}, query: func(id uuid.UUID) (orders.Reply, bool) {
		r := orders.Reply{ID: id, CaseID: ids[0], Known: true, Answer: engine.Accepted, Sum: tenge(50_000)}
		bend(&r)
		return r, true
	}}
	for i, b := range []func(r *orders.Reply){
		func(r *orders.Reply) { r.CaseID++ },
		func(r *orders.Reply) { r.CaseID = 0 },
		func(r *orders.Reply) { r.Answer = "<html>" },
		func(r *orders.Reply) { r.ID = uuid.New() },
	} {
		bend = b
		if i == 0 {
			s.enforce(t, ids[0])
		}
		s.clock.Advance(2 * time.Hour)
		s.work(t)
		if o := s.order(t, ids[0], engine.Arrest); o.Status != engine.Unknown || o.Held.IsPositive() {
			t.Fatalf("lie %d: %+v", i, o)
		}
	}
	if fit, asked := s.alarms.count("does not fit"), s.alarms.count("was not asked"); fit < 4 || asked < 1 {
		t.Errorf("alarms: %v", s.alarms.said)
	}
	bend = func(*orders.Reply) {}
	s.clock.Advance(2 * time.Hour)
	s.work(t)
	if o := s.order(t, ids[0], engine.Arrest); o.Status != engine.Active {
		t.Errorf("%+v", o)
	}
}
