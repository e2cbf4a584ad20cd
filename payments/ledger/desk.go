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
		return DueToClaimants
	case Other:
		return Otherwise
	}
	return ""
}

// Explained books why money left, unless it went to a claimant: see [SentByHand].
func Explained(m Meaning, amount money.Amount, reason string) (Entry, error) {
	e := Entry{Kind: KindExplained, Debit: m.Account(), Credit: Unexplained, Amount: amount, Reason: reason}
	switch {
	case m.Account() == "" || m == Remittance:
		return Entry{}, e.refuse("unknown meaning, or money of payments that have to be named")
	case !amount.IsPositive():
		return Entry{}, e.refuse("amount is not positive")
	case reason == "":
		return Entry{}, e.refuse("an explanation needs a reason")
	}
	return e, nil
}

// SentByHand books that money which left is what was due to a claimant for one payment.
func SentByHand(paymentID, caseID int64, amount money.Amount, reason string) (Entry, error) {
	e := Entry{Kind: KindSentByHand, Debit: Remittance.Account(), Credit: Unexplained, Amount: amount, CaseID: caseID, PaymentID: paymentID, Reason: reason}
	switch {
	case paymentID <= 0 || caseID <= 0:
		return Entry{}, e.refuse("no payment or no case")
	case !amount.IsPositive():
		return Entry{}, e.refuse("amount is not positive")
	case reason == "":
		return Entry{}, e.refuse("an explanation needs a reason")
	}
	return e, nil
}

// DueAgain books that money which was sent to a claimant by hand has come back, and is due to him again: from brought it, and it is money of the
// payment of.
func DueAgain(from, of, caseID int64, amount money.Amount, reason string) ([]Entry, error) {
	e := Entry{Kind: KindDueAgain, Debit: Suspense, Credit: Claims, Amount: amount, CaseID: caseID, PaymentID: from, Reason: reason}
	if err := e.pair(of); err != nil {
		return nil, err
	}
	due := e
	due.Debit, due.Credit, due.PaymentID = Claims, DueToClaimants, of
	return []Entry{e, due}, nil
}

// pair refuses an entry that two payments of a case cannot have.
func (e *Entry) pair(of int64) error {
	switch {
	case e.PaymentID <= 0 || of <= 0 || e.PaymentID == of || e.CaseID <= 0:
		return e.refuse("two payments and a case are needed")
	case !e.Amount.IsPositive():
		return e.refuse("amount is not positive")
	case e.Reason == "":
		return e.refuse("it needs a reason")
	}
	return nil
}

// Of books what happens to the money of one payment and needs nothing but the payment: split, unsplit, same_as, refunded, paid_out, came_back, and
// the same of remittances.
func Of(kind Kind, paymentID int64, amount money.Amount, reason string) (Entry, error) {
	e := Entry{Kind: kind, Amount: amount, PaymentID: paymentID, Reason: reason}
	switch kind {
	case KindSplit:
		e.Debit, e.Credit = Suspense, Clearing(SourceSplit)
	case KindUnsplit:
		e.Debit, e.Credit = Clearing(SourceSplit), Suspense
	case KindSameAs:
		e.Debit, e.Credit = Suspense, Treasury
	case KindRefunded:
		e.Debit, e.Credit = RefundsDue, Outgoing
	case KindPaidOut:
		e.Debit, e.Credit = Outgoing, Treasury
	case KindCameBack:
		e.Debit, e.Credit = Treasury, RefundsDue
	case KindRemitted:
		e.Debit, e.Credit = DueToClaimants, SentToClaimants
	case KindRemitLeft:
		e.Debit, e.Credit = SentToClaimants, Treasury
	case KindRemitBack:
		e.Debit, e.Credit = Treasury, DueToClaimants
	case KindSetOff:
		e.Debit, e.Credit = DueToClaimants, OwedByClaimants
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

// Recovered books that a claimant has made good what he owed for one payment: by money that came from him and lies in suspense, or by money of
// another payment of the same case that is due to him and is kept.
func Recovered(from, of, caseID int64, kept bool, amount money.Amount, reason string) ([]Entry, error) {
	e := Entry{Kind: KindGivenBack, Debit: Suspense, Credit: Claims, Amount: amount, CaseID: caseID, PaymentID: from, Reason: reason}
	if kept {
		e.Kind, e.Debit = KindNetted, DueToClaimants
	}
	if err := e.pair(of); err != nil {
		return nil, err
	}
	owed := e
	owed.Debit, owed.Credit, owed.PaymentID = Claims, OwedByClaimants, of
	return []Entry{e, owed}, nil
}
