package proof

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"
)

// Bounds of the shape of a document. The canonicaliser copies the known prefixes for every element, so their number has a
// bound too.
const (
	maxDepth      = 64
	maxAttributes = 64
	maxPrefixes   = 16
)

// scan looks over a document before a tree is made of it: bounds, one root element, no DOCTYPE, no processing
// instructions, nothing outside of the root. It tells whether there are comments.
func scan(text []byte) (comments bool, err error) {
	if len(bytes.TrimSpace(text)) == 0 || !utf8.Valid(text) {
		return false, refuse(CodeDocument, placeDocument)
	}
	s := scanner{prefixes: map[string]bool{}}
	dec := xml.NewDecoder(bytes.NewReader(text))
	for {
		begin := dec.InputOffset()
		token, err := dec.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = s.take(token, begin)
		}
		if err != nil {
			line, _ := dec.InputPos()
			return false, s.refusal(err, line)
		}
	}
	if s.roots != 1 || s.depth != 0 {
		return false, refuse(CodeDocument, "root element")
	}
	return s.comments, nil
}

type scanner struct {
	depth, roots, elements int
	prefixes               map[string]bool
	comments               bool
}

var (
	errShape = errors.New("shape")
	errSize  = errors.New("size")
)

func (s *scanner) refusal(err error, line int) error {
	code := CodeDocument
	if errors.Is(err, errSize) {
		code = CodeDocumentTooBig
	}
	return refuse(code, "line "+strconv.Itoa(line))
}

func (s *scanner) take(token xml.Token, begin int64) error {
	switch t := token.(type) {
	case xml.StartElement:
		if s.depth == 0 {
			s.roots++
		}
		s.depth++
		s.elements++
		if s.elements > maxElements {
			return errSize
		}
		if s.depth > maxDepth || s.roots > 1 || len(t.Attr) > maxAttributes {
			return errShape
		}
		for _, a := range t.Attr {
			if a.Name.Space == "xmlns" {
				s.prefixes[a.Name.Local] = true
			}
		}
		if len(s.prefixes) > maxPrefixes {
			return errShape
		}
	case xml.EndElement:
		if s.depth--; s.depth < 0 {
			return errShape
		}
	case xml.CharData:
		if s.depth == 0 && len(bytes.TrimSpace(t)) > 0 {
			return errShape
		}
	case xml.ProcInst:
		if t.Target != "xml" || begin != 0 {
			return errShape
		}
	case xml.Comment:
		s.comments = true
	case xml.Directive:
		return errShape
	}
	return nil
}
