package gateway

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/outcall"
	"robotbailiff/internal/webhook"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Driver is one payment gateway as we ask it. An error says that nothing is known: the caller asks again later, under the same ids.
type Driver interface {
	// Begin asks for a page on which a debtor pays. The same order gives the same page.
	Begin(ctx context.Context, w Wish) (Checkout, error)
	// Status asks what became of orders. An order without an answer is unknown.
	Status(ctx context.Context, orders []uuid.UUID) (map[uuid.UUID]OrderStatus, error)
	// Refund asks to give a payment back to whoever paid it, in whole or in part. The same refund is done once.
	Refund(ctx context.Context, r Refund) (RefundStatus, error)
	// Register gives all payments and refunds of a closed day, page by page: after is empty at first, next is empty at the end. A gateway
	// without lists says [ErrNoRegister].
	Register(ctx context.Context, day calendar.Date, after string) (entries []Message, next string, err error)
}

// Wish is a payment to begin.
type Wish struct {
	Order    uuid.UUID
	Case     string // its number: the only words that the debtor's bank shows
	Amount   money.Amount
	Language string // of the page
	Return   string // where the page leads back to; it says nothing of whether he paid
}

// Checkout is where a debtor pays.
type Checkout struct {
	Page string // https
	App  string // a deep link into a bank's app; may be empty
	QR   string // what a QR code is to hold; may be empty
}

// OrderStatus is what a gateway says of an order.
type OrderStatus struct {
	State   State
	Payment Message // with StatePaid
	Reason  Reason  // with StateFailed; empty: the gateway does not say
}

// Reason is why a payment failed.
type Reason string

// Reasons of failures. A word of a later version of the contract is none.
const (
	Declined     Reason = "declined" // by the payer's bank
	NoFunds      Reason = "insufficient_funds"
	OverLimit    Reason = "over_limit"
	Cancelled    Reason = "cancelled" // by the payer
	NotConfirmed Reason = "not_confirmed"
)

// Reasons lists every reason once.
var Reasons = []Reason{Declined, NoFunds, OverLimit, Cancelled, NotConfirmed}

// State is how far an order is.
type State string

// States of orders.
const (
	StateOpen    State = "open"
	StatePaid    State = "paid"
	StateFailed  State = "failed"
	StateExpired State = "expired"
	StateUnknown State = "unknown" // the gateway has never heard of it
)

// Refund is money to give back.
type Refund struct {
	ID     uuid.UUID
	TxnID  string // of the payment
	Amount money.Amount
}

// RefundStatus is what a gateway says of a refund.
type RefundStatus string

// Statuses of refunds.
const (
	RefundTaken    RefundStatus = "taken" // it will be done; payment.reversed says when
	RefundDone     RefundStatus = "done"
	RefundRejected RefundStatus = "rejected" // nothing is given back: another way must be found
)

// ClientConfig is what a client needs.
type ClientConfig struct {
	Endpoint  string // what is before /v1: https://HOST[:PORT][/PATH]
	Secret    string // by which the gateway knows us, in the form of Standard Webhooks; never logged
	Transport http.RoundTripper
}

// Client implements [Driver] after the contract in openapi.json. Any number of callers may use it.
type Client struct {
	base   *url.URL
	signer *webhook.Signer
	calls  *outcall.Caller
	world  clock.Clock // of signatures
}

var _ Driver = (*Client)(nil)

const (
	answerWithin = 15 * time.Second
	maxAnswer    = 4 << 20
	// MaxOrders is how many orders one question names at most.
	MaxOrders = 500
)

// NewClient checks the settings. Nothing is connected before the first call.
func NewClient(cfg ClientConfig) (*Client, error) {
	base, err := outcall.Base(cfg.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("gateway: endpoint: %w", err)
	}
	signer, err := webhook.NewSigner(cfg.Secret)
	if err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	return &Client{
		base: base, signer: signer, world: clock.System(),
		calls: outcall.New(outcall.Config{Abreast: 8, Rate: 50, Within: answerWithin, MaxAnswer: maxAnswer, Transport: cfg.Transport}),
	}, nil
}

// ErrAnswer says that the gateway's answer cannot be believed: nothing is known then.
var ErrAnswer = errors.New("gateway: the answer is not one of the contract")

// ErrNoRegister says that a gateway gives no lists.
var ErrNoRegister = errors.New("gateway: it gives no lists")

// ErrRefused says that the gateway took nothing of what was asked.
var ErrRefused = errors.New("gateway: refused")

// Begin implements [Driver].
func (c *Client) Begin(ctx context.Context, w Wish) (Checkout, error) {
	answer, err := c.ask(ctx, "payments", wish{
		Type: kindBegin, Order: w.Order.String(), Case: w.Case, Amount: w.Amount, Currency: currency, Language: w.Language, Return: w.Return,
	})
	if err != nil {
		return Checkout{}, err
	}
	return readCheckout(answer, w.Order)
}

// Status implements [Driver].
func (c *Client) Status(ctx context.Context, orders []uuid.UUID) (map[uuid.UUID]OrderStatus, error) {
	if len(orders) > MaxOrders {
		return nil, fmt.Errorf("gateway: %d orders in one question, at most %d", len(orders), MaxOrders)
	}
	q := question{Type: kindStatus, Orders: make([]string, len(orders))}
	asked := make(map[uuid.UUID]bool, len(orders))
	for i, id := range orders {
		q.Orders[i], asked[id] = id.String(), true
	}
	answer, err := c.ask(ctx, "payments/query", q)
	if err != nil {
		return nil, err
	}
	return readStatuses(answer, asked)
}

// Refund implements [Driver].
func (c *Client) Refund(ctx context.Context, r Refund) (RefundStatus, error) {
	answer, err := c.ask(ctx, "refunds", refund{Type: kindRefund, Refund: r.ID.String(), TxnID: r.TxnID, Amount: r.Amount, Currency: currency})
	if err != nil {
		return "", err
	}
	return readRefund(answer, r.ID)
}

// Register implements [Driver].
func (c *Client) Register(ctx context.Context, day calendar.Date, after string) ([]Message, string, error) {
	answer, err := c.ask(ctx, "registers/query", registerQuestion{Type: kindRegister, Day: day.String(), After: after})
	if err != nil {
		return nil, "", err
	}
	return readRegister(answer)
}

// ask sends one signed question and gives the body of a 200.
func (c *Client) ask(ctx context.Context, path string, what any) ([]byte, error) {
	body, err := encode(what)
	if err != nil {
		return nil, err
	}
	answer, err := c.calls.Do(ctx, func(ctx context.Context) (*http.Request, error) {
		now, err := c.world.Now(ctx)
		if err != nil {
			return nil, err
		}
		header, err := c.signer.Sign("pay-"+rand.Text(), now, body)
		if err != nil {
			return nil, err
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base.JoinPath("v1", path).String(), bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		header.Set("Content-Type", "application/json")
		header.Set("Accept", "application/json")
		header.Set("User-Agent", "robot-bailiff")
		r.Header = header
		return r, nil
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("gateway: %w", err)
	case answer.Status == http.StatusOK:
		return answer.Body, nil
	case answer.Status >= 400 && answer.Status < 500:
		return nil, fmt.Errorf("%w: http_%d", ErrRefused, answer.Status)
	}
	return nil, fmt.Errorf("%w: http_%d", ErrAnswer, answer.Status)
}
