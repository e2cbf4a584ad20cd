package payments

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Payer is the other side of a movement, or where a refund goes. All of it is personal data: it is kept sealed, and never logged.
type Payer struct {
	Name string `json:"n,omitempty"`
	IIN  string `json:"i,omitempty"` // or BIN
	IBAN string `json:"b,omitempty"`
	BIC  string `json:"c,omitempty"`
}

// Places to which sealed payers are bound.
const (
	PayerPlace      = "statement_lines.payer"
	RequisitesPlace = "refund_requisites.sealed"
	OrderPlace      = "payouts.requisites"
	FilePlace       = "payout_file_acts.sealed"
)

const payersSQL = `SELECT w.id, coalesce(m.payment_id, w.id), (SELECT payer FROM statement_lines l WHERE l.payment_id = coalesce(m.payment_id, w.id) AND l.payer IS NOT NULL LIMIT 1)
  FROM unnest($1::bigint[]) AS w (id) LEFT JOIN money_moves m ON m.to_id = w.id AND m.kind = 'split'`

// SealedPayers gives whom the bank named as the payer of payments, sealed; those of whom it named nobody are left out. A part of a
// payment has the payer of the whole.
func (s *Store) SealedPayers(ctx context.Context, q Querier, ids []int64) (map[int64][]byte, error) {
	rows, err := q.Query(ctx, payersSQL, ids)
	if err != nil {
		return nil, fmt.Errorf("payments: payers: %w", err)
	}
	out := map[int64][]byte{}
	var id, root int64
	var sealed []byte
	_, err = pgx.ForEachRow(rows, []any{&id, &root, &sealed}, func() error {
		if sealed != nil {
			out[id] = append([]byte(nil), sealed...)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("payments: payers: %w", err)
	}
	return out, nil
}

const giveRequisitesSQL = `INSERT INTO refund_requisites (payment_id, sealed, given_by, reason, at) VALUES ($1, $2, $3, $4, $5)`

// GiveRequisites keeps where a person says that a refund goes; the last word counts.
func (s *Store) GiveRequisites(ctx context.Context, tx pgx.Tx, payment int64, sealed []byte, by, reason string, now time.Time) error {
	if _, err := tx.Exec(ctx, giveRequisitesSQL, payment, sealed, by, reason, now); err != nil {
		return fmt.Errorf("payments: requisites: %w", err)
	}
	return nil
}

// Opened says that somebody looked at what is sealed.
type Opened struct {
	Actor, What string // What: "payer" of a payment, or "payout_file"
	ID          int64
	Reason      string
	At          time.Time
}

const openedSQL = `INSERT INTO desk_openings (actor, what, of_id, reason, at) VALUES ($1, $2, $3, $4, $5)`

// ErrNoSuch says that there is no such payment, order or file.
var ErrNoSuch = errors.New("payments: there is none with this number")

// NoteOpened writes down who looked, before anything is shown.
func (s *Store) NoteOpened(ctx context.Context, tx pgx.Tx, o Opened) error {
	if _, err := tx.Exec(ctx, openedSQL, o.Actor, o.What, o.ID, o.Reason, o.At); err != nil {
		return fmt.Errorf("payments: opened: %w", err)
	}
	return nil
}
