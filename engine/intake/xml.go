package intake

import (
	"bytes"
	"errors"
	"io"

	"robotbailiff/internal/xmlscan"
)

// XMLNamespace is the namespace of a batch in XML. A file may do without; then no element has a prefix.
const XMLNamespace = "urn:robotbailiff:writs:1"

// xmlReader reads <writs><writ><source>…</source>…</writ>…</writs>. The number of a row is the ordinal of its element:
// the first writ is row 1. What is not well formed ends the file; an element that is unknown, doubled, nested or bears an
// attribute breaks its own row only, as do comments inside a writ, which readers treat in different ways.
type xmlReader struct {
	scan   *xmlscan.Scanner
	prefix []byte // of every element, as of the root
	no     int
	vals   []byte // of a row, one after the other
}

func looksLikeXML(head []byte) bool {
	head = bytes.TrimLeft(head, " \t\r\n")
	return len(head) > 0 && head[0] == '<'
}

func openXML(in *input) (RowReader, error) {
	x := &xmlReader{}
	var err error
	if x.scan, err = xmlscan.New(in.r); err != nil {
		return nil, x.fatal(err)
	}
	return x, x.fatal(x.root())
}

// Format names the character set.
func (x *xmlReader) Format() string { return "xml;" + charsetOf(x.scan).String() }

func (*xmlReader) layout() layout { return layout{} }

// fatal gives an error of the scanner its place.
func (x *xmlReader) fatal(err error) error {
	if b, ok := errors.AsType[*xmlscan.Error](err); ok {
		return &FatalError{Row: x.no, Code: FatalXML, Remedy: b.Error()}
	}
	return err
}

func (x *xmlReader) root() error {
	kind := xmlscan.Comment
	for kind == xmlscan.Comment {
		var err error
		if kind, err = x.scan.Next(); err != nil {
			return err
		}
	}
	prefix, local := xmlscan.SplitName(x.scan.Name)
	if string(local) != "writs" {
		return xmlscan.Broken("the root element is not writs")
	}
	x.prefix = bytes.Clone(prefix)
	bound := len(prefix) == 0
	for _, a := range x.scan.Attrs {
		before, name := xmlscan.SplitName(a.Name)
		switch ours := string(a.Value) == XMLNamespace; {
		case string(a.Name) == "xmlns":
			if len(prefix) == 0 && !ours {
				return xmlscan.Broken("the namespace is not " + XMLNamespace)
			}
		case string(before) == "xmlns":
			if bytes.Equal(name, prefix) {
				bound = ours
			}
		case len(before) == 0 || string(name) != "schemaLocation" && string(name) != "noNamespaceSchemaLocation":
			return xmlscan.Broken("the root element has attributes besides namespaces and the place of the schema")
		}
	}
	if !bound {
		return xmlscan.Broken("the prefix of the root element does not stand for " + XMLNamespace)
	}
	return nil
}

// Next implements RowReader.
func (x *xmlReader) Next(row *Row) error {
	for {
		kind, err := x.scan.Next()
		switch {
		case err != nil:
			return x.fatal(err)
		case kind == xmlscan.Text && !xmlscan.Blank(x.scan.Text):
			return x.fatal(xmlscan.Broken("there is text between writs"))
		case kind == xmlscan.Close:
			return x.end()
		case kind == xmlscan.Open:
			if x.no++; x.no > maxRows {
				return tooManyRows(x.no)
			}
			return x.fatal(x.writ(row))
		}
	}
}

// end sees that nothing but comments and blanks follows the root.
func (x *xmlReader) end() error {
	for {
		switch kind, err := x.scan.Next(); {
		case err != nil:
			return x.fatal(err)
		case kind == xmlscan.Done:
			return io.EOF
		}
	}
}

// writ reads one element below the root.
func (x *xmlReader) writ(row *Row) error {
	s := x.scan
	s.KeepFromTag()
	defer s.EndKeep()
	*row = Row{No: x.no}
	spoil := func(f Field) {
		if row.Fault.Code == "" {
			row.Fault = Problem{Code: CodeRowMalformed, Field: f.String()}
		}
	}
	if !x.is("writ") || len(s.Attrs) > 0 {
		spoil(FieldCount)
	}
	const nothing = FieldCount
	var (
		seen  [FieldCount]bool
		spans [FieldCount + 1][2]int // the last one is of nothing
		field = nothing
	)
	x.vals = x.vals[:0]
	for depth := 1; depth > 0; {
		kind, err := s.Next()
		if err != nil {
			return err
		}
		if len(s.Kept()) > maxRecord {
			return tooLong(x.no)
		}
		switch kind {
		case xmlscan.Open:
			depth++
			f, ok := x.field()
			switch {
			case depth > 2:
				spoil(field)
			case !ok:
				spoil(nothing)
			case seen[f] || len(s.Attrs) > 0:
				spoil(f)
			default:
				seen[f], field, spans[f][0] = true, f, len(x.vals)
			}
		case xmlscan.Close:
			if depth--; depth == 1 && field != nothing {
				spans[field][1], field = len(x.vals), nothing
			}
		case xmlscan.Text:
			switch {
			case depth == 2 && field != nothing:
				x.vals = append(x.vals, s.Text...)
			case !xmlscan.Blank(s.Text):
				spoil(field)
			}
		default:
			spoil(field)
		}
	}
	if row.Fault.Code != "" {
		row.Raw = string(s.Kept())
		return nil
	}
	all := string(x.vals)
	for f := range row.Values {
		row.Values[f] = all[spans[f][0]:spans[f][1]]
	}
	return nil
}

// is compares the name of the last tag.
func (x *xmlReader) is(local string) bool {
	prefix, name := xmlscan.SplitName(x.scan.Name)
	return string(name) == local && bytes.Equal(prefix, x.prefix)
}

func (x *xmlReader) field() (Field, bool) {
	prefix, name := xmlscan.SplitName(x.scan.Name)
	f, ok := fieldByName[string(name)]
	return f, ok && bytes.Equal(prefix, x.prefix)
}
