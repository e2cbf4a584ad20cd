package portal

import (
	"context"
	"errors"

	"robotbailiff/engine"
	"robotbailiff/internal/app/links"
)

// Link is what the page says on which a debtor has a new personal link sent.
type Link struct {
	links.State

	Phone string // to which it goes, all but its last two digits hidden; empty: no SMS can reach the debtor
}

// Link tells how the personal links of the case of a session stand.
func (s *Service) Link(ctx context.Context, session string) (l Link, err error) {
	id, err := s.caseOf(ctx, session)
	if err != nil {
		return l, err
	}
	if l.Phone, err = s.phoneForCode(ctx, id); err != nil {
		return l, err
	}
	l.State, err = s.links.State(ctx, id)
	return l, err
}

// RenewLink makes the personal links of the case of a session invalid and has a new one sent to the debtor's telephone. All visits of the case
// end, this one too. Without a telephone that takes SMS nothing is done. seen is what [Link] said; a second click does nothing.
func (s *Service) RenewLink(ctx context.Context, session string, seen int) error {
	id, err := s.caseOf(ctx, session)
	if err != nil {
		return err
	}
	if phone, err := s.phoneForCode(ctx, id); err != nil || phone == "" {
		return errors.Join(err, ErrNotPossible)
	}
	err = s.links.Renew(ctx, id, engine.ActorDebtor, links.ByDebtor, seen)
	switch {
	case errors.Is(err, links.ErrMany):
		return ErrTooMany
	case errors.Is(err, links.ErrOver):
		return ErrNotPossible
	}
	return err
}
