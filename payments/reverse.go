package payments

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/payments/ledger"
	"robotbailiff/rules/money"
)

// Reversal is money taken back by the payment system, as a source reported it. TxnID is the id of the transfer that is
// taken back.
type Reversal struct {
	EventRow int64
	Source   string
	TxnID    string
	Amount   money.Amount
	Currency string
	ID       string // what the source calls the reversal; empty: it gives no name
	Listed   bool   // it stands in the list of a day; else a message told of it
}

// Reversible is a reversal with the payment it means.
type Reversible struct {
	Reversal
	Found     bool // the payment is booked
	PaymentID int64
	CaseID    int64 // 0 when it has none
	Paid      money.Amount
	Reversed  money.Amount // taken back before
	Elsewhere money.Amount // paid back, about to be, or moved to other payments by a person: it cannot be taken from here
	Holding   ledger.Holding
	Parts     []PartOf // into which a person has split it
}

// PartOf is a part of a split payment.
type PartOf struct {
	PaymentID int64
	CaseID    int64
	Amount    money.Amount
	Holding   ledger.Holding
}

// A payment that a statement told of first is found by what the gateway calls it.
const forReversalSQL = `WITH root AS (
    SELECT w.source, w.txn_id, coalesce((SELECT k.id FROM payments k WHERE k.source = w.source AND k.txn_id = w.txn_id),
                                        (SELECT a.payment_id FROM arrivals a WHERE a.gateway = w.source AND a.txn_id = w.txn_id)) AS id
      FROM unnest($1::text[], $2::text[]) AS w (source, txn_id)),
asked AS (
    SELECT source, txn_id, id, false AS part FROM root
    UNION ALL SELECT r.source, r.txn_id, m.to_id, true FROM root r JOIN money_moves m ON m.payment_id = r.id AND m.kind = 'split')
SELECT w.source, w.txn_id, w.part, p.id, coalesce(p.case_id, 0), p.amount, p.allocated, p.refund_due, p.reversed, p.refunded + p.moved, p.paying
  FROM asked w JOIN payments p ON p.id = w.id ORDER BY p.id`

const lockForReversalSQL = forReversalSQL + ` FOR UPDATE OF p`

// FindForReversal loads the payments that reversals mean, without locks: to know which cases to lock first.
func (s *Store) FindForReversal(ctx context.Context, q Querier, reversals []Reversal) ([]Reversible, error) {
	return s.reversible(ctx, q, forReversalSQL, reversals)
}

// LockForReversal loads and locks the payments that reversals mean. Whoever also changes their cases locks those before.
// The answers are in the order of the reversals; Found is false for a payment that has not come.
func (s *Store) LockForReversal(ctx context.Context, tx pgx.Tx, reversals []Reversal) ([]Reversible, error) {
	return s.reversible(ctx, tx, lockForReversalSQL, reversals)
}

func (s *Store) reversible(ctx context.Context, q Querier, sql string, reversals []Reversal) ([]Reversible, error) {
	if err := checkBatch(len(reversals)); err != nil || len(reversals) == 0 {
		return nil, err
	}
	var sources, txns []string
	seen := make(map[identity]struct{}, len(reversals))
	for _, r := range reversals {
		key := identity{r.Source, r.TxnID}
		if _, dup := seen[key]; dup || !ValidID(r.TxnID) || !ledger.ValidSource(r.Source) {
			continue
		}
		seen[key] = struct{}{}
		sources, txns = append(sources, r.Source), append(txns, r.TxnID)
	}
	rows, err := q.Query(ctx, sql, whole, sources, txns)
	if err != nil {
		return nil, fmt.Errorf("payments: load for reversal: %w", err)
	}
	found := make(map[identity]Reversible, len(txns))
	var key identity
	var part bool
	var id, caseID, amount, allocated, refund, reversed, gone, paying int64
	_, err = pgx.ForEachRow(rows, []any{&key.source, &key.txn, &part, &id, &caseID, &amount, &allocated, &refund, &reversed, &gone, &paying}, func() error {
		r := found[key]
		holding := ledger.Holding{
			Case: money.FromTiyn(allocated), Refund: money.FromTiyn(refund - paying),
			Suspense: money.FromTiyn(amount - allocated - refund - reversed - gone),
		}
		if part {
			r.Parts = append(r.Parts, PartOf{PaymentID: id, CaseID: caseID, Amount: money.FromTiyn(amount), Holding: holding})
		} else {
			r.Found, r.PaymentID, r.CaseID, r.Holding = true, id, caseID, holding
			r.Paid, r.Reversed, r.Elsewhere = money.FromTiyn(amount), money.FromTiyn(reversed), money.FromTiyn(gone+paying)
		}
		found[key] = r
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("payments: load for reversal: %w", err)
	}
	out := make([]Reversible, len(reversals))
	for i, r := range reversals {
		out[i] = found[identity{r.Source, r.TxnID}]
		out[i].Reversal = r
	}
	return out, nil
}

// ReversalOf says how much of a payment is taken back, and from where. It also books a refund that was paid out: the sum
// under FromRefund.
type ReversalOf struct {
	PaymentID    int64
	CaseID       int64        // of the payment, as it was loaded
	Source       string       // who took it back; empty: the source of the payment
	FromCase     money.Amount // the engine must be told: the debt is open again
	FromRefund   money.Amount
	FromSuspense money.Amount
	FromParts    money.Amount // of FromSuspense: comes back from the parts into which it was split, which are taken back with it
	Reason       string       // optional, kept in the ledger; no personal data
}

// PlanReversals says what to book for loaded reversals, at most one ReversalOf a payment, and the verdict of each
// reversal in their order. Unmatched means that the payment has not come yet: the message may stay pending. A whole
// reversal said twice is a duplicate; money that a person has moved on or paid back is unmatched; another currency, or more than was ever paid, is a conflict.
// A payment that was split is taken back as a whole, each part from where it stands; a part of it is unmatched: a person says whose it is.
func PlanReversals(loaded []Reversible) ([]ReversalOf, []Verdict) {
	verdicts := make([]Verdict, len(loaded))
	var plan []ReversalOf
	at := make(map[int64]int)
	left := make(map[int64]ledger.Holding)
	entire := make(map[int64]bool) // split payments that this batch takes back
	for i, r := range loaded {
		if !r.Found {
			verdicts[i] = Unmatched
			continue
		}
		if r.Currency != currency || !r.Amount.IsPositive() || r.Paid.Less(r.Amount) {
			verdicts[i] = Conflict
			continue
		}
		if len(r.Parts) > 0 {
			switch of := r.takeWhole(); {
			case entire[r.PaymentID] || !r.Reversed.Less(r.Paid):
				verdicts[i] = Duplicate
			case of == nil:
				verdicts[i] = Unmatched
			default:
				verdicts[i], entire[r.PaymentID], plan = WasReverse, true, append(plan, of...)
			}
			continue
		}
		h, again := left[r.PaymentID]
		if !again {
			h = r.Holding
		}
		fromCase, fromRefund, fromSuspense, ok := h.Take(r.Amount)
		if !ok {
			verdicts[i] = Duplicate
			if r.Reversed.Less(r.Amount) && r.Elsewhere.IsPositive() {
				verdicts[i] = Unmatched // a person moved it on: a person must look
			}
			continue
		}
		verdicts[i] = WasReverse
		left[r.PaymentID] = ledger.Holding{Case: h.Case.Sub(fromCase), Refund: h.Refund.Sub(fromRefund), Suspense: h.Suspense.Sub(fromSuspense)}
		k, ok := at[r.PaymentID]
		if !ok {
			k = len(plan)
			at[r.PaymentID] = k
			plan = append(plan, ReversalOf{PaymentID: r.PaymentID, CaseID: r.CaseID, Source: r.Source})
		}
		plan[k].FromCase = plan[k].FromCase.Add(fromCase)
		plan[k].FromRefund = plan[k].FromRefund.Add(fromRefund)
		plan[k].FromSuspense = plan[k].FromSuspense.Add(fromSuspense)
	}
	return plan, verdicts
}

// takeWhole takes a split payment back with all its parts; nil when not all of its money is to be had from them.
func (r *Reversible) takeWhole() []ReversalOf {
	if !r.Amount.Equal(r.Paid) || !r.Reversed.IsZero() {
		return nil
	}
	h := r.Holding
	out := []ReversalOf{{PaymentID: r.PaymentID, CaseID: r.CaseID, Source: r.Source, FromCase: h.Case, FromRefund: h.Refund, FromSuspense: h.Suspense}}
	root := &out[0]
	for _, p := range r.Parts {
		if h := p.Holding; !h.Case.Add(h.Refund).Add(h.Suspense).Equal(p.Amount) {
			return nil
		}
		root.FromParts, root.FromSuspense = root.FromParts.Add(p.Amount), root.FromSuspense.Add(p.Amount)
	}
	if !root.FromCase.Add(root.FromRefund).Add(root.FromSuspense).Equal(r.Paid) {
		return nil
	}
	for _, p := range r.Parts {
		out = append(out, ReversalOf{PaymentID: p.PaymentID, CaseID: p.CaseID, FromCase: p.Holding.Case, FromRefund: p.Holding.Refund, FromSuspense: p.Holding.Suspense})
	}
	return out
}

const reverseSQL = `UPDATE payments p
   SET allocated = p.allocated - w.from_case, refund_due = p.refund_due - w.from_refund,
       reversed = p.reversed + w.from_case + w.from_refund + w.from_suspense, moved = p.moved - w.from_parts
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) AS w (id, from_case, from_refund, from_suspense, from_parts)
 WHERE p.id = w.id AND w.from_case <= p.allocated AND w.from_refund <= p.refund_due - p.paying AND w.from_parts <= p.moved
   AND w.from_suspense <= p.amount - p.allocated - p.refund_due - p.reversed - p.refunded - p.moved + w.from_parts
RETURNING p.id, p.source, coalesce(p.case_id, 0), greatest(0, p.remitting + p.remitted - p.allocated) - greatest(0, p.remitting + p.remitted - p.allocated - w.from_case)`

// Reverse books money that was taken back. What a payment does not hold refuses the batch.
func (s *Store) Reverse(ctx context.Context, tx pgx.Tx, reversals []ReversalOf, now time.Time) error {
	if err := checkBatch(len(reversals)); err != nil || len(reversals) == 0 {
		return err
	}
	id := func(r ReversalOf) int64 { return r.PaymentID }
	if twice := duplicates(reversals, id); twice != nil {
		return &RefusedError{Step: "reverse", Problem: "named twice", IDs: twice}
	}
	n := len(reversals)
	ids, fromCase, fromRefund, fromSuspense, fromParts := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	for i, r := range reversals {
		if r.FromCase.Sign() < 0 || r.FromRefund.Sign() < 0 || r.FromSuspense.Sign() < 0 || r.FromParts.Sign() < 0 || r.FromSuspense.Less(r.FromParts) {
			return &RefusedError{Step: "reverse", Problem: "negative sum", IDs: []int64{r.PaymentID}}
		}
		ids[i], fromCase[i], fromRefund[i], fromSuspense[i], fromParts[i] =
			r.PaymentID, r.FromCase.Tiyn(), r.FromRefund.Tiyn(), r.FromSuspense.Tiyn(), r.FromParts.Tiyn()
	}
	rows, err := tx.Query(ctx, reverseSQL, whole, ids, fromCase, fromRefund, fromSuspense, fromParts)
	if err != nil {
		return fmt.Errorf("payments: reverse: %w", err)
	}
	type owner struct {
		ID     int64
		Source string
		CaseID int64
		Gone   int64 // of what is taken from the case, tiyn: it was sent to the claimant, or is on its way
	}
	owners, err := pgx.CollectRows(rows, pgx.RowToStructByPos[owner])
	if err != nil {
		return fmt.Errorf("payments: reverse: %w", err)
	}
	done, of := make(map[int64]struct{}, n), make(map[int64]owner, n)
	for _, o := range owners {
		done[o.ID], of[o.ID] = struct{}{}, o
	}
	if left := missing(reversals, id, done); left != nil {
		return &RefusedError{Step: "reverse", Problem: "unknown, or it does not hold so much", IDs: left}
	}
	entries := make([]ledger.Entry, 0, n)
	for _, r := range reversals {
		o := of[r.PaymentID]
		if r.FromParts.IsPositive() {
			e, err := ledger.Of(ledger.KindUnsplit, o.ID, r.FromParts, r.Reason)
			if err != nil {
				return err
			}
			entries = append(entries, e)
		}
		entries, err = ledger.Reversed(entries, ledger.Reversal{
			PaymentID: o.ID, Source: cmp.Or(r.Source, o.Source), CaseID: o.CaseID,
			FromCase: r.FromCase, Gone: money.FromTiyn(o.Gone), FromRefund: r.FromRefund, FromSuspense: r.FromSuspense, Reason: r.Reason,
		})
		if err != nil {
			return err
		}
	}
	return post(ctx, tx, entries, now)
}
