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
	maxValue   = 4096       // bytes of one value; a longer one is refused with its row, and a workbook gives no more of it
	sniffBytes = 64 << 10

	bufferBytes = 256 << 10 // of a reader; also the most that one tag or one run of text in XML may have
)

// Row is one row of a file as it was written. The values are not trimmed.
type Row struct {
	No     int // as a spreadsheet shows it: the header of a table is row 1; lines of JSON and writs in XML count from 1
	Values [FieldCount]string
	Fault  Problem // the structure of the row is broken
	Raw    string  // the text of a broken row where it cannot be told by Values
}

// RowReader gives the rows of a file one after the other in constant memory.
type RowReader interface {
	// Next reads the next row into row. It ends with io.EOF, a *[FatalError], or an error of the reader underneath.
	Next(row *Row) error
	// Format names the encoding, such as "csv;utf-8", after that of an archive around it, such as "gzip;".
	Format() string
	// layout is how the file is laid out, for a report in the same form.
	layout() layout
}

// layout is the outer form of a file.
type layout struct {
	workbook bool
	delim    byte    // of a table of text
	columns  []Field // of a table, in its order; nil where rows name their fields
}

// input is a file that is being opened.
type input struct {
	r           *bufio.Reader
	head        []byte            // its first bytes, without byte-order mark
	file        *io.SectionReader // all of it, to be read anywhere; nil for a stream
	packed      bool              // it comes out of an archive
	sourceKnown bool
}

// encoding is one way to write a court batch.
type encoding struct {
	// fits says whether the first bytes of a file, without byte-order mark, look like it.
	fits func(head []byte) bool
	open func(in *input) (RowReader, error)
}

// encodings are tried in turn; the last one takes what no other has taken.
func encodings() [6]encoding {
	return [...]encoding{
		{looksLikeGzip, openGzip},
		{looksLikeZip, openZip}, // an XLSX workbook, or an archive with one file
		{looksForeign, openForeign},
		{looksLikeXML, openXML},
		{looksLikeJSON, openJSONL},
		{func([]byte) bool { return true }, openCSV},
	}
}

// Open finds out from the content how a file is encoded and checks its header. The header may leave the column source
// out when sourceKnown says that the sender is known otherwise. A zip archive and a workbook can only be read from a file;
// of a stream they are first copied to a temporary file without a name.
func Open(r io.Reader, sourceKnown bool) (RowReader, error) {
	return openInput(r, &input{file: sectionOf(r), sourceKnown: sourceKnown})
}

func openInput(r io.Reader, in *input) (RowReader, error) {
	in.r = bufio.NewReaderSize(r, bufferBytes)
	head, err := in.r.Peek(sniffBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	in.head = trimBOM(head)
	if len(bytes.TrimSpace(in.head)) == 0 {
		return nil, &FatalError{Code: FatalEmpty, Remedy: "send a file with a header and at least one row"}
	}
	for _, e := range encodings() {
		if e.fits(in.head) {
			return e.open(in)
		}
	}
	panic("intake: the last encoding takes everything")
}

var bomUTF8 = []byte("\xEF\xBB\xBF")

func trimBOM(head []byte) []byte { return bytes.TrimPrefix(head, bomUTF8) }

// foreign are the beginnings of files that people send by mistake, with what to do.
var foreign = []struct{ magic, remedy string }{
	{"PK\x05\x06", "the archive is empty"},
	{"PK\x07\x08", "the archive is a part of several: pack the file into one"},
	{"Rar!", "this is a RAR archive: pack the file with zip or gzip"},
	{"7z\xBC\xAF", "this is a 7-Zip archive: pack the file with zip or gzip"},
	{"\xD0\xCF\x11\xE0", "this is an old workbook, or one with a password: save it as XLSX without a password"},
	{"\xFF\xFE", "the text is in UTF-16: save it as UTF-8"},
	{"\xFE\xFF", "the text is in UTF-16: save it as UTF-8"},
	{"%PDF", "this is a PDF: send the rows as XLSX, CSV, JSON Lines or XML"},
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

func openForeign(in *input) (RowReader, error) {
	for _, f := range foreign {
		if bytes.HasPrefix(in.head, []byte(f.magic)) {
			return nil, &FatalError{Code: FatalFormat, Remedy: f.remedy}
		}
	}
	return nil, &FatalError{Code: FatalFormat, Remedy: "this is not text in UTF-8: send XLSX, CSV, JSON Lines or XML"}
}
