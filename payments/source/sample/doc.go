// Package sample writes statements the way banks do.
//
// Charter: the other side of the readers, for the imitated bank, for measuring and for tests. It must not be used where money is
// real: a statement that we wrote proves nothing.
//
// The entry points are [Camt], [MT940] and [OneC].
package sample

import (
	"bufio"
	"io"
	"iter"

	"robotbailiff/payments/source"
)

// Part is a statement with its lines one by one, so that a million of them need no memory.
type Part struct {
	Head  *source.Statement
	Lines iter.Seq[*source.Line]
}

// Of is the part of a statement that is in memory.
func Of(s *source.Statement) Part {
	return Part{Head: s, Lines: func(yield func(*source.Line) bool) {
		for i := range s.Lines {
			if !yield(&s.Lines[i]) {
				return
			}
		}
	}}
}

// out remembers the first error of a file, so that writing reads as what is written.
type out struct {
	w   *bufio.Writer
	buf []byte
}

func to(w io.Writer) *out { return &out{w: bufio.NewWriterSize(w, 64<<10)} }

func (o *out) put(parts ...string) {
	for _, s := range parts {
		_, _ = o.w.WriteString(s) // Flush tells
	}
}
