package engine

import (
	"context"
	"fmt"
)

// forgetAtOnce bounds one deletion, so that no lock is held and no log is written for long.
const forgetAtOnce = 5000

// Forget deletes rows that nobody reads any more: marks of committed calls older than a day, which are read within seconds
// when the outcome of a commit is unknown, and chunks that were done a week ago. Nothing of a case is among them: its events,
// orders and notices say what was done. It returns how many rows went; fewer than asked for in one go means that none is left.
func (s *Store) Forget(ctx context.Context) (int, error) {
	total := 0
	for _, sql := range []string{forgetAppliesSQL, forgetChunksSQL} {
		for {
			tag, err := s.pool.Exec(ctx, sql, forgetAtOnce)
			if err != nil {
				return total, fmt.Errorf("engine: forget: %w", err)
			}
			n := int(tag.RowsAffected())
			total += n
			if n < forgetAtOnce {
				break
			}
		}
	}
	return total, nil
}
