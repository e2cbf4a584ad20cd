package ledger

import "robotbailiff/rules/money"

// Meaning is why money left, as a person says it. It is stored.
type Meaning string

// Meanings of a departure.
const (
	BankFee    Meaning = "bank_fee"
	Remittance Meaning = "remittance" // to a claimant
	Other      Meaning = "otherwise"
)

// Meanings lists every meaning once.
var Meanings = []Meaning{BankFee, Remittance, Other}

// Account is where money of this meaning stands; "" for a meaning that is none.
func (m Meaning) Account() Account {
	switch m {
	case BankFee:
		return Fees
	case Remittance:
		return Claims
	case Other:
		return Otherwise
	}
	return ""
}

// Explained books why money left.
func Explained(m Meaning, amount money.Amount, reason string) (Entry, error) {
	e := Entry{Kind: KindExplained, Debit: m.Account(), Credit: Unexplained, Amount: amount, Reason: reason}
	switch {
	case m.Account() == "":
		return Entry{}, e.refuse("unknown meaning")
	case !amount.IsPositive():
		return Entry{}, e.refuse("amount is not positive")
	case reason == "":
		return Entry{}, e.refuse("an explanation needs a reason")
	}
	return e, nil
}

// Of books what happens to the money of one payment and needs nothing but the payment: split, same_as, refunded, paid_out and came_back.
func Of(kind Kind, paymentID int64, amount money.Amount, reason string) (Entry, error) {
	e := Entry{Kind: kind, Amount: amount, PaymentID: paymentID, Reason: reason}
	switch kind {
	case KindSplit:
		e.Debit, e.Credit = Suspense, Clearing(SourceSplit)
	case KindSameAs:
		e.Debit, e.Credit = Suspense, Treasury
	case KindRefunded:
		e.Debit, e.Credit = RefundsDue, Outgoing
	case KindPaidOut:
		e.Debit, e.Credit = Outgoing, Treasury
	case KindCameBack:
		e.Debit, e.Credit = Treasury, RefundsDue
	default:
		return Entry{}, e.refuse("not of one payment")
	}
	switch {
	case paymentID <= 0:
		return Entry{}, e.refuse("no payment")
	case !amount.IsPositive():
		return Entry{}, e.refuse("amount is not positive")
	}
	return e, nil
}
