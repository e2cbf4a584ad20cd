package wire

import (
	"strconv"
	"time"

	"github.com/google/uuid"

	"robotbailiff/engine/orders"
)

// Encoding is how a message is written. Both mean the same.
type Encoding string

// Encodings.
const (
	JSON Encoding = "json"
	XML  Encoding = "xml"
)

// ContentType is that of HTTP.
func (e Encoding) ContentType() string { return "application/" + string(e) }

// Valid says whether there is such an encoding.
func (e Encoding) Valid() bool { return e == JSON || e == XML }

// Encode writes a message. What no reader would take is refused here, with the reader's own error.
func Encode(m Message, as Encoding) ([]byte, error) {
	r, err := toRecord(m)
	if err != nil {
		return nil, err
	}
	var body []byte
	if as == XML {
		body = writeXML(m.Kind, r)
	} else {
		body = writeJSON(m.Kind, r)
	}
	if _, err := Decode(body, as); err != nil {
		return nil, err
	}
	return body, nil
}

func toRecord(m Message) (record, error) {
	if shapes[m.Kind] == nil {
		return nil, &Error{Code: CodeKind}
	}
	r := record{
		"version": {text: Version}, "id": {text: m.ID.String()}, "at": {text: instant(m.At)}, "bank": {text: m.Bank},
	}
	if m.About != uuid.Nil {
		r["about"] = value{text: m.About.String()}
	}
	if m.Sheet != nil {
		r["number"], r["count"] = value{text: strconv.Itoa(m.Sheet.Number)}, value{text: strconv.Itoa(m.Sheet.Count)}
		r["total"] = value{text: m.Sheet.Total.String()}
	}
	return r, m.list(r)
}

// list adds the lists of a kind.
func (m Message) list(r record) error {
	switch m.Kind {
	case Submit:
		r["orders"] = many(m.Orders, order)
	case Query, Hint:
		r["ids"] = many(m.IDs, func(id uuid.UUID) record { return leaf(id.String()) })
	case AskAccounts:
		r["iins"] = many(m.IINs, leaf)
	case Enter:
		r["orders"] = many(m.Entries, enter)
	case Entries:
		r.some("after", m.After)
		r.some("next", m.Next)
		r["entries"] = many(m.Listed, func(l orders.Listed) record {
			return record{"id": {text: l.ID.String()}, "case": {text: caseText(l.CaseID)}, "since": {text: instant(l.Since)}}
		})
	case AskHolds, AskEntries:
		r["limit"] = value{text: strconv.Itoa(m.Limit)}
		r.some("after", m.After)
	case Replies:
		for i, p := range m.Replies {
			if _, ok := word(p); !ok {
				return &Error{CodeInvalid, entry("", "replies", i) + ".answer"}
			}
		}
		r["replies"] = many(m.Replies, reply)
	case Accounts:
		r["persons"] = many(m.Persons, func(p Person) record {
			return record{"iin": {text: p.IIN}, "accounts": many(p.Accounts, func(a orders.Account) record {
				return record{"id": {text: a.ID}, "kind": {text: a.Kind}, "available": {text: a.Available.String()}}
			})}
		})
	case Holds:
		r.some("after", m.After)
		r.some("next", m.Next)
		r["holds"] = many(m.Holds, func(h orders.Hold) record {
			return record{"id": {text: h.ID.String()}, "case": {text: caseText(h.CaseID)}, "amount": {text: h.Amount.String()}, "since": {text: instant(h.Since)}}
		})
	}
	return nil
}

func order(o orders.Instruction) record {
	r := record{
		"id": {text: o.ID.String()}, "case": {text: caseText(o.CaseID)}, "purpose": {text: string(o.Purpose)}, "iin": {text: o.IIN}, "amount": {text: o.Amount.String()},
	}
	if o.Of != uuid.Nil {
		r["of"] = value{text: o.Of.String()}
	}
	r.parts(o.Parts)
	return r
}

func reply(p orders.Reply) record {
	w, _ := word(p) // list looked
	r := record{"id": {text: p.ID.String()}, "answer": {text: w}}
	if p.CaseID != 0 {
		r["case"] = value{text: caseText(p.CaseID)}
	}
	if p.Answer != "" || !p.Sum.IsZero() {
		r["sum"] = value{text: p.Sum.String()}
	}
	r.some("detail", p.Detail)
	r.parts(p.Parts)
	return r
}

func (r record) parts(parts []orders.Part) {
	if len(parts) > 0 {
		r["parts"] = many(parts, func(p orders.Part) record {
			return record{"account": {text: p.Account}, "amount": {text: p.Amount.String()}}
		})
	}
}

func (r record) some(name, text string) {
	if text != "" {
		r[name] = value{text: text}
	}
}

func many[T any](all []T, one func(T) record) value {
	v := value{list: make([]record, len(all))}
	for i, e := range all {
		v.list[i] = one(e)
	}
	return v
}

func leaf(s string) record       { return record{"": {text: s}} }
func caseText(id int64) string   { return strconv.FormatInt(id, 10) }
func instant(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
