package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/internal/caseno"
)

// waitingMost is how many cases the list shows.
const waitingMost = 1000

// waitingCase is a case that the robot leaves to a person.
type waitingCase struct {
	Case  string       `json:"case"`
	State engine.State `json:"state"`
	Hold  string       `json:"hold"` // why, as a code
	Since time.Time    `json:"since"`
}

// waitingSQL reads the whole table of cases: an index on what moves would make every change of a case write to it.
const waitingSQL = `SELECT c.id, c.state, c.hold, (SELECT max(e.at) FROM events e WHERE e.case_id = c.id AND e.kind = 'held') AS since
  FROM cases c WHERE c.hold <> '' ORDER BY since, c.id LIMIT $1`

func (e *env) listWaiting(ctx context.Context, db *database) error {
	if err := db.current(ctx); err != nil {
		return err
	}
	rows, err := db.pool.Query(ctx, waitingSQL, waitingMost)
	if err != nil {
		return fmt.Errorf("case: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (w waitingCase, err error) {
		var id int64
		err = row.Scan(&id, &w.State, &w.Hold, &w.Since)
		w.Case = caseno.Format(id)
		return w, err
	})
	if err != nil {
		return fmt.Errorf("case: %w", err)
	}
	return e.print(struct {
		Waiting []waitingCase `json:"waiting"`
	}{append([]waitingCase{}, list...)}, func() {
		if len(list) == 0 {
			e.sayf("No case waits for a person.\n")
			return
		}
		for _, w := range list {
			e.sayf("%s  %-10s  since %s  %s\n", w.Case, w.State, w.Since.UTC().Format(time.DateTime), w.Hold)
		}
		e.sayf("\nLook at one: bailiff case NUMBER. Then: bailiff case NUMBER --resume WHY --as NAME\n")
	})
}
