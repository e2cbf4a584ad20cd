package onec

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"

	"golang.org/x/text/encoding/charmap"

	"robotbailiff/payments/source"
	"robotbailiff/payments/source/text"
)

// Format is what statements of this package have as theirs.
const Format = "1c"

// maxSections bounds the accounts and days of one file.
const maxSections = 400

// encodingInDOS is the name of the key that tells the character set, in that of DOS: there it decides, and elsewhere the letters
// tell themselves whether they are UTF-8 or CP1251.
var encodingInDOS = func() []byte {
	b, _ := charmap.CodePage866.NewEncoder().Bytes([]byte("Кодировка=DOS")) // it has all these letters
	return b
}()

// Read tells a visitor the statements of a file. It is a [source.Reader].
func Read(r io.Reader, v source.Visitor) error {
	in := bufio.NewReaderSize(r, 4096)
	head, err := in.Peek(4096)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	p := &parser{visit: v}
	p.lines = text.New(in, func(code string) error { return p.fault(p.lines.No, code, "", "") })
	if bytes.Contains(head, encodingInDOS) {
		p.lines.Set = text.CP866
	}
	for {
		line, err := p.lines.Next()
		switch {
		case errors.Is(err, io.EOF):
			return p.end()
		case err != nil:
			return err
		}
		if err := p.take(strings.TrimSpace(string(line))); err != nil {
			return err
		}
	}
}

type state uint8

const (
	before state = iota // the first line
	between
	inAccount
	inDocument
	after // the end of the file
)

type parser struct {
	lines *text.Lines
	visit source.Visitor

	state    state
	header   record
	rec      record
	last     key // of the record, for words that go on in the next line
	sections []*section
	line     source.Line
}

// record is what one section tells.
type record struct {
	place  int
	values [keyCount]string
	length int
}

func (p *parser) fault(place int, code, field, detail string) error {
	return &source.Fault{Format: Format, Place: place, Code: code, Field: field, Detail: detail}
}

func (p *parser) take(line string) error {
	if p.state == before {
		if !strings.EqualFold(line, Header) {
			return p.fault(p.lines.No, source.CodeFormat, "", "the first line is not "+Header)
		}
		p.state = between
		return nil
	}
	name, value, divided := strings.Cut(line, "=")
	name = strings.TrimSpace(name)
	switch word := strings.ToUpper(name); {
	case line == "":
		return nil
	case p.state == after:
		return p.fault(p.lines.No, source.CodeTrailing, "", "")
	case word == beginAccount:
		return p.begin(inAccount)
	case word == beginDocument:
		return p.begin(inDocument)
	case word == endAccount && p.state == inAccount:
		p.state = between
		return p.closeAccount()
	case word == endDocument && p.state == inDocument:
		p.state = between
		return p.closeDocument()
	case word == endFile:
		if p.state != between {
			return p.fault(p.lines.No, source.CodeStructure, name, "within a section")
		}
		p.state = after
		return nil
	}
	return p.value(line, name, strings.TrimSpace(value), divided)
}

func (p *parser) begin(next state) error {
	if p.state != between {
		return p.fault(p.lines.No, source.CodeTruncated, "", "a section begins before the one before it ends")
	}
	p.state, p.last = next, 0
	p.rec = record{place: p.lines.No}
	return nil
}

// value reads one key of a section or of the file itself.
func (p *parser) value(line, name, value string, divided bool) error {
	rec := &p.rec
	if p.state == between {
		if len(p.sections) > 0 {
			return p.fault(p.lines.No, source.CodeStructure, "", "text between sections")
		}
		rec = &p.header
	}
	if rec.length += len(line); rec.length > text.MaxLine {
		return p.fault(p.lines.No, source.CodeLong, "", "")
	}
	k, known := keyOf(name)
	if !divided || !known && !looksLikeKey(name) {
		if p.state == inDocument && p.last == purpose {
			rec.values[purpose] += " " + line
			return nil
		}
		return p.fault(p.lines.No, source.CodeStructure, "", "neither a key nor words that go on")
	}
	p.last = k
	switch had := rec.values[k]; {
	case !known || value == "":
	case had == "" || p.state == between: // a file names each of its accounts
		rec.values[k] = value
	case had != value:
		return p.fault(p.lines.No, source.CodeTwice, name, "with two values")
	}
	return nil
}

// end sees that the file is whole. Where the mark of the end is missing, sums of control say as much.
func (p *parser) end() error {
	switch p.state {
	case before:
		return p.fault(0, source.CodeFormat, "", "an empty file")
	case inAccount, inDocument:
		return p.fault(p.lines.No, source.CodeTruncated, "", "within a section")
	case between, after:
	}
	if len(p.sections) == 0 {
		return p.fault(0, source.CodeMissing, "СекцияРасчСчет", "")
	}
	for _, s := range p.sections {
		if p.state == between && !s.controlled() {
			return p.fault(p.lines.No, source.CodeTruncated, "КонецФайла", "")
		}
		if err := p.totals(s); err != nil {
			return err
		}
	}
	if p.visit.End == nil {
		return nil
	}
	for _, s := range p.sections {
		if err := p.visit.End(s.head); err != nil {
			return err
		}
	}
	return nil
}
