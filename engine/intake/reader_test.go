package intake

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func read(file []byte, sourceKnown bool) (format string, rows []Row, err error) {
	r, err := Open(bytes.NewReader(file), sourceKnown)
	if err != nil {
		return "", nil, err
	}
	for {
		var row Row
		switch err := r.Next(&row); {
		case errors.Is(err, io.EOF):
			return r.Format(), rows, nil
		case err != nil:
			return r.Format(), rows, err
		}
		rows = append(rows, row)
	}
}

const shortHeader = "source,document_number,in_force_date,kind,debtor_iin,debtor_name,region,amount,unpaid_confirmed_on"

func TestOpen_sameRowsInEveryEncoding(t *testing.T) {
	t.Parallel()
	rows := goodRows(40)
	for i := range rows {
		rows[i] = withoutKazakhLetters(rows[i])
	}
	rows[7]["issuer_name"] = "Суд \"Восток\";\nэтаж 2, каб. 5"
	_, want, err := read(table(rows, ","), false)
	if err != nil || len(want) != 40 {
		t.Fatalf("%d rows, %v", len(want), err)
	}
	columns := FieldNames()
	slices.Reverse(columns)
	for _, c := range []struct {
		format string
		file   []byte
		first  int // number of the first row
	}{
		{"csv;utf-8", table(rows, ";"), 2},
		{"csv,utf-8", append([]byte("\xEF\xBB\xBF"), table(rows, ",")...), 2},
		{"csv;cp1251", cp1251Of(t, table(rows, ";")), 2},
		{"csv,cp1251", cp1251Of(t, table(rows, ",", columns...)), 2},
		{"csv,utf-8", bytes.ReplaceAll(table(rows, ",", columns...), []byte("\r\n"), []byte("\n")), 2},
		{"csv,utf-8", bytes.TrimSuffix(table(rows, ","), []byte("\r\n")), 2},
		{"jsonl;utf-8", lines(t, rows), 1},
		{"jsonl;utf-8", append([]byte("\xEF\xBB\xBF \r\n"), lines(t, rows)...), 2},
		{"xml;utf-8", xmlOf(rows), 1},
		{"xml;utf-8", append([]byte("\xEF\xBB\xBF"), xmlOf(rows)...), 1},
		{"xml;cp1251", cp1251Of(t, bytes.Replace(xmlOf(rows), []byte("UTF-8"), []byte("windows-1251"), 1)), 1},
		{"xlsx", sheetOf(t, rows), 2},
		{"gzip;csv;utf-8", gzipOf(t, table(rows, ";")), 2},
		{"gzip;csv,cp1251", gzipOf(t, cp1251Of(t, table(rows, ","))), 2},
		{"gzip;jsonl;utf-8", gzipOf(t, lines(t, rows)), 1},
		{"zip;xml;utf-8", zipOf(t, xmlOf(rows)), 1},
		{"zip;csv,utf-8", zipOf(t, table(rows, ",")), 2},
	} {
		format, got, err := read(c.file, false)
		if err != nil || format != c.format {
			t.Errorf("%s: read as %s, %v", c.format, format, err)
		}
		for i := range got {
			if got[i].No != c.first+i {
				t.Fatalf("%s: row %d has number %d", c.format, i, got[i].No)
			}
			got[i].No = i + 2
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.format, d)
		}
	}
}

func TestOpen_refusesAFileAsAWhole(t *testing.T) {
	t.Parallel()
	good := "court,1,2026-01-12,court_ruling,1,A B,71,1,2026-02-20\n"
	for name, c := range map[string]struct {
		file string
		want FatalError
	}{
		"empty":          {"", FatalError{Code: FatalEmpty}},
		"blank":          {"\xEF\xBB\xBF\n \n", FatalError{Code: FatalEmpty}},
		"no header":      {good, FatalError{Row: 1, Code: FatalHeaderMissing}},
		"unknown column": {shortHeader + ",debt\n" + good, FatalError{Row: 1, Code: FatalHeaderUnknown, Fields: []string{"column 10"}}},
		"column twice":   {shortHeader + ",amount\n" + good, FatalError{Row: 1, Code: FatalHeaderTwice, Fields: []string{"amount"}}},
		"column missing": {"\n" + strings.Replace(shortHeader, "region,", "", 1) + "\n" + good, FatalError{Row: 2, Code: FatalHeaderMissing, Fields: []string{"region"}}},
		"source missing": {strings.Replace(shortHeader, "source,", "", 1) + "\n" + good, FatalError{Row: 1, Code: FatalHeaderMissing, Fields: []string{"source"}}},
		"empty column":   {shortHeader + ",\n" + good, FatalError{Row: 1, Code: FatalHeaderUnknown, Fields: []string{"column 10"}}},
		"many columns":   {strings.Repeat("amount,", 70) + "\n", FatalError{Row: 1, Code: FatalColumns}},
		"open quote":     {shortHeader + "\n" + good + "\n" + `court,"2` + "\n" + good, FatalError{Row: 4, Code: FatalQuote}},
		"endless quote":  {shortHeader + "\n" + `"` + strings.Repeat(good, 40_000), FatalError{Row: 2, Code: FatalTooLong}},
		"endless line":   {shortHeader + "\n" + strings.Repeat("a", maxRecord+1), FatalError{Row: 2, Code: FatalTooLong}},
		"old workbook":   {"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", FatalError{Code: FatalFormat}},
		"utf-16":         {"\xFF\xFEs\x00o\x00", FatalError{Code: FatalFormat}},
		"zero bytes":     {shortHeader + "\n\x00\x00", FatalError{Code: FatalFormat}},
		"html":           {"<!doctype html><table/>", FatalError{Code: FatalXML}},
		"array":          {`[{"source":"x"}]`, FatalError{Code: FatalFormat}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := read([]byte(c.file), false)
			got, ok := errors.AsType[*FatalError](err)
			if !ok {
				t.Fatalf("got %v", err)
			}
			if got.Remedy == "" || !strings.Contains(got.Error(), got.Code) || strings.Contains(got.Error(), "A B") {
				t.Errorf("message %q", got.Error())
			}
			c.want.Remedy = got.Remedy
			if name == "no header" {
				c.want.Fields = got.Fields
			}
			if d := cmp.Diff(c.want, *got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestCSV_numbersRowsAsASpreadsheet(t *testing.T) {
	t.Parallel()
	file := shortHeader + "\n" +
		"c,1,,,,one,,,\n" +
		"\n" +
		",,,,,,,,\n" +
		"c,2,,,,\"two\nlines, and \"\"quotes\"\"\",,,\n" +
		"c,3,,,,ТОО \"Bare\" quote,,,,,,\n" + // empty values behind the last column are harmless
		"c,4,,,,more,,,,x\n" +
		"c,5,,,,fewer\n" +
		"c,6,,,,\"broken\"x,,,\n" +
		"c,7,,,,last,,,"
	_, rows, err := read([]byte(file), false)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rows {
		got = append(got, fmt.Sprintf("%d %s %q %s", r.No, r.Values[FieldDocumentNumber], r.Values[FieldDebtorName], r.Fault.Code))
	}
	want := []string{
		`2 1 "one" `, `5 2 "two\nlines, and \"quotes\"" `, `6 3 "ТОО \"Bare\" quote" `, `7  "" row_malformed`, `8  "" row_malformed`,
		`9  "" row_malformed`, `10 7 "last" `,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestJSONL_refusesWhatTwoReadersMayReadDifferently(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]Problem{
		`{"amount":"5.00","document_number":"a\u0411\"\\"}`: {},
		`{"amount":12345.67}`:                               {},
		`{"amount":null, "kbk" : ""}  `:                     {},
		`{}`:                                                {},
		`{"amount":"5","amount":"6"}`:                       {CodeRowMalformed, "amount"},
		`{"debtor_iin":12345}`:                              {CodeRowMalformed, "debtor_iin"},
		`{"amount":{"a":1}}`:                                {CodeRowMalformed, "amount"},
		`{"amount":01}`:                                     {CodeRowMalformed, "amount"},
		`{"debt":"5"}`:                                      {CodeRowMalformed, ""},
		`{"amount":"5"`:                                     {CodeRowMalformed, ""},
		`{"amount":"5"}{}`:                                  {CodeRowMalformed, ""},
		`{"amount":"5",}`:                                   {CodeRowMalformed, ""},
		`{"amount":"\x"}`:                                   {CodeRowMalformed, "amount"},
		"{\"debtor_name\":\"\xff\"}":                        {CodeRowMalformed, ""},
		"{\"debtor_name\":\"a\tb\"}":                        {CodeRowMalformed, "debtor_name"},
		`{"Amount":"5"}`:                                    {CodeRowMalformed, ""},
		`plain`:                                             {CodeRowMalformed, ""},
	} {
		_, rows, err := read([]byte("{}\n"+line), true)
		if err != nil || len(rows) != 2 || rows[1].Fault != want || rows[1].No != 2 {
			t.Errorf("%s: %+v, %v, want %+v", line, rows, err, want)
		}
	}
}

func TestSniffCharset(t *testing.T) {
	t.Parallel()
	text := []byte(strings.Repeat("Ахметов Айдар;", 10))
	for name, c := range map[string]struct {
		text []byte
		want charset
	}{
		"ascii":                {[]byte("abc"), undecided},
		"utf-8":                {text, charUTF8},
		"utf-8, cut":           {text[:len(text)-2], charUTF8},
		"utf-8, a bad byte":    {append(bytes.Clone(text), 0xFF), charUTF8},
		"cp1251":               {cp1251Of(t, text), charCP1251},
		"byte-order mark only": {bomUTF8, charUTF8},
	} {
		if got := sniffCharset(c.text); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("document_number;in_force_date;kind;debtor_iin;debtor_name;region;amount;unpaid_confirmed_on\n1;2026-01-12;k;1;\xcf\xf8;71;1.5;2026-02-20"))
	f.Add([]byte(shortHeader + "\n\"a\nb\",\"c\"\"d\" ,x\"y\n\n,,\n"))
	f.Fuzz(fuzzReader)
}

func FuzzJSONL(f *testing.F) {
	f.Add([]byte(`{"amount":12.5,"source":"\u0411"}` + "\n{}\n"))
	f.Add([]byte("{\"debtor_name\":\"\xff\\ud800\"}"))
	f.Fuzz(fuzzReader)
}

// fuzzReader: any bytes end in rows with growing numbers or in one fatal error, and every row in a writ or a problem.
func fuzzReader(t *testing.T, file []byte) {
	_, rows, err := read(file, true)
	if _, fatal := errors.AsType[*FatalError](err); err != nil && !fatal {
		t.Fatal(err)
	}
	last := 0
	for i := range rows {
		if rows[i].No <= last {
			t.Fatalf("row %d after row %d", rows[i].No, last)
		}
		last = rows[i].No
		w, p := Parse(&rows[i], "court")
		if p.Code == "" {
			if w.DocumentNumber == "" || !w.Amount.IsPositive() || w.InForceDate.IsZero() || len(w.Region) != 2 {
				t.Fatalf("row %d was read as %+v", rows[i].No, w)
			}
			if again, p := Parse(asRow(w), "court"); p.Code != "" || again.Hash() != w.Hash() {
				t.Fatalf("row %d: its writ does not read back: %v", rows[i].No, p)
			}
		}
	}
}

// asRow writes a writ as a row again.
func asRow(w Writ) *Row {
	row := &Row{No: 2}
	date := func(f Field, d interface {
		IsZero() bool
		String() string
	},
	) {
		if !d.IsZero() {
			row.Values[f] = d.String()
		}
	}
	for f, v := range map[Field]string{
		FieldSource: w.Source, FieldDocumentNumber: w.DocumentNumber, FieldKind: w.Kind, FieldIssuerBIN: w.IssuerBIN, FieldIssuerName: w.IssuerName,
		FieldDebtorIIN: w.DebtorIIN, FieldDebtorName: w.DebtorName, FieldDebtorPhone: w.DebtorPhone, FieldDebtorLanguage: w.DebtorLanguage,
		FieldRegion: w.Region, FieldAmount: w.Amount.String(), FieldCurrency: w.Currency, FieldClaimantBIN: w.ClaimantBIN,
		FieldClaimantName: w.ClaimantName, FieldIBAN: w.IBAN, FieldKBK: w.KBK, FieldKNP: w.KNP, FieldDebtorAddress: w.DebtorAddress,
	} {
		row.Values[f] = v
	}
	date(FieldDocumentDate, w.DocumentDate)
	date(FieldInForceDate, w.InForceDate)
	date(FieldDebtorBirthDate, w.DebtorBirthDate)
	date(FieldUnpaidConfirmedOn, w.UnpaidConfirmedOn)
	return row
}
