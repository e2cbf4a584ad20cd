package trail

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"robotbailiff/engine"
	"robotbailiff/internal/caseno"
	"robotbailiff/rules/calendar"
)

// Kinds lists the kinds of events, in the order of a life.
var Kinds = []engine.EventKind{
	engine.EvOpened, engine.EvNoticeRepeated, engine.EvNoticeUnproven, engine.EvNotified, engine.EvReminded, engine.EvArrestOrdered, engine.EvCollectOrdered, engine.EvRegisterOrdered,
	engine.EvOrderAnswered, engine.EvBankHolds, engine.EvEntryFound, engine.EvPaidInPart, engine.EvPaid, engine.EvPaidAfterEnd, engine.EvPaymentReversed, engine.EvAdjusted,
	engine.EvObjected, engine.EvObjectionAccepted, engine.EvObjectionDeclined, engine.EvObjectionTold, engine.EvHeld, engine.EvSuspended, engine.EvResumed, engine.EvProlonged,
	engine.EvRefusalRequested, engine.EvRefusalUndone, engine.EvHandedOver, engine.EvAssigned, engine.EvHandoverRecalled, engine.EvCancelled, engine.EvVoided, engine.EvNotifiedAgain, engine.EvLiftOrdered, engine.EvAttested, engine.EvLinkRenewed,
}

// Actors are those who write events and are no people. The index of what people did leaves out the same.
var Actors = []string{
	engine.ActorRobot, engine.ActorCourt, engine.ActorBank, engine.ActorRegister, engine.ActorPayment, engine.ActorDebtor, engine.ActorNotice, engine.ActorStranger,
}

// Period is legal days, both included; unset ones: no bound.
type Period struct{ From, To calendar.Date }

// EventFilter says which events are listed, and from where on. It is the query of an address and nothing else.
type EventFilter struct {
	Case  string // number, as it was typed
	Kind  string
	Actor string
	Period
	After EventCursor // the page after this event
}

// EventCursor is a place in a list of events: the key of the walk, and the event. The zero cursor is none.
type EventCursor struct {
	Key, Case int64
	Seq       int
}

func (c EventCursor) set() bool { return c.Seq != 0 }

// String writes a cursor for an address.
func (c EventCursor) String() string {
	if !c.set() {
		return ""
	}
	return fmt.Sprintf("%d.%d.%d", c.Key, c.Case, c.Seq)
}

// ParseEvents reads a filter from the query of an address. Fields that make no sense are named in bad and left out.
func ParseEvents(q url.Values) (f EventFilter, bad []string) {
	f.Period, bad = parsePeriod(q)
	if v := strings.TrimSpace(q.Get("case")); v != "" {
		if _, err := caseno.Parse(v); err != nil {
			bad = append(bad, "case")
		} else {
			f.Case = v
		}
	}
	if v := q.Get("kind"); v != "" {
		if !slices.Contains(Kinds, engine.EventKind(v)) {
			bad = append(bad, "kind")
		} else {
			f.Kind = v
		}
	}
	var ok bool
	if f.Actor, ok = parseActor(q.Get("actor")); !ok {
		f.Actor, bad = "", append(bad, "actor")
	}
	if v := q.Get("after"); v != "" {
		n, ok := numbers(v, 3)
		if !ok || n[2] < 1 || n[2] > 1<<31-1 {
			bad = append(bad, "after")
		} else {
			f.After = EventCursor{n[0], n[1], int(n[2])}
		}
	}
	return f, bad
}

// Query writes a filter as the query of an address, without what is empty.
func (f EventFilter) Query() url.Values {
	q := f.query()
	set(q, "case", f.Case)
	set(q, "kind", f.Kind)
	set(q, "actor", f.Actor)
	set(q, "after", f.After.String())
	return q
}

// ActFilter says which acts of people are listed, and from where on.
type ActFilter struct {
	Person string
	Room   string
	Period
	After ActCursor
}

// Rooms lists the rooms of the desk in which people act, as [Act] names them.
var Rooms = []string{"visits", "people", "access", "cases", "work", "batches", "texts", "rules", "trials", "orders", "payments", "switch", "queue"}

// RoomAccess is the room of those acts by which people see the data of others.
const RoomAccess = "access"

// ActCursor is a place in a list of acts.
type ActCursor struct {
	At     int64 // microseconds
	Source int16
	ID     int64
}

func (c ActCursor) set() bool { return c.Source != 0 }

// String writes a cursor for an address.
func (c ActCursor) String() string {
	if !c.set() {
		return ""
	}
	return fmt.Sprintf("%d.%d.%d", c.At, c.Source, c.ID)
}

// ParseActs reads a filter from the query of an address, as [ParseEvents] does.
func ParseActs(q url.Values) (f ActFilter, bad []string) {
	f.Period, bad = parsePeriod(q)
	var ok bool
	if f.Person, ok = parseActor(q.Get("person")); !ok {
		f.Person, bad = "", append(bad, "person")
	}
	if v := q.Get("room"); v != "" {
		if !slices.Contains(Rooms, v) {
			bad = append(bad, "room")
		} else {
			f.Room = v
		}
	}
	if v := q.Get("after"); v != "" {
		n, ok := numbers(v, 3)
		if !ok || n[1] < 1 || n[1] > 1<<15-1 || n[0] > maxMicros {
			bad = append(bad, "after")
		} else {
			f.After = ActCursor{n[0], int16(n[1]), n[2]}
		}
	}
	return f, bad
}

// Query writes a filter as the query of an address, without what is empty.
func (f ActFilter) Query() url.Values {
	q := f.query()
	set(q, "person", f.Person)
	set(q, "room", f.Room)
	set(q, "after", f.After.String())
	return q
}

func parsePeriod(q url.Values) (p Period, bad []string) {
	for name, d := range map[string]*calendar.Date{"from": &p.From, "to": &p.To} {
		v := strings.TrimSpace(q.Get(name))
		if v == "" {
			continue
		}
		if err := d.UnmarshalText([]byte(v)); err != nil {
			*d, bad = calendar.Date(0), append(bad, name)
		}
	}
	slices.Sort(bad)
	if len(bad) == 0 && !p.From.IsZero() && !p.To.IsZero() && p.To.Before(p.From) {
		p.To, bad = calendar.Date(0), append(bad, "to")
	}
	return p, bad
}

func (p Period) query() url.Values {
	q := url.Values{}
	for name, d := range map[string]calendar.Date{"from": p.From, "to": p.To} {
		if !d.IsZero() {
			q.Set(name, d.String())
		}
	}
	return q
}

// longestActor bounds a name.
const longestActor = 200

func parseActor(s string) (string, bool) {
	ok := len(s) <= longestActor && utf8.ValidString(s) && !strings.ContainsRune(s, 0)
	return strings.ToLower(strings.TrimSpace(s)), ok
}

// maxMicros is the last instant of the year 9999.
const maxMicros = 253402300799999999

func numbers(s string, n int) ([]int64, bool) {
	parts := strings.Split(s, ".")
	if len(parts) != n || len(s) > 70 {
		return nil, false
	}
	out := make([]int64, n)
	for i, p := range parts {
		v, err := strconv.ParseInt(p, 10, 64)
		if err != nil || v < 0 {
			return nil, false
		}
		out[i] = v
	}
	return out, true
}

func set(q url.Values, name, v string) {
	if v != "" {
		q.Set(name, v)
	}
}
