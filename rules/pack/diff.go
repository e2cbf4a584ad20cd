package pack

import (
	"cmp"
	"slices"
)

// Change is one value that two packs have differently.
type Change struct {
	Key string
	Old *Value // nil: it is new
	New *Value // nil: it is gone
}

// Diff gives the values in which two packs differ, sorted by key and day. A value is known by its key and its first day; only what counts in
// decisions and what people read of it is compared, not the place where it stands.
func Diff(old, to *Pack) []Change {
	type name struct {
		key  string
		from int64
	}
	has := map[name]*Change{}
	for i := range old.values {
		v := &old.values[i]
		has[name{v.Key, int64(v.From)}] = &Change{Key: v.Key, Old: v}
	}
	for i := range to.values {
		v := &to.values[i]
		n := name{v.Key, int64(v.From)}
		switch c := has[n]; {
		case c == nil:
			has[n] = &Change{Key: v.Key, New: v}
		case sameValue(c.Old, v):
			delete(has, n)
		default:
			c.New = v
		}
	}
	out := make([]Change, 0, len(has))
	for _, c := range has {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.first().From, b.first().From))
	})
	return out
}

func (c Change) first() *Value {
	if c.Old != nil {
		return c.Old
	}
	return c.New
}

// sameValue compares all but the place.
func sameValue(a, b *Value) bool {
	return a.Value == b.Value && a.Unit == b.Unit && a.Counting == b.Counting && a.To == b.To && a.Citation == b.Citation && a.Edition == b.Edition && a.Basis == b.Basis && a.Note == b.Note
}
