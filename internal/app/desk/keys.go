package desk

import (
	"context"
	"fmt"
)

const (
	keysOffSQL = `INSERT INTO desk_keys_off (actor) VALUES ($1) ON CONFLICT DO NOTHING`
	keysOnSQL  = `DELETE FROM desk_keys_off WHERE actor = $1`
)

// SetKeys says whether single keys do something for an actor, in whatever browser (WCAG 2.1.4).
func (s *Service) SetKeys(ctx context.Context, actor Actor, on bool) error {
	if err := actor.check(); err != nil {
		return err
	}
	sql := keysOffSQL
	if on {
		sql = keysOnSQL
	}
	if _, err := s.cfg.Pool.Exec(ctx, sql, actor.Name); err != nil {
		return fmt.Errorf("desk: keys: %w", err)
	}
	return nil
}
