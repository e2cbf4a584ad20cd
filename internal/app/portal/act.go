package portal

import (
	"context"
	"errors"
	"fmt"

	"robotbailiff/engine"
	"robotbailiff/internal/caseno"
	"robotbailiff/rules/calendar"
)

// Pay begins a payment of the whole outstanding sum. A second call while the first payment is under way begins nothing.
// The intent is kept before the payment system is called, and nothing is called inside a transaction.
func (s *Service) Pay(ctx context.Context, session string) error {
	id, c, err := s.load(ctx, session)
	if err != nil {
		return err
	}
	if c.State.Final() || !c.Outstanding.IsPositive() || s.cfg.Checkout == nil {
		return ErrNotPossible
	}
	now, err := s.cfg.Cases.Now(ctx)
	if err != nil {
		return fmt.Errorf("portal: legal time: %w", err)
	}
	fresh, err := startCheckout(ctx, s.cfg.Pool, id, c.Outstanding, now)
	if err != nil {
		return fmt.Errorf("portal: payment for case %d: %w", id, err)
	}
	if !fresh {
		return nil
	}
	if err := s.cfg.Checkout.StartPayment(ctx, caseno.Format(id), c.Outstanding, now); err != nil {
		drop := dropCheckout(context.WithoutCancel(ctx), s.cfg.Pool, id)
		return errors.Join(fmt.Errorf("%w: case %d: %w", ErrNoCheckout, id, err), drop)
	}
	return nil
}

// Abandon forgets a payment that the debtor says was not finished, so that another can be begun. Money that comes all the
// same is never lost: what is too much is due back.
func (s *Service) Abandon(ctx context.Context, session string) error {
	id, err := s.caseOf(ctx, session)
	if err != nil {
		return err
	}
	return dropCheckout(ctx, s.cfg.Pool, id)
}

// Refuse records the debtor's refusal of the simplified procedure (EL 10-1(3)). total is what the debtor was told the
// debt and the fee come to; when it is no longer true, nothing happens and the price is to be shown again.
func (s *Service) Refuse(ctx context.Context, session, total string) error {
	id, c, err := s.load(ctx, session)
	if err != nil {
		return err
	}
	now, err := s.cfg.Cases.Now(ctx)
	if err != nil {
		return fmt.Errorf("portal: legal time: %w", err)
	}
	if c.State.Final() {
		return ErrNotPossible
	}
	on := max(c.TermEndsOn.AddDays(1), calendar.DateOf(now))
	if f := feeOf(s.cfg.Cases.Pack(), c.Outstanding, on, "ru"); f.Total.String() != total {
		return ErrPriceMoved
	}
	return s.apply(ctx, id, engine.RequestRefusal{})
}

// UndoRefusal takes the refusal back while it can be.
func (s *Service) UndoRefusal(ctx context.Context, session string) error {
	id, err := s.caseOf(ctx, session)
	if err != nil {
		return err
	}
	return s.apply(ctx, id, engine.UndoRefusal{})
}

// Stranger takes the word of somebody who has the telephone and not the debt: the case waits for an operator, and its number gets no
// more SMS. Nobody is asked for anything, since a stranger knows nothing of the case; and nothing tells whether the link exists, or
// whether the case has ended.
func (s *Service) Stranger(ctx context.Context, token string) error {
	id, found, err := s.cfg.CaseByToken(ctx, token)
	if err != nil {
		return fmt.Errorf("portal: link: %w", err)
	}
	if !found {
		return nil
	}
	err = s.applyAs(ctx, engine.ActorStranger, id, engine.SetHold{Reason: engine.HoldWrongPerson})
	if errors.Is(err, ErrNotPossible) {
		return nil
	}
	return err
}

func (s *Service) load(ctx context.Context, session string) (int64, engine.Case, error) {
	id, err := s.caseOf(ctx, session)
	if err != nil {
		return 0, engine.Case{}, err
	}
	cases, err := engine.Load(ctx, s.cfg.Pool, []int64{id})
	if err != nil {
		return 0, engine.Case{}, fmt.Errorf("portal: case %d: %w", id, err)
	}
	if len(cases) != 1 {
		return 0, engine.Case{}, ErrNoSession
	}
	return id, cases[0], nil
}
