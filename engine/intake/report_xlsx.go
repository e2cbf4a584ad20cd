package intake

import (
	"archive/zip"
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The parts of a workbook that are always the same. Style 1 is text, 2 a bold title, 3 a text in several lines.
const (
	partTypes = xml.Header + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>` +
		`<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>%s</Types>`
	partType = `<Override PartName="/xl/worksheets/sheet%d.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>`

	partRoot = xml.Header + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" ` +
		`Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`

	partBook = xml.Header + `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" ` +
		`xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>%s</sheets></workbook>`
	partSheet = `<sheet name="%s" sheetId="%d" r:id="rId%[2]d"/>`

	partRelations = xml.Header + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId0" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/>%s</Relationships>`
	partRelation = `<Relationship Id="rId%d" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet%[1]d.xml"/>`

	partStyles = xml.Header + `<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">` +
		`<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>` +
		`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>` +
		`<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>` +
		`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="4">` +
		`<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>` +
		`<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
		`<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>` +
		`<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyAlignment="1"><alignment vertical="top" wrapText="1"/></xf>` +
		`</cellXfs></styleSheet>`

	partBegin = xml.Header + `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetViews><sheetView workbookViewId="0">` +
		`<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>`
	partColumn = `<col min="%d" max="%[1]d" width="%d" style="1" customWidth="1"/>`
	partEnd    = `</sheetData></worksheet>`
)

// Styles of cells.
const (
	styleText  = 1
	styleTitle = 2
	styleLines = 3
)

// book writes a workbook of texts as a stream: strings stand in their cells, so nothing is collected, and no cell can be
// a number or a formula. A column is formatted as text too, so that what is typed in later stays as it was typed.
type book struct {
	zip *zip.Writer
	out *bufio.Writer // of the sheet that is being written
	n   int
	err error // the first; what follows does nothing
}

func newBook(w io.Writer) *book { return &book{zip: zip.NewWriter(w)} }

// begin writes the parts before the sheets.
func (b *book) begin(names ...string) {
	var types, sheets, relations strings.Builder
	for i, name := range names {
		_, _ = fmt.Fprintf(&types, partType, i+1)
		_, _ = fmt.Fprintf(&sheets, partSheet, name, i+1)
		_, _ = fmt.Fprintf(&relations, partRelation, i+1)
	}
	b.part("[Content_Types].xml", fmt.Sprintf(partTypes, &types))
	b.part("_rels/.rels", partRoot)
	b.part("xl/workbook.xml", fmt.Sprintf(partBook, &sheets))
	b.part("xl/_rels/workbook.xml.rels", fmt.Sprintf(partRelations, &relations))
	b.part("xl/styles.xml", partStyles)
}

func (b *book) part(name, content string) {
	if b.err != nil {
		return
	}
	w, err := b.zip.Create(name)
	if err == nil {
		_, err = io.WriteString(w, content)
	}
	b.err = err
}

// sheet begins the next sheet with the widths of its columns.
func (b *book) sheet(widths ...int) {
	if b.err != nil {
		return
	}
	b.n++
	w, err := b.zip.Create("xl/worksheets/sheet" + strconv.Itoa(b.n) + ".xml")
	if b.err = err; err != nil {
		return
	}
	b.out = bufio.NewWriterSize(w, bufferBytes)
	b.raw(partBegin)
	for i, width := range widths {
		b.raw(fmt.Sprintf(partColumn, i+1, width))
	}
	b.raw(`</cols><sheetData>`)
}

func (b *book) raw(s string) {
	if b.err == nil {
		_, b.err = b.out.WriteString(s)
	}
}

// row writes a row of texts.
func (b *book) row(no, style int, cells []string) {
	row, look := strconv.Itoa(no), strconv.Itoa(style)
	b.raw(`<row r="` + row + `">`)
	for i, text := range cells {
		if text == "" {
			continue
		}
		b.raw(`<c r="` + columnName(i) + row + `" s="` + look + `" t="inlineStr"><is><t xml:space="preserve">`)
		if b.err == nil {
			b.err = xml.EscapeText(b.out, []byte(escapeCell(text)))
		}
		b.raw(`</t></is></c>`)
	}
	b.raw(`</row>`)
}

func (b *book) endSheet() {
	b.raw(partEnd)
	if b.err == nil {
		b.err = b.out.Flush()
	}
}

func (b *book) close() error {
	if b.err != nil {
		return b.err
	}
	return b.zip.Close()
}

// columnName writes a column, counted from 0, as letters.
func columnName(i int) string {
	if i < 26 {
		return string(rune('A' + i))
	}
	return columnName(i/26-1) + columnName(i%26)
}

// maxCell is the most characters that a cell of a spreadsheet may have.
const maxCell = 32_767

// escapeCell keeps a text that looks like an escape from being read as one, and within what a cell may hold.
func escapeCell(s string) string {
	if strings.Contains(s, "_x") {
		s = strings.ReplaceAll(s, "_x", "_x005F_x")
	}
	if len(s) > maxCell {
		s = strings.ToValidUTF8(s[:maxCell], "")
	}
	return s
}

// sheetTable writes the report on a workbook.
type sheetTable struct {
	book *book
	no   int
}

func (t *sheetTable) row(no int, cells []string) error {
	style := styleText
	if t.no == 0 {
		widths := make([]int, len(cells))
		for i := range widths {
			widths[i] = 18
		}
		widths[len(widths)-1] = 80
		t.book.begin("writs")
		t.book.sheet(widths...)
		style = styleTitle
	}
	t.no = no
	t.book.row(no, style, cells)
	return t.book.err
}

func (t *sheetTable) close() error {
	t.book.endSheet()
	return t.book.close()
}
