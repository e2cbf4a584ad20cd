package engine

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Loading is one case that is read by two readings, which do not depend on each other: a page has both answered at once.
type Loading struct {
	id     int64
	rows   []Case
	orders [1]Case // nothing but orders
}

// NewLoading begins to read a case.
func NewLoading(id int64) *Loading { return &Loading{id: id, orders: [1]Case{{ID: id}}} }

// Row reads the case but for its orders.
func (l *Loading) Row(ctx context.Context, q Querier) (err error) {
	l.rows, err = loadRows(ctx, q, readCasesSQL, []int64{l.id})
	return err
}

// Orders reads the orders of the case.
func (l *Loading) Orders(ctx context.Context, q Querier) error {
	return loadOrders(ctx, q, []int64{l.id}, l.orders[:])
}

// Case gives what both have read, as [Load] does; ok is false when there is no such case.
func (l *Loading) Case() (c Case, ok bool) {
	if len(l.rows) == 0 {
		return Case{}, false
	}
	c = l.rows[0]
	c.Orders = l.orders[0].Orders
	return c, true
}

// Events reads what happened to a case, in order.
func Events(ctx context.Context, q Querier, id int64) ([]Event, error) {
	rows, err := q.Query(ctx, readEventsSQL, id)
	if err != nil {
		return nil, fmt.Errorf("engine: events of case %d: %w", id, err)
	}
	events, err := pgx.CollectRows(rows, scanEvent)
	if err != nil {
		return nil, fmt.Errorf("engine: events of case %d: %w", id, err)
	}
	return events, nil
}

func scanEvent(row pgx.CollectableRow) (Event, error) {
	var (
		e    Event
		data []byte
	)
	if err := row.Scan(&e.Seq, &e.Kind, &e.At, &e.Actor, &e.Pack, &data); err != nil {
		return e, err
	}
	e.At = e.At.UTC()
	return e, json.Unmarshal(data, &e.Data)
}

const readEventsSQL = `SELECT seq, kind, at, actor, pack, data::text FROM events WHERE case_id = $1 ORDER BY seq`
