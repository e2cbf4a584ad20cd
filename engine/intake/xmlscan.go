package intake

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// xmlScanner reads the part of XML that data needs: elements, attributes, text, CDATA and comments. It refuses what makes
// readers differ or gives power to a sender: document types and with them entities, processing instructions, a second
// root, names outside ASCII, character sets besides UTF-8 and CP1251. encoding/xml is not used: it takes a second root and
// half of these things in silence, and reads 20 MB a second where this reads more than 200. Whatever this scanner takes,
// encoding/xml reads the same; a fuzz test compares them.
type xmlScanner struct {
	r       *bufio.Reader
	set     charset
	started bool   // there was a root
	inTag   bool   // the < of the next tag is read
	empty   bool   // <a/> was read: its end is next
	names   []byte // of the open elements, one after the other
	ends    []int  // where each ends in names
	long    []byte // a tag, comment or CDATA in several pieces
	plain   []byte // a text whose entities were replaced
	keeping bool
	raw     []byte // what was read since keep

	name  []byte // of the last tag, valid until the next token as all that follow
	attrs []xmlAttr
	text  []byte
}

type xmlAttr struct{ name, value []byte }

// xmlKind is the kind of a token.
type xmlKind uint8

const (
	xmlDone xmlKind = iota
	xmlOpen
	xmlClose
	xmlText
	xmlComment
)

const (
	maxDepth       = 64
	maxAttrs       = 64
	maxLong        = bufferBytes
	maxDeclaration = 256
)

// brokenXML says why a text is no XML for us. It holds nothing of the text.
type brokenXML struct{ why string }

// Error implements error.
func (e *brokenXML) Error() string { return e.why }

func broken(why string) error { return &brokenXML{why} }

// newXMLScanner reads the declaration.
func newXMLScanner(r *bufio.Reader) (*xmlScanner, error) {
	s := &xmlScanner{r: r, set: charUTF8}
	bom, err := r.Peek(len(bomUTF8))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	marked := bytes.Equal(bom, bomUTF8)
	if marked {
		_, _ = r.Discard(len(bomUTF8)) // it was peeked
	}
	head, err := r.Peek(maxDeclaration)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if !bytes.HasPrefix(head, []byte("<?xml")) || len(head) > 5 && !isSpace(head[5]) {
		return s, nil
	}
	end := bytes.Index(head, []byte("?>"))
	if end < 0 || !s.attributes(head[5:end]) {
		return nil, broken("the XML declaration is not closed")
	}
	set, ok := declared(s.attrs)
	if !ok || set == charCP1251 && marked {
		return nil, broken("the declared version or encoding is not taken: XML 1.0 in utf-8 or windows-1251")
	}
	_, _ = r.Discard(end + 2) // it was peeked
	if set == charCP1251 {
		s.set, s.r = set, bufio.NewReaderSize(charmap.Windows1251.NewDecoder().Reader(r), bufferBytes)
	}
	return s, nil
}

func declared(attrs []xmlAttr) (charset, bool) {
	set := charUTF8
	for i, a := range attrs {
		value := strings.ToLower(string(a.value))
		switch name := string(a.name); {
		case name == "version" && i == 0 && value == "1.0", name == "encoding" && i == 1 && value == "utf-8",
			name == "standalone" && i > 0 && (value == "yes" || value == "no"):
		case name == "encoding" && i == 1 && value == "windows-1251":
			set = charCP1251
		default:
			return set, false
		}
	}
	return set, len(attrs) > 0
}

// next reads the next token.
func (s *xmlScanner) next() (xmlKind, error) {
	if s.empty {
		s.empty = false
		s.pop()
		return xmlClose, nil
	}
	if !s.inTag {
		text, err := s.r.ReadSlice('<')
		switch {
		case errors.Is(err, io.EOF):
			if len(s.ends) > 0 || !s.started {
				return 0, broken("the document ends before its root is closed")
			}
			if !blank(text) {
				return 0, broken("there is text behind the root")
			}
			return xmlDone, nil
		case err != nil:
			return 0, tooLongXML(err)
		}
		s.keep(text)
		s.inTag = true
		if text = text[:len(text)-1]; len(text) > 0 {
			if len(s.ends) > 0 {
				s.text, err = s.unescape(text)
				return xmlText, err
			}
			if !blank(text) {
				return 0, broken("there is text outside the root")
			}
		}
	}
	s.inTag = false
	c, err := s.r.ReadByte()
	if err != nil {
		return 0, cutXML(err)
	}
	switch c {
	case '?':
		return 0, broken("processing instructions are not taken")
	case '/':
		s.keepByte(c)
		return xmlClose, s.endTag()
	case '!':
		s.keepByte(c)
		return s.bang()
	}
	_ = s.r.UnreadByte() // it was read a moment ago
	return xmlOpen, s.startTag()
}

// keepFromTag keeps the text of what is read from the last start tag on in raw.
func (s *xmlScanner) keepFromTag() {
	s.keeping = true
	s.raw = append(append(s.raw[:0], '<'), s.name...)
	for _, a := range s.attrs {
		s.raw = append(append(append(append(s.raw, ' '), a.name...), `="`...), a.value...)
		s.raw = append(s.raw, '"')
	}
	s.raw = append(s.raw, '>')
}

func (s *xmlScanner) keep(b []byte) {
	if s.keeping {
		s.raw = append(s.raw, b...)
	}
}

func (s *xmlScanner) keepByte(b byte) {
	if s.keeping {
		s.raw = append(s.raw, b)
	}
}

// tag reads up to the > that ends a tag; one inside quotes does not.
func (s *xmlScanner) tag() ([]byte, error) {
	part, err := s.r.ReadSlice('>')
	if err != nil {
		return nil, cutXML(err)
	}
	quote := openQuote(0, part)
	if quote == 0 {
		s.keep(part)
		return part[:len(part)-1], nil
	}
	s.long = append(s.long[:0], part...)
	for quote != 0 {
		if part, err = s.r.ReadSlice('>'); err != nil {
			return nil, cutXML(err)
		}
		quote = openQuote(quote, part)
		if s.long = append(s.long, part...); len(s.long) > maxLong {
			return nil, tooLongXML(bufio.ErrBufferFull)
		}
	}
	s.keep(s.long)
	return s.long[:len(s.long)-1], nil
}

func openQuote(quote byte, part []byte) byte {
	if quote == 0 && bytes.IndexByte(part, '"') < 0 && bytes.IndexByte(part, '\'') < 0 {
		return 0
	}
	for _, c := range part {
		switch {
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case c == quote:
			quote = 0
		}
	}
	return quote
}

func (s *xmlScanner) startTag() error {
	if s.started && len(s.ends) == 0 {
		return broken("there is a second root")
	}
	tag, err := s.tag()
	if err != nil {
		return err
	}
	s.started = true
	if n := len(tag); n > 0 && tag[n-1] == '/' {
		tag, s.empty = tag[:n-1], true
	}
	n := nameLength(tag)
	if n == 0 {
		return broken("the name of an element is not made of Latin letters")
	}
	s.name = tag[:n]
	if s.attrs = s.attrs[:0]; n < len(tag) && !s.attributes(tag[n:]) {
		return broken("a tag has broken or repeated attributes")
	}
	if len(s.ends) == maxDepth {
		return broken("elements are nested too deep")
	}
	s.names = append(s.names, s.name...)
	s.ends = append(s.ends, len(s.names))
	return nil
}

func (s *xmlScanner) endTag() error {
	tag, err := s.tag()
	if err != nil {
		return err
	}
	for len(tag) > 0 && isSpace(tag[len(tag)-1]) {
		tag = tag[:len(tag)-1]
	}
	s.name, s.attrs = tag, s.attrs[:0]
	if len(s.ends) == 0 || !bytes.Equal(s.name, s.names[s.start():]) {
		return broken("an end tag does not fit")
	}
	s.pop()
	return nil
}

// start is where the name of the innermost open element begins.
func (s *xmlScanner) start() int {
	if n := len(s.ends); n > 1 {
		return s.ends[n-2]
	}
	return 0
}

func (s *xmlScanner) pop() {
	s.names = s.names[:s.start()]
	s.ends = s.ends[:len(s.ends)-1]
}

// attributes takes b apart into attrs; each needs a space before it.
func (s *xmlScanner) attributes(b []byte) bool {
	s.attrs = s.attrs[:0]
	for {
		rest := trimSpace(b)
		if len(rest) == 0 {
			return true
		}
		n := nameLength(rest)
		if n == 0 || len(rest) == len(b) || len(s.attrs) == maxAttrs {
			return false
		}
		name := rest[:n]
		for _, a := range s.attrs {
			if bytes.Equal(a.name, name) {
				return false
			}
		}
		rest = trimSpace(rest[n:])
		if len(rest) == 0 || rest[0] != '=' {
			return false
		}
		rest = trimSpace(rest[1:])
		if len(rest) < 2 || rest[0] != '"' && rest[0] != '\'' {
			return false
		}
		end := bytes.IndexByte(rest[1:], rest[0])
		if end < 0 {
			return false
		}
		value := rest[1 : 1+end]
		if bytes.IndexByte(value, '<') >= 0 {
			return false
		}
		text, err := s.unescape(value)
		if err != nil {
			return false
		}
		if len(text) != len(value) || bytes.IndexByte(value, '\r') >= 0 { // it lies where the next one will
			value = bytes.Clone(text)
		}
		s.attrs = append(s.attrs, xmlAttr{name, value})
		b = rest[2+end:]
	}
}

// attr gives the value of an attribute, whatever the prefix of its name.
func (s *xmlScanner) attr(local string) []byte {
	for _, a := range s.attrs {
		if _, name := splitName(a.name); string(name) == local {
			return a.value
		}
	}
	return nil
}

// bang reads what begins with <!: a comment or CDATA.
func (s *xmlScanner) bang() (xmlKind, error) {
	head, err := s.r.Peek(7)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	switch {
	case bytes.HasPrefix(head, []byte("--")):
		body, err := s.until(2, "-->")
		if err != nil {
			return 0, err
		}
		if bytes.Contains(body, []byte("--")) || bytes.HasSuffix(body, []byte{'-'}) || !xmlChars(body) {
			return 0, broken("a comment is not well formed")
		}
		return xmlComment, nil
	case string(head) == "[CDATA[" && len(s.ends) > 0:
		body, err := s.until(7, "]]>")
		if err != nil {
			return 0, err
		}
		if !xmlChars(body) {
			return 0, errChars
		}
		s.text = newlines(body)
		return xmlText, nil
	}
	return 0, broken("document types, entities and other directives are not taken")
}

// until reads past the first skip bytes up to an end mark that closes with >.
func (s *xmlScanner) until(skip int, mark string) ([]byte, error) {
	head, _ := s.r.Peek(skip) // it was peeked before
	s.keep(head)
	_, _ = s.r.Discard(skip)
	s.long = s.long[:0]
	for {
		part, err := s.r.ReadSlice('>')
		if err != nil {
			return nil, cutXML(err)
		}
		s.keep(part)
		if s.long = append(s.long, part...); len(s.long) > maxLong {
			return nil, tooLongXML(bufio.ErrBufferFull)
		}
		if bytes.HasSuffix(s.long, []byte(mark)) {
			return s.long[:len(s.long)-len(mark)], nil
		}
	}
}

func cutXML(err error) error {
	if errors.Is(err, io.EOF) {
		return broken("the document ends inside a tag")
	}
	return tooLongXML(err)
}

func tooLongXML(err error) error {
	if errors.Is(err, bufio.ErrBufferFull) {
		return broken("a tag, a comment or a text is longer than " + strconv.Itoa(maxLong) + " bytes")
	}
	return err
}

var errChars = broken("there are characters that are not UTF-8 or that XML forbids")

// unescape replaces entities and line ends. The result is b itself or s.plain.
func (s *xmlScanner) unescape(b []byte) ([]byte, error) {
	var seen byte
	for _, c := range b {
		seen |= xmlClass[c]
	}
	if seen == 0 {
		return b, nil
	}
	if !xmlChars(b) || bytes.Contains(b, []byte("]]>")) {
		return nil, errChars
	}
	if seen&classMark == 0 {
		return b, nil
	}
	s.plain = s.plain[:0]
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '\r':
			if i+1 == len(b) || b[i+1] != '\n' {
				s.plain = append(s.plain, '\n')
			}
		case c == '&':
			end := bytes.IndexByte(b[i:min(len(b), i+12)], ';')
			if end < 0 {
				return nil, errEntity
			}
			r, ok := entity(string(b[i+1 : i+end]))
			if !ok {
				return nil, errEntity
			}
			s.plain = utf8.AppendRune(s.plain, r)
			i += end
		default:
			s.plain = append(s.plain, c)
		}
	}
	return s.plain, nil
}

var errEntity = broken("there is an & that begins none of the five entities of XML")

func entity(name string) (rune, bool) {
	switch name {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "apos":
		return '\'', true
	case "quot":
		return '"', true
	}
	digits, ok := strings.CutPrefix(name, "#")
	base := 10
	if hex, yes := strings.CutPrefix(digits, "x"); yes {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 21)
	return rune(n), ok && err == nil && xmlRune(rune(n))
}
