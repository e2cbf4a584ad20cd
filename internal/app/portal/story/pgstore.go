package story

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
)

const eventsSQL = `SELECT seq, kind, at, actor, pack, data FROM events WHERE case_id = $1 ORDER BY seq`

func loadEvents(ctx context.Context, q engine.Querier, caseID int64) ([]engine.Event, error) {
	rows, err := q.Query(ctx, eventsSQL, caseID)
	if err != nil {
		return nil, fmt.Errorf("story: events of case %d: %w", caseID, err)
	}
	events, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (engine.Event, error) {
		var e engine.Event
		var raw []byte
		if err := row.Scan(&e.Seq, &e.Kind, &e.At, &e.Actor, &e.Pack, &raw); err != nil {
			return e, err
		}
		e.At = e.At.UTC()
		return e, json.Unmarshal(raw, &e.Data)
	})
	if err != nil {
		return nil, fmt.Errorf("story: events of case %d: %w", caseID, err)
	}
	return events, nil
}
