package source

import "io"

// Visitor is told what a reader finds, line by line, so that nobody holds a file of a million lines.
//
// Nothing is certain before the reader returns nil: a file that turns out broken at its end was broken all along, and what was
// told of it must be forgotten.
type Visitor struct {
	// Line is called for each booked movement. The head holds what was read up to there; it is the same pointer for all lines
	// of a statement. Lines of several accounts in one file may alternate. The line may not be kept, only copied.
	Line func(head *Statement, l *Line) error
	// End is called once for each statement, when all of it was told and its head is complete.
	End func(head *Statement) error
}

// Reader reads one format. An error of what was read is a [*Fault].
type Reader func(r io.Reader, v Visitor) error

// Collect reads whole statements into memory: for files of the size that people look at.
func Collect(read Reader, r io.Reader) ([]*Statement, error) {
	var all []*Statement
	err := read(r, Visitor{
		Line: func(head *Statement, l *Line) error {
			head.Lines = append(head.Lines, *l)
			return nil
		},
		End: func(head *Statement) error {
			all = append(all, head)
			return nil
		},
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}
