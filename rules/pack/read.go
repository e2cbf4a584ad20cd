package pack

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"robotbailiff/rules/calendar"
)

// reader reads nodes of one file and reports faults with their line.
type reader struct {
	l    *loader
	file string
}

// row is one parsed entry of `values`.
type row struct {
	Value
	parsed any // the typed form, by the shape of the key
	spec   spec
}

var bases = []string{"act", "press", "practice", "decision"}

func (r *reader) fault(n *yaml.Node, format string, args ...any) {
	r.l.fault(r.file, n.Line, format, args...)
}

// mapping returns the fields of a mapping; unknown and repeated keys are faults.
func (r *reader) mapping(n *yaml.Node, what string, allowed ...string) (map[string]*yaml.Node, bool) {
	if n.Kind != yaml.MappingNode {
		r.fault(n, "%s must be a mapping", what)
		return nil, false
	}
	out := make(map[string]*yaml.Node, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		switch {
		case !slices.Contains(allowed, k.Value):
			r.fault(k, "unknown key %q in %s", k.Value, what)
		case out[k.Value] != nil:
			r.fault(k, "key %q twice in %s", k.Value, what)
		default:
			out[k.Value] = n.Content[i+1]
		}
	}
	return out, true
}

func (r *reader) sequence(n *yaml.Node, what string) []*yaml.Node {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		r.fault(n, "%s must be a list with at least one entry", what)
		return nil
	}
	return n.Content
}

// text returns a required, trimmed, single-line scalar.
func (r *reader) text(in *yaml.Node, f map[string]*yaml.Node, key string) string {
	n := f[key]
	switch {
	case n == nil:
		r.fault(in, "%s is missing", key)
	case n.Kind != yaml.ScalarNode || n.Tag == "!!null" || strings.TrimSpace(n.Value) == "":
		r.fault(n, "%s must be a text", key)
	case n.Value != strings.TrimSpace(n.Value) || strings.ContainsAny(n.Value, "\n\r\t"):
		r.fault(n, "%s must be one line without spaces around it", key)
	default:
		return n.Value
	}
	return ""
}

// date returns a date; an absent optional one is unset.
func (r *reader) date(in *yaml.Node, f map[string]*yaml.Node, key string, required bool) calendar.Date {
	if f[key] == nil && !required {
		return 0
	}
	s := r.text(in, f, key)
	if s == "" {
		return 0
	}
	d, err := calendar.ParseDate(s)
	if err != nil {
		r.fault(f[key], "%s must be a date YYYY-MM-DD", key)
	}
	return d
}

// names returns a text in all three languages.
func (r *reader) names(in *yaml.Node, f map[string]*yaml.Node, key string) calendar.Names {
	if f[key] == nil {
		r.fault(in, "%s is missing: it is needed in kk, ru and en", key)
		return calendar.Names{}
	}
	langs, ok := r.mapping(f[key], key, "kk", "ru", "en")
	if !ok {
		return calendar.Names{}
	}
	return calendar.Names{
		KK: r.text(f[key], langs, "kk"),
		RU: r.text(f[key], langs, "ru"),
		EN: r.text(f[key], langs, "en"),
	}
}

// row reads one entry of `values`.
func (r *reader) row(n *yaml.Node) {
	before := len(r.l.faults)
	f, ok := r.mapping(n, "value", "key", "value", "unit", "counting", "from", "to", "citation", "edition", "basis", "note")
	if !ok {
		return
	}
	v := Value{
		Key:      r.text(n, f, "key"),
		Unit:     r.text(n, f, "unit"),
		From:     r.date(n, f, "from", true),
		To:       r.date(n, f, "to", false),
		Citation: r.text(n, f, "citation"),
		Edition:  r.date(n, f, "edition", false),
		Basis:    r.text(n, f, "basis"),
		Note:     r.names(n, f, "note"),
		File:     r.file,
		Line:     n.Line,
	}
	if f["counting"] != nil {
		v.Counting = r.text(n, f, "counting")
	}
	if v.Basis != "" && !slices.Contains(bases, v.Basis) {
		r.fault(f["basis"], "basis %q is none of %s", v.Basis, strings.Join(bases, ", "))
	}
	if !v.To.IsZero() && v.To < v.From {
		r.fault(f["to"], "to %s is before from %s", v.To, v.From)
	}
	s, known := specOf(v.Key)
	if v.Key != "" && !known {
		r.fault(f["key"], "unknown key %q", v.Key)
	}
	if !known {
		return
	}
	if v.Unit != "" && !slices.Contains(s.units, v.Unit) {
		r.fault(f["unit"], "unit %q of %s is none of %s", v.Unit, v.Key, strings.Join(s.units, ", "))
	}
	if (f["counting"] != nil) != (s.shape == shapeTerm) {
		r.fault(n, "counting belongs to terms, and every term needs it")
	}
	if f["value"] == nil {
		r.fault(n, "value is missing")
		return
	}
	text, parsed := r.value(f["value"], s, v)
	if len(r.l.faults) > before {
		return
	}
	v.Value = text
	r.l.rows = append(r.l.rows, row{Value: v, parsed: parsed, spec: s})
}
