package intake

import (
	"bufio"
	"encoding/binary"
	"os"
	"strings"

	"robotbailiff/internal/xmlscan"
)

// skip reads past the element whose start tag was read.
func skip(s *xmlscan.Scanner) error {
	_, err := inside(s, nil, func(string) bool { return false }, false)
	return err
}

// ownText appends the text of the element whose start tag was read.
func ownText(s *xmlscan.Scanner, to []byte) ([]byte, error) {
	return inside(s, to, func(string) bool { return false }, true)
}

// richText appends the text of a string that may be in several runs; how it is pronounced is not part of it.
func richText(s *xmlscan.Scanner, to []byte) ([]byte, error) {
	return inside(s, to, func(name string) bool { return name == "t" }, false)
}

// inside reads an element to its end and appends its own text when own is true, and that of the elements below that take
// says. A text longer than maxValue is cut: it is refused all the same, and needs no memory.
func inside(s *xmlscan.Scanner, to []byte, take func(name string) bool, own bool) ([]byte, error) {
	from, depth, taking, silent := len(to), 1, 0, 0 // taking and silent are the depths of elements, or 0
	for depth > 0 {
		kind, err := s.Next()
		if err != nil {
			return to, err
		}
		switch kind {
		case xmlscan.Open:
			depth++
			switch _, name := xmlscan.SplitName(s.Name); {
			case silent == 0 && string(name) == "rPh":
				silent = depth
			case silent == 0 && taking == 0 && take(string(name)):
				taking = depth
			}
		case xmlscan.Close:
			if depth == taking {
				taking = 0
			}
			if depth == silent {
				silent = 0
			}
			depth--
		case xmlscan.Text:
			if own && depth == 1 || depth == taking {
				if to = append(to, s.Text...); len(to)-from > maxValue {
					to = to[:from+maxValue+1]
				}
			}
		default: // a comment
			if taking != 0 || own {
				return to, xmlscan.Broken("there is a comment inside a value")
			}
		}
	}
	return to, nil
}

// maxStrings is the number of shared strings when every cell of a full sheet has its own.
const maxStrings = maxSheetRow * int(FieldCount)

// stringTable holds the shared strings of a workbook in a temporary file, since they may be as much as the whole batch.
// In memory it has the place of every 64th string and the blocks that were used lately; cells mostly follow the order of
// the table.
type stringTable struct {
	file   *os.File
	blocks []int64
	n      int
	size   int64
	lately map[int][]string
	held   int64 // bytes of them
}

const (
	blockStrings = 64
	maxHeld      = 16 << 20
)

// readStrings copies the shared strings. A workbook without any has no such part.
func (w *workbook) readStrings(part string) (t *stringTable, err error) {
	t = &stringTable{lately: map[int][]string{}}
	if part == "" {
		return t, nil
	}
	s, err := w.scanner(part)
	if err != nil {
		return t, err
	}
	if t.file, err = unnamed(); err != nil {
		return t, err
	}
	out := bufio.NewWriterSize(t.file, bufferBytes)
	var text []byte
	for {
		kind, err := s.Next()
		switch {
		case err != nil:
			return t, err
		case kind == xmlscan.Done:
			return t, out.Flush()
		case kind != xmlscan.Open:
			continue
		}
		if _, name := xmlscan.SplitName(s.Name); string(name) != "si" || s.Depth() != 2 {
			continue
		}
		if text, err = richText(s, text[:0]); err != nil {
			return t, err
		}
		if t.n == maxStrings {
			return t, brokenWorkbook("there are too many strings")
		}
		if err := t.add(out, unescapeCell(text, 0)); err != nil {
			return t, err
		}
	}
}

func (t *stringTable) add(out *bufio.Writer, text []byte) error {
	if t.n%blockStrings == 0 {
		t.blocks = append(t.blocks, t.size)
	}
	var room [binary.MaxVarintLen64]byte
	head := binary.AppendUvarint(room[:0], uint64(len(text)))
	if _, err := out.Write(head); err != nil {
		return err
	}
	_, err := out.Write(text)
	t.n++
	t.size += int64(len(head) + len(text))
	return err
}

// get gives the string with a number.
func (t *stringTable) get(i int) (string, error) {
	if i >= t.n {
		return "", xmlscan.Broken("a cell points at a string that is not there")
	}
	block, ok := t.lately[i/blockStrings]
	if !ok {
		var err error
		if block, err = t.load(i / blockStrings); err != nil {
			return "", err
		}
	}
	return block[i%blockStrings], nil
}

func (t *stringTable) load(n int) ([]string, error) {
	end := t.size
	if n+1 < len(t.blocks) {
		end = t.blocks[n+1]
	}
	raw := make([]byte, end-t.blocks[n])
	if _, err := t.file.ReadAt(raw, t.blocks[n]); err != nil {
		return nil, err
	}
	all := string(raw)
	block := make([]string, 0, blockStrings)
	for at := 0; at < len(all); {
		length, head := binary.Uvarint(raw[at:])
		at += head
		block = append(block, all[at:at+int(length)])
		at += int(length)
	}
	cost := int64(len(all)) + blockStrings*16 + 100 // the bytes, the strings, their place in the map
	if t.held += cost; t.held > maxHeld {
		clear(t.lately)
		t.held = cost
	}
	t.lately[n] = block
	return block, nil
}

func (t *stringTable) close() {
	if t != nil {
		drop(t.file)
	}
}

// readStyles finds the styles under which a number is a date.
func (w *workbook) readStyles(part string) (dates []bool, err error) {
	if part == "" {
		return nil, nil
	}
	own := map[string]bool{}
	inside := false
	err = w.elements(part, func(name string, s *xmlscan.Scanner) {
		switch name {
		case "numFmt":
			if len(own) < maxStyles {
				own[string(s.Attr("numFmtId"))] = showsDate(string(s.Attr("formatCode")))
			}
		case "cellXfs":
			inside = true
		case "cellStyles", "dxfs":
			inside = false
		case "xf":
			if inside && len(dates) < maxStyles {
				id := string(s.Attr("numFmtId"))
				date, known := own[id]
				dates = append(dates, known && date || !known && dateFormat(id))
			}
		}
	})
	return dates, err
}

// maxStyles is the most that a spreadsheet allows.
const maxStyles = 65_490

// dateFormat knows the formats that every spreadsheet has.
func dateFormat(id string) bool {
	n, ok := number([]byte(id))
	return ok && (n >= 14 && n <= 17 || n == 22 || n >= 27 && n <= 31 || n == 36 || n >= 50 && n <= 58)
}

// showsDate says whether a format shows a day or a year outside quotes, escapes and brackets.
func showsDate(code string) bool {
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case '"', '[':
			end := strings.IndexByte(code[i+1:], map[byte]byte{'"': '"', '[': ']'}[c])
			if end < 0 {
				return false
			}
			i += end + 1
		case '\\', '_', '*':
			i++
		case 'd', 'D', 'y', 'Y':
			return true
		case ';':
			return false
		}
	}
	return false
}
