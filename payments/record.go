package payments

import (
	"cmp"
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
)

// Recorded says what became of one transfer. Exactly one of these holds: Fresh; Met; Conflict; Refused is set; or the
// transfer was known with the same sum, which needs nothing.
type Recorded struct {
	PaymentID int64 // 0 when refused
	Fresh     bool
	Unsure    bool    // fresh, but it could be money that a statement has brought already: a person must look before a case gets it
	Met       bool    // its money came before its word: PaymentID is that payment
	Conflict  bool    // known with another sum or currency: reported, never overwritten
	Refused   Refusal // cannot be booked
}

// Verdict gives the word for the report and for MarkSettled.
func (r Recorded) Verdict() Verdict {
	switch {
	case r.Fresh:
		return Settled
	case r.Met:
		return Met
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

// OFFSET 0 keeps the planner from turning the look-ups into a join that reads the whole table.
const knownPaymentsSQL = `SELECT p.id, p.source, p.txn_id, p.amount, p.currency FROM unnest($1::text[], $2::text[]) AS w (source, txn_id)
 CROSS JOIN LATERAL (SELECT id, source, txn_id, amount, currency FROM payments
                      WHERE payments.source = w.source AND payments.txn_id = w.txn_id OFFSET 0) AS p`

// compare answers for the transfers that are not fresh, from what is booked.
func compare(transfers []Transfer, booked map[identity]known, out []Recorded) {
	for i, t := range transfers {
		k, ok := booked[t.identity()]
		if out[i].Fresh || out[i].Met || !ok {
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
