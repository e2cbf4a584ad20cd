package worklist

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"robotbailiff/internal/caseno"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Tally counts what waits of one kind in one region; without a region: what belongs to none.
type Tally struct {
	Kind, Region string
	Count        int64
	Sum          money.Amount
	Oldest       time.Time
}

// Count reads how much waits, of all kinds.
func Count(ctx context.Context, tx pgx.Tx, now time.Time) (all []Tally, err error) {
	batch := &pgx.Batch{}
	for _, k := range Kinds {
		batch.Queue(`SELECT i.region, count(*), coalesce(sum(i.sum), 0)::bigint, min(i.since) FROM (`+k.sql+`) AS i(key, case_id, region, since, sum, due) GROUP BY i.region`, now).Query(func(rows pgx.Rows) error {
			t := Tally{Kind: k.Name}
			var sum int64
			_, err := pgx.ForEachRow(rows, []any{&t.Region, &t.Count, &sum, &t.Oldest}, func() error {
				t.Sum = money.FromTiyn(sum)
				all = append(all, t)
				return nil
			})
			return err
		})
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return nil, fmt.Errorf("worklist: %w", err)
	}
	return all, nil
}

// Item is one thing that waits.
type Item struct {
	Kind, Key string
	Number    string // of its case; empty: it has none
	Region    string
	Since     time.Time
	Due       calendar.Date // the day by which it should be done; unset: nobody can say
	Late      bool
	Sum       money.Amount
	Who       string // who works it; empty: nobody does
	Href      string // where it is worked
}

// Query chooses things of the kinds that are asked for.
type Query struct {
	Regions []string // nil: all, and what belongs to none
	Of      string   // only what this person works
	Free    bool     // only what nobody works
	After   Mark     // of one kind
	Limit   int      // of each kind
}

// Mark is where a page of a list ends.
type Mark struct {
	Since time.Time
	Key   string
}

// itemsSQL puts above what waits who works it. $2 is the kind, $3 the regions, $4 of whom, $5 only what is free, $6 and $7 where the page begins, $8 one key.
const itemsSQL = `SELECT i.key, i.case_id, i.region, i.since, i.sum, i.due, coalesce(a.assignee, '') FROM (%s) AS i(key, case_id, region, since, sum, due)
  LEFT JOIN LATERAL (SELECT w.assignee FROM work_acts w WHERE w.kind = $2 AND w.item = i.key ORDER BY w.id DESC LIMIT 1) a ON true
 WHERE ($3::text[] IS NULL OR i.region = ANY ($3)) AND ($4 = '' OR a.assignee = $4) AND (NOT $5::boolean OR coalesce(a.assignee, '') = '')
   AND ($7 = '' OR (i.since, i.key) > ($6::timestamptz, $7)) AND ($8 = '' OR i.key = $8) ORDER BY i.since, i.key LIMIT $9`

// ErrNone says that a thing does not wait, or not any more.
var ErrNone = errors.New("worklist: this does not wait for anybody")

// One finds one thing that waits.
func One(ctx context.Context, tx pgx.Tx, kind, key string, regions []string, now time.Time, cal *calendar.Calendar) (Item, error) {
	if key == "" {
		return Item{}, ErrNone
	}
	lists, err := read(ctx, tx, []string{kind}, Query{Regions: regions, Limit: 1}, key, now, cal)
	if err != nil {
		return Item{}, err
	}
	if len(lists[kind]) == 0 {
		return Item{}, ErrNone
	}
	return lists[kind][0], nil
}

// Lists reads what waits of some kinds at once, the oldest of each first.
func Lists(ctx context.Context, tx pgx.Tx, kinds []string, q Query, now time.Time, cal *calendar.Calendar) (map[string][]Item, error) {
	return read(ctx, tx, kinds, q, "", now, cal)
}

func read(ctx context.Context, tx pgx.Tx, kinds []string, q Query, key string, now time.Time, cal *calendar.Calendar) (map[string][]Item, error) {
	batch, lists, today := &pgx.Batch{}, map[string][]Item{}, calendar.DateOf(now)
	for _, name := range kinds {
		k, ok := KindOf(name)
		if !ok || !k.Local && q.Regions != nil {
			continue
		}
		batch.Queue(fmt.Sprintf(itemsSQL, k.sql), now, k.Name, q.Regions, q.Of, q.Free, q.After.Since, q.After.Key, key, q.Limit).Query(func(rows pgx.Rows) (err error) {
			lists[k.Name], err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (Item, error) { return k.item(row, today, cal) })
			return err
		})
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return nil, fmt.Errorf("worklist: %w", err)
	}
	return lists, nil
}

func (k Kind) item(row pgx.CollectableRow, today calendar.Date, cal *calendar.Calendar) (Item, error) {
	i := Item{Kind: k.Name}
	var id pgtype.Int8
	var sum int64
	var due pgtype.Date
	err := row.Scan(&i.Key, &id, &i.Region, &i.Since, &sum, &due, &i.Who)
	if id.Int64 != 0 {
		i.Number = caseno.Format(id.Int64)
	}
	if i.Due = k.due(cal, calendar.DateOf(i.Since)); due.Valid {
		i.Due = calendar.FromUTC(due.Time)
	}
	i.Sum, i.Late, i.Href = money.FromTiyn(sum), !i.Due.IsZero() && today.After(i.Due), k.href(i.Key, id.Int64)
	return i, err
}
