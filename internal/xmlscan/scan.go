package xmlscan

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

// Scanner reads one document. Whatever it takes, encoding/xml reads the same; a fuzz test compares them.
type Scanner struct {
	r       *bufio.Reader
	started bool   // there was a root
	inTag   bool   // the < of the next tag is read
	empty   bool   // <a/> was read: its end is next
	names   []byte // of the open elements, one after the other
	ends    []int  // where each ends in names
	long    []byte // a tag, comment or CDATA in several pieces
	plain   []byte // a text whose entities were replaced

	keeping bool
	raw     []byte // what was read since KeepFromTag

	cp1251 bool

	Name  []byte // of the last tag, with its prefix; valid until the next token, as all that follow
	Attrs []Attr
	Text  []byte
}

// Attr is an attribute of a tag.
type Attr struct{ Name, Value []byte }

// Kind is the kind of a token.
type Kind uint8

// The kinds of tokens.
const (
	Done  Kind = iota // the root is closed and nothing follows it
	Open              // a start tag: Name and Attrs
	Close             // an end tag, also of <a/>: Name
	Text              // Text, which may be a part of what stands between two tags
	Comment
)

var bomUTF8 = []byte("\xEF\xBB\xBF")

const (
	maxDepth       = 64
	maxAttrs       = 64
	maxLong        = 256 << 10
	maxDeclaration = 256
)

// Error says why a text is no XML for us. It holds nothing of the text.
type Error struct {
	Cut    bool // the document ends too early
	Behind bool // something follows the root
	why    string
}

// Error implements error.
func (e *Error) Error() string { return e.why }

// Broken is the error of a document that is not what its reader takes.
func Broken(why string) error { return &Error{why: why} }

func behind(why string) error { return &Error{Behind: true, why: why} }

func early(why string) error { return &Error{Cut: true, why: why} }

// New begins a document: it reads the mark of the byte order and the declaration. A [*bufio.Reader] is used as it is: its size bounds a
// tag, and a small document needs no large one.
func New(in io.Reader) (*Scanner, error) {
	r, buffered := in.(*bufio.Reader)
	if !buffered {
		r = bufio.NewReaderSize(in, maxLong)
	}
	s := &Scanner{r: r}
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
		return nil, Broken("the XML declaration is not closed")
	}
	cp1251, ok := declared(s.Attrs)
	if !ok || cp1251 && marked {
		return nil, Broken("the declared version or encoding is not taken: XML 1.0 in utf-8 or windows-1251")
	}
	_, _ = r.Discard(end + 2) // it was peeked
	if s.cp1251 = cp1251; cp1251 {
		s.r = bufio.NewReaderSize(charmap.Windows1251.NewDecoder().Reader(r), maxLong)
	}
	return s, nil
}

// declared says whether the declaration is one we take, and whether it tells of CP1251.
func declared(attrs []Attr) (cp1251, ok bool) {
	for i, a := range attrs {
		value := strings.ToLower(string(a.Value))
		switch name := string(a.Name); {
		case name == "version" && i == 0 && value == "1.0", name == "encoding" && i == 1 && value == "utf-8",
			name == "standalone" && i > 0 && (value == "yes" || value == "no"):
		case name == "encoding" && i == 1 && value == "windows-1251":
			cp1251 = true
		default:
			return cp1251, false
		}
	}
	return cp1251, len(attrs) > 0
}

// Next reads the next token.
func (s *Scanner) Next() (Kind, error) {
	if s.empty {
		s.empty = false
		s.pop()
		return Close, nil
	}
	if !s.inTag {
		text, err := s.r.ReadSlice('<')
		switch {
		case errors.Is(err, io.EOF):
			if len(s.ends) > 0 || !s.started {
				return 0, early("the document ends before its root is closed")
			}
			if !Blank(text) {
				return 0, behind("there is text behind the root")
			}
			return Done, nil
		case err != nil:
			return 0, tooLong(err)
		}
		s.keep(text)
		s.inTag = true
		if text = text[:len(text)-1]; len(text) > 0 {
			if len(s.ends) > 0 {
				s.Text, err = s.unescape(text)
				return Text, err
			}
			if !Blank(text) {
				if s.started {
					return 0, behind("there is text behind the root")
				}
				return 0, Broken("there is text before the root")
			}
		}
	}
	s.inTag = false
	c, err := s.r.ReadByte()
	if err != nil {
		return 0, cut(err)
	}
	switch c {
	case '?':
		return 0, Broken("processing instructions are not taken")
	case '/':
		s.keepByte(c)
		return Close, s.endTag()
	case '!':
		s.keepByte(c)
		return s.bang()
	}
	_ = s.r.UnreadByte() // it was read a moment ago
	return Open, s.startTag()
}

// KeepFromTag keeps the text of what is read from the last start tag on, until [Scanner.EndKeep].
func (s *Scanner) KeepFromTag() {
	s.keeping = true
	s.raw = append(append(s.raw[:0], '<'), s.Name...)
	for _, a := range s.Attrs {
		s.raw = append(append(append(append(s.raw, ' '), a.Name...), `="`...), a.Value...)
		s.raw = append(s.raw, '"')
	}
	s.raw = append(s.raw, '>')
}

// Kept is the text that was kept, valid until the next [Scanner.KeepFromTag].
func (s *Scanner) Kept() []byte { return s.raw }

// EndKeep keeps no more.
func (s *Scanner) EndKeep() { s.keeping = false }

func (s *Scanner) keep(b []byte) {
	if s.keeping {
		s.raw = append(s.raw, b...)
	}
}

func (s *Scanner) keepByte(b byte) {
	if s.keeping {
		s.raw = append(s.raw, b)
	}
}

// Depth is how many elements are open.
func (s *Scanner) Depth() int { return len(s.ends) }

// CP1251 says whether the document is written in that character set; else it is UTF-8.
func (s *Scanner) CP1251() bool { return s.cp1251 }

// tag reads up to the > that ends a tag; one inside quotes does not.
func (s *Scanner) tag() ([]byte, error) {
	part, err := s.r.ReadSlice('>')
	if err != nil {
		return nil, cut(err)
	}
	quote := openQuote(0, part)
	if quote == 0 {
		s.keep(part)
		return part[:len(part)-1], nil
	}
	s.long = append(s.long[:0], part...)
	for quote != 0 {
		if part, err = s.r.ReadSlice('>'); err != nil {
			return nil, cut(err)
		}
		quote = openQuote(quote, part)
		if s.long = append(s.long, part...); len(s.long) > maxLong {
			return nil, tooLong(bufio.ErrBufferFull)
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

func (s *Scanner) startTag() error {
	if s.started && len(s.ends) == 0 {
		return behind("there is a second root")
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
		return Broken("the name of an element is not made of Latin letters")
	}
	s.Name = tag[:n]
	if s.Attrs = s.Attrs[:0]; n < len(tag) && !s.attributes(tag[n:]) {
		return Broken("a tag has broken or repeated attributes")
	}
	if len(s.ends) == maxDepth {
		return Broken("elements are nested too deep")
	}
	s.names = append(s.names, s.Name...)
	s.ends = append(s.ends, len(s.names))
	return nil
}

func (s *Scanner) endTag() error {
	tag, err := s.tag()
	if err != nil {
		return err
	}
	for len(tag) > 0 && isSpace(tag[len(tag)-1]) {
		tag = tag[:len(tag)-1]
	}
	s.Name, s.Attrs = tag, s.Attrs[:0]
	if len(s.ends) == 0 || !bytes.Equal(s.Name, s.names[s.start():]) {
		return Broken("an end tag does not fit")
	}
	s.pop()
	return nil
}

// start is where the name of the innermost open element begins.
func (s *Scanner) start() int {
	if n := len(s.ends); n > 1 {
		return s.ends[n-2]
	}
	return 0
}

func (s *Scanner) pop() {
	s.names = s.names[:s.start()]
	s.ends = s.ends[:len(s.ends)-1]
}

// attributes takes b apart into attrs; each needs a space before it.
func (s *Scanner) attributes(b []byte) bool {
	s.Attrs = s.Attrs[:0]
	for {
		rest := trimSpace(b)
		if len(rest) == 0 {
			return true
		}
		n := nameLength(rest)
		if n == 0 || len(rest) == len(b) || len(s.Attrs) == maxAttrs {
			return false
		}
		name := rest[:n]
		for _, a := range s.Attrs {
			if bytes.Equal(a.Name, name) {
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
		s.Attrs = append(s.Attrs, Attr{name, value})
		b = rest[2+end:]
	}
}

// Attr gives the value of an attribute, whatever the prefix of its name.
func (s *Scanner) Attr(local string) []byte {
	for _, a := range s.Attrs {
		if _, name := SplitName(a.Name); string(name) == local {
			return a.Value
		}
	}
	return nil
}

// bang reads what begins with <!: a comment or CDATA.
func (s *Scanner) bang() (Kind, error) {
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
		if bytes.Contains(body, []byte("--")) || bytes.HasSuffix(body, []byte{'-'}) || !ValidText(body) {
			return 0, Broken("a comment is not well formed")
		}
		return Comment, nil
	case string(head) == "[CDATA[" && len(s.ends) > 0:
		body, err := s.until(7, "]]>")
		if err != nil {
			return 0, err
		}
		if !ValidText(body) {
			return 0, errChars
		}
		s.Text = newlines(body)
		return Text, nil
	}
	return 0, Broken("document types, entities and other directives are not taken")
}

// until reads past the first skip bytes up to an end mark that closes with >.
func (s *Scanner) until(skip int, mark string) ([]byte, error) {
	head, _ := s.r.Peek(skip) // it was peeked before
	s.keep(head)
	_, _ = s.r.Discard(skip)
	s.long = s.long[:0]
	for {
		part, err := s.r.ReadSlice('>')
		if err != nil {
			return nil, cut(err)
		}
		s.keep(part)
		if s.long = append(s.long, part...); len(s.long) > maxLong {
			return nil, tooLong(bufio.ErrBufferFull)
		}
		if bytes.HasSuffix(s.long, []byte(mark)) {
			return s.long[:len(s.long)-len(mark)], nil
		}
	}
}
