package pack

import (
	"embed"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

//go:embed data
var embedded embed.FS

// Value is one dated parameter as it stands in the files, for lists and explanations.
type Value struct {
	Key      string         // dotted, lower case; names the rule in every trace
	Value    string         // one line of text; tables are written out in order
	Unit     string         // one of the units that the key allows
	Counting string         // terms only: "next_day roll", "same_day keep", …
	From     calendar.Date  // first day of validity
	To       calendar.Date  // last day of validity; unset means until further notice
	Citation string         // article and act, or the source of a practice
	Edition  calendar.Date  // edition of the act that was read; may be unset
	Basis    string         // act, press, practice or decision: how firm the value is
	Note     calendar.Names // the rule in plain words
	File     string         // where it stands
	Line     int            // from 1
}

// On reports whether the value is in force on d.
func (v Value) On(d calendar.Date) bool {
	return d >= v.From && (v.To.IsZero() || d <= v.To)
}

// Pack is one validated rule pack. It is immutable and safe for concurrent use.
type Pack struct {
	hash   string
	files  map[string][]byte
	values []Value          // sorted by key, then from
	byKey  map[string][]int // positions in values
	cal    *calendar.Calendar
	typed  typed
}

var loadDefault = sync.OnceValues(func() (*Pack, error) {
	sub, err := fs.Sub(embedded, "data")
	if err != nil {
		return nil, err
	}
	return Load(sub)
})

// Default returns the pack that is built into the program, parsed once. It panics if that
// pack is broken, which a test of this package excludes.
func Default() *Pack {
	p, err := loadDefault()
	if err != nil {
		panic(err)
	}
	return p
}

// LoadDir reads a pack from a directory; see [Load].
func LoadDir(path string) (*Pack, error) { return Load(os.DirFS(path)) }

// Hash identifies the content of the pack: SHA-256 in hex over the names and texts of its
// files. It does not depend on the order of files, on line endings or on a byte order mark.
func (p *Pack) Hash() string { return p.hash }

// ShortHash is the first 12 hex digits of [Pack.Hash], for people.
func (p *Pack) ShortHash() string { return p.hash[:12] }

// Files returns the texts of the pack by name, with line endings normalised. Stored beside
// decisions, they let [Load] rebuild the same pack, with the same hash, years later.
func (p *Pack) Files() map[string][]byte {
	out := maps.Clone(p.files)
	for name, text := range out {
		out[name] = slices.Clone(text)
	}
	return out
}

// Calendar returns the working days of the pack.
func (p *Pack) Calendar() *calendar.Calendar { return p.cal }

// Values returns every dated value, sorted by key and then by first day of validity.
func (p *Pack) Values() []Value { return slices.Clone(p.values) }

// Lookup returns the value of a key in force on a day. The key "calendar" stands for the
// special days of a year.
func (p *Pack) Lookup(key string, on calendar.Date) (Value, bool) {
	for _, i := range slices.Backward(p.byKey[key]) {
		if p.values[i].On(on) {
			return p.values[i], true
		}
	}
	return Value{}, false
}

// Has reports whether the key exists on any day.
func (p *Pack) Has(key string) bool { return len(p.byKey[key]) > 0 }

// CarriedForward reports whether the value of the key on a day comes from a row that began
// in an earlier year although such rows are renewed every year (the MCI): the decision is
// then made on the last known figure and should say so.
func (p *Pack) CarriedForward(key string, on calendar.Date) bool {
	if key != KeyMCI && key != keyMCISocial {
		return false
	}
	v, ok := p.Lookup(key, on)
	return ok && v.From.Year() < on.Year()
}

// series is a typed row per validity range, in order of time.
type series[T any] []span[T]

type span[T any] struct {
	from, to calendar.Date
	v        T
}

func (s series[T]) on(d calendar.Date) (v T, ok bool) {
	for i := len(s) - 1; i >= 0; i-- {
		if d >= s[i].from && (s[i].to.IsZero() || d <= s[i].to) {
			return s[i].v, true
		}
	}
	return v, false
}

// typed holds the parsed values; every key has exactly one home.
type typed struct {
	sums   map[string]series[money.Amount]
	counts map[string]series[int]
	flags  map[string]series[bool]
	words  map[string]series[string]
	terms  map[string]series[Term]
	bands  series[[]Band]
	ladder series[[]Rung]
	quiet  series[Window]
	rates  map[string]series[money.Rate]
}
