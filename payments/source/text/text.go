// Package text reads the lines of statements that are plain text.
//
// Charter: lines with their numbers, in UTF-8 or a code page, in memory that does not grow with the file. It must not know what a
// line means.
//
// The entry point is [New].
package text

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"robotbailiff/payments/source"
)

// MaxLine is the most bytes that a line may have.
const MaxLine = 64 << 10

// Charset is how letters are written.
type Charset uint8

// The character sets. Undecided becomes UTF8 or CP1251 with the first letter beyond ASCII: text of CP1251 almost never happens
// to be UTF-8.
const (
	Undecided Charset = iota
	UTF8
	CP1251
	CP866
)

// Lines reads line by line. A line ends with LF, CR LF or CR.
type Lines struct {
	No  int // of the last line, from 1
	Set Charset

	r       *bufio.Reader
	held    []byte
	decoded []byte
	skipLF  bool
	fault   func(code string) error
}

// New begins a text; fault makes the errors, with the place.
func New(r io.Reader, fault func(code string) error) *Lines {
	l := &Lines{r: bufio.NewReaderSize(r, MaxLine), fault: fault}
	if head, _ := l.r.Peek(3); string(head) == "\xEF\xBB\xBF" { // an error comes back with the first line
		_, _ = l.r.Discard(3)
		l.Set = UTF8
	}
	return l
}

// Next gives the next line without its end, valid until the next call, or io.EOF.
func (l *Lines) Next() ([]byte, error) {
	l.held = l.held[:0]
	for begun := false; ; begun = true {
		c, err := l.r.ReadByte()
		if errors.Is(err, io.EOF) && begun {
			break
		}
		if err != nil {
			return nil, err
		}
		if c == '\n' && l.skipLF && !begun {
			if l.skipLF = false; l.atEnd() {
				return nil, io.EOF
			}
			begun = false
			if c, err = l.r.ReadByte(); err != nil {
				return nil, err
			}
		}
		if l.skipLF = c == '\r'; c == '\r' || c == '\n' {
			break
		}
		if l.held = append(l.held, c); len(l.held) > MaxLine {
			l.No++
			return nil, l.fault(source.CodeLong)
		}
	}
	l.No++
	return l.decode(l.held)
}

func (l *Lines) atEnd() bool {
	_, err := l.r.Peek(1)
	return err != nil
}

func (l *Lines) decode(b []byte) ([]byte, error) {
	ascii := true
	for _, c := range b {
		if c < ' ' && c != '\t' || c == 0x7F {
			return nil, l.fault(source.CodeCharset)
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	if ascii {
		return b, nil
	}
	if l.Set == Undecided {
		if l.Set = CP1251; utf8.Valid(b) {
			l.Set = UTF8
		}
	}
	page := charmap.Windows1251
	switch l.Set {
	case UTF8, Undecided:
		if !utf8.Valid(b) {
			return nil, l.fault(source.CodeCharset)
		}
		return b, nil
	case CP866:
		page = charmap.CodePage866
	case CP1251:
	}
	l.decoded = l.decoded[:0]
	for _, c := range b {
		l.decoded = utf8.AppendRune(l.decoded, page.DecodeByte(c))
	}
	if bytes.Contains(l.decoded, []byte("\uFFFD")) {
		return nil, l.fault(source.CodeCharset)
	}
	return l.decoded, nil
}
