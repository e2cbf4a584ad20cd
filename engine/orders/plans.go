package orders

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/internal/seal"
	"robotbailiff/rules/money"
)

// arrestPlan is the plan of one arrest: what each bank was to hold of it, settled when it was first sent, and what came of it.
type arrestPlan struct {
	ordinal int
	asked   money.Amount // of the whole order
	at      time.Time    // when it was asked for
	legs    []Leg
}

const plansSQL = `SELECT ordinal, amount, requested_at, legs FROM orders WHERE case_id = $1 AND purpose = 'arrest' AND legs IS NOT NULL ORDER BY ordinal`

// arrestPlans reads the plans of the arrests of a case, the oldest first.
func arrestPlans(ctx context.Context, q engine.Querier, keys *seal.Keys, caseID int64) ([]arrestPlan, error) {
	rows, err := q.Query(ctx, plansSQL, caseID)
	if err != nil {
		return nil, fmt.Errorf("orders: plans of case %d: %w", caseID, err)
	}
	plans, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p arrestPlan, err error) {
		var tiyn int64
		var text []byte
		if err := row.Scan(&p.ordinal, &tiyn, &p.at, &text); err != nil {
			return p, err
		}
		p.asked = money.FromTiyn(tiyn)
		p.legs, err = decodeLegs(text, keys)
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("orders: plans of case %d: %w", caseID, err)
	}
	return plans, nil
}

// Plans gives which accounts at which banks each arrest of a case was to hold, by ordinal. What was planned never changes; a leg that
// was taken over from a bank after a restore was planned by nobody and is left out, and so is an arrest for which there was nothing
// to hold.
func Plans(ctx context.Context, q engine.Querier, keys *seal.Keys, caseID int64) (map[int][]Leg, error) {
	plans, err := arrestPlans(ctx, q, keys, caseID)
	if err != nil {
		return nil, err
	}
	out := map[int][]Leg{}
	for _, p := range plans {
		legs := slices.DeleteFunc(p.legs, func(l Leg) bool { return len(l.Parts) == 0 || l.Detail == detailAdopted })
		if len(legs) > 0 {
			out[p.ordinal] = legs
		}
	}
	return out, nil
}
