package sandbox

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
)

// EntryOrder is an order about the public register of debtors as the register recorded it. One that entered somebody stands until it is
// taken out.
type EntryOrder struct {
	ID       uuid.UUID `json:"id"`
	CaseID   int64     `json:"case_id"`
	Purpose  string    `json:"purpose"`
	Of       uuid.UUID `json:"of_id"`
	Content  string    `json:"content"` // what an entry says, its person by a hash
	Executor string    `json:"executor"`
	Answer   string    `json:"answer"`
	Detail   string    `json:"detail"`
	At       time.Time `json:"at"`
	AnswerAt time.Time `json:"answer_at"`
	Seen     int       `json:"seen"`
	Stands   bool      `json:"stands"`
	EndedAt  time.Time `json:"ended_at,omitzero"`
}

// Register is the port to the world's public register of debtors.
func (w *World) Register() orders.Register { return register{w} }

type register struct{ *World }

const lineRegister = "register"

// Submit implements orders.Register: what is new is done, what came before gets its old answer.
func (b register) Submit(ctx context.Context, batch []orders.Entry) ([]orders.Reply, error) {
	if len(batch) > MaxBatch {
		return nil, fmt.Errorf("sandbox: %d orders in one call, at most %d", len(batch), MaxBatch)
	}
	return steady(ctx, func(bool) ([]orders.Reply, error) { return b.submit(ctx, batch) })
}

func (b register) submit(ctx context.Context, batch []orders.Entry) ([]orders.Reply, error) {
	now, err := b.now(ctx)
	if err != nil || len(batch) == 0 {
		return nil, err
	}
	state := b.line(lineRegister, now)
	if state == lineDown {
		return nil, errBroken
	}
	want := Want{}
	for _, e := range batch {
		want.Entries, want.EntryCases = append(want.Entries, e.ID, e.Of), append(want.EntryCases, e.CaseID)
	}
	var replies []orders.Reply
	err = b.books.Change(ctx, want, func(p *Page) error {
		replies = make([]orders.Reply, 0, len(batch))
		for _, e := range batch {
			if rec := b.take(p, e, now); rec.Seen > 1 || !b.loses(e.ID) {
				replies = append(replies, rec.reply(now))
			}
		}
		return nil
	})
	if err != nil || state == lineMute {
		return nil, cmp.Or(err, errBroken)
	}
	return replies, nil
}

// take records an order and does it, unless it came before. A stubborn register refuses a removal when it first comes.
func (b register) take(p *Page, e orders.Entry, now time.Time) *EntryOrder {
	content := ""
	if e.Purpose == engine.Register {
		content = strings.Join([]string{b.person(e.IIN), e.Issuer, e.IssuedOn.String(), e.Duty}, "/")
	}
	rec := p.Entries.Get(e.ID)
	if rec == nil {
		rec = p.Entries.Add(EntryOrder{ID: e.ID, CaseID: e.CaseID, Purpose: string(e.Purpose), Of: e.Of, Content: content, At: now, AnswerAt: now})
		if d := roll(b.seed, "slow", e.ID.String()); d.in(b.faults.SlowAnswer) {
			rec.AnswerAt = now.Add(d.after(10*time.Minute, 6*time.Hour))
		} else if b.loses(e.ID) {
			rec.AnswerAt = now.Add(time.Second)
		}
	} else if rec.CaseID != e.CaseID || rec.Purpose != string(e.Purpose) || rec.Of != e.Of || rec.Content != content {
		p.wrong("changed/"+e.ID.String(), "INV-A6", e.CaseID, "order "+e.ID.String()+" about the register came again with another content", now)
	}
	if rec.Seen++; rec.Answer != "" && rec.Answer != string(engine.Refused) {
		return rec
	}
	rec.Answer, rec.Detail = string(engine.Accepted), ""
	of := p.Entries.Get(e.Of)
	stands := of != nil && of.Stands && of.CaseID == e.CaseID
	switch d := roll(b.seed, "stubborn", e.ID.String()); {
	case e.Purpose == engine.Register:
		for _, other := range p.Entries.rows {
			if other.CaseID == e.CaseID && other.Stands {
				p.wrong("second/"+e.ID.String(), "INV-R1", e.CaseID, "entry "+e.ID.String()+" came while another one stood", now)
			}
		}
		if e.Name == "" || e.IssuedOn.IsZero() || e.Duty == "" || e.Executor.Region == "" {
			p.wrong("empty/"+e.ID.String(), "INV-R2", e.CaseID, "entry "+e.ID.String()+" lacks what the law asks for", now)
		}
		rec.Stands, rec.Executor = true, "territorial body "+e.Executor.Region
	case !stands && e.Purpose == engine.Deregister:
		rec.Answer = string(engine.AlreadyDone)
	case !stands:
		rec.Answer, rec.Detail = string(engine.Refused), "no_entry"
	case e.Purpose == engine.Entrust:
		of.Executor = e.Executor.Name
	case rec.Seen == 1 && d.in(b.faults.Stubborn):
		rec.Answer, rec.Detail = string(engine.Refused), "busy"
	default:
		of.Stands, of.EndedAt = false, now
	}
	return rec
}

func (r *EntryOrder) reply(now time.Time) orders.Reply {
	out := orders.Reply{ID: r.ID, CaseID: r.CaseID, Known: true, Bank: orders.RegisterName}
	if !now.Before(r.AnswerAt) {
		out.Answer, out.Detail = engine.Answer(r.Answer), r.Detail
	}
	return out
}

// Query implements orders.Register: what was really done.
func (b register) Query(ctx context.Context, ids []uuid.UUID) ([]orders.Reply, error) {
	return steady(ctx, func(bool) ([]orders.Reply, error) {
		now, err := b.now(ctx)
		if err != nil || len(ids) == 0 {
			return nil, err
		}
		if b.line(lineRegister, now) != lineUp {
			return nil, errBroken
		}
		replies := make([]orders.Reply, len(ids))
		err = b.books.Change(ctx, Want{Entries: ids}, func(p *Page) error {
			for i, id := range ids {
				replies[i] = orders.Reply{ID: id}
				if rec := p.Entries.Get(id); rec != nil {
					replies[i] = rec.reply(now)
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		return replies, nil
	})
}

// List implements orders.Register: the public list.
func (b register) List(ctx context.Context, after string, limit int) (listed []orders.Listed, next string, err error) {
	now, err := b.now(ctx)
	if err != nil {
		return nil, "", err
	}
	if b.line(lineRegister, now) != lineUp {
		return nil, "", errBroken
	}
	p, err := b.books.All(ctx)
	if err != nil {
		return nil, "", err
	}
	for _, e := range p.Entries.rows {
		if e.Stands && e.ID.String() > after {
			listed = append(listed, orders.Listed{ID: e.ID, CaseID: e.CaseID, Since: e.At})
		}
	}
	slices.SortFunc(listed, func(a, b orders.Listed) int { return strings.Compare(a.ID.String(), b.ID.String()) })
	if limit > 0 && len(listed) > limit {
		listed = listed[:limit]
		next = listed[limit-1].ID.String()
	}
	return listed, next, nil
}

// Published counts the entries that the register ever had by our orders, and those of them that were taken out.
func (w *World) Published(ctx context.Context) (entered, removed int, err error) {
	p, err := w.books.All(ctx)
	if err != nil {
		return 0, 0, err
	}
	for _, e := range p.Entries.rows {
		if e.Purpose == string(engine.Register) && e.Answer == string(engine.Accepted) {
			entered++
			if !e.Stands {
				removed++
			}
		}
	}
	return entered, removed, nil
}

// register: the public register knows no order but ours, each for its case; nobody stands there whose case is over and released or whose
// entry we never made or think taken out; and whom we think entered, stands there.
func (c *comparison) register() {
	for _, e := range c.world.Entries.rows {
		o, known := c.ours.orders[e.ID]
		k := c.ours.cases[e.CaseID]
		switch removal, fix := c.ours.removals[e.ID]; {
		case !known && fix && removal == e.CaseID && e.Purpose == string(engine.Deregister):
		case !known:
			c.say("INV-A6", e.CaseID, "the register got order %s, of which we know nothing", e.ID)
		case o.CaseID != e.CaseID || o.Purpose != e.Purpose:
			c.say("INV-A6", e.CaseID, "the register got order %s as %s for case %d, we have %s for case %d", e.ID, e.Purpose, e.CaseID, o.Purpose, o.CaseID)
		}
		if !e.Stands {
			continue
		}
		if k.Released && (k.State == "paid" || k.State == "cancelled") {
			c.say("INV-R3", e.CaseID, "the case is %s and released, entry %s stands", k.State, e.ID)
		}
		if o.Status == "" || o.Status == "rejected" || o.Status == "lifted" || o.Status == "withdrawn" {
			c.say("INV-R3", e.CaseID, "orphan: entry %s stands, we have it as %q", e.ID, o.Status)
		}
	}
	for id, o := range c.ours.orders {
		if o.Purpose != string(engine.Register) || o.Status != "active" && o.Status != "handed_over" {
			continue
		}
		if e := c.world.Entries.Get(id); (e == nil || !e.Stands) && !c.ours.open[o.CaseID] {
			c.say("INV-R3", o.CaseID, "missing: entry %s is %s with us and does not stand", id, o.Status)
		}
	}
}
