package rules

import (
	"encoding/json"
	"fmt"
	"strings"
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

// AppendJSON adds the compact JSON of the trace to b and returns the longer slice. It is written for every decision and kept
// for ever, so it says nothing twice: a step is [rule, outcome, fact, …], the outcome of a rule that is met is 1 and of one that
// worked something out 2, a fact is "key=value", and a fact that has been said before in this trace, and not otherwise since, is
// its key alone:
//
//	[["mci.general",1,"mci=4325.00","opening_day=2026-09-01"],["threshold.limit","fail","amount=86500.00","opening_day"]]
//
// The guards of a gate that was open, which every coercive order has, are one step with the facts of all of them.
//
// No reflection is used.
func (t Trace) AppendJSON(b []byte) []byte {
	var room [48]*Fact
	said := room[:0]
	b = append(b, '[')
	for i := 0; i < len(t); i++ {
		if i > 0 {
			b = append(b, ',')
		}
		if n := t[i:].gateLen(); n > 0 {
			b = append(append(b, `["`...), guardsPassed...)
			b = append(b, `",1`...)
			for j := i; j < i+n; j++ {
				for k := range t[j].Facts {
					b, said = t[j].Facts[k].append(append(b, ','), said)
				}
			}
			b = append(b, ']')
			i += n - 1
			continue
		}
		b = appendString(append(b, '['), t[i].Rule)
		switch t[i].Outcome {
		case StepPass:
			b = append(b, ',', '1')
		case StepComputed:
			b = append(b, ',', '2')
		default:
			b = appendString(append(b, ','), t[i].Outcome)
		}
		for j := range t[i].Facts {
			b, said = t[i].Facts[j].append(append(b, ','), said)
		}
		b = append(b, ']')
	}
	return append(b, ']')
}

// append adds one fact, given those that were said before it. A key with a sign of equality, which none of ours has, is
// written as a pair.
func (f *Fact) append(b []byte, said []*Fact) ([]byte, []*Fact) {
	if strings.IndexByte(f.Key, '=') >= 0 {
		b = appendString(append(b, '['), f.Key)
		b = appendString(append(b, ','), f.Value)
		return append(b, ']'), said
	}
	for i, old := range said {
		if old.Key == f.Key {
			if old.Value == f.Value {
				return appendString(b, f.Key), said
			}
			said[i] = f
			return f.appendWhole(b), said
		}
	}
	return f.appendWhole(b), append(said, f)
}

func (f *Fact) appendWhole(b []byte) []byte {
	b = appendString(b, f.Key)
	b[len(b)-1] = '=' // in place of the quote at the end
	start := len(b)
	b = appendString(b, f.Value)
	return append(b[:start], b[start+1:]...) // without the quote at the beginning
}

// MarshalJSON gives the text of AppendJSON.
func (t Trace) MarshalJSON() ([]byte, error) { return t.AppendJSON(nil), nil }

// UnmarshalJSON reads what AppendJSON wrote.
func (t *Trace) UnmarshalJSON(b []byte) error {
	var steps [][]json.RawMessage
	if err := json.Unmarshal(b, &steps); err != nil {
		return err
	}
	said := map[string]string{}
	*t = nil
	for i, raw := range steps {
		if len(raw) < 2 {
			return fmt.Errorf("rules: step %d is not a rule with an outcome", i)
		}
		s := Step{Outcome: StepPass}
		if err := json.Unmarshal(raw[0], &s.Rule); err != nil {
			return fmt.Errorf("rules: step %d: %w", i, err)
		}
		switch string(raw[1]) {
		case "1":
		case "2":
			s.Outcome = StepComputed
		default:
			if err := json.Unmarshal(raw[1], &s.Outcome); err != nil {
				return fmt.Errorf("rules: step %s: %w", s.Rule, err)
			}
		}
		for _, one := range raw[2:] {
			f, err := readFact(one, said)
			if err != nil {
				return fmt.Errorf("rules: step %s: %w", s.Rule, err)
			}
			s.Facts = append(s.Facts, f)
		}
		if s.Rule == guardsPassed {
			gate := passed(s.Facts)
			if gate == nil || s.Outcome != StepPass {
				return fmt.Errorf("rules: step %s has not the facts of its guards", s.Rule)
			}
			*t = append(*t, gate...)
			continue
		}
		*t = append(*t, s)
	}
	return nil
}

func readFact(raw json.RawMessage, said map[string]string) (Fact, error) {
	if raw[0] == '[' {
		var pair []string
		if err := json.Unmarshal(raw, &pair); err != nil {
			return Fact{}, err
		}
		if len(pair) != 2 {
			return Fact{}, fmt.Errorf("a fact of %d parts is not a pair", len(pair))
		}
		return Fact{pair[0], pair[1]}, nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return Fact{}, err
	}
	key, value, whole := strings.Cut(text, "=")
	if whole {
		said[key] = value
		return Fact{key, value}, nil
	}
	value, known := said[key]
	if !known {
		return Fact{}, fmt.Errorf("the fact %q has no value and none before it", key)
	}
	return Fact{key, value}, nil
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
