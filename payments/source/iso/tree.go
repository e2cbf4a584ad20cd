package iso

import "strings"

// Field names an element in the table of a reader; 0 is an element that only holds others.
type Field int

// Path is one element that a reader wants. Elements are divided by slashes and counted from below Document. One with a star may
// be repeated, others may stand once in their parent; names divided by | are one and the same element in different versions. One
// with a plus holds a value in some versions and elements in others.
type Path struct {
	Path  string
	Field Field
}

// Tree is a table of paths, ready to walk by.
type Tree struct{ root *node }

// value says whether the element may hold text.
func (n *node) value() bool { return n.mixed || n.kids == nil }

// told says whether the handler is told of the beginning and the end.
func (n *node) told() bool { return n.field != 0 && n.kids != nil && !n.mixed }

type node struct {
	name  string
	field Field
	many  bool
	mixed bool
	slot  uint // bit of the parent's record of what was there
	kids  map[string]*node
	slots uint
}

// NewTree builds a table. Two paths to one element, or more than 64 elements in one, are mistakes of the program.
func NewTree(paths ...Path) *Tree {
	t := &Tree{root: &node{name: "Document"}}
	for _, p := range paths {
		n := t.root
		for part := range strings.SplitSeq(p.Path, "/") {
			n = n.kid(part)
		}
		if n.field != 0 {
			panic("iso: a path is there twice: " + p.Path)
		}
		n.field = p.Field
	}
	return t
}

func (n *node) kid(part string) *node {
	name, many := strings.CutSuffix(part, "*")
	name, mixed := strings.CutSuffix(name, "+")
	names := strings.Split(name, "|")
	if k := n.kids[names[0]]; k != nil {
		k.many = k.many || many
		return k
	}
	if n.slots == 64 {
		panic("iso: too many elements in one")
	}
	k := &node{name: names[0], many: many, mixed: mixed, slot: n.slots}
	n.slots++
	if n.kids == nil {
		n.kids = map[string]*node{}
	}
	for _, name := range names {
		n.kids[name] = k
	}
	return k
}
