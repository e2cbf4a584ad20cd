package text

import (
	"strings"
	"sync"
)

// set is some of the placeholders, a bit for each.
type set uint32

func (s set) list() (out []field) {
	for f := fCase; f < fields; f++ {
		if s&(1<<f) != 0 {
			out = append(out, f)
		}
	}
	return out
}

func (s set) names() string {
	var names []string
	for _, f := range s.list() {
		names = append(names, f.name())
	}
	return strings.Join(names, ", ")
}

var writtenNames = func() (names [fields]string) {
	for name, f := range fieldNames {
		names[f] = "{" + name + "}"
	}
	return names
}()

// name is the placeholder as it is written.
func (f field) name() string { return writtenNames[f] }

func (t template) fields() (out set) {
	for _, s := range t {
		if s.field != literal {
			out |= 1 << s.field
		}
	}
	return out
}

func (p passage) fields() (out set) {
	for _, s := range p {
		for _, t := range s {
			out |= t.fields()
		}
	}
	return out
}

// valuesOf gives, for each kind, the placeholders that have a value in its notices: those that the words built in use, and what
// every notice has. With any other the sentence would never be said.
var valuesOf = sync.OnceValue(func() map[Kind]set {
	out := map[Kind]set{}
	for _, l := range BuiltIn().languages {
		for k, c := range l.kinds {
			out[k] |= c.sms.fields() | c.title.fields() | c.body.fields() | c.letter.fields() | bareOf(k) | 1<<fInitials
		}
	}
	return out
})

// ValuesOf names the placeholders that a kind has values for, as they are written.
func ValuesOf(k Kind) []string {
	var out []string
	for _, f := range valuesOf()[k].list() {
		out = append(out, f.name())
	}
	return out
}
