package intake

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"robotbailiff/internal/xmlscan"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
)

// cellKind is what a cell holds.
type cellKind uint8

const (
	cellEmpty   cellKind = iota
	cellText             // also a date that is stored as text
	cellNumber           // its text as it is stored
	cellDate             // a number that is shown as a date
	cellFormula          // whatever it last gave, it is not what somebody wrote
	cellWrong            // an error, or true and false
)

type cell struct {
	kind     cellKind
	from, to int // in the text of the row
}

// sheetRow is one row of a sheet: the cells below its first columns, and whether there are others.
type sheetRow struct {
	cells  [maxColumns]cell
	text   []byte
	extra  bool // something is behind the last of them
	broken bool // places that are taken twice, out of order or of another row
}

func (r *sheetRow) blank() bool {
	for _, c := range r.cells {
		if c.kind != cellEmpty {
			return false
		}
	}
	return !r.extra && !r.broken
}

func (r *sheetRow) of(c cell) string { return string(r.text[c.from:c.to]) }

// titles are the cells up to the last that is not empty.
func (r *sheetRow) titles() []string {
	var titles []string
	for i, c := range r.cells {
		if c.kind != cellEmpty {
			titles = append(titles, make([]string, i-len(titles))...)
			titles = append(titles, r.of(c))
		}
	}
	if r.extra {
		titles = append(titles, make([]string, maxColumns+1-len(titles))...)
	}
	return titles
}

// read reads the cells of the row whose start tag was read.
func (r *sheetRow) read(x *xlsxReader) error {
	s := x.scan
	r.cells, r.text, r.extra, r.broken = [maxColumns]cell{}, r.text[:0], false, false
	for column := -1; ; {
		kind, err := s.Next()
		switch {
		case err != nil:
			return err
		case kind == xmlscan.Close:
			return nil
		case kind == xmlscan.Text && !xmlscan.Blank(s.Text):
			r.broken = true
		case kind != xmlscan.Open:
			continue
		}
		if _, name := xmlscan.SplitName(s.Name); kind != xmlscan.Open || string(name) != "c" {
			if kind == xmlscan.Open {
				err = skip(s)
			}
			if err != nil {
				return err
			}
			continue
		}
		at := column + 1
		if ref := s.Attr("r"); ref != nil {
			var ok bool
			if at, ok = columnOf(ref, x.no); !ok || at <= column {
				r.broken, at = true, column+1
			}
		}
		column = at
		date := false
		if i, ok := number(s.Attr("s")); ok && i < len(x.dates) {
			date = x.dates[i]
		}
		c, err := r.readCell(x, sortOf(s.Attr("t")), date)
		switch {
		case err != nil:
			return err
		case c.kind == cellEmpty:
		case at < maxColumns:
			r.cells[at] = c
		default:
			r.extra = true
		}
		if len(r.text) > maxRecord {
			return tooLong(x.no)
		}
	}
}

// columnOf reads a place such as AB12, counting columns from 0.
func columnOf(ref []byte, row int) (int, bool) {
	n, i := 0, 0
	for ; i < len(ref) && i < 3 && ref[i] >= 'A' && ref[i] <= 'Z'; i++ {
		n = n*26 + int(ref[i]-'A') + 1
	}
	no, ok := number(ref[i:])
	return n - 1, i > 0 && ok && no == row
}

// number reads up to nine digits and nothing else.
func number(b []byte) (n int, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, len(b) > 0 && len(b) < 10
}

// sorts of cells, as they are written.
type cellSort uint8

const (
	sortNumber cellSort = iota
	sortShared
	sortInline
	sortDay
	sortText
	sortOther
)

func sortOf(t []byte) cellSort {
	switch string(t) {
	case "", "n":
		return sortNumber
	case "s":
		return sortShared
	case "inlineStr":
		return sortInline
	case "d":
		return sortDay
	case "str":
		return sortText
	}
	return sortOther
}

// readCell reads a cell whose start tag was read.
func (r *sheetRow) readCell(x *xlsxReader, sort cellSort, date bool) (cell, error) {
	s, c := x.scan, cell{from: len(r.text), to: len(r.text)}
	formula := false
	var formulaText []byte
	for {
		kind, err := s.Next()
		switch {
		case err != nil:
			return c, err
		case kind == xmlscan.Close:
			if formula {
				r.text = append(append(r.text[:c.from], '='), formulaText...)
				return cell{cellFormula, c.from, len(r.text)}, nil
			}
			c.to = len(r.text)
			return r.settle(x, c, sort, date)
		case kind != xmlscan.Open:
			continue
		}
		_, name := xmlscan.SplitName(s.Name)
		switch string(name) {
		case "v":
			r.text, err = ownText(s, r.text)
		case "is":
			r.text, err = richText(s, r.text)
		case "f":
			formula = true
			formulaText, err = ownText(s, nil)
		default:
			err = skip(s)
		}
		if err != nil {
			return c, err
		}
	}
}

// settle finds out what a cell means whose stored text was read.
func (r *sheetRow) settle(x *xlsxReader, c cell, sort cellSort, date bool) (cell, error) {
	stored := r.text[c.from:c.to]
	if len(stored) <= maxValue && len(bytes.TrimSpace(stored)) == 0 {
		return cell{}, nil
	}
	switch sort {
	case sortShared:
		i, ok := number(bytes.TrimSpace(stored))
		if !ok {
			return c, xmlscan.Broken("a cell points at no string")
		}
		text, err := x.strings.get(i)
		if err != nil {
			return c, err
		}
		r.text = append(r.text[:c.from], text...)
		if c.to = len(r.text); len(text) <= maxValue && strings.TrimSpace(text) == "" {
			return cell{}, nil
		}
		c.kind = cellText
	case sortInline:
		r.text = unescapeCell(r.text, c.from)
		c.kind, c.to = cellText, len(r.text)
	case sortDay:
		c.kind, c.to = cellText, c.from+len(bytes.TrimSuffix(stored, []byte("T00:00:00")))
	case sortNumber:
		c.kind = cellNumber
		if date {
			c.kind = cellDate
		}
	case sortText: // of a formula mostly, which was seen before; some programs write all texts so
		c.kind = cellText
	case sortOther: // true, false and errors
		c.kind = cellWrong
	}
	return c, nil
}

// asNumber lists the fields in which a number cell is taken as it is stored. Those of fixed length show by themselves when
// leading zeros are lost, and are refused then. Anywhere else, above all in document numbers, nobody could tell.
var asNumber = func() (ok [FieldCount]bool) {
	for _, f := range []Field{
		FieldIssuerBIN, FieldDebtorIIN, FieldDebtorPhone, FieldRegion, FieldAmount, FieldClaimantBIN, FieldKBK, FieldKNP,
		FieldDocumentDate, FieldInForceDate, FieldDebtorBirthDate, FieldUnpaidConfirmedOn, // refused by themselves
	} {
		ok[f] = true
	}
	return ok
}()

var isDate = [FieldCount]bool{FieldDocumentDate: true, FieldInForceDate: true, FieldDebtorBirthDate: true, FieldUnpaidConfirmedOn: true}

// fill puts the cells of the row into their fields.
func (x *xlsxReader) fill(row *Row) {
	r := &x.cells
	if r.broken || r.extra || slices.ContainsFunc(r.cells[len(x.columns):], func(c cell) bool { return c.kind != cellEmpty }) {
		row.Fault, row.Raw = Problem{Code: CodeRowMalformed}, r.raw()
		return
	}
	all := string(r.text)
	for i, f := range x.columns {
		c := r.cells[i]
		if c.kind == cellEmpty || f == fieldOfReport {
			continue
		}
		value := all[c.from:c.to]
		good := c.kind == cellText || c.kind == cellNumber && asNumber[f]
		if c.kind == cellDate {
			if day, ok := dateOf(value, x.from1904); ok && isDate[f] {
				value, good = day, true
			}
		}
		row.Values[f] = value
		if !good && row.Fault.Code == "" {
			row.Fault = Problem{Code: rules.CodeFieldInvalid, Field: f.String()}
		}
	}
}

func (r *sheetRow) raw() string {
	var b strings.Builder
	for _, c := range r.cells {
		if c.kind != cellEmpty {
			b.WriteString(r.of(c))
		}
		b.WriteByte('\t')
	}
	return strings.TrimRight(b.String(), "\t")
}

// dateOf turns the number of a day, as it is stored, into the day. Days before March 1900 are not told apart by
// spreadsheets, since the year 1900 has a day too many there.
func dateOf(number string, base from1904) (string, bool) {
	n, err := strconv.Atoi(strings.TrimSuffix(number, ".0")) // as one program writes every number
	first := calendar.MakeDate(1899, 12, 30)
	if base {
		first = calendar.MakeDate(1904, 1, 1)
	}
	if err != nil || number[0] == '+' || n < 61 || n > 2_958_465 {
		return "", false
	}
	day := first.AddDays(n)
	return day.String(), day.Valid()
}

// unescapeCell replaces _xHHHH_ from a place on, which is how spreadsheets write characters that XML forbids.
func unescapeCell(b []byte, from int) []byte {
	out := b[:from]
	for i := from; i < len(b); i++ {
		if r, ok := escaped(b[i:]); ok {
			out = utf8.AppendRune(out, r)
			i += len("_x0000_") - 1
			continue
		}
		out = append(out, b[i])
	}
	return out
}

func escaped(b []byte) (rune, bool) {
	if len(b) < 7 || b[0] != '_' || b[1] != 'x' || b[6] != '_' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	return rune(n), err == nil
}
