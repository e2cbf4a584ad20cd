package mt940

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"robotbailiff/payments/source"
	"robotbailiff/payments/source/text"
)

// Format is what statements of this package have as theirs.
const Format = "mt940"

// Read tells a visitor the statements of a file. It is a [source.Reader].
func Read(r io.Reader, v source.Visitor) error {
	p := &parser{visit: v}
	p.lines = text.New(r, func(code string) error { return p.fault(p.lines.No, code, "", "") })
	for {
		line, err := p.lines.Next()
		switch {
		case errors.Is(err, io.EOF):
			return p.end()
		case err != nil:
			return err
		}
		if err := p.take(line); err != nil {
			return err
		}
	}
}

// parser gathers the lines of a field, and the fields of a statement.
type parser struct {
	lines *text.Lines
	visit source.Visitor

	envelope bool // a {4: is open
	tag      string
	place    int // line of the tag
	value    []string
	length   int

	count int
	cur   *message
}

func (p *parser) fault(place int, code, field, detail string) error {
	at := p.count
	return &source.Fault{Format: Format, Statement: at, Place: place, Code: code, Field: field, Detail: detail}
}

// here is a fault in the field that is being read.
func (p *parser) here(code, detail string) error {
	return p.fault(p.place, code, ":"+p.tag+":", detail)
}

// take reads one line.
func (p *parser) take(raw []byte) error {
	line := bytes.TrimRight(raw, " \t")
	switch {
	case len(line) > 0 && line[0] == '{' && (p.tag != "86" || bytes.HasPrefix(line, []byte("{1:"))):
		return p.block(string(line))
	case string(line) == "-", bytes.HasPrefix(line, []byte("-}")):
		return p.close(string(line))
	}
	line = raw // a line of words may have been cut at a space
	if tag, rest, ok := cutTag(line); ok && (p.tag != "86" || known[tag]) {
		if err := p.flush(); err != nil {
			return err
		}
		p.tag, p.place = tag, p.lines.No
		line = rest
	} else if p.tag == "" {
		if len(bytes.TrimSpace(line)) == 0 {
			return nil
		}
		code := source.CodeStructure
		if p.count > 0 {
			code = source.CodeTrailing
		}
		return p.fault(p.lines.No, code, "", "text outside the fields")
	}
	if p.length += len(line) + 1; p.length > text.MaxLine {
		return p.here(source.CodeLong, "")
	}
	p.value = append(p.value, string(line))
	return nil
}

// cutTag takes the tag off a line that begins a field: two digits, perhaps a letter, between colons.
func cutTag(line []byte) (tag string, rest []byte, ok bool) {
	if len(line) < 4 || line[0] != ':' || !source.Digits(string(line[1:3])) {
		return "", nil, false
	}
	n := 3
	if c := line[3]; c >= 'A' && c <= 'Z' {
		n = 4
	}
	if len(line) <= n || line[n] != ':' {
		return "", nil, false
	}
	return string(line[1:n]), line[n+1:], true
}

// known are the tags that end the words of :86:. Others there are words.
var known = map[string]bool{
	"20": true, "21": true, "25": true, "25P": true, "28": true, "28C": true, "60F": true, "60M": true, "61": true, "86": true,
	"62F": true, "62M": true, "64": true, "65": true, "13": true, "13D": true, "34F": true, "90C": true, "90D": true,
}

// block reads the blocks before the text: {1:...}{2:O940...}{3:...}{4:
func (p *parser) block(line string) error {
	if bytes.HasPrefix([]byte(line), []byte("{5:")) && !p.envelope {
		return nil
	}
	if p.envelope || p.tag != "" || p.cur != nil {
		return p.fault(p.lines.No, source.CodeTruncated, "", "a message begins before the one before it ends")
	}
	if _, after, ok := strings.Cut(line, "{2:"); ok && len(after) >= 4 && after[1:4] != "940" {
		return p.fault(p.lines.No, source.CodeKind, "{2:}", "MT"+digitsOnly(after[1:4]))
	}
	_, rest, ok := strings.Cut(line, "{4:")
	if !ok {
		return nil
	}
	p.envelope = true
	if rest == "" {
		return nil
	}
	return p.take([]byte(rest))
}

func digitsOnly(s string) string {
	if source.Digits(s) {
		return s
	}
	return "?"
}

// close reads the end of a message, "-" or "-}".
func (p *parser) close(line string) error {
	if p.envelope != strings.HasPrefix(line, "-}") {
		return p.fault(p.lines.No, source.CodeStructure, "", "the end does not fit the beginning of the message")
	}
	p.envelope = false
	if err := p.flush(); err != nil {
		return err
	}
	return p.finish()
}

// end sees that the file ends where a message ends.
func (p *parser) end() error {
	if p.envelope {
		return p.fault(p.lines.No, source.CodeTruncated, "", "the end -} is missing")
	}
	if err := p.flush(); err != nil {
		return err
	}
	if err := p.finish(); err != nil {
		return err
	}
	if p.count == 0 {
		return p.fault(0, source.CodeMissing, ":20:", "")
	}
	return nil
}

// finish completes a statement.
func (p *parser) finish() error {
	m := p.cur
	if m == nil {
		return nil
	}
	p.cur = nil
	if !m.closed {
		return p.fault(p.lines.No, source.CodeTruncated, ":62F:", "the closing balance is missing")
	}
	m.period()
	if p.visit.End == nil {
		return nil
	}
	return p.visit.End(m.head)
}

// flush gives the field that was read to the statement.
func (p *parser) flush() error {
	if p.tag == "" {
		return nil
	}
	err := p.field()
	p.tag, p.value, p.length = "", p.value[:0], 0
	return err
}
