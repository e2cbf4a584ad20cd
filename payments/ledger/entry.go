package ledger

import (
	"errors"
	"fmt"

	"robotbailiff/rules/money"
)

// Entry moves Amount from the account Credit to the account Debit. Amount is always positive.
// CaseID and PaymentID are 0 where the entry belongs to none.
type Entry struct {
	Kind      Kind
	Debit     Account
	Credit    Account
	Amount    money.Amount
	CaseID    int64
	PaymentID int64
	Reason    string
}

// Error refuses facts that make no entry. It holds ids only.
type Error struct {
	Kind              Kind
	CaseID, PaymentID int64
	Problem           string
}

// Error implements error.
func (e *Error) Error() string {
	return fmt.Sprintf("ledger: %s (case %d, payment %d): %s", e.Kind, e.CaseID, e.PaymentID, e.Problem)
}

// Received books a payment that came in through a source.
func Received(source string, paymentID int64, amount money.Amount) (Entry, error) {
	e := Entry{Kind: KindReceived, Debit: Home(source), Credit: Suspense, Amount: amount, PaymentID: paymentID}
	switch {
	case !ValidSource(source):
		return Entry{}, e.refuse("unknown source")
	case paymentID <= 0:
		return Entry{}, e.refuse("no payment")
	case !amount.IsPositive():
		return Entry{}, e.refuse("amount is not positive")
	}
	return e, nil
}

// Settled books that the money of a payment, which a gateway had told of, came to our own account.
func Settled(source string, paymentID int64, amount money.Amount) (Entry, error) {
	e := Entry{Kind: KindSettled, Debit: Treasury, Credit: Clearing(source), Amount: amount, PaymentID: paymentID}
	switch {
	case !ValidSource(source) || source == SourceTreasury:
		return Entry{}, e.refuse("not a gateway")
	case paymentID <= 0:
		return Entry{}, e.refuse("no payment")
	case !amount.IsPositive():
		return Entry{}, e.refuse("amount is not positive")
	}
	return e, nil
}

// FeeKept books what a gateway kept of a payment when it paid it out.
func FeeKept(source string, paymentID int64, fee money.Amount) (Entry, error) {
	e, err := Settled(source, paymentID, fee)
	e.Kind, e.Debit = KindFeeKept, GatewayFees
	if err, ok := errors.AsType[*Error](err); ok {
		err.Kind = KindFeeKept
	}
	return e, err
}

// Left books money that went from our own account: back to a gateway, or, with none, nobody knows where.
func Left(gateway string, amount money.Amount) (Entry, error) {
	e := Entry{Kind: KindUnexplained, Debit: Unexplained, Credit: Treasury, Amount: amount}
	if gateway != "" {
		e.Kind, e.Debit = KindPaidBack, Clearing(gateway)
	}
	switch {
	case gateway != "" && (!ValidSource(gateway) || gateway == SourceTreasury):
		return Entry{}, e.refuse("not a gateway")
	case !amount.IsPositive():
		return Entry{}, e.refuse("amount is not positive")
	}
	return e, nil
}

// Allocation says what becomes of the money of a payment that lies in suspense.
type Allocation struct {
	PaymentID int64
	CaseID    int64        // 0 only when nothing is allocated
	Allocated money.Amount // pays the case
	RefundDue money.Amount // goes back to the payer
	Reason    string
}

// Allocated books an [Allocation]: one to three entries appended to into. What pays a case is due to its claimant.
func Allocated(into []Entry, a Allocation) ([]Entry, error) {
	pay := Entry{
		Kind: KindAllocated, Debit: Suspense, Credit: Receivable, Amount: a.Allocated,
		CaseID: a.CaseID, PaymentID: a.PaymentID, Reason: a.Reason,
	}
	due, back := pay, pay
	due.Kind, due.Debit, due.Credit = KindCollected, Claims, DueToClaimants
	back.Kind, back.Credit, back.Amount = KindRefundDue, RefundsDue, a.RefundDue
	switch {
	case a.PaymentID <= 0:
		return into, pay.refuse("no payment")
	case a.Allocated.IsPositive() && a.CaseID <= 0:
		return into, pay.refuse("no case")
	}
	return some(into, pay, due, back)
}

// Reversal says how much of a payment the payment system took back, and from where.
type Reversal struct {
	PaymentID    int64
	Source       string
	CaseID       int64 // of the payment; 0 only when nothing is taken from a case
	FromCase     money.Amount
	Gone         money.Amount // the part of FromCase that was sent to the claimant, or is on its way
	FromRefund   money.Amount
	FromSuspense money.Amount
	Reason       string
}

// Reversed books a [Reversal]: one to five entries appended to into.
func Reversed(into []Entry, r Reversal) ([]Entry, error) {
	e := Entry{Kind: KindReversed, Credit: Home(r.Source), CaseID: r.CaseID, PaymentID: r.PaymentID, Reason: r.Reason}
	switch {
	case !ValidSource(r.Source):
		return into, e.refuse("unknown source")
	case r.PaymentID <= 0:
		return into, e.refuse("no payment")
	case r.FromCase.IsPositive() && r.CaseID <= 0:
		return into, e.refuse("no case")
	case r.FromCase.Less(r.Gone):
		return into, e.refuse("more is gone than is taken back")
	}
	fromCase, fromRefund, fromSuspense, here, gone := e, e, e, e, e
	here.Kind, here.Debit, here.Credit, here.Amount = KindUncollected, DueToClaimants, Claims, r.FromCase.Sub(r.Gone)
	gone.Kind, gone.Debit, gone.Credit, gone.Amount = KindOverpaid, OwedByClaimants, Claims, r.Gone
	fromCase.Debit, fromCase.Amount = Receivable, r.FromCase
	fromRefund.Debit, fromRefund.Amount = RefundsDue, r.FromRefund
	fromSuspense.Debit, fromSuspense.Amount = Suspense, r.FromSuspense
	return some(into, fromCase, here, gone, fromRefund, fromSuspense)
}

// Holding is where the money of one payment stands.
type Holding struct{ Case, Refund, Suspense money.Amount }

// Take splits a sum that is taken back from a payment in the debtor's favour: first what was not allocated, then what
// was due back anyway, and the case last. ok is false when the payment does not hold so much any more: then it was
// taken back before, or the message is wrong, and nothing may be booked.
func (h Holding) Take(amount money.Amount) (fromCase, fromRefund, fromSuspense money.Amount, ok bool) {
	if !amount.IsPositive() {
		return money.Zero, money.Zero, money.Zero, false
	}
	fromSuspense = money.Min(amount, h.Suspense)
	rest := amount.Sub(fromSuspense)
	fromRefund = money.Min(rest, h.Refund)
	rest = rest.Sub(fromRefund)
	if h.Case.Less(rest) {
		return money.Zero, money.Zero, money.Zero, false
	}
	return rest, fromRefund, fromSuspense, true
}

// MoveKind is how a debt came, went or changed otherwise than by money.
type MoveKind string

// Kinds of moves.
const (
	Opened      MoveKind = "opened"      // the case began: Amount is the debt
	Cancelled   MoveKind = "cancelled"   // the decision is void: Amount is the outstanding rest, which may be 0
	HandedOver  MoveKind = "transferred" // to a private bailiff: Amount is the outstanding rest
	TakenBack   MoveKind = "taken_back"  // from the private bailiff, since it was paid or cancelled after all: Amount is what he may no longer ask
	Adjusted    MoveKind = "adjusted"    // by a person: Amount is the signed change of the debt; a reason is required
	ReturnedEnd MoveKind = "returned"    // a payment was taken back after the case had ended: Amount is what is open again
)

// Move is one change of a debt. Refund is what was collected before and is now due back; see [Moved].
type Move struct {
	CaseID int64
	Kind   MoveKind
	Amount money.Amount
	Reason string
}

// Moved books a [Move]: at most one entry appended to into. What was collected on a cancelled decision is booked payment
// by payment with [RefundClaim].
func Moved(into []Entry, m Move) ([]Entry, error) {
	e := Entry{Amount: m.Amount, CaseID: m.CaseID, Reason: m.Reason}
	switch m.Kind {
	case Opened:
		e.Kind, e.Debit, e.Credit = KindOpened, Receivable, Claims
	case Cancelled:
		e.Kind, e.Debit, e.Credit = KindCancelled, Claims, Receivable
		if m.Amount.IsZero() && m.CaseID > 0 {
			return into, nil // everything was paid: only refunds follow
		}
	case HandedOver:
		e.Kind, e.Debit, e.Credit = KindTransferred, Transferred, Receivable
	case TakenBack:
		e.Kind, e.Debit, e.Credit = KindTakenBack, Receivable, Transferred
	case ReturnedEnd:
		e.Kind, e.Debit, e.Credit = KindReturned, Returned, Receivable
	case Adjusted:
		e.Kind, e.Debit, e.Credit = KindAdjusted, Receivable, Claims
		if m.Amount.Sign() < 0 {
			e.Debit, e.Credit, e.Amount = Claims, Receivable, m.Amount.Neg()
		}
		if m.Reason == "" {
			return into, e.refuse("an adjustment needs a reason")
		}
	default:
		e.Kind = Kind(m.Kind)
		return into, e.refuse("unknown move")
	}
	switch {
	case m.CaseID <= 0:
		return into, e.refuse("no case")
	case !e.Amount.IsPositive():
		return into, e.refuse("amount is not positive")
	}
	return append(into, e), nil
}

// RefundClaim books that money of one payment, collected for a case that is void, is due back: one or two entries appended to into. Gone is
// the part of it that was sent to the claimant, or is on its way: he owes it.
func RefundClaim(into []Entry, paymentID, caseID int64, amount, gone money.Amount, reason string) ([]Entry, error) {
	here := Entry{
		Kind: KindRefundClaim, Debit: DueToClaimants, Credit: RefundsDue, Amount: amount.Sub(gone),
		CaseID: caseID, PaymentID: paymentID, Reason: reason,
	}
	there := here
	there.Debit, there.Amount = OwedByClaimants, gone
	if paymentID <= 0 || caseID <= 0 {
		return into, here.refuse("no payment or no case")
	}
	return some(into, here, there)
}

// some appends the entries that move money; a negative sum, or nothing at all, is refused.
func some(into []Entry, entries ...Entry) ([]Entry, error) {
	n := len(into)
	for _, e := range entries {
		switch e.Amount.Sign() {
		case -1:
			return into[:n], e.refuse("amount is negative")
		case 1:
			into = append(into, e)
		}
	}
	if len(into) == n {
		return into, entries[0].refuse("nothing to book")
	}
	return into, nil
}

func (e Entry) refuse(problem string) *Error {
	return &Error{Kind: e.Kind, CaseID: e.CaseID, PaymentID: e.PaymentID, Problem: problem}
}
