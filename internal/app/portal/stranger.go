package portal

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/seal"
)

// Stranger takes the word of somebody who has the telephone and not the debt: the case waits for an operator, and its number gets no
// more SMS. A stranger knows nothing of the case, but the own number, on which the message came: its last four digits are asked for,
// since programs that open links also send the forms behind them. Nothing tells whether the link exists, whether the digits fit,
// or whether the case has ended.
func (s *Service) Stranger(ctx context.Context, token, phoneTail string) error {
	tail := digits(phoneTail)
	if len(tail) != 4 {
		return &FormError{Phone: true}
	}
	now, err := s.now(ctx)
	if err != nil {
		return err
	}
	if seal.ParseToken(token) != nil {
		token = strings.Repeat("1", seal.TokenLength)
	}
	id, found, err := s.cfg.CaseByToken(ctx, token)
	if err != nil {
		return fmt.Errorf("portal: link: %w", err)
	}
	lock := s.cfg.TokenHash("stranger " + token)
	var fits bool
	err = pg.InTx(ctx, s.cfg.Pool, func(tx pgx.Tx) error {
		fits = false
		until, wrong, err := countAttempt(ctx, tx, lock, now)
		if err != nil || until.After(now) {
			return err
		}
		sealed, err := readPhone(ctx, tx, id)
		if err != nil {
			return err
		}
		if fits = found && s.endsIn(sealed, tail); fits {
			return clearGate(ctx, tx, lock)
		}
		var locked error // and is not told
		return countWrong(ctx, tx, lock, wrong, now, &locked)
	})
	if err != nil || !fits {
		return err
	}
	err = s.applyAs(ctx, engine.ActorStranger, id, engine.SetHold{Reason: engine.HoldWrongPerson})
	if errors.Is(err, ErrNotPossible) {
		return nil
	}
	return err
}

// endsIn says whether a sealed telephone ends in four digits.
func (s *Service) endsIn(sealed []byte, tail string) bool {
	phone, err := "", error(nil)
	if len(sealed) > 0 {
		phone, err = s.cfg.OpenPhone(sealed)
	}
	if err != nil || len(phone) < 4 {
		return false
	}
	return seal.Equal([]byte(phone[len(phone)-4:]), []byte(tail))
}
