package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine"
	"robotbailiff/engine/intake"
	"robotbailiff/engine/orders"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/jobs"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/testkit"
	"robotbailiff/notify"
	"robotbailiff/payments"
	"robotbailiff/payments/source/gateway"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// bank is the only bank, where everybody is rich. It answers as it is told and keeps books of its own: how often it saw each
// id, and what it holds.
type bank struct {
	mu     sync.Mutex
	seen   map[uuid.UUID]int
	cases  map[uuid.UUID]int64
	held   map[uuid.UUID]money.Amount
	answer func(orders.Instruction) (orders.Reply, bool) // false: the answer is lost after the deed
}

func (b *bank) Submit(_ context.Context, batch []orders.Instruction) ([]orders.Reply, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []orders.Reply
	for _, in := range batch {
		b.seen[in.ID]++
		b.cases[in.ID] = in.CaseID
		r, told := in.Reply(engine.Accepted, in.Amount), true
		if b.answer != nil {
			r, told = b.answer(in)
		}
		switch in.Purpose {
		case engine.Arrest:
			b.held[in.ID] = r.Sum
		case engine.Lift:
			delete(b.held, in.Of)
		case engine.Reduce:
			if held, live := b.held[in.Of]; live && in.Amount.Less(held) { // a lift may have been faster; a bank never holds more by it
				b.held[in.Of] = in.Amount
			}
		case engine.Collect: // executed in full it ends its arrest (EL 62(6))
			if b.held[in.Of] = b.held[in.Of].Sub(r.Sum); !b.held[in.Of].IsPositive() {
				delete(b.held, in.Of)
			}
		case engine.Recall:
		}
		if told {
			out = append(out, r)
		}
	}
	return out, nil
}

func (b *bank) Query(_ context.Context, ids []uuid.UUID) ([]orders.Reply, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []orders.Reply
	for _, id := range ids {
		sum, holds := b.held[id]
		r := orders.Reply{ID: id, CaseID: b.cases[id], Known: b.seen[id] > 0}
		if r.Known {
			r.Answer, r.Sum = engine.Accepted, sum
			if !holds {
				r.Answer = engine.AlreadyDone
			}
		}
		out = append(out, r)
	}
	return out, nil
}

func (b *bank) Accounts(_ context.Context, iins []string) (map[string][]orders.Account, error) {
	out := map[string][]orders.Account{}
	for _, iin := range iins {
		out[iin] = []orders.Account{{ID: "KZ" + iin, Kind: orders.KindCurrent, Available: money.FromTiyn(1_000_000_00)}}
	}
	return out, nil
}

func (b *bank) Holds(context.Context, string, int) ([]orders.Hold, string, error) {
	return nil, "", nil
}

// post takes every message and says nothing more; receipts are given by the tests.
type post struct{}

func (post) Send(_ context.Context, ms []notify.Message) ([]notify.Sent, error) {
	out := make([]notify.Sent, len(ms))
	for i, m := range ms {
		out[i] = notify.Sent{Ref: m.Ref, Status: notify.Accepted, Parts: []string{"centre/" + m.Ref}}
	}
	return out, nil
}

func (post) Query(_ context.Context, refs []string) ([]notify.Sent, error) {
	out := make([]notify.Sent, len(refs))
	for i, r := range refs {
		out[i] = notify.Sent{Ref: r, Status: notify.Accepted}
	}
	return out, nil
}

type bundle struct {
	t     *testing.T
	pool  *pgxpool.Pool
	clock *clock.Manual
	robot *jobs.Robot
	bank  *bank
	ids   []int64
}

// setup opens n cases on one morning, with a bailiff in their region; the robot is not running yet.
func setup(t *testing.T, n int) *bundle {
	t.Helper()
	return setupWith(t, n, map[notify.Channel]notify.Gateway{notify.SMS: post{}, notify.Push: post{}})
}

// setupWith does the same with other gateways.
func setupWith(t *testing.T, n int, gateways map[notify.Channel]notify.Gateway) *bundle {
	t.Helper()
	return setupConfig(t, n, func(c *jobs.Config) { c.Gateways = gateways })
}

// setupConfig does the same with other settings.
func setupConfig(t *testing.T, n int, change func(*jobs.Config)) *bundle {
	t.Helper()
	pool := testkit.DB(t)
	packs, err := engine.RegisterPack(t.Context(), pool, pack.Default())
	if err != nil {
		t.Fatal(err)
	}
	b := &bundle{
		t: t, pool: pool, clock: clock.NewManual(calendar.MakeDate(2026, 9, 1).Start().Add(10 * time.Hour)),
		bank: &bank{seen: map[uuid.UUID]int{}, cases: map[uuid.UUID]int64{}, held: map[uuid.UUID]money.Amount{}},
	}
	keys := testkit.Keys(t)
	cfg := jobs.Config{
		Pool: pool, Clock: b.clock, Packs: packs, Keys: keys, Log: slog.New(slog.DiscardHandler), Host: "example.kz", Work: true, House: house,
		Banks: map[string]orders.Peer{"test": b.bank}, Gateways: map[notify.Channel]notify.Gateway{notify.SMS: post{}, notify.Push: post{}}, Pulse: 20 * time.Millisecond, Lease: time.Second,
	}
	change(&cfg)
	b.robot, err = jobs.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	b.exec(`INSERT INTO trials (kind, name, need, opened_at, passed_at) VALUES ('all', '', 0, now(), now())`) // nothing here is new
	b.exec(`INSERT INTO bailiffs (region, name, licence) VALUES ('75', 'Б.', 'T-1')`)
	var csv strings.Builder
	csv.WriteString("source,document_number,in_force_date,kind,debtor_iin,debtor_name,debtor_phone,region,amount,unpaid_confirmed_on\n")
	for i := range n {
		fmt.Fprintf(&csv, "ERAP,T-%d,2026-06-01,fine_prescription,%s,Ахметов Данияр,+7701555%04d,75,20155.00,2026-08-20\n", i, iin(i), i)
	}
	rep, err := intake.New(b.robot.Engine, keys).Import(t.Context(), "", "t.csv", strings.NewReader(csv.String()), intake.Options{})
	if err != nil || rep.Accepted != n {
		t.Fatalf("import: %+v, %v", rep, err)
	}
	for i := range n {
		b.ids = append(b.ids, 260000001+int64(i))
	}
	return b
}

func iin(n int) string {
	for ; ; n += 1000 {
		first := fmt.Sprintf("8501013%04d", n%10000)
		if c, ok := rules.IINCheckDigit(first); ok {
			return first + string(c)
		}
	}
}

// run starts the workers until the test ends.
func (b *bundle) run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.robot.Run(ctx) }()
	b.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			b.t.Error(err)
		}
	})
}

// rest waits until nothing is left to do at the present instant.
func (b *bundle) rest() {
	b.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	for {
		idle, err := b.robot.Idle(b.t.Context())
		if err != nil {
			b.t.Fatal(err)
		}
		if idle {
			return
		}
		select {
		case <-tick.C:
		case <-limit.C:
			b.t.Fatal("the robot does not come to rest")
		}
	}
}

func (b *bundle) exec(sql string, args ...any) {
	b.t.Helper()
	if _, err := b.pool.Exec(b.t.Context(), sql, args...); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bundle) count(sql string, args ...any) (n int) {
	b.t.Helper()
	if err := b.pool.QueryRow(b.t.Context(), sql, args...).Scan(&n); err != nil {
		b.t.Fatal(err)
	}
	return n
}

func (b *bundle) load(id int64) engine.Case {
	b.t.Helper()
	cs, err := engine.Load(b.t.Context(), b.pool, []int64{id})
	if err != nil || len(cs) != 1 {
		b.t.Fatalf("case %d: %v", id, err)
	}
	return cs[0]
}

// delivered gives the receipts of the opening SMS of all cases.
func (b *bundle) delivered() {
	b.t.Helper()
	now, _ := b.clock.Now(b.t.Context())
	var rs []notify.Receipt
	for _, id := range b.ids {
		rs = append(rs, notify.Receipt{Ref: notify.Ref(id, 1, notify.SMS), Status: notify.StatusDelivered, At: now})
	}
	if err := b.robot.Receipts(b.t.Context(), rs); err != nil {
		b.t.Fatal(err)
	}
}

// pay sends a payment message for a case, as a gateway would.
func (b *bundle) pay(event string, id int64, amount string, on calendar.Date) {
	b.t.Helper()
	sum, err := money.Parse(amount)
	if err != nil {
		b.t.Fatal(err)
	}
	b.message(event, gateway.Message{Type: gateway.Paid, TxnID: event, Amount: sum, Currency: "KZT", Reference: "дело " + caseno.Format(id), ValueDate: on})
}

func (b *bundle) message(event string, m gateway.Message) {
	b.t.Helper()
	body, err := gateway.Encode(m)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.robot.Receive(b.t.Context(), payments.Event{Source: "gateway", EventID: event, Body: body}); err != nil {
		b.t.Fatal(err)
	}
}

// sound fails the test when any promise is broken.
func (b *bundle) sound() {
	b.t.Helper()
	auditor, err := pg.Open(b.t.Context(), testkit.URL(b.t, b.pool), pg.WithRole(pg.RoleAudit), pg.WithMaxConns(1)) // these read whole tables
	if err != nil {
		b.t.Fatal(err)
	}
	defer auditor.Close()
	found, err := engine.Check(b.t.Context(), auditor)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, v := range found {
		b.t.Errorf("%s case %d: %s", v.ID, v.CaseID, v.Detail)
	}
	money, err := payments.Check(b.t.Context(), auditor)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, v := range money {
		b.t.Errorf("%s case %d: %s", v.ID, v.CaseID, v.Detail)
	}
}

func (b *bundle) enforce() {
	b.t.Helper()
	b.rest()
	b.delivered()
	b.clock.Set(b.load(b.ids[0]).VoluntaryEndsOn.End())
	b.rest()
}

// From the batch to closed cases, through the job engine and a bank that loses every third answer after the deed.
func TestRobot_theWholePath(t *testing.T) {
	t.Parallel()
	b := setup(t, 30)
	n := 0
	b.bank.answer = func(in orders.Instruction) (orders.Reply, bool) {
		n++
		return in.Reply(engine.Accepted, in.Amount), n%3 != 0
	}
	b.run()
	b.enforce()
	b.clock.Advance(2 * time.Minute) // the lost answers are asked for
	b.rest()
	if got := b.count(`SELECT count(*) FROM orders WHERE purpose = 'arrest' AND status = 'active'`); got != 30 {
		t.Fatalf("%d active arrests", got)
	}
	for i, id := range b.ids {
		b.pay(fmt.Sprintf("e%d", i), id, "20155.00", b.load(id).OpenedOn.AddDays(10))
	}
	b.rest()
	b.clock.Advance(2 * time.Minute)
	b.rest()
	if got := b.count(`SELECT count(*) FROM cases WHERE state = 'paid' AND released_at IS NOT NULL`); got != 30 {
		t.Fatalf("%d paid and released", got)
	}
	for id, times := range b.bank.seen {
		if times != 1 {
			t.Errorf("order %s was submitted %d times although the bank knew it", id, times)
		}
	}
	if len(b.bank.held) != 0 {
		t.Errorf("the bank still holds %v", b.bank.held)
	}
	b.sound()
}

// A centre that is faster than our commit: its receipts, which know messages only by the centre's numbers, come first.
func TestRobot_receiptsBeforeTheirMessages(t *testing.T) {
	t.Parallel()
	b := setup(t, 5)
	now, _ := b.clock.Now(t.Context())
	var early []notify.Receipt
	for _, id := range b.ids {
		early = append(early, notify.Receipt{ProviderRef: "centre/" + notify.Ref(id, 1, notify.SMS), Status: notify.StatusDelivered, At: now})
	}
	if err := b.robot.Receipts(t.Context(), early); err != nil {
		t.Fatal(err)
	}
	if n := b.count(`SELECT count(*) FROM cases WHERE state = 'notified'`); n > 0 {
		t.Fatalf("%d are notified by receipts for messages that were not sent", n)
	}
	b.run()
	for b.count(`SELECT count(*) FROM cases WHERE state = 'notified'`) < len(b.ids) { // the test's own limit ends the wait
		time.Sleep(10 * time.Millisecond)
	}
	if n := b.count(`SELECT count(*) FROM early_receipts`); n > 0 {
		t.Errorf("%d receipts are left", n)
	}
	b.rest()
	b.sound()
}

// Paid at 23:59:59 on the last legal day, with the sweep at 00:00:00: never handed over.
func TestRobot_paidInTheLastSecond(t *testing.T) {
	t.Parallel()
	b := setup(t, 2)
	end := b.load(b.ids[0]).TermEndsOn.End()
	b.exec(`UPDATE chunks SET done_at = now()`) // notices do not matter here
	b.clock.Set(end.Add(-time.Second))
	b.pay("last", b.ids[0], "20155.00", calendar.DateOf(end.Add(-time.Second)))
	b.clock.Set(end)
	// The sweep alone, before anybody settles: received money stops every hand-over.
	if _, err := b.robot.Engine.Sweep(t.Context(), 100); err != nil {
		t.Fatal(err)
	}
	if got := b.count(`SELECT count(*) FROM cases WHERE state = 'handed_over'`); got != 0 {
		t.Fatalf("%d handed over while money was in transit", got)
	}
	b.run()
	b.clock.Advance(20 * time.Minute)
	b.rest()
	if got := b.load(b.ids[0]).State; got != engine.Paid {
		t.Errorf("the payer's case is %s", got)
	}
	if got := b.load(b.ids[1]); got.State != engine.HandedOver || got.BailiffID == 0 {
		t.Errorf("the other case is %s, bailiff %d", got.State, got.BailiffID)
	}
	b.sound()
}

// An emptied job table loses nothing: the pulse makes the jobs anew from state.
func TestRobot_jobTableEmptied(t *testing.T) {
	t.Parallel()
	b := setup(t, 5)
	b.exec(`DELETE FROM river_job`)
	b.exec(`UPDATE chunks SET touched_at = now() - interval '1 hour'`)
	b.run()
	b.rest()
	if got := b.count(`SELECT count(*) FROM notices WHERE status = 'sent'`); got != 10 {
		t.Fatalf("%d notices sent", got)
	}
}

// Money that no case is named for waits in suspense; the same message again changes nothing; other content is refused.
func TestRobot_moneyFindsItsPlace(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	day := calendar.MakeDate(2026, 9, 1)
	b.message("s1", gateway.Message{Type: gateway.Paid, TxnID: "s1", Amount: money.FromTiyn(500), Currency: "KZT", Reference: "штраф", ValueDate: day})
	b.pay("p1", b.ids[0], "30000.00", day)
	b.pay("p1", b.ids[0], "30000.00", day)
	body, _ := gateway.Encode(gateway.Message{Type: gateway.Paid, TxnID: "p1", Amount: money.FromTiyn(1), Currency: "KZT", ValueDate: day})
	var conflict *payments.ConflictError
	if _, err := b.robot.Receive(t.Context(), payments.Event{Source: "gateway", EventID: "p1", Body: body}); !errors.As(err, &conflict) {
		t.Errorf("other content under a known id: %v", err)
	}
	if _, err := b.robot.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := b.load(b.ids[0])
	if c.State != engine.Paid || b.count(`SELECT sum(refund_due) FROM payments`) != 984500 {
		t.Errorf("%s, refunds due %d", c.State, b.count(`SELECT sum(refund_due) FROM payments`))
	}
	if got := b.count(`SELECT sum(amount - allocated - refund_due - reversed) FROM payments`); got != 500 {
		t.Errorf("%d tiyn in suspense", got)
	}
	b.sound()
}

// A reversal before its payment waits; afterwards the debt is open again and the books agree.
func TestRobot_reversal(t *testing.T) {
	t.Parallel()
	b := setup(t, 2)
	day := calendar.MakeDate(2026, 9, 1)
	back := func(event, txn, amount string) {
		sum, _ := money.Parse(amount)
		b.message(event, gateway.Message{Type: gateway.Reversed, TxnID: txn, Amount: sum, Currency: "KZT"})
	}
	settle := func() {
		t.Helper()
		if _, err := b.robot.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	back("r1", "p1", "5000.00")
	settle()
	if idle, err := b.robot.Payments.InTransit(t.Context(), b.pool); err != nil || idle {
		t.Fatalf("a waiting reversal is no money in transit: %v %v", idle, err)
	}
	b.pay("p1", b.ids[0], "5000.00", day)
	settle()
	settle()
	if c := b.load(b.ids[0]); !c.Outstanding.Equal(c.Debt) || !c.Paid.IsZero() {
		t.Errorf("outstanding %s of %s", c.Outstanding, c.Debt)
	}
	b.pay("p2", b.ids[1], "20155.00", day) // paid in full, then taken back: the end stays
	settle()
	back("r2", "p2", "20155.00")
	settle()
	if c := b.load(b.ids[1]); c.State != engine.Paid || !c.Outstanding.IsZero() {
		t.Errorf("%s with %s outstanding", c.State, c.Outstanding)
	}
	b.sound()
}

// A case whose sealed phone cannot be opened does not stop the notices of the others.
func TestRobot_oneBadCaseStopsNoOther(t *testing.T) {
	t.Parallel()
	b := setup(t, 8)
	b.exec(`UPDATE debtors SET phone_sealed = '\x00' WHERE id = (SELECT debtor_id FROM cases WHERE id = $1)`, b.ids[3])
	b.run()
	b.rest()
	if got := b.count(`SELECT count(*) FROM notices WHERE status = 'sent'`); got != 14 {
		t.Errorf("%d notices sent", got)
	}
	if c := b.load(b.ids[3]); c.Hold != "outside_call_failed" {
		t.Errorf("hold %q", c.Hold)
	}
}

// Where the holder of the number says that he is somebody else, no SMS goes there, and nothing is taken until a person has looked.
func TestRobot_theNumberOfSomebodyElse(t *testing.T) {
	t.Parallel()
	b := setup(t, 2)
	hold := func(cmd engine.Command) {
		t.Helper()
		if out, err := b.robot.Engine.Apply(t.Context(), []engine.For{{CaseID: b.ids[0], Actor: engine.ActorStranger, Command: cmd}}); err != nil || out[0].Refusal != nil {
			t.Fatal(out, err)
		}
	}
	hold(engine.SetHold{Reason: engine.HoldWrongPerson})
	b.run()
	b.rest()
	if n := b.count(`SELECT count(*) FROM notices WHERE case_id = $1 AND channel = 'sms' AND status = 'failed' AND detail = 'no_address'`, b.ids[0]); n != 1 {
		t.Errorf("%d SMS to the number of somebody else were stopped", n)
	}
	if n := b.count(`SELECT count(*) FROM notices WHERE channel = 'sms' AND status IN ('sent', 'delivered')`); n != 1 {
		t.Errorf("%d SMS were sent, want that of the other case", n)
	}
	b.delivered() // of both: whatever is said of the delivery, nothing is taken
	b.clock.Set(b.load(b.ids[1]).VoluntaryEndsOn.End())
	b.rest()
	if n := b.count(`SELECT count(*) FROM orders WHERE case_id = $1`, b.ids[0]); n != 0 {
		t.Errorf("%d orders although the proof is doubtful", n)
	}
	if n := b.count(`SELECT count(*) FROM orders WHERE case_id = $1`, b.ids[1]); n == 0 {
		t.Error("the other case waits too")
	}
}

// What was ordered is taken back unsent when the case is paid before the bank is called.
func TestRobot_paidBeforeTheArrestIsSent(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	b.exec(`UPDATE chunks SET done_at = now()`)
	b.proveDelivery()
	b.clock.Set(b.load(b.ids[0]).VoluntaryEndsOn.End())
	if _, err := b.robot.Engine.Sweep(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	b.pay("p", b.ids[0], "20155.00", calendar.MakeDate(2026, 9, 9))
	if _, err := b.robot.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.run()
	b.rest()
	c := b.load(b.ids[0])
	if c.State != engine.Paid || c.ReleasedAt.IsZero() || len(b.bank.seen) != 0 {
		t.Errorf("%s, released %s, the bank saw %v", c.State, c.ReleasedAt, b.bank.seen)
	}
	b.sound()
}

// proveDelivery proves delivery without sending anything.
func (b *bundle) proveDelivery() {
	b.t.Helper()
	now, _ := b.clock.Now(b.t.Context())
	for _, id := range b.ids {
		if _, err := b.robot.Engine.Apply(b.t.Context(), []engine.For{{CaseID: id, Actor: engine.ActorNotice, Command: engine.NoticeDelivered{Ordinal: 1, Opening: true, Channel: "sms", At: now}}}); err != nil {
			b.t.Fatal(err)
		}
	}
}
