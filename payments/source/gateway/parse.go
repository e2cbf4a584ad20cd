package gateway

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"robotbailiff/internal/strictjson"
	"robotbailiff/payments"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// MaxBody is the most that a message may have, in bytes.
const MaxBody = 64 << 10

// Type is what a message tells.
type Type string

// Types of messages.
const (
	Paid     Type = "payment.paid"
	Reversed Type = "payment.reversed"
)

// Message is a message of a gateway. Of a reversal, Reference and ValueDate may be empty, and Amount is the sum that is
// taken back.
type Message struct {
	Type      Type
	TxnID     string
	Amount    money.Amount
	Currency  string // three capital letters; the books refuse what is not KZT
	Reference string // personal data
	ValueDate calendar.Date
	Fee       money.Amount // of a payment: what the gateway keeps of it when it pays it out
	Order     uuid.UUID    // of ours, under which it was begun; the zero one where it was not begun by us
	Back      string       // of a reversal: what the gateway calls it; empty: it gives no name
}

// Transfer gives the message as money that came in.
func (m Message) Transfer(source string, eventRow int64) payments.Transfer {
	return payments.Transfer{
		EventRow: eventRow, Source: source, TxnID: m.TxnID, Amount: m.Amount,
		Currency: m.Currency, ValueDate: m.ValueDate, Reference: m.Reference,
	}
}

// Reversal gives the message as money that was taken back.
func (m Message) Reversal(source string, eventRow int64) payments.Reversal {
	return payments.Reversal{EventRow: eventRow, Source: source, TxnID: m.TxnID, Amount: m.Amount, Currency: m.Currency, ID: m.Back}
}

// ParseCode says what is wrong with a message. The words are stable.
type ParseCode string

// Reasons of a [ParseError].
const (
	TooLarge     ParseCode = "too_large"
	NotJSON      ParseCode = "not_json"      // also: bytes that are not UTF-8, more than one value
	TooDeep      ParseCode = "too_deep"      // nested beyond any honest message
	DuplicateKey ParseCode = "duplicate_key" // twice the same key, or keys that differ in case only
	FieldMissing ParseCode = "field_missing"
	FieldInvalid ParseCode = "field_invalid"
	TypeUnknown  ParseCode = "type_unknown"
)

// ParseError says why a message cannot be read. It names the field and never the value.
type ParseError struct {
	Code  ParseCode
	Field string // "data.amount"; "" when it is about the whole
	err   error
}

// Error implements error.
func (e *ParseError) Error() string {
	s := "gateway: message unreadable: " + string(e.Code)
	if e.Field != "" {
		s += " " + e.Field
	}
	if e.err != nil {
		s += ": " + e.err.Error()
	}
	return s
}

// Unwrap gives the reason of the field's own parser.
func (e *ParseError) Unwrap() error { return e.err }

// Parse reads a message whose signature was proven. Unknown fields are fine; a doubtful one is not. The error is a
// [*ParseError].
func Parse(body []byte) (Message, error) {
	if len(body) > MaxBody {
		return Message{}, &ParseError{Code: TooLarge}
	}
	if err := strictjson.Check(body); err != nil {
		return Message{}, &ParseError{Code: ParseCode(err.Error())}
	}
	top, err := object(body, "")
	if err != nil {
		return Message{}, err
	}
	kind, err := text(top, "", "type", true)
	if err != nil {
		return Message{}, err
	}
	m := Message{Type: Type(kind)}
	if m.Type != Paid && m.Type != Reversed {
		return Message{}, &ParseError{Code: TypeUnknown, Field: "type"}
	}
	raw, ok := top["data"]
	if !ok {
		return Message{}, &ParseError{Code: FieldMissing, Field: "data"}
	}
	data, err := object(raw, "data")
	if err != nil {
		return Message{}, err
	}
	if err := m.read(data); err != nil {
		return Message{}, err
	}
	return m, nil
}

// read fills the message from the object data.
func (m *Message) read(data map[string]json.RawMessage) error {
	paid := m.Type == Paid
	var amount, date string
	for _, f := range []struct {
		name string
		need bool
		into *string
	}{
		{"txn_id", true, &m.TxnID},
		{"amount", true, &amount},
		{"currency", true, &m.Currency},
		{"reference", false, &m.Reference},
		{"value_date", paid, &date},
	} {
		var err error
		if *f.into, err = text(data, "data.", f.name, f.need); err != nil {
			return err
		}
	}
	if !payments.ValidID(m.TxnID) {
		return invalid("data.txn_id", errors.New("not 1 to 255 bytes of printable text"))
	}
	if !isCurrency(m.Currency) {
		return invalid("data.currency", errors.New("not three capital letters"))
	}
	var err error
	if m.Amount, err = money.Parse(amount); err != nil {
		return invalid("data.amount", err)
	}
	if !m.Amount.IsPositive() {
		return invalid("data.amount", errors.New("not positive"))
	}
	if err := m.readFee(data); err != nil {
		return err
	}
	if !paid {
		if m.Back, err = text(data, "data.", "reversal", false); err != nil {
			return err
		}
		if m.Back != "" && !payments.ValidID(m.Back) {
			return invalid("data.reversal", errors.New("not 1 to 255 bytes of printable text"))
		}
	}
	order, err := text(data, "data.", "order", false)
	if err != nil {
		return err
	}
	if order != "" {
		if m.Order, err = uuid.Parse(order); err != nil {
			return invalid("data.order", errors.New("not a UUID"))
		}
	}
	if date != "" {
		if m.ValueDate, err = calendar.ParseDate(date); err != nil {
			return invalid("data.value_date", err)
		}
	}
	return nil
}

func (m *Message) readFee(data map[string]json.RawMessage) error {
	fee, err := text(data, "data.", "fee", false)
	if err != nil || fee == "" || m.Type != Paid {
		return err
	}
	if m.Fee, err = money.Parse(fee); err != nil {
		return invalid("data.fee", err)
	}
	if m.Fee.Sign() < 0 || !m.Fee.Less(m.Amount) {
		return invalid("data.fee", errors.New("not between nothing and the amount"))
	}
	return nil
}

func invalid(field string, err error) *ParseError {
	return &ParseError{Code: FieldInvalid, Field: field, err: err}
}

// object reads a JSON object by exact keys; encoding/json would match the fields of a struct in any case of letters.
func object(raw []byte, field string) (map[string]json.RawMessage, error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil || m == nil {
		return nil, &ParseError{Code: FieldInvalid, Field: field, err: errors.New("not an object")}
	}
	return m, nil
}

// text reads a string field. A required one may not be empty; null is no string.
func text(m map[string]json.RawMessage, prefix, name string, need bool) (string, error) {
	raw, ok := m[name]
	if !ok {
		if need {
			return "", &ParseError{Code: FieldMissing, Field: prefix + name}
		}
		return "", nil
	}
	var s *string
	if err := json.Unmarshal(raw, &s); err != nil || s == nil {
		return "", invalid(prefix+name, errors.New("not a string"))
	}
	if need && *s == "" {
		return "", &ParseError{Code: FieldMissing, Field: prefix + name}
	}
	return *s, nil
}

func isCurrency(s string) bool {
	if len(s) != 3 {
		return false
	}
	for i := range len(s) {
		if s[i] < 'A' || s[i] > 'Z' {
			return false
		}
	}
	return true
}

// Encode writes a message, as a gateway does: for the sandbox and for tests.
func Encode(m Message) ([]byte, error) {
	type data struct {
		TxnID     string       `json:"txn_id"`
		Amount    money.Amount `json:"amount"`
		Currency  string       `json:"currency"`
		Reference string       `json:"reference,omitempty"`
		ValueDate string       `json:"value_date,omitempty"`
		Fee       string       `json:"fee,omitempty"`
		Order     *uuid.UUID   `json:"order,omitempty"`
		Reversal  string       `json:"reversal,omitempty"`
	}
	var fee string
	if m.Fee.IsPositive() {
		fee = m.Fee.String()
	}
	var order *uuid.UUID
	if m.Order != uuid.Nil {
		order = &m.Order
	}
	body, err := json.Marshal(struct {
		Type Type `json:"type"`
		Data data `json:"data"`
	}{m.Type, data{m.TxnID, m.Amount, m.Currency, m.Reference, m.ValueDate.String(), fee, order, m.Back}})
	if err != nil {
		return nil, fmt.Errorf("gateway: encode: %w", err)
	}
	return body, nil
}
