package intake

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/rules"
)

// doubt stops coercion in the open cases of debtors whose IIN a row has given to somebody else, until a person has looked:
// nobody knows yet which of the two is meant (INV-I3).
func (r *run) doubt(ctx context.Context, tx pgx.Tx, debtors map[int64]bool) error {
	if len(debtors) == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, doubtedCasesSQL, slices.Sorted(maps.Keys(debtors)))
	if err != nil {
		return fmt.Errorf("intake: doubted cases: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return fmt.Errorf("intake: doubted cases: %w", err)
	}
	if len(ids) == 0 {
		return nil
	}
	holds := make([]engine.For, len(ids))
	for i, id := range ids {
		holds[i] = engine.For{CaseID: id, Actor: engine.ActorRobot, Command: engine.SetHold{Reason: rules.CodeIdentityConflict}}
	}
	_, err = r.im.store.ApplyTx(ctx, tx, holds)
	return err
}

const doubtedCasesSQL = `SELECT w.case_id FROM writs w JOIN cases c ON c.id = w.case_id
 WHERE w.debtor_id = ANY($1) AND c.ended_at IS NULL AND c.hold = '' ORDER BY w.case_id`
