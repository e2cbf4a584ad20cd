package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine/stop"
	"robotbailiff/notify"
)

// heldFor is how long the notices of a case wait for the switch before the next look, in legal time.
const heldFor = 15 * time.Minute

// heldNotices finds the cases whose notices wait while telling of coercion is stopped: those that have an opening notice or a
// reminder that has not left, and nothing else. What tells of money, of a lift or of an end is never kept back.
func (r *Robot) heldNotices(ctx context.Context, ids []int64) ([]int64, error) {
	stops, err := stop.Read(ctx, r.cfg.Pool, time.Time{})
	if err != nil || !stops.Any() {
		return nil, err
	}
	rows, err := r.cfg.Pool.Query(ctx, waitingNoticesSQL, ids, []string{string(notify.KindOpening), string(notify.KindReminder)})
	if err != nil {
		return nil, fmt.Errorf("jobs: notices and the switch: %w", err)
	}
	var (
		held  []int64
		id    int64
		about stop.Subject
	)
	_, err = pgx.ForEachRow(rows, []any{&id, &about.Region, &about.Source}, func() error {
		if stops.For(about).Has(stop.Notify) {
			held = append(held, id)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("jobs: notices and the switch: %w", err)
	}
	return held, nil
}

const waitingNoticesSQL = `SELECT c.id, c.region, w.source FROM cases c JOIN writs w ON w.case_id = c.id JOIN notices n ON n.case_id = c.id
 WHERE c.id = ANY ($1) AND n.status IN ('created', 'sending', 'unknown')
 GROUP BY c.id, c.region, w.source HAVING bool_and(n.status = 'created' AND n.attempts = 0 AND n.kind = ANY ($2))`
