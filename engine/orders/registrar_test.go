package orders_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/engine/restored"
	"robotbailiff/engine/stop"
	"robotbailiff/rules/calendar"
)

// Moods of the register beside those of banks.
const (
	forgetful mood = "forgetful" // the call brings nothing back; the order is done, and a query knows
)

type registered struct {
	in    orders.Entry
	reply orders.Reply
	late  bool
}

// publicBook is the register with its books.
type publicBook struct {
	mu       sync.Mutex
	mood     mood
	orders   map[uuid.UUID]*registered
	standing map[uuid.UUID]int64 // entries, with their cases
	executor map[uuid.UUID]string
	refuse   int // so many removals are refused first
	wrong    []string
}

func (p *publicBook) be(m mood) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mood = m
	for _, o := range p.orders {
		o.late = o.late && m == late
	}
}

func (p *publicBook) answer(o *registered) orders.Reply {
	r := o.reply
	if o.late {
		r.Answer, r.Detail = "", ""
	}
	if p.mood == mixedUp {
		r.CaseID++
	}
	return r
}

func (p *publicBook) Submit(_ context.Context, batch []orders.Entry) (out []orders.Reply, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mood == down {
		return nil, errLine
	}
	for _, in := range batch {
		o := p.orders[in.ID]
		switch {
		case o == nil:
			o = &registered{in: in, late: p.mood == late}
			p.orders[in.ID] = o
			o.reply = p.do(in)
		case o.in != in:
			p.wrong = append(p.wrong, fmt.Sprintf("%s came again with another content", in.Purpose))
		case o.reply.Answer == engine.Refused && in.Purpose != engine.Register:
			o.reply = p.do(in)
		}
		out = append(out, p.answer(o))
	}
	if p.mood == mute || p.mood == forgetful {
		return nil, errLine
	}
	return out, nil
}

func (p *publicBook) do(in orders.Entry) orders.Reply {
	switch in.Purpose {
	case engine.Register:
		for _, id := range p.standing {
			if id == in.CaseID {
				p.wrong = append(p.wrong, "a second entry of a case")
			}
		}
		if len(in.IIN) != 12 || in.Name == "" || in.Duty == "" || in.IssuedOn.IsZero() || in.Executor.Region == "" {
			p.wrong = append(p.wrong, fmt.Sprintf("an entry without its content: %+v", in))
		}
		p.standing[in.ID], p.executor[in.ID] = in.CaseID, in.Executor.Name
	case engine.Entrust:
		if _, stands := p.standing[in.Of]; !stands {
			return in.Reply(engine.Refused, "no_entry")
		}
		p.executor[in.Of] = in.Executor.Name
	case engine.Deregister:
		if p.refuse > 0 {
			p.refuse--
			return in.Reply(engine.Refused, "busy")
		}
		if _, stands := p.standing[in.Of]; !stands {
			return in.Reply(engine.AlreadyDone, "")
		}
		delete(p.standing, in.Of)
	}
	return in.Reply(engine.Accepted, "")
}

func (p *publicBook) Query(_ context.Context, ids []uuid.UUID) (out []orders.Reply, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mood == down || p.mood == mute {
		return nil, errLine
	}
	for _, id := range ids {
		if o := p.orders[id]; o != nil {
			out = append(out, p.answer(o))
		} else {
			out = append(out, orders.Reply{ID: id})
		}
	}
	return out, nil
}

func (p *publicBook) List(_ context.Context, after string, limit int) (out []orders.Listed, next string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mood == down || p.mood == mute {
		return nil, "", errLine
	}
	ids := slices.SortedFunc(maps.Keys(p.standing), func(a, b uuid.UUID) int { return strings.Compare(a.String(), b.String()) })
	for _, id := range ids {
		if id.String() > after {
			out = append(out, orders.Listed{ID: id, CaseID: p.standing[id], Since: morning})
		}
	}
	if len(out) > limit {
		out = out[:limit]
		next = out[limit-1].ID.String()
	}
	return out, next, nil
}

// public is a site with a register.
type public struct {
	*site

	register  *publicBook
	registrar *orders.Registrar
}

func setupPublic(t *testing.T) *public {
	t.Helper()
	s := setup(t)
	s.store = engine.NewStore(engine.Config{Pool: s.pool, Clock: s.clock, Packs: s.store.Packs(), Register: true})
	s.sender.Store = s.store
	b := &publicBook{mood: well, orders: map[uuid.UUID]*registered{}, standing: map[uuid.UUID]int64{}, executor: map[uuid.UUID]string{}}
	return &public{s, b, &orders.Registrar{Store: s.store, Register: b, Keys: s.sender.Keys, Log: slog.New(s.alarms)}}
}

// publish works what is due, of banks and of the register.
func (p *public) publish(t failer) {
	t.Helper()
	p.work(t)
	now, _ := p.clock.Now(t.Context())
	for range 5 {
		rows, err := p.pool.Query(t.Context(), `SELECT id FROM chunks WHERE done_at IS NULL AND kind IN ('register', 'deregister') AND not_before <= $1 ORDER BY kind, id`, now)
		if err != nil {
			t.Fatal(err)
		}
		var due []int64
		for rows.Next() {
			var id int64
			if err := rows.Scan(&id); err != nil {
				t.Fatal(err)
			}
			due = append(due, id)
		}
		for _, id := range due {
			if err := p.registrar.Run(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		if len(due) == 0 {
			return
		}
	}
}

// poor gives a case to a person without money at any bank, and brings it to its entry.
func (p *public) poor(t failer) int64 {
	t.Helper()
	id := p.told(t)
	p.enforce(t, id)
	p.publish(t)
	return id
}

// told gives a case to a person who is told of it now.
func (p *public) told(t failer) int64 {
	t.Helper()
	_, ids := p.debtor(t, 1)
	now, _ := p.clock.Now(t.Context())
	p.apply(t, ids[0], engine.NoticeDelivered{Ordinal: 1, Opening: true, Channel: "sms", At: now})
	return ids[0]
}

func (p *public) standing(id int64) int {
	p.register.mu.Lock()
	defer p.register.mu.Unlock()
	n := 0
	for _, c := range p.register.standing {
		if c == id {
			n++
		}
	}
	return n
}

func (p *public) status(t failer, id int64, purpose engine.Purpose) engine.OrderStatus {
	t.Helper()
	return p.order(t, id, purpose).Status
}

func (p *public) soundPublic(t failer) {
	t.Helper()
	p.sound(t)
	if len(p.register.wrong) > 0 {
		t.Fatal(p.register.wrong)
	}
}

var fullPay = engine.Pay{PaymentID: 1, Amount: tenge(50_000), ValueDate: calendar.DateOf(morning)}

// A person without money is entered once, with all that the law asks for and no sum, and taken out when the debt is paid.
func TestRegistrar_entryAndRemoval(t *testing.T) {
	t.Parallel()
	p := setupPublic(t)
	who, rich := p.debtor(t, 1)
	p.rich(who)
	p.enforce(t, rich[0])
	id := p.poor(t)
	if p.standing(id) != 1 || p.status(t, id, engine.Register) != engine.Active {
		t.Fatalf("%d entries, %s", p.standing(id), p.status(t, id, engine.Register))
	}
	if c := p.load(t, rich[0]); p.standing(rich[0]) != 0 || c.LiveEntry() != nil {
		t.Fatal("a person whose whole debt is held was entered")
	}
	p.apply(t, id, fullPay)
	if c := p.load(t, id); !c.ReleasedAt.IsZero() {
		t.Fatal("released with an entry")
	}
	p.publish(t)
	if c := p.load(t, id); p.standing(id) != 0 || c.ReleasedAt.IsZero() || p.status(t, id, engine.Register) != engine.Lifted {
		t.Fatalf("%d entries, %+v", p.standing(id), c)
	}
	if n := p.count(t, `SELECT count(*) FROM orders WHERE case_id = $1 AND bank = 'register'`, id); n != 2 {
		t.Errorf("%d orders name the register", n)
	}
	p.soundPublic(t)
}

// Whatever the register does or does not say, an order goes under one id and is never believed to be done before it is.
func TestRegistrar_silentAndConfused(t *testing.T) {
	t.Parallel()
	for _, m := range []mood{down, mute, forgetful, late, mixedUp} {
		t.Run(string(m), func(t *testing.T) {
			t.Parallel()
			p := setupPublic(t)
			p.register.be(m)
			id := p.poor(t)
			for range 8 { // 202 for ever
				p.clock.Advance(time.Hour)
				p.publish(t)
			}
			if s := p.status(t, id, engine.Register); m != forgetful && s != engine.Unknown || m == forgetful && s != engine.Active {
				t.Fatalf("the entry is %s", s)
			}
			if m == mixedUp && p.alarms.count("does not fit") == 0 {
				t.Error("nobody was told of an answer for another case")
			}
			p.apply(t, id, fullPay) // it ends before the register has answered
			if c := p.load(t, id); c.State != engine.Paid || m != forgetful && !c.ReleasedAt.IsZero() {
				t.Fatalf("%+v", c)
			}
			p.register.be(well)
			for range 3 {
				p.clock.Advance(time.Hour)
				p.publish(t)
			}
			if c := p.load(t, id); p.standing(id) != 0 || c.ReleasedAt.IsZero() {
				t.Fatalf("%d entries, %+v", p.standing(id), c.Orders)
			}
			if n := len(p.register.orders); n > 2 {
				t.Errorf("%d orders reached the register", n)
			}
			p.soundPublic(t)
		})
	}
}

// A removal that is refused a hundred times is done at the hundred and first; meanwhile somebody is told at a quarter of an hour and at
// an hour, and the case is not released.
func TestRegistrar_aRemovalIsAskedForUntilItIsDone(t *testing.T) {
	t.Parallel()
	p := setupPublic(t)
	id := p.poor(t)
	p.register.refuse = 100
	p.apply(t, id, fullPay)
	comparer := &orders.Comparer{Sender: p.sender}
	rounds := 0
	for ; rounds < 400 && p.standing(id) > 0; rounds++ {
		p.publish(t)
		if err := comparer.Escalate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if p.standing(id) > 0 && !p.load(t, id).ReleasedAt.IsZero() {
			t.Fatal("released with the entry standing")
		}
		p.clock.Advance(15 * time.Minute)
	}
	if c := p.load(t, id); p.standing(id) != 0 || c.ReleasedAt.IsZero() {
		t.Fatalf("after %d rounds: %d entries", rounds, p.standing(id))
	}
	if n := p.count(t, `SELECT count(*) FROM late_lifts WHERE case_id = $1 AND purpose = 'deregister'`, id); n != 2 {
		t.Errorf("told %d times that it is late", n)
	}
	if p.alarms.count("refuses to take out") < 90 {
		t.Errorf("told %d times that it was refused", p.alarms.count("refuses to take out"))
	}
	p.soundPublic(t)
}

// An entry that was asked for and not sent is withdrawn when the gate is shut before it leaves, and asked for anew when it is open.
func TestRegistrar_theSecondLook(t *testing.T) {
	t.Parallel()
	p := setupPublic(t)
	_, ids := p.debtor(t, 1)
	p.enforce(t, ids[0]) // the entry is asked for, and its chunk waits
	p.exec(t, `INSERT INTO stops (scope, actor, reason, at) VALUES ('measure:register', 'aigerim', 'look', $1)`, morning)
	p.publish(t)
	if s := p.status(t, ids[0], engine.Register); s != engine.WithdrawnOrder || len(p.register.orders) != 0 {
		t.Fatalf("the entry is %s, the register got %d orders", s, len(p.register.orders))
	}
	p.exec(t, `INSERT INTO stop_acts (stop_id, act, actor, reason, at) VALUES (1, 'proposed', 'aigerim', 'ok', $1)`, morning)
	p.exec(t, `INSERT INTO stop_acts (stop_id, act, actor, reason, at) VALUES (1, 'released', 'dauren', 'ok', $1)`, morning)
	p.clock.Advance(time.Hour)
	p.publish(t)
	if p.standing(ids[0]) != 1 {
		t.Fatal("not entered when the measure was free again")
	}
	p.soundPublic(t)
	if _, err := stop.ParseScope("measure:register"); err != nil {
		t.Error(err)
	}
}

// After a hand-over the entry stays and names who executes; money that takes the case back takes the entry out.
func TestRegistrar_theEntryStaysWithTheBailiff(t *testing.T) {
	t.Parallel()
	p := setupPublic(t)
	id := p.poor(t)
	p.exec(t, `INSERT INTO bailiffs (region, name, licence) VALUES ('75', 'Б. Бекова', 'L-1')`)
	ends := p.load(t, id).TermEndsOn
	p.clock.Set(ends.End())
	p.publish(t)
	p.apply(t, id, engine.Assign{BailiffID: 1, Load: 1, Among: 1})
	p.exec(t, `INSERT INTO handovers (case_id, bailiff_id, reason, assigned_at) VALUES ($1, 1, '{}', $2)`, id, morning)
	p.publish(t)
	entry := engine.OrderID(id, engine.Register, 1)
	if p.standing(id) != 1 || p.register.executor[entry] != "Б. Бекова" || p.status(t, id, engine.Register) != engine.HandedOverArrest {
		t.Fatalf("%d entries, by %q", p.standing(id), p.register.executor[entry])
	}
	if p.load(t, id).ReleasedAt.IsZero() {
		t.Error("not released though the register knows who executes")
	}
	pay := fullPay
	pay.ValueDate = ends
	p.apply(t, id, pay)
	p.publish(t)
	if p.standing(id) != 0 {
		t.Error("the entry outlived the hand-over")
	}
	p.soundPublic(t)
}

func (p *public) compare(t *testing.T) {
	t.Helper()
	now, _ := p.clock.Now(t.Context())
	if _, err := p.registrar.Compare(t.Context(), orders.DutyDaily, calendar.DateOf(now)); err != nil {
		t.Fatal(err)
	}
}

// What the register has without ground is taken out and told; what it lacks is told; what agrees is left alone.
func TestRegistrar_compare(t *testing.T) {
	t.Parallel()
	p := setupPublic(t)
	fine, lost, over := p.poor(t), p.poor(t), p.poor(t)
	p.apply(t, over, fullPay)
	p.publish(t)
	stray, nobodys := engine.OrderID(over, engine.Register, 1), uuid.New()
	p.register.standing[stray], p.register.standing[nobodys] = over, 991234567
	delete(p.register.standing, engine.OrderID(lost, engine.Register, 1))
	p.clock.Advance(time.Hour)
	p.compare(t)
	kinds := p.count(t, `SELECT count(*) FROM register_findings WHERE kind = 'orphan'`)*10 + p.count(t, `SELECT count(*) FROM register_findings WHERE kind = 'missing'`)
	if kinds != 21 || p.alarms.count("the register's list differs") != 3 {
		t.Fatalf("%d, %d alarms", kinds, p.alarms.count("the register's list differs"))
	}
	p.register.be(mute)
	for range 3 {
		if owed, err := p.registrar.Owed(t.Context()); err != nil || !owed {
			t.Fatalf("owed %t, %v", owed, err)
		}
		if err := p.registrar.Correct(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.clock.Advance(15 * time.Minute)
	}
	p.register.be(well)
	if err := p.registrar.Correct(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p.standing(over) != 0 || p.standing(991234567) != 0 || p.standing(fine) != 1 {
		t.Fatalf("standing: %v", p.register.standing)
	}
	if n := p.count(t, `SELECT count(*) FROM register_findings WHERE resolution = 'removed'`); n != 2 {
		t.Errorf("%d removed", n)
	}
	if n := p.count(t, `SELECT count(*) FROM restores`); n != 0 {
		t.Error("taken for an older copy")
	}
	p.clock.Advance(24 * time.Hour)
	p.register.standing[engine.OrderID(lost, engine.Register, 1)] = lost // it was only slow
	p.compare(t)
	if n := p.count(t, `SELECT count(*) FROM register_findings WHERE resolved_at IS NULL`); n != 0 {
		t.Errorf("%d findings stand", n)
	}
	p.soundPublic(t)
}

// An older copy of the database: entries of the lost past are adopted by their ids, or taken out where this copy has no ground for them,
// and a case whose next id the register knows already waits for a person.
func TestRegistrar_adoptsAfterARestore(t *testing.T) {
	t.Parallel()
	p := setupPublic(t)
	mine := p.poor(t)
	told, known := p.told(t), p.told(t) // still in their voluntary period by this copy
	ahead, gone := engine.OrderID(told, engine.Register, 1), engine.OrderID(known, engine.Register, 1)
	p.register.standing[ahead] = told
	p.register.orders[ahead] = &registered{reply: orders.Reply{ID: ahead, CaseID: told, Known: true, Answer: engine.Accepted}}
	p.register.orders[gone] = &registered{reply: orders.Reply{ID: gone, CaseID: known, Known: true, Answer: engine.Accepted}}
	p.clock.Advance(time.Hour)
	p.compare(t)
	if n := p.count(t, `SELECT count(*) FROM restores WHERE noticed_by = 'compare'`); n != 1 {
		t.Fatal("not taken for an older copy")
	}
	open, err := restored.Open(t.Context(), p.pool, morning)
	if err != nil || open == nil {
		t.Fatal(err)
	}
	if _, err := p.registrar.Compare(t.Context(), open.Duty(), calendar.DateOf(open.At)); err != nil {
		t.Fatal(err)
	}
	p.publish(t)
	if s := p.status(t, told, engine.Register); s != engine.Lifted || p.standing(told) != 0 {
		t.Errorf("an entry of the lost past, for which this copy has no ground yet, is %s", s)
	}
	if c := p.load(t, known); c.Hold != restored.Reason {
		t.Errorf("a case whose next id is used goes on: %q", c.Hold)
	}
	if c := p.load(t, mine); c.Hold != "" || p.standing(mine) != 1 {
		t.Errorf("%q, %d", c.Hold, p.standing(mine))
	}
	p.soundPublic(t)
}

// Without a register the measure is off; what was asked for while there was one waits for it.
func TestRegistrar_notConnected(t *testing.T) {
	t.Parallel()
	p := setupPublic(t)
	id := p.poor(t)
	p.registrar.Register = nil
	p.apply(t, id, fullPay)
	p.publish(t)
	if s := p.status(t, id, engine.Deregister); s != engine.Requested {
		t.Errorf("the removal is %s", s)
	}
	p.registrar.Register = p.register
	p.clock.Advance(time.Hour)
	p.publish(t)
	if p.standing(id) != 0 {
		t.Error("the entry stands")
	}
	p.soundPublic(t)
}
