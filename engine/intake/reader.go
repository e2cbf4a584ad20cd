package intake

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// Limits of a file.
const (
	maxRecord  = 1 << 20    // bytes of one row
	maxColumns = 64         // columns of a table
	maxRows    = 10_000_000 // rows of a file
	sniffBytes = 64 << 10
)

// Row is one row of a file as it was written. The values are not trimmed.
type Row struct {
	No     int // as a spreadsheet shows it: the header of a table is row 1; lines of JSON count from 1
	Values [FieldCount]string
	Fault  Problem // the structure of the row is broken; Raw then holds its text instead of Values
	Raw    string
}

// RowReader gives the rows of a file one after the other in constant memory.
type RowReader interface {
	// Next reads the next row into row. It ends with io.EOF, a *[FatalError], or an error of the reader underneath.
	Next(row *Row) error
	// Format names the encoding, such as "csv;utf-8".
	Format() string
}

// encoding is one way to write a court batch.
type encoding struct {
	name string
	// fits says whether the first bytes of a file, without byte-order mark, look like it.
	fits func(head []byte) bool
	open func(r *bufio.Reader, head []byte, sourceKnown bool) (RowReader, error)
}

// encodings are tried in turn; the last one takes what no other has taken.
var encodings = []encoding{
	{"foreign", looksForeign, openForeign},
	{"jsonl", looksLikeJSON, openJSONL},
	{"csv", func([]byte) bool { return true }, openCSV},
}

// Open finds out from the content how a file is encoded and checks its header. The header may leave the column source
// out when sourceKnown says that the sender is known otherwise.
func Open(r io.Reader, sourceKnown bool) (RowReader, error) {
	br := bufio.NewReaderSize(r, 256<<10)
	head, err := br.Peek(sniffBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(bytes.TrimSpace(trimBOM(head))) == 0 {
		return nil, &FatalError{Code: FatalEmpty, Remedy: "send a file with a header and at least one row"}
	}
	for _, e := range encodings {
		if e.fits(trimBOM(head)) {
			return e.open(br, head, sourceKnown)
		}
	}
	panic("intake: the last encoding takes everything")
}

var bomUTF8 = []byte("\xEF\xBB\xBF")

func trimBOM(head []byte) []byte { return bytes.TrimPrefix(head, bomUTF8) }

// foreign are the beginnings of files that people send by mistake, with what to do.
var foreign = []struct{ magic, remedy string }{
	{"PK\x03\x04", "this is a workbook or an archive: save the sheet as CSV UTF-8"},
	{"\xD0\xCF\x11\xE0", "this is an old workbook: save the sheet as CSV UTF-8"},
	{"\xFF\xFE", "the text is in UTF-16: save it as CSV UTF-8"},
	{"\xFE\xFF", "the text is in UTF-16: save it as CSV UTF-8"},
	{"%PDF", "this is a PDF: send the rows as CSV or JSON Lines"},
	{"\x1F\x8B", "the file is compressed: send it unpacked"},
	{"<", "XML is not taken here: send CSV or JSON Lines"},
	{"[", "this is one JSON array: send JSON Lines, one object a line"},
}

func looksForeign(head []byte) bool {
	for _, f := range foreign {
		if bytes.HasPrefix(head, []byte(f.magic)) {
			return true
		}
	}
	return bytes.IndexByte(head, 0) >= 0
}

func openForeign(_ *bufio.Reader, head []byte, _ bool) (RowReader, error) {
	for _, f := range foreign {
		if bytes.HasPrefix(trimBOM(head), []byte(f.magic)) {
			return nil, &FatalError{Code: FatalFormat, Remedy: f.remedy}
		}
	}
	return nil, &FatalError{Code: FatalFormat, Remedy: "this is not text: send CSV or JSON Lines"}
}
