// Package queue is the shapes in which people see money that waits for them.
//
// Charter: payments in suspense with the cases that may be meant, and refunds with whether it is known where they go. A person is
// initials and four digits here: whoever needs more says why, and that is written down elsewhere.
//
// It must not read anything or decide anything; only [Opened] holds a purpose text, a name or an account.
package queue

import (
	"time"

	"robotbailiff/payments"
	"robotbailiff/payments/match"
	"robotbailiff/rules/money"
)

// Masked is a payer as everybody at the desk may see him.
type Masked struct{ Initials, IIN, IBAN string }

// Candidate is a case that may be meant, as it is shown.
type Candidate struct {
	match.Candidate

	Number      string
	Initials    string // of its debtor
	State       string
	Outstanding money.Amount
}

// Part is one case of a proposed split.
type Part struct {
	Number string
	Amount money.Amount
}

// Same is a payment of a gateway that a line may be the money of.
type Same struct {
	PaymentID int64
	Source    string
	TxnID     string
}

// Waiting is a payment in suspense.
type Waiting struct {
	Payment payments.Payment // without the payer's words
	Payer   Masked
	Gateway string // from whose account the money came; empty: from a payer
	Cases   []Candidate
	Split   []Part
	Same    []Same
}

// Refund is money that is due back.
type Refund struct {
	PaymentID  int64
	Number     string // of the case; empty: none
	Source     string
	ReceivedAt time.Time
	Amount     money.Amount
	Way        Way
	To         Masked
	Given      bool // a person said where it goes
	GivenBy    string
	GivenAt    time.Time
	Last, Code string // how the last order of it ended, and why
}

// Way is how a refund can go. The words are stable.
type Way string

// Ways.
const (
	Ready   Way = "ready"   // it can be collected into a file
	Missing Way = "missing" // nobody has said where it goes
	Gateway Way = "gateway" // a gateway still has the money, and pays it back itself
)

// Back is money that goes back to the payer of a case, as the debtor may see it.
type Back struct {
	PaymentID int64
	Amount    money.Amount
	State     BackState
	Account   string    // the end of the account; empty: none is known
	ByDebtor  bool      // the debtor gave the account
	At        time.Time // when it was given, paid, or came back; zero: not known
	Code      string    // why it came back, as the bank says
}

// BackState is where money that goes back has got to. The words are stable.
type BackState string

// The states.
const (
	BackWanted    BackState = "wanted"    // nobody has said where it goes
	BackReturned  BackState = "returned"  // a bank has refused it or sent it back: another account is wanted
	BackPayer     BackState = "payer"     // it goes back to the account that it came from
	BackReady     BackState = "ready"     // it goes to the account that was given
	BackGateway   BackState = "gateway"   // a payment system still has it
	BackClaimant  BackState = "claimant"  // the claimant has it, and gives it back first
	BackCollected BackState = "collected" // two people are about to release it
	BackSent      BackState = "sent"      // the bank has it
	BackPaid      BackState = "paid"
)

// Told is what a bank's answer to a file did.
type Told struct{ Paid, Rejected, Known, Waiting int }

// Opened is what is sealed of one payment, for a person who said why. All of it is personal data.
type Opened struct {
	Words string
	Payer *payments.Payer // whom the bank named; nil: nobody
	Given *payments.Payer // where a person says that the refund goes; nil: nobody said
}
