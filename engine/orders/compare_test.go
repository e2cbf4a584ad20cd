package orders_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// ledger is a bank that lists what it holds, three at a time, and may hold what nobody ordered.
type ledger struct {
	*bank

	guard  sync.Mutex
	extra  map[uuid.UUID]orders.Hold
	lists  int
	silent int // the call of Holds that gets no answer; 0: none
	before func()
}

func (l *ledger) Holds(_ context.Context, after string, _ int) ([]orders.Hold, string, error) {
	l.guard.Lock()
	defer l.guard.Unlock()
	if l.lists++; l.lists == l.silent {
		return nil, "", errLine
	}
	if l.before != nil {
		l.before()
	}
	all := map[uuid.UUID]orders.Hold{}
	l.mu.Lock()
	for id, parts := range l.live {
		sum := int64(0)
		for _, n := range parts {
			sum += n
		}
		if sum > 0 {
			all[id] = orders.Hold{ID: id, CaseID: l.caseOf[id], Amount: money.FromTiyn(sum), Since: morning}
		}
	}
	l.mu.Unlock()
	for id, h := range l.extra {
		all[id] = h
	}
	var out []orders.Hold
	for id, h := range all {
		if id.String() > after {
			out = append(out, h)
		}
	}
	slices.SortFunc(out, func(a, b orders.Hold) int { return strings.Compare(a.ID.String(), b.ID.String()) })
	if len(out) > 3 {
		return out[:3], out[2].ID.String(), nil
	}
	return out, "", nil
}

// Submit lifts what nobody ordered as any other arrest.
func (l *ledger) Submit(ctx context.Context, batch []orders.Instruction) ([]orders.Reply, error) {
	l.guard.Lock()
	var out []orders.Reply
	var rest []orders.Instruction
	for _, in := range batch {
		if _, odd := l.extra[in.Of]; odd && in.Purpose == engine.Lift {
			delete(l.extra, in.Of)
			out = append(out, in.Reply(engine.Accepted, money.Zero))
		} else {
			rest = append(rest, in)
		}
	}
	l.guard.Unlock()
	more, err := l.bank.Submit(ctx, rest)
	return append(out, more...), err
}

// comparing is our side beside banks that list what they hold.
type comparing struct {
	*site

	c       *orders.Comparer
	ledgers map[string]*ledger
}

func setupCompare(t *testing.T) *comparing {
	t.Helper()
	k := &comparing{site: setup(t), ledgers: map[string]*ledger{}}
	for name, b := range k.banks {
		k.ledgers[name] = &ledger{bank: b, extra: map[uuid.UUID]orders.Hold{}}
		k.sender.Banks[name] = k.ledgers[name]
	}
	k.c = &orders.Comparer{Sender: k.sender}
	return k
}

// arrested gives cases whose debts are held at the first bank.
func (k *comparing) arrested(t *testing.T, n int) []int64 {
	t.Helper()
	var ids []int64
	for range n {
		who, one := k.debtor(t, 1)
		k.banks["altyn"].open(who, "KZ"+who, orders.KindCurrent, 900_000_00)
		ids = append(ids, one...)
	}
	k.toArrest(t)
	return ids
}

// toArrest moves on to the day of the arrests and does what is due.
func (k *comparing) toArrest(t *testing.T) {
	t.Helper()
	k.clock.Set(morning.AddDate(0, 0, 10))
	k.work(t)
	k.clock.Advance(time.Hour)
}

// all compares every bank once more, as of now.
func (k *comparing) all(t *testing.T, duty string) {
	t.Helper()
	now, _ := k.clock.Now(t.Context())
	for _, name := range names {
		if _, err := k.c.Compare(t.Context(), duty, calendar.DateOf(now), name); err != nil {
			t.Fatal(err)
		}
	}
}

func (k *comparing) confirm(t *testing.T, finding int64, actor, reason string) error {
	t.Helper()
	now, _ := k.clock.Now(t.Context())
	return orders.Confirm(t.Context(), k.pool, finding, actor, reason, now)
}

func (k *comparing) leg(caseID int64, n int) uuid.UUID {
	return orders.LegID(engine.OrderID(caseID, engine.Arrest, n), "altyn")
}

// finding tells what stands of a case: kind, resolution and the answer of the correction, if there are.
func (k *comparing) finding(t *testing.T, caseID int64) string {
	t.Helper()
	var got *string
	err := k.pool.QueryRow(t.Context(), `SELECT string_agg(f.kind || ' ' || f.proposal || ' ' || f.resolution || ' ' || coalesce(c.answer, '-'), '; ' ORDER BY f.id)
		FROM bank_findings f LEFT JOIN bank_corrections c ON c.finding_id = f.id WHERE f.case_id = $1`, caseID).Scan(&got)
	if err != nil {
		t.Fatal(err)
	}
	if got == nil {
		return ""
	}
	return *got
}

func TestCompare_oncePerDayAndBank(t *testing.T) {
	t.Parallel()
	k := setupCompare(t)
	k.arrested(t, 7)
	now, _ := k.clock.Now(t.Context())
	var wg sync.WaitGroup
	var mu sync.Mutex
	done := map[string]int{}
	for range 8 {
		for _, name := range names {
			wg.Go(func() {
				r, err := k.c.Compare(t.Context(), orders.DutyDaily, calendar.DateOf(now), name)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					done[name]++
					if want := map[bool]int64{true: 7, false: 0}[name == "altyn"]; r.Holds != want || r.Arrests != want || r.Finished.IsZero() {
						t.Errorf("%+v", r)
					}
				} else if !errors.Is(err, orders.ErrNotNow) {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	for _, name := range names {
		if done[name] != 1 {
			t.Errorf("%s was compared %d times", name, done[name])
		}
	}
	if n := k.count(t, `SELECT (SELECT count(*) FROM bank_findings) + (SELECT count(*) FROM bank_holds) + (SELECT count(*) FROM restores)`); n != 0 {
		t.Errorf("%d rows where nothing differs", n)
	}
	k.clock.Advance(24 * time.Hour)
	k.all(t, orders.DutyDaily)
	due, err := k.c.Due(t.Context(), orders.DutyDaily, calendar.DateOf(now)+2, names)
	if err != nil || len(due) != 3 {
		t.Errorf("the day after: %v, %v", due, err)
	}
}

// What differs is told, and only ever given back: at once where nobody can doubt it, by a person's word else.
func TestCompare_findsAndGivesBack(t *testing.T) {
	t.Parallel()
	k := setupCompare(t)
	who, refused := k.debtor(t, 1) // his bank refuses the arrest, and holds
	over, dala := refused[0], k.ledgers["dala"]
	dala.open(who, "KZ"+who, orders.KindCurrent, 900_000_00)
	dala.be(stubby)
	ids := k.arrested(t, 7)
	dala.be(well)
	leg := orders.LegID(engine.OrderID(over, engine.Arrest, 1), "dala")
	dala.accounts[who]["KZ"+who].held = 5
	dala.live[leg], dala.caseOf[leg] = map[string]int64{"KZ" + who: 5}, over
	fine, ended, more, less, denied, silent, moving := ids[0], ids[1], ids[2], ids[3], ids[4], ids[5], ids[6]
	b, stranger := k.ledgers["altyn"], int64(250_000_077)
	held := b.live[k.leg(ended, 1)]
	k.apply(t, ended, engine.Pay{PaymentID: ended, Amount: tenge(50_000), ValueDate: calendar.DateOf(morning)})
	k.work(t)
	b.live[k.leg(ended, 1)] = held // the bank confirms the lift, and holds on
	for number := range b.live[k.leg(more, 1)] {
		b.live[k.leg(more, 1)][number] += 700
		b.live[k.leg(less, 1)] = map[string]int64{number: 100}
	}
	for _, id := range []int64{denied, silent} {
		delete(b.live, k.leg(id, 1))
	}
	delete(b.orders, k.leg(denied, 1))
	odd := uuid.New()
	b.extra[odd] = orders.Hold{ID: odd, CaseID: stranger, Amount: tenge(5), Since: morning}
	b.be(down)
	k.apply(t, moving, engine.Pay{PaymentID: moving, Amount: tenge(50_000), ValueDate: calendar.DateOf(morning)})
	k.work(t)
	b.be(well)
	k.clock.Advance(10 * time.Second) // before the lift that got no answer is sent again

	k.all(t, orders.DutyDaily)
	for id, want := range map[int64]string{
		fine: "", ended: "orphan lift  ", over: "orphan lift  -", more: "more reduce  ", less: "less   -",
		denied: "missing  corrected -", silent: "missing   -", moving: "", stranger: "orphan lift  -",
	} {
		if got := k.finding(t, id); got != want {
			t.Errorf("case %d: %q, want %q", id, got, want)
		}
	}
	if n := k.alarms.count("differs"); n != 6 { // less is only noted
		t.Errorf("%d alarms: %v", n, k.alarms.said)
	}
	a := k.load(t, denied)
	if o := a.Orders[0]; o.Status != engine.Lifted || !o.Held.IsZero() {
		t.Errorf("the bank says that it holds nothing, we have %+v", o)
	}
	for _, id := range []int64{silent, less} {
		c := k.load(t, id)
		if c.LiveArrest() == nil || !c.LiveArrest().Held.Equal(tenge(50_000)) {
			t.Errorf("case %d: believed without being asked: %+v", id, c.Orders)
		}
	}
	for range 2 {
		if err := k.c.Correct(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if b.holds(ended) != 0 || b.holds(more) != 5_000_000 || dala.holds(over) == 0 || len(b.extra) != 1 {
		t.Errorf("given back: ended %d, more %d, over %d, strange %d", b.holds(ended), b.holds(more), dala.holds(over), len(b.extra))
	}
	// A person's word for what is only proposed.
	for _, id := range []int64{over, stranger} {
		f := k.count(t, `SELECT id FROM bank_findings WHERE case_id = $1`, id)
		if err := k.confirm(t, f, "", "why"); !errors.Is(err, orders.ErrNoActor) {
			t.Error(err)
		}
		for range 2 {
			if err := k.confirm(t, f, "desk:a", "asked the bank"); err != nil {
				t.Error(err)
			}
		}
	}
	if err := k.confirm(t, k.count(t, `SELECT id FROM bank_findings WHERE case_id = $1`, silent), "desk:a", "x"); !errors.Is(err, orders.ErrNoFinding) {
		t.Errorf("nothing is proposed there: %v", err)
	}
	if err := k.c.Correct(t.Context()); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[int64]string{
		ended: "orphan lift lifted accepted", over: "orphan lift lifted accepted", more: "more reduce reduced accepted", stranger: "orphan lift lifted accepted",
	} {
		if got := k.finding(t, id); got != want {
			t.Errorf("case %d: %q, want %q", id, got, want)
		}
	}
	if dala.holds(over) != 0 || len(b.extra) != 0 {
		t.Error("a confirmed proposal was not carried out")
	}
	// The next day only what still differs is left.
	b.live[k.leg(silent, 1)] = map[string]int64{"x": 5_000_000}
	k.clock.Advance(24 * time.Hour)
	k.all(t, orders.DutyDaily)
	if got := k.finding(t, silent); got != "missing  gone -" {
		t.Errorf("what came back: %q", got)
	}
	if got := k.finding(t, less); got != "less   -" {
		t.Errorf("what still differs: %q", got)
	}
	for _, b := range k.banks {
		if len(b.wrong) > 0 {
			t.Errorf("%s was asked wrongly: %v", b.name, b.wrong)
		}
	}
}

// A correction is a lift: refused, lost or taken for another's, it is sent under the same id until the bank confirms it, and told of.
func TestCorrect_untilItIsDone(t *testing.T) {
	t.Parallel()
	k := setupCompare(t)
	id := k.arrested(t, 1)[0]
	b := k.ledgers["altyn"]
	held := b.live[k.leg(id, 1)]
	k.apply(t, id, engine.Pay{PaymentID: 1, Amount: tenge(50_000), ValueDate: calendar.DateOf(morning)})
	k.work(t)
	b.live[k.leg(id, 1)] = held
	k.clock.Advance(time.Minute)
	k.all(t, orders.DutyDaily)
	seen := len(b.orders)
	for i, m := range []mood{stubby, mute, mixedUp, down, late, stubby, stubby, well} {
		if b.holds(id) == 0 && m != well {
			break
		}
		b.be(m)
		if err := k.c.Correct(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := k.c.Escalate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if i > 0 && m != well && k.finding(t, id) == "orphan lift lifted accepted" && b.holds(id) > 0 {
			t.Fatalf("%s: believed", m)
		}
		k.clock.Advance(16 * time.Minute)
	}
	b.be(well)
	if err := k.c.Correct(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := k.finding(t, id); got != "orphan lift lifted accepted" && got != "orphan lift lifted already_done" || b.holds(id) != 0 {
		t.Errorf("%q, %d held", got, b.holds(id))
	}
	if len(b.orders) != seen+1 {
		t.Errorf("%d ids for one correction", len(b.orders)-seen)
	}
	if n := k.count(t, `SELECT count(*) FROM late_lifts WHERE level = 1`); n != 1 {
		t.Errorf("told %d times", n)
	}
}

// A process that dies in the middle of a bank's list is followed by one that goes on at the same page; what the first one still
// had in hand is not written.
func TestCompare_goesOnAfterAKill(t *testing.T) {
	t.Parallel()
	k := setupCompare(t)
	ids := k.arrested(t, 10)
	now, _ := k.clock.Now(t.Context())
	b, on := k.ledgers["altyn"], calendar.DateOf(now)
	delete(b.live, k.leg(ids[4], 1))
	b.silent = 3
	if _, err := k.c.Compare(t.Context(), orders.DutyDaily, on, "altyn"); !errors.Is(err, errLine) {
		t.Fatal(err)
	}
	if due, err := k.c.Due(t.Context(), orders.DutyDaily, on, []string{"altyn"}); err != nil || len(due) != 0 {
		t.Fatalf("taken at once from whoever is at it: %v, %v", due, err)
	}
	release := func() {
		k.exec(t, `UPDATE daily_runs SET touched_at = touched_at - interval '1 hour'`)
	}
	release()
	k.c.Alarm = func(what, kind string, n int) {
		if what != "compare" || kind != orders.KindMissing || n != 1 {
			t.Errorf("%s %s %d", what, kind, n)
		}
	}
	stale := errors.New("none")
	b.before = func() { // while the second one waits for the bank, a third one claims the run, and ends it
		b.before = nil
		release()
		b.guard.Unlock()
		_, stale = k.c.Compare(context.Background(), orders.DutyDaily, on, "altyn")
		b.guard.Lock()
	}
	if _, err := k.c.Compare(t.Context(), orders.DutyDaily, on, "altyn"); !errors.Is(err, orders.ErrNotNow) || stale != nil {
		t.Fatalf("the second: %v, the third: %v", err, stale)
	}
	if b.lists > 6 {
		t.Errorf("%d pages asked for: the list was read from its beginning again", b.lists)
	}
	if n := k.count(t, `SELECT holds FROM daily_runs`); n != 9 {
		t.Errorf("%d arrests read of 9", n)
	}
	if got := k.finding(t, ids[4]); got != "missing   -" {
		t.Errorf("%q", got)
	}
}

// Late lifts are told of before the quarter of an hour is over, counted from the payment, and at an hour, once each, until the bank confirms.
func TestEscalate_onceALevel(t *testing.T) {
	t.Parallel()
	k := setupCompare(t)
	id := k.arrested(t, 1)[0]
	k.banks["altyn"].be(late) // taken, and never answered
	start, _ := k.clock.Now(t.Context())
	k.apply(t, id, engine.Pay{PaymentID: 1, Amount: tenge(50_000), ValueDate: calendar.DateOf(morning)})
	told := map[string]int{}
	k.c.Alarm = func(what, kind string, n int) { told[what+kind] += n }
	for minute := 0; minute <= 180; minute++ {
		k.clock.Set(start.Add(time.Duration(minute) * time.Minute))
		k.work(t)
		if err := k.c.Escalate(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := map[string]int{}
		if minute >= 14 {
			want["late_lift1"] = 1
		}
		if minute >= 60 {
			want["late_lift2"] = 1
		}
		if fmt.Sprint(told) != fmt.Sprint(want) {
			t.Fatalf("after %d minutes: %v, want %v", minute, told, want)
		}
	}
	c := k.load(t, id)
	if !c.ReleasedAt.IsZero() || c.LiveArrest().Status != engine.LiftRequested {
		t.Errorf("released without the bank's word: %+v", c.Orders)
	}
	now, _ := k.clock.Now(t.Context())
	l, err := orders.ReadLifts(t.Context(), k.pool, now)
	if err != nil || l.Count != 1 || l.VeryLate != 1 || !l.Oldest.Equal(start) || l.CaseID != id {
		t.Errorf("%+v, %v", l, err)
	}
	k.banks["altyn"].be(well)
	k.clock.Advance(15 * time.Minute)
	k.work(t)
	if err := k.c.Escalate(t.Context()); err != nil {
		t.Fatal(err)
	}
	now, _ = k.clock.Now(t.Context())
	if l, err := orders.ReadLifts(t.Context(), k.pool, now); err != nil || l.Count != 0 {
		t.Errorf("%+v, %v", l, err)
	}
	if n := k.count(t, `SELECT count(*) FROM late_lifts WHERE cleared_at IS NULL`); n != 0 {
		t.Errorf("%d alarms left", n)
	}
	if c := k.load(t, id); c.ReleasedAt.IsZero() {
		t.Error("not released")
	}
}
