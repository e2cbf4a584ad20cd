package intake

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
)

// Withdrawal is an issuer's word that a decision behind a writ is cancelled (EL 10-5(1)(2)).
type Withdrawal struct {
	Source, DocumentNumber string // of the writ
	Ground, Act            string // why, and the number of the act that says so
}

// Cancel ends the cases of cancelled decisions. It returns how many ended; a writ that never became a case, or whose case
// has ended, is left as it is.
func Cancel(ctx context.Context, store *engine.Store, withdrawals []Withdrawal) (int, error) {
	sources, numbers := make([]string, len(withdrawals)), make([]string, len(withdrawals))
	for i, w := range withdrawals {
		sources[i], numbers[i] = w.Source, w.DocumentNumber
	}
	rows, err := store.Pool().Query(ctx, casesOfWritsSQL, sources, numbers)
	if err != nil {
		return 0, fmt.Errorf("intake: cancel: %w", err)
	}
	var cmds []engine.For
	var id int64
	var n int
	_, err = pgx.ForEachRow(rows, []any{&id, &n}, func() error {
		w := withdrawals[n-1]
		cmds = append(cmds, engine.For{CaseID: id, Actor: engine.ActorCourt, Command: engine.Cancel{Ground: w.Ground, Act: w.Act}})
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("intake: cancel: %w", err)
	}
	out, err := store.Apply(ctx, cmds)
	if err != nil {
		return 0, fmt.Errorf("intake: cancel: %w", err)
	}
	ended := 0
	for _, o := range out {
		if o.Refusal == nil {
			ended++
		}
	}
	return ended, nil
}

const casesOfWritsSQL = `SELECT w.case_id, u.n FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS u(source, document_number, n)
  JOIN writs w ON w.source = u.source AND w.document_number = u.document_number ORDER BY u.n`
