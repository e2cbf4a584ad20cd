// Package statement finds out what a bank sent and reads it.
//
// Charter: bytes in, lines out, whatever the format; what is no statement is named. It must not open files or know accounts.
//
// The entry points are [Read] for any size, and [ReadAll] for what fits into memory.
package statement

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"robotbailiff/payments/source"
	"robotbailiff/payments/source/camt"
	"robotbailiff/payments/source/mt940"
	"robotbailiff/payments/source/onec"
)

// MaxBytes is the most that a file may have: three million entries of camt.
const MaxBytes = 4 << 30

// Read tells a visitor the statements of a file of any format that we know. It is a [source.Reader].
func Read(r io.Reader, v source.Visitor) error {
	in := bufio.NewReaderSize(&limited{r: r, left: MaxBytes}, 4096)
	head, err := in.Peek(4096)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	read, seen := sniff(head)
	if read == nil {
		return &source.Fault{Code: source.CodeFormat, Detail: seen}
	}
	return read(in, v)
}

// ReadAll reads whole statements.
func ReadAll(r io.Reader) ([]*source.Statement, error) { return source.Collect(Read, r) }

// sniff chooses a reader by the beginning of a file, or says what it seems to be.
func sniff(head []byte) (read source.Reader, seen string) {
	for _, s := range signatures {
		if bytes.HasPrefix(head, []byte(s.begin)) {
			return nil, s.seen
		}
	}
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF")), " \t\r\n")
	const header = len(onec.Header)
	switch {
	case len(head) == 0:
		return nil, "an empty file"
	case head[0] == '<':
		return camt.Read, ""
	case len(head) >= header && bytes.EqualFold(head[:header], []byte(onec.Header)):
		return onec.Read, ""
	case bytes.HasPrefix(head, []byte("{1:")), bytes.HasPrefix(head, []byte(":20:")):
		return mt940.Read, ""
	case head[0] == '{' || head[0] == '[':
		return nil, "JSON"
	case bytes.IndexByte(head, 0) >= 0:
		return nil, "a binary file"
	case utf8.Valid(head) && bytes.IndexByte(firstLine(head), ';') >= 0, bytes.IndexByte(firstLine(head), ',') >= 0:
		return nil, "a table, CSV"
	}
	return nil, "text"
}

func firstLine(b []byte) []byte {
	line, _, _ := bytes.Cut(b, []byte("\n"))
	return line
}

var signatures = []struct{ begin, seen string }{
	{"PK\x03\x04", "a ZIP archive or a workbook, XLSX"},
	{"%PDF", "PDF"},
	{"\x1F\x8B", "a gzip archive"},
	{"\xFF\xFE", "text in UTF-16"},
	{"\xFE\xFF", "text in UTF-16"},
	{"\xD0\xCF\x11\xE0", "a workbook or document of old Office, XLS"},
	{"Rar!", "a RAR archive"},
	{"7z\xBC\xAF", "a 7z archive"},
}

// limited ends a file that is too large with a fault.
type limited struct {
	r    io.Reader
	left int64
}

// Read implements io.Reader.
func (l *limited) Read(b []byte) (int, error) {
	if l.left <= 0 {
		return 0, &source.Fault{Code: source.CodeSize}
	}
	n, err := l.r.Read(b[:min(int64(len(b)), l.left)])
	l.left -= int64(n)
	return n, err
}
