package jobs_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"robotbailiff/engine"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/jobs"
	"robotbailiff/payments"
	"robotbailiff/payments/source/gateway"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// till is a gateway that tells nothing by itself.
type till struct {
	begun map[uuid.UUID]gateway.Wish
	paid  map[uuid.UUID]gateway.Message
	day   map[calendar.Date][]gateway.Message
	down  bool
	asked int
}

var errTillDown = errors.New("down")

func newTill() *till {
	return &till{begun: map[uuid.UUID]gateway.Wish{}, paid: map[uuid.UUID]gateway.Message{}, day: map[calendar.Date][]gateway.Message{}}
}

func (t *till) Begin(_ context.Context, w gateway.Wish) (gateway.Checkout, error) {
	t.begun[w.Order] = w
	return gateway.Checkout{Page: "https://pay.example.kz/" + w.Order.String()}, nil
}

func (t *till) Status(_ context.Context, orders []uuid.UUID) (map[uuid.UUID]gateway.OrderStatus, error) {
	t.asked++
	if t.down {
		return nil, errTillDown
	}
	out := map[uuid.UUID]gateway.OrderStatus{}
	for _, id := range orders {
		out[id] = gateway.OrderStatus{State: gateway.StateOpen}
		if m, ok := t.paid[id]; ok {
			out[id] = gateway.OrderStatus{State: gateway.StatePaid, Payment: m}
		}
	}
	return out, nil
}

func (t *till) Refund(context.Context, gateway.Refund) (gateway.RefundStatus, error) {
	return "", errTillDown
}

func (t *till) Register(_ context.Context, day calendar.Date, _ string) ([]gateway.Message, string, error) {
	if t.down {
		return nil, "", errTillDown
	}
	return t.day[day], "", nil
}

// pay is what happens at the gateway.
func (t *till) pay(id uuid.UUID, txn string, sum money.Amount) gateway.Message {
	m := gateway.Message{Type: gateway.Paid, TxnID: txn, Amount: sum, Currency: "KZT", Reference: "спасибо", ValueDate: moneyDay, Order: id}
	t.paid[id] = m
	return m
}

// begin clicks "pay", twice, and gives the order.
func (b *bundle) begin(till *till, id int64, sum money.Amount) uuid.UUID {
	b.t.Helper()
	var pages [2]string
	for i := range pages {
		c, err := b.robot.Begin(b.t.Context(), "gateway", id, sum, "kk", "https://1414.gov.kz/p/paid")
		if err != nil {
			b.t.Fatal(err)
		}
		pages[i] = c.Page
	}
	if pages[0] != pages[1] {
		b.t.Errorf("two clicks, two pages: %v", pages)
	}
	var order uuid.UUID
	if err := b.pool.QueryRow(b.t.Context(), `SELECT id FROM payment_orders WHERE case_id = $1`, id).Scan(&order); err != nil {
		b.t.Fatal(err)
	}
	if till.begun[order].Case != caseno.Format(id) {
		b.t.Errorf("the gateway was asked for case %q", till.begun[order].Case)
	}
	return order
}

func (b *bundle) ask() {
	b.t.Helper()
	if err := b.robot.AskTill(b.t.Context(), "gateway"); err != nil && !errors.Is(err, errTillDown) {
		b.t.Fatal(err)
	}
	b.settle()
}

// The message of a payment never comes: whoever began it is asked after. When the message comes after all, it is a duplicate.
func TestTill_asksAfterWhatWasBegun(t *testing.T) {
	gw := newTill()
	b := setupConfig(t, 2, func(c *jobs.Config) { c.Tills = map[string]gateway.Driver{"gateway": gw} })
	sum := money.FromTiyn(owed)
	order := b.begin(gw, b.ids[0], sum)
	m := gw.pay(order, "K-1", sum)
	b.ask()
	if gw.asked != 0 {
		t.Error("asked at once")
	}
	gw.down = true
	b.clock.Advance(2 * time.Minute)
	b.ask()
	gw.down = false
	b.ask()
	if gw.asked != 1 {
		t.Errorf("asked %d times; after a failure it is asked later", gw.asked)
	}
	b.clock.Advance(10 * time.Minute)
	b.ask()
	if c := b.load(b.ids[0]); c.State != engine.Paid {
		t.Fatalf("the case is %s", c.State)
	}
	b.message("late", m)
	b.settle()
	b.clock.Advance(100 * time.Hour)
	b.ask()
	if n := b.count(`SELECT count(*) FROM payments`); n != 1 || gw.asked != 2 {
		t.Errorf("%d payments, asked %d times", n, gw.asked)
	}
	// Nobody pays: after three days nobody asks any more.
	other := b.begin(gw, b.ids[1], sum)
	for range 100 {
		b.clock.Advance(2 * time.Hour)
		b.ask()
	}
	if got := b.count(`SELECT count(*) FROM payment_orders WHERE id = $1 AND state = 'expired' AND look_at IS NULL`, other); got != 1 {
		t.Error("the order that nobody paid is not given up")
	}
	// And still money is money.
	b.message("very late", gw.pay(other, "K-2", sum))
	b.settle()
	if c := b.load(b.ids[1]); c.State != engine.Paid {
		t.Errorf("the case is %s", c.State)
	}
	b.sound()
}

// An order pays the case that it was begun for, whatever the words say, and only at its own gateway.
func TestTill_theOrderSaysTheCase(t *testing.T) {
	gw := newTill()
	b := setupConfig(t, 2, func(c *jobs.Config) { c.Tills = map[string]gateway.Driver{"gateway": gw} })
	order := b.begin(gw, b.ids[0], money.FromTiyn(5000))
	m := gw.pay(order, "K-1", money.FromTiyn(4000)) // not what was asked for
	m.Reference = caseno.Format(b.ids[1])
	b.message("ev", m)
	b.settle()
	if got := b.load(b.ids[0]).Paid.String(); got != "40.00" {
		t.Errorf("paid %s", got)
	}
	m.TxnID, m.Reference = "K-9", ""
	body, err := gateway.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.robot.Receive(t.Context(), payments.Event{Source: "stranger", EventID: "x", Body: body}); err != nil {
		t.Fatal(err)
	}
	b.settle()
	if got := b.load(b.ids[0]).Paid.String(); got != "40.00" {
		t.Errorf("another gateway's word paid the case: %s", got)
	}
	b.sound()
}

// The list of a day brings what no message told, and tells of what it does not have.
func TestTill_theListOfADay(t *testing.T) {
	gw := newTill()
	b := setupConfig(t, 2, func(c *jobs.Config) { c.Tills = map[string]gateway.Driver{"gateway": gw} })
	number := caseno.Format(b.ids[0])
	b.message("ev-1", paid("K-1", 1000, number))
	b.message("ev-2", paid("K-2", 2000, number))
	b.settle()
	gw.day[moneyDay] = []gateway.Message{paid("K-1", 1000, number), paid("K-3", 4000, number)}
	b.clock.Advance(48 * time.Hour)
	for range 2 * 7 { // a week back, and each day once
		b.ask()
	}
	if got := b.load(b.ids[0]).Paid.String(); got != "70.00" {
		t.Errorf("paid %s", got)
	}
	if n := b.count(`SELECT count(*) FROM registers WHERE day = $1 AND entries = 2 AND unknown = 1 AND missing = 1`, moneyDay.UTC()); n != 1 {
		t.Error("the comparison is not kept")
	}
	if n := b.count(`SELECT count(*) FROM registers`); n != 7 {
		t.Errorf("%d days were compared", n)
	}
	b.message("late", paid("K-3", 4000, number))
	b.settle()
	if got := b.load(b.ids[0]).Paid.String(); got != "70.00" {
		t.Errorf("paid %s after the late message", got)
	}
	b.sound()
}
