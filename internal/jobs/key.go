package jobs

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine/intake"
	"robotbailiff/internal/pg"
)

// keyBatch is how many debtors of former times one pulse gives what they are found by.
const keyBatch = 5000

// keyDebtors does so until there are none without.
func (r *Robot) keyDebtors(ctx context.Context) error {
	return pg.InTx(ctx, r.cfg.Pool, func(tx pgx.Tx) error {
		n, err := intake.Key(ctx, tx, r.cfg.Keys, keyBatch)
		if err != nil {
			return fmt.Errorf("key debtors: %w", err)
		}
		r.cfg.Observe("key", "debtors", n)
		return nil
	})
}
