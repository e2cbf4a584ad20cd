package portal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/pg"
)

// visitor is who holds a living session.
type visitor struct {
	caseID int64
	helper int64  // 0: the debtor
	person []byte // hash of the sign-in after which the case was opened; nil: none
}

// visitor gives who holds a session. What a helper may do as well asks here; everything else asks [Service.caseOf].
func (s *Service) visitor(ctx context.Context, session string) (visitor, error) {
	if session == "" {
		return visitor{}, ErrNoSession
	}
	r, ok, err := readSession(ctx, s.cfg.Pool, sessionHash(session))
	if err != nil {
		return visitor{}, err
	}
	if !ok {
		return visitor{}, ErrNoSession
	}
	if r.helper != 0 {
		now, err := s.now(ctx)
		if err != nil {
			return visitor{}, err
		}
		if r.ended || !now.Before(r.until) {
			return visitor{}, ErrNoSession
		}
	}
	return r.visitor, nil
}

// caseOf gives the case of a living session of the debtor. A helper is refused: that is the rule, and not the exception.
func (s *Service) caseOf(ctx context.Context, session string) (int64, error) {
	v, err := s.visitor(ctx, session)
	if err == nil && v.helper != 0 {
		err = ErrHelper
	}
	if err != nil {
		return 0, err
	}
	return v.caseID, nil
}

// Leave ends a session, and with it what a helper was allowed, or the sign-in after which the case was opened.
func (s *Service) Leave(ctx context.Context, session string) error {
	v, err := s.visitor(ctx, session)
	if errors.Is(err, ErrNoSession) {
		return deleteSession(ctx, s.cfg.Pool, sessionHash(session)) // one that is over, or none
	}
	if err != nil {
		return err
	}
	now, err := s.now(ctx)
	if err != nil {
		return err
	}
	err = pg.InTx(ctx, s.cfg.Pool, func(tx pgx.Tx) error {
		if v.helper != 0 {
			if _, err := endHelper(ctx, tx, v.caseID, v.helper, now, endedByHelper); err != nil {
				return err
			}
		}
		if v.person != nil {
			return deletePerson(ctx, tx, v.person)
		}
		return deleteSession(ctx, tx, sessionHash(session))
	})
	if err != nil {
		return fmt.Errorf("portal: leaving case %d: %w", v.caseID, err)
	}
	return nil
}

// Extend gives a living session its full time again, and the sign-in after which it was begun.
func (s *Service) Extend(ctx context.Context, session string) (time.Duration, error) {
	v, err := s.visitor(ctx, session)
	if err != nil {
		return 0, err
	}
	if v.person != nil {
		if _, err := prolongPerson(ctx, s.cfg.Pool, v.person, sessionFor); err != nil {
			return 0, err
		}
	}
	ok, err := extendSession(ctx, s.cfg.Pool, sessionHash(session), sessionFor)
	if err == nil && !ok {
		err = ErrNoSession
	}
	return sessionFor, err
}
