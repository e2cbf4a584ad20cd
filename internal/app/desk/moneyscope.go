package desk

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"robotbailiff/payments"
	"robotbailiff/payments/acts"
	"robotbailiff/payments/queue"
)

// moneyWhole is for what concerns money of all regions: files, claimants, and what banks say of them.
func (s *Service) moneyWhole(actor Actor) error {
	if err := s.money(actor); err != nil {
		return err
	}
	return actor.whole()
}

// elsewhereSQL gives those of some payments whose case an actor does not see. Money that has no case yet is of no region.
const elsewhereSQL = `SELECT p.id FROM payments p JOIN cases c ON c.id = p.case_id WHERE p.id = ANY ($1) AND c.region <> ALL ($2)`

// elsewhere gives those of some payments that an actor does not see.
func elsewhere(ctx context.Context, q querier, actor Actor, ids ...int64) (hidden []int64, err error) {
	if actor.Whole() {
		return nil, nil
	}
	rows, err := q.Query(ctx, elsewhereSQL, ids, actor.Regions)
	if err != nil {
		return nil, fmt.Errorf("desk: regions of payments: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

// seesPayments says that an actor does not see one of some payments, as if it did not exist.
func (s *Service) seesPayments(ctx context.Context, actor Actor, ids ...int64) error {
	hidden, err := elsewhere(ctx, s.cfg.Pool, actor, ids...)
	if err == nil && len(hidden) > 0 {
		err = payments.ErrNoSuch
	}
	return err
}

// seenActs leaves out the acts that are about a payment or a case which an actor does not see.
func seenActs(ctx context.Context, q querier, actor Actor, list []acts.Act) ([]acts.Act, error) {
	if actor.Whole() {
		return list, nil
	}
	var ids, cases []int64
	for i := range list {
		ids = append(ids, list[i].Payments()...)
		for _, p := range list[i].Parts {
			cases = append(cases, p.CaseID)
		}
	}
	hidden, err := elsewhere(ctx, q, actor, ids...)
	if err != nil {
		return nil, err
	}
	seen, err := scope(ctx, q, actor, cases...)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list, func(a acts.Act) bool {
		return slices.ContainsFunc(a.Payments(), func(id int64) bool { return slices.Contains(hidden, id) }) ||
			slices.ContainsFunc(a.Parts, func(p acts.Part) bool { return p.CaseID != 0 && !seen[p.CaseID] })
	}), nil
}

// seesAct says that an actor does not see an act, as if it did not exist.
func (s *Service) seesAct(ctx context.Context, actor Actor, id int64) error {
	if actor.Whole() {
		return nil
	}
	now, err := s.cfg.Cases.Now(ctx)
	if err != nil {
		return err
	}
	a, err := (&acts.Store{}).Act(ctx, s.cfg.Pool, id, now)
	if err != nil {
		return err
	}
	return s.seesParts(ctx, actor, a)
}

func (s *Service) seesParts(ctx context.Context, actor Actor, a acts.Act) error {
	left, err := seenActs(ctx, s.cfg.Pool, actor, []acts.Act{a})
	if err == nil && len(left) == 0 {
		err = acts.ErrNoAct
	}
	return err
}

// seenWaiting leaves out the payments, and of the others the cases that may be meant, which an actor does not see.
func (s *Service) seenWaiting(ctx context.Context, actor Actor, list []queue.Waiting) ([]queue.Waiting, error) {
	if actor.Whole() {
		return list, nil
	}
	var ids, cases []int64
	for i := range list {
		ids = append(ids, list[i].Payment.ID)
		for _, c := range list[i].Cases {
			cases = append(cases, c.CaseID)
		}
	}
	hidden, err := elsewhere(ctx, s.cfg.Pool, actor, ids...)
	if err != nil {
		return nil, err
	}
	seen, err := scope(ctx, s.cfg.Pool, actor, cases...)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(w queue.Waiting) bool { return slices.Contains(hidden, w.Payment.ID) })
	for i := range list {
		w := &list[i]
		all := len(w.Cases)
		w.Cases = slices.DeleteFunc(w.Cases, func(c queue.Candidate) bool { return !seen[c.CaseID] })
		if len(w.Cases) < all {
			w.Split = nil // it names all of them
		}
	}
	return list, nil
}

// seenRefunds leaves out the refunds of cases that an actor does not see.
func (s *Service) seenRefunds(ctx context.Context, actor Actor, list []queue.Refund) ([]queue.Refund, error) {
	ids := make([]int64, 0, len(list))
	for i := range list {
		ids = append(ids, list[i].PaymentID)
	}
	hidden, err := elsewhere(ctx, s.cfg.Pool, actor, ids...)
	return slices.DeleteFunc(list, func(r queue.Refund) bool { return slices.Contains(hidden, r.PaymentID) }), err
}
