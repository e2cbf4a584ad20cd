package intake

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"robotbailiff/internal/xmlscan"
)

// charset is how the letters of a text are written.
type charset uint8

const (
	undecided charset = iota // nothing but ASCII so far
	charUTF8
	charCP1251
)

func (c charset) String() string {
	if c == charCP1251 {
		return "cp1251"
	}
	return "utf-8"
}

// sniffCharset looks at the beginning of a text. Text of CP1251 almost never happens to be UTF-8; text of UTF-8 with a
// few damaged bytes stays UTF-8, so that only the damaged rows are refused.
func sniffCharset(head []byte) charset {
	if bytes.HasPrefix(head, bomUTF8) {
		return charUTF8
	}
	good, bad := 0, 0
	for i := 0; i < len(head); {
		if head[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(head[i:])
		switch {
		case r != utf8.RuneError || n > 1:
			good++
		case i+utf8.UTFMax > len(head) && !utf8.FullRune(head[i:]): // cut at the end of the window
		default:
			bad++
		}
		i += n
	}
	switch {
	case good == 0 && bad == 0:
		return undecided
	case good > bad:
		return charUTF8
	}
	return charCP1251
}

// cp1251 holds the UTF-8 of the upper half of the code page; the byte without a letter gives U+FFFD.
var cp1251 = func() (t [128]string) {
	for i := range t {
		t[i] = string(charmap.Windows1251.DecodeByte(byte(128 + i)))
	}
	return t
}()

// decoder turns lines into UTF-8. What cannot be read becomes U+FFFD, which no field accepts.
type decoder struct {
	set charset
	buf []byte
}

// line returns the line in UTF-8; the result is valid until the next call.
func (d *decoder) line(b []byte) []byte {
	if d.set == undecided {
		if d.set = sniffCharset(b); d.set == undecided {
			return b
		}
	}
	if d.set == charUTF8 {
		if utf8.Valid(b) {
			return b
		}
		d.buf = append(d.buf[:0], bytes.ToValidUTF8(b, []byte("\uFFFD"))...)
		return d.buf
	}
	d.buf = d.buf[:0]
	for _, c := range b {
		if c < utf8.RuneSelf {
			d.buf = append(d.buf, c)
		} else {
			d.buf = append(d.buf, cp1251[c-128]...)
		}
	}
	return d.buf
}

// charsetOf is how a document of XML is written.
func charsetOf(s *xmlscan.Scanner) charset {
	if s.CP1251() {
		return charCP1251
	}
	return charUTF8
}
