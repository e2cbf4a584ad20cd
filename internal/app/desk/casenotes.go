package desk

import (
	"context"

	"robotbailiff/internal/caseno"
)

// AddNote keeps what somebody writes down about a case; corrects is the note that it corrects, 0: none. The errors are those of the package
// notes.
func (s *Service) AddNote(ctx context.Context, actor Actor, number, text string, corrects int64) error {
	if err := actor.check(); err != nil {
		return err
	}
	id, err := caseno.Parse(number)
	if err != nil {
		return ErrNotFound
	}
	seen, err := scope(ctx, s.cfg.Pool, actor, id)
	if err != nil {
		return err
	}
	if !seen[id] {
		return ErrNotFound
	}
	return s.notes.Add(ctx, id, actor.Name, text, corrects)
}
