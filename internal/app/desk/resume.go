package desk

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"robotbailiff/engine"
	"robotbailiff/internal/caseno"
)

// ErrNoReason says that somebody wanted to act without saying why.
var ErrNoReason = errors.New("desk: no reason was given")

// ResumeCase lets a case that waits for a person go on. One that goes on already, or has ended, is left as it is: its page says so.
func (s *Service) ResumeCase(ctx context.Context, actor Actor, number, reason string) error {
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
	out, err := s.cfg.Cases.Apply(ctx, []engine.For{{CaseID: id, Actor: actor.Name, Command: engine.Resume{Reason: reason}}})
	switch {
	case err != nil:
		return fmt.Errorf("desk: resume case %d: %w", id, err)
	case out[0].Refusal == nil, out[0].Refusal.Code == engine.CodeAlready, out[0].Refusal.Code == engine.CodeEnded:
		return nil
	case out[0].Refusal.Code == engine.CodeNotFound:
		return ErrNotFound
	}
	return out[0].Refusal
}
