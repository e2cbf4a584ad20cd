package engine

import (
	"time"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Effect is something that must follow outside the case. Effects are values; the store writes them in the transaction
// of the decision, and nothing is called before that transaction is committed.
type Effect interface{ effect() }

// OrderWanted is an order to an outside body. Written by this package; sent by engine/orders.
type OrderWanted struct {
	CaseID int64
	Order  Order
}

// OrderAgain asks that open orders of the case be queried and sent again under their old ids.
type OrderAgain struct {
	CaseID  int64
	Purpose Purpose
}

// NoticeWanted is a notice to the debtor. Ordinal is the sequence number of the event that asks for it.
type NoticeWanted struct {
	CaseID      int64
	Ordinal     int
	Kind        string
	Rung        int
	Channels    []string
	Language    string
	Amount      money.Amount // the sum the notice speaks of
	Outstanding money.Amount
	Until       calendar.Date
	UndoUntil   time.Time // a refusal may be taken back before
	Arrested    bool      // money is held for the case
	Reason      string    // why an objection was declined
	At          time.Time
	NotBefore   time.Time // quiet hours
	ExpiresAt   time.Time
}

// MoneyAllocated says how a payment was used. The rest of the payment, if any, is due back to the payer.
type MoneyAllocated struct {
	CaseID, PaymentID    int64
	Allocated, RefundDue money.Amount
}

// DebtMoved says that a claim came, went or changed otherwise than by a payment.
type DebtMoved struct {
	CaseID int64
	Move   string       // opened, cancelled, adjusted, transferred, taken_back, returned: the words of payments/ledger
	Amount money.Amount // of the claim; of an adjustment the signed change
	Refund money.Amount // collected before and now due back (cancelled, adjusted)
	Reason string       // of an adjustment
}

// HandoverWanted asks for a private bailiff.
type HandoverWanted struct {
	CaseID int64
	Region string
}

// HandoverRecalled tells the private bailiff that the case is no longer his.
type HandoverRecalled struct {
	CaseID int64
	Reason string
}

func (OrderWanted) effect()      {}
func (OrderAgain) effect()       {}
func (NoticeWanted) effect()     {}
func (MoneyAllocated) effect()   {}
func (DebtMoved) effect()        {}
func (HandoverWanted) effect()   {}
func (HandoverRecalled) effect() {}
