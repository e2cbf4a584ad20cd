package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"robotbailiff/internal/pg"
	"robotbailiff/rules/calendar"
)

// lookAgain is how long a case whose duty could not be done waits for the next look.
const lookAgain = 15 * time.Minute

// writer holds the columns of a plan, ready to be written as sets.
type writer struct {
	pl    *Plan
	moved []*planned // cases that exist already and got events
	fresh []*planned // cases that begin
}

func newWriter(pl *Plan) *writer {
	w := &writer{pl: pl}
	pl.each(func(e *planned) {
		switch {
		case len(e.events) == 0:
		case e.before.Seq == 0:
			w.fresh = append(w.fresh, e)
		default:
			w.moved = append(w.moved, e)
		}
	})
	return w
}

func (w *writer) writeCases(ctx context.Context, tx pgx.Tx) error {
	if len(w.fresh) > 0 {
		err := pg.Copy(ctx, tx, "cases", caseColumns, len(w.fresh), func(r *pg.Row, i int) { appendCase(r, &w.fresh[i].after) })
		if err != nil {
			return err
		}
	}
	if len(w.moved) == 0 {
		return nil
	}
	return w.updateCases(ctx, tx)
}

var caseColumns = []string{
	"id", "debtor_id", "region", "language", "state", "hold", "suspended", "suspended_until", "debt", "outstanding", "paid", "adjusted",
	"opened_on", "term_ends_on", "notified_on", "voluntary_ends_on", "collect_on", "limitation_on", "notice_rung", "next_rung_at", "refusal_at",
	"bailiff_id", "ended_at", "released_at", "pack", "seq", "head", "mail",
}

func appendCase(r *pg.Row, c *Case) {
	r.Int8(c.ID)
	r.Int8(c.DebtorID)
	r.Text(c.Region)
	r.Text(c.Language)
	r.Text(string(c.State))
	r.Text(c.Hold)
	r.Text(c.Suspended)
	r.Date(c.SuspendedUntil.UTC())
	r.Int8(c.Debt.Tiyn())
	r.Int8(c.Outstanding.Tiyn())
	r.Int8(c.Paid.Tiyn())
	r.Int8(c.Adjusted.Tiyn())
	r.Date(c.OpenedOn.UTC())
	r.Date(c.TermEndsOn.UTC())
	r.Date(c.NotifiedOn.UTC())
	r.Date(c.VoluntaryEndsOn.UTC())
	r.Date(c.CollectOn.UTC())
	r.Date(c.LimitationOn.UTC())
	r.Int2(int16(c.Rung))
	r.Time(c.NextRungAt)
	r.Time(c.RefusalAt)
	r.ID(c.BailiffID)
	r.Time(c.EndedAt)
	r.Time(c.ReleasedAt)
	r.Int2(c.Pack)
	r.Int4(int32(c.Seq))
	r.Bytes(c.Head[:])
	r.Bool(c.Mail)
}

func bailiff(c *Case) pgtype.Int8 { return pgtype.Int8{Int64: c.BailiffID, Valid: c.BailiffID != 0} }

func (w *writer) updateCases(ctx context.Context, tx pgx.Tx) error {
	rows := slices.SortedFunc(slices.Values(w.moved), func(a, b *planned) int {
		switch {
		case a.after.ID < b.after.ID:
			return -1
		case a.after.ID > b.after.ID:
			return 1
		}
		return 0
	})
	n := len(rows)
	col := caseArrays{
		id: make([]int64, n), was: make([]int32, n), state: make([]string, n), hold: make([]string, n), suspended: make([]string, n),
		until: make([]pgtype.Date, n), outstanding: make([]int64, n), paid: make([]int64, n), adjusted: make([]int64, n),
		notified: make([]pgtype.Date, n), voluntary: make([]pgtype.Date, n), collect: make([]pgtype.Date, n), rung: make([]int16, n),
		nextRung: make([]pgtype.Timestamptz, n), refusal: make([]pgtype.Timestamptz, n), bailiff: make([]pgtype.Int8, n),
		ended: make([]pgtype.Timestamptz, n), released: make([]pgtype.Timestamptz, n), pack: make([]int16, n), seq: make([]int32, n), head: make([][]byte, n),
	}
	for i, e := range rows {
		c := &e.after
		col.id[i], col.was[i], col.state[i], col.hold[i], col.suspended[i] = c.ID, int32(e.before.Seq), string(c.State), c.Hold, c.Suspended
		col.until[i], col.outstanding[i], col.paid[i], col.adjusted[i] = toDate(c.SuspendedUntil), c.Outstanding.Tiyn(), c.Paid.Tiyn(), c.Adjusted.Tiyn()
		col.notified[i], col.voluntary[i], col.collect[i], col.rung[i] = toDate(c.NotifiedOn), toDate(c.VoluntaryEndsOn), toDate(c.CollectOn), int16(c.Rung)
		col.nextRung[i], col.refusal[i], col.bailiff[i] = toTime(c.NextRungAt), toTime(c.RefusalAt), bailiff(c)
		col.ended[i], col.released[i], col.pack[i], col.seq[i], col.head[i] = toTime(c.EndedAt), toTime(c.ReleasedAt), c.Pack, int32(c.Seq), c.Head[:]
	}
	tag, err := tx.Exec(ctx, updateCasesSQL, col.id, col.was, col.state, col.hold, col.suspended, col.until, col.outstanding, col.paid, col.adjusted,
		col.notified, col.voluntary, col.collect, col.rung, col.nextRung, col.refusal, col.bailiff, col.ended, col.released, col.pack, col.seq, col.head)
	if err != nil {
		return err
	}
	if tag.RowsAffected() != int64(n) {
		return fmt.Errorf("%d of %d cases changed under the lock: %w", int64(n)-tag.RowsAffected(), n, ErrConflict)
	}
	return updateTerms(ctx, tx, rows)
}

// updateTerms writes what a suspension or a pause changes, and since when an entry into the register waits.
func updateTerms(ctx context.Context, tx pgx.Tx, rows []*planned) error {
	var ids []int64
	var since, term, paused, register []pgtype.Date
	var days []int32
	for _, e := range rows {
		b, c := &e.before, &e.after
		if b.SuspendedOn == c.SuspendedOn && b.SuspendedDays == c.SuspendedDays && b.TermEndsOn == c.TermEndsOn && b.PausedTo == c.PausedTo && b.RegisterOn == c.RegisterOn {
			continue
		}
		ids, since = append(ids, c.ID), append(since, toDate(c.SuspendedOn))
		days, term = append(days, int32(c.SuspendedDays)), append(term, toDate(c.TermEndsOn))
		paused, register = append(paused, toDate(c.PausedTo)), append(register, toDate(c.RegisterOn))
	}
	if len(ids) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, updateTermsSQL, ids, since, days, term, paused, register)
	return err
}

type caseArrays struct {
	id, outstanding, paid, adjusted     []int64
	was, seq                            []int32
	state, hold, suspended              []string
	until, notified, voluntary, collect []pgtype.Date
	rung, pack                          []int16
	nextRung, refusal, ended, released  []pgtype.Timestamptz
	bailiff                             []pgtype.Int8
	head                                [][]byte
}

func (w *writer) writeEvents(ctx context.Context, tx pgx.Tx) error {
	type row struct {
		id int64
		e  *storedEvent
	}
	var rows []row
	w.pl.each(func(p *planned) {
		for i := range p.events {
			rows = append(rows, row{p.after.ID, &p.events[i]})
		}
	})
	if len(rows) == 0 {
		return nil
	}
	return pg.Copy(ctx, tx, "events", []string{"case_id", "seq", "kind", "at", "actor", "pack", "data", "hash"}, len(rows), func(r *pg.Row, i int) {
		e := rows[i].e
		r.Int8(rows[i].id)
		r.Int4(int32(e.Seq))
		r.Text(string(e.Kind))
		r.Time(e.At)
		r.Text(e.Actor)
		r.Int2(e.Pack)
		r.Bytes(e.data)
		r.Bytes(e.hash[:])
	})
}

// writeOrders inserts new orders and updates those that an event changed.
func (w *writer) writeOrders(ctx context.Context, tx pgx.Tx) error {
	type row struct {
		id int64
		o  *Order
	}
	var fresh []row
	var ch orderArrays
	w.pl.each(func(p *planned) {
		if len(p.events) == 0 {
			return
		}
		for i := range p.after.Orders {
			o := &p.after.Orders[i]
			was := p.before.order(o.Purpose, o.Ordinal)
			switch {
			case was == nil:
				fresh = append(fresh, row{p.after.ID, o})
			case was.Status != o.Status || !was.Held.Equal(o.Held):
				ch.add(p, o)
			}
		}
	})
	// Changes go first: a lift ends the arrest's turn in the unique index before another arrest may begin.
	if len(ch.id) > 0 {
		if _, err := tx.Exec(ctx, updateOrdersSQL, ch.id, ch.purpose, ch.ordinal, ch.status, ch.held, ch.bank, ch.detail, ch.answered); err != nil {
			return err
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	columns := []string{"case_id", "purpose", "ordinal", "id", "status", "amount", "held", "requested_at"}
	return pg.Copy(ctx, tx, "orders", columns, len(fresh), func(r *pg.Row, i int) {
		id, o := fresh[i].id, fresh[i].o
		r.Int8(id)
		r.Text(string(o.Purpose))
		r.Int2(int16(o.Ordinal))
		r.UUID(OrderID(id, o.Purpose, o.Ordinal))
		r.Text(string(o.Status))
		r.Int8(o.Amount.Tiyn())
		r.Int8(o.Held.Tiyn())
		r.Time(o.At)
	})
}

type orderArrays struct {
	id, held                      []int64
	purpose, status, bank, detail []string
	ordinal                       []int16
	answered                      []pgtype.Timestamptz
}

func (a *orderArrays) add(p *planned, o *Order) {
	a.id, a.purpose, a.ordinal = append(a.id, p.after.ID), append(a.purpose, string(o.Purpose)), append(a.ordinal, int16(o.Ordinal))
	a.status, a.held = append(a.status, string(o.Status)), append(a.held, o.Held.Tiyn())
	var bank, detail string
	var at time.Time
	for i := range p.events {
		if ans := p.events[i].Data.Answer; ans != nil && ans.Purpose == o.Purpose && ans.Ordinal == o.Ordinal {
			bank, detail, at = ans.Bank, string(ans.Answer), p.events[i].At
			if ans.Detail != "" {
				detail += ": " + ans.Detail
			}
		}
	}
	a.bank, a.detail, a.answered = append(a.bank, bank), append(a.detail, detail), append(a.answered, toTime(at))
}

// look is a row of the list of what is due.
type look struct {
	caseID    int64
	at        time.Time
	duty      string
	voluntary calendar.Date // see [Case.voluntaryRuns]
}

// writeDue keeps one row per case that has something to wait for.
func (w *writer) writeDue(ctx context.Context, tx pgx.Tx) error {
	var (
		ids, gone []int64
		at        []time.Time
		duty      []string
		voluntary []pgtype.Date
		fresh     []look // of cases that begin: nothing of theirs is in the list
	)
	now := w.pl.env.Now
	undo := undoPeriod(w.pl.pack, w.pl.env.today())
	w.pl.each(func(p *planned) {
		if p.after.Seq == 0 {
			return
		}
		next, why, ok := NextLook(p.after, undo)
		was, _, had := NextLook(p.before, undo)
		until := p.after.voluntaryRuns()
		if p.ticked && ok && !next.After(now) {
			next = now.Add(lookAgain) // the gate is shut: look again later, without an event
		}
		switch {
		case !ok:
			if had || p.before.Seq > 0 {
				gone = append(gone, p.after.ID)
			}
		case p.before.Seq == 0:
			fresh = append(fresh, look{p.after.ID, next, why, until})
		case p.ticked || !had || !next.Equal(was) || until != p.before.voluntaryRuns():
			ids, at, duty, voluntary = append(ids, p.after.ID), append(at, next), append(duty, why), append(voluntary, toDate(until))
		}
	})
	if len(fresh) > 0 {
		err := pg.Copy(ctx, tx, "due", []string{"case_id", "at", "duty", "voluntary_ends_on"}, len(fresh), func(r *pg.Row, i int) {
			r.Int8(fresh[i].caseID)
			r.Time(fresh[i].at)
			r.Text(fresh[i].duty)
			r.Date(fresh[i].voluntary.UTC())
		})
		if err != nil {
			return err
		}
	}
	if len(ids) > 0 {
		tag, err := tx.Exec(ctx, moveDueSQL, ids, at, duty, voluntary)
		if err != nil {
			return err
		}
		if tag.RowsAffected() < int64(len(ids)) { // a case that had nothing to wait for has something again
			if _, err := tx.Exec(ctx, upsertDueSQL, ids, at, duty, voluntary); err != nil {
				return err
			}
		}
	}
	if len(gone) > 0 {
		if _, err := tx.Exec(ctx, deleteDueSQL, gone); err != nil {
			return err
		}
	}
	return nil
}

type totalKey struct {
	region string
	state  State
}

type total struct{ cases, debt, outstanding, paid int64 }

// writeTotals adds the change of the counts per region and state.
func (w *writer) writeTotals(ctx context.Context, tx pgx.Tx) error {
	delta := map[totalKey]*total{}
	add := func(c *Case, sign int64) {
		k := totalKey{c.Region, c.State}
		t := delta[k]
		if t == nil {
			t = &total{}
			delta[k] = t
		}
		t.cases += sign
		t.debt += sign * c.Debt.Tiyn()
		t.outstanding += sign * c.Outstanding.Tiyn()
		t.paid += sign * c.Paid.Tiyn()
	}
	for _, e := range w.fresh {
		add(&e.after, 1)
	}
	for _, e := range w.moved {
		if e.before.State == e.after.State && e.before.Outstanding.Equal(e.after.Outstanding) && e.before.Paid.Equal(e.after.Paid) {
			continue
		}
		add(&e.before, -1)
		add(&e.after, 1)
	}
	maps.DeleteFunc(delta, func(_ totalKey, t *total) bool { return *t == total{} })
	if len(delta) == 0 {
		return nil
	}
	keys := slices.Collect(maps.Keys(delta))
	return pg.Copy(ctx, tx, "case_totals", []string{"region", "state", "cases", "debt", "outstanding", "paid"}, len(keys), func(r *pg.Row, i int) {
		k, t := keys[i], delta[keys[i]]
		r.Text(k.region)
		r.Text(string(k.state))
		r.Int8(t.cases)
		r.Int8(t.debt)
		r.Int8(t.outstanding)
		r.Int8(t.paid)
	})
}
