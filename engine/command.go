package engine

import (
	"time"

	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Command asks something of one case. Every command may be repeated without harm: what was already done is refused with
// [CodeAlready] or changes nothing.
type Command interface {
	// Kind is the stable name under which the command is kept in the event that it caused.
	Kind() string
}

// Actors of commands.
const (
	ActorRobot    = "robot"
	ActorCourt    = "court"
	ActorBank     = "bank"
	ActorRegister = "register" // of debtors
	ActorPayment  = "payment"
	ActorDebtor   = "debtor"
	ActorNotice   = "notice"

	// ActorStranger has the telephone of a debtor and says that he is another person.
	ActorStranger = "stranger"
)

// HoldWrongPerson holds a case whose notice came to somebody else, as that person says. What was proven by it is doubtful, so nothing is
// taken until an operator has looked, and no SMS goes to the number.
const HoldWrongPerson = "wrong_person"

// HoldByHand holds a case since somebody at the desk says so; why, says the command.
const HoldByHand = "by_hand"

// For is a command addressed to a case by somebody.
type For struct {
	CaseID  int64
	Actor   string // one of the Actor constants, or "desk:<user>"
	Command Command
}

// Open starts a case on a writ (EL 10-2). The eligibility test is part of the decision, so that an accepted and a rejected
// writ are explained alike. Personal facts are used and never kept in the event.
type Open struct {
	DebtorID int64           `json:"debtor"`
	Region   string          `json:"region"`
	Language string          `json:"language"`
	Mail     bool            `json:"mail,omitempty"` // the debtor has an address
	Source   string          `json:"-"`              // of the writ: its opening may be stopped
	Facts    rules.WritFacts `json:"-"`
}

// NoticeDelivered reports proven delivery of a notice to the number or device (EL 27(4)).
type NoticeDelivered struct {
	Ordinal int       `json:"ordinal"`
	Opening bool      `json:"opening"` // the notice tells of the opening: its delivery starts the voluntary period
	Channel string    `json:"channel"`
	At      time.Time `json:"at"` // the gateway's time of delivery
}

// Tick is the robot's look at a case: do what is due now.
type Tick struct{}

// OrderAnswered reports what an outside body said to an order.
type OrderAnswered struct {
	Purpose Purpose      `json:"purpose"`
	Ordinal int          `json:"ordinal"`
	Answer  Answer       `json:"answer"`
	Sum     money.Amount `json:"sum,omitzero"` // held by an arrest, executed by a collection order, left after a reduction
	Bank    string       `json:"bank,omitempty"`
	Detail  string       `json:"detail,omitempty"`
}

// Answer is the body's answer in our words.
type Answer string

// Answers to orders.
const (
	Accepted    Answer = "accepted"     // done for the whole sum
	Partial     Answer = "partial"      // done for less than the sum
	NoFunds     Answer = "no_funds"     // nothing on any account
	Protected   Answer = "protected"    // only accounts that may not be touched (EL 62(3), 98)
	NoAccount   Answer = "no_account"   // no account, or closed
	AlreadyDone Answer = "already_done" // nothing left to do: counts as done
	Refused     Answer = "refused"      // the body refuses; Detail says why
	Withdrawn   Answer = "withdrawn"    // we took it back before it was sent
)

// ok says whether the body did what it was asked to, at least in part.
func (a Answer) ok() bool { return a == Accepted || a == Partial || a == AlreadyDone }

// Pay reports money for the case. The same payment is never given twice: payments keeps that.
type Pay struct {
	PaymentID int64         `json:"payment"`
	Amount    money.Amount  `json:"amount"`
	ValueDate calendar.Date `json:"value_date"`
	Source    string        `json:"source"`
}

// ReversePayment reports that money once allocated to the case was taken back by the payment system.
type ReversePayment struct {
	PaymentID int64        `json:"payment"`
	Amount    money.Amount `json:"amount"` // the part that was allocated to this case
}

// RequestRefusal is the debtor's refusal of the simplified procedure (EL 10-1(3)), after two steps and a code.
type RequestRefusal struct{}

// UndoRefusal takes a refusal back within the undo period.
type UndoRefusal struct{}

// Cancel reports that the issuer cancelled the underlying decision (EL 10-5(1)(2)), or that the case is about another person.
type Cancel struct {
	Ground string `json:"ground"`
	Act    string `json:"act"` // number of the issuer's act

	// GiveBack: also a case that was paid in full, of which all that was paid is due back then. A court's word alone does not do that.
	GiveBack bool `json:"give_back,omitempty"`
}

// GroundOtherPerson is the ground of a cancellation that two people at the desk decided on: the debtor of the case is another person than the
// one whom its writ is about.
const GroundOtherPerson = "other_person"

// Adjust reports that the issuer lowered the sum of the writ. A higher sum is refused: what a debtor owes never grows here.
type Adjust struct {
	Debt   money.Amount `json:"debt"` // what the writ asks for now
	Ground string       `json:"ground"`
	Act    string       `json:"act"` // number of the issuer's act
}

// SetHold stops coercion until a person has looked.
type SetHold struct {
	Reason string `json:"reason"`
	Note   string `json:"note,omitempty"` // of a hold by hand: in the words of the person
}

// Resume ends a hold and a suspension.
type Resume struct {
	Reason string `json:"reason"`
}

// Suspend stops coercion until a date, or until resumed (EL 42).
type Suspend struct {
	Reason string        `json:"reason"`
	Until  calendar.Date `json:"until"`
}

// Assign names the private bailiff who takes a handed-over case.
type Assign struct {
	BailiffID int64  `json:"bailiff"`
	Load      int    `json:"load"`          // open cases of the chosen bailiff before this one
	Among     int    `json:"among"`         // bailiffs of the region that were compared
	Tie       string `json:"tie,omitempty"` // how a tie was broken
}

// BankHolds reports what banks have in force for an arrest of the case, as they say themselves: after a restore they may know an
// arrest that this database does not, and a bank may hold less than was thought.
type BankHolds struct {
	Ordinal int          `json:"ordinal"` // of the arrest
	Sum     money.Amount `json:"sum"`     // held now, at all banks together
	Ground  string       `json:"ground"`  // one of the Ground constants
}

// Grounds of [BankHolds].
const (
	GroundRestored = "restored" // an older copy of this database was restored, the bank is ahead of it
	GroundCompare  = "compare"  // the daily compare found it, and the bank said the same when asked about the order
)

// EntryFound reports an entry of the case that the register of debtors has and this database does not, which is an older copy.
type EntryFound struct {
	Ordinal int    `json:"ordinal"` // of the entry
	Ground  string `json:"ground"`  // GroundRestored
}

// Attest records that a document about the case was made, by the hash of its exact bytes, so that the document can be proven later.
// It moves nothing and is taken in every state. A hash that is there already is left out by [Store.Attest].
type Attest struct {
	SHA256 string `json:"sha256"` // 64 hexadecimal digits in small letters
	Format string `json:"format"` // pdf or json
}

// Object is the debtor's objection on a ground. What the debtor says beside it is kept elsewhere.
type Object struct {
	Ground Ground `json:"ground"`
}

// AnswerObjection is a person's answer to an objection.
type AnswerObjection struct {
	Seq      int    `json:"objection"`
	Accepted bool   `json:"accepted,omitempty"`
	Reason   string `json:"reason"` // one of AcceptReasons or DeclineReasons
}

// Told reports that the debtor was told that an objection was declined: by a notice that is proven delivered, or by a person.
type Told struct {
	Answer  int       `json:"answer"` // seq of the event that declined it, the ordinal of the notice
	Channel string    `json:"channel"`
	At      time.Time `json:"at"`
	Note    string    `json:"note,omitempty"` // of the person who told it otherwise
}

// RenewLink makes the personal links of the case so far invalid, and has a new one sent. Each one does so again: who must not act twice
// looks at what has been done before, under the lock of the case.
type RenewLink struct {
	Reason string `json:"reason"` // in the words of the person; of the debtor a code
}

// NotifyAgain sends the notice of the opening once more, as long as nothing proves that it arrived.
type NotifyAgain struct {
	Reason string `json:"reason"` // in the words of the person
}

// LiftByHand gives back what is arrested for a case that has not ended. What is owed stays owed, and is not taken again by this case.
type LiftByHand struct {
	Reason string `json:"reason"` // in the words of the person
}

// Kind implements Command.
func (NotifyAgain) Kind() string { return "notify_again" }

// Kind implements Command.
func (LiftByHand) Kind() string { return "lift_by_hand" }

// Kind implements Command.
func (RenewLink) Kind() string { return "renew_link" }

// Kind implements Command.
func (Object) Kind() string { return "object" }

// Kind implements Command.
func (AnswerObjection) Kind() string { return "answer_objection" }

// Kind implements Command.
func (Told) Kind() string { return "objection_told" }

// Kind implements Command.
func (Open) Kind() string { return "open" }

// Kind implements Command.
func (NoticeDelivered) Kind() string { return "notice_delivered" }

// Kind implements Command.
func (Tick) Kind() string { return "tick" }

// Kind implements Command.
func (OrderAnswered) Kind() string { return "order_answered" }

// Kind implements Command.
func (Pay) Kind() string { return "pay" }

// Kind implements Command.
func (ReversePayment) Kind() string { return "reverse_payment" }

// Kind implements Command.
func (RequestRefusal) Kind() string { return "request_refusal" }

// Kind implements Command.
func (UndoRefusal) Kind() string { return "undo_refusal" }

// Kind implements Command.
func (Cancel) Kind() string { return "cancel" }

// Kind implements Command.
func (Adjust) Kind() string { return "adjust" }

// Kind implements Command.
func (SetHold) Kind() string { return "hold" }

// Kind implements Command.
func (Resume) Kind() string { return "resume" }

// Kind implements Command.
func (Suspend) Kind() string { return "suspend" }

// Kind implements Command.
func (Assign) Kind() string { return "assign" }

// Kind implements Command.
func (BankHolds) Kind() string { return "bank_holds" }

// Kind implements Command.
func (EntryFound) Kind() string { return "entry_found" }

// Kind implements Command.
func (Attest) Kind() string { return "attest" }

// Commands lists one empty command of every kind, for tests over the whole table and for decoding.
var Commands = []Command{
	Open{},
	NoticeDelivered{},
	Tick{},
	OrderAnswered{},
	Pay{},
	ReversePayment{},
	RequestRefusal{},
	UndoRefusal{},
	Cancel{},
	Adjust{},
	SetHold{},
	Resume{},
	Suspend{},
	Assign{},
	BankHolds{},
	EntryFound{},
	Attest{},
	Object{},
	AnswerObjection{},
	Told{},
	RenewLink{},
	NotifyAgain{},
	LiftByHand{},
}
