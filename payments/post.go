package payments

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/payments/ledger"
)

// whole is the mode of statements that take a batch as arrays: planned for the batch at hand. A plan kept from an empty
// table, or made for ten rows, takes minutes for ten thousand.
const whole = pgx.QueryExecModeCacheDescribe

var ledgerTable = pgx.Identifier{"ledger"}

var ledgerColumns = []string{"at", "kind", "debit", "credit", "amount", "case_id", "payment_id", "reason"}

// post writes entries to the ledger, in their order.
func post(ctx context.Context, tx pgx.Tx, entries []ledger.Entry, now time.Time) error {
	if len(entries) == 0 {
		return nil
	}
	rows := pgx.CopyFromSlice(len(entries), func(i int) ([]any, error) {
		e := entries[i]
		return []any{
			now, string(e.Kind), string(e.Debit), string(e.Credit), e.Amount.Tiyn(),
			orNull(e.CaseID), orNull(e.PaymentID), storable(e.Reason),
		}, nil
	})
	if _, err := tx.CopyFrom(ctx, ledgerTable, ledgerColumns, rows); err != nil {
		return fmt.Errorf("payments: post to the ledger: %w", err)
	}
	return nil
}

func orNull(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}
