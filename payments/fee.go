package payments

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/rules/money"
)

// A gateway may keep a fee of what it pays out. The debtor is credited the whole, and what came and what was kept are together the payment,
// to the tiyn: else what came waits in suspense. Word, fee and money come in any order: money whose word or fee is still to come waits
// in suspense under the gateway's id, and meets them by itself.

// ComesAs says whether a sum that came is the whole of a gateway's payment: all of it, or all but the fee that it has told.
func (p *Payment) ComesAs(came money.Amount) bool {
	return came.Equal(p.Amount) || p.Fee.IsPositive() && came.Equal(p.Amount.Sub(p.Fee))
}

// meeting says what a sum that came is of a gateway's payment.
func meeting(came money.Amount, payment, tiyn, fee int64) Meeting {
	p := Payment{Amount: money.FromTiyn(tiyn), Fee: money.FromTiyn(fee)}
	m := Meeting{PaymentID: payment, Sure: p.ComesAs(came), Told: p.Fee}
	if m.Sure {
		m.Fee = p.Amount.Sub(came)
	}
	return m
}

// Fee is what a gateway says that it keeps of a payment.
type Fee struct {
	PaymentID int64
	Amount    money.Amount
}

// FeeTold says what became of a fee that was told. At most one of these holds.
type FeeTold struct {
	Fresh bool
	Other bool // another one was told before, which stands
	Late  bool // the whole payment has come: nothing was kept
	Bad   bool // it is not a part of a payment
}

const (
	lockFeesSQL = `SELECT p.id, p.amount, p.fee, p.source <> 'treasury', EXISTS (SELECT 1 FROM settlements t WHERE t.payment_id = p.id) FROM payments p WHERE p.id = ANY($1::bigint[]) ORDER BY p.id FOR UPDATE OF p`
	tellFeesSQL = `UPDATE payments p SET fee = w.fee FROM unnest($1::bigint[], $2::bigint[]) AS w (id, fee) WHERE p.id = w.id AND p.fee = 0`
)

// TellFees keeps what gateways say that they keep, each once; the answers are in the order of the fees. The caller holds what Reserve locked.
func (s *Store) TellFees(ctx context.Context, tx pgx.Tx, fees []Fee) ([]FeeTold, error) {
	if err := checkBatch(len(fees)); err != nil || len(fees) == 0 {
		return nil, err
	}
	asked := make([]int64, len(fees))
	for i, f := range fees {
		asked[i] = f.PaymentID
	}
	rows, err := tx.Query(ctx, lockFeesSQL, asked)
	if err != nil {
		return nil, fmt.Errorf("payments: fees: %w", err)
	}
	type standing struct {
		amount, fee   int64
		gateway, came bool
	}
	known := map[int64]standing{}
	var id int64
	var st standing
	if _, err = pgx.ForEachRow(rows, []any{&id, &st.amount, &st.fee, &st.gateway, &st.came}, func() error { known[id] = st; return nil }); err != nil {
		return nil, fmt.Errorf("payments: fees: %w", err)
	}
	out := make([]FeeTold, len(fees))
	var ids, sums []int64
	for i, f := range fees {
		st, ok := known[f.PaymentID]
		switch tiyn := f.Amount.Tiyn(); {
		case !ok || tiyn <= 0 || tiyn >= st.amount:
			out[i].Bad = true
		case !st.gateway:
			out[i].Late = true // a statement told of it first
		case st.fee == 0:
			out[i].Fresh, out[i].Late = !st.came, st.came
			ids, sums = append(ids, f.PaymentID), append(sums, tiyn)
			st.fee = tiyn
			known[f.PaymentID] = st
		default:
			out[i].Other = st.fee != tiyn
		}
	}
	if len(ids) == 0 {
		return out, nil
	}
	if _, err := tx.Exec(ctx, tellFeesSQL, ids, sums); err != nil {
		return nil, fmt.Errorf("payments: fees: %w", err)
	}
	return out, nil
}

// Wait is a payout in suspense whose payment, or the fee of it, a gateway has still to tell.
type Wait struct {
	PaymentID int64 // in suspense
	Gateway   string
	Ref       string // the gateway's id of the transfer
}

const (
	insertWaitsSQL = `INSERT INTO payout_waits (payment_id, gateway, txn_id) SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[]) ON CONFLICT DO NOTHING`
	forgetWaitSQL  = `DELETE FROM payout_waits WHERE payment_id = $1`
	waitedForSQL   = `SELECT w.payment_id, p.id FROM payments p JOIN payout_waits w ON w.gateway = p.source AND w.txn_id = p.txn_id
 WHERE p.id = ANY($1::bigint[]) AND NOT EXISTS (SELECT 1 FROM settlements t WHERE t.payment_id = p.id) ORDER BY p.id`
)

// KeepWaits lets payouts meet what their gateways will tell. Of two with one id the first waits, and the other is for a person.
func (s *Store) KeepWaits(ctx context.Context, tx pgx.Tx, waits []Wait) error {
	if len(waits) == 0 {
		return nil
	}
	ids, gateways, refs := make([]int64, len(waits)), make([]string, len(waits)), make([]string, len(waits))
	for i, w := range waits {
		ids[i], gateways[i], refs[i] = w.PaymentID, w.Gateway, w.Ref
	}
	if _, err := tx.Exec(ctx, insertWaitsSQL, ids, gateways, refs); err != nil {
		return fmt.Errorf("payments: payouts: %w", err)
	}
	return nil
}

// MeetWaiting settles these payments of gateways with the payouts that wait for them. It gives the payouts that have met, and those that are
// neither the payment nor the payment less its fee: they stay in suspense for a person. The caller holds what Reserve locked.
func (s *Store) MeetWaiting(ctx context.Context, tx pgx.Tx, told []int64, now time.Time) (met, differ []int64, err error) {
	if err := checkBatch(len(told)); err != nil || len(told) == 0 {
		return nil, nil, err
	}
	rows, err := tx.Query(ctx, waitedForSQL, whole, told)
	if err != nil {
		return nil, nil, fmt.Errorf("payments: payouts: %w", err)
	}
	var pairs [][2]int64
	var pair [2]int64
	if _, err = pgx.ForEachRow(rows, []any{&pair[0], &pair[1]}, func() error { pairs = append(pairs, pair); return nil }); err != nil || len(pairs) == 0 {
		return nil, nil, err
	}
	var ids []int64
	for _, p := range pairs {
		ids = append(ids, p[0], p[1])
	}
	slices.Sort(ids)
	locked, err := s.LockByID(ctx, tx, ids)
	if err != nil {
		return nil, nil, err
	}
	for _, pair := range pairs {
		p, k := locked[pair[0]], locked[pair[1]]
		switch {
		case p.Suspense.Equal(p.Amount) && k.ComesAs(p.Amount):
			if err := s.join(ctx, tx, &p, &k, 0, now); err != nil {
				return nil, nil, err
			}
			met = append(met, p.ID)
		case k.Fee.IsPositive() || k.Amount.Less(p.Amount) || !p.Suspense.Equal(p.Amount):
			differ = append(differ, p.ID)
		}
	}
	return met, differ, nil
}
