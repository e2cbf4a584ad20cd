package notify

import (
	"fmt"
	"slices"
	"time"

	"robotbailiff/notify/text"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Kind names the occasion of a notice.
type Kind = text.Kind

// The kinds of notice.
const (
	KindOpening    = text.Opening
	KindReminder   = text.Reminder
	KindArrest     = text.Arrest
	KindPartPaid   = text.PartPaid
	KindCorrected  = text.Corrected
	KindProlonged  = text.Prolonged
	KindPaid       = text.Paid
	KindCancelled  = text.Cancelled
	KindNotYours   = text.NotYours
	KindHandedOver = text.HandedOver
	KindRefusal    = text.Refusal
	KindRefundDue  = text.RefundDue

	KindObjection         = text.Objection
	KindObjectionAccepted = text.ObjectionAccepted
	KindObjectionDeclined = text.ObjectionDeclined

	KindNewLink = text.NewLink
)

// Kinds lists every kind.
var Kinds = text.Kinds

// statutory tells of a decree or a measure, which the person has a right to learn at once
// (EL 10-2, 27); the other kinds are a courtesy, and wait for the next day (INV-N4).
func statutory(k Kind) bool {
	return k != KindReminder && k != KindPartPaid && k != KindRefundDue
}

// courtesyKinds are the kinds of which a person gets no more than one in 24 hours.
var courtesyKinds = []string{string(KindReminder), string(KindPartPaid), string(KindRefundDue)}

// Channel is a way to the debtor.
type Channel string

// The channels.
const (
	SMS    Channel = "sms"
	Push   Channel = "push"
	Letter Channel = "letter"
	// Telegram informs and proves nothing: no term begins by it.
	Telegram Channel = "telegram"
)

// Channels lists every channel.
var Channels = []Channel{SMS, Push, Letter, Telegram}

// wakes says that a message of the channel makes a noise when it arrives: the quiet hours bind it.
func (c Channel) wakes() bool { return c != Letter }

// Status is where one notice on one channel has got to.
type Status string

// The states of a notice.
const (
	StatusCreated   Status = "created"   // to be sent, for the first or the second time
	StatusSending   Status = "sending"   // an attempt began; its answer is not known yet
	StatusUnknown   Status = "unknown"   // the answer was lost: ask before anything else
	StatusSent      Status = "sent"      // the gateway took it
	StatusDelivered Status = "delivered" // a receipt proves it reached the number
	StatusFailed    Status = "failed"    // refused or undeliverable
	StatusExpired   Status = "expired"   // its time was over before it was known to be sent
)

// Transitions is the graph of a notice. Delivered is final; a receipt of delivery is
// believed even when it comes after a failure, in whatever order they arrive.
var Transitions = map[Status][]Status{
	StatusCreated:   {StatusSending, StatusExpired, StatusSent, StatusFailed, StatusDelivered},
	StatusSending:   {StatusSent, StatusUnknown, StatusCreated, StatusFailed, StatusExpired, StatusDelivered},
	StatusUnknown:   {StatusSent, StatusCreated, StatusFailed, StatusExpired, StatusDelivered},
	StatusSent:      {StatusDelivered, StatusFailed},
	StatusFailed:    {StatusDelivered},
	StatusExpired:   {StatusDelivered},
	StatusDelivered: {},
}

// Params is everything that a text says besides the case number and the link. Which of
// them a kind uses is told in package text; what is not set is left out of the text. The keys
// are short, since four notices of every case are kept for ever.
type Params struct {
	Amount      money.Amount  `json:"a,omitzero"`    // the debt, payment, arrest or refund, by kind
	Outstanding money.Amount  `json:"o,omitzero"`    // what is still owed
	Until       calendar.Date `json:"u,omitzero"`    // last day without extra charge, included
	UndoUntil   time.Time     `json:"undo,omitzero"` // a refusal can be taken back before
	Initials    string        `json:"i,omitzero"`    // of the debtor: see text.Initials
	Bailiff     string        `json:"b,omitzero"`    // the private bailiff's name
	Arrested    bool          `json:"held,omitzero"` // money is held at a bank
	Reason      string        `json:"r,omitzero"`    // why an objection was declined: a code of text.Reasons
}

// stored is what the column params holds: the host too, so that the text of an old notice
// stays the same when the portal moves.
type stored struct {
	Params

	Host string `json:"h"`
}

// Intent asks for one logical notice, on one channel or several.
type Intent struct {
	CaseID    int64
	Ordinal   int // sequence number of the event that asks; once per case
	Kind      Kind
	Rung      int // of the ladder, from 1
	Channels  []Channel
	InTurn    bool // the channels in their order, the next one only when the former came to nothing; otherwise by all at once
	Language  string
	Params    Params
	At        time.Time // of the event
	NotBefore time.Time // earliest time of sending; At when not set
	ExpiresAt time.Time // not sent from then on
}

// Prefer puts the channel that the debtor wishes first. No channel that was asked for is left out, since it may be the one that
// proves delivery: what tells of a decree or a measure goes by all of them. A courtesy goes by the first that takes it. What goes by post
// goes by post alone: the other ways were tried before.
func (in *Intent) Prefer(c Channel) {
	if len(in.Channels) == 0 || in.Channels[0] == c || c == Letter || in.Channels[0] == Letter {
		return
	}
	in.Channels = append([]Channel{c}, slices.DeleteFunc(slices.Clone(in.Channels), func(o Channel) bool { return o == c })...)
	in.InTurn = !statutory(in.Kind)
}

// IntentError says why an intent was refused. Nothing of its batch was stored.
type IntentError struct {
	CaseID  int64
	Ordinal int
	Reason  string
}

// Error implements error.
func (e *IntentError) Error() string {
	return fmt.Sprintf("notify: notice %d of case %d: %s", e.Ordinal, e.CaseID, e.Reason)
}

func (in Intent) check() error {
	reason := ""
	switch {
	case in.CaseID <= 0 || in.Ordinal <= 0 || in.Rung < 0:
		reason = "case, ordinal and rung count from 1"
	case !text.Known(in.Kind, in.Language):
		reason = fmt.Sprintf("no text for kind %q in %q", in.Kind, in.Language)
	case len(in.Channels) == 0:
		reason = "no channel"
	case statutory(in.Kind) && len(in.Channels) == 1 && in.Channels[0] == Telegram:
		reason = "a channel that proves nothing cannot be the only one of it"
	case in.InTurn && statutory(in.Kind):
		reason = "a notice of this kind goes by all its channels"
	case in.At.IsZero() || in.ExpiresAt.IsZero():
		reason = "no time"
	case !in.ExpiresAt.After(in.notBefore()):
		reason = "expires before it may be sent"
	}
	for i, c := range in.Channels {
		if !slices.Contains(Channels, c) || slices.Index(in.Channels, c) != i {
			reason = "channels must be known and differ"
		}
		if c == Letter && !text.HasLetter(in.Kind) {
			reason = fmt.Sprintf("notices of kind %q do not go by post", in.Kind)
		}
	}
	if reason == "" {
		return nil
	}
	return &IntentError{CaseID: in.CaseID, Ordinal: in.Ordinal, Reason: reason}
}

func (in Intent) notBefore() time.Time {
	if in.NotBefore.IsZero() {
		return in.At
	}
	return in.NotBefore
}
