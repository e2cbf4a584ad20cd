package notify

import (
	"context"
	"log/slog"
	"strings"
	"time"
	"unicode"

	"robotbailiff/notify/text"
)

// Message is one notice as a gateway gets it.
type Message struct {
	Ref       string // of the notice: the same for every attempt, see [Ref]
	Channel   Channel
	Language  string
	To        string // phone, push token, chat, or name and address on lines of their own; never logged
	Title     string // of a push or a letter; empty for an SMS
	Text      string
	NotBefore time.Time
	ExpiresAt time.Time // to be withdrawn then: its own end, or the next quiet hours
}

// words picks what is said on a channel.
func (c Channel) words(t text.Text) (title, body string) {
	switch c {
	case Push:
		return t.PushTitle, t.PushBody
	case Letter:
		return t.LetterHeading, t.Letter
	case SMS, Telegram:
	}
	return "", t.SMS
}

// Answer is what a gateway says about a message.
type Answer string

// The answers.
const (
	// Accepted: the gateway has it and is going to deliver it, or did.
	Accepted Answer = "accepted"
	// Rejected: the gateway refused it for good.
	Rejected Answer = "rejected"
	// Unknown: the gateway may have it or not.
	Unknown Answer = "unknown"
	// NotFound: the gateway does not have it and will never send it. As the answer to
	// Send it is for an adapter that knows that nothing left, as when its breaker is open;
	// in doubt the answer is Unknown.
	NotFound Answer = "not_found"
)

// Sent is a gateway's answer for one reference.
type Sent struct {
	Ref         string
	Status      Answer
	ProviderRef string // the gateway's own reference, for people
	Detail      string // a code, never personal data

	// Parts are the numbers under which the gateway knows the parts of the message, in order and empty where it gave none. They
	// are needed only where its receipts name nothing else.
	Parts []string
}

// Gateway is one channel's way out. A batch may be answered in part: what is missing, and
// everything when there is an error, counts as unknown. Both calls are made outside any
// transaction and may be cancelled through the context. Errors and details name no address.
type Gateway interface {
	Send(ctx context.Context, messages []Message) ([]Sent, error)
	Query(ctx context.Context, refs []string) ([]Sent, error)
}

// String names the message without its address or text, so that no log can leak them.
func (m Message) String() string { return "message " + m.Ref }

// LogValue does the same for structured logs.
func (m Message) LogValue() slog.Value { return slog.StringValue(m.String()) }

// Contact is where a debtor can be reached. It lives in memory only, and prints as nothing.
type Contact struct {
	Phone, PushToken, Chat string
	Name, Address          string // what stands on an envelope; without an address there is none
}

// String hides the contact from logs.
func (c Contact) String() string { return "contact (hidden)" }

// LogValue hides the contact from structured logs.
func (c Contact) LogValue() slog.Value { return slog.StringValue(c.String()) }

func (c Contact) to(channel Channel) string {
	switch {
	case channel == Push:
		return c.PushToken
	case channel == Telegram:
		return c.Chat
	case channel == Letter && (c.Name == "" || c.Address == ""):
		return ""
	case channel == Letter:
		return c.Name + "\n" + c.Address
	}
	return c.Phone
}

// noAddress is the detail of a notice whose debtor cannot be reached on a channel.
func noAddress(channel Channel) string {
	switch channel {
	case Push:
		return "no_device"
	case Telegram:
		return "no_chat"
	case SMS, Letter:
	}
	return "no_address"
}

// Outcome is what became of one attempt.
type Outcome struct {
	Sent

	Attempt int  // which one, so that a late answer does not pass for a newer one; 0 = the last
	Asked   bool // the answer of Query, not of Send
}

// Receipt is a gateway's later word about a message.
type Receipt struct {
	Ref         string // ours; without it ProviderRef must be one of Parts of what was sent
	ProviderRef string
	Status      Status // StatusDelivered, StatusFailed or StatusUnknown
	At          time.Time
	Detail      string
}

// Delivered is the news that a notice reached its number.
type Delivered struct {
	CaseID  int64
	Ordinal int
	Kind    Kind
	Channel Channel
	At      time.Time
}

const maxDetail = 120

// cleanDetail keeps what providers write in their answers free of numbers that could be a
// phone or an IIN, printable and short.
func cleanDetail(detail string) string {
	digits := 0
	return cleanRef(strings.Map(func(r rune) rune {
		if !unicode.IsDigit(r) {
			digits = 0
		} else if digits++; digits > 5 {
			return -1
		}
		return r
	}, detail))
}

// cleanRef keeps a provider's reference printable and short. The column is text, which
// takes neither zero bytes nor broken UTF-8.
func cleanRef(ref string) string {
	var b strings.Builder
	for _, r := range ref {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			r = ' '
		}
		if b.Len() >= maxDetail {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}
