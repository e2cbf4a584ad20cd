package caselist

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"robotbailiff/engine"
	"robotbailiff/engine/intake"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/clock"
	"robotbailiff/notify/text"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

const (
	// PageSize is how many cases a page has as a rule.
	PageSize = 50
	// MaxCount is how far cases are counted; what goes beyond is told as more than so many.
	MaxCount = 1000
)

// Row is one case of a list, masked.
type Row struct {
	ID                          int64
	Number, State, Region       string
	Hold, Suspended             string
	Objected, Arrested, Lifting bool
	Initials, IIN               string
	Source, Document, Kind      string
	Opened, Voluntary, Term     calendar.Date
	Debt, Paid, Left            money.Amount
}

// Page is a page of a list.
type Page struct {
	Rows []Row
	// Next and Previous are the addresses' cursors of the neighbours; the zero cursor: there is none.
	Next, Previous Cursor
	// Further says that the page is not full since the walk was long enough; Next goes on from there. LookedTo is how far it got.
	Further  bool
	LookedTo Row
	// Count is how many cases the list has; Counted is false on a page further on, where nobody counts again.
	Count   int64
	Counted bool
	More    bool   // Count is a lower bound
	Search  *Found // what the search is for; nil: there is none
}

// List gives the page of a filter.
func (s *Store) List(ctx context.Context, who Who, f Filter) (p Page, err error) {
	w := walk{f: f, regions: who.Regions, scan: s.Scan, most: s.Page + 1}
	if f.Search != "" {
		found, err := s.searched(ctx, who, f.Search)
		if err != nil {
			return p, err
		}
		p.Search, w.ids = &found.Found, found.ids
	}
	if err := s.bounds(ctx, &w); err != nil {
		return p, err
	}
	first := !f.After.set() && !f.Before.set()
	if first {
		w.most = MaxCount + 1
	}
	w.from = f.After
	if f.Before.set() {
		w.from, w.back = f.Before, true
	}
	at, end, err := s.walk(ctx, w)
	if err != nil {
		return p, fmt.Errorf("caselist: walk: %w", err)
	}
	if first {
		if err := s.count(ctx, who, &p, f, at, end); err != nil {
			return p, err
		}
	}
	p.turn(w, at, end, s.Page)
	if p.Rows, err = s.Rows(ctx, ids(p.cut(at, w, s.Page))); err != nil {
		return p, err
	}
	if p.Further {
		last, err := s.Rows(ctx, []int64{end.ID})
		if err != nil || len(last) != 1 {
			return p, fmt.Errorf("caselist: case %d: %w", end.ID, err)
		}
		p.LookedTo = last[0]
	}
	return p, nil
}

// cut gives the cases of the page in its order.
func (*Page) cut(at []Cursor, w walk, size int) []Cursor {
	at = slices.Clone(at[:min(len(at), size)])
	if w.back {
		slices.Reverse(at)
	}
	return at
}

// turn sets the ways to the neighbours. end is set when the walk was stopped before it had found enough.
func (p *Page) turn(w walk, at []Cursor, end Cursor, size int) {
	on := Cursor{} // of the walk
	switch {
	case len(at) > size:
		on = at[size-1]
	case end.set():
		on, p.Further = end, true
	}
	var behind Cursor
	if w.from.set() {
		behind = w.from
		if len(at) > 0 {
			behind = at[0]
		}
	}
	p.Next, p.Previous = on, behind
	if w.back {
		p.Next, p.Previous = behind, on
	}
}

// walk goes on until it has found enough, has looked at all, or has no more patience: then it tells where it stopped.
func (s *Store) walk(ctx context.Context, w walk) (found []Cursor, end Cursor, err error) {
	if found, ok := w.picked(); ok {
		return found, end, nil
	}
	watch := clock.StartStopwatch()
	for {
		sql, args := w.sql()
		rows, err := s.pool.Query(ctx, sql, args...)
		if err != nil {
			return nil, end, err
		}
		more, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Cursor])
		if err != nil {
			return nil, end, err
		}
		found = append(found, more...)
		if w.most -= len(more); w.most <= 0 || w.ids != nil {
			return found, Cursor{}, nil
		}
		sql, args = w.end()
		switch err := s.pool.QueryRow(ctx, sql, args...).Scan(&end.Key, &end.ID); {
		case errors.Is(err, pgx.ErrNoRows):
			return found, Cursor{}, nil
		case err != nil:
			return nil, end, err
		case watch.Elapsed() >= s.Patience || len(found) > s.Page:
			return found, end, nil
		}
		w.from = end
	}
}

// boundsSQL finds the first and the last case of some days, by one look at the index for each day.
const boundsSQL = `SELECT coalesce(min(x.low), 0), coalesce(max(x.high), 0)
  FROM (SELECT greatest($1::date, min(opened_on)) AS first, least($2::date, max(opened_on)) AS last, count(*) AS any FROM
         ((SELECT opened_on FROM cases ORDER BY opened_on LIMIT 1) UNION ALL (SELECT opened_on FROM cases ORDER BY opened_on DESC LIMIT 1)) ends) span
 CROSS JOIN generate_series(0, CASE WHEN span.any > 0 THEN span.last - span.first END) n
 CROSS JOIN LATERAL (SELECT (SELECT id FROM cases WHERE opened_on = span.first + n ORDER BY id LIMIT 1) AS low,
                            (SELECT id FROM cases WHERE opened_on = span.first + n ORDER BY id DESC LIMIT 1) AS high) x`

// bounds narrows a walk along the numbers to those of the days of opening. Numbers mostly grow with the days; nothing depends on it.
func (s *Store) bounds(ctx context.Context, w *walk) error {
	column, _ := w.key()
	if w.ids != nil || column != "id" || w.f.OpenedFrom.IsZero() && w.f.OpenedTo.IsZero() {
		return nil
	}
	from, to := w.f.OpenedFrom, w.f.OpenedTo
	if from.IsZero() {
		from = calendar.First
	}
	if to.IsZero() {
		to = calendar.Last
	}
	if err := s.pool.QueryRow(ctx, boundsSQL, from.UTC(), to.UTC()).Scan(&w.lowest, &w.highest); err != nil {
		return fmt.Errorf("caselist: days: %w", err)
	}
	w.lowest = max(w.lowest, 1) // no case of these days: nothing lies between 1 and 0
	return nil
}

// totalSQL is exact and costs the same at any size.
const totalSQL = `SELECT coalesce(sum(cases), 0)::bigint FROM case_totals WHERE ($1::text[] IS NULL OR region = ANY($1)) AND ($2 = '' OR region = $2) AND state = ANY($3)`

func (s *Store) count(ctx context.Context, who Who, p *Page, f Filter, at []Cursor, end Cursor) error {
	p.Counted = true
	if f.Search == "" && !f.narrow() {
		if err := s.pool.QueryRow(ctx, totalSQL, who.Regions, f.Region, f.states()).Scan(&p.Count); err != nil {
			return fmt.Errorf("caselist: total: %w", err)
		}
		return nil
	}
	p.Count, p.More = int64(min(len(at), MaxCount)), len(at) > MaxCount || end.set() || p.Search != nil && p.Search.Capped
	return nil
}

// states are those that the filter lets through.
func (f Filter) states() (out []string) {
	for _, st := range engine.States {
		if f.State == "" || f.State == string(st) || f.State == StateOpen && !st.Final() || f.State == StateEnded && st.Final() {
			out = append(out, string(st))
		}
	}
	return out
}

func ids(at []Cursor) []int64 {
	out := make([]int64, len(at))
	for i, c := range at {
		out[i] = c.ID
	}
	return out
}

// rowsSQL reads the cases of a page by their keys, in the order in which they are named.
const rowsSQL = `SELECT c.id, c.state, c.region, c.hold, c.suspended, c.debt, c.paid, c.outstanding, c.opened_on, c.voluntary_ends_on, c.term_ends_on, c.ended_at,
       w.source, w.document_number, w.kind, d.name, d.iin_sealed,
       c.objections > 0 AND ` + objectedSQL + `, ` + arrestedSQL + `
  FROM unnest($1::bigint[]) WITH ORDINALITY x (id, n) JOIN cases c ON c.id = x.id JOIN writs w ON w.case_id = c.id JOIN debtors d ON d.id = c.debtor_id ORDER BY x.n`

// Rows reads cases by their ids, in that order.
func (s *Store) Rows(ctx context.Context, ids []int64) ([]Row, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := s.pool.Query(ctx, rowsSQL, ids)
	if err != nil {
		return nil, fmt.Errorf("caselist: rows: %w", err)
	}
	out, err := pgx.CollectRows(rows, s.row)
	if err != nil {
		return nil, fmt.Errorf("caselist: rows: %w", err)
	}
	return out, nil
}

func (s *Store) row(row pgx.CollectableRow) (r Row, err error) {
	var (
		debt, paid, left        int64
		opened, voluntary, term pgtype.Date
		ended                   *time.Time
		name                    string
		sealed                  []byte
	)
	err = row.Scan(&r.ID, &r.State, &r.Region, &r.Hold, &r.Suspended, &debt, &paid, &left, &opened, &voluntary, &term, &ended,
		&r.Source, &r.Document, &r.Kind, &name, &sealed, &r.Objected, &r.Arrested)
	r.Number, r.Initials, r.IIN = caseno.Format(r.ID), text.Initials(name), s.masked(sealed)
	r.Debt, r.Paid, r.Left = money.FromTiyn(debt), money.FromTiyn(paid), money.FromTiyn(left)
	r.Opened, r.Term = calendar.FromUTC(opened.Time), calendar.FromUTC(term.Time)
	if voluntary.Valid {
		r.Voluntary = calendar.FromUTC(voluntary.Time)
	}
	r.Lifting = r.Arrested && ended != nil && r.State != string(engine.HandedOver)
	return r, err
}

// masked shows the last four digits of an IIN; a number that cannot be opened shows none.
func (s *Store) masked(sealed []byte) string {
	iin, err := s.keys.Open(sealed, intake.SealedIIN)
	if err != nil || len(iin) != 12 {
		return "**********"
	}
	return "******" + string(iin[8:])
}
