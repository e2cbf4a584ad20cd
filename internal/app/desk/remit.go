package desk

import (
	"context"
	"time"

	"robotbailiff/payments"
	"robotbailiff/payments/queue"
	"robotbailiff/rules/money"
)

// Remitter is what the desk needs of the money that goes on to claimants. Files are released, taken and answered like those of refunds.
type Remitter interface {
	Claimants(ctx context.Context) ([]queue.Claimant, error)
	OwedByClaimants(ctx context.Context, after int64, limit int) ([]queue.Owed, error)
	CollectRemittances(ctx context.Context, scope, account, actor, reason string) (queue.Run, error)
	FileTotals(ctx context.Context, file int64) ([]queue.Total, error)
	ProposeRequisites(ctx context.Context, scope string, to payments.Requisites, actor, reason string) (int64, error)
	ApproveRequisites(ctx context.Context, id int64, actor, reason string) error
	RejectRequisites(ctx context.Context, id int64, actor, reason string) error
}

// Claimants is what is due to claimants and owed by them, and the files.
type Claimants struct {
	Now      time.Time
	List     []queue.Claimant
	Owed     []queue.Owed
	Files    []payments.PayoutFile
	Accounts []string // ours, from which can be paid

	Ready queue.Pile    // what the next run can send
	Wrong queue.Pile    // due, and the requisites are missing or wrong
	Waits queue.Pile    // due later, or stopped
	Ages  [4]queue.Pile // of what can be sent, by days since the value date
}

// RemitAges are the bounds of the columns, in days: up to a week, two weeks, a month, and older.
var RemitAges = [3]int{7, 14, 30}

// Claimants reads what is due to claimants.
func (s *Service) Claimants(ctx context.Context, actor Actor) (v Claimants, err error) {
	if err := s.moneyWhole(actor); err != nil {
		return v, err
	}
	if v.Now, err = s.cfg.Cases.Now(ctx); err != nil {
		return v, err
	}
	if v.List, err = s.cfg.Money.Claimants(ctx); err != nil {
		return v, err
	}
	for i := range v.List {
		c := &v.List[i]
		for _, p := range []queue.Pile{c.Young, c.Gateway, c.Withheld, c.Claimed} {
			v.Waits = v.Waits.With(p)
		}
		for k, p := range c.Ages {
			v.Ages[k] = v.Ages[k].With(p)
		}
		if c.Wrong != "" {
			v.Wrong = v.Wrong.With(c.Ready)
		} else {
			v.Ready = v.Ready.With(c.Ready)
		}
	}
	if v.Owed, err = s.cfg.Money.OwedByClaimants(ctx, 0, moneyPage); err != nil {
		return v, err
	}
	v.Files, v.Accounts, err = s.files(ctx, payments.RemittanceKind, v.Now)
	return v, err
}

// Claimant reads one scope of them.
func (s *Service) Claimant(ctx context.Context, actor Actor, id string) (c queue.Claimant, until time.Time, err error) {
	if err := s.moneyWhole(actor); err != nil {
		return c, until, err
	}
	list, err := s.cfg.Money.Claimants(ctx)
	for i := range list {
		if list[i].ID == id {
			if p := list[i].Pending; p != nil {
				until = p.ProposedAt.Add(payments.ReleaseWithin)
			}
			return list[i], until, err
		}
	}
	if err == nil {
		err = payments.ErrNoSuch
	}
	return c, until, err
}

// CollectRemittances puts what is due, of one scope or of all, into a file for another person to release.
func (s *Service) CollectRemittances(ctx context.Context, actor Actor, scope, account, reason string) (queue.Run, error) {
	if err := s.moneyWhole(actor); err != nil {
		return queue.Run{Sum: money.Zero}, err
	}
	return s.cfg.Money.CollectRemittances(ctx, scope, account, actor.Name, reason)
}

// ProposeRequisites keeps where a person says that the money of a scope goes.
func (s *Service) ProposeRequisites(ctx context.Context, actor Actor, scope string, to payments.Requisites, reason string) error {
	if err := s.moneyWhole(actor); err != nil {
		return err
	}
	_, err := s.cfg.Money.ProposeRequisites(ctx, scope, to, actor.Name, reason)
	return err
}

// ApproveRequisites lets the money go where another person has said.
func (s *Service) ApproveRequisites(ctx context.Context, actor Actor, id int64, reason string) error {
	if err := s.moneyWhole(actor); err != nil {
		return err
	}
	return s.cfg.Money.ApproveRequisites(ctx, id, actor.Name, reason)
}

// RejectRequisites sends a proposal away.
func (s *Service) RejectRequisites(ctx context.Context, actor Actor, id int64, reason string) error {
	if err := s.moneyWhole(actor); err != nil {
		return err
	}
	return s.cfg.Money.RejectRequisites(ctx, id, actor.Name, reason)
}
