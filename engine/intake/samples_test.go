package intake

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"robotbailiff/internal/testkit"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

const samplesDir = "../../../deploy/samples/" // from testdata

// sampleRows are the rows of one sample: twelve good ones, then one of each code.
func sampleRows(from int) []values {
	row := func(i int) values { return withoutKazakhLetters(goodRow(from + i)) }
	var rows []values
	for i := range 12 {
		rows = append(rows, row(i))
	}
	// The dates are chosen so that the codes stay the same on any day of opening until the end of 2026.
	return append(rows,
		row(20).with("amount", "86500.00"),
		row(21).with("amount", "12 345,67"),
		row(22).with("debtor_iin", row(22)["debtor_iin"][1:]),
		row(23).with("debtor_iin", row(23)["claimant_bin"]),
		row(24).with("kind", "writ_of_execution"),
		row(25).with("unpaid_confirmed_on", "2026-02-01"),
		row(26).with("document_date", "", "in_force_date", "2024-06-03"),
		row(27).with("in_force_date", "2027-12-01"),
		row(28).with("debtor_name", ""),
		row(29).with("in_force_date", "12.01.2026"),
		row(30).with("debtor_iin", row(0)["debtor_iin"], "debtor_name", "Цой Виктор"),
		row(31).with("debtor_iin", iin("120615", '5', from)),
		row(1),
		row(2).with("amount", "5000.00"),
	)
}

// sameRows are the samples with the same rows, one in each encoding; court-batch.csv is the first.
func sameRows(t *testing.T) map[string][]byte {
	t.Helper()
	rows := sampleRows(0)
	file := append(table(rows, ","), "court-7101,cut off\r\n"...)
	xmlEnd := []byte("</writs>")
	return map[string][]byte{
		"court-batch.csv":    file,
		"court-batch.jsonl":  append(lines(t, rows), "{\"source\":\"court-7101\",\"amount\":\r\n"...),
		"court-batch.xml":    bytes.Replace(xmlOf(rows), xmlEnd, append([]byte("  <writ><source>court-7101</source><cut_off/></writ>\n"), xmlEnd...), 1),
		"court-batch.xlsx":   sampleWorkbook(t, rows),
		"court-batch.csv.gz": gzipOf(t, file),
		"court-batch.zip":    zipOf(t, file),
	}
}

// sampleWorkbook is a workbook as spreadsheets save it: shared strings, some days as days, some sums and one IIN, which has
// lost its zero, as numbers. The last row has a value behind the last column.
func sampleWorkbook(t *testing.T, rows []values) []byte {
	t.Helper()
	var sheet, table strings.Builder
	known := map[string]int{}
	text := func(place, s string) {
		n, ok := known[s]
		if !ok {
			n = len(known)
			known[s] = n
			table.WriteString("<si><t>")
			_ = xml.EscapeText(&table, []byte(s))
			table.WriteString("</t></si>")
		}
		fmt.Fprintf(&sheet, `<c r="%s" s="1" t="s"><v>%d</v></c>`, place, n)
	}
	sheet.WriteString(`<row r="1">`)
	for f, name := range fieldNames {
		text(columnName(f)+"1", name)
	}
	for i, r := range rows {
		fmt.Fprintf(&sheet, `</row><row r="%d">`, i+2)
		for f, name := range fieldNames {
			place, value := fmt.Sprintf("%s%d", columnName(f), i+2), r[name]
			day, err := calendar.ParseDate(value)
			_, wrong := money.Parse(value)
			switch {
			case value == "":
			case isDate[f] && err == nil && i%4 == 1:
				fmt.Fprintf(&sheet, `<c r="%s" s="4"><v>%d</v></c>`, place, day.Sub(calendar.MakeDate(1899, 12, 30)))
			case Field(f) == FieldAmount && wrong == nil && i%4 == 2, Field(f) == FieldDebtorIIN && len(value) == 11:
				fmt.Fprintf(&sheet, `<c r="%s"><v>%s</v></c>`, place, value)
			default:
				text(place, value)
			}
		}
	}
	fmt.Fprintf(&sheet, `</row><row r="%d">`, len(rows)+2)
	text(columnName(0)+strconv.Itoa(len(rows)+2), "court-7101")
	text(columnName(int(FieldCount))+strconv.Itoa(len(rows)+2), "cut off")
	const main = ` xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`
	types := fmt.Sprintf(partType, 1) + `<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/>`
	return workbookOf(t, "",
		"[Content_Types].xml", fmt.Sprintf(partTypes, types),
		"xl/styles.xml", strings.NewReplacer(`<cellXfs count="4">`, `<cellXfs count="5">`, "</cellXfs>", `<xf numFmtId="14" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>`).Replace(partStyles),
		"xl/sharedStrings.xml", xml.Header+"<sst"+main+">"+table.String()+"</sst>",
		"xl/worksheets/sheet1.xml", xml.Header+"<worksheet"+main+"><sheetData>"+sheet.String()+"</row></sheetData></worksheet>",
	)
}

// goldenPacked is testkit.Golden for archives, which are the same when their parts are: how they pack is the library's.
func goldenPacked(t *testing.T, name string, got []byte) {
	t.Helper()
	if !testkit.Updating() {
		want, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatalf("%v: run the test with -update to write it", err)
		}
		if d := cmp.Diff(insides(t, want), insides(t, got)); d != "" {
			t.Errorf("%s differs (-want +got); run with -update if the new one is right:\n%s", name, d)
		}
		return
	}
	testkit.Golden(t, name, got)
}

func insides(t *testing.T, file []byte) map[string][]byte {
	t.Helper()
	if looksLikeZip(file) {
		return partsOf(t, file)
	}
	z, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{"": all}
}

func goldenSample(t *testing.T, name string, file []byte) {
	t.Helper()
	if looksLikeZip(file) || looksLikeGzip(file) {
		goldenPacked(t, samplesDir+name, file)
	} else {
		testkit.Golden(t, samplesDir+name, file)
	}
}

// The samples in deploy/samples are written by this test with -update, and so are the reports on them.
func TestSamples(t *testing.T) {
	t.Parallel()
	im, pool := newImporter(t)
	for name, file := range map[string][]byte{
		"court-batch.csv":        sameRows(t)["court-batch.csv"],
		"court-batch-cp1251.csv": cp1251Of(t, append(table(sampleRows(100), ";"), "court-7101;cut off\r\n"...)),
	} {
		testkit.Golden(t, samplesDir+name, file)
		rep, err := im.Import(context.Background(), "", name, bytes.NewReader(file), Options{Language: "en"})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		rep.BatchID = 0
		text, err := json.MarshalIndent(rep, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		testkit.Golden(t, name+".report.json", append(text, '\n'))
		seen := map[string]bool{}
		for _, e := range rep.Errors {
			seen[e.Code] = true
		}
		for _, code := range Codes() {
			switch code {
			case rules.CodeRuleMissing, CodeRowFailed: // these two are faults of ours
				continue
			case rules.CodeUnpaidStale: // reached by tax orders alone, which may be presented for longer than a year
				continue
			case CodeWritUnknown, CodeCaseEnded, CodeCorrectionRaises, CodeCorrectionField: // the samples open cases
				continue
			case CodeIdentityRefused, CodeSentBack: // the word of people, later
				continue
			}
			if !seen[code] {
				t.Errorf("%s shows no %s", name, code)
			}
		}
	}
	noViolations(t, pool)
}

// The same rows in any encoding have the same contents and get the same verdicts.
func TestSamples_areAlike(t *testing.T) {
	t.Parallel()
	im, _ := newImporter(t)
	files := sameRows(t)
	_, want, err := read(files["court-batch.csv"], false)
	if err != nil {
		t.Fatal(err)
	}
	dry := func(file []byte, first int) []RowError {
		rep, err := im.Import(context.Background(), "", "", bytes.NewReader(file), Options{Language: "en", DryRun: true})
		if err != nil {
			t.Fatal(err)
		}
		for i := range rep.Errors {
			rep.Errors[i].Row += 2 - first
			if rep.Errors[i].Code == CodeRowMalformed {
				rep.Errors[i].Field = "" // an encoding that names fields may know which
			}
		}
		return rep.Errors
	}
	verdicts := dry(files["court-batch.csv"], 2)
	for name, file := range files {
		goldenSample(t, name, file)
		_, got, err := read(file, false)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%s: %d rows, %v", name, len(got), err)
		}
		for i := range got {
			a, p1 := Parse(&want[i], "")
			b, p2 := Parse(&got[i], "")
			if p1.Code != p2.Code || a.Hash() != b.Hash() {
				t.Errorf("%s: row %d: %+v, want %+v", name, got[i].No, p2, p1)
			}
		}
		if d := cmp.Diff(verdicts, dry(file, got[0].No)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// The template is empty, its columns are texts, and it comes back with rows as a batch.
func TestTemplate(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := WriteTemplate(&b); err != nil {
		t.Fatal(err)
	}
	goldenPacked(t, samplesDir+"template.xlsx", b.Bytes())
	if _, rows, err := read(b.Bytes(), false); err != nil || len(rows) != 0 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	rows, err := Open(bytes.NewReader(b.Bytes()), false)
	if err != nil || len(rows.layout().columns) != int(FieldCount) {
		t.Fatal(err)
	}
	help := string(partsOf(t, b.Bytes())["xl/worksheets/sheet2.xml"])
	for f, e := range explanations {
		for _, text := range []string{e.kk, e.ru, e.en, fieldNames[f]} {
			if text == "" || !strings.Contains(help, ">"+strings.ReplaceAll(text, "'", "&#39;")+"<") {
				t.Errorf("%s is not explained: %q", fieldNames[f], text)
			}
		}
	}
}
