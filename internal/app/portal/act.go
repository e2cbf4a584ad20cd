package portal

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/internal/pg"
	"robotbailiff/notify/passcode"
	"robotbailiff/rules/calendar"
)

// Refuse records the debtor's refusal of the simplified procedure (EL 10-1(3)), with the code that came by SMS: the transaction that
// records it uses the code up. total is what the debtor was told the debt and the fee come to; when it is no longer true, nothing
// happens and the price is to be shown again. A code that does not fit is a [*CodeError], and counts; what is no code at all is a
// [*FormError], and does not. A refusal that stands already needs no second one.
func (s *Service) Refuse(ctx context.Context, session, total, code string) error {
	id, c, err := s.load(ctx, session)
	if err != nil {
		return err
	}
	now, err := s.now(ctx)
	if err != nil {
		return err
	}
	switch {
	case !s.cfg.Codes.exist() || c.State.Final() || c.Hold == engine.HoldWrongPerson: // a code that went to a stranger is none
		return ErrNotPossible
	case !c.RefusalAt.IsZero():
		return nil // a second click
	}
	on := max(c.TermEndsOn.AddDays(1), calendar.DateOf(now))
	if f := feeOf(s.cfg.Cases.Pack(), c.Outstanding, on, "ru"); f.Total.String() != total {
		return ErrPriceMoved
	}
	if code = digits(code); len(code) != passcode.Digits {
		return &FormError{Code: true}
	}
	var refused error
	err = pg.InTx(ctx, s.cfg.Pool, func(tx pgx.Tx) error {
		state, right, err := s.cfg.Codes.Store.Use(ctx, tx, id, refusalCode, code)
		if refused = nil; err != nil {
			return err
		}
		if !right {
			refused = &CodeError{state}
			return nil // the try is kept
		}
		plan, err := s.cfg.Cases.ApplyTx(ctx, tx, []engine.For{{CaseID: id, Actor: engine.ActorDebtor, Command: engine.RequestRefusal{}}})
		if err == nil && (len(plan.Outcomes) != 1 || plan.Outcomes[0].Refusal != nil) {
			err = ErrNotPossible // and the code is as it was
		}
		return err
	})
	if errors.Is(err, ErrNotPossible) {
		return err
	}
	if err != nil {
		return fmt.Errorf("portal: refusal of case %d: %w", id, err)
	}
	return refused
}

// UndoRefusal takes the refusal back while it can be.
func (s *Service) UndoRefusal(ctx context.Context, session string) error {
	id, err := s.caseOf(ctx, session)
	if err != nil {
		return err
	}
	return s.apply(ctx, id, engine.UndoRefusal{})
}

func (s *Service) load(ctx context.Context, session string) (int64, engine.Case, error) {
	id, err := s.caseOf(ctx, session)
	if err != nil {
		return 0, engine.Case{}, err
	}
	c, err := s.loadCase(ctx, id)
	return id, c, err
}

func (s *Service) loadCase(ctx context.Context, id int64) (engine.Case, error) {
	cases, err := engine.Load(ctx, s.cfg.Pool, []int64{id})
	if err != nil {
		return engine.Case{}, fmt.Errorf("portal: case %d: %w", id, err)
	}
	if len(cases) != 1 {
		return engine.Case{}, ErrNoSession
	}
	return cases[0], nil
}
