package stop

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Measures is a set of what the robot does against a debtor.
type Measures uint8

// Measures, each by itself.
const (
	Open     Measures = 1 << iota // a case is opened
	Arrest                        // money is held
	Collect                       // held money is taken
	HandOver                      // a private bailiff gets the case
	Notify                        // the opening notice and the reminder
	Register                      // the debtor is entered into the public register
)

// None and All are nothing and everything.
const (
	None Measures = 0
	All           = Open | Arrest | Collect | HandOver | Notify | Register
)

// Names are the measures by name, in the order of their bits.
var Names = []string{"open", "arrest", "collect", "hand_over", "notify", "register"}

// Has says whether all of other is in m.
func (m Measures) Has(other Measures) bool { return m&other == other }

// Any says whether some of other is in m.
func (m Measures) Any(other Measures) bool { return m&other != 0 }

// List gives the names of the measures in m.
func (m Measures) List() []string {
	var out []string
	for i, name := range Names {
		if m&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return out
}

// String names the measures in m, divided by points.
func (m Measures) String() string { return strings.Join(m.List(), ".") }

// ParseMeasures reads what String wrote.
func ParseMeasures(s string) (Measures, error) {
	var m Measures
	if s == "" {
		return m, nil
	}
	for name := range strings.SplitSeq(s, ".") {
		i := slices.Index(Names, name)
		if i < 0 {
			return 0, fmt.Errorf("stop: no measure %q", name)
		}
		m |= 1 << i
	}
	return m, nil
}

// Scope is what is stopped: all, or a kind and a name, such as measure:arrest, bank:halyk, source:minjust or region:75.
type Scope string

// Everything is the widest scope.
const Everything Scope = "all"

// Kinds of scopes besides [Everything].
const (
	KindMeasure = "measure"
	KindBank    = "bank"
	KindSource  = "source"
	KindRegion  = "region"
)

// Kinds lists them as people choose from them.
var Kinds = []string{"all", KindMeasure, KindRegion, KindSource, KindBank}

var (
	regionForm = regexp.MustCompile(`^[0-9]{2}$`)
	nameForm   = regexp.MustCompile(`^[^[:cntrl:]]{1,100}$`)
)

// ParseScope reads a scope as a person writes it.
func ParseScope(s string) (Scope, error) {
	s = strings.TrimSpace(s)
	kind, name, _ := strings.Cut(s, ":")
	name = strings.TrimSpace(name)
	ok := false
	switch kind {
	case string(Everything):
		ok = s == kind
	case KindMeasure:
		ok = slices.Contains(Names, name)
	case KindRegion:
		ok = regionForm.MatchString(name)
	case KindBank, KindSource:
		ok = nameForm.MatchString(name)
	}
	if !ok {
		return "", &ActError{CodeNoScope, fmt.Sprintf("%q is no scope: all, measure:%s, region:NN, source:NAME or bank:NAME", s, strings.Join(Names, "|"))}
	}
	if kind == string(Everything) {
		return Everything, nil
	}
	return Scope(kind + ":" + name), nil
}

// Kind and name of the scope; all has no name.
func (s Scope) Kind() string {
	kind, _, _ := strings.Cut(string(s), ":")
	return kind
}

// Name is whom or what the scope means; empty for all.
func (s Scope) Name() string {
	_, name, _ := strings.Cut(string(s), ":")
	return name
}

// Stops tells what the scope stops where it applies.
func (s Scope) Stops() Measures {
	switch s.Kind() {
	case KindMeasure:
		m, err := ParseMeasures(s.Name())
		if err != nil {
			return All // written by a later release: rather too much
		}
		return m
	case KindRegion:
		return All &^ Open
	case KindBank:
		return Arrest | Collect
	}
	return All
}
