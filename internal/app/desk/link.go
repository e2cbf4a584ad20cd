package desk

import (
	"context"
	"errors"
	"strings"

	"robotbailiff/internal/app/links"
	"robotbailiff/internal/caseno"
)

// ErrNoLink says that a case has no personal link any more that could be renewed.
var ErrNoLink = errors.New("desk: the case has no link any more")

// Link shows what a new personal link of a case would end.
func (s *Service) Link(ctx context.Context, actor Actor, number string) (links.State, error) {
	if err := actor.check(); err != nil {
		return links.State{}, err
	}
	id, err := caseno.Parse(number)
	if err != nil {
		return links.State{}, ErrNotFound
	}
	if err := outOfScope(ctx, s.cfg.Pool, actor, ErrNotFound, id); err != nil {
		return links.State{}, err
	}
	v, err := s.links.State(ctx, id)
	if errors.Is(err, links.ErrNone) {
		return v, ErrNotFound
	}
	return v, err
}

// RenewLink makes the personal links of a case invalid for the reason that an operator gives, and has a new one sent. seen is what the operator
// was shown; a second click does nothing.
func (s *Service) RenewLink(ctx context.Context, actor Actor, number, reason string, seen int) error {
	if err := actor.check(); err != nil {
		return err
	}
	id, err := caseno.Parse(number)
	if err != nil {
		return ErrNotFound
	}
	if reason = strings.TrimSpace(reason); reason == "" {
		return ErrNoReason
	}
	if err := outOfScope(ctx, s.cfg.Pool, actor, ErrNotFound, id); err != nil {
		return err
	}
	err = s.links.Renew(ctx, id, actor.Name, reason, seen)
	switch {
	case errors.Is(err, links.ErrNone):
		return ErrNotFound
	case errors.Is(err, links.ErrOver):
		return ErrNoLink
	}
	return err
}
