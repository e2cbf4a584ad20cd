package intake

import (
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"path"
	"strings"

	"robotbailiff/internal/xmlscan"
)

// xlsxReader reads the first sheet of a workbook, row by row. Known libraries are not used: they take the whole archive
// and all shared strings into memory, and turn the numbers of cells into floats before anybody sees them. Here the sheet is
// read as it is unpacked, strings wait in a file, and a number is the text that is stored. Nothing is computed: a cell with
// a formula is refused. Macros, links and other sheets are never opened.
type xlsxReader struct {
	scan    *xmlscan.Scanner
	strings *stringTable
	dates   []bool // by style: numbers are shown as dates
	from1904
	columns []Field
	temp    *os.File
	no      int // of the last row
	at      int // of the row where an error is
	cells   sheetRow
}

// from1904 says that day 0 of the workbook is 1904-01-01.
type from1904 bool

func isWorkbook(z *zip.Reader) bool {
	for _, f := range z.File {
		if strings.EqualFold(f.Name, "[Content_Types].xml") {
			return true
		}
	}
	return false
}

// workbook finds the parts of a workbook by their relations.
type workbook struct {
	*packedParts
	byName map[string]*zip.File
}

func brokenWorkbook(why string) error {
	return &FatalError{Code: FatalWorkbook, Remedy: why + ": open the workbook and save it as XLSX anew"}
}

// xlsxError gives an error of the scanner its place.
func xlsxError(err error, row int) error {
	if b, ok := errors.AsType[*xmlscan.Error](err); ok {
		return &FatalError{Row: row, Code: FatalWorkbook, Remedy: "a part of the workbook is damaged (" + b.Error() + "): save it as XLSX anew"}
	}
	return err
}

func openXLSX(parts *packedParts, sourceKnown bool, temp *os.File) (RowReader, error) {
	w := &workbook{packedParts: parts, byName: map[string]*zip.File{}}
	for _, f := range parts.zip.File {
		name := partName(f.Name)
		if w.byName[name] != nil {
			return nil, brokenWorkbook("a part is there twice")
		}
		w.byName[name] = f
	}
	x := &xlsxReader{temp: temp}
	sheet, err := w.prepare(x)
	if err == nil {
		err = x.begin(w, sheet, sourceKnown)
	}
	if err != nil {
		x.strings.close()
		return nil, xlsxError(err, x.at)
	}
	return x, nil
}

// partName is how parts are compared: without a difference of case.
func partName(name string) string { return strings.ToLower(strings.TrimPrefix(name, "/")) }

// prepare reads what is needed before the first row and returns the name of the first sheet.
func (w *workbook) prepare(x *xlsxReader) (sheet string, err error) {
	main, _, err := w.related("_rels/.rels", "")
	if err != nil {
		return "", err
	}
	book := main["officeDocument"]
	if book == "" {
		return "", brokenWorkbook("there is no workbook inside")
	}
	var first, state string
	err = w.elements(book, func(name string, s *xmlscan.Scanner) {
		switch {
		case name == "sheet" && first == "":
			first, state = string(s.Attr("id")), string(s.Attr("state"))
			if first == "" {
				first = "?"
			}
		case name == "workbookPr":
			date := string(s.Attr("date1904"))
			x.from1904 = date == "1" || date == "true"
		}
	})
	switch {
	case err != nil:
		return "", err
	case first == "":
		return "", brokenWorkbook("there is no sheet")
	case state != "" && state != "visible":
		return "", &FatalError{Code: FatalWorkbook, Remedy: "the first sheet is hidden: show it, or put the sheet with the rows first"}
	}
	dir, base := path.Split(book)
	parts, ids, err := w.related(dir+"_rels/"+base+".rels", dir)
	if err != nil {
		return "", err
	}
	if ids[first].kind != "worksheet" {
		return "", brokenWorkbook("the first sheet is no table")
	}
	if x.strings, err = w.readStrings(parts["sharedStrings"]); err != nil {
		return "", err
	}
	x.dates, err = w.readStyles(parts["styles"])
	return ids[first].target, err
}

// relation is what a part of a workbook points at.
type relation struct{ kind, target string }

// related reads the relations of a part: the first target of each kind, and all by their ids.
func (w *workbook) related(part, dir string) (kinds map[string]string, ids map[string]relation, err error) {
	kinds, ids = map[string]string{}, map[string]relation{}
	err = w.elements(part, func(name string, s *xmlscan.Scanner) {
		if name != "Relationship" || string(s.Attr("TargetMode")) == "External" || len(ids) == maxParts {
			return
		}
		target := string(s.Attr("Target"))
		if !strings.HasPrefix(target, "/") {
			target = path.Join(dir, target) // the name of a part, never of a file
		}
		r := relation{path.Base(string(s.Attr("Type"))), partName(target)}
		ids[string(s.Attr("Id"))] = r
		if _, known := kinds[r.kind]; !known {
			kinds[r.kind] = r.target
		}
	})
	return kinds, ids, err
}

// scanner opens a part.
func (w *workbook) scanner(part string) (*xmlscan.Scanner, error) {
	f := w.byName[partName(part)]
	if f == nil {
		return nil, brokenWorkbook("a part is missing")
	}
	r, err := w.open(f)
	if err != nil {
		return nil, err
	}
	return xmlscan.New(bufio.NewReaderSize(r, int(min(f.UncompressedSize64+4096, bufferBytes)))) // a small part needs no more
}

// elements shows every element of a part.
func (w *workbook) elements(part string, show func(name string, s *xmlscan.Scanner)) error {
	s, err := w.scanner(part)
	if err != nil {
		return err
	}
	for {
		switch kind, err := s.Next(); {
		case err != nil:
			return err
		case kind == xmlscan.Done:
			return nil
		case kind == xmlscan.Open:
			_, name := xmlscan.SplitName(s.Name)
			show(string(name), s)
		}
	}
}

// begin reads up to the header.
func (x *xlsxReader) begin(w *workbook, sheet string, sourceKnown bool) error {
	var err error
	if x.scan, err = w.scanner(sheet); err != nil {
		return err
	}
	for found := false; !found; {
		kind, err := x.scan.Next()
		if err != nil {
			return err
		}
		if kind == xmlscan.Done {
			return brokenWorkbook("the sheet has no rows")
		}
		_, name := xmlscan.SplitName(x.scan.Name)
		found = kind == xmlscan.Open && string(name) == "sheetData" && x.scan.Depth() == 2
	}
	for {
		switch err := x.nextRow(); {
		case errors.Is(err, io.EOF):
			return &FatalError{Code: FatalEmpty, Remedy: "send a file with a header and at least one row"}
		case err != nil:
			return err
		case x.cells.blank():
			continue
		}
		break
	}
	titles := x.cells.titles()
	x.columns, err = checkHeader(titles, x.no, sourceKnown)
	return err
}

// Format implements RowReader.
func (*xlsxReader) Format() string { return "xlsx" }

func (x *xlsxReader) layout() layout { return layout{workbook: true, columns: x.columns} }

// Next implements RowReader.
func (x *xlsxReader) Next(row *Row) error {
	for {
		if err := x.nextRow(); err != nil {
			drop(x.temp)
			x.strings.close()
			return xlsxError(err, x.at)
		}
		if !x.cells.blank() {
			*row = Row{No: x.no}
			x.fill(row)
			return nil
		}
	}
}

// maxSheetRow is the last row that a spreadsheet has.
const maxSheetRow = 1 << 20

// nextRow reads a row into cells; io.EOF stands for the end of the rows, after the rest of the part was read too.
func (x *xlsxReader) nextRow() error {
	s := x.scan
	for x.at = x.no + 1; ; {
		kind, err := s.Next()
		switch {
		case err != nil:
			return err
		case kind == xmlscan.Text && !xmlscan.Blank(s.Text):
			return xmlscan.Broken("there is text between rows")
		case kind == xmlscan.Close:
			return x.rest()
		case kind != xmlscan.Open:
			continue
		}
		if _, name := xmlscan.SplitName(s.Name); string(name) != "row" {
			return xmlscan.Broken("there is something between rows")
		}
		no := x.no + 1
		if r := s.Attr("r"); r != nil {
			var ok bool
			if no, ok = number(r); !ok || no <= x.no {
				return xmlscan.Broken("rows are out of order")
			}
		}
		if no > maxSheetRow {
			return tooManyRows(no)
		}
		x.no, x.at = no, no
		return x.cells.read(x)
	}
}

// rest reads what follows the rows, so that damage is found; more rows there would be rows that a spreadsheet shows.
func (x *xlsxReader) rest() error {
	for {
		kind, err := x.scan.Next()
		switch {
		case err != nil:
			return err
		case kind == xmlscan.Done:
			return io.EOF
		case kind != xmlscan.Open:
			continue
		}
		if _, name := xmlscan.SplitName(x.scan.Name); bytes.Equal(name, []byte("sheetData")) {
			return xmlscan.Broken("there are rows in two places")
		}
	}
}
