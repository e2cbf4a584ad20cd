package engine

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"
)

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
