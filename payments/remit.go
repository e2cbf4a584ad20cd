package payments

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/payments/ledger"
	"robotbailiff/rules/money"
)

// Money that pays a case belongs to its claimant. It goes on in payment orders of the kind [RemittanceKind], one for each payment, so that what
// is rejected, comes back or is taken back concerns one payment and no other. Files, release and the bank's answers are those of refunds.

const (
	remittedSQL    = `UPDATE payments SET remitting = remitting - $2, remitted = remitted + $2 WHERE id = $1`
	notRemittedSQL = `UPDATE payments SET remitting = remitting - $2 WHERE id = $1`
	remitBackSQL   = `UPDATE payments SET remitted = remitted - $2 WHERE id = $1`
	setOffSQL      = `SELECT greatest(0, remitting + remitted + $2 - allocated) - greatest(0, remitting + remitted - allocated) FROM payments WHERE id = $1`

	freeRemittancesSQL = `UPDATE payments p SET remitting = remitting - o.amount FROM payouts o WHERE o.file_id = $1 AND o.kind = 'remittance' AND p.id = o.payment_id
RETURNING p.id, p.case_id, greatest(0, p.remitting + p.remitted + o.amount - p.allocated) - greatest(0, p.remitting + p.remitted - p.allocated)`
)

// setOff lets nobody owe what was taken back while it was on its way and did not arrive.
func (s *Store) setOff(ctx context.Context, tx pgx.Tx, o *PayOrder, now time.Time) error {
	var tiyn int64
	if err := tx.QueryRow(ctx, setOffSQL, o.PaymentID, o.Amount.Tiyn()).Scan(&tiyn); err != nil {
		return fmt.Errorf("payments: order %d: %w", o.ID, err)
	}
	if tiyn == 0 {
		return nil
	}
	e, err := ledger.Of(ledger.KindSetOff, o.PaymentID, money.FromTiyn(tiyn), "")
	if err != nil {
		return err
	}
	e.CaseID = o.CaseID
	return post(ctx, tx, []ledger.Entry{e}, now)
}

// freeRemittances makes the remittances of a dropped file due again.
func (s *Store) freeRemittances(ctx context.Context, tx pgx.Tx, file int64, now time.Time) error {
	rows, err := tx.Query(ctx, freeRemittancesSQL, file)
	if err != nil {
		return err
	}
	var entries []ledger.Entry
	var id, caseID, tiyn int64
	_, err = pgx.ForEachRow(rows, []any{&id, &caseID, &tiyn}, func() error {
		if tiyn == 0 {
			return nil
		}
		e, err := ledger.Of(ledger.KindSetOff, id, money.FromTiyn(tiyn), "")
		e.CaseID = caseID
		entries = append(entries, e)
		return err
	})
	if err != nil {
		return err
	}
	return post(ctx, tx, entries, now)
}

// Owed is what a claimant owes: a payment was taken back, or is due back, after its money had gone to him or while it goes.
type Owed struct {
	PaymentID int64
	CaseID    int64
	Amount    money.Amount
	Going     money.Amount // not arrived yet: it may still come back by itself
}

const owedSQL = `SELECT id, case_id, remitting + remitted - allocated, least(remitting, remitting + remitted - allocated) FROM payments
 WHERE remitting + remitted > allocated AND id > $1 ORDER BY id LIMIT $2`

// OwedList gives what claimants owe, after the id of a payment: a person has to ask for each.
func (s *Store) OwedList(ctx context.Context, q Querier, after int64, limit int) ([]Owed, error) {
	rows, err := q.Query(ctx, owedSQL, after, min(max(limit, 0), MaxBatch))
	if err != nil {
		return nil, fmt.Errorf("payments: owed: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (o Owed, err error) {
		var tiyn, going int64
		err = row.Scan(&o.PaymentID, &o.CaseID, &tiyn, &going)
		o.Amount, o.Going = money.FromTiyn(tiyn), money.FromTiyn(going)
		return o, err
	})
	if err != nil {
		return nil, fmt.Errorf("payments: owed: %w", err)
	}
	return list, nil
}

const (
	recoverOfSQL   = `UPDATE payments SET remitted = remitted - $2 WHERE id = $1 AND remitting = 0 AND $2 <= remitted - allocated RETURNING case_id`
	recoverKeptSQL = `UPDATE payments SET remitted = remitted + $2 WHERE id = $1 AND case_id = $3 AND $2 <= allocated - remitting - remitted`
	keepRecoverSQL = `INSERT INTO remittance_recoveries (act_id, from_id, payment_id, kept, amount) VALUES ($1, $2, $3, $4, $5)`
)

// Recover books that a claimant made good what he owed for a payment, by a person's act: with money of from, which lies in suspense, or, kept,
// with money of from that is due to him for the same case. The caller holds the locks of both.
func (s *Store) Recover(ctx context.Context, tx pgx.Tx, from, of int64, kept bool, amount money.Amount, act int64, now time.Time) error {
	refuse := &RefusedError{Step: "recover", Problem: "it does not hold so much, or so much is not owed", IDs: []int64{from, of}}
	var caseID int64
	switch err := tx.QueryRow(ctx, recoverOfSQL, of, amount.Tiyn()).Scan(&caseID); {
	case errors.Is(err, pgx.ErrNoRows):
		return refuse
	case err != nil:
		return fmt.Errorf("payments: recover: %w", err)
	}
	if kept {
		tag, err := tx.Exec(ctx, recoverKeptSQL, from, amount.Tiyn(), caseID)
		switch {
		case err != nil:
			return fmt.Errorf("payments: recover: %w", err)
		case tag.RowsAffected() != 1:
			return refuse
		}
	} else if err := s.move(ctx, tx, from, amount); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, keepRecoverSQL, act, from, of, kept, amount.Tiyn()); err != nil {
		return fmt.Errorf("payments: recover: %w", err)
	}
	entries, err := ledger.Recovered(from, of, caseID, kept, amount, actReason(act))
	if err != nil {
		return err
	}
	return post(ctx, tx, entries, now)
}
