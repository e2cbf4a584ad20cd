package sandbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"robotbailiff/internal/caseno"
	"robotbailiff/payments/source/gateway"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Checkout is a payment that our side began at the gateway of the world, with its page.
type Checkout struct {
	ID     uuid.UUID `json:"id"` // of our order
	CaseID int64     `json:"case_id"`
	Amount int64     `json:"amount"`
	Back   string    `json:"back"` // where the page leads back to
	Lang   string    `json:"lang"`
	At     time.Time `json:"at"`
	State  string    `json:"state"`  // open, paid or failed
	Reason string    `json:"reason"` // of a failure
	Key    string    `json:"key"`    // of the payment, once paid
}

// The states of a checkout.
const (
	CheckoutOpen   = "open"
	CheckoutPaid   = "paid"
	CheckoutFailed = "failed"
)

// TillPath is where the pages of the world's gateway are.
const TillPath = "/sandbox/till/"

// Till is the payment gateway of the world: what our side asks of it, and what people do on its pages. It keeps what it took in the books of
// the world, tells our side by signed messages, and gives no list of a day.
type Till struct {
	world *World
	base  string // http://HOST of its pages
}

var _ gateway.Driver = (*Till)(nil)

// Till gives the gateway. Several may be made; they share their books.
func (w *World) Till() *Till { return &Till{world: w} }

// At says where the pages of the gateway are, before the first payment is begun.
func (t *Till) At(base string) { t.base = base }

// Begin implements gateway.Driver.
func (t *Till) Begin(ctx context.Context, wish gateway.Wish) (gateway.Checkout, error) {
	caseID, err := caseno.Parse(wish.Case)
	if err != nil {
		return gateway.Checkout{}, fmt.Errorf("sandbox: pay: %w", err)
	}
	if !wish.Amount.IsPositive() {
		return gateway.Checkout{}, fmt.Errorf("sandbox: pay: the sum is %s", wish.Amount)
	}
	now, err := t.world.now(ctx)
	if err != nil {
		return gateway.Checkout{}, err
	}
	err = t.world.books.Change(ctx, Want{Checkouts: []uuid.UUID{wish.Order}}, func(p *Page) error {
		p.Checkouts.Add(Checkout{ID: wish.Order, CaseID: caseID, Amount: wish.Amount.Tiyn(), Back: wish.Return, Lang: wish.Language, At: now, State: CheckoutOpen})
		return nil
	})
	return gateway.Checkout{Page: t.base + TillPath + wish.Order.String()}, err
}

// Status implements gateway.Driver.
func (t *Till) Status(ctx context.Context, orders []uuid.UUID) (map[uuid.UUID]gateway.OrderStatus, error) {
	out := make(map[uuid.UUID]gateway.OrderStatus, len(orders))
	found := map[uuid.UUID]Checkout{}
	err := t.world.books.Change(ctx, Want{Checkouts: orders}, func(p *Page) error {
		clear(found)
		for _, id := range orders {
			if c := p.Checkouts.Get(id); c != nil {
				found[id] = *c
			}
		}
		return nil
	})
	for _, id := range orders {
		c, known := found[id]
		switch {
		case !known:
			out[id] = gateway.OrderStatus{State: gateway.StateUnknown}
		case c.State == CheckoutPaid:
			out[id] = gateway.OrderStatus{State: gateway.StatePaid, Payment: t.world.told(c)}
		case c.State == CheckoutFailed:
			out[id] = gateway.OrderStatus{State: gateway.StateFailed, Reason: gateway.Reason(c.Reason)}
		default:
			out[id] = gateway.OrderStatus{State: gateway.StateOpen}
		}
	}
	return out, err
}

// told is the message of a paid checkout, as its payment was booked.
func (w *World) told(c Checkout) gateway.Message {
	return gateway.Message{
		Type: gateway.Paid, TxnID: w.txnID(SourceGateway, c.Key), Amount: money.FromTiyn(c.Amount), Currency: "KZT", Reference: caseno.Format(c.CaseID),
		ValueDate: calendar.DateOf(c.At), Order: c.ID,
	}
}

// Refund implements gateway.Driver: this gateway gives nothing back.
func (t *Till) Refund(context.Context, gateway.Refund) (gateway.RefundStatus, error) {
	return gateway.RefundRejected, nil
}

// Register implements gateway.Driver: this gateway gives no lists, so that the messages which the world loses stay lost.
func (t *Till) Register(context.Context, calendar.Date, string) ([]gateway.Message, string, error) {
	return nil, "", gateway.ErrNoRegister
}

// ErrNoCheckout says that nobody began such a payment.
var ErrNoCheckout = errors.New("sandbox: no such payment was begun")

// Checkout shows a payment that was begun.
func (t *Till) Checkout(ctx context.Context, id uuid.UUID) (c Checkout, err error) {
	err = t.change(ctx, id, func(_ *Page, found *Checkout) { c = *found })
	return c, err
}

// Pay is somebody who pays on the page of the gateway; a second click pays nothing more. The next Step brings the message.
func (t *Till) Pay(ctx context.Context, id uuid.UUID) error {
	now, err := t.world.now(ctx)
	if err != nil {
		return err
	}
	c, err := t.Checkout(ctx, id)
	if err != nil {
		return err
	}
	w := t.world
	key := "order/" + id.String()
	pay := payment{source: SourceGateway, key: key, caseID: c.CaseID, order: id, amount: c.Amount, at: now}
	txn := SourceGateway + "/" + w.txnID(SourceGateway, key)
	return w.books.Change(ctx, Want{Checkouts: []uuid.UUID{id}, Cases: []int64{c.CaseID}, Payments: []string{txn}}, func(p *Page) error {
		c := p.Checkouts.Get(id)
		if c.State != CheckoutOpen {
			return nil
		}
		c.State, c.Key, c.At = CheckoutPaid, key, now
		d := p.debtor(c.CaseID)
		d.Paid += c.Amount
		d.LastAt = now
		w.transfer(p, pay)
		if it := p.Items.Get("hook/" + txn + "/paid"); it != nil {
			it.At = now // whoever clicks wants to see it
		}
		return nil
	})
}

// Decline is a bank that refuses on the page of the gateway. No message tells of it.
func (t *Till) Decline(ctx context.Context, id uuid.UUID, reason gateway.Reason) error {
	return t.change(ctx, id, func(_ *Page, c *Checkout) {
		if c.State == CheckoutOpen {
			c.State, c.Reason = CheckoutFailed, string(reason)
		}
	})
}

func (t *Till) change(ctx context.Context, id uuid.UUID, f func(*Page, *Checkout)) error {
	return t.world.books.Change(ctx, Want{Checkouts: []uuid.UUID{id}}, func(p *Page) error {
		c := p.Checkouts.Get(id)
		if c == nil {
			return ErrNoCheckout
		}
		f(p, c)
		return nil
	})
}
