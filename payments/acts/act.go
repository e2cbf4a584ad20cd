package acts

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"robotbailiff/internal/person"
	"robotbailiff/payments"
	"robotbailiff/payments/ledger"
	"robotbailiff/rules/money"
)

// ApproveWithin is how long a proposal waits for the second person, in legal time. The database knows the same bound.
const ApproveWithin = 24 * time.Hour

// MaxParts is the most payments or cases that one act touches.
const MaxParts = 50

// Kind is what is done. It is stored.
type Kind string

// Kinds of acts.
const (
	Assign  Kind = "assign"  // money in suspense, or a part of it, pays a case
	Split   Kind = "split"   // money of one payment pays several cases
	Merge   Kind = "merge"   // several payments pay one case
	Refund  Kind = "refund"  // money in suspense goes back to its payer
	SameAs  Kind = "same_as" // what came is the money of a payment that a gateway had told of
	Explain Kind = "explain" // why money left
	Recover Kind = "recover" // a claimant makes good what he owes for a payment: with money in suspense, or with other money of the case that is kept

	DueAgain Kind = "due_again" // what came is money that had gone to a claimant by hand: it is due to him again
)

// Kinds lists every kind once.
var Kinds = []Kind{Assign, Split, Merge, Refund, SameAs, Explain, Recover, DueAgain}

// State is what has become of a proposal.
type State string

// The states of an act.
const (
	StateOpen     State = "open"     // another person may do it
	StateLapsed   State = "lapsed"   // nobody did in time
	StateRejected State = "rejected" // somebody sent it away
	StateDone     State = "done"
)

// Part is one payment of an act.
type Part struct {
	PaymentID int64
	CaseID    int64 // that gets it, or with explain: whose claimant got it; 0 with refund and same_as
	Known     int64 // the gateway's payment with same_as, the payment for which the claimant owes with recover, the one whose money came back with due_again
	Amount    money.Amount
}

// Act is a proposal and what became of it.
type Act struct {
	ID      int64
	Kind    Kind
	Parts   []Part
	TxnID   string // the departure, with explain and due_again only
	Meaning ledger.Meaning

	State      State
	ProposedBy string
	Reason     string
	ProposedAt time.Time
	DecidedBy  string // empty: nobody has
	DecidedWhy string
	DecidedAt  time.Time
}

// Payments are the payments of the act.
func (a *Act) Payments() []int64 {
	var ids []int64
	for _, p := range a.Parts {
		ids = append(ids, p.PaymentID)
		if p.Known != 0 {
			ids = append(ids, p.Known)
		}
	}
	return ids
}

// Total is the sum of the parts.
func (a *Act) Total() money.Amount {
	sum := money.Zero
	for _, p := range a.Parts {
		sum = sum.Add(p.Amount)
	}
	return sum
}

// Error says why an act cannot be.
type Error struct {
	Code   string // one of the Code constants
	Remedy string
}

// Codes of [Error].
const (
	CodeNotOpen    = "not_open"    // it does not wait for anybody, or not any more
	CodeSamePerson = "same_person" // who proposed cannot decide for it
	CodeNoReason   = "reason_missing"
	CodeNoActor    = "actor_missing"
	CodeStale      = "stale"          // it would not do what the person saw
	CodeBusy       = "busy"           // another act with the same money waits
	CodeShape      = "shape"          // not what this kind of act needs
	CodeNoPayment  = "no_payment"     // there is no such payment
	CodeTooMuch    = "too_much"       // more than lies in suspense
	CodeOtherCase  = "other_case"     // the payment belongs to another case for ever: split it
	CodeNoCase     = "no_case"        // there is no such case
	CodeNotSame    = "not_same"       // the two cannot be one transfer
	CodeNotOwed    = "not_owed"       // the claimant does not owe so much for it, or its money is still on its way
	CodeExplained  = "nothing_to_say" // the departure is unknown, or has its reason
	CodeUnnamed    = "unnamed"        // nobody says whose money went to the claimant
	CodeSentMore   = "sent_more"      // more went than is due to the claimant, or it is in a file
	CodeOtherSum   = "other_sum"      // the named sums are not what left
	CodeNotSent    = "not_sent"       // no such departure to a claimant, or all of it has come back
	CodeOtherBack  = "other_back"     // what came is not what left, and it is not clear whose money it is
	CodeOwesFirst  = "owes_first"     // the claimant owes for the payment: that comes first
)

// Error names code and remedy.
func (e *Error) Error() string { return "money act: " + e.Code + ": " + e.Remedy }

// ErrNoAct says that there is no such act.
var ErrNoAct = errors.New("acts: there is no such act")

// Check says whether an act can be meant, given its payments. It says nothing of cases: the engine knows them.
func Check(a *Act, known map[int64]payments.Payment) error {
	if a.Kind == Explain {
		switch toClaimant := a.Meaning == ledger.Remittance; {
		case a.TxnID == "" || a.Meaning.Account() == "" || len(a.Parts) > 0 && !toClaimant:
			return &Error{CodeShape, "name one departure and what it was for"}
		case len(a.Parts) == 0 && toClaimant:
			return &Error{CodeUnnamed, "name the case whose money it was"}
		}
		return sendable(a, known)
	}
	if err := shape(a); err != nil {
		return err
	}
	spent := map[int64]money.Amount{}
	for _, part := range a.Parts {
		p, ok := known[part.PaymentID]
		if !ok {
			return &Error{CodeNoPayment, "look at the queue again"}
		}
		if a.Kind == Recover {
			return recoverable(p, known[part.Known], part.Amount)
		}
		if a.Kind == DueAgain {
			if err := returned(p, known[part.Known], part.Amount); err != nil {
				return err
			}
		}
		spent[p.ID] = spent[p.ID].Add(part.Amount)
		switch {
		case p.Suspense.Less(spent[p.ID]):
			return &Error{CodeTooMuch, "there lie " + p.Suspense.String() + " in suspense"}
		case (a.Kind == Assign || a.Kind == Merge) && p.CaseID != 0 && p.CaseID != part.CaseID:
			return &Error{CodeOtherCase, "a payment belongs to one case for ever: split it"}
		case a.Kind == Merge && !part.Amount.Equal(p.Suspense):
			return &Error{CodeShape, "all that lies in suspense of each payment"}
		case a.Kind == SameAs:
			k := known[part.Known]
			if k.ID == 0 || p.Source != ledger.SourceTreasury || k.Source == ledger.SourceTreasury || k.Source == ledger.SourceSplit ||
				!p.Suspense.Equal(p.Amount) || !part.Amount.Equal(p.Amount) || !k.ComesAs(p.Amount) {
				return &Error{CodeNotSame, "a line that is wholly in suspense, and a gateway's payment of the same sum, or of that with the fee that it told"}
			}
		}
	}
	return nil
}

// Kept says whether a claimant's debt is made good with money of the same case that is due to him.
func Kept(from, of payments.Payment) bool {
	return from.CaseID == of.CaseID && !from.Suspense.IsPositive()
}

func recoverable(from, of payments.Payment, sum money.Amount) error {
	have := from.Suspense
	if Kept(from, of) {
		have = from.Free()
	}
	switch {
	case of.ID == 0 || of.Overpaid().Less(sum) || of.Remitting.IsPositive():
		return &Error{CodeNotOwed, "he owes " + of.Overpaid().String() + " for it, and what is on its way may still come back"}
	case have.Less(sum):
		return &Error{CodeTooMuch, "there lie " + have.String()}
	}
	return nil
}

// shape checks how many payments and cases an act names.
func shape(a *Act) error {
	wrong := &Error{CodeShape, "look at what this act needs"}
	ofPayment, ofCase, ofKnown := map[int64]bool{}, map[int64]bool{}, map[int64]bool{}
	for _, p := range a.Parts {
		if !p.Amount.IsPositive() || p.PaymentID <= 0 || (p.CaseID > 0) != (a.Kind == Assign || a.Kind == Split || a.Kind == Merge) || (p.Known > 0) != (a.Kind == SameAs || a.Kind == Recover || a.Kind == DueAgain) || p.Known == p.PaymentID || ofKnown[p.Known] {
			return wrong
		}
		ofPayment[p.PaymentID], ofCase[p.CaseID] = true, true
		ofKnown[p.Known] = p.Known != 0
	}
	n := len(a.Parts)
	switch a.Kind {
	case Assign, Refund, SameAs, Recover:
		if n != 1 {
			return wrong
		}
	case Split:
		if n < 2 || n > MaxParts || len(ofPayment) != 1 || len(ofCase) != n {
			return wrong
		}
	case Merge:
		if n < 2 || n > MaxParts || len(ofPayment) != n || len(ofCase) != 1 {
			return wrong
		}
	case DueAgain:
		if n < 1 || n > MaxParts || len(ofPayment) != 1 || a.TxnID == "" || a.Meaning != "" {
			return wrong
		}
	case Explain:
		return wrong
	default:
		return wrong
	}
	return nil
}

// Effect is what an act would do, exactly.
type Effect struct {
	Parts   []PartEffect
	Account ledger.Account // to which a departure is booked
}

// PartEffect is what becomes of one part.
type PartEffect struct {
	PaymentID int64        `json:"p"`
	CaseID    int64        `json:"c"`
	Amount    money.Amount `json:"a"`
	Allocated money.Amount `json:"u"` // pays the case
	RefundDue money.Amount `json:"r"` // goes back to the payer
	Left      money.Amount `json:"l"` // what the case asks for afterwards
	State     string       `json:"s"` // of the case afterwards
	Lifts     int          `json:"f"` // arrests that end
	Reduces   int          `json:"d"` // arrests that shrink
	Recalls   int          `json:"b"` // collection orders that are taken back
}

// Seen is a short name of exactly this effect: what a person saw and what is done are compared by it.
func (e *Effect) Seen() string {
	raw, err := json.Marshal(e)
	if err != nil {
		return "" // sums and numbers can always be written
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:12])
}

// Who tidies the name and the reason of somebody who acts.
func Who(actor, reason string, must bool) (string, string, error) {
	name, ok := person.Name(actor)
	if !ok {
		return "", "", &Error{CodeNoActor, "say who acts"}
	}
	if reason, ok = person.Reason(reason); !ok || must && reason == "" {
		return "", "", &Error{CodeNoReason, "say why, in at most 2000 bytes and without personal data"}
	}
	return name, reason, nil
}
