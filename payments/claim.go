package payments

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/payments/ledger"
)

// OFFSET 0: as for knownPaymentsSQL.
const arrivedByTxnSQL = `SELECT w.n, a.payment_id, a.amount FROM unnest($1::int[], $2::text[], $3::text[]) AS w (n, gateway, txn_id)
 CROSS JOIN LATERAL (SELECT payment_id, amount FROM arrivals WHERE arrivals.gateway = w.gateway AND arrivals.txn_id = w.txn_id OFFSET 0) AS a`

const arrivedByCaseSQL = `SELECT w.n, a.payment_id FROM unnest($1::int[], $2::text[], $3::bigint[], $4::bigint[], $5::date[]) AS w (n, gateway, case_id, amount, value_on)
 CROSS JOIN LATERAL (SELECT payment_id FROM arrivals WHERE arrivals.txn_id IS NULL AND arrivals.gateway = w.gateway AND arrivals.amount = w.amount
     AND arrivals.case_id = w.case_id AND arrivals.value_on BETWEEN w.value_on - $6::int AND w.value_on + $6::int OFFSET 0) AS a`

const claimSQL = `UPDATE arrivals a SET txn_id = w.txn_id FROM unnest($1::bigint[], $2::text[]) AS w (payment_id, txn_id)
 WHERE a.payment_id = w.payment_id AND a.txn_id IS NULL`

// claimArrivals finds, for a gateway's transfers that are new, the payments that statements made of their money before, and gives those
// that are really new. The caller holds lockMeetings.
func (s *Store) claimArrivals(ctx context.Context, tx pgx.Tx, transfers []Transfer, fresh []int, out []Recorded, booked map[identity]known) ([]int, error) {
	words := make([]int, 0, len(fresh))
	for _, i := range fresh {
		if transfers[i].Source != ledger.SourceTreasury {
			words = append(words, i)
		}
	}
	if len(words) == 0 {
		return fresh, nil
	}
	arrived, err := s.arrivedByTxn(ctx, tx, transfers, words)
	if err != nil {
		return nil, fmt.Errorf("payments: arrivals: %w", err)
	}
	claims, unsure, err := s.arrivedByCase(ctx, tx, transfers, words, arrived)
	if err != nil {
		return nil, fmt.Errorf("payments: arrivals: %w", err)
	}
	var left []int
	for _, i := range fresh {
		t := transfers[i]
		if k, met := arrived[i]; met {
			out[i] = Recorded{PaymentID: k.id, Met: k.tiyn == t.Amount.Tiyn(), Conflict: k.tiyn != t.Amount.Tiyn()}
		} else if id, met := claims[i]; met {
			out[i] = Recorded{PaymentID: id, Met: true}
		} else {
			out[i].Unsure = unsure[i]
			left = append(left, i)
			continue
		}
		booked[t.identity()] = known{id: out[i].PaymentID, tiyn: t.Amount.Tiyn(), currency: currency} // what is said twice here is a duplicate
	}
	return left, claim(ctx, tx, transfers, claims)
}

func claim(ctx context.Context, tx pgx.Tx, transfers []Transfer, claims map[int]int64) error {
	if len(claims) == 0 {
		return nil
	}
	var ids []int64
	var txns []string
	for i, id := range claims {
		ids, txns = append(ids, id), append(txns, transfers[i].TxnID)
	}
	tag, err := tx.Exec(ctx, claimSQL, whole, ids, txns)
	if err != nil {
		return fmt.Errorf("payments: arrivals: %w", err)
	}
	if tag.RowsAffected() != int64(len(ids)) {
		return ErrRaced
	}
	return nil
}

func (s *Store) arrivedByTxn(ctx context.Context, tx pgx.Tx, transfers []Transfer, words []int) (map[int]known, error) {
	n, sources, txns := make([]int32, len(words)), make([]string, len(words)), make([]string, len(words))
	for k, i := range words {
		n[k], sources[k], txns[k] = int32(i), transfers[i].Source, transfers[i].TxnID
	}
	rows, err := tx.Query(ctx, arrivedByTxnSQL, whole, n, sources, txns)
	if err != nil {
		return nil, err
	}
	found := map[int]known{}
	var i int32
	var k known
	_, err = pgx.ForEachRow(rows, []any{&i, &k.id, &k.tiyn}, func() error { found[int(i)] = k; return nil })
	return found, err
}

// arrivedByCase meets by sum, case and day where exactly one payment and one transfer can be meant; where several can, it is unsure.
func (s *Store) arrivedByCase(ctx context.Context, tx pgx.Tx, transfers []Transfer, words []int, arrived map[int]known) (claims map[int]int64, unsure map[int]bool, err error) {
	var (
		n             []int32
		sources       []string
		cases, amount []int64
		dates         []time.Time
	)
	for _, i := range words {
		t := transfers[i]
		if _, met := arrived[i]; !met && t.CaseID != 0 {
			n, sources, cases = append(n, int32(i)), append(sources, t.Source), append(cases, t.CaseID)
			amount, dates = append(amount, t.Amount.Tiyn()), append(dates, t.ValueDate.UTC())
		}
	}
	claims, unsure = map[int]int64{}, map[int]bool{}
	if len(n) == 0 {
		return claims, unsure, nil
	}
	rows, err := tx.Query(ctx, arrivedByCaseSQL, whole, n, sources, cases, amount, dates, meetingDays)
	if err != nil {
		return nil, nil, err
	}
	found, rivals := map[int][]int64{}, map[int64]int{}
	var i int32
	var payment int64
	_, err = pgx.ForEachRow(rows, []any{&i, &payment}, func() error {
		found[int(i)] = append(found[int(i)], payment)
		rivals[payment]++
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	for i, ids := range found {
		if len(ids) == 1 && rivals[ids[0]] == 1 {
			claims[i] = ids[0]
		} else {
			unsure[i] = true
		}
	}
	return claims, unsure, nil
}
