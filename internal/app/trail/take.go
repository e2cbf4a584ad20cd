package trail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"

	"robotbailiff/internal/app/caselist/sheet"
	"robotbailiff/internal/i18n"
)

// File is a list that leaves the house.
type File struct {
	Name, MediaType string
	Body            []byte
	Rows            int
}

const noteTakenSQL = `INSERT INTO desk_access (actor, what, kind, hits, reason) VALUES ($1, 'export', 'csv', $2, $3)`

// TakeEvents writes the events of a filter to a file. What is taken is written down before it is given.
func (s *Store) TakeEvents(ctx context.Context, who Who, f EventFilter, lang i18n.Lang) (File, error) {
	f.After = EventCursor{}
	walking, cancel := context.WithTimeout(ctx, takeFor)
	defer cancel()
	rows, end, err := s.walk(walking, who, f, MostTaken+1, takeFor)
	if errors.Is(err, context.DeadlineExceeded) || err == nil && end.Seq != 0 {
		return File{}, ErrTooSlow
	}
	if err != nil {
		return File{}, err
	}
	p := i18n.For(lang)
	return take(ctx, s, who, p, "events", f.Query(), []string{"at", "case", "seq", "kind", "actor", "reason"}, rows, func(r Row) ([]sheet.Cell, error) {
		kind, err := word(p, "audit.kind", r.Kind)
		return texts(i18n.ISO(r.At), r.Number, strconv.Itoa(r.Seq), kind, r.Actor, r.Reason), err
	})
}

// TakeActs writes the acts of a filter to a file, as [Store.TakeEvents] does.
func (s *Store) TakeActs(ctx context.Context, who Who, f ActFilter, lang i18n.Lang) (File, error) {
	f.After = ActCursor{}
	walking, cancel := context.WithTimeout(ctx, takeFor)
	defer cancel()
	rows, err := s.acts(walking, who, f, MostTaken+1)
	if errors.Is(err, context.DeadlineExceeded) {
		return File{}, ErrTooSlow
	}
	if err != nil {
		return File{}, err
	}
	p := i18n.For(lang)
	return take(ctx, s, who, p, "acts", f.Query(), []string{"at", "actor", "room", "act", "subject", "case", "cases", "reason"}, rows, func(a Act) ([]sheet.Cell, error) {
		room, err1 := word(p, "audit.room", a.Room)
		act, err2 := word(p, "audit.act", a.Act)
		if a.Seq() != 0 {
			act, err2 = word(p, "audit.kind", a.Act)
		}
		n := ""
		if a.Counted {
			n = strconv.Itoa(a.Cases)
		}
		return texts(i18n.ISO(a.At), a.Actor, room, act, a.Subject, a.Number, n, a.Reason), errors.Join(err1, err2)
	})
}

// take writes rows to a file, in which nothing is a formula to any program, and notes that it was taken.
func take[R any](ctx context.Context, s *Store, who Who, p *i18n.Printer, name string, q url.Values, columns []string, rows []R, cells func(R) ([]sheet.Cell, error)) (File, error) {
	switch {
	case len(rows) > MostTaken:
		return File{}, ErrTooMany
	case len(rows) == 0:
		return File{}, ErrNothing
	}
	t := sheet.Table{Rows: func() ([]sheet.Cell, error) {
		if len(rows) == 0 {
			return nil, nil
		}
		r := rows[0]
		rows = rows[1:]
		return cells(r)
	}}
	for _, c := range columns {
		head, err := p.T("audit.col." + c)
		if err != nil {
			return File{}, err
		}
		t.Head = append(t.Head, head)
	}
	var out bytes.Buffer
	n, err := sheet.CSV(&out, t)
	if err != nil {
		return File{}, fmt.Errorf("trail: write: %w", err)
	}
	if _, err := s.pool.Exec(ctx, noteTakenSQL, who.Name, n, "audit/"+name+"?"+q.Encode()); err != nil {
		return File{}, fmt.Errorf("trail: access log: %w", err)
	}
	return File{Name: "audit-" + name + ".csv", MediaType: "text/csv; charset=utf-8", Body: out.Bytes(), Rows: n}, nil
}

func texts(all ...string) []sheet.Cell {
	out := make([]sheet.Cell, len(all))
	for i, s := range all {
		out[i].Text = s
	}
	return out
}

// word is a value in words; one that the catalogs do not know is shown as it is.
func word(p *i18n.Printer, family, value string) (string, error) {
	if key := family + "." + value; p.Has(key) {
		return p.T(key)
	}
	return value, nil
}
