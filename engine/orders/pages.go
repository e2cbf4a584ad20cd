package orders

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
)

// list reads a page of what the bank has in force and looks at it. What we have is read after the bank was asked: whatever a bank
// has, we intended before.
func (c *Comparer) list(ctx context.Context, peer Peer, r *Run) error {
	holds, cursor, err := peer.Holds(ctx, r.after, comparePage)
	if err != nil {
		return err
	}
	ids, legs := make([]int64, len(holds)), make([]uuid.UUID, len(holds))
	for i, h := range holds {
		ids[i], legs[i] = h.CaseID, h.ID
	}
	at, err := c.standings(ctx, ids, r.Started)
	if err != nil {
		return err
	}
	var found []verdict
	for _, h := range holds {
		if v := judge(r.Bank, h, at[h.CaseID]); v.kind != "" || v.moving {
			found = append(found, v)
		}
	}
	if err := partsOf(ctx, peer, found); err != nil {
		return err
	}
	if cursor != "" && (cursor == r.after || len(holds) == 0) {
		return errors.New("the bank's list does not go on")
	}
	next := *r
	next.after, next.Holds = cursor, r.Holds+int64(len(holds))
	if cursor == "" {
		next.phase = phaseOurs
	}
	return c.step(ctx, r, next, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, keepHoldsSQL, r.Duty, r.On.UTC(), r.Bank, legs); err != nil {
			return err
		}
		return c.write(ctx, tx, r.Bank, found)
	})
}

// ours looks for a page of our arrests in what the bank has told. Where one is missing the bank is asked about the order itself
// before anything is believed.
func (c *Comparer) ours(ctx context.Context, peer Peer, r *Run) error {
	ids, last, err := c.page(ctx, liveCasesSQL, r.after)
	if err != nil {
		return err
	}
	at, err := c.standings(ctx, ids, r.Started)
	if err != nil {
		return err
	}
	var held []verdict
	for _, id := range ids {
		held = append(held, at[id].expected(r.Bank, id)...)
	}
	missing, err := c.missing(ctx, r, held)
	if err == nil {
		err = denied(ctx, peer, missing)
	}
	if err != nil {
		return err
	}
	next := *r
	next.after, next.Arrests = last, r.Arrests+int64(len(held))
	if len(ids) < comparePage {
		next.phase, next.after = phaseAsk, ""
	}
	return c.step(ctx, r, next, func(tx pgx.Tx) error { return c.write(ctx, tx, r.Bank, missing) })
}

// page gives the next case ids after a cursor, and the cursor behind them.
func (c *Comparer) page(ctx context.Context, sql, after string) (ids []int64, last string, err error) {
	from := int64(0)
	if after != "" {
		if _, err := fmt.Sscan(after, &from); err != nil {
			return nil, "", fmt.Errorf("cursor %q: %w", after, err)
		}
	}
	rows, err := c.Sender.Store.Pool().Query(ctx, sql, from, comparePage)
	if err != nil {
		return nil, "", err
	}
	ids, err = pgx.CollectRows(rows, pgx.RowTo[int64])
	if len(ids) > 0 {
		last = fmt.Sprint(ids[len(ids)-1])
	}
	return ids, last, err
}

// missing gives those of our arrests that the bank has not told of.
func (c *Comparer) missing(ctx context.Context, r *Run, held []verdict) ([]verdict, error) {
	legs := make([]uuid.UUID, len(held))
	for i, v := range held {
		legs[i] = v.leg
	}
	rows, err := c.Sender.Store.Pool().Query(ctx, toldSQL, r.Duty, r.On.UTC(), r.Bank, legs)
	if err != nil {
		return nil, err
	}
	told, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, err
	}
	known := make(map[uuid.UUID]bool, len(told))
	for _, id := range told {
		known[id] = true
	}
	var out []verdict
	for _, v := range held {
		if !known[v.leg] {
			out = append(out, v)
		}
	}
	return out, nil
}

// standing is how a case stands with us.
type standing struct {
	state  engine.State // empty: there is no such case
	moving bool         // an order waits for its answer, or was answered since the run began: it is looked at another day
	h      history
}

// standings reads how cases stand. What the bank said a moment ago may be older than what we know of a case that moves.
func (c *Comparer) standings(ctx context.Context, ids []int64, since time.Time) (map[int64]standing, error) {
	at := make(map[int64]standing, len(ids))
	err := pgx.BeginTxFunc(ctx, c.Sender.Store.Pool(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, standSQL, ids, since)
		if err != nil {
			return err
		}
		var id int64
		var s standing
		if _, err = pgx.ForEachRow(rows, []any{&id, &s.state, &s.moving}, func() error { at[id] = s; return nil }); err != nil {
			return err
		}
		of, err := c.Sender.histories(ctx, tx, ids)
		for id, h := range of {
			s := at[id]
			s.h = h
			at[id] = s
		}
		return err
	})
	return at, err
}

const keepHoldsSQL = `INSERT INTO bank_holds (duty, on_date, bank, leg_id) SELECT $1, $2, $3, unnest($4::uuid[]) ON CONFLICT DO NOTHING`

const toldSQL = `SELECT leg_id FROM bank_holds WHERE duty = $1 AND on_date = $2 AND bank = $3 AND leg_id = ANY($4)`

const liveCasesSQL = `SELECT DISTINCT case_id FROM orders WHERE case_id > $1 AND purpose = 'arrest' AND status IN ('active', 'handed_over') AND legs IS NOT NULL ORDER BY case_id LIMIT $2`

const openCasesSQL = `SELECT id FROM cases WHERE id > $1 AND ended_at IS NULL ORDER BY id LIMIT $2`

const standSQL = `SELECT c.id, c.state, EXISTS (SELECT 1 FROM orders o WHERE o.case_id = c.id AND (o.status IN ('requested', 'unknown') OR o.answered_at >= $2))
  FROM cases c WHERE c.id = ANY($1)`
