package payments

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/payments/ledger"
)

// Recorded says what became of one transfer. Exactly one of these holds: Fresh; Conflict; Refused is set; or the
// transfer was known with the same sum, which needs nothing.
type Recorded struct {
	PaymentID int64 // 0 when refused
	Fresh     bool
	Conflict  bool    // known with another sum or currency: reported, never overwritten
	Refused   Refusal // cannot be booked
}

// Verdict gives the word for the report and for MarkSettled.
func (r Recorded) Verdict() Verdict {
	switch {
	case r.Fresh:
		return Settled
	case r.Conflict:
		return Conflict
	case r.Refused != "":
		return Bad
	}
	return Duplicate
}

// known is a payment that is booked already, by this batch or before.
type known struct {
	id       int64
	tiyn     int64
	currency string
}

type identity struct{ source, txn string }

func (t Transfer) identity() identity { return identity{t.Source, t.TxnID} }

const insertPaymentsSQL = `INSERT INTO payments (source, txn_id, amount, currency, value_date, reference, received_at)
SELECT w.source, w.txn_id, w.amount, 'KZT', w.value_date, w.reference, $6
  FROM unnest($1::text[], $2::text[], $3::bigint[], $4::date[], $5::text[]) AS w (source, txn_id, amount, value_date, reference)
    ON CONFLICT (source, txn_id) DO NOTHING
RETURNING id, source, txn_id`

// OFFSET 0 keeps the planner from turning the look-ups into a join that reads the whole table.
const knownPaymentsSQL = `SELECT p.id, p.source, p.txn_id, p.amount, p.currency FROM unnest($1::text[], $2::text[]) AS w (source, txn_id)
 CROSS JOIN LATERAL (SELECT id, source, txn_id, amount, currency FROM payments
                      WHERE payments.source = w.source AND payments.txn_id = w.txn_id OFFSET 0) AS p`

// Record books transfers into suspense, each once for ever by (source, transaction id). The answers are in the order of
// the transfers. A transfer that is known, refused or in conflict stops no other.
func (s *Store) Record(ctx context.Context, tx pgx.Tx, transfers []Transfer, now time.Time) ([]Recorded, error) {
	if err := checkBatch(len(transfers)); err != nil || len(transfers) == 0 {
		return nil, err
	}
	out := make([]Recorded, len(transfers))
	first, ask := sieve(transfers, out)
	fresh, err := s.insert(ctx, tx, transfers, first, now)
	if err != nil {
		return nil, fmt.Errorf("payments: record: %w", err)
	}
	entries := make([]ledger.Entry, 0, len(fresh))
	booked := make(map[identity]known, len(transfers))
	for _, i := range first {
		t := transfers[i]
		id, isNew := fresh[t.identity()]
		if !isNew {
			ask = append(ask, t.identity())
			continue
		}
		e, err := ledger.Received(t.Source, id, t.Amount)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
		out[i] = Recorded{PaymentID: id, Fresh: true}
		booked[t.identity()] = known{id: id, tiyn: t.Amount.Tiyn(), currency: currency}
	}
	if err := post(ctx, tx, entries, now); err != nil {
		return nil, err
	}
	if err := s.lookUp(ctx, tx, ask, booked); err != nil {
		return nil, fmt.Errorf("payments: record: %w", err)
	}
	compare(transfers, booked, out)
	return out, nil
}

// compare answers for the transfers that are not fresh, from what is booked.
func compare(transfers []Transfer, booked map[identity]known, out []Recorded) {
	for i, t := range transfers {
		k, ok := booked[t.identity()]
		if out[i].Fresh || !ok {
			continue
		}
		out[i] = Recorded{PaymentID: k.id, Conflict: t.Amount.Tiyn() != k.tiyn || t.Currency != k.currency}
	}
}

// sieve marks the transfers that cannot be booked, and gives the indexes of the first of each identity, sorted by
// identity so that two batches with common transfers wait for each other instead of dead-locking. ask holds the
// identities that are refused here but may be booked: what contradicts a booked transfer is a conflict.
func sieve(transfers []Transfer, out []Recorded) (first []int, ask []identity) {
	seen := make(map[identity]struct{}, len(transfers))
	for i, t := range transfers {
		if why := t.refuse(); why != "" {
			out[i].Refused = why
			if why == RefusedAmount || why == RefusedCurrency {
				ask = append(ask, t.identity())
			}
			continue
		}
		if _, dup := seen[t.identity()]; dup {
			continue
		}
		seen[t.identity()] = struct{}{}
		first = append(first, i)
	}
	slices.SortFunc(first, func(a, b int) int {
		x, y := transfers[a], transfers[b]
		return cmp.Or(cmp.Compare(x.Source, y.Source), cmp.Compare(x.TxnID, y.TxnID))
	})
	return first, ask
}

// insert writes what is not known yet and gives its ids.
func (s *Store) insert(ctx context.Context, tx pgx.Tx, transfers []Transfer, pick []int, now time.Time) (map[identity]int64, error) {
	n := len(pick)
	fresh := make(map[identity]int64, n)
	if n == 0 {
		return fresh, nil
	}
	sources, txns, refs := make([]string, n), make([]string, n), make([]string, n)
	amounts, dates := make([]int64, n), make([]time.Time, n)
	for k, i := range pick {
		t := transfers[i]
		sources[k], txns[k], refs[k] = t.Source, t.TxnID, storable(t.Reference)
		amounts[k], dates[k] = t.Amount.Tiyn(), t.ValueDate.UTC()
	}
	rows, err := tx.Query(ctx, insertPaymentsSQL, whole, sources, txns, amounts, dates, refs, now)
	if err != nil {
		return nil, err
	}
	var id int64
	var key identity
	_, err = pgx.ForEachRow(rows, []any{&id, &key.source, &key.txn}, func() error {
		fresh[key] = id
		return nil
	})
	return fresh, err
}

// lookUp adds the booked payments of these identities to found.
func (s *Store) lookUp(ctx context.Context, q Querier, ask []identity, found map[identity]known) error {
	if len(ask) == 0 {
		return nil
	}
	sources, txns := make([]string, 0, len(ask)), make([]string, 0, len(ask))
	for _, a := range ask {
		sources, txns = append(sources, a.source), append(txns, a.txn)
	}
	rows, err := q.Query(ctx, knownPaymentsSQL, whole, sources, txns)
	if err != nil {
		return err
	}
	var k known
	var key identity
	_, err = pgx.ForEachRow(rows, []any{&k.id, &key.source, &key.txn, &k.tiyn, &k.currency}, func() error {
		found[key] = k
		return nil
	})
	return err
}
