package intake

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"robotbailiff/internal/xmlscan"
	"robotbailiff/rules"
)

func each(verdicts ...RowVerdict) iter.Seq2[RowVerdict, error] {
	return func(yield func(RowVerdict, error) bool) {
		for _, v := range verdicts {
			if !yield(v, nil) {
				return
			}
		}
	}
}

func reportOn(t testing.TB, file []byte, o ReportOptions, verdicts ...RowVerdict) []byte {
	t.Helper()
	rows, err := Open(bytes.NewReader(file), true)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := WriteReport(&b, rows, each(verdicts...), o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const reportHeader = "source;document_number;in_force_date;kind;debtor_iin;debtor_name;region;amount;unpaid_confirmed_on"

func TestWriteReport_csv(t *testing.T) {
	t.Parallel()
	file := reportHeader + "\nc;1;;;010203;=cmd();;;\n\nc;2;;;;\"two; lines\n=1\";;-5;\nc;3;cut\n"
	got := reportOn(t, []byte(file), ReportOptions{Language: "en"},
		RowVerdict{Row: 2, Verdict: Accepted}, RowVerdict{4, Rejected, rules.CodeAmountInvalid, "amount"}, RowVerdict{Row: 5, Verdict: Rejected, Code: CodeRowMalformed})
	want := "\xEF\xBB\xBF" + reportHeader + ";verdict;code;field;reason\r\n" +
		"c;1;;;010203;'=cmd();;;;accepted;;;\r\n\r\n" +
		"c;2;;;;\"two; lines\r\n'=1\";;'-5;;rejected;amount_invalid;amount;The sum must be more than zero and written as 12345.67.\r\n" +
		"\"c;3;cut\";;;;;;;;;rejected;row_malformed;;" + Message(CodeRowMalformed, "en") + "\r\n"
	if d := cmp.Diff(strings.Split(want, "\n"), strings.Split(string(got), "\n")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestWriteReport_jsonLinesAndXML(t *testing.T) {
	t.Parallel()
	names := strings.Join(FieldNames(), ";")
	for _, file := range []string{
		"\n{\"source\":\"c\",\"kbk\":\"000001\"}\n{\"x\":1}\n",
		"<writs><writ/><writ><source>c</source><kbk>000001</kbk></writ><writ><x/></writ></writs>",
	} {
		got := string(reportOn(t, []byte(file), ReportOptions{}, RowVerdict{2, Duplicate, CodeDuplicate, ""}))
		lines := strings.Split(got, "\r\n")
		at := len(lines) - 3
		if lines[0] != "\xEF\xBB\xBF"+names+";row;verdict;code;field;reason" ||
			lines[at] != "c;;;;;;;;;;;;;;;;;;000001;;;;;;;2;duplicate;duplicate;;"+Message(CodeDuplicate, "ru") || !strings.HasSuffix(lines[at+1], ";3;;;;") {
			t.Errorf("%s", got)
		}
	}
}

// A report comes back as a batch: the same rows under the same numbers, and the same writs.
func TestWriteReport_readsBack(t *testing.T) {
	t.Parallel()
	rows := goodRows(30)
	for i := range rows {
		rows[i] = withoutKazakhLetters(rows[i])
	}
	rows[3] = rows[3].with("debtor_phone", "+7 701 000 00 01", "issuer_name", "a\tb \"c\", <d>&\n e _x0041_")
	rows[4] = rows[4].with("amount", "-1")
	sparse := append(table(rows[:2], ","), append([]byte("\r\n\r\n"), bytes.SplitN(table(rows[2:], ","), []byte("\r\n"), 2)[1]...)...)
	for name, file := range map[string][]byte{
		"csv": sparse, "cp1251": cp1251Of(t, table(rows, ";")), "jsonl": lines(t, rows), "xml": xmlOf(rows), "xlsx": sheetOf(t, rows), "gzip": gzipOf(t, sparse),
	} {
		_, want, err := read(file, false)
		if err != nil {
			t.Fatal(err)
		}
		var verdicts []RowVerdict
		for _, r := range want {
			verdicts = append(verdicts, RowVerdict{r.No, Quarantined, CodeConflict, "document_number"})
		}
		report := file
		for range 2 { // a report on a report has its columns once
			report = reportOn(t, report, ReportOptions{Language: "kk"}, verdicts...)
			if name == "jsonl" || name == "xml" {
				for i := range verdicts {
					verdicts[i].Row = i + 2
				}
			}
		}
		_, got, err := read(report, false)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%s: %d rows, %v", name, len(got), err)
		}
		for i := range want {
			if name == "jsonl" || name == "xml" {
				want[i].No = i + 2
			}
			a, p1 := Parse(&want[i], "")
			b, p2 := Parse(&got[i], "")
			if want[i].No != got[i].No || p1 != p2 || a.Hash() != b.Hash() {
				t.Errorf("%s: row %d, %+v %+v:\n%s", name, want[i].No, p1, p2, cmp.Diff(want[i], got[i]))
			}
			if name == "xlsx" && want[i] != got[i] {
				t.Errorf("%s: (-want +got)\n%s", name, cmp.Diff(want[i], got[i]))
			}
		}
	}
}

func TestWriteReport_workbookIsText(t *testing.T) {
	t.Parallel()
	file := workbookOf(t, textRow(1, strings.Split(shortHeader, ",")...)+
		`<row r="5"><c r="B5" t="inlineStr"><is><t>=1+1</t></is></c><c r="E5"><v>10203</v></c><c r="F5"><f>A1</f></c><c r="H5"><f>2*2</f><v>4</v></c></row>`+textRow(9, "c", "0001")+textRow(11, "", "", "", "", "", "", "", "", "", "", "extra"))
	got := reportOn(t, file, ReportOptions{}, RowVerdict{5, Rejected, rules.CodeFieldInvalid, "debtor_name"})
	_, rows, err := read(got, true)
	if err != nil || len(rows) != 3 {
		t.Fatal(rows, err)
	}
	r := rows[0]
	if r.No != 5 || r.Values[FieldDocumentNumber] != "=1+1" || r.Values[FieldDebtorIIN] != "10203" || r.Values[FieldAmount] != "=2*2" || r.Fault.Code != "" {
		t.Errorf("%+v", r)
	}
	if rows[1].No != 9 || rows[1].Values[FieldDocumentNumber] != "0001" || rows[2].No != 11 || !strings.Contains(rows[2].Values[FieldSource], "extra") {
		t.Errorf("%+v", rows[1:])
	}
	for name, part := range partsOf(t, got) {
		if bytes.Contains(part, []byte("<f>")) || bytes.Contains(part, []byte("<v>")) {
			t.Errorf("%s has a formula or a number", name)
		}
	}
}

func TestWriteReport_errors(t *testing.T) {
	t.Parallel()
	file := []byte(reportHeader + "\nc;1;;;;;;;\nc;2;;;;;;;\n")
	gone := errors.New("connection gone")
	write := func(w io.Writer, file []byte, verdicts iter.Seq2[RowVerdict, error]) error {
		rows, err := Open(bytes.NewReader(file), true)
		if err != nil {
			t.Fatal(err)
		}
		return WriteReport(w, rows, verdicts, ReportOptions{})
	}
	for name, verdicts := range map[string]iter.Seq2[RowVerdict, error]{
		"of another file": each(RowVerdict{Row: 2, Verdict: Accepted}, RowVerdict{Row: 7, Verdict: Accepted}),
		"before the rows": each(RowVerdict{Row: 1, Verdict: Accepted}),
		"out of order":    each(RowVerdict{Row: 3, Verdict: Accepted}, RowVerdict{Row: 2, Verdict: Accepted}),
	} {
		if err := write(io.Discard, file, verdicts); !errors.Is(err, errForeignVerdict) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := write(io.Discard, file, func(yield func(RowVerdict, error) bool) { yield(RowVerdict{}, gone) }); !errors.Is(err, gone) {
		t.Error(err)
	}
	if err := write(io.Discard, xmlOf(goodRows(2000))[:9000], each()); err == nil {
		t.Error("a file that breaks off gives no report")
	}
	for _, file := range [][]byte{table(goodRows(1000), ","), sheetOf(t, goodRows(5000))} {
		if err := write(failingWriter{gone}, file, each()); !errors.Is(err, gone) {
			t.Error(err)
		}
	}
}

type failingWriter struct{ err error }

func (f failingWriter) Write([]byte) (int, error) { return 0, f.err }

func TestNeutral(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		"":                 "",
		"Ким":              "Ким",
		"010203":           "010203",
		"=1":               "'=1",
		"+7701":            "'+7701",
		"-5":               "'-5",
		"@SUM(A1)":         "'@SUM(A1)",
		"\tx":              "'\tx",
		"\rx":              "'\rx",
		"  =1":             "'  =1",
		"\u00a0=1":         "'\u00a0=1",
		"\u200b=1":         "'\u200b=1",
		"\uFEFF+1":         "'\uFEFF+1",
		"＝1":               "'＝1",
		"a\n=1":            "a\n'=1",
		"a\r\n =1\n-b":     "a\r\n' =1\n'-b",
		"a\r=1":            "a\r'=1",
		"a=1":              "a=1",
		"\"=1":             "\"=1",
		"№ 5":              "№ 5",
		"Суд \"Восток\"\n": "Суд \"Восток\"\n",
	} {
		if got := neutral(cell); got != want {
			t.Errorf("%q: %q, want %q", cell, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.StringMatching(`[=+\-@\t\r\n a1\x{A0}\x{200B}"';,]{0,12}`).Draw(t, "cell")
		got := neutral(cell)
		if strings.ReplaceAll(got, "'", "") != strings.ReplaceAll(cell, "'", "") {
			t.Fatalf("%q became %q", cell, got)
		}
		for line := range strings.FieldsFuncSeq(got, func(r rune) bool { return r == '\n' || r == '\r' }) {
			if first := strings.TrimLeft(line, " \u00a0\u200b"); first != "" && strings.ContainsRune("=+-@\t", []rune(first)[0]) {
				t.Fatalf("%q became %q", cell, got)
			}
		}
	})
}

func TestColumnName(t *testing.T) {
	t.Parallel()
	for i, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 51: "AZ", 52: "BA", 701: "ZZ", 702: "AAA", 16383: "XFD"} {
		got := columnName(i)
		back, ok := columnOf([]byte(got+"7"), 7)
		if got != want || back != i || !ok {
			t.Errorf("%d: %s, %d", i, got, back)
		}
	}
}

// Whatever can be read can be reported on, and what was read is what the report says.
func FuzzReport(f *testing.F) {
	f.Add([]byte(reportHeader + "\nc;1;;;\"=a\nb\";;;;\n\nd\n"))
	f.Add([]byte("{\"source\":\"_x0041_\"}\n{"))
	f.Add([]byte("<writs><writ><source>=1</source></writ><a/></writs>"))
	f.Fuzz(func(t *testing.T, file []byte) {
		_, want, err := read(file, true)
		if err != nil || len(want) == 0 {
			return
		}
		rows, err := Open(bytes.NewReader(file), true)
		if err != nil {
			t.Fatal(err)
		}
		if rows.layout().columns == nil || !slices.Contains(rows.layout().columns, FieldDebtorIIN) {
			rows = &asWorkbook{rows}
		}
		var b bytes.Buffer
		if err := WriteReport(&b, rows, each(), ReportOptions{}); err != nil {
			t.Fatal(err)
		}
		_, got, err := read(b.Bytes(), true)
		if err != nil {
			t.Fatal(err, fmt.Sprintf("%q", b.Bytes()))
		}
		if _, table := rows.(*asWorkbook); !table {
			return // in CSV apostrophes and line ends may differ
		}
		n := 0
		for i := range want {
			if want[i].Raw != "" || allBlank(want[i].Values) || !allUTF8(want[i].Values) {
				continue
			}
			for n < len(got) && got[n].No < i+2 {
				n++
			}
			if n == len(got) || got[n].Values != want[i].Values {
				t.Fatalf("row %d: %q", want[i].No, want[i].Values)
			}
		}
	})
}

// asWorkbook is a file that is reported on as if it were a workbook.
type asWorkbook struct{ RowReader }

func (*asWorkbook) layout() layout { return layout{workbook: true} }

func allBlank(values [FieldCount]string) bool {
	return strings.TrimSpace(strings.Join(values[:], "")) == ""
}

// allUTF8 says whether the values fit a workbook as they are.
func allUTF8(values [FieldCount]string) bool {
	for _, v := range values {
		if !utf8.ValidString(v) || !xmlscan.ValidText([]byte(v)) || len(v) > maxValue || strings.TrimSpace(v) == "" && v != "" {
			return false
		}
	}
	return true
}
