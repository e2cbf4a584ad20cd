package trail

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/engine/audit"
	"robotbailiff/internal/app/portal/story"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/i18n"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Event is one event with what it changed.
type Event struct {
	Number         string
	Seq            int
	Kind           string
	At             time.Time
	Actor, Reason  string
	Says           []i18n.Text
	Steps          []story.Step // the rules that were applied, with their articles
	Pack           string       // hash of the rules that decided
	Hash, Prev     string
	Sound          bool     // the hash is that of this event behind the one before
	Readable       bool     // not: the event does not say what its kind needs, so it cannot be replayed
	Changes        []Change // of the state, by replay to the event before and to this one
	Raw            string   // as it is stored
	Earlier, Later int      // seq of the neighbours; 0: there is none
	Decision       int      // seq of the event that began the decision of which this is a part; 0: not known
}

// Change is one thing of a case that an event changed. A text that is not set has no key.
type Change struct {
	Name          string
	Before, After i18n.Text
}

type stored struct {
	audit.Record
	hash []byte
	pack int16
}

const caseEventsSQL = `SELECT e.seq, e.kind, e.at, e.actor, e.pack, coalesce(p.hash, ''), e.data::text, e.hash FROM events e LEFT JOIN rule_packs p ON p.id = e.pack
 WHERE e.case_id = $1 AND e.seq <= $2 AND ($3::text[] IS NULL OR (SELECT c.region FROM cases c WHERE c.id = e.case_id) = ANY ($3)) ORDER BY e.seq`

// Event shows one event of a case.
func (s *Store) Event(ctx context.Context, who Who, number string, seq int, lang i18n.Lang) (v Event, err error) {
	id, err := caseno.Parse(number)
	if err != nil || seq < 1 || seq > 1<<31-2 {
		return v, ErrNoEvent
	}
	rows, err := s.pool.Query(ctx, caseEventsSQL, id, seq+1, who.Regions)
	if err != nil {
		return v, fmt.Errorf("trail: event %d of case %d: %w", seq, id, err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (x stored, err error) {
		x.CaseID = id
		err = row.Scan(&x.Seq, &x.Kind, &x.At, &x.Actor, &x.pack, &x.Pack, &x.Data, &x.hash)
		x.At = x.At.UTC()
		return x, err
	})
	if err != nil {
		return v, fmt.Errorf("trail: event %d of case %d: %w", seq, id, err)
	}
	at := -1
	for i := range all {
		if all[i].Seq == seq {
			at = i
		}
	}
	if at < 0 {
		return v, ErrNoEvent
	}
	return s.show(ctx, all, at, lang)
}

func (s *Store) show(ctx context.Context, all []stored, at int, lang i18n.Lang) (Event, error) {
	x := all[at]
	v := Event{Number: caseno.Format(x.CaseID), Seq: x.Seq, Kind: x.Kind, At: x.At, Actor: x.Actor, Pack: x.Pack, Hash: hex.EncodeToString(x.hash), Raw: pretty(x.Data)}
	var prev [32]byte
	if at > 0 {
		copy(prev[:], all[at-1].hash)
		v.Earlier = all[at-1].Seq
	}
	if at < len(all)-1 {
		v.Later = all[at+1].Seq
	}
	link := audit.Link(prev, x.Record)
	v.Prev, v.Sound = hex.EncodeToString(prev[:]), bytes.Equal(link[:], x.hash)
	events, ok := decode(all[:at+1])
	if !ok {
		return v, nil
	}
	v.Reason = events[at].Data.Reason
	for i := at; i >= 0 && v.Decision == 0; i-- {
		if events[i].Data.Cmd != nil {
			v.Decision = events[i].Seq
		}
	}
	if v.Readable = v.replay(x.CaseID, events); !v.Readable {
		return v, nil
	}
	return v, s.explain(ctx, &v, events[at], lang)
}

// explain puts the rules behind an event into words. Rules that are gone explain nothing: the hash says so.
func (s *Store) explain(ctx context.Context, v *Event, e engine.Event, lang i18n.Lang) error {
	if v.Pack == "" {
		return nil
	}
	p, err := s.packs.ByID(ctx, e.Pack)
	if err != nil {
		return fmt.Errorf("trail: rules of event %d of %s: %w", e.Seq, v.Number, err)
	}
	v.Steps = story.Explain(e.Data.Trace, p, calendar.DateOf(e.At), lang)
	return nil
}

// decode reads what events say; not ok: one of them is no event any more.
func decode(all []stored) (out []engine.Event, ok bool) {
	for _, x := range all {
		e := engine.Event{Seq: x.Seq, Kind: engine.EventKind(x.Kind), At: x.At, Actor: x.Actor, Pack: x.pack}
		if err := json.Unmarshal(x.Data, &e.Data); err != nil {
			return nil, false
		}
		out = append(out, e)
	}
	return out, true
}

// replay folds the events to the one before the last and to the last, and tells the difference in words. Events that were tampered with may
// lack what folding them takes: those are told as what cannot be replayed, since it is just them that an auditor looks at.
func (v *Event) replay(id int64, events []engine.Event) (ok bool) {
	defer func() {
		if recover() != nil {
			v.Changes, v.Says, ok = nil, nil, false
		}
	}()
	v.Says = story.Sentences(events[len(events)-1])
	before, after := engine.Fold(id, events[:len(events)-1]), engine.Fold(id, events)
	was, is := facts(&before), facts(&after)
	for i := range is {
		if !was[i].same(is[i]) {
			v.Changes = append(v.Changes, Change{is[i].name, was[i].text(), is[i].text()})
		}
	}
	v.Changes = append(v.Changes, orders(before.Orders, after.Orders)...)
	return true
}

// fact is one thing of a case; value is empty where it is not set, and family names the words of values that have some.
type fact struct {
	name, family, value string
	sum                 money.Amount
	day                 calendar.Date
	at                  time.Time
}

func (f fact) same(o fact) bool {
	return f.value == o.value && f.sum.Equal(o.sum) && f.day == o.day && f.at.Equal(o.at)
}

func (f fact) text() i18n.Text {
	switch {
	case f.family == "sum":
		return i18n.Say("audit.value", "value", f.sum)
	case !f.day.IsZero():
		return i18n.Say("audit.value", "value", f.day)
	case !f.at.IsZero():
		return i18n.Say("audit.value", "value", f.at)
	case f.value == "":
		return i18n.Text{}
	case f.family != "":
		if key := f.family + "." + f.value; i18n.For(i18n.KK).Has(key) {
			return i18n.Say(key)
		}
	}
	return i18n.Say("audit.value", "value", f.value)
}

// facts lists what a case is, always in the same order.
func facts(c *engine.Case) []fact {
	number := func(n int64) string {
		if n == 0 {
			return ""
		}
		return strconv.FormatInt(n, 10)
	}
	sum := func(name string, a money.Amount) fact { return fact{name: name, family: "sum", sum: a} }
	return []fact{
		{name: "state", family: "state", value: string(c.State)},
		{name: "hold", family: "hold", value: c.Hold},
		{name: "suspended", value: c.Suspended},
		{name: "suspended_until", day: c.SuspendedUntil},
		sum("debt", c.Debt), sum("outstanding", c.Outstanding), sum("paid", c.Paid), sum("adjusted", c.Adjusted),
		{name: "opened_on", day: c.OpenedOn},
		{name: "term_ends_on", day: c.TermEndsOn},
		{name: "notified_on", day: c.NotifiedOn},
		{name: "voluntary_ends_on", day: c.VoluntaryEndsOn},
		{name: "collect_on", day: c.CollectOn},
		{name: "register_on", day: c.RegisterOn},
		{name: "limitation_on", day: c.LimitationOn},
		{name: "rung", value: number(int64(c.Rung))},
		{name: "next_rung_at", at: c.NextRungAt},
		{name: "refusal_at", at: c.RefusalAt},
		{name: "bailiff", value: number(c.BailiffID)},
		{name: "objections", value: number(int64(standing(c.Objections)))},
		{name: "ended_at", at: c.EndedAt},
		{name: "released_at", at: c.ReleasedAt},
	}
}

func standing(all []engine.Objection) (n int) {
	for _, o := range all {
		if o.OverOn.IsZero() {
			n++
		}
	}
	return n
}

// orders tells what became of orders: each that is new or stands otherwise than before.
func orders(was, is []engine.Order) (out []Change) {
	for i, o := range is {
		var before i18n.Text
		if i < len(was) {
			if b := was[i]; b.Status == o.Status && b.Amount.Equal(o.Amount) && b.Held.Equal(o.Held) {
				continue
			}
			before = orderText(was[i])
		}
		out = append(out, Change{"order", before, orderText(o)})
	}
	return out
}

func orderText(o engine.Order) i18n.Text {
	return i18n.Say("audit.order", "purpose", i18n.Say("purpose."+string(o.Purpose)), "ordinal", o.Ordinal, "status", i18n.Say("order."+string(o.Status)), "amount", o.Amount, "held", o.Held)
}

// pretty writes JSON over several lines; what is none stays as it is.
func pretty(raw []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, raw, "", "  ") != nil {
		return string(raw)
	}
	return b.String()
}
