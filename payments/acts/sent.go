package acts

import (
	"cmp"
	"slices"

	"robotbailiff/payments"
	"robotbailiff/payments/ledger"
	"robotbailiff/rules/money"
)

// Named is a case whose money went to its claimant by hand.
type Named struct {
	CaseID int64
	Amount money.Amount // zero, once at most: what the others leave of the departure
}

// SentParts says which payments of the named cases a departure was the money of: those of each case by value date, the oldest first, up to what is
// due to its claimant and in no file. More than that is refused, and so is a sum that is not the whole departure.
func SentParts(named []Named, left money.Amount, paid map[int64][]payments.Payment) ([]Part, error) {
	named = slices.Clone(named)
	rest, open, seen := left, -1, map[int64]bool{}
	for i, n := range named {
		switch {
		case n.CaseID <= 0 || seen[n.CaseID] || n.Amount.Sign() < 0 || n.Amount.IsZero() && open >= 0:
			return nil, &Error{CodeShape, "name each case once, with its sum"}
		case n.Amount.IsZero():
			open = i
		}
		seen[n.CaseID], rest = true, rest.Sub(n.Amount)
	}
	if open >= 0 {
		named[open].Amount, rest = rest, money.Zero
	}
	if len(named) == 0 {
		return nil, &Error{CodeUnnamed, "name the case whose money it was"}
	}
	if !rest.IsZero() || open >= 0 && !named[open].Amount.IsPositive() {
		return nil, &Error{CodeOtherSum, "what left is " + left.String()}
	}
	var parts []Part
	for _, n := range named {
		list := slices.SortedStableFunc(slices.Values(paid[n.CaseID]), func(a, b payments.Payment) int {
			return cmp.Or(a.ValueDate.Compare(b.ValueDate), cmp.Compare(a.ID, b.ID))
		})
		want := n.Amount
		for i := range list {
			take := money.Min(want, list[i].Free())
			if take.IsPositive() {
				parts, want = append(parts, Part{PaymentID: list[i].ID, CaseID: n.CaseID, Amount: take}), want.Sub(take)
			}
		}
		if want.IsPositive() {
			return nil, &Error{CodeSentMore, "due to the claimant, and in no file, are " + n.Amount.Sub(want).String()}
		}
	}
	if len(parts) > MaxParts {
		return nil, &Error{CodeShape, "too many payments for one act"}
	}
	return parts, nil
}

// sendable checks the payments that an explanation names: nothing but the money of claimants names any.
func sendable(a *Act, known map[int64]payments.Payment) error {
	seen := map[int64]bool{}
	for _, part := range a.Parts {
		p, ok := known[part.PaymentID]
		switch {
		case !ok:
			return &Error{CodeNoPayment, "look at the case again"}
		case seen[p.ID] || part.Known != 0 || !part.Amount.IsPositive() || len(a.Parts) > MaxParts:
			return &Error{CodeShape, "name each payment once, with its sum"}
		case part.CaseID == 0 || p.CaseID != part.CaseID:
			return &Error{CodeOtherCase, "the payment is another case's"}
		case p.Free().Less(part.Amount):
			return &Error{CodeSentMore, "due to the claimant, and in no file, are " + p.Free().String()}
		}
		seen[p.ID] = true
	}
	return nil
}

// BackParts says whose money came back by a payment in suspense: all that a departure had brought to claimants, or, with a case, all of that case, or a
// part of one payment. Anything else is not clear, and refused.
func BackParts(from int64, came money.Amount, gone payments.ByHand, caseID int64) ([]Part, error) {
	var parts []Part
	sum := money.Zero
	for _, p := range gone.Parts {
		if caseID == 0 || p.CaseID == caseID {
			parts, sum = append(parts, Part{PaymentID: from, Known: p.PaymentID, Amount: p.Amount}), sum.Add(p.Amount)
		}
	}
	switch {
	case len(parts) == 0:
		return nil, &Error{CodeNotSent, "nothing of this case went by that departure, or all of it came back"}
	case len(parts) > MaxParts:
		return nil, &Error{CodeShape, "too many payments for one act: name the case"}
	case sum.Less(came):
		return nil, &Error{CodeOtherBack, "by that departure went " + sum.String()}
	case came.Less(sum) && len(parts) > 1:
		return nil, &Error{CodeOtherBack, "of what went, " + sum.String() + ", it is a part: name the case"}
	}
	if len(parts) == 1 {
		parts[0].Amount = came
	}
	return parts, nil
}

// returned checks money that came back from a claimant: it lies in suspense as a line of a statement brought it, and it was sent to him.
func returned(from, of payments.Payment, sum money.Amount) error {
	switch {
	case from.Source != ledger.SourceTreasury:
		return &Error{CodeShape, "only what a statement brought has come back"}
	case of.ID == 0 || of.Remitted.Less(sum):
		return &Error{CodeNotSent, "so much was not sent for this payment"}
	case of.Overpaid().IsPositive():
		return &Error{CodeOwesFirst, "he owes " + of.Overpaid().String() + " for it: let him make that good first"}
	}
	return nil
}
