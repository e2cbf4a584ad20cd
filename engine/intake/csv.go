package intake

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
)

// csvReader reads a table of text. encoding/csv is not used since it has no limit on the length of a row (one quote that
// is never closed would take the rest of the file into memory), skips blank lines, which a spreadsheet counts, and is
// slower. A quote opens only at the beginning of a value; elsewhere it is a letter like others, as spreadsheets read it.
type csvReader struct {
	lines   lineReader
	dec     decoder
	delim   byte
	columns []Field // field of each column
	no      int
	split   splitter
	raw     []byte // the lines of a row with quotes
}

func openCSV(in *input) (RowReader, error) {
	c := &csvReader{lines: lineReader{r: in.r}, dec: decoder{set: sniffCharset(in.head)}}
	line, err := c.lines.next()
	for err == nil && len(bytes.TrimSpace(trimBOM(line))) == 0 { // blank rows above the header
		c.no++
		line, err = c.lines.next()
	}
	if err != nil && len(line) == 0 {
		return nil, c.fatal(err, 1)
	}
	c.no++
	header := trimBOM(line)
	c.delim = delimiter(header)
	if !c.split.feed(c.dec.line(header), c.delim) {
		return nil, &FatalError{Row: c.no, Code: FatalQuote, Remedy: "write the column names without quotes"}
	}
	c.columns, err = checkHeader(c.split.values(), c.no, in.sourceKnown)
	return c, err
}

// Format names delimiter and character set.
func (c *csvReader) Format() string { return "csv" + string(c.delim) + c.dec.set.String() }

func (c *csvReader) layout() layout { return layout{delim: c.delim, columns: c.columns} }

// delimiter is whichever of the two occurs more often in the header; names of fields hold neither.
func delimiter(header []byte) byte {
	if bytes.Count(header, []byte{';'}) > bytes.Count(header, []byte{','}) {
		return ';'
	}
	return ','
}

// Next implements RowReader.
func (c *csvReader) Next(row *Row) error {
	for {
		line, err := c.lines.next()
		if err != nil {
			return c.fatal(err, c.no+1)
		}
		c.no++
		if c.no > maxRows {
			return tooManyRows(c.no)
		}
		line = c.dec.line(line)
		*row = Row{No: c.no}
		var blank bool
		if bytes.IndexByte(line, '"') < 0 {
			blank = c.plain(row, string(line))
		} else if blank, err = c.quoted(row, line); err != nil {
			return err
		}
		if !blank {
			return nil
		}
	}
}

func tooManyRows(no int) error {
	return &FatalError{Row: no, Code: FatalRows, Remedy: "split the file: at most " + strconv.Itoa(maxRows) + " rows"}
}

// plain takes apart a row without any quote: the values are parts of the one string.
func (c *csvReader) plain(row *Row, s string) (blank bool) {
	rest, i := s, 0
	blank = true
	for {
		value, tail, more := cutByte(rest, c.delim)
		blank = c.take(row, i, value) && blank
		i++
		if !more {
			break
		}
		rest = tail
	}
	c.close(row, i, s)
	return blank
}

func cutByte(s string, sep byte) (before, after string, found bool) {
	if i := strings.IndexByte(s, sep); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// take puts one value in its place and says whether it is blank. A value behind the last column is a fault unless blank.
func (c *csvReader) take(row *Row, i int, value string) bool {
	blank := value == "" || strings.TrimSpace(value) == ""
	switch {
	case i >= len(c.columns):
		if !blank {
			row.Fault = Problem{Code: CodeRowMalformed}
		}
	case c.columns[i] == fieldOfReport:
		return true
	default:
		row.Values[c.columns[i]] = value
	}
	return blank
}

// close checks the number of values.
func (c *csvReader) close(row *Row, n int, text string) {
	if n < len(c.columns) {
		row.Fault = Problem{Code: CodeRowMalformed}
	}
	if row.Fault.Code != "" {
		row.Values, row.Raw = [FieldCount]string{}, text
	}
}

// quoted takes apart a row with quotes, which may go on over several lines.
func (c *csvReader) quoted(row *Row, line []byte) (blank bool, err error) {
	c.split.reset()
	raw := append(c.raw[:0], line...)
	for !c.split.feed(line, c.delim) {
		more, err := c.lines.next()
		switch {
		case errors.Is(err, io.EOF):
			return false, &FatalError{Row: row.No, Code: FatalQuote, Remedy: "a value begins with a quote that is never closed: close it, or double the quotes inside values"}
		case err != nil:
			return false, c.fatal(err, row.No)
		case len(raw)+len(more) > maxRecord:
			return false, tooLong(row.No)
		}
		line = c.dec.line(more)
		raw = append(append(raw, '\n'), line...)
	}
	c.raw = raw
	blank = true
	for i, value := range c.split.values() {
		blank = c.take(row, i, value) && blank
	}
	if c.split.broken {
		row.Fault = Problem{Code: CodeRowMalformed}
	}
	c.close(row, len(c.split.ends), string(raw))
	return blank && row.Fault.Code == "", nil
}

func (c *csvReader) fatal(err error, row int) error { return c.lines.explain(err, row) }
