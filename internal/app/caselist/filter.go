package caselist

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"robotbailiff/engine"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Sort is the order of a list.
type Sort string

// Orders. What is left of a debt has none, since it has no index: it changes in every life.
const (
	Newest   Sort = "new"      // case numbers downwards; the usual order
	Oldest   Sort = "old"      // case numbers upwards
	DueFirst Sort = "due"      // the day of the hand-over, the next one first; the usual order of a list between two such days
	DueLast  Sort = "due_last" // the same, the last one first
	SumUp    Sort = "sum"      // the sum of the writ, the smallest first
	SumDown  Sort = "sum_down" // the same, the largest first
)

// Sorts lists the orders.
var Sorts = []Sort{Newest, Oldest, DueFirst, DueLast, SumUp, SumDown}

// Flag is something that people look after.
type Flag string

// Flags.
const (
	Held      Flag = "hold"      // waits for a person
	Objected  Flag = "objection" // an objection stands
	Suspended Flag = "suspended"
	Arrested  Flag = "arrested" // money is held, or asked to be
	Lifting   Flag = "lift"     // the case has ended and its arrest has not
)

// Flags lists them.
var Flags = []Flag{Held, Objected, Suspended, Arrested, Lifting}

// The states of a filter besides those of a case.
const (
	StateOpen  = "open"  // not ended
	StateEnded = "ended" // ended, whichever way
)

// States lists what can be chosen, in the order of a life.
var States = append([]string{StateOpen, StateEnded}, names(engine.States)...)

func names[S ~string](all []S) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = string(s)
	}
	return out
}

// Filter says which cases are listed, how, and from where on. It is the query of an address and nothing else.
type Filter struct {
	Search string // word of a search; empty: none
	State  string
	Region string
	Source string
	Flag   Flag

	OpenedFrom, OpenedTo       calendar.Date
	VoluntaryFrom, VoluntaryTo calendar.Date // last day to pay of one's own will
	TermFrom, TermTo           calendar.Date // last day before the hand-over
	LeftFrom, LeftTo           money.Amount  // still to be paid

	Sort    Sort // empty: the usual one
	Columns string
	After   Cursor // the page after this case of the order
	Before  Cursor // the page before it
}

// Fields are the names of a filter in an address.
var Fields = []string{"s", "state", "region", "source", "flag", "opened_from", "opened_to", "voluntary_from", "voluntary_to", "term_from", "term_to", "left_from", "left_to", "sort", "cols", "after", "before"}

var (
	searchForm = regexp.MustCompile(`^[A-Za-z0-9_-]{22}$`)
	regionForm = regexp.MustCompile(`^[0-9]{2}$`)
)

// ParseFilter reads a filter from the query of an address. Fields that make no sense are named in bad and left out, in the order of
// [Fields]; names that it does not know are nobody's business here.
func ParseFilter(q url.Values) (f Filter, bad []string) {
	for _, name := range Fields {
		values := q[name]
		if name == "cols" && len(values) > 1 { // boxes of a form
			values = []string{strings.Join(values, "")}
		}
		if len(values) == 0 || len(values) == 1 && strings.TrimSpace(values[0]) == "" {
			continue
		}
		next := f
		if len(values) > 1 || !next.set(name, strings.TrimSpace(values[0])) {
			bad = append(bad, name)
			continue
		}
		f = next
	}
	for _, span := range []struct {
		name    string
		reverse bool
	}{
		{"opened_to", backwards(f.OpenedFrom, f.OpenedTo)},
		{"voluntary_to", backwards(f.VoluntaryFrom, f.VoluntaryTo)},
		{"term_to", backwards(f.TermFrom, f.TermTo)},
		{"left_to", !f.LeftTo.IsZero() && f.LeftTo.Less(f.LeftFrom)},
		{"before", f.After.set() && f.Before.set()},
	} {
		if span.reverse && !slices.Contains(bad, span.name) {
			bad = append(bad, span.name)
		}
	}
	return f, bad
}

func backwards(from, to calendar.Date) bool { return !from.IsZero() && !to.IsZero() && to.Before(from) }

func (f *Filter) set(name, v string) bool {
	switch name {
	case "s":
		f.Search = v
		return searchForm.MatchString(v)
	case "state":
		f.State = v
		return slices.Contains(States, v)
	case "region":
		f.Region = v
		return regionForm.MatchString(v)
	case "source":
		f.Source = v
		return len(v) <= 100 && strings.ToValidUTF8(v, "") == v && !strings.ContainsRune(v, 0)
	case "flag":
		f.Flag = Flag(v)
		return slices.Contains(Flags, f.Flag)
	case "sort":
		f.Sort = Sort(v)
		return slices.Contains(Sorts, f.Sort)
	case "cols":
		f.Columns = knownColumns(v)
		return f.Columns != "" && len(v) <= 64
	case "after":
		return f.After.parse(v)
	case "before":
		return f.Before.parse(v)
	case "left_from":
		return parseLeft(v, &f.LeftFrom)
	case "left_to":
		return parseLeft(v, &f.LeftTo)
	}
	return f.day(name).UnmarshalText([]byte(v)) == nil
}

func (f *Filter) day(name string) *calendar.Date {
	switch name {
	case "opened_from":
		return &f.OpenedFrom
	case "opened_to":
		return &f.OpenedTo
	case "voluntary_from":
		return &f.VoluntaryFrom
	case "voluntary_to":
		return &f.VoluntaryTo
	case "term_from":
		return &f.TermFrom
	}
	return &f.TermTo
}

func parseLeft(v string, into *money.Amount) bool {
	a, ok := parseSum(v)
	if ok {
		*into = a
	}
	return ok && len(v) <= 30 && a.Sign() >= 0
}

// Query writes a filter as the query of an address, without what is empty.
func (f Filter) Query() url.Values {
	q := url.Values{}
	set := func(name, v string) {
		if v != "" {
			q.Set(name, v)
		}
	}
	set("s", f.Search)
	set("state", f.State)
	set("region", f.Region)
	set("source", f.Source)
	set("flag", string(f.Flag))
	for _, name := range Fields {
		if strings.HasSuffix(name, "_from") || strings.HasSuffix(name, "_to") {
			if strings.HasPrefix(name, "left") {
				continue
			}
			if d := *f.day(name); !d.IsZero() {
				set(name, d.String())
			}
		}
	}
	if !f.LeftFrom.IsZero() {
		set("left_from", f.LeftFrom.String())
	}
	if !f.LeftTo.IsZero() {
		set("left_to", f.LeftTo.String())
	}
	set("sort", string(f.Sort))
	set("cols", f.Columns)
	set("after", f.After.String())
	set("before", f.Before.String())
	return q
}

// Lasting is the filter without the search and the place, which is what can be kept.
func (f Filter) Lasting() Filter {
	f.Search, f.After, f.Before = "", Cursor{}, Cursor{}
	return f
}

// Narrow says whether the filter leaves anything out besides by state and region.
func (f Filter) narrow() bool {
	f = f.Lasting()
	f.State, f.Region, f.Sort, f.Columns = "", "", "", ""
	return len(f.Query()) > 0
}

// order is the order in force.
func (f Filter) order() Sort {
	switch {
	case f.Sort != "":
		return f.Sort
	case !f.TermFrom.IsZero() || !f.TermTo.IsZero():
		return DueFirst
	}
	return Newest
}

// Cursor is a place in a list: the key of the order, and the case. The zero cursor is none.
type Cursor struct{ Key, ID int64 }

func (c Cursor) set() bool { return c.ID != 0 }

// String writes a cursor for an address.
func (c Cursor) String() string {
	if !c.set() {
		return ""
	}
	return fmt.Sprintf("%d.%d", c.Key, c.ID)
}

func (c *Cursor) parse(s string) bool {
	key, id, ok := strings.Cut(s, ".")
	k, err1 := strconv.ParseInt(key, 10, 64)
	n, err2 := strconv.ParseInt(id, 10, 64)
	if !ok || err1 != nil || err2 != nil || n <= 0 || k < 0 || k > int64(maxKey) || len(s) > 40 {
		return false
	}
	c.Key, c.ID = k, n
	return true
}

// maxKey is more than any key: sums in tiyn are the largest.
const maxKey = 1 << 53
