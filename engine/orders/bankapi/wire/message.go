package wire

import (
	"time"

	"github.com/google/uuid"

	"robotbailiff/engine/orders"
	"robotbailiff/rules/money"
)

// Version is that of the protocol, in the path and in each message.
const Version = "v1"

// Kind says what a message is for. It is "type" in JSON and the name of the root element in XML.
type Kind string

// Kinds of messages. The first four go from the ministry to a bank, the next four come back. With the register of debtors the ministry
// speaks by query, replies and hint, and by the last three, in JSON alone.
const (
	Submit      Kind = "submit"       // do these orders
	Query       Kind = "query"        // what became of these orders
	AskAccounts Kind = "ask_accounts" // what have these persons
	AskHolds    Kind = "ask_holds"    // which arrests are in force
	Replies     Kind = "replies"      // to submit and query
	Accounts    Kind = "accounts"     // to ask_accounts
	Holds       Kind = "holds"        // to ask_holds
	Hint        Kind = "hint"         // these orders are worth a query; not an answer

	Enter      Kind = "enter"       // to the register of debtors: do these orders about entries
	AskEntries Kind = "ask_entries" // to the register: which entries stand
	Entries    Kind = "entries"     // to ask_entries
)

// Bounds of one message.
const (
	MaxBody     = 4 << 20 // bytes
	MaxOrders   = 500     // orders, ids, persons or replies
	MaxParts    = 100     // accounts of one order or person
	MaxHolds    = 1000
	Tolerance   = 5 * time.Minute // how far the time of a message may be from ours, either way
	maxCursor   = 100
	maxNumbered = 99_999_999
)

// Message is one message. Which of the lists it has is a matter of its kind.
type Message struct {
	Kind  Kind
	ID    uuid.UUID // of the message, a new one each time
	At    time.Time // when it was written
	Bank  string    // short name of the bank, so that what is meant for one is not taken by another
	About uuid.UUID // the message that this one answers; zero for requests and hints
	Sheet *Sheet    // in files only

	Orders  []orders.Instruction // submit
	IDs     []uuid.UUID          // query, hint
	IINs    []string             // ask_accounts
	After   string               // ask_holds, holds, ask_entries, entries
	Limit   int                  // ask_holds, ask_entries
	Replies []orders.Reply       // replies
	Persons []Person             // accounts
	Holds   []orders.Hold        // holds
	Next    string               // holds, entries
	Entries []orders.Entry       // enter
	Listed  []orders.Listed      // entries
}

// Sheet is what a message has in a file, where nothing else shows that one is lost or cut.
type Sheet struct {
	Number int          // 1, 2, 3, … in each direction
	Count  int          // entries of its list
	Total  money.Amount // of the sums in it: amounts of orders and holds, sums of replies, what is available on accounts
}

// Person is what one person has.
type Person struct {
	IIN      string
	Accounts []orders.Account
}

// Sum gives the control figures that a message must have in a file; false where no sum can hold them.
func (m Message) Sum() (count int, total money.Amount, ok bool) {
	var sums []money.Amount
	switch m.Kind {
	case Submit:
		for _, o := range m.Orders {
			sums = append(sums, o.Amount)
		}
		count = len(m.Orders)
	case Replies:
		for _, r := range m.Replies {
			sums = append(sums, r.Sum)
		}
		count = len(m.Replies)
	case Accounts:
		for _, p := range m.Persons {
			for _, a := range p.Accounts {
				sums = append(sums, a.Available)
			}
		}
		count = len(m.Persons)
	case Holds:
		for _, h := range m.Holds {
			sums = append(sums, h.Amount)
		}
		count = len(m.Holds)
	case Query, Hint:
		count = len(m.IDs)
	case AskAccounts:
		count = len(m.IINs)
	case Enter:
		count = len(m.Entries)
	case Entries:
		count = len(m.Listed)
	case AskHolds, AskEntries:
	}
	total, ok = sum(sums)
	return count, total, ok
}

func sum(amounts []money.Amount) (total money.Amount, ok bool) {
	for _, a := range amounts {
		var err error
		if total, err = total.CheckedAdd(a); err != nil {
			return money.Zero, false
		}
	}
	return total, true
}

// Error says why a message is not taken. It names the place and never holds a value.
type Error struct {
	Code  string // stable, in snake_case
	Place string // "orders[3].amount"; empty when it is about the whole
}

// Codes of an [Error].
const (
	CodeTooLarge  = "too_large"
	CodeNotJSON   = "not_json"
	CodeNotXML    = "not_xml" // also what is well formed and not taken: document types, comments, attributes
	CodeTooDeep   = "too_deep"
	CodeDuplicate = "duplicate_key" // a name or an id twice, or names that differ in case only
	CodeUnknown   = "unknown_name"
	CodeMissing   = "missing"
	CodeInvalid   = "invalid"
	CodeBound     = "too_many" // or too few entries of a list
	CodeKind      = "wrong_type"
	CodeVersion   = "wrong_version"
	CodeTotals    = "wrong_totals"
)

// Error implements error.
func (e *Error) Error() string {
	if e.Place == "" {
		return "bank message: " + e.Code
	}
	return "bank message: " + e.Code + " at " + e.Place
}
