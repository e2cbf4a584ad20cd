package desk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/payments"
	"robotbailiff/payments/acts"
	"robotbailiff/payments/queue"
	"robotbailiff/rules/money"
)

// Treasury is what the desk needs of the money of all cases: the queues, and what two people do together.
type Treasury interface {
	SuspenseQueue(ctx context.Context, after int64, limit int) ([]queue.Waiting, error)
	MoneyPayment(ctx context.Context, id int64) (queue.Waiting, error)
	RefundQueue(ctx context.Context, after int64, limit int) ([]queue.Refund, error)
	MoneyRefund(ctx context.Context, payment int64) ([]queue.Refund, error)
	MoneyEffect(ctx context.Context, a acts.Act) (acts.Effect, error)
	NameSent(ctx context.Context, txn string, named []acts.Named) ([]acts.Part, error)
	NameBack(ctx context.Context, payment int64, came money.Amount, txn string, caseID int64) ([]acts.Part, error)
	SentByHand(ctx context.Context, limit int) ([]payments.ByHand, error)
	ProposeMoney(ctx context.Context, a acts.Act) (int64, error)
	ApproveMoney(ctx context.Context, id int64, actor, reason, seen string) error
	RejectMoney(ctx context.Context, id int64, actor, reason string) error
	GiveRequisites(ctx context.Context, payment int64, p payments.Payer, actor, reason string) error
	CollectRefunds(ctx context.Context, ids []int64, account, actor, reason string) (int64, error)
	ReleaseFile(ctx context.Context, id int64, actor, reason string) error
	DropFile(ctx context.Context, id int64, actor, reason string) error
	PayoutFile(ctx context.Context, id int64, actor, reason string) (name string, body []byte, err error)
	OpenPayer(ctx context.Context, payment int64, actor, reason string) (queue.Opened, error)
	TakeReport(ctx context.Context, report io.Reader) (queue.Told, error)
	Remitter
}

// ErrNoMoney says that this installation has no money pages.
var ErrNoMoney = errors.New("desk: no money is configured")

// moneyPage is how many payments or refunds a page shows.
const moneyPage = 50

func (s *Service) money(actor Actor) error {
	if s.cfg.Money == nil {
		return ErrNoMoney
	}
	return actor.check()
}

// MoneyDay is how the money stands.
type MoneyDay struct {
	Now        time.Time
	Flow       []FlowRow
	Total      FlowRow
	Suspense   payments.Total
	Refunds    payments.Total
	Claimants  payments.Total
	Owed       payments.Total // by claimants
	Ages       []AgeRow
	Open       []acts.Act
	Recent     []acts.Act
	Gone       []payments.Gone
	Statements []StatementRow
}

// MoneyDay reads how the money stands, on one unchanging picture.
func (s *Service) MoneyDay(ctx context.Context, actor Actor) (d MoneyDay, err error) {
	if err := s.money(actor); err != nil {
		return d, err
	}
	if d.Now, err = s.cfg.Cases.Now(ctx); err != nil {
		return d, err
	}
	var store payments.Store
	var done acts.Store
	err = s.read(ctx, func(tx pgx.Tx) error {
		if d.Flow, d.Total, err = readFlow(ctx, tx, d.Now); err != nil {
			return err
		}
		if d.Suspense, err = store.Suspense(ctx, tx); err != nil {
			return err
		}
		if d.Refunds, err = store.RefundsDue(ctx, tx); err != nil {
			return err
		}
		if d.Claimants, err = store.DueToClaimants(ctx, tx); err != nil {
			return err
		}
		if d.Owed, err = store.OwedByClaimants(ctx, tx); err != nil {
			return err
		}
		if d.Ages, err = readAges(ctx, tx, d.Now); err != nil {
			return err
		}
		if d.Open, err = done.Open(ctx, tx, d.Now); err != nil {
			return err
		}
		if d.Recent, err = done.Recent(ctx, tx, d.Now, 20); err != nil {
			return err
		}
		if d.Open, err = seenActs(ctx, tx, actor, d.Open); err != nil {
			return err
		}
		if d.Recent, err = seenActs(ctx, tx, actor, d.Recent); err != nil {
			return err
		}
		if d.Gone, err = store.UnexplainedList(ctx, tx, "", moneyPage); err != nil {
			return err
		}
		d.Statements, err = readStatements(ctx, tx)
		return err
	})
	if err != nil {
		return d, fmt.Errorf("desk: money: %w", err)
	}
	return d, nil
}

// SuspenseQueue gives a page of the queue; next is where the following one begins, 0 when there is none.
func (s *Service) SuspenseQueue(ctx context.Context, actor Actor, after int64) (list []queue.Waiting, next int64, err error) {
	if err := s.money(actor); err != nil {
		return nil, 0, err
	}
	list, err = s.cfg.Money.SuspenseQueue(ctx, after, moneyPage)
	if len(list) == moneyPage {
		next = list[moneyPage-1].Payment.ID
	}
	if err == nil {
		list, err = s.seenWaiting(ctx, actor, list)
	}
	return list, next, err
}

// MoneyPayment is one payment with what waits for it.
type MoneyPayment struct {
	queue.Waiting

	Refund []queue.Refund // one when money is due back that no order carries
	Acts   []acts.Act     // that wait with this money
	Sent   []SentByHand   // what went to claimants by hand, and may have come back by it
	Opened *queue.Opened  // for a person who said why
}

// MoneyPayment reads one payment.
func (s *Service) MoneyPayment(ctx context.Context, actor Actor, id int64) (p MoneyPayment, err error) {
	if err := s.money(actor); err != nil {
		return p, err
	}
	now, err := s.cfg.Cases.Now(ctx)
	if err != nil {
		return p, err
	}
	if err := s.seesPayments(ctx, actor, id); err != nil {
		return p, err
	}
	w, err := s.cfg.Money.MoneyPayment(ctx, id)
	if err != nil {
		return p, err
	}
	one, err := s.seenWaiting(ctx, actor, []queue.Waiting{w})
	if err != nil || len(one) != 1 {
		return p, errors.Join(err, payments.ErrNoSuch)
	}
	p.Waiting = one[0]
	if p.Refund, err = s.cfg.Money.MoneyRefund(ctx, id); err != nil {
		return p, err
	}
	if p.Sent, err = s.sentByHand(ctx, actor, p.Payment); err != nil {
		return p, err
	}
	open, err := (&acts.Store{}).Open(ctx, s.cfg.Pool, now)
	if err != nil {
		return p, err
	}
	if open, err = seenActs(ctx, s.cfg.Pool, actor, open); err != nil {
		return p, err
	}
	for _, a := range open {
		for _, of := range a.Payments() {
			if of == id {
				p.Acts = append(p.Acts, a)
				break
			}
		}
	}
	return p, nil
}

// OpenPayer shows what is sealed of a payment to a person who says why; that is written down.
func (s *Service) OpenPayer(ctx context.Context, actor Actor, id int64, reason string) (p MoneyPayment, err error) {
	if err := s.money(actor); err != nil {
		return p, err
	}
	if err := s.seesPayments(ctx, actor, id); err != nil {
		return p, err
	}
	o, err := s.cfg.Money.OpenPayer(ctx, id, actor.Name, reason)
	if err != nil {
		return p, err
	}
	p, err = s.MoneyPayment(ctx, actor, id)
	p.Opened = &o
	return p, err
}

// GiveRequisites keeps where a person says that a refund goes.
func (s *Service) GiveRequisites(ctx context.Context, actor Actor, id int64, p payments.Payer, reason string) error {
	if err := s.money(actor); err != nil {
		return err
	}
	if err := s.seesPayments(ctx, actor, id); err != nil {
		return err
	}
	return s.cfg.Money.GiveRequisites(ctx, id, p, actor.Name, reason)
}

// Refunds is the queue of what is due back, and the files.
type Refunds struct {
	Now      time.Time
	List     []queue.Refund
	Next     int64 // where the next page begins; 0: there is none
	Files    []payments.PayoutFile
	Accounts []string // ours, from which can be paid
}

// Refunds reads a page of the queue.
func (s *Service) Refunds(ctx context.Context, actor Actor, after int64) (v Refunds, err error) {
	if err := s.money(actor); err != nil {
		return v, err
	}
	if v.Now, err = s.cfg.Cases.Now(ctx); err != nil {
		return v, err
	}
	if v.List, err = s.cfg.Money.RefundQueue(ctx, after, moneyPage); err != nil {
		return v, err
	}
	if len(v.List) == moneyPage {
		v.Next = v.List[moneyPage-1].PaymentID
	}
	if v.List, err = s.seenRefunds(ctx, actor, v.List); err != nil {
		return v, err
	}
	v.Files, v.Accounts, err = s.files(ctx, payments.RefundKind, v.Now)
	return v, err
}

// files gives the newest files of a kind, and our accounts, from which can be paid.
func (s *Service) files(ctx context.Context, kind payments.PayoutKind, now time.Time) (files []payments.PayoutFile, ours []string, err error) {
	var store payments.Store
	if files, err = store.Files(ctx, s.cfg.Pool, kind, 30, now); err != nil {
		return nil, nil, err
	}
	accounts, err := store.Accounts(ctx, s.cfg.Pool)
	for _, a := range accounts {
		if a.Gateway == "" {
			ours = append(ours, a.IBAN)
		}
	}
	return files, ours, err
}

// CollectRefunds puts refunds into a file for another person to release.
func (s *Service) CollectRefunds(ctx context.Context, actor Actor, ids []int64, account, reason string) (int64, error) {
	if err := s.money(actor); err != nil {
		return 0, err
	}
	if err := s.seesPayments(ctx, actor, ids...); err != nil {
		return 0, err
	}
	return s.cfg.Money.CollectRefunds(ctx, ids, account, actor.Name, reason)
}

// PayoutFile is a file with its orders.
type PayoutFile struct {
	payments.PayoutFile

	Orders []payments.PayOrder
	Totals []queue.Total // of remittances
	Until  time.Time     // when the wait for the second person ends
}

// File reads one file of payment orders.
func (s *Service) File(ctx context.Context, actor Actor, id int64) (f PayoutFile, err error) {
	if err := s.moneyWhole(actor); err != nil {
		return f, err
	}
	now, err := s.cfg.Cases.Now(ctx)
	if err != nil {
		return f, err
	}
	var store payments.Store
	if f.PayoutFile, err = store.File(ctx, s.cfg.Pool, id, now); err != nil {
		return f, err
	}
	f.Until = f.CollectedAt.Add(payments.ReleaseWithin)
	if f.Orders, err = store.PayoutsOf(ctx, s.cfg.Pool, id); err != nil || f.Kind != payments.RemittanceKind {
		return f, err
	}
	f.Totals, err = s.cfg.Money.FileTotals(ctx, id)
	return f, err
}

// ReleaseFile makes a file that another person has collected.
func (s *Service) ReleaseFile(ctx context.Context, actor Actor, id int64, reason string) error {
	if err := s.moneyWhole(actor); err != nil {
		return err
	}
	return s.cfg.Money.ReleaseFile(ctx, id, actor.Name, reason)
}

// DropFile makes the money of a file due again.
func (s *Service) DropFile(ctx context.Context, actor Actor, id int64, reason string) error {
	if err := s.moneyWhole(actor); err != nil {
		return err
	}
	return s.cfg.Money.DropFile(ctx, id, actor.Name, reason)
}

// TakeFile gives a released file; who takes it and why is written down.
func (s *Service) TakeFile(ctx context.Context, actor Actor, id int64, reason string) (name string, body []byte, err error) {
	if err := s.moneyWhole(actor); err != nil {
		return "", nil, err
	}
	return s.cfg.Money.PayoutFile(ctx, id, actor.Name, reason)
}

// TakeReport books what a bank says of our payment orders.
func (s *Service) TakeReport(ctx context.Context, actor Actor, report io.Reader) (queue.Told, error) {
	if err := s.moneyWhole(actor); err != nil {
		return queue.Told{}, err
	}
	return s.cfg.Money.TakeReport(ctx, report)
}
