package intake

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"robotbailiff/rules"
)

// sharedOf writes rows as spreadsheets do: every text is a shared string.
func sharedOf(t testing.TB, rows []values) []byte {
	t.Helper()
	var table, sheet strings.Builder
	known := map[string]int{}
	row := func(no int, cells []string) {
		fmt.Fprintf(&sheet, `<row r="%d" spans="1:21">`, no)
		for i, text := range cells {
			if text == "" {
				fmt.Fprintf(&sheet, `<c r="%s%d" s="1"/>`, columnName(i), no)
				continue
			}
			n, ok := known[text]
			if !ok {
				n = len(known)
				known[text] = n
				table.WriteString("<si><t>")
				_ = xml.EscapeText(&table, []byte(text))
				table.WriteString("</t></si>")
			}
			fmt.Fprintf(&sheet, `<c r="%s%d" s="1" t="s"><v>%d</v></c>`, columnName(i), no, n)
		}
		sheet.WriteString("</row>")
	}
	row(1, FieldNames())
	for i, r := range rows {
		cells := make([]string, FieldCount)
		for f, name := range fieldNames {
			cells[f] = r[name]
		}
		row(i+2, cells)
	}
	return workbookOf(t, sheet.String(), "xl/sharedStrings.xml", "<sst>"+table.String()+"</sst>")
}

// textRow writes a row of a sheet as texts.
func textRow(no int, cells ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<row r="%d">`, no)
	for i, text := range cells {
		fmt.Fprintf(&b, `<c r="%s%d" t="inlineStr"><is><t>%s</t></is></c>`, columnName(i), no, text)
	}
	return b.String() + "</row>"
}

func TestXLSX_sharedStrings(t *testing.T) {
	t.Parallel()
	rows := goodRows(3000)
	_, want, err := read(table(rows, ","), false)
	if err != nil {
		t.Fatal(err)
	}
	_, got, err := read(sharedOf(t, rows), false)
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

// What a cell holds, in a column of that name, and what the row makes of it.
func TestXLSX_cells(t *testing.T) {
	t.Parallel()
	invalid := rules.CodeFieldInvalid
	for _, c := range []struct {
		field, cell string // the attributes of the cell and what is inside
		want        string
		fault       string
	}{
		{"debtor_iin", `t="inlineStr"><is><t>010101350007</t></is>`, "010101350007", ""},
		{"debtor_iin", `t="s"><v>0</v>`, "010203 x", ""},
		{"debtor_name", `t="s"><v>1</v>`, "Ахметов Айдар", ""},
		{"debtor_name", `t="inlineStr"><is><r><rPr><b/></rPr><t>Ах</t></r><r><t xml:space="preserve">метов </t></r><rPh sb="0" eb="1"><t>no</t></rPh></is>`, "Ахметов ", ""},
		{"debtor_name", `t="inlineStr"><is><t>a_x000D_b_x005F_x000D_ &lt;&#x410;&gt;<![CDATA[<c>]]></t></is>`, "a\rb_x000D_ <А><c>", ""},
		{"debtor_name", `t="str"><v>Ким</v>`, "Ким", ""},
		{"debtor_iin", `><v>10101350007</v>`, "10101350007", ""}, // refused as an IIN, never padded
		{"debtor_iin", `t="n"><v>910101350007</v>`, "910101350007", ""},
		{"debtor_iin", `><v>9.10101350007E11</v>`, "9.10101350007E11", ""},
		{"document_number", `><v>123</v>`, "123", invalid},
		{"debtor_name", `><v>123</v>`, "123", invalid},
		{"amount", `><v>4325.5</v>`, "4325.5", ""},
		{"amount", `s="3"><v>4325</v>`, "4325", ""},
		{"amount", `><v>4325.0100000000002</v>`, "4325.0100000000002", ""}, // refused as an amount
		{"amount", `s="1"><v>4325</v>`, "4325", invalid},                   // who looks at it sees a date
		{"in_force_date", `s="1"><v>46034</v>`, "2026-01-12", ""},
		{"in_force_date", `s="2"><v>46034</v>`, "2026-01-12", ""},
		{"in_force_date", `s="1"><v>46034.0</v>`, "2026-01-12", ""},
		{"in_force_date", `s="1"><v>+46034</v>`, "+46034", invalid},
		{"in_force_date", `s="1"><v>61</v>`, "1900-03-01", ""},
		{"in_force_date", `s="1"><v>60</v>`, "60", invalid},
		{"in_force_date", `s="1"><v>46034.5</v>`, "46034.5", invalid},
		{"in_force_date", `s="3"><v>46034</v>`, "46034", ""}, // refused as a date
		{"in_force_date", `t="d"><v>2026-01-12T00:00:00</v>`, "2026-01-12", ""},
		{"in_force_date", `t="inlineStr"><is><t>2026-01-12</t></is>`, "2026-01-12", ""},
		{"amount", `><f>A1+1</f><v>5</v>`, "=A1+1", invalid},
		{"amount", `t="str"><f t="shared" si="0"/><v>5</v>`, "=", invalid},
		{"debtor_name", `t="str"><f>HYPERLINK("x")</f><v>Ким</v>`, `=HYPERLINK("x")`, invalid},
		{"debtor_name", `t="inlineStr"><is><t>=HYPERLINK("x")</t></is>`, `=HYPERLINK("x")`, ""},
		{"amount", `t="e"><v>#N/A</v>`, "#N/A", invalid},
		{"kbk", `t="b"><v>1</v>`, "1", invalid},
		{"debtor_name", `t="s"><v> </v>`, "", ""},
		{"debtor_name", `s="1"/>`, "", ""},
		{"debtor_name", `t="inlineStr"><is><t>` + strings.Repeat("я", 9000) + `</t></is>`, strings.Repeat("я", maxValue/2) + "\xD1", ""},
	} {
		head := textRow(1, strings.Split(shortHeader+",kbk", ",")...)
		column := 9
		for i, name := range strings.Split(shortHeader, ",") {
			if name == c.field {
				column = i
			}
		}
		element := "<c r=\"" + columnName(column) + "2\" " + c.cell
		if !strings.HasSuffix(c.cell, "/>") || strings.HasSuffix(c.cell, "</v>") || strings.HasSuffix(c.cell, "</is>") {
			element += "</c>"
		}
		first := `<c r="A2" t="inlineStr"><is><t>court</t></is></c>`
		file := workbookOf(t, head+`<row r="2">`+first+element+`</row>`, "xl/sharedStrings.xml",
			`<sst><si><t>010203 x</t></si><si><r><t>Ахметов</t></r><r><t xml:space="preserve"> Айдар</t></r><rPh><t>no</t></rPh></si></sst>`)
		_, rows, err := read(file, false)
		if err != nil || len(rows) != 1 {
			t.Errorf("%s %.60s: %d rows, %v", c.field, c.cell, len(rows), err)
			continue
		}
		f, _ := fieldNamed(c.field)
		if rows[0].Values[f] != c.want || rows[0].Fault.Code != c.fault || (c.fault != "" && rows[0].Fault.Field != c.field) {
			t.Errorf("%s %.60s: %.60q %+v", c.field, c.cell, rows[0].Values[f], rows[0].Fault)
		}
	}
}

func TestXLSX_numberCellsThatLostSomething(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		field Field
		value string
		want  string
	}{
		{"an amount with a hidden fraction", FieldAmount, "4325.0100000000002", rules.CodeAmountInvalid},
		{"an amount with an exponent", FieldAmount, "1E3", rules.CodeAmountInvalid},
		{"a KNP without its zero", FieldKNP, "25", rules.CodeFieldInvalid},
		{"a day without the look of one", FieldInForceDate, "46034", rules.CodeFieldInvalid},
	} {
		if _, p := Parse(rowOf(goodRow(1).with(c.field.String(), c.value)), ""); p.Code != c.want {
			t.Errorf("%s: %+v", c.name, p)
		}
	}
	w, p := Parse(rowOf(goodRow(1).with("debtor_iin", "10101350007")), "")
	if p.Code != "" || rules.CheckIIN(w.DebtorIIN) == nil {
		t.Errorf("an IIN without its zero: %+v", p)
	}
}

func TestXLSX_numbersRowsAsTheSpreadsheet(t *testing.T) {
	t.Parallel()
	sheet := `<row r="2"/>` + textRow(3, strings.Split(shortHeader+",verdict,kbk", ",")...) +
		textRow(7, "c", "1") + `<row><c/><c t="inlineStr"><is><t>2</t></is></c></row>` + textRow(9, " ", "\t") +
		textRow(12, "c", "3", "", "", "", "", "", "", "", "", "", "extra") +
		`<row r="13"><c r="B13" t="inlineStr"><is><t>4</t></is></c><c r="A13" t="inlineStr"><is><t>x</t></is></c></row>` +
		`<row r="14"><c r="A15"/></row>` + textRow(1048576, "c", "5", "", "", "", "", "", "", "", "passed over")
	file := workbookOf(t, sheet)
	_, rows, err := read(file, false)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rows {
		got = append(got, fmt.Sprintf("%d %s %s %q", r.No, r.Values[FieldDocumentNumber], r.Fault.Code, r.Raw))
	}
	want := []string{
		`7 1  ""`, `8 2  ""`, `12  row_malformed "c\t3\t\t\t\t\t\t\t\t\t\textra"`, `13  row_malformed "\t4\tx"`, `14  row_malformed ""`, `1048576 5  ""`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestXLSX_days1904(t *testing.T) {
	t.Parallel()
	book := strings.Replace(fmt.Sprintf(partBook, fmt.Sprintf(partSheet, "a", 1)), "<sheets>", `<workbookPr date1904="1"/><sheets>`, 1)
	sheet := textRow(1, strings.Split(shortHeader, ",")...) + `<row r="2"><c r="C2" s="1"><v>44572</v></c></row>`
	_, rows, err := read(workbookOf(t, sheet, "xl/workbook.xml", book), false)
	if err != nil || rows[0].Values[FieldInForceDate] != "2026-01-12" {
		t.Errorf("%+v, %v", rows, err)
	}
}

func TestXLSX_refusesAWorkbookAsAWhole(t *testing.T) {
	t.Parallel()
	head := textRow(1, strings.Split(shortHeader, ",")...)
	two := fmt.Sprintf(partSheet, "a", 1)
	for name, c := range map[string]struct {
		file []byte
		code string
		row  int
	}{
		"no rows":          {workbookOf(t, ""), FatalEmpty, 0},
		"blank rows":       {workbookOf(t, textRow(1, " ")), FatalEmpty, 0},
		"unknown column":   {workbookOf(t, textRow(4, "source", "debt")), FatalHeaderUnknown, 4},
		"many columns":     {workbookOf(t, `<row r="1"><c r="XFD1" t="inlineStr"><is><t>source</t></is></c></row>`), FatalColumns, 1},
		"rows repeat":      {workbookOf(t, head+textRow(3, "c")+textRow(3, "c")), FatalWorkbook, 4},
		"row far away":     {workbookOf(t, head+textRow(1048577, "c")), FatalRows, 1048577},
		"text in rows":     {workbookOf(t, head+"x"), FatalWorkbook, 2},
		"other in rows":    {workbookOf(t, head+"<table/>"), FatalWorkbook, 2},
		"rows twice":       {workbookOf(t, head+textRow(2, "c")+"</sheetData><sheetData>"+textRow(3, "c")), FatalWorkbook, 3},
		"no such string":   {workbookOf(t, head+`<row r="2"><c r="A2" t="s"><v>7</v></c></row>`), FatalWorkbook, 2},
		"string -1":        {workbookOf(t, head+`<row r="2"><c r="A2" t="s"><v>-1</v></c></row>`), FatalWorkbook, 2},
		"entity":           {workbookOf(t, head, "xl/sharedStrings.xml", `<!DOCTYPE a [<!ENTITY b "c">]><sst/>`), FatalWorkbook, 0},
		"comment in value": {workbookOf(t, head+`<row r="2"><c r="A2"><v>1<!-- -->2</v></c></row>`), FatalWorkbook, 2},
		"part missing":     {workbookOf(t, head, "xl/worksheets/sheet1.xml", ""), FatalWorkbook, 0},
		"no workbook":      {workbookOf(t, head, "_rels/.rels", `<Relationships/>`), FatalWorkbook, 0},
		"no sheet":         {workbookOf(t, head, "xl/workbook.xml", fmt.Sprintf(partBook, "")), FatalWorkbook, 0},
		"hidden":           {workbookOf(t, head, "xl/workbook.xml", fmt.Sprintf(partBook, strings.Replace(two, "<sheet", `<sheet state="veryHidden"`, 1))), FatalWorkbook, 0},
		"chart":            {workbookOf(t, head, "xl/_rels/workbook.xml.rels", strings.Replace(fmt.Sprintf(partRelations, fmt.Sprintf(partRelation, 1)), "/worksheet\"", "/chartsheet\"", 1)), FatalWorkbook, 0},
		"outside":          {workbookOf(t, head, "xl/_rels/workbook.xml.rels", strings.Replace(fmt.Sprintf(partRelations, fmt.Sprintf(partRelation, 1)), `Target="w`, `TargetMode="External" Target="w`, 1)), FatalWorkbook, 0},
		"deep":             {workbookOf(t, head+strings.Repeat("<row>", 200_000)), FatalWorkbook, 2},
		"cut in the sheet": {workbookOf(t, head, "xl/worksheets/sheet1.xml", "<worksheet><sheetData>"+head+`<row r="2"><c r="A2`), FatalWorkbook, 2},
	} {
		_, _, err := read(c.file, false)
		got, ok := errors.AsType[*FatalError](err)
		if !ok || got.Code != c.code || got.Row != c.row || got.Remedy == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestXLSX_partsWithoutSharedStringsAndStyles(t *testing.T) {
	t.Parallel()
	file := workbookOf(t, textRow(1, strings.Split(shortHeader, ",")...)+textRow(2, "c"), "xl/styles.xml", "", "xl/sharedStrings.xml", "",
		"xl/_rels/workbook.xml.rels", strings.Replace(fmt.Sprintf(partRelations, fmt.Sprintf(partRelation, 1)), "rId0", "rId8", 1))
	if _, _, err := read(file, false); err == nil {
		t.Error("a part that is named must be there")
	}
	bare := `<Relationships>` + fmt.Sprintf(partRelation, 1) + `</Relationships>`
	_, rows, err := read(workbookOf(t, textRow(1, strings.Split(shortHeader, ",")...)+textRow(2, "c"), "xl/_rels/workbook.xml.rels", bare), false)
	if err != nil || len(rows) != 1 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

func TestShowsDate(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]bool{
		"dd.mm.yyyy": true, "[$-43F]d mmmm yyyy;@": true, `yyyy\-mm\-dd`: true, "General": false, "0.00": false, `0" days"`: false,
		"[Red]0": false, "hh:mm": false, "@": false, `\d0`: false, "": false, `0;"`: false, `"open`: false,
	} {
		if showsDate(code) != want {
			t.Errorf("%q: %v", code, !want)
		}
	}
}

func FuzzXLSX(f *testing.F) {
	f.Add(textRow(1, "document_number", "in_force_date", "kind", "debtor_iin", "debtor_name", "region", "amount", "unpaid_confirmed_on")+
		`<row r="2"><c r="A2" t="s"><v>0</v></c><c s="1"><v>46034</v></c></row>`, "<sst><si><t>x</t></si></sst>")
	f.Add(`<row><c t="inlineStr"><is><r><t>a</t></r></is></c></row>`, "<sst/>")
	f.Fuzz(func(t *testing.T, sheet, table string) {
		fuzzReader(t, packWorkbook(t, zip.Store, sheet, "xl/sharedStrings.xml", table))
	})
}

// FuzzXLSXFile damages whole files, the archive included.
func FuzzXLSXFile(f *testing.F) {
	f.Add(sheetOf(f, goodRows(2)))
	f.Add(sharedOf(f, goodRows(2)))
	f.Fuzz(fuzzReader)
}

func TestXLSX_readsFromAStream(t *testing.T) {
	t.Parallel()
	file := sharedOf(t, goodRows(100))
	rows, err := Open(struct{ *onlyRead }{&onlyRead{bytes.NewReader(file)}}, true)
	if err != nil {
		t.Fatal(err)
	}
	var row Row
	n := 0
	for ; rows.Next(&row) == nil; n++ {
	}
	if n != 100 || rows.Format() != "xlsx" {
		t.Errorf("%d rows of %s", n, rows.Format())
	}
}

// onlyRead hides that a reader can seek.
type onlyRead struct{ r *bytes.Reader }

func (o *onlyRead) Read(p []byte) (int, error) { return o.r.Read(p) }
