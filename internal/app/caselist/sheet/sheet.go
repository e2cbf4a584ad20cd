package sheet

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"robotbailiff/rules/money"
)

// MaxRows is the most that a file has.
const MaxRows = 100_000

// ErrTooLong says that a table has more rows than a file takes.
var ErrTooLong = errors.New("sheet: the table has too many rows")

// Cell is a text, a sum, or a count.
type Cell struct {
	Text    string
	Sum     money.Amount
	IsSum   bool
	Count   int64
	IsCount bool
}

// Rows gives one row after the other; nil at the end.
type Rows func() ([]Cell, error)

// Table is what is written.
type Table struct {
	Title string // of the sheet, and a line about who took it; not in CSV, where every line is data
	About string
	Head  []string
	Rows  Rows
}

// CSV writes semicolons and a mark of UTF-8 at the beginning: office programs that are set to Kazakh or Russian split at semicolons, as
// their comma is the decimal sign, and take a file without the mark for one in the old eight-bit code. Sums have that decimal sign. A
// number of a document is written after a №, without which these programs take it for a number and drop its zeros, or all digits after the fifteenth.
func CSV(w io.Writer, t Table) (rows int, err error) {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return 0, err
	}
	out := csv.NewWriter(w)
	out.Comma, out.UseCRLF = ';', true
	line := make([]string, len(t.Head))
	for i, h := range t.Head {
		line[i] = Harmless(h)
	}
	if err := out.Write(line); err != nil {
		return 0, err
	}
	err = t.each(func(n int, cells []Cell) error {
		rows = n
		for i, c := range cells {
			if c.IsSum {
				line[i] = strings.Replace(c.Sum.String(), ".", ",", 1)
				continue
			}
			if c.IsCount {
				line[i] = strconv.FormatInt(c.Count, 10)
				continue
			}
			line[i] = Harmless(keepDigits(c.Text))
		}
		return out.Write(line)
	})
	out.Flush()
	return rows, errors.Join(err, out.Error())
}

// keepDigits puts a № before what a program would take for a number.
func keepDigits(s string) string {
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' }) {
		return s
	}
	return "№ " + s
}

// XLSX writes one sheet. Texts are cells of text, so nothing has to be done to their digits; sums are numbers with two decimals.
func XLSX(w io.Writer, t Table) (rows int, err error) {
	f := excelize.NewFile()
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.SetSheetName("Sheet1", t.Title); err != nil {
		return 0, fmt.Errorf("sheet: %w", err)
	}
	if err := f.SetDocProps(&excelize.DocProperties{Title: t.Title, Description: t.About}); err != nil {
		return 0, fmt.Errorf("sheet: %w", err)
	}
	bold, err1 := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	sum, err2 := f.NewStyle(&excelize.Style{NumFmt: 4}) // #,##0.00
	out, err3 := f.NewStreamWriter(t.Title)
	if err := errors.Join(err1, err2, err3); err != nil {
		return 0, fmt.Errorf("sheet: %w", err)
	}
	if err := errors.Join(out.SetColWidth(1, len(t.Head), 18), out.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})); err != nil {
		return 0, fmt.Errorf("sheet: %w", err)
	}
	line := make([]any, len(t.Head))
	for i, h := range t.Head {
		line[i] = excelize.Cell{StyleID: bold, Value: Harmless(h)}
	}
	if err := out.SetRow("A1", line); err != nil {
		return 0, fmt.Errorf("sheet: %w", err)
	}
	err = t.each(func(n int, cells []Cell) error {
		rows = n
		for i, c := range cells {
			line[i] = Harmless(c.Text)
			if c.IsCount {
				line[i] = c.Count
			}
			if c.IsSum {
				number, err := strconv.ParseFloat(c.Sum.String(), 64) // all numbers of this format are; nothing is reckoned with it
				if err != nil {
					return err
				}
				line[i] = excelize.Cell{StyleID: sum, Value: number}
			}
		}
		return out.SetRow("A"+strconv.Itoa(n+1), line)
	})
	if err != nil {
		return rows, fmt.Errorf("sheet: row %d: %w", rows, err)
	}
	if err := out.Flush(); err != nil {
		return rows, fmt.Errorf("sheet: %w", err)
	}
	_, err = f.WriteTo(w)
	return rows, err
}

func (t Table) each(f func(n int, cells []Cell) error) error {
	for n := 1; ; n++ {
		cells, err := t.Rows()
		switch {
		case err != nil:
			return err
		case cells == nil:
			return nil
		case n > MaxRows:
			return ErrTooLong
		}
		if err := f(n, cells); err != nil {
			return err
		}
	}
}

// Harmless puts an apostrophe before every line that a program could take for a formula: one that begins, behind blanks of any kind, with
// = + - @ or their wide forms, or with a tab or another sign of control.
func Harmless(s string) string {
	if !strings.ContainsFunc(s, dangerous) {
		return s
	}
	var out strings.Builder
	for rest := s; ; {
		end := strings.IndexFunc(rest, ends)
		line := rest
		if end >= 0 {
			line = rest[:end]
		}
		if r, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(line, blank)); dangerous(r) {
			out.WriteByte('\'')
		}
		out.WriteString(line)
		if end < 0 {
			return out.String()
		}
		_, size := utf8.DecodeRuneInString(rest[end:])
		out.WriteString(rest[end : end+size])
		rest = rest[end+size:]
	}
}

// ends says whether a line ends here. A carriage return is left to be the beginning of something.
func ends(r rune) bool { return r == '\n' || r == '\u0085' || r == '\u2028' || r == '\u2029' }

func dangerous(r rune) bool {
	switch r {
	case '=', '+', '-', '@', '＝', '＋', '－', '＠', '\u2212':
		return true
	}
	return unicode.IsControl(r) && !ends(r)
}

// blank knows also what has no width; signs of control are none.
func blank(r rune) bool {
	return !unicode.IsControl(r) && (unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || r == '\u3164')
}
