package caseacts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/person"
	"robotbailiff/internal/pg"
	"robotbailiff/rules/calendar"
)

// Cases is what acts need of the engine: the legal time, what commands would do, and decisions.
type Cases interface {
	Now(ctx context.Context) (time.Time, error)
	Preview(ctx context.Context, cmds []engine.For) (*engine.Plan, error)
	ApplyTx(ctx context.Context, tx pgx.Tx, cmds []engine.For, opts ...engine.Option) (*engine.Plan, error)
}

// Store keeps acts and does them.
type Store struct {
	pool  *pgxpool.Pool
	cases Cases
}

// New returns a store.
func New(pool *pgxpool.Pool, cases Cases) *Store { return &Store{pool: pool, cases: cases} }

// item is one case of a list, as it was when the list was made.
type item struct {
	id      int64
	mark    []byte
	outcome string
}

func (i item) same(k Kind, c engine.Case) (bool, error) {
	m, err := mark(k, c)
	return bytes.Equal(m, i.mark), err
}

func idsOf(items []item) []int64 {
	ids := make([]int64, len(items))
	for i := range items {
		ids[i] = items[i].id
	}
	return ids
}

// Draft makes an act with its list, which never changes any more. Nothing is asked for yet.
func (s *Store) Draft(ctx context.Context, who Who, r Request) (id int64, err error) {
	name, ok := person.Name(who.Name)
	if !ok {
		return 0, ErrNotMine
	}
	now, err := s.cases.Now(ctx)
	if err != nil {
		return 0, fmt.Errorf("caseacts: legal time: %w", err)
	}
	a, ids, err := r.read(calendar.DateOf(now))
	if err != nil {
		return 0, err
	}
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		cases, err := engine.Load(ctx, tx, ids)
		if err != nil {
			return err
		}
		regions, err := seen(who, ids, cases)
		if err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, insertActSQL, a.Kind, a.Params, a.Reason, a.Cases, regions, a.Two, name).Scan(&id); err != nil {
			return err
		}
		marks := make([][]byte, len(cases))
		for i := range cases {
			if marks[i], err = mark(a.Kind, cases[i]); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, insertItemsSQL, id, ids, marks)
		return err
	})
	if wrong, ok := errors.AsType[*WrongError](err); ok {
		return 0, wrong
	}
	if err != nil {
		return 0, fmt.Errorf("caseacts: draft: %w", err)
	}
	return id, nil
}

// seen gives the regions of the cases of a list, if there are such cases and somebody sees them all. Both are sorted by case.
func seen(who Who, ids []int64, cases []engine.Case) (regions []string, err error) {
	found, regionOf := map[int64]bool{}, map[string]bool{}
	for i := range cases {
		c := &cases[i]
		if who.sees(c.Region) {
			found[c.ID] = true
		}
		if !regionOf[c.Region] {
			regionOf[c.Region] = true
			regions = append(regions, c.Region)
		}
	}
	wrong := &WrongError{Codes: []string{WrongUnknown}}
	for _, id := range ids {
		if !found[id] && len(wrong.Numbers) < mostNamed {
			wrong.Numbers = append(wrong.Numbers, caseno.Format(id))
		}
	}
	if len(wrong.Numbers) > 0 {
		return nil, wrong
	}
	return regions, nil
}

func (w Who) sees(region string) bool {
	if w.Regions == nil {
		return true
	}
	for _, r := range w.Regions {
		if r == region {
			return true
		}
	}
	return false
}

// Act reads one act. A draft is there for its maker alone.
func (s *Store) Act(ctx context.Context, who Who, id int64) (Act, error) {
	return readAct(ctx, s.pool, who, readActSQL, id)
}

// Look reads one act with what it would do as things stand now, if it is not being done yet.
func (s *Store) Look(ctx context.Context, who Who, id int64) (v View, err error) {
	if v.Act, err = s.Act(ctx, who, id); err != nil || v.State != Draft && !v.Waits() {
		return v, err
	}
	items, err := s.items(ctx, id, 0, MostCases)
	if err != nil {
		return v, err
	}
	v.Sums, v.Effects, err = s.preview(ctx, &v.Act, items)
	return v, err
}

// Item is one case of a list with what became of it.
type Item struct {
	Number  string
	ID      int64
	Outcome string
}

// PageSize is how many cases of a list are on one page.
const PageSize = 100

// Items gives a page of the list of an act that an actor sees, from the first case after one; more says whether there are others behind it.
func (s *Store) Items(ctx context.Context, who Who, id, after int64) (list []Item, more bool, err error) {
	if _, err := s.Act(ctx, who, id); err != nil {
		return nil, false, err
	}
	items, err := s.items(ctx, id, after, PageSize+1)
	if err != nil {
		return nil, false, err
	}
	for _, i := range items[:min(len(items), PageSize)] {
		list = append(list, Item{Number: caseno.Format(i.id), ID: i.id, Outcome: i.outcome})
	}
	return list, len(items) > PageSize, nil
}

func (s *Store) items(ctx context.Context, id, after int64, most int) ([]item, error) {
	rows, err := s.pool.Query(ctx, itemsSQL, id, after, most)
	if err != nil {
		return nil, fmt.Errorf("caseacts: list of act %d: %w", id, err)
	}
	return pgx.CollectRows(rows, toItem)
}

func toItem(row pgx.CollectableRow) (i item, err error) {
	err = row.Scan(&i.id, &i.mark, &i.outcome)
	return i, err
}

// mostListed is how many acts a page shows.
const mostListed = 50

// List gives the latest acts that were asked for, and the actor's own drafts.
func (s *Store) List(ctx context.Context, who Who) ([]Act, error) {
	return s.list(ctx, who, listActsSQL, mostListed)
}

// Waiting gives the acts that wait for a second person, the oldest first.
func (s *Store) Waiting(ctx context.Context, who Who) ([]Act, error) {
	return s.list(ctx, who, waitingActsSQL, mostListed)
}

// OfCase gives the acts on a case that wait or are being done, and the last one that was; the newest first.
func (s *Store) OfCase(ctx context.Context, who Who, caseID int64) ([]Act, error) {
	return s.list(ctx, who, actsOfCaseSQL, caseID)
}

func (s *Store) list(ctx context.Context, who Who, sql string, arg any) ([]Act, error) {
	rows, err := s.pool.Query(ctx, sql, who.Regions, who.key(), arg)
	if err != nil {
		return nil, fmt.Errorf("caseacts: acts: %w", err)
	}
	return pgx.CollectRows(rows, actFor(who))
}

// key is a name as it is kept.
func (w Who) key() string {
	name, _ := person.Name(w.Name) // what is no name has made nothing
	return name
}

type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func readAct(ctx context.Context, q querier, who Who, sql string, id int64) (Act, error) {
	rows, err := q.Query(ctx, sql, who.Regions, who.key(), id)
	if err != nil {
		return Act{}, fmt.Errorf("caseacts: act %d: %w", id, err)
	}
	a, err := pgx.CollectExactlyOneRow(rows, actFor(who))
	if errors.Is(err, pgx.ErrNoRows) {
		return a, ErrNone
	}
	if err != nil {
		return a, fmt.Errorf("caseacts: act %d: %w", id, err)
	}
	return a, nil
}

func actFor(who Who) pgx.RowToFunc[Act] {
	return func(row pgx.CollectableRow) (a Act, err error) {
		var asked, expires, decided, finished pgtype.Timestamptz
		err = row.Scan(&a.ID, &a.Kind, &a.Params, &a.Reason, &a.Cases, &a.Two, &a.State, &a.AskedBy, &a.Made, &asked, &expires, &a.DecidedBy, &a.Agreed, &decided, &a.Why, &finished, &a.Expired, &a.Counts)
		for to, from := range map[*time.Time]pgtype.Timestamptz{&a.Asked: asked, &a.Expires: expires, &a.Decided: decided, &a.Finished: finished} {
			if from.Valid {
				*to = from.Time
			}
		}
		a.Mine = a.AskedBy == who.key()
		return a, err
	}
}
