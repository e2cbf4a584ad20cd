package payments

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"robotbailiff/rules/money"
)

// Back is what goes back, or has gone back, of one payment of a case.
type Back struct {
	PaymentID  int64
	Due        money.Amount // in no file, and nobody has to give it back first
	ByClaimant money.Amount // a claimant has it, and gives it back first
	Paying     money.Amount // in a file, or sent
	Done       money.Amount // paid back
	OnAccount  bool         // the money is on our own account; else a gateway still has it
	Payer      []byte       // whom the bank named, sealed; nil: nobody, or a gateway
	Given      []byte       // requisites that a person gave, sealed; nil: none
	GivenBy    string
	GivenAt    time.Time
	Order      PayoutState // of the newest order that was not dropped; empty: there was none
	Code       string      // the bank's reason
	EndedAt    time.Time   // of that order
	Requisites []byte      // of that order, sealed
}

const (
	backsSQL = `SELECT p.id, greatest(0, p.refund_due - p.paying - x.owed), least(x.owed, p.refund_due), p.paying, p.refunded,
       r.source = 'treasury' OR EXISTS (SELECT 1 FROM settlements t WHERE t.payment_id = r.id),
       CASE WHEN r.source = 'treasury' AND NOT EXISTS (SELECT 1 FROM arrivals a WHERE a.payment_id = r.id)
            THEN (SELECT payer FROM statement_lines l WHERE l.payment_id = r.id AND l.payer IS NOT NULL LIMIT 1) END,
       g.sealed, coalesce(g.given_by, ''), g.at, coalesce(o.state, ''), coalesce(o.code, ''), o.ended_at, o.requisites
  FROM payments p CROSS JOIN LATERAL (SELECT greatest(0, p.remitting + p.remitted - p.allocated) AS owed) AS x
  LEFT JOIN money_moves m ON m.to_id = p.id AND m.kind = 'split'
  JOIN payments r ON r.id = coalesce(m.payment_id, p.id)
  LEFT JOIN LATERAL (SELECT sealed, given_by, at FROM refund_requisites q WHERE q.payment_id = p.id ORDER BY q.id DESC LIMIT 1) AS g ON true
  LEFT JOIN LATERAL (SELECT state, code, ended_at, requisites FROM payouts w WHERE w.payment_id = p.id AND w.kind = 'refund' AND w.state <> 'dropped' ORDER BY w.id DESC LIMIT 1) AS o ON true
 WHERE p.case_id = $1 AND (p.refund_due > 0 OR p.refunded > 0) ORDER BY p.id`

	lockBacksSQL = `SELECT id FROM payments WHERE case_id = $1 AND refund_due > 0 ORDER BY id FOR UPDATE`
)

// Backs gives what goes back, or has gone back, of the payments of a case.
func (s *Store) Backs(ctx context.Context, q Querier, caseID int64) ([]Back, error) {
	rows, err := q.Query(ctx, backsSQL, caseID)
	if err != nil {
		return nil, fmt.Errorf("payments: money back in case %d: %w", caseID, err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (b Back, err error) {
		var due, owed, paying, done int64
		var given, ended pgtype.Timestamptz
		err = row.Scan(&b.PaymentID, &due, &owed, &paying, &done, &b.OnAccount, &b.Payer, &b.Given, &b.GivenBy, &given, &b.Order, &b.Code, &ended, &b.Requisites)
		b.Due, b.ByClaimant, b.Paying, b.Done = money.FromTiyn(due), money.FromTiyn(owed), money.FromTiyn(paying), money.FromTiyn(done)
		b.GivenAt, b.EndedAt = given.Time, ended.Time
		return b, err
	})
	if err != nil {
		return nil, fmt.Errorf("payments: money back in case %d: %w", caseID, err)
	}
	return list, nil
}

// LockBacks locks the payments of a case with money that is due back, and then tells of them: none of them comes into a file meanwhile.
func (s *Store) LockBacks(ctx context.Context, tx pgx.Tx, caseID int64) ([]Back, error) {
	if _, err := tx.Exec(ctx, lockBacksSQL, caseID); err != nil {
		return nil, fmt.Errorf("payments: money back in case %d: %w", caseID, err)
	}
	return s.Backs(ctx, tx, caseID)
}

// LockDue locks payments, so that what is read of them next, as where their refunds go, stays so until the transaction ends.
func (s *Store) LockDue(ctx context.Context, tx pgx.Tx, ids []int64) error {
	if _, err := tx.Exec(ctx, lockDueSQL, ids); err != nil {
		return fmt.Errorf("payments: refunds: %w", err)
	}
	return nil
}
