package payments

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/pg"
	"robotbailiff/payments/ledger"
)

// whole is the mode of statements that take a batch as arrays: planned for the batch at hand. A plan kept from an empty
// table, or made for ten rows, takes minutes for ten thousand.
const whole = pgx.QueryExecModeCacheDescribe

var ledgerColumns = []string{"at", "kind", "debit", "credit", "amount", "case_id", "payment_id", "reason"}

// post writes entries to the ledger, in their order.
func post(ctx context.Context, tx pgx.Tx, entries []ledger.Entry, now time.Time) error {
	if len(entries) == 0 {
		return nil
	}
	err := pg.Copy(ctx, tx, "ledger", ledgerColumns, len(entries), func(r *pg.Row, i int) {
		e := &entries[i]
		r.Time(now)
		r.Text(string(e.Kind))
		r.Text(string(e.Debit))
		r.Text(string(e.Credit))
		r.Int8(e.Amount.Tiyn())
		r.ID(e.CaseID)
		r.ID(e.PaymentID)
		r.Text(storable(e.Reason))
	})
	if err != nil {
		return fmt.Errorf("payments: post to the ledger: %w", err)
	}
	return nil
}
