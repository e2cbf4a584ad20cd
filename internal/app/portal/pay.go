package portal

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/pg"
	"robotbailiff/notify/text"
	"robotbailiff/payments"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Till is a payment gateway that a debtor may choose.
type Till struct{ Source, Title string }

// Pay is how the portal takes money. The zero value names no way to pay.
type Pay struct {
	Tills []Till
	// Begin begins a payment at a gateway, or gives the one that is under way; back is where the gateway sends the browser afterwards.
	Begin func(ctx context.Context, source string, caseID int64, amount money.Amount, language, back string) (payments.Order, error)
	// Book knows orders and what they brought; required with tills.
	Book *payments.Store
	// Base is the address of the portal, https://HOST.
	Base string
	// Requisites are for those who pay by a transfer.
	Requisites Timetable
}

// returnPath is where gateways send browsers back to. It holds nothing of the payment, and what a gateway adds is not read.
const returnPath = "/p/return"

// Payment is a payment that was begun at a gateway, as its debtor sees it.
type Payment struct {
	ID     uuid.UUID
	Till   string // title of the gateway
	Amount money.Amount
	Since  time.Time // legal time
	State  payments.OrderState
	Reason string // of a failure; may be empty
	Left   bool   // the debtor has said that he did not pay here
	Page   string // where to pay, while that is possible
	App    string // the same in an app; may be empty
	QR     string // the same for another telephone
	Host   string // of the page
}

// UnderWay says whether money may still come by it, so that no other is offered.
func (p *Payment) UnderWay() bool {
	return !p.Left && (p.State == payments.Begun || p.State == payments.Open)
}

// PayView is what the page with the ways to pay shows.
type PayView struct {
	Number, Name string
	Outstanding  money.Amount
	Tills        []Till
	Bank         *Requisites // for a transfer; nil: there are none
	UnderWay     *Payment
}

// Ways shows how the case of a session can be paid.
func (s *Service) Ways(ctx context.Context, session string) (PayView, error) {
	who, c, err := s.payer(ctx, session)
	if err != nil {
		return PayView{}, err
	}
	id := who.caseID
	if !s.payable(c) {
		return PayView{}, ErrNotPossible
	}
	now, err := s.now(ctx)
	if err != nil {
		return PayView{}, err
	}
	w, err := readWrit(ctx, s.cfg.Pool, id)
	if err != nil {
		return PayView{}, fmt.Errorf("portal: writ of case %d: %w", id, err)
	}
	v := PayView{Number: caseno.Format(id), Name: w.name, Outstanding: c.Outstanding, Tills: s.cfg.Pay.Tills}
	if r, ok := s.cfg.Pay.Requisites.On(calendar.DateOf(now), w.kind); ok {
		v.Bank = &r
	}
	if who.helper != 0 {
		v.Name = text.Initials(v.Name)
	}
	v.UnderWay, err = s.underWay(ctx, s.cfg.Pool, id, now)
	return v, err
}

// payer gives who holds a session, and the case: a helper may pay as well.
func (s *Service) payer(ctx context.Context, session string) (visitor, engine.Case, error) {
	who, err := s.visitor(ctx, session)
	if err != nil {
		return visitor{}, engine.Case{}, err
	}
	c, err := s.loadCase(ctx, who.caseID)
	return who, c, err
}

func (s *Service) payable(c engine.Case) bool {
	return !c.State.Final() && c.Outstanding.IsPositive() && (len(s.cfg.Pay.Tills) > 0 || len(s.cfg.Pay.Requisites.all) > 0)
}

func (s *Service) underWay(ctx context.Context, q engine.Querier, caseID int64, now time.Time) (*Payment, error) {
	if s.cfg.Pay.Book == nil {
		return nil, nil
	}
	o, ok, err := s.cfg.Pay.Book.OrderUnderWay(ctx, q, caseID, now)
	if err != nil || !ok {
		return nil, err
	}
	return s.payment(o), nil
}

// payment shows an order. Addresses that a browser must not follow are left out.
func (s *Service) payment(o payments.Order) *Payment {
	p := &Payment{ID: o.ID, Till: o.Gateway, Amount: o.Amount, Since: o.Begun, State: o.State, Reason: o.Reason, Left: o.Left}
	if i := slices.IndexFunc(s.cfg.Pay.Tills, func(t Till) bool { return t.Source == o.Gateway }); i >= 0 {
		p.Till = s.cfg.Pay.Tills[i].Title
	}
	if u, ok := s.web(o.Page); ok && p.UnderWay() {
		p.Page, p.Host, p.QR = o.Page, u.Host, o.QR
		if p.QR == "" {
			p.QR = o.Page
		}
		if _, ok := s.web(o.App); ok {
			p.App = o.App
		}
	}
	return p
}

// web says whether a link of a gateway may stand on a page: over TLS, or on the portal's own host, as a sandbox has it.
func (s *Service) web(link string) (*url.URL, bool) {
	u, err := url.Parse(link)
	if err != nil || u.Host == "" || u.User != nil {
		return nil, false
	}
	return u, u.Scheme == "https" || u.Scheme+"://"+u.Host == s.cfg.Pay.Base
}

// Pay begins a payment of a sum that a debtor typed, at a gateway that he chose; while one is under way it gives that one. Bad sums are a
// [SumError]. The intent is kept before the gateway is called, and nothing is called inside a transaction.
func (s *Service) Pay(ctx context.Context, session, typed, till string, lang i18n.Lang) (uuid.UUID, error) {
	who, c, err := s.payer(ctx, session)
	if err != nil {
		return uuid.Nil, err
	}
	id := who.caseID
	if !s.payable(c) || s.cfg.Pay.Begin == nil {
		return uuid.Nil, ErrNotPossible
	}
	if !slices.ContainsFunc(s.cfg.Pay.Tills, func(t Till) bool { return t.Source == till }) {
		return uuid.Nil, ErrChoice
	}
	sum, err := ParseSum(typed)
	if err != nil {
		return uuid.Nil, err
	}
	if c.Outstanding.Less(sum) {
		return uuid.Nil, &SumError{SumTooMuch}
	}
	o, err := s.cfg.Pay.Begin(ctx, till, id, sum, string(lang), s.cfg.Pay.Base+returnPath)
	switch {
	case errors.Is(err, payments.ErrNotOwed):
		return uuid.Nil, &SumError{SumMoved}
	case errors.Is(err, payments.ErrNoTill):
		return uuid.Nil, ErrChoice
	case err != nil:
		return uuid.Nil, fmt.Errorf("%w: case %d, %s: %w", ErrNoCheckout, id, till, err)
	}
	return o.ID, nil
}

// Payment shows a payment of the case of a session, together with the case. One of another case does not exist.
func (s *Service) Payment(ctx context.Context, session, id string, lang i18n.Lang) (*Payment, View, error) {
	who, err := s.visitor(ctx, session)
	if err != nil {
		return nil, View{}, err
	}
	o, err := s.orderOf(ctx, who.caseID, id)
	if err != nil {
		return nil, View{}, err
	}
	now, err := s.now(ctx)
	if err != nil {
		return nil, View{}, err
	}
	v, err := s.viewFor(ctx, who, now, lang)
	return s.payment(o), v, err
}

func (s *Service) orderOf(ctx context.Context, caseID int64, id string) (payments.Order, error) {
	order, err := uuid.Parse(id)
	if err != nil || s.cfg.Pay.Book == nil {
		return payments.Order{}, ErrNotFound
	}
	o, ok, err := s.cfg.Pay.Book.OrderOf(ctx, s.cfg.Pool, order, caseID)
	if err == nil && !ok {
		err = ErrNotFound
	}
	return o, err
}

// LastPayment gives the newest payment of the case of a session, for a browser that a gateway sends back; the zero id when there is none.
func (s *Service) LastPayment(ctx context.Context, session string) (uuid.UUID, error) {
	who, err := s.visitor(ctx, session)
	if err != nil || s.cfg.Pay.Book == nil {
		return uuid.Nil, err
	}
	now, err := s.now(ctx)
	if err != nil {
		return uuid.Nil, err
	}
	o, _, err := s.cfg.Pay.Book.LastOrder(ctx, s.cfg.Pool, who.caseID, now)
	return o.ID, err
}

// LeavePayment takes the debtor's word that he did not pay there, so that another payment can be begun. Money that comes all the same is
// never lost: what is too much is due back.
func (s *Service) LeavePayment(ctx context.Context, session, id string) error {
	who, err := s.visitor(ctx, session)
	if err != nil {
		return err
	}
	o, err := s.orderOf(ctx, who.caseID, id)
	if err != nil {
		return err
	}
	now, err := s.now(ctx)
	if err != nil {
		return err
	}
	return pg.InTx(ctx, s.cfg.Pool, func(tx pgx.Tx) error { return s.cfg.Pay.Book.LeaveOrder(ctx, tx, o.ID, who.caseID, now) })
}
