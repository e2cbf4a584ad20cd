package intake

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"robotbailiff/internal/clock"
	"robotbailiff/rules"
)

// takeIn does what an import does with a file before the database is asked, and tells each row's code.
func takeIn(r io.Reader) (codes []string, err error) {
	c, err := keep(r, "court-7101")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	again, err := c.again()
	if err != nil {
		return nil, err
	}
	rows, err := Open(again, true)
	if err != nil {
		return nil, err
	}
	var row Row
	for {
		switch err := rows.Next(&row); {
		case errors.Is(err, io.EOF):
			return codes, again.same()
		case err != nil:
			return codes, err
		}
		w, p := Parse(&row, "court-7101")
		if p.Code == "" && rules.CheckIIN(w.DebtorIIN) != nil {
			p.Code = rules.CodeIINInvalid
		}
		codes = append(codes, p.Code)
	}
}

// What people send to break a reader is refused with a clear code. The work is bounded: little memory is ever asked for,
// in sum and not only at the peak, and no file is left or written elsewhere.
func TestHostileFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("packs 100 000 entries")
	}
	good := xmlOf(goodRows(3))
	entry := func(name string, stream []byte, size uint64) []byte {
		return rawZip(t, stream, zip.FileHeader{Name: name, UncompressedSize64: size})
	}
	bytesOfBomb := bomb(t, 20)
	sheet := textRow(1, strings.Split(shortHeader, ",")...)
	files := map[string]struct {
		file []byte
		code string
	}{
		"DTD with entities":      {[]byte(`<!DOCTYPE a [<!ENTITY b "` + strings.Repeat("c", 1000) + `"><!ENTITY d "` + strings.Repeat("&b;", 1000) + `">]><writs>&d;</writs>`), FatalXML},
		"external entity":        {[]byte(`<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><writs><writ><debtor_name>&b;</debtor_name></writ></writs>`), FatalXML},
		"200 000 deep":           {[]byte("<writs>" + strings.Repeat("<writ>", 200_000)), FatalXML},
		"200 000 deep in JSON":   {append([]byte(`{"source":`), bytes.Repeat([]byte{'['}, 200_000)...), ""},
		"second root":            {append(bytes.Clone(good), good...), FatalXML},
		"zip bomb":               {entry("a.csv", bytesOfBomb, uint64(len(bytesOfBomb))*99), FatalUnpacked},
		"gzip bomb":              {gzipFrame(bytesOfBomb), FatalUnpacked},
		"honest zip bomb":        {entry("a.csv", bytesOfBomb, 10<<30), FatalUnpacked},
		"bomb in a workbook":     {bombWorkbook(t, sheet), FatalUnpacked},
		"zip-slip":               {zipNamed(t, "../../../../tmp/slip.csv", []byte("../../slip")), FatalHeaderMissing},
		"zip-slip, absolute":     {zipNamed(t, "/etc/cron.d/slip", nil), FatalEmpty},
		"nested zip":             {zipOf(t, zipOf(t, good)), FatalNested},
		"100 000 entries":        {zipOf(t, make([][]byte, 100_000)...), FatalEntries},
		"UTF-16":                 {[]byte("\xFF\xFE<\x00w\x00r\x00"), FatalFormat},
		"UTF-16 in a workbook":   {workbookOf(t, sheet, "xl/workbook.xml", "\xFF\xFE<\x00w\x00"), FatalWorkbook},
		"NUL in XML":             {bytes.Replace(good, []byte("court"), []byte("co\x00rt"), 1), FatalFormat},
		"truncated XML":          {good[:len(good)/2], FatalXML},
		"truncated workbook":     {sheetOf(t, goodRows(30))[:2000], FatalArchive},
		"truncated gzip":         {gzipOf(t, good)[:200], FatalArchive},
		"a million strings":      {workbookOf(t, sheet, "xl/sharedStrings.xml", "<sst>"+strings.Repeat("<si/>", 1_000_000)+"</sst>"), FatalUnpacked},
		"a text without end":     {[]byte("<writs><writ><debtor_name>" + strings.Repeat("a", 20<<20)), FatalXML},
		"a quote without end":    {[]byte(shortHeader + "\n\"" + strings.Repeat("a\n", 10<<20)), FatalTooLong},
		"a line without end":     {append([]byte(`{"source":"`), bytes.Repeat([]byte{'a'}, 20<<20)...), FatalTooLong},
		"attributes without end": {[]byte("<writs " + strings.Repeat(`a="" `, 1<<20)), FatalXML},
	}
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	here := list(t, ".")
	for name, c := range files {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		w := clock.StartStopwatch()
		codes, err := takeIn(bytes.NewReader(c.file))
		took := w.Elapsed()
		runtime.ReadMemStats(&after)
		got, ok := errors.AsType[*FatalError](err)
		switch {
		case c.code == "" && (err != nil || len(codes) == 0 || codes[0] != CodeRowMalformed):
			t.Errorf("%s: %v, %v", name, codes, err)
		case c.code != "" && (!ok || got.Code != c.code || got.Remedy == ""):
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
		if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 64 {
			t.Errorf("%s: %d MB of memory were asked for", name, used)
		}
		t.Logf("%-24s %8d bytes, %6s, %d MB asked for", name, len(c.file), took.Round(1e5), (after.TotalAlloc-before.TotalAlloc)>>20)
	}
	if left := list(t, tmp); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if now := list(t, "."); !slices.Equal(here, now) {
		t.Errorf("the folder has changed: %v", now)
	}
}

func list(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func zipNamed(t *testing.T, name string, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(name)
	if err == nil {
		_, err = w.Write(content)
	}
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// bombWorkbook has a row of 50 MB that packs to almost nothing.
func bombWorkbook(t *testing.T, head string) []byte {
	return workbookOf(t, head+`<row r="2">`+strings.Repeat(`<c t="n"><v> </v></c>`, 50<<20/21)+`</row>`)
}

// Hostile values break their own row, with a code that says what is wrong, or are texts like others.
func TestHostileValues(t *testing.T) {
	t.Parallel()
	name := goodRow(1)["debtor_name"]
	half := len("Иванова")
	type value struct {
		field, text, code string
	}
	cases := []value{
		{"debtor_name", name, ""},
		{"debtor_name", strings.Repeat("Я", 10_000), rules.CodeFieldInvalid},
		{"document_number", strings.Repeat("7", 10_000), rules.CodeFieldInvalid},
		{"debtor_name", strings.Repeat(" ", 10_000) + name, rules.CodeFieldInvalid},
		{"debtor_name", `=HYPERLINK("http://x","Иванова")`, ""}, // a text; reports neutralise it
		{"issuer_name", "=cmd|' /C calc'!A0", ""},
		{"amount", "1e3", rules.CodeAmountInvalid},
		{"amount", "1E3", rules.CodeAmountInvalid},
		{"amount", "NaN", rules.CodeAmountInvalid},
		{"amount", "Infinity", rules.CodeAmountInvalid},
		{"amount", "-0", rules.CodeAmountInvalid},
		{"amount", "0x10", rules.CodeAmountInvalid},
		{"amount", "4 325", rules.CodeAmountInvalid},
		{"amount", "4325,00", rules.CodeAmountInvalid},
		{"amount", "٤٣٢٥", rules.CodeAmountInvalid},
		{"amount", "４３２５", rules.CodeAmountInvalid},
		{"amount", "99999999999999999999", rules.CodeAmountInvalid},
		{"debtor_iin", goodRow(1)["debtor_iin"] + "0", rules.CodeIINInvalid},
		{"debtor_iin", goodRow(1)["debtor_iin"][1:], rules.CodeIINInvalid},
		{"debtor_iin", "５１０１０１４５０００８", rules.CodeIINInvalid},
		{"debtor_iin", "٥١٠١٠١٤٥٠٠٠٨", rules.CodeIINInvalid},
		{"debtor_iin", "5.10101E+11", rules.CodeIINInvalid},
		{"in_force_date", "２０２６-01-12", rules.CodeFieldInvalid},
		{"in_force_date", "46034", rules.CodeFieldInvalid},
		{"region", "７５", rules.CodeFieldInvalid},
	}
	for _, r := range "\x00\x01\x1b\x7f\u00AD\u034F\u061C\u115F\u180E\u200B\u200C\u200D\u200E\u200F\u202A\u202B\u202C\u202D\u202E\u2060\u2066\u2067\u2068\u2069\u2800\u3164\uFE0F\uFEFF\uFFFD\uE000\U000E0041\U000F0000" {
		cases = append(cases, value{"debtor_name", name[:half] + string(r) + name[half:], rules.CodeFieldInvalid})
	}
	for _, c := range cases {
		row := goodRow(1).with(c.field, c.text)
		files := map[string][]byte{"csv": table([]values{row}, ","), "jsonl": lines(t, []values{row})}
		if !strings.ContainsAny(c.text, "\x00\x01\x1b") { // no XML can have these; they end the file there
			files["xml"], files["xlsx"] = xmlOf([]values{row}), sheetOf(t, []values{row})
		}
		for format, file := range files {
			if strings.Contains(c.text, "\x00") && format == "csv" {
				continue // see TestHostileFiles: NULs at the beginning are no text
			}
			codes, err := takeIn(bytes.NewReader(file))
			if err != nil || len(codes) != 1 || codes[0] != c.code {
				t.Errorf("%s: %s=%.40q: %v, %v, want %q", format, c.field, c.text, codes, err, c.code)
			}
		}
	}
}

// A NUL far behind the beginning spoils its row, where the beginning would have refused the file.
func TestHostileValues_lateNUL(t *testing.T) {
	t.Parallel()
	rows := goodRows(1000)
	rows[999] = rows[999].with("debtor_name", "A\x00B")
	codes, err := takeIn(bytes.NewReader(table(rows, ",")))
	if err != nil || len(codes) != 1000 || codes[999] != rules.CodeFieldInvalid || codes[998] != "" {
		t.Error(fmt.Sprint(codes[990:]), err)
	}
}
