package caselist

import "strings"

// Column is one column of a list, by the letter that stands for it in an address.
type Column struct {
	Letter string
	Name   string // key in the catalogs
	Number bool   // stands to the right
}

// Columns lists all that there are besides the number of the case, which is always the first.
var Columns = []Column{
	{"s", "state", false},
	{"f", "flags", false},
	{"i", "initials", false},
	{"d", "iin", false},
	{"r", "region", false},
	{"u", "source", false},
	{"w", "document", false},
	{"k", "kind", false},
	{"o", "opened", false},
	{"v", "voluntary", false},
	{"t", "term", false},
	{"b", "debt", true},
	{"p", "paid", true},
	{"l", "left", true},
}

// usualColumns are shown when none are chosen.
const usualColumns = "sfirwotl"

// Chosen gives the columns of a filter in their one order.
func (f Filter) Chosen() []Column {
	letters := f.Columns
	if letters == "" {
		letters = usualColumns
	}
	var out []Column
	for _, c := range Columns {
		if strings.Contains(letters, c.Letter) {
			out = append(out, c)
		}
	}
	return out
}

// knownColumns keeps the letters that stand for a column, each once, in the one order; empty: one is not known.
func knownColumns(letters string) string {
	var known strings.Builder
	for _, c := range Columns {
		if strings.Contains(letters, c.Letter) {
			known.WriteString(c.Letter)
		}
	}
	for _, r := range letters {
		if !strings.ContainsRune(known.String(), r) {
			return ""
		}
	}
	return known.String()
}
