package xmlscan

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
)

// told writes the tokens down one after the other, runs of text joined.
type told struct{ b strings.Builder }

func (t *told) open(name string)  { t.b.WriteString("\x01" + name) }
func (t *told) close(name string) { t.b.WriteString("\x02" + name) }
func (t *told) text(s string) {
	if s != "" {
		t.b.WriteString(s)
	}
}

func local(name []byte) string {
	_, l := SplitName(name)
	return string(l)
}

func scanAll(doc []byte) (string, error) {
	s, err := New(bytes.NewReader(doc))
	if err != nil {
		return "", err
	}
	var t told
	for {
		kind, err := s.Next()
		if err != nil {
			return "", err
		}
		switch kind {
		case Done:
			return t.b.String(), nil
		case Open:
			t.open(local(s.Name))
			for _, a := range s.Attrs {
				if prefix, _ := SplitName(a.Name); string(a.Name) != "xmlns" && string(prefix) != "xmlns" {
					t.text("@" + local(a.Name) + "=" + string(a.Value))
				}
			}
		case Close:
			t.close(local(s.Name))
		case Text:
			t.text(string(s.Text))
		case Comment:
		}
	}
}

func inOracle(doc []byte) (string, error) {
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(doc, bomUTF8)))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return charmap.Windows1251.NewDecoder().Reader(r), nil }
	var t told
	for depth := 0; ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return t.b.String(), nil
		}
		if err != nil {
			return "", err
		}
		switch token := token.(type) {
		case xml.StartElement:
			depth++
			t.open(token.Name.Local)
			for _, a := range token.Attr {
				if a.Name.Local != "xmlns" && a.Name.Space != "xmlns" {
					t.text("@" + a.Name.Local + "=" + a.Value)
				}
			}
		case xml.EndElement:
			depth--
			t.close(token.Name.Local)
		case xml.CharData:
			if depth > 0 {
				t.text(string(token))
			}
		}
	}
}

// Whatever the scanner takes, encoding/xml takes too, with the same names, attributes and texts.
func FuzzScan(f *testing.F) {
	f.Add([]byte(`<?xml version="1.0"?><a:b xmlns:a="urn:x"><c d="1 &gt; 0"/>t&#x410;<![CDATA[<x>]]></a:b>`))
	f.Add([]byte("<?xml version='1.0' encoding='windows-1251'?><a>\r\n\xCF\r</a >"))
	f.Add([]byte("\xEF\xBB\xBF<!-- c --><a><b>1</b>\r\n<b/></a>\n<!---->"))
	f.Add([]byte(`<a:b xmlns0=""></a:b>`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		got, err := scanAll(doc)
		if err != nil {
			return
		}
		want, err := inOracle(doc)
		if err != nil || got != want {
			t.Fatalf("we read %q, encoding/xml %q, %v", got, want, err)
		}
	})
}

func TestNext_refuses(t *testing.T) {
	t.Parallel()
	for name, doc := range map[string]string{
		"nothing":                "",
		"a document type":        `<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>`,
		"an unknown entity":      `<a>&e;</a>`,
		"an instruction":         `<a><?php x?></a>`,
		"a second root":          `<a/><a/>`,
		"text behind":            `<a/>x`,
		"a directive behind":     `<a/><!DOCTYPE a>`,
		"cut in a tag":           `<a><b`,
		"cut in a value":         `<a><b>1`,
		"crossed ends":           `<a><b></a></b>`,
		"deep":                   strings.Repeat("<a>", maxDepth+1),
		"an endless tag":         `<a b="` + strings.Repeat("x", maxLong+1) + `"/>`,
		"an endless text":        `<a>` + strings.Repeat("x", maxLong+1) + `</a>`,
		"an attribute twice":     `<a b="1" b="2"/>`,
		"UTF-16":                 "\xFE\xFF\x00<\x00a\x00/\x00>",
		"another character set":  `<?xml version="1.0" encoding="utf-16"?><a/>`,
		"XML 1.1":                `<?xml version="1.1"?><a/>`,
		"bytes that are no text": "<a>\xFF</a>",
		"a control character":    "<a>\x00</a>",
	} {
		if got, err := scanAll([]byte(doc)); err == nil {
			t.Errorf("%s: read %q", name, got)
		}
	}
}
