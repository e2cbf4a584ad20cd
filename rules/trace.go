package rules

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// Fact is one thing a step looked at: a name from the list in words.go and its value, an
// ISO date, a sum in tenge, a number or a plain word. Facts carry no personal data.
type Fact struct{ Key, Value string }

// Step is one application of one rule. Rule is a key of the rule pack, which carries the
// citation, the edition and the note.
type Step struct {
	Rule    string
	Facts   []Fact
	Outcome string // one of the Step words, or a word of the engine for its own acts
}

// Trace is the steps of a decision in the order they were taken.
type Trace []Step

// The outcomes of a step.
const (
	StepPass     = "pass"     // the rule is met
	StepFail     = "fail"     // the rule is not met; the last step of a rejection
	StepHold     = "hold"     // a person must look; the last step of a hold
	StepWarn     = "warn"     // not met or not decidable, without consequence
	StepComputed = "computed" // a date or sum was worked out
)

// AppendJSON adds the compact JSON of the trace to b and returns the longer slice:
// [{"r":"threshold.limit","f":[["amount","100.00"]],"o":"pass"}]. No reflection is used.
func (t Trace) AppendJSON(b []byte) []byte {
	b = append(b, '[')
	for i, s := range t {
		if i > 0 {
			b = append(b, ',')
		}
		b = s.AppendJSON(b)
	}
	return append(b, ']')
}

// MarshalJSON gives the text of AppendJSON.
func (t Trace) MarshalJSON() ([]byte, error) { return t.AppendJSON(nil), nil }

// AppendJSON adds the compact JSON of the step to b and returns the longer slice.
func (s Step) AppendJSON(b []byte) []byte {
	b = append(b, `{"r":`...)
	b = appendString(b, s.Rule)
	b = append(b, `,"f":[`...)
	for i, f := range s.Facts {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '[')
		b = appendString(b, f.Key)
		b = append(b, ',')
		b = appendString(b, f.Value)
		b = append(b, ']')
	}
	b = append(b, `],"o":`...)
	b = appendString(b, s.Outcome)
	return append(b, '}')
}

// MarshalJSON gives the text of AppendJSON.
func (s Step) MarshalJSON() ([]byte, error) { return s.AppendJSON(nil), nil }

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *Step) UnmarshalJSON(b []byte) error {
	var raw struct {
		R string     `json:"r"`
		F [][]string `json:"f"`
		O string     `json:"o"`
	}
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	*s = Step{Rule: raw.R, Outcome: raw.O}
	if len(raw.F) > 0 {
		s.Facts = make([]Fact, len(raw.F))
	}
	for i, f := range raw.F {
		if len(f) != 2 {
			return fmt.Errorf("rules: fact %d of step %s is not a pair", i, raw.R)
		}
		s.Facts[i] = Fact{f[0], f[1]}
	}
	return nil
}

const hexDigits = "0123456789abcdef"

// appendString adds a JSON string; bytes that are not UTF-8 become U+FFFD, as in
// encoding/json, and what HTML could mistake for markup is escaped.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' && c != 0x7f {
				i++
				continue
			}
			b = append(b, s[start:i]...)
			if c == '"' || c == '\\' {
				b = append(b, '\\', c)
			} else {
				b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			}
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 || r == '\u2028' || r == '\u2029' {
			b = append(b, s[start:i]...)
			b = append(b, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
			start = i + size
		}
		i += size
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}
