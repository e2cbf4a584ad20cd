package intake

import "bytes"

// splitter takes rows with quotes apart, line by line, so that a value over many lines costs no more than its length.
type splitter struct {
	text   []byte // of the values, unquoted, one after the other
	ends   []int  // where each value ends in text
	open   bool   // the last line ended inside quotes
	broken bool   // there was text between a closing quote and the next delimiter
}

func (s *splitter) reset() {
	s.text, s.ends, s.open, s.broken = s.text[:0], s.ends[:0], false, false
}

// feed takes one line; it is false while a quote is open at its end.
func (s *splitter) feed(line []byte, delim byte) bool {
	i := 0
	if s.open {
		s.text = append(s.text, '\n')
	}
	for {
		if s.open || i < len(line) && line[i] == '"' {
			if !s.open {
				i++
			}
			if i = s.unquote(line, i); s.open {
				return false
			}
			if rest := bytes.TrimLeft(line[i:], " "); len(rest) > 0 && rest[0] != delim {
				s.broken = true
			}
		}
		d := bytes.IndexByte(line[i:], delim)
		if d < 0 {
			s.text = append(s.text, line[i:]...)
			s.ends = append(s.ends, len(s.text))
			return true
		}
		s.text = append(s.text, line[i:i+d]...)
		s.ends = append(s.ends, len(s.text))
		i += d + 1
	}
}

// unquote reads on inside quotes from i and returns the place after the closing quote.
func (s *splitter) unquote(line []byte, i int) int {
	s.open = true
	for {
		q := bytes.IndexByte(line[i:], '"')
		if q < 0 {
			s.text = append(s.text, line[i:]...)
			return len(line)
		}
		s.text = append(s.text, line[i:i+q]...)
		i += q + 1
		if i >= len(line) || line[i] != '"' {
			s.open = false
			return i
		}
		s.text = append(s.text, '"')
		i++
	}
}

// values gives the values of a whole row as parts of one string.
func (s *splitter) values() []string {
	all, from := string(s.text), 0
	values := make([]string, len(s.ends))
	for i, end := range s.ends {
		values[i], from = all[from:end], end
	}
	return values
}
