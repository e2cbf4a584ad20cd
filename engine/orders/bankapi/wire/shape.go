package wire

import "strconv"

// A message is described once, as fields with names, and both encodings are written and read by this description. Every value is
// text; a list holds records, or texts.
type (
	shape struct {
		name   string // of one entry: the element in XML
		fields []field
	}
	field struct {
		name     string
		item     *shape // of a list; nil for a text
		optional bool
		min, max int // entries of a list
	}
	record map[string]value
	value  struct {
		text string
		list []record // of texts: records with the one name ""
	}
)

func text(name string) field     { return field{name: name} }
func optional(name string) field { return field{name: name, optional: true} }
func list(name, entry string, least, most int, fields ...field) field {
	return field{name: name, item: &shape{entry, fields}, min: least, max: most}
}

// leaf is a list of texts.
func (s *shape) leaf() bool { return len(s.fields) == 0 }

func (s *shape) field(name string) (field, bool) {
	for _, f := range s.fields {
		if f.name == name {
			return f, true
		}
	}
	return field{}, false
}

// head is what every message begins with. The last three are for files.
var head = []field{text("version"), text("id"), text("at"), text("bank"), optional("about"), optional("number"), optional("count"), optional("total")}

func partsField() field {
	f := list("parts", "part", 1, MaxParts, text("account"), text("amount"))
	f.optional = true
	return f
}

// shapes describes each kind; deploy/schema/bank.xsd and openapi.json say the same. That a reply names its case unless the answer is
// unknown is looked at when it is read.
var shapes = func() map[Kind]*shape {
	bodies := map[Kind][]field{
		Submit: {list("orders", "order", 1, MaxOrders,
			text("id"), text("case"), text("purpose"), text("iin"), text("amount"), optional("of"), partsField())},
		Query:       {list("ids", "id", 1, MaxOrders)},
		Hint:        {list("ids", "id", 1, MaxOrders)},
		AskAccounts: {list("iins", "iin", 1, MaxOrders)},
		AskHolds:    {optional("after"), text("limit")},
		Replies: {list("replies", "reply", 0, MaxOrders,
			text("id"), optional("case"), text("answer"), optional("sum"), optional("detail"), partsField())},
		Accounts: {list("persons", "person", 0, MaxOrders,
			text("iin"), list("accounts", "account", 1, MaxParts, text("id"), text("kind"), text("available")))},
		Enter: {list("orders", "order", 1, MaxOrders, text("id"), text("case"), text("purpose"), optional("of"), optional("iin"), optional("name"),
			optional("issuer"), optional("issued_on"), optional("duty"), optional("region"), optional("executor"), optional("licence"))},
		AskEntries: {optional("after"), text("limit")},
		Entries:    {optional("after"), list("entries", "entry", 0, MaxHolds, text("id"), text("case"), text("since")), optional("next")},
		Holds:      {optional("after"), list("holds", "hold", 0, MaxHolds, text("id"), text("case"), text("amount"), text("since")), optional("next")},
	}
	all := make(map[Kind]*shape, len(bodies))
	for kind, body := range bodies {
		all[kind] = &shape{string(kind), append(append([]field{}, head...), body...)}
	}
	return all
}()

// complete looks for what is missing in a record, and for lists that are too long.
func (s *shape) complete(r record, at string) error {
	for _, f := range s.fields {
		v, ok := r[f.name]
		switch {
		case !ok && !f.optional:
			return &Error{CodeMissing, at + f.name}
		case ok && f.item != nil && (len(v.list) < f.min || len(v.list) > f.max):
			return &Error{CodeBound, at + f.name}
		}
	}
	return nil
}

func entry(at, name string, i int) string { return at + name + "[" + strconv.Itoa(i) + "]" }
