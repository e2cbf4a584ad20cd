package intake

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/jackc/pgx/v5"
)

// content is a file that can be read several times. A file on disk is read where it lies; a stream is first written to a
// temporary file without a name, readable by this process alone, since its hash must be known before its first row is
// stored. Memory stays flat either way.
type content struct {
	r     file
	start int64
	size  int64 // of a zip archive or a workbook, else 0
	sum   [sha256.Size]byte
	temp  *os.File
	given string // the source, when the sender is known
	look  survey
	seen  bool // received in full before: its rows were not looked at again

	suspects suspects
}

// survey is what a first look at all rows finds.
type survey struct {
	rows   int
	source string // of the first row that names one
	crowd  crowd
}

// file is what can be read again and anywhere.
type file interface {
	io.ReadSeeker
	io.ReaderAt
}

// sectionOf gives what is left of r for reading anywhere, or nil when r is a stream.
func sectionOf(r io.Reader) *io.SectionReader {
	if again, ok := r.(*rereading); ok {
		return again.section()
	}
	f, ok := r.(file)
	if !ok {
		return nil
	}
	start, err := f.Seek(0, io.SeekCurrent)
	if err != nil { // a pipe is a file that cannot seek
		return nil
	}
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil
	}
	if _, err := f.Seek(start, io.SeekStart); err != nil {
		return nil
	}
	return io.NewSectionReader(f, start, end-start)
}

// unnamed makes a temporary file without a name, readable by this process alone; it is gone when it is closed.
func unnamed() (*os.File, error) {
	f, err := os.CreateTemp("", "batch-*")
	if err != nil {
		return nil, fmt.Errorf("intake: keep the file: %w", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(fmt.Errorf("intake: keep the file: %w", err), f.Close())
	}
	return f, nil
}

// seen gives the content of a file on disk that was received in full before: its hash says all that its rows could. It is nil
// for any other file, whose rows have to be looked at.
func (im *Importer) seen(ctx context.Context, r io.Reader, source string, o Options) (*content, error) {
	f, ok := r.(file)
	if !ok || o.DryRun {
		return nil, nil
	}
	start, err := f.Seek(0, io.SeekCurrent)
	if err != nil { // a pipe is a file that cannot seek
		return nil, nil
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return nil, fmt.Errorf("intake: read the file: %w", err)
	}
	if _, err := f.Seek(start, io.SeekStart); err != nil {
		return nil, fmt.Errorf("intake: read the file again: %w", err)
	}
	c := &content{r: f, start: start, given: source, look: survey{source: source}, seen: true}
	h.Sum(c.sum[:0])
	var before bool
	if err := im.store.Pool().QueryRow(ctx, seenSQL, c.sum[:]).Scan(&before); err != nil || !before {
		return nil, err
	}
	if source == "" && c.look.named(f) != nil { // what is wrong with it, the look at all rows tells
		c.look.source = ""
	}
	if _, err := f.Seek(start, io.SeekStart); err != nil {
		return nil, fmt.Errorf("intake: read the file again: %w", err)
	}
	err = im.store.Pool().QueryRow(ctx, rowsOfSameSQL, c.sum[:], c.look.source).Scan(&c.look.rows)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("intake: look for the same file: %w", err)
	}
	return c, nil
}

// named finds who sent the batch in the first row that says so.
func (s *survey) named(r io.Reader) error {
	rows, err := Open(r, false)
	if err != nil {
		return err
	}
	var row Row
	for s.source == "" {
		if err := rows.Next(&row); err != nil {
			return err
		}
		s.note(&row)
	}
	return nil
}

// note takes the source from a row that names one, if none has before.
func (s *survey) note(row *Row) {
	if s.source == "" {
		if name, ok := tidy(row.Values[FieldSource]); ok && len(name) <= longest[FieldSource] {
			s.source = name
		}
	}
}

// keep makes a content of r. In one reading it computes the hash and looks at the whole structure, so that a broken file
// is refused as a whole before anything is stored. A zip archive or a workbook is not read from its first byte to its last,
// so it is copied first: what is read is then what was hashed, whatever happens to the file.
func keep(r io.Reader, source string) (*content, error) {
	h := sha256.New()
	c := &content{given: source, look: survey{source: source}}
	if f, ok := r.(file); ok {
		if start, err := f.Seek(0, io.SeekCurrent); err == nil {
			c.r, c.start = f, start
		}
	}
	br := bufio.NewReader(r)
	magic, _ := br.Peek(len(zipMagic)) // an error comes again with the next reading
	zipped := looksLikeZip(magic)
	var to io.Writer = h
	if c.r == nil || zipped {
		f, err := unnamed()
		if err != nil {
			return nil, err
		}
		c.r, c.start, c.temp, to = f, 0, f, io.MultiWriter(h, f)
	}
	var err error
	if zipped {
		if c.size, err = copyPacked(to, br); err == nil {
			err = c.look.over(io.NewSectionReader(c.temp, 0, c.size))
		}
	} else {
		err = c.look.over(io.TeeReader(br, to))
	}
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	h.Sum(c.sum[:0])
	return c, nil
}

// surveyRows is how many rows are handed over at a time.
const surveyRows = 256

// over reads all rows up to the last byte, and looks at them while it reads further.
func (s *survey) over(r io.Reader) error {
	rows, err := Open(r, s.source != "")
	if err != nil {
		return err
	}
	full, empty := make(chan []Row), make(chan []Row, 2)
	empty <- make([]Row, surveyRows)
	empty <- make([]Row, surveyRows)
	var ended error
	go func() {
		defer close(full)
		for ended == nil {
			part, n := (<-empty)[:surveyRows], 0
			for n < surveyRows {
				if ended = rows.Next(&part[n]); ended != nil {
					break
				}
				n++
			}
			full <- part[:n]
		}
	}()
	for part := range full {
		for i := range part {
			s.rows++
			s.crowd.addRow(&part[i])
			s.note(&part[i])
		}
		empty <- part
	}
	if !errors.Is(ended, io.EOF) {
		return ended
	}
	return s.complete()
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

// section gives an archive for reading anywhere, else nil.
func (r *rereading) section() *io.SectionReader {
	if r.c.size == 0 {
		return nil
	}
	return io.NewSectionReader(r.c.temp, 0, r.c.size)
}

// same says, after the last byte, whether the content is still what it was. A copy of ours is out
// of everybody's reach.
func (r *rereading) same() error {
	if r.c.temp != nil || bytes.Equal(r.h.Sum(nil), r.c.sum[:]) {
		return nil
	}
	return &FatalError{Code: FatalChanged, Remedy: "the file was altered while it was read: send it again when it is complete"}
}
