package text

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Kind names the occasion of a notice.
type Kind string

// The kinds of notice.
const (
	Opening    Kind = "opening"      // a case was opened; also its repetitions on later rungs
	Reminder   Kind = "reminder"     // the time without extra charge is about to end
	Arrest     Kind = "arrest"       // money is held on an account
	PartPaid   Kind = "part_paid"    // some money came, some is missing
	Corrected  Kind = "corrected"    // the issuer lowered the sum
	Prolonged  Kind = "prolonged"    // days on which we took no measures do not count: the last day is a later one
	Paid       Kind = "paid"         // nothing is owed, the case is closed
	Cancelled  Kind = "cancelled"    // the underlying decision was cancelled
	NotYours   Kind = "other_person" // the case was about somebody else
	HandedOver Kind = "handed_over"  // a private bailiff has the case now
	Refusal    Kind = "refusal"      // the debtor opted out; may still be undone
	RefundDue  Kind = "refund_due"   // more came in than was owed

	Objection         Kind = "objection"          // an objection came; a person answers it
	ObjectionAccepted Kind = "objection_accepted" // it was right
	ObjectionDeclined Kind = "objection_declined" // it was not, and why; coercion waits for the proof of this notice

	NewLink Kind = "new_link" // the links of before open nothing any more
)

// Kinds lists every kind.
var Kinds = []Kind{Opening, Reminder, Arrest, PartPaid, Corrected, Prolonged, Paid, Cancelled, NotYours, HandedOver, Refusal, RefundDue, Objection, ObjectionAccepted, ObjectionDeclined, NewLink}

// Languages lists the languages with a full set of texts.
var Languages = []string{"kk", "ru", "en", "ky", "uz"}

// Version is the version of the wording that is built in. New notices get it until people
// put a later one into force.
const Version = 1

// ErrUnknown says that there is no wording for a kind, language or version.
var ErrUnknown = errors.New("text: no such wording")

// Facts is all that a text may say. What is not set is left out, with its sentence.
type Facts struct {
	Case        string        // the number as people write it: 26-0012345-7
	Initials    string        // at most a few letters with dots; anything else is left out
	Amount      money.Amount  // the debt, the payment, the arrest or the refund, by kind
	Outstanding money.Amount  // what is still owed
	Until       calendar.Date // last day without extra charge, included
	UndoUntil   time.Time     // a refusal can be taken back before this instant
	Bailiff     string        // the private bailiff who has the case
	Arrested    bool          // money is held at a bank
	Reason      string        // why an objection was declined, a code of Reasons
	Host        string        // the portal's host, at most 13 characters to keep the budgets
	Token       string        // of the personal link
}

// Text is one notice in words.
type Text struct {
	SMS       string
	PushTitle string
	PushBody  string

	// Of a letter; empty for the kinds that never go by post. Paragraphs are set apart by two line feeds.
	LetterHeading string
	Letter        string
}

// Budget is the number of SMS parts that a kind may take.
func Budget(k Kind) int {
	if k == Opening || k == ObjectionDeclined || k == NewLink {
		return 2
	}
	return 1
}

// Render puts the facts into words of a version that is built in; [Edition.Render] does it for
// any. The same arguments give the same bytes, for ever.
func Render(k Kind, lang string, version int, f Facts) (Text, error) {
	e, ok := versions[version]
	if !ok {
		return Text{}, fmt.Errorf("%w: version %d is not built in", ErrUnknown, version)
	}
	return e.Render(k, lang, f)
}

// Known reports whether there are words for a kind in a language. Every version has what the
// built-in one has.
func Known(k Kind, lang string) bool {
	_, ok := versions[Version].languages[lang].kinds[k]
	return ok
}

// versions holds the wordings that are built in. Never edit an entry that has been in use.
var versions = map[int]*Edition{
	Version: {map[string]language{"kk": kazakh, "ru": russian, "en": english, "ky": kyrgyz, "uz": uzbek}},
}

// style is how one language writes sums and days on one channel.
type style struct {
	sum func(money.Amount) string
	day func(calendar.Date) string // completes "until …" in the language's templates
	at  func(time.Time) string     // local time in Almaty
}

type language struct {
	kinds     map[Kind]compiled
	sms, push style
	latin     bool // initials are written in Latin letters
	reasons   map[string]string
}

func (l language) values(f Facts, s style) values {
	var v values
	v[fCase], v[fHost], v[fBailiff] = f.Case, f.Host, oneLine(f.Bailiff)
	v[fInitials] = cleanInitials(f.Initials, l.latin)
	if f.Amount.IsPositive() {
		v[fAmount] = s.sum(f.Amount)
	}
	if f.Outstanding.IsPositive() {
		v[fLeft] = s.sum(f.Outstanding)
	}
	if !f.Until.IsZero() {
		v[fUntil] = s.day(f.Until)
	}
	if !f.UndoUntil.IsZero() {
		v[fAt] = s.at(f.UndoUntil.In(calendar.Almaty))
	}
	if f.Token != "" {
		v[fLink] = f.Host + "/p/" + f.Token
	} else {
		v[fLink] = f.Host
	}
	if f.Arrested {
		v[fArrest] = "yes"
	}
	v[fReason] = l.reasons[f.Reason]
	return v
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
