package caselist

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Look is one time that somebody has looked at the person of a case, was refused, or has taken a list with the case out of the house.
type Look struct {
	What          string // unmask, unmask_refused, export_wanted or export
	Actor, Reason string
	At            time.Time // real time
}

// MostLooks bounds what is shown of each kind: the latest.
const MostLooks = 30

// Querier reads; a pool and a transaction are queriers.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// looksSQL leaves out short lists: of those it is kept who has taken one, and not which cases it had.
const looksSQL = `(SELECT what, actor, reason, at FROM desk_access WHERE case_id = $1 ORDER BY id DESC LIMIT $2)
 UNION ALL (SELECT CASE WHEN taken_at IS NULL THEN 'export_wanted' ELSE 'export' END, actor, reason, coalesce(taken_at, made_at) FROM desk_exports
  WHERE case_ids @> ARRAY[$1::bigint] ORDER BY made_at DESC LIMIT $2) ORDER BY 4 DESC`

// Looks lists who has looked at a case or taken it out, the latest first.
func Looks(ctx context.Context, q Querier, caseID int64) ([]Look, error) {
	rows, err := q.Query(ctx, looksSQL, caseID, MostLooks)
	if err != nil {
		return nil, fmt.Errorf("caselist: looks at case %d: %w", caseID, err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Look])
}
