package wire

import (
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/rules/money"
)

// Decode reads a message. The error is an [*Error].
func Decode(body []byte, as Encoding) (Message, error) {
	if len(body) > MaxBody {
		return Message{}, &Error{Code: CodeTooLarge}
	}
	read := readJSON
	if as == XML {
		read = readXML
	}
	kind, r, err := read(body)
	if err != nil {
		return Message{}, err
	}
	p := &parser{}
	m := p.message(kind, r)
	if p.err != nil {
		return Message{}, p.err
	}
	return m, nil
}

// parser keeps the first fault.
type parser struct{ err *Error }

func (p *parser) fail(code, place string) {
	if p.err == nil {
		p.err = &Error{code, place}
	}
}

func (p *parser) message(kind Kind, r record) Message {
	if r["version"].text != Version {
		p.fail(CodeVersion, "version")
	}
	m := Message{Kind: kind, ID: p.id(r, "", "id"), At: p.instant(r, "", "at"), Bank: p.match(r, "", "bank", bankForm), About: p.id(r, "", "about")}
	switch kind {
	case Submit:
		m.Orders = entries(r, "orders", p.order)
		distinct(p, "orders", m.Orders, func(o orders.Instruction) uuid.UUID { return o.ID })
	case Query, Hint:
		m.IDs = entries(r, "ids", func(e record, at string) uuid.UUID { return p.id(e, at, "") })
		distinct(p, "ids", m.IDs, func(id uuid.UUID) uuid.UUID { return id })
	case AskAccounts:
		m.IINs = entries(r, "iins", func(e record, at string) string { return p.match(e, at, "", iinForm) })
		distinct(p, "iins", m.IINs, func(iin string) string { return iin })
	case Enter:
		m.Entries = entries(r, "orders", p.enter)
		distinct(p, "orders", m.Entries, func(e orders.Entry) uuid.UUID { return e.ID })
	case Entries:
		m.After, m.Next = p.match(r, "", "after", cursorForm), p.match(r, "", "next", cursorForm)
		m.Listed = entries(r, "entries", p.listed)
		for i := 1; i < len(m.Listed); i++ {
			if slices.Compare(m.Listed[i-1].ID[:], m.Listed[i].ID[:]) >= 0 {
				p.fail(CodeInvalid, entry("", "entries", i)+".id") // not ascending
			}
		}
	case AskHolds, AskEntries:
		m.After, m.Limit = p.match(r, "", "after", cursorForm), int(p.whole(r, "", "limit", MaxHolds))
	case Replies:
		m.Replies = entries(r, "replies", p.reply)
	case Accounts:
		m.Persons = entries(r, "persons", p.person)
		distinct(p, "persons", m.Persons, func(n Person) string { return n.IIN })
	case Holds:
		m.After, m.Next = p.match(r, "", "after", cursorForm), p.match(r, "", "next", cursorForm)
		m.Holds = entries(r, "holds", p.hold)
		for i := 1; i < len(m.Holds); i++ {
			if slices.Compare(m.Holds[i-1].ID[:], m.Holds[i].ID[:]) >= 0 {
				p.fail(CodeInvalid, entry("", "holds", i)+".id") // not ascending
			}
		}
	}
	m.Sheet = p.sheet(r, m)
	return m
}

// sheet reads the control figures and compares them: all three or none.
func (p *parser) sheet(r record, m Message) *Sheet {
	_, number := r["number"]
	_, count := r["count"]
	_, total := r["total"]
	if !number && !count && !total {
		return nil
	}
	if !number || !count || !total {
		p.fail(CodeMissing, "number")
		return nil
	}
	s := &Sheet{Number: int(p.whole(r, "", "number", maxNumbered)), Total: p.amount(r, "", "total")}
	if t := r["count"].text; t != "0" {
		s.Count = int(p.whole(r, "", "count", MaxHolds))
	}
	if p.err != nil {
		return nil
	}
	if n, sum, ok := m.Sum(); !ok || n != s.Count || !sum.Equal(s.Total) {
		p.fail(CodeTotals, "total")
	}
	return s
}

func (p *parser) order(r record, at string) orders.Instruction {
	o := orders.Instruction{
		ID: p.id(r, at, "id"), CaseID: p.whole(r, at, "case", maxCase), Purpose: engine.Purpose(r["purpose"].text),
		IIN: p.match(r, at, "iin", iinForm), Amount: p.amount(r, at, "amount"), Of: p.id(r, at, "of"), Parts: p.parts(r, at),
	}
	if !slices.Contains(engine.Purposes, o.Purpose) || o.Purpose.Public() {
		p.fail(CodeInvalid, at+"purpose")
	}
	if len(o.Parts) > 0 && !partsAddUp(o.Parts, o.Amount) {
		p.fail(CodeTotals, at+"parts")
	}
	return o
}

func partsAddUp(parts []orders.Part, want money.Amount) bool {
	amounts := make([]money.Amount, len(parts))
	for i, p := range parts {
		amounts[i] = p.Amount
	}
	total, ok := sum(amounts)
	return ok && total.Equal(want)
}

// reply reads what became of an order. Only a bank that has never seen the order cannot name its case.
func (p *parser) reply(r record, at string) orders.Reply {
	out := orders.Reply{
		ID: p.id(r, at, "id"), Known: true, Detail: p.match(r, at, "detail", codeForm), Sum: p.amount(r, at, "sum"), Parts: p.parts(r, at),
	}
	switch _, named := r["case"]; {
	case named:
		out.CaseID = p.whole(r, at, "case", maxCase)
	case r["answer"].text != wordUnknown:
		p.fail(CodeMissing, at+"case")
	}
	switch w := r["answer"].text; w {
	case wordTaken:
	case wordUnknown:
		out.Known = false
	default:
		var ok bool
		if out.Answer, ok = answers[w]; !ok {
			p.fail(CodeInvalid, at+"answer")
		}
	}
	return out
}

func (p *parser) parts(r record, at string) []orders.Part {
	v, ok := r["parts"]
	if !ok {
		return nil
	}
	parts := make([]orders.Part, len(v.list))
	for i, e := range v.list {
		place := entry(at, "parts", i) + "."
		parts[i] = orders.Part{Account: p.match(e, place, "account", accountForm), Amount: p.amount(e, place, "amount")}
	}
	distinct(p, at+"parts", parts, func(a orders.Part) string { return a.Account })
	return parts
}

func (p *parser) person(r record, at string) Person {
	n := Person{IIN: p.match(r, at, "iin", iinForm)}
	for i, e := range r["accounts"].list {
		place := entry(at, "accounts", i) + "."
		n.Accounts = append(n.Accounts, orders.Account{
			ID: p.match(e, place, "id", accountForm), Kind: p.match(e, place, "kind", codeForm), Available: p.amount(e, place, "available"),
		})
	}
	distinct(p, at+"accounts", n.Accounts, func(a orders.Account) string { return a.ID })
	return n
}

func (p *parser) hold(r record, at string) orders.Hold {
	return orders.Hold{ID: p.id(r, at, "id"), CaseID: p.whole(r, at, "case", maxCase), Amount: p.amount(r, at, "amount"), Since: p.instant(r, at, "since")}
}

// entries reads a list whose presence and length were looked at.
func entries[T any](r record, name string, one func(r record, at string) T) []T {
	list := r[name].list
	all := make([]T, len(list))
	for i, e := range list {
		at := entry("", name, i)
		if _, leaf := e[""]; !leaf {
			at += "."
		}
		all[i] = one(e, at)
	}
	return all
}

// distinct refuses a second entry of the same key: two readers could each take another one.
func distinct[T any, K comparable](p *parser, name string, all []T, key func(T) K) {
	seen := make(map[K]struct{}, len(all))
	for i, e := range all {
		k := key(e)
		if _, twice := seen[k]; twice {
			p.fail(CodeDuplicate, entry("", name, i))
			return
		}
		seen[k] = struct{}{}
	}
}

// Every value has one form, so that two readers cannot take it for two things.
var (
	idForm      = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	wholeForm   = regexp.MustCompile(`^[1-9][0-9]{0,18}$`)
	amountForm  = regexp.MustCompile(`^(0|[1-9][0-9]{0,12})\.[0-9]{2}$`)
	instantForm = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$`)
	iinForm     = regexp.MustCompile(`^[0-9]{12}$`)
	accountForm = regexp.MustCompile(`^[A-Za-z0-9-]{1,34}$`)
	bankForm    = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)
	codeForm    = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
	cursorForm  = regexp.MustCompile(`^[A-Za-z0-9._~-]{1,` + strconv.Itoa(maxCursor) + `}$`)
)

const maxCase = 1<<63 - 1

// ValidBank says whether a bank may have this short name.
func ValidBank(name string) bool { return bankForm.MatchString(name) }

// match reads a text that may be left out; whether it may was looked at before.
func (p *parser) match(r record, at, name string, form *regexp.Regexp) string {
	v, ok := r[name]
	if ok && !form.MatchString(v.text) {
		p.fail(CodeInvalid, at+name)
	}
	return v.text
}

func (p *parser) id(r record, at, name string) uuid.UUID {
	t := p.match(r, at, name, idForm)
	if t == "" || p.err != nil {
		return uuid.Nil
	}
	id := uuid.MustParse(t) // it has the form
	if id == uuid.Nil {
		p.fail(CodeInvalid, at+name)
	}
	return id
}

func (p *parser) whole(r record, at, name string, most int64) int64 {
	n, err := strconv.ParseInt(p.match(r, at, name, wholeForm), 10, 64)
	if err != nil || n > most {
		p.fail(CodeInvalid, at+name)
	}
	return n
}

func (p *parser) amount(r record, at, name string) money.Amount {
	t := p.match(r, at, name, amountForm)
	if t == "" || p.err != nil {
		return money.Zero
	}
	a, err := money.Parse(t)
	if err != nil {
		p.fail(CodeInvalid, at+name)
	}
	return a
}

func (p *parser) instant(r record, at, name string) time.Time {
	t := p.match(r, at, name, instantForm)
	if p.err != nil {
		return time.Time{}
	}
	when, err := time.Parse(time.RFC3339Nano, t)
	if err != nil {
		p.fail(CodeInvalid, at+name)
	}
	return when.UTC()
}
