package xmlscan

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	classMark  = 1 << iota // & and CR, which are replaced
	classCheck             // bytes that may be wrong: beyond ASCII, control characters, the ] of ]]>
)

// xmlClass is zero for the bytes of a text that may stay as they are.
var xmlClass = func() (t [256]byte) {
	for c := range t {
		if c >= utf8.RuneSelf || c < ' ' && c != '\t' && c != '\n' || c == ']' {
			t[c] = classCheck
		}
	}
	t['&'], t['\r'] = classMark, classMark
	return t
}()

// ValidText says whether a text is UTF-8 without characters that XML forbids.
func ValidText(b []byte) bool {
	if !utf8.Valid(b) {
		return false
	}
	for i, c := range b {
		switch {
		case c < ' ' && c != '\t' && c != '\n' && c != '\r':
			return false
		case c == 0xEF && b[i+1] == 0xBF && b[i+2] >= 0xBE: // U+FFFE and U+FFFF
			return false
		}
	}
	return true
}

func xmlRune(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= utf8.MaxRune
}

// newlines makes every line end one LF, in place.
func newlines(b []byte) []byte {
	if bytes.IndexByte(b, '\r') < 0 {
		return b
	}
	out := b[:0]
	for i, c := range b {
		switch {
		case c != '\r':
			out = append(out, c)
		case i+1 == len(b) || b[i+1] != '\n':
			out = append(out, '\n')
		}
	}
	return out
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// trimSpace takes blanks off the beginning.
func trimSpace(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	return b
}

// Blank says whether there is nothing but white space.
func Blank(b []byte) bool {
	for _, c := range b {
		if !isSpace(c) {
			return false
		}
	}
	return true
}

// nameLength is the length of the name that b begins with: Latin letters, digits and -_. with at most one colon inside.
// It is zero when that is no name or goes on in other characters.
func nameLength(b []byte) int {
	colon := false
	for i, c := range b {
		switch {
		case c|0x20 >= 'a' && c|0x20 <= 'z', c == '_':
		case i > 0 && b[i-1] != ':' && (c >= '0' && c <= '9' || c == '-' || c == '.'):
		case c == ':' && i > 0 && !colon:
			colon = true
		case i > 0 && b[i-1] != ':' && (isSpace(c) || c == '='):
			return i
		default:
			return 0
		}
	}
	if n := len(b); n > 0 && b[n-1] != ':' {
		return n
	}
	return 0
}

// SplitName takes the prefix off a name.
func SplitName(name []byte) (prefix, local []byte) {
	if i := bytes.IndexByte(name, ':'); i >= 0 {
		return name[:i], name[i+1:]
	}
	return nil, name
}

var errChars = Broken("there are characters that are not UTF-8 or that XML forbids")

// unescape replaces entities and line ends. The result is b itself or s.plain.
func (s *Scanner) unescape(b []byte) ([]byte, error) {
	var seen byte
	for _, c := range b {
		seen |= xmlClass[c]
	}
	if seen == 0 {
		return b, nil
	}
	if !ValidText(b) || bytes.Contains(b, []byte("]]>")) {
		return nil, errChars
	}
	if seen&classMark == 0 {
		return b, nil
	}
	s.plain = s.plain[:0]
	for i := 0; i < len(b); i++ {
		switch c := b[i]; c {
		case '\r':
			if i+1 == len(b) || b[i+1] != '\n' {
				s.plain = append(s.plain, '\n')
			}
		case '&':
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

var errEntity = Broken("there is an & that begins none of the five entities of XML")

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

func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return early("the document ends inside a tag")
	}
	return tooLong(err)
}

func tooLong(err error) error {
	if errors.Is(err, bufio.ErrBufferFull) {
		return Broken("a tag, a comment or a text is longer than " + strconv.Itoa(maxLong) + " bytes")
	}
	return err
}
