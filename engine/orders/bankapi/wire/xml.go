package wire

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"unicode/utf8"
)

// Namespace is that of every element.
const Namespace = "urn:robotbailiff:bank:1"

// xmlReader reads what the description has and nothing else. The decoder knows the five entities alone; everything that gives
// power to a sender or that readers treat in different ways (document types, instructions, comments, attributes) ends the reading,
// and so does an element that is not expected, so that nothing nests deeper than a message does.
type xmlReader struct{ d *xml.Decoder }

var errXML = &Error{Code: CodeNotXML}

func readXML(body []byte) (Kind, record, error) {
	if !utf8.Valid(body) {
		return "", nil, errXML
	}
	x := xmlReader{xml.NewDecoder(bytes.NewReader(body))}
	root, err := x.root()
	if err != nil {
		return "", nil, err
	}
	s, ok := shapes[Kind(root.Name.Local)]
	if !ok {
		return "", nil, &Error{Code: CodeKind}
	}
	r, err := x.record(s, "")
	if err != nil {
		return "", nil, err
	}
	for { // nothing but blanks behind the root
		token, err := x.d.Token()
		if errors.Is(err, io.EOF) {
			return Kind(s.name), r, nil
		}
		if blanks, ok := token.(xml.CharData); err != nil || !ok || !blank(blanks) {
			return "", nil, errXML
		}
	}
}

// root reads up to the root element, whose attributes are name spaces only.
func (x xmlReader) root() (xml.StartElement, error) {
	for first := true; ; first = false {
		token, err := x.d.Token()
		if err != nil {
			return xml.StartElement{}, errXML
		}
		switch token := token.(type) {
		case xml.StartElement:
			for _, a := range token.Attr {
				if a.Name.Space != "xmlns" && (a.Name.Space != "" || a.Name.Local != "xmlns") {
					return token, errXML
				}
			}
			if token.Name.Space != Namespace {
				return token, &Error{Code: CodeKind}
			}
			return token, nil
		case xml.ProcInst:
			if !first || token.Target != "xml" {
				return xml.StartElement{}, errXML
			}
		case xml.CharData:
			if !blank(token) {
				return xml.StartElement{}, errXML
			}
		default:
			return xml.StartElement{}, errXML
		}
	}
}

// inner reads the next element inside one that holds elements only; false at its end.
func (x xmlReader) inner() (name string, ok bool, err error) {
	for {
		token, err := x.d.Token()
		if err != nil {
			return "", false, errXML
		}
		switch token := token.(type) {
		case xml.StartElement:
			if token.Name.Space != Namespace || len(token.Attr) > 0 {
				return "", false, errXML
			}
			return token.Name.Local, true, nil
		case xml.EndElement:
			return "", false, nil
		case xml.CharData:
			if !blank(token) {
				return "", false, errXML
			}
		default:
			return "", false, errXML
		}
	}
}

func (x xmlReader) record(s *shape, at string) (record, error) {
	r := record{}
	for {
		name, ok, err := x.inner()
		switch {
		case err != nil:
			return nil, err
		case !ok:
			return r, s.complete(r, at)
		}
		f, ok := s.field(name)
		if !ok {
			return nil, &Error{CodeUnknown, at + "*"}
		}
		if _, twice := r[name]; twice {
			return nil, &Error{CodeDuplicate, at + name}
		}
		v, err := x.value(f, at)
		if err != nil {
			return nil, err
		}
		r[name] = v
	}
}

func (x xmlReader) value(f field, at string) (v value, err error) {
	if f.item == nil {
		v.text, err = x.text(at + f.name)
		return v, err
	}
	v.list = []record{}
	for {
		name, ok, err := x.inner()
		switch {
		case err != nil:
			return v, err
		case !ok:
			return v, nil
		case name != f.item.name:
			return v, &Error{CodeUnknown, at + f.name + ".*"}
		case len(v.list) == f.max:
			return v, &Error{CodeBound, at + f.name}
		}
		place := entry(at, f.name, len(v.list))
		var r record
		if f.item.leaf() {
			t, err := x.text(place)
			if err != nil {
				return v, err
			}
			r = record{"": {text: t}}
		} else if r, err = x.record(f.item, place+"."); err != nil {
			return v, err
		}
		v.list = append(v.list, r)
	}
}

func (x xmlReader) text(place string) (string, error) {
	var all []byte
	for {
		token, err := x.d.Token()
		if err != nil {
			return "", errXML
		}
		switch token := token.(type) {
		case xml.CharData:
			all = append(all, token...)
		case xml.EndElement:
			return string(all), nil
		case xml.StartElement:
			return "", &Error{CodeInvalid, place}
		default:
			return "", errXML
		}
	}
}

func blank(b []byte) bool { return len(bytes.Trim(b, " \t\r\n")) == 0 }

// writeXML writes in the order of the description, without blanks.
func writeXML(kind Kind, r record) []byte {
	b := bytes.NewBufferString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<" + string(kind) + ` xmlns="` + Namespace + `">`)
	shapes[kind].toXML(b, r)
	b.WriteString("</" + string(kind) + ">\n")
	return b.Bytes()
}

func (s *shape) toXML(b *bytes.Buffer, r record) {
	for _, f := range s.fields {
		v, ok := r[f.name]
		if !ok {
			continue
		}
		b.WriteString("<" + f.name + ">")
		if f.item == nil {
			escape(b, v.text)
		}
		for _, e := range v.list {
			b.WriteString("<" + f.item.name + ">")
			if f.item.leaf() {
				escape(b, e[""].text)
			} else {
				f.item.toXML(b, e)
			}
			b.WriteString("</" + f.item.name + ">")
		}
		b.WriteString("</" + f.name + ">")
	}
}

func escape(b *bytes.Buffer, s string) { _ = xml.EscapeText(b, []byte(s)) } // a buffer never fails
