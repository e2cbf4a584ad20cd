package engine

import (
	"context"
	"fmt"
)

// forgetAtOnce bounds one deletion, so that none keeps a pulse from money and lifts.
const forgetAtOnce = 5000

// Forget deletes rows that nobody reads any more: marks of committed calls older than a day, which are read within seconds
// when the outcome of a commit is unknown, and chunks that were done a week ago. Nothing of a case is among them: its events,
// orders and notices say what was done. It returns how many rows went; none means that none is left.
func (s *Store) Forget(ctx context.Context) (int, error) {
	total := 0
	for _, sql := range []string{forgetAppliesSQL, forgetChunksSQL} {
		tag, err := s.pool.Exec(ctx, sql, forgetAtOnce)
		if err != nil {
			return total, fmt.Errorf("engine: forget: %w", err)
		}
		total += int(tag.RowsAffected())
	}
	return total, nil
}
