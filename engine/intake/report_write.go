package intake

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// RowVerdict is what became of one row of a file.
type RowVerdict struct {
	Row     int // as in [Row.No]
	Verdict Verdict
	Code    string // "" for an accepted row
	Field   string
}

// ReportOptions changes a report. The zero value is the usual one.
type ReportOptions struct {
	Language string // of the reasons: kk, ru or en; empty means ru
}

// reportColumns are what a report adds, and what a header may therefore have. The number of the row is added where the
// file had no numbers that a spreadsheet shows.
var reportColumns = []string{"row", "verdict", "code", "field", "reason"}

// WriteReport writes the rows of a file once more, each with what became of it: a workbook for a workbook, a CSV with the
// same delimiter for a CSV, and for JSON Lines and XML a CSV with a column for the number of the row. CSV is in UTF-8 with
// a byte-order mark. Rows of a table keep their numbers, blank rows included. A row whose structure is broken comes as one
// cell with its text. The verdicts come in the order of the rows; a row may be without one, but none may be without a row.
//
// Nothing that is written becomes a formula when it is opened: the cells of a workbook are texts, and in CSV an apostrophe
// goes before what looks like one. [Open] passes over the columns of a report and drops the apostrophe, so a report can be
// corrected and sent as a batch.
func WriteReport(w io.Writer, rows RowReader, verdicts iter.Seq2[RowVerdict, error], o ReportOptions) error {
	if o.Language == "" {
		o.Language = "ru"
	}
	next, stop := iter.Pull2(verdicts)
	defer stop()
	r := &report{in: rows, out: reportTable(w, rows.layout()), next: next, lang: o.Language}
	r.columns, r.own = rows.layout().columns, reportColumns[1:]
	if r.columns == nil {
		r.own = reportColumns
		for f := range FieldCount {
			r.columns = append(r.columns, f)
		}
	}
	err := r.write()
	if err != nil {
		return fmt.Errorf("intake: report: %w", err)
	}
	return nil
}

// tableWriter writes a table row by row.
type tableWriter interface {
	// row writes a row under a number; those between it and the last one stay blank.
	row(no int, cells []string) error
	close() error
}

func reportTable(w io.Writer, l layout) tableWriter {
	switch {
	case l.workbook:
		return &sheetTable{book: newBook(w)}
	case l.delim == 0:
		l.delim = ';' // a double click opens it rightly where a comma stands before the decimals
	}
	c := &csvTable{w: w, csv: csv.NewWriter(w)}
	c.csv.Comma, c.csv.UseCRLF = rune(l.delim), true
	return c
}

type report struct {
	in      RowReader
	out     tableWriter
	columns []Field
	own     []string
	lang    string
	next    func() (RowVerdict, error, bool)
	ahead   RowVerdict
	known   bool // ahead is of a row that has not come yet
}

func (r *report) write() error {
	cells := make([]string, 0, len(r.columns)+len(r.own))
	for _, f := range r.columns {
		if f != fieldOfReport {
			cells = append(cells, f.String())
		}
	}
	if err := r.out.row(1, append(cells, r.own...)); err != nil {
		return err
	}
	var row Row
	for n := 2; ; n++ {
		err := r.in.Next(&row)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		v, err := r.verdict(row.No)
		if err != nil {
			return err
		}
		no := row.No
		if r.in.layout().columns == nil {
			no = n
		}
		if err := r.out.row(no, r.cells(cells[:0], &row, v)); err != nil {
			return err
		}
	}
	if v, err := r.verdict(maxRows + 1); err != nil || v.Verdict != "" {
		return errors.Join(err, errForeignVerdict)
	}
	return r.out.close()
}

var errForeignVerdict = errors.New("a verdict belongs to no row: it is of another file, or out of order")

// verdict finds that of a row.
func (r *report) verdict(no int) (RowVerdict, error) {
	if !r.known {
		v, err, ok := r.next()
		if err != nil || !ok {
			return RowVerdict{}, err
		}
		r.ahead, r.known = v, true
	}
	switch {
	case r.ahead.Row < no:
		return RowVerdict{}, errForeignVerdict
	case r.ahead.Row > no:
		return RowVerdict{}, nil
	}
	r.known = false
	return r.ahead, nil
}

func (r *report) cells(to []string, row *Row, v RowVerdict) []string {
	for _, f := range r.columns {
		if f != fieldOfReport {
			to = append(to, row.Values[f])
		}
	}
	if row.Raw != "" {
		to[0] = row.Raw
	}
	if len(r.own) == len(reportColumns) {
		to = append(to, strconv.Itoa(row.No))
	}
	reason := ""
	if v.Code != "" {
		reason = Message(v.Code, r.lang)
	}
	return append(to, string(v.Verdict), v.Code, v.Field, reason)
}

// csvTable writes CSV.
type csvTable struct {
	w   io.Writer
	csv *csv.Writer
	no  int
}

func (c *csvTable) row(no int, cells []string) error {
	if c.no == 0 {
		if _, err := c.w.Write(bomUTF8); err != nil {
			return err
		}
	}
	for c.no++; c.no < no; c.no++ {
		if err := c.csv.Write([]string{""}); err != nil {
			return err
		}
	}
	for i, cell := range cells {
		cells[i] = neutral(cell)
	}
	return c.csv.Write(cells)
}

func (c *csvTable) close() error {
	c.csv.Flush()
	return c.csv.Error()
}

// neutral puts an apostrophe before every line of a cell that a spreadsheet might take for a formula.
func neutral(cell string) string {
	if harmless(cell) {
		return cell
	}
	var b strings.Builder
	start := true
	for i := 0; i < len(cell); {
		if start && formula(cell[i:]) {
			b.WriteByte('\'')
		}
		_, n := utf8.DecodeRuneInString(cell[i:])
		start = cell[i] == '\n' || cell[i] == '\r'
		b.WriteString(cell[i : i+n])
		i += n
	}
	return b.String()
}

// harmless says quickly of most cells that they begin with a letter or a digit and have one line.
func harmless(cell string) bool {
	if cell == "" {
		return true
	}
	first, _ := utf8.DecodeRuneInString(cell)
	return (unicode.IsLetter(first) || unicode.IsDigit(first)) && !strings.ContainsAny(cell, "\r\n")
}

// formula says whether a line begins with what makes a formula, behind blanks and signs that show nothing.
func formula(line string) bool {
	if line[0] == '\t' || line[0] == '\r' {
		return true
	}
	for _, r := range line {
		switch {
		case strings.ContainsRune("=+-@＝＋－＠\t\r", r):
			return true
		case r == '\n' || unicode.IsPrint(r) && r != ' ' && !unicode.In(r, invisible...):
			return false
		}
	}
	return false
}
