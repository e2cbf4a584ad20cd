package caseacts

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/person"
	"robotbailiff/internal/pg"
)

// Confirm asks for an act of one's own, having seen what it would do. What takes one person is begun at once.
func (s *Store) Confirm(ctx context.Context, who Who, id int64) error {
	begun := false
	err := s.on(ctx, who, id, func(tx pgx.Tx, a Act) error {
		switch {
		case !a.Mine:
			return ErrNotMine
		case a.State != Draft:
			return ErrClosed
		case a.Expired:
			return ErrExpired
		}
		begun = !a.Two
		if a.Kind == OtherPerson {
			if err := s.holdAll(ctx, tx, &a); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, askSQL, id)
		return err
	})
	if err != nil || !begun {
		return err
	}
	return s.begin(ctx, id)
}

// Decide agrees to an act of another person, or refuses it. Who has asked for it may only take it back.
func (s *Store) Decide(ctx context.Context, who Who, id int64, agree bool, why string) error {
	why, ok := person.Reason(why)
	if !ok || !agree && why == "" {
		return &WrongError{Codes: []string{WrongReason}}
	}
	err := s.on(ctx, who, id, func(tx pgx.Tx, a Act) error {
		switch {
		case a.State == Draft:
			return ErrNone
		case a.Mine && agree:
			return ErrOwn
		case a.State != Asked:
			return ErrClosed
		case a.Expired:
			return ErrExpired
		}
		_, err := tx.Exec(ctx, decideActSQL, id, who.key(), agree, why)
		return err
	})
	if err != nil || !agree {
		return err
	}
	return s.begin(ctx, id)
}

// on runs f with an act that is locked.
func (s *Store) on(ctx context.Context, who Who, id int64, f func(tx pgx.Tx, a Act) error) error {
	err := pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		a, err := readAct(ctx, tx, who, lockActSQL, id)
		if err != nil {
			return err
		}
		return f(tx, a)
	})
	for _, known := range []error{ErrNone, ErrOwn, ErrNotMine, ErrClosed, ErrExpired} {
		if errors.Is(err, known) {
			return known
		}
	}
	if err != nil {
		return fmt.Errorf("caseacts: act %d: %w", id, err)
	}
	return nil
}
