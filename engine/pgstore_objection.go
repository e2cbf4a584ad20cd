package engine

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// loadObjections fills in the objections of the few cases that have some.
func loadObjections(ctx context.Context, q Querier, cases []Case, counts map[int64]int16) error {
	if len(counts) == 0 {
		return nil
	}
	ids := make([]int64, 0, len(counts))
	at := make(map[int64]*Case, len(counts))
	for i := range cases {
		if _, some := counts[cases[i].ID]; some {
			ids, at[cases[i].ID] = append(ids, cases[i].ID), &cases[i]
		}
	}
	rows, err := q.Query(ctx, readObjectionsSQL, ids)
	if err != nil {
		return fmt.Errorf("engine: load objections: %w", err)
	}
	var (
		id              int64
		o               Objection
		made, due, over pgtype.Date
	)
	_, err = pgx.ForEachRow(rows, []any{&id, &o.Seq, &o.Ground, &o.Status, &made, &due, &o.Held, &o.Answer, &over}, func() error {
		o.MadeOn, o.DueOn, o.OverOn = fromDate(made), fromDate(due), fromDate(over)
		at[id].Objections = append(at[id].Objections, o)
		return nil
	})
	if err != nil {
		return fmt.Errorf("engine: load objections: %w", err)
	}
	return nil
}

// writeObjections writes those that are new or have moved.
func (w *writer) writeObjections(ctx context.Context, tx pgx.Tx) error {
	var col struct {
		id              []int64
		seq, answer     []int32
		ground, status  []string
		made, due, over []pgtype.Date
		held            []bool
	}
	var cases []int64
	var counts []int16
	for _, e := range w.moved {
		if len(e.after.Objections) > len(e.before.Objections) {
			cases, counts = append(cases, e.after.ID), append(counts, int16(len(e.after.Objections)))
		}
		for i := range e.after.Objections {
			o := &e.after.Objections[i]
			if i < len(e.before.Objections) && e.before.Objections[i] == *o {
				continue
			}
			col.id, col.seq, col.answer = append(col.id, e.after.ID), append(col.seq, int32(o.Seq)), append(col.answer, int32(o.Answer))
			col.ground, col.status, col.held = append(col.ground, string(o.Ground)), append(col.status, string(o.Status)), append(col.held, o.Held)
			col.made, col.due, col.over = append(col.made, toDate(o.MadeOn)), append(col.due, toDate(o.DueOn)), append(col.over, toDate(o.OverOn))
		}
	}
	if len(col.id) == 0 {
		return nil
	}
	if _, err := tx.Exec(ctx, writeObjectionsSQL, col.id, col.seq, col.ground, col.status, col.made, col.due, col.held, col.answer, col.over); err != nil {
		return err
	}
	if len(cases) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, countObjectionsSQL, cases, counts)
	return err
}

const readObjectionsSQL = `SELECT case_id, seq, ground, status, made_on, due_on, held, answer, over_on FROM objections WHERE case_id = ANY($1) ORDER BY case_id, seq`

const writeObjectionsSQL = `INSERT INTO objections AS o (case_id, seq, ground, status, made_on, due_on, held, answer, over_on)
SELECT * FROM unnest($1::bigint[], $2::int[], $3::text[], $4::text[], $5::date[], $6::date[], $7::boolean[], $8::int[], $9::date[])
    ON CONFLICT (case_id, seq) DO UPDATE SET status = EXCLUDED.status, answer = EXCLUDED.answer, over_on = EXCLUDED.over_on`

const countObjectionsSQL = `UPDATE cases c SET objections = u.n FROM unnest($1::bigint[], $2::smallint[]) AS u(id, n) WHERE c.id = u.id`
