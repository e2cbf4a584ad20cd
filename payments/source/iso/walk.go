package iso

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"robotbailiff/internal/xmlscan"
	"robotbailiff/payments/source"
)

const (
	nsPrefix = "urn:iso:std:iso:20022:tech:xsd:"
	maxValue = 64 << 10
)

// Document is a message of which the root was read.
type Document struct {
	Kind    string // "camt.053"
	Version string // "001.08"
	Place   int    // of the reader, for faults
	At      int    // which statement, for faults

	ns     string
	prefix []byte
	scan   *xmlscan.Scanner
	value  []byte
	ccy    []byte
}

// Handler is told of the elements that a table names.
type Handler interface {
	// Open is called for an element that holds others and has a field.
	Open(f Field) error
	// Value is called at the end of an element of text, white space trimmed; ccy is its attribute Ccy. Neither may be kept.
	Value(f Field, text, ccy []byte) error
	// Close is called at the end of what Open was called for.
	Close(f Field) error
}

// Open reads up to the root of a document. What is XML but no message of ISO 20022 is refused with its root named.
func Open(r io.Reader) (*Document, error) {
	d := &Document{}
	var err error
	if d.scan, err = xmlscan.New(r); err != nil {
		return nil, d.broken(err)
	}
	kind := xmlscan.Comment
	for kind == xmlscan.Comment {
		if kind, err = d.scan.Next(); err != nil {
			return nil, d.broken(err)
		}
	}
	prefix, local := xmlscan.SplitName(d.scan.Name)
	d.prefix = bytes.Clone(prefix)
	want := "xmlns"
	if len(prefix) > 0 {
		want = "xmlns:" + string(prefix)
	}
	for _, a := range d.scan.Attrs {
		if string(a.Name) == want {
			d.ns = string(a.Value)
		}
	}
	message, ours := strings.CutPrefix(d.ns, nsPrefix)
	parts := strings.Split(message, ".")
	if string(local) != "Document" || !ours || len(parts) != 4 {
		seen := "XML, root " + clip(string(local))
		if d.ns != "" {
			seen += " of " + clip(d.ns)
		}
		return nil, &source.Fault{Code: source.CodeFormat, Detail: seen}
	}
	d.Kind, d.Version = parts[0]+"."+parts[1], parts[2]+"."+parts[3]
	return d, nil
}

func clip(s string) string {
	const most = 80
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}

// Format is the kind and version as a statement tells them.
func (d *Document) Format() string { return d.Kind + "." + d.Version }

// Fault makes a fault with the place where the reader is.
func (d *Document) Fault(code, field, detail string) *source.Fault {
	f := &source.Fault{Statement: d.At, Place: d.Place, Code: code, Field: field, Detail: detail}
	if d.Kind != "" {
		f.Format = d.Format()
	}
	return f
}

// broken turns an error of the scanner into a fault; an error of the input stays what it is.
func (d *Document) broken(err error) error {
	b, ok := errors.AsType[*xmlscan.Error](err)
	switch {
	case !ok:
		return err
	case b.Cut:
		return d.Fault(source.CodeTruncated, "", b.Error())
	case b.Behind:
		return d.Fault(source.CodeTrailing, "", b.Error())
	}
	return d.Fault(source.CodeXML, "", b.Error())
}

// frame is an open element.
type frame struct {
	node *node
	seen uint64 // slots of the elements that were there
}

// Walk reads the document to its very end.
func (d *Document) Walk(t *Tree, h Handler) error {
	stack := make([]frame, 1, 16)
	stack[0] = frame{node: t.root}
	skip := 0 // depth below an element that nobody asked for
	for {
		kind, err := d.scan.Next()
		if err != nil {
			return d.broken(err)
		}
		switch {
		case kind == xmlscan.Done:
			return nil
		case kind == xmlscan.Comment, kind == xmlscan.Text && skip > 0:
		case skip > 0:
			if kind == xmlscan.Open {
				skip++
			} else {
				skip--
			}
		case kind == xmlscan.Text:
			if err := d.text(&stack[len(stack)-1]); err != nil {
				return err
			}
		case kind == xmlscan.Open:
			kid, err := d.enter(&stack[len(stack)-1])
			if err != nil {
				return err
			}
			if kid == nil {
				skip = 1
				continue
			}
			stack = append(stack, frame{node: kid})
			if kid.told() {
				if err := h.Open(kid.field); err != nil {
					return err
				}
			}
		default:
			top := stack[len(stack)-1].node
			stack = stack[:len(stack)-1]
			if err := d.leave(top, h); err != nil {
				return err
			}
		}
	}
}

// enter finds the node of a start tag, nil if nobody asked for it. All that the table could name must be of the document's own
// namespace, written the same way: a second spelling would hide elements from us that others read.
func (d *Document) enter(parent *frame) (*node, error) {
	if parent.node.kids == nil || parent.node.mixed && len(bytes.TrimSpace(d.value)) > 0 {
		return nil, d.Fault(source.CodeStructure, parent.node.name, "elements within a value")
	}
	prefix, local := xmlscan.SplitName(d.scan.Name)
	if !bytes.Equal(prefix, d.prefix) {
		return nil, d.Fault(source.CodeXML, "", "an element of another namespace")
	}
	for _, a := range d.scan.Attrs {
		before, name := xmlscan.SplitName(a.Name)
		binds := string(a.Name) == "xmlns" && len(d.prefix) == 0 || string(before) == "xmlns" && bytes.Equal(name, d.prefix)
		if binds && string(a.Value) != d.ns {
			return nil, d.Fault(source.CodeXML, "", "an element of another namespace")
		}
	}
	kid := parent.node.kids[string(local)]
	if kid == nil {
		return nil, nil
	}
	bit := uint64(1) << kid.slot
	if !kid.many && parent.seen&bit != 0 {
		return nil, d.Fault(source.CodeTwice, string(local), "")
	}
	parent.seen |= bit
	d.value = d.value[:0]
	if d.ccy = d.ccy[:0]; kid.value() {
		d.ccy = append(d.ccy, d.scan.Attr("Ccy")...)
	}
	return kid, nil
}

func (d *Document) text(top *frame) error {
	if !top.node.value() || top.node.mixed && top.seen != 0 {
		if xmlscan.Blank(d.scan.Text) {
			return nil
		}
		return d.Fault(source.CodeStructure, top.node.name, "text between elements")
	}
	if d.value = append(d.value, d.scan.Text...); len(d.value) > maxValue {
		return d.Fault(source.CodeLong, top.node.name, "")
	}
	return nil
}

func (d *Document) leave(top *node, h Handler) error {
	if top.told() {
		return h.Close(top.field)
	}
	text := bytes.TrimSpace(d.value)
	if d.value = d.value[:0]; top.field == 0 || top.mixed && len(text) == 0 {
		return nil
	}
	return h.Value(top.field, text, d.ccy)
}
