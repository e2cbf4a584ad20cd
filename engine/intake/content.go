package intake

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
)

// content is a file that can be read several times. A file on disk is read where it lies; a stream is first written to a
// temporary file without a name, readable by this process alone, since its hash must be known before its first row is
// stored. Memory stays flat either way.
type content struct {
	r     io.ReadSeeker
	start int64
	sum   [sha256.Size]byte
	temp  *os.File
	given string // the source, when the sender is known
	look  survey

	suspects suspects
}

// survey is what a first look at all rows finds.
type survey struct {
	rows   int
	source string // of the first row that names one
	crowd  crowd
}

// keep makes a content of r. In one reading it computes the hash and looks at the whole structure, so that a broken file
// is refused as a whole before anything is stored.
func keep(r io.Reader, source string) (*content, error) {
	h := sha256.New()
	c := &content{given: source, look: survey{source: source}}
	if seeker, ok := r.(io.ReadSeeker); ok {
		if start, err := seeker.Seek(0, io.SeekCurrent); err == nil { // a pipe is a file that cannot seek
			c.r, c.start = seeker, start
		}
	}
	var to io.Writer = h
	if c.r == nil {
		f, err := os.CreateTemp("", "batch-*")
		if err != nil {
			return nil, fmt.Errorf("intake: keep the file: %w", err)
		}
		if err := os.Remove(f.Name()); err != nil {
			return nil, errors.Join(fmt.Errorf("intake: keep the file: %w", err), f.Close())
		}
		c.r, c.temp, to = f, f, io.MultiWriter(h, f)
	}
	if err := c.look.over(io.TeeReader(r, to)); err != nil {
		return nil, errors.Join(err, c.close())
	}
	h.Sum(c.sum[:0])
	return c, nil
}

// over reads all rows up to the last byte.
func (s *survey) over(r io.Reader) error {
	rows, err := Open(r, s.source != "")
	if err != nil {
		return err
	}
	var row Row
	for {
		switch err := rows.Next(&row); {
		case errors.Is(err, io.EOF):
			return s.complete()
		case err != nil:
			return err
		}
		s.rows++
		s.crowd.addRow(&row)
		if s.source == "" {
			if name, ok := tidy(row.Values[FieldSource]); ok && len(name) <= longest[FieldSource] {
				s.source = name
			}
		}
	}
}

func (s *survey) complete() error {
	switch {
	case s.rows == 0:
		return &FatalError{Code: FatalEmpty, Remedy: "send a file with a header and at least one row"}
	case s.source == "":
		return &FatalError{Code: FatalSource, Fields: []string{FieldSource.String()}, Remedy: "name the sender in the column source or with --source"}
	}
	return nil
}

// again begins the content anew and hashes what is read, so that a file altered meanwhile is noticed.
func (c *content) again() (*rereading, error) {
	if _, err := c.r.Seek(c.start, io.SeekStart); err != nil {
		return nil, fmt.Errorf("intake: read the file again: %w", err)
	}
	return &rereading{c: c, h: sha256.New()}, nil
}

func (c *content) close() error {
	if c.temp == nil {
		return nil
	}
	return c.temp.Close()
}

// rereading is one more reading of a content.
type rereading struct {
	c *content
	h hash.Hash
}

// Read implements io.Reader.
func (r *rereading) Read(p []byte) (int, error) {
	n, err := r.c.r.Read(p)
	_, _ = r.h.Write(p[:n]) // a hash never fails
	return n, err
}

// same says, after the last byte, whether the content is still what it was.
func (r *rereading) same() error {
	if bytes.Equal(r.h.Sum(nil), r.c.sum[:]) {
		return nil
	}
	return &FatalError{Code: FatalChanged, Remedy: "the file was altered while it was read: send it again when it is complete"}
}
