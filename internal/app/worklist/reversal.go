package worklist

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// KindReversals is the kind of work that reversals leave to people.
const KindReversals = "reversals"

// Reversal is what is known of money that was taken back.
type Reversal struct {
	Why    string // one of payments.TaskReason
	Source string
	TxnID  string // of the transfer that was taken back
}

const reversalSQL = `SELECT why, source, txn_id FROM reversal_tasks WHERE id = $1`

// ReversalOf reads what is known of the reversal behind a thing.
func ReversalOf(ctx context.Context, tx pgx.Tx, key string) (*Reversal, error) {
	head, _, _ := strings.Cut(key, "/")
	id, err := strconv.ParseInt(head, 10, 64)
	if err != nil {
		return nil, ErrNone
	}
	var r Reversal
	switch err := tx.QueryRow(ctx, reversalSQL, id).Scan(&r.Why, &r.Source, &r.TxnID); {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, ErrNone
	case err != nil:
		return nil, fmt.Errorf("worklist: reversal: %w", err)
	}
	return &r, nil
}
