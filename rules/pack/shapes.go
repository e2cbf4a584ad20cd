package pack

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// maxCount bounds every count of the pack; no parameter of the law comes near.
const maxCount = 1_000_000

// value reads the value of a row by the shape of its key: its one-line text and its typed
// form. Faults go to the loader.
func (r *reader) value(n *yaml.Node, s spec, v Value) (string, any) {
	if table := s.shape == shapeBands || s.shape == shapeRungs; !table && (n.Kind != yaml.ScalarNode || n.Value == "") {
		r.fault(n, "value of %s must be a single text or number", v.Key)
		return "", nil
	}
	text := n.Value
	switch s.shape {
	case shapeBands:
		return r.bands(n)
	case shapeRungs:
		return r.rungs(n)
	case shapeMoney:
		a, err := money.Parse(text)
		if err != nil || !a.IsPositive() {
			r.fault(n, "value %q is not a positive sum", text)
		}
		return text, a
	case shapeCount:
		return text, r.count(n, "value")
	case shapeTerm:
		return text, Term{N: r.count(n, "value"), Unit: v.Unit, Counting: r.counting(n, v.Counting)}
	case shapeFlag:
		if text != "true" && text != "false" {
			r.fault(n, "value %q is neither true nor false", text)
		}
		return text, text == "true"
	case shapeWord:
		if len(s.words) > 0 && !slices.Contains(s.words, text) {
			r.fault(n, "value %q is none of %s", text, strings.Join(s.words, ", "))
		}
		if len(s.words) == 0 && !isName(text) {
			r.fault(n, "value %q is not a lower-case name", text)
		}
		return text, text
	case shapeRounding:
		if !money.Rounding(text).Valid() {
			r.fault(n, "value %q is not a rounding", text)
		}
		return text, text
	case shapeDate:
		if _, err := calendar.ParseDate(text); err != nil {
			r.fault(n, "value %q is not a date YYYY-MM-DD", text)
		}
		return text, text
	case shapeRate:
		return text, r.rate(n, text+"%")
	case shapeWindow:
		return text, r.window(n)
	}
	r.fault(n, "no reader for %s", v.Key)
	return "", nil
}

// count reads a positive whole number in plain digits.
func (r *reader) count(n *yaml.Node, what string) int {
	c, err := strconv.Atoi(n.Value)
	if err != nil || c < 1 || c > maxCount || strconv.Itoa(c) != n.Value {
		r.fault(n, "%s %q is not a whole number from 1 to %d", what, n.Value, maxCount)
		return 0
	}
	return c
}

func (r *reader) counting(n *yaml.Node, s string) calendar.Counting {
	start, end, _ := strings.Cut(s, " ")
	if start != "next_day" && start != "same_day" || end != "roll" && end != "keep" {
		r.fault(n, "counting %q is not next_day or same_day, then roll or keep", s)
	}
	return calendar.Counting{StartNextDay: start == "next_day", RollForward: end == "roll"}
}

func (r *reader) rate(n *yaml.Node, text string) money.Rate {
	rate, err := money.ParseRate(text)
	whole, _ := money.ParseRate("100 %")
	if err != nil || rate.Cmp(whole) > 0 {
		r.fault(n, "%q is not a percentage from 0 to 100", n.Value)
	}
	return rate
}

// window reads "21:00-09:00".
func (r *reader) window(n *yaml.Node) Window {
	from, to, ok := strings.Cut(n.Value, "-")
	a, ok1 := minute(from)
	b, ok2 := minute(to)
	if !ok || !ok1 || !ok2 || a == b {
		r.fault(n, "value %q is not a span of local time such as 21:00-09:00", n.Value)
	}
	return Window{From: a, To: b}
}

func minute(s string) (int, bool) {
	t, err := time.Parse("15:04", s)
	return t.Hour()*60 + t.Minute(), err == nil && len(s) == 5
}

// bands reads the fee scale: rising upper ends, the last band open.
func (r *reader) bands(n *yaml.Node) (string, any) {
	var out []Band
	var text []string
	entries := r.sequence(n, "value")
	for i, e := range entries {
		f, ok := r.mapping(e, "band", "up_to", "rate")
		if !ok {
			continue
		}
		b := Band{}
		if rate := r.text(e, f, "rate"); rate != "" {
			b.Rate = r.rate(f["rate"], rate)
			if !strings.HasSuffix(rate, "%") || b.Rate.IsZero() {
				r.fault(f["rate"], "rate %q must be a positive percentage with its sign", rate)
			}
		}
		last := i == len(entries)-1
		switch {
		case f["up_to"] == nil && !last:
			r.fault(e, "only the last band is without up_to")
		case f["up_to"] != nil && last:
			r.fault(e, "the last band must be without up_to, so that every sum has a band")
		case f["up_to"] != nil:
			b.UpTo = r.count(f["up_to"], "up_to")
			if i > 0 && len(out) > 0 && b.UpTo <= out[len(out)-1].UpTo {
				r.fault(f["up_to"], "bands must rise: %d does not follow %d", b.UpTo, out[len(out)-1].UpTo)
			}
			text = append(text, "≤ "+strconv.Itoa(b.UpTo)+": "+b.Rate.String())
		default:
			text = append(text, "…: "+b.Rate.String())
		}
		out = append(out, b)
	}
	return strings.Join(text, "; "), out
}

// rungs reads the notice ladder.
func (r *reader) rungs(n *yaml.Node) (string, any) {
	var out []Rung
	var text []string
	for _, e := range r.sequence(n, "value") {
		f, ok := r.mapping(e, "rung", "channels", "wait")
		if !ok {
			continue
		}
		if f["channels"] == nil || f["wait"] == nil {
			r.fault(e, "a rung needs channels and wait")
			continue
		}
		var rung Rung
		for _, c := range r.sequence(f["channels"], "channels") {
			if !isName(c.Value) || slices.Contains(rung.Channels, c.Value) {
				r.fault(c, "channel %q is not a name, or stands twice", c.Value)
			}
			rung.Channels = append(rung.Channels, c.Value)
		}
		hours := r.count(f["wait"], "wait")
		rung.Wait = time.Duration(hours) * time.Hour
		out = append(out, rung)
		text = append(text, strings.Join(rung.Channels, "+")+" "+strconv.Itoa(hours))
	}
	return strings.Join(text, "; "), out
}
