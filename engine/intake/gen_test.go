package intake

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"

	"robotbailiff/rules"
)

// values is one row as a sender writes it.
type values map[string]string

func (v values) with(pairs ...string) values {
	out := values{}
	for k, x := range v {
		out[k] = x
	}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = pairs[i+1]
	}
	return out
}

// iin makes the n-th synthetic IIN of a birth date: numbers 5000 and up of the day, which check out and belong to nobody.
func iin(yymmdd string, century byte, n int) string {
	for ; ; n++ {
		first := fmt.Sprintf("%s%c%04d", yymmdd, century, 5000+n%5000)
		if c, ok := rules.IINCheckDigit(first); ok {
			return first + string(c)
		}
	}
}

var (
	surnames = []string{"Ахметов", "Иванова", "Сейітқали", "Омаров", "Ким", "Петренко", "Жұмабаева", "Нұрланов", "Әлиева", "Смағұлов"}
	given    = []string{"Айдар", "Ольга", "Ерлан", "Дина", "Сергей", "Гүлнар", "Марат", "Анна", "Қайрат", "Сәуле"}
	fathers  = []string{"Серікұлы", "Петровна", "Болатович", "Маратқызы", "Иванович", "Ерболқызы"}
)

// goodRow is a row that qualifies at testkit.Morning; i decides everything.
func goodRow(i int) values {
	address := ""
	if i%3 > 0 {
		address = fmt.Sprintf("%d0000, г. Астана, ул. Абая, д. %d, кв. %d", 1+i%9, 1+i%180, 1+i%77)
	}
	year, month, day := 50+i%50, 1+i/50%12, 1+i/600%28
	return values{
		"source": "court-7101", "document_number": fmt.Sprintf("7101-26-%06d/%d", i, i%7), "document_date": "2025-12-25", "in_force_date": "2026-01-12",
		"kind": []string{"court_ruling", "authority_ruling", "fine_prescription"}[i%3], "issuer_bin": "991240099994", "issuer_name": "Специализированный суд № 1",
		"debtor_iin":   iin(fmt.Sprintf("%02d%02d%02d", year, month, day), "34"[i%2], i/16800),
		"debtor_name":  surnames[i%10] + " " + given[i/10%10] + " " + fathers[i/100%6],
		"debtor_phone": fmt.Sprintf("8 (701) %03d-%02d-%02d", i/10000%1000, i/100%100, i%100), "debtor_language": []string{"kk", "ru"}[i%2],
		"region": []string{"71", "75", "79", "11"}[i%4], "amount": fmt.Sprintf("%d.%02d", 4325+i%80000, i%100), "currency": "KZT",
		"claimant_bin": "991240099994", "claimant_name": "Комитет казначейства", "iban": "KZ24070105KSN0000000", "kbk": "204161", "knp": "025",
		"unpaid_confirmed_on": "2026-02-20", "debtor_address": address,
	}
}

func goodRows(n int) []values {
	rows := make([]values, n)
	for i := range rows {
		rows[i] = goodRow(i)
	}
	return rows
}

// table writes rows as CSV, quoting only what must be quoted.
func table(rows []values, delim string, columns ...string) []byte {
	if len(columns) == 0 {
		columns = append(FieldNames()[:FieldAction], FieldDebtorAddress.String()) // as senders write who correct nothing
	}
	var b bytes.Buffer
	b.WriteString(strings.Join(columns, delim) + "\r\n")
	for _, r := range rows {
		for i, c := range columns {
			if i > 0 {
				b.WriteString(delim)
			}
			v := r[c]
			if strings.ContainsAny(v, delim+"\"\n") {
				v = `"` + strings.ReplaceAll(v, `"`, `""`) + `"`
			}
			b.WriteString(v)
		}
		b.WriteString("\r\n")
	}
	return b.Bytes()
}

func cp1251Of(t testing.TB, text []byte) []byte {
	t.Helper()
	out, err := charmap.Windows1251.NewEncoder().Bytes(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func lines(t testing.TB, rows []values) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, r := range rows {
		line, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	return b.Bytes()
}

// xmlOf writes rows as XML, in the namespace.
func xmlOf(rows []values) []byte {
	var b bytes.Buffer
	b.WriteString(xml.Header + `<writs xmlns="` + XMLNamespace + `">` + "\n")
	for _, r := range rows {
		b.WriteString("  <writ>")
		for _, name := range fieldNames {
			if r[name] != "" {
				b.WriteString("<" + name + ">")
				_ = xml.EscapeText(&b, []byte(r[name]))
				b.WriteString("</" + name + ">")
			}
		}
		b.WriteString("</writ>\n")
	}
	b.WriteString("</writs>\n")
	return b.Bytes()
}

// sheetOf writes rows as a workbook of texts.
func sheetOf(t testing.TB, rows []values) []byte {
	t.Helper()
	var b bytes.Buffer
	w := &sheetTable{book: newBook(&b)}
	err := w.row(1, FieldNames())
	for i, r := range rows {
		cells := make([]string, FieldCount)
		for f, name := range fieldNames {
			cells[f] = r[name]
		}
		err = errors.Join(err, w.row(i+2, cells))
	}
	if err := errors.Join(err, w.close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// workbookOf packs a workbook around the rows of a sheet, written in XML, and other parts.
func workbookOf(t testing.TB, sheetData string, parts ...string) []byte {
	t.Helper()
	return packWorkbook(t, zip.Deflate, sheetData, parts...)
}

func packWorkbook(t testing.TB, method uint16, sheetData string, parts ...string) []byte {
	t.Helper()
	all := []string{
		"[Content_Types].xml", fmt.Sprintf(partTypes, ""),
		"_rels/.rels", partRoot,
		"xl/workbook.xml", fmt.Sprintf(partBook, fmt.Sprintf(partSheet, "writs", 1)),
		"xl/_rels/workbook.xml.rels", fmt.Sprintf(partRelations, fmt.Sprintf(partRelation, 1)+
			`<Relationship Id="rId9" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="/xl/sharedStrings.xml"/>`),
		"xl/styles.xml", `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="[$-43F]dd/mm/yyyy;@"/><numFmt numFmtId="165" formatCode="0.00&quot; day&quot;"/></numFmts>` +
			`<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs></styleSheet>`,
		"xl/sharedStrings.xml", `<sst/>`,
		"xl/worksheets/sheet1.xml", `<worksheet><sheetData>` + sheetData + `</sheetData></worksheet>`,
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(all); i += 2 {
		content := all[i+1]
		for j := 0; j < len(parts); j += 2 {
			if parts[j] == all[i] {
				content = parts[j+1]
			}
		}
		if content == "" {
			continue // left out
		}
		w, err := z.CreateHeader(&zip.FileHeader{Name: all[i], Method: method})
		if err == nil {
			_, err = w.Write([]byte(content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipOf(t testing.TB, file []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write(file)
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// zipOf packs files under the names 0, 1 and so on.
func zipOf(t testing.TB, files ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i, file := range files {
		h := zip.FileHeader{Name: strconv.Itoa(i), Method: zip.Deflate}
		if len(file) == 0 { // a packer for each of many would take minutes
			h.Method = zip.Store
		}
		w, err := z.CreateHeader(&h)
		if err == nil {
			_, err = w.Write(file)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withoutKazakhLetters makes a row that CP1251 can hold.
func withoutKazakhLetters(r values) values {
	name := strings.Map(func(c rune) rune {
		if p, ok := map[rune]rune{'ә': 'а', 'ғ': 'г', 'қ': 'к', 'ң': 'н', 'ө': 'о', 'ұ': 'у', 'ү': 'у', 'Ә': 'А', 'Қ': 'К', 'Ұ': 'У'}[c]; ok {
			return p
		}
		return c
	}, r["debtor_name"])
	return r.with("debtor_name", name)
}

func shuffled(rows []values, seed uint64) []values {
	out := append([]values(nil), rows...)
	r := rand.New(rand.NewPCG(seed, 1))
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}
