package intake

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
)

func TestXML_refusesRowsThatTwoReadersMayReadDifferently(t *testing.T) {
	t.Parallel()
	for writ, want := range map[string]Problem{
		`<writ><amount>5</amount><source> a&amp;b </source></writ>`: {},
		`<writ/>`:                {},
		`<writ><amount/></writ>`: {},
		`<writ><amount><![CDATA[5]]>.0</amount></writ>`:     {},
		`<writ><amount>5</amount><amount>6</amount></writ>`: {CodeRowMalformed, "amount"},
		`<writ><amount>5<b>6</b></amount></writ>`:           {CodeRowMalformed, "amount"},
		`<writ><amount><b/></amount></writ>`:                {CodeRowMalformed, "amount"},
		`<writ><amount nil="true"/></writ>`:                 {CodeRowMalformed, "amount"},
		`<writ><amount>5<!-- 6 --></amount></writ>`:         {CodeRowMalformed, "amount"},
		`<writ><!-- --><amount>5</amount></writ>`:           {CodeRowMalformed, ""},
		`<writ><debt>5</debt></writ>`:                       {CodeRowMalformed, ""},
		`<writ><Amount>5</Amount></writ>`:                   {CodeRowMalformed, ""},
		`<writ><x:amount>5</x:amount></writ>`:               {CodeRowMalformed, ""},
		`<writ>5<amount/></writ>`:                           {CodeRowMalformed, ""},
		`<writ id="1"><amount>5</amount></writ>`:            {CodeRowMalformed, ""},
		`<writ xmlns="urn:other"><amount>5</amount></writ>`: {CodeRowMalformed, ""},
		`<Writ><amount>5</amount></Writ>`:                   {CodeRowMalformed, ""},
		`<writs><writ/></writs>`:                            {CodeRowMalformed, ""},
	} {
		_, rows, err := read([]byte("<writs><writ/>\n<!-- between -->"+writ+"</writs>"), true)
		if err != nil || len(rows) != 2 || rows[1].Fault != want || rows[1].No != 2 {
			t.Errorf("%s: %+v, %v, want %+v", writ, rows, err, want)
			continue
		}
		if want.Code != "" && !strings.HasPrefix(rows[1].Raw, writ[:6]) {
			t.Errorf("%s is kept as %q", writ, rows[1].Raw)
		}
	}
}

func TestXML_values(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Суд &quot;Восток&quot; &amp; Ко": `Суд "Восток" & Ко`,
		"&#1040;&#x411;\r\nb\rc":          "АБ\nb\nc",
		"a<![CDATA[<&amp;]]&gt;]]>b":      "a<&amp;]]&gt;b",
		"&lt;![CDATA[":                    "<![CDATA[",
		"]] >":                            "]] >",
	} {
		_, rows, err := read([]byte("<writs><writ><issuer_name>"+text+"</issuer_name></writ></writs>"), true)
		if err != nil || rows[0].Values[FieldIssuerName] != want {
			t.Errorf("%q: %+v, %v", text, rows, err)
		}
	}
}

func TestXML_namespaces(t *testing.T) {
	t.Parallel()
	for root, ok := range map[string]bool{
		"writs":                                  true,
		`writs xmlns="` + XMLNamespace + `"`:     true,
		`w:writs xmlns:w='` + XMLNamespace + `'`: true,
		`writs xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="writs.xsd"`: true,
		`writs xmlns="urn:other"`:              false,
		`w:writs xmlns:w="urn:other"`:          false,
		`w:writs`:                              false,
		`w:writs xmlns="` + XMLNamespace + `"`: false,
		`writs version="1"`:                    false,
		`court_writs`:                          false,
		`writs xmlns="` + XMLNamespace + `" xmlns="urn:other"`: false,
	} {
		prefix := ""
		if root[0] == 'w' && root[1] == ':' {
			prefix = "w:"
		}
		file := "<" + root + "><" + prefix + "writ><" + prefix + "amount>5</" + prefix + "amount></" + prefix + "writ></" + prefix + "writs>"
		if root == "court_writs" {
			file = "<court_writs/>"
		}
		_, rows, err := read([]byte(file), true)
		if ok != (err == nil && len(rows) == 1 && rows[0].Values[FieldAmount] == "5") {
			t.Errorf("%s: %+v, %v", root, rows, err)
		}
	}
}

func TestXML_refusesAFileAsAWhole(t *testing.T) {
	t.Parallel()
	writ := "<writ><amount>5</amount></writ>"
	for name, c := range map[string]struct {
		file string
		row  int
		code string
	}{
		"DTD":                  {`<!DOCTYPE writs SYSTEM "http://127.0.0.1/x.dtd"><writs>` + writ + `</writs>`, 0, FatalXML},
		"entities":             {`<!DOCTYPE writs [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><writs>` + writ + `</writs>`, 0, FatalXML},
		"external entity":      {`<!DOCTYPE writs [<!ENTITY a SYSTEM "file:///etc/passwd">]><writs><writ><amount>&a;</amount></writ></writs>`, 0, FatalXML},
		"unknown entity":       {`<writs><writ><amount>&a;</amount></writ></writs>`, 1, FatalXML},
		"bare &":               {`<writs><writ><amount>5 & 6</amount></writ></writs>`, 1, FatalXML},
		"entity of a NUL":      {`<writs><writ><amount>&#0;</amount></writ></writs>`, 1, FatalXML},
		"entity of a half":     {`<writs><writ><amount>&#xD800;</amount></writ></writs>`, 1, FatalXML},
		"directive inside":     {`<writs>` + writ + `<!ENTITY a "b"></writs>`, 1, FatalXML},
		"instruction":          {`<?xml-stylesheet href="x"?><writs>` + writ + `</writs>`, 0, FatalXML},
		"instruction inside":   {`<writs>` + writ + `<?php ?></writs>`, 1, FatalXML},
		"declaration twice":    {`<?xml version="1.0"?><?xml version="1.0"?><writs/>`, 0, FatalXML},
		"declaration later":    {` <?xml version="1.0"?><writs/>`, 0, FatalXML},
		"version 1.1":          {`<?xml version="1.1"?><writs/>`, 0, FatalXML},
		"encoding utf-16":      {`<?xml version="1.0" encoding="utf-16"?><writs/>`, 0, FatalXML},
		"encoding utf-7":       {`<?xml version="1.0" encoding="utf-7"?><writs/>`, 0, FatalXML},
		"open declaration":     {`<?xml version="1.0" `, 0, FatalXML},
		"cp1251 with mark":     {"\xEF\xBB\xBF" + `<?xml version="1.0" encoding="windows-1251"?><writs/>`, 0, FatalXML},
		"two marks":            {"\xEF\xBB\xBF\xEF\xBB\xBF<writs/>", 0, FatalHeaderMissing}, // not even XML
		"second root":          {`<writs>` + writ + `</writs><writs>` + writ + `</writs>`, 1, FatalXML},
		"trailing text":        {`<writs>` + writ + `</writs>more`, 1, FatalXML},
		"trailing directive":   {`<writs>` + writ + `</writs><!DOCTYPE a>`, 1, FatalXML},
		"text between":         {`<writs>` + writ + `text` + writ + `</writs>`, 1, FatalXML},
		"other end":            {`<writs><writ><amount>5</source></writ></writs>`, 1, FatalXML},
		"cut in a tag":         {`<writs>` + writ + `<wri`, 1, FatalXML},
		"cut in a value":       {`<writs>` + writ + `<writ><amount>5`, 2, FatalXML},
		"cut before the end":   {`<writs>` + writ, 1, FatalXML},
		"cut in CDATA":         {`<writs><writ><amount><![CDATA[5]]`, 1, FatalXML},
		"cut in a comment":     {`<writs><!-- `, 0, FatalXML},
		"comment --":           {`<writs><!-- a -- b --></writs>`, 0, FatalXML},
		"bad utf-8":            {"<writs>" + writ + "<writ><debtor_name>\xCF\xF8</debtor_name></writ></writs>", 2, FatalXML},
		"control character":    {"<writs><writ><debtor_name>a\x01</debtor_name></writ></writs>", 1, FatalXML},
		"U+FFFF":               {"<writs><writ><debtor_name>a\uFFFF</debtor_name></writ></writs>", 1, FatalXML},
		"deep":                 {`<writs>` + strings.Repeat("<writ>", 200_000), 1, FatalXML},
		"long text":            {`<writs><writ><amount>` + strings.Repeat("a", bufferBytes+10), 1, FatalXML},
		"long row":             {`<writs><writ>` + strings.Repeat("<amount>555555555</amount>", maxRecord/20), 1, FatalTooLong},
		"long tag":             {`<writs><writ a="` + strings.Repeat("a>", bufferBytes), 0, FatalXML},
		"name in Cyrillic":     {`<writs><writ><сумма>5</сумма></writ></writs>`, 1, FatalXML},
		"attribute twice":      {`<writs><writ a="1" a="2"/></writs>`, 0, FatalXML},
		"attribute unquoted":   {`<writs><writ a=1 /></writs>`, 0, FatalXML},
		"attribute with <":     {`<writs><writ a="<"/></writs>`, 0, FatalXML},
		"NUL":                  {"<writs>\x00</writs>", 0, FatalFormat},
		"UTF-16 without mark":  {"<\x00w\x00r\x00", 0, FatalFormat},
		"no rows":              {"", 0, FatalEmpty},
		"]]> in text":          {"<writs><writ><amount>]]></amount></writ></writs>", 1, FatalXML},
		"CDATA outside":        {"<![CDATA[ ]]><writs/>", 0, FatalXML},
		"end without a begin":  {"</writs>", 0, FatalXML},
		"tag without a name":   {"<writs>< writ/></writs>", 0, FatalXML},
		"two colons in a name": {"<writs><a:b:c/></writs>", 0, FatalXML},
	} {
		_, _, err := read([]byte(c.file), true)
		got, ok := errors.AsType[*FatalError](err)
		if !ok || got.Code != c.code || got.Row != c.row && c.code != FatalHeaderMissing || got.Remedy == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// inOracle reads a document with encoding/xml, as forgiving as that is, and gives the values of each row below the root.
func inOracle(file []byte) (rows [][FieldCount]string, err error) {
	d := xml.NewDecoder(bytes.NewReader(trimBOM(file)))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return charmap.Windows1251.NewDecoder().Reader(r), nil }
	var field Field
	for depth := 0; ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			switch depth++; depth {
			case 2:
				rows = append(rows, [FieldCount]string{})
			case 3:
				field = FieldCount
				if f, ok := fieldByName[token.Name.Local]; ok {
					field = f
				}
			}
		case xml.EndElement:
			depth--
		case xml.CharData:
			if depth == 3 && field < FieldCount {
				rows[len(rows)-1][field] += string(token)
			}
		}
	}
}

// Whatever our scanner takes, encoding/xml takes too, with the same values.
func FuzzXML(f *testing.F) {
	f.Add([]byte(xml.Header + `<writs xmlns="` + XMLNamespace + `"><writ><amount>5</amount><debtor_name>a&amp;&#x410;<![CDATA[<b>]]></debtor_name></writ></writs>`))
	f.Add([]byte(`<?xml version="1.0" encoding="windows-1251" standalone='yes'?><w:writs xmlns:w="` + XMLNamespace + "\"><w:writ >\r\n<w:kind>\xCF\r</w:kind></w:writ></w:writs >"))
	f.Add([]byte("<writs><!-- a > --><writ a='>'/><x/></writs>"))
	f.Add([]byte("<writs><writ><kbk>a]]&gt;b</kbk><knp/></writ></writs>\n<!---->"))
	f.Fuzz(func(t *testing.T, file []byte) {
		fuzzReader(t, file)
		if !looksLikeXML(trimBOM(file)) {
			return
		}
		_, got, err := read(file, true)
		if err != nil {
			return
		}
		want, err := inOracle(file)
		if err != nil || len(want) != len(got) {
			t.Fatalf("%d rows, encoding/xml finds %d, %v", len(got), len(want), err)
		}
		for i, row := range got {
			if row.Fault.Code == "" && row.Values != want[i] {
				t.Fatalf("row %d (-want +got):\n%s", row.No, cmp.Diff(want[i], row.Values))
			}
		}
	})
}

// BenchmarkOracle is what encoding/xml needs for the tokens alone; see BenchmarkRead for ours.
func BenchmarkOracle(b *testing.B) {
	file := xmlOf(goodRows(benchRows))
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		if rows, err := inOracle(file); err != nil || len(rows) != benchRows {
			b.Fatal(fmt.Sprint(len(rows), err))
		}
	}
	b.ReportMetric(float64(benchRows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
