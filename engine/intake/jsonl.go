package intake

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// jsonlReader reads one flat object a line. Values are strings or null; the amount may also be a number, whose text is
// taken as it stands. Numbers elsewhere are refused, since an IIN loses its leading zeros as a number.
type jsonlReader struct {
	lines lineReader
	no    int
	scan  objectScanner
}

func looksLikeJSON(head []byte) bool {
	head = bytes.TrimLeft(head, " \t\r\n")
	return len(head) > 0 && head[0] == '{'
}

func openJSONL(in *input) (RowReader, error) { return &jsonlReader{lines: lineReader{r: in.r}}, nil }

// Format implements RowReader.
func (*jsonlReader) Format() string { return "jsonl;utf-8" }

func (*jsonlReader) layout() layout { return layout{} }

// Next implements RowReader.
func (j *jsonlReader) Next(row *Row) error {
	for {
		line, err := j.lines.next()
		if err != nil {
			return j.lines.explain(err, j.no+1)
		}
		if j.no++; j.no > maxRows {
			return tooManyRows(j.no)
		}
		if j.no == 1 {
			line = trimBOM(line)
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		*row = Row{No: j.no}
		if fault := j.object(row, line); fault.Code != "" {
			*row = Row{No: j.no, Fault: fault, Raw: strings.ToValidUTF8(string(line), "\uFFFD")}
		}
		return nil
	}
}

// object reads one line. A name met twice or unknown breaks the row: readers that keep the first and readers that keep
// the last value would see different writs.
func (j *jsonlReader) object(row *Row, line []byte) Problem {
	malformed := Problem{Code: CodeRowMalformed}
	if !utf8.Valid(line) {
		return malformed
	}
	s := &j.scan
	s.text, s.at = string(line), 0
	var seen [FieldCount]bool
	if !s.eat('{') {
		return malformed
	}
	for first := true; !s.eat('}'); first = false {
		if !first && !s.eat(',') {
			return malformed
		}
		name, ok := s.str()
		if !ok || !s.eat(':') {
			return malformed
		}
		f, known := fieldByName[name]
		if !known {
			return malformed
		}
		if seen[f] {
			return Problem{Code: CodeRowMalformed, Field: f.String()}
		}
		seen[f] = true
		if row.Values[f], ok = s.value(f == FieldAmount); !ok {
			return Problem{Code: CodeRowMalformed, Field: f.String()}
		}
	}
	if s.space(); s.at != len(s.text) {
		return malformed
	}
	return Problem{}
}

// objectScanner reads a flat JSON object. It is several times faster than encoding/json, which it asks only to decode
// strings with escapes.
type objectScanner struct {
	text string
	at   int
}

func (s *objectScanner) space() {
	for s.at < len(s.text) && (s.text[s.at] == ' ' || s.text[s.at] == '\t' || s.text[s.at] == '\r') {
		s.at++
	}
}

func (s *objectScanner) eat(c byte) bool {
	if s.space(); s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *objectScanner) str() (string, bool) {
	if !s.eat('"') {
		return "", false
	}
	from, escaped := s.at, false
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '"':
			raw := s.text[from:s.at]
			s.at++
			if !escaped {
				return raw, true
			}
			var out string
			if json.Unmarshal([]byte(s.text[from-1:s.at]), &out) != nil {
				return "", false
			}
			return out, true
		case c == '\\':
			escaped = true
			s.at++
		case c < ' ':
			return "", false
		}
	}
	return "", false
}

func (s *objectScanner) value(number bool) (string, bool) {
	s.space()
	rest := s.text[s.at:]
	switch {
	case strings.HasPrefix(rest, "null"):
		s.at += len("null")
		return "", true
	case strings.HasPrefix(rest, `"`):
		return s.str()
	case !number:
		return "", false
	}
	n := strings.IndexFunc(rest, func(r rune) bool { return !strings.ContainsRune("0123456789+-.eE", r) })
	if n <= 0 || !json.Valid([]byte(rest[:n])) {
		return "", false
	}
	s.at += n
	return rest[:n], true
}

// appendObject writes the values of a row as such an object; empty ones are left out.
func (r *Row) appendObject(b []byte) []byte {
	b = append(b, `{"row":`...)
	b = strconv.AppendInt(b, int64(r.No), 10)
	add := func(name, value string) {
		if value == "" {
			return
		}
		text, err := json.Marshal(value)
		if err != nil {
			return // a string always has a JSON form
		}
		b = append(append(append(b, `,"`...), name...), `":`...)
		b = append(b, text...)
	}
	for f, value := range r.Values {
		add(fieldNames[f], value)
	}
	add("raw", r.Raw)
	return append(b, '}')
}
