package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Querier reads; a pool, a connection and a transaction are queriers.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Load reads cases without locking them, in id order; ids that do not exist are left out.
func Load(ctx context.Context, q Querier, ids []int64) ([]Case, error) { return loadCases(ctx, q, ids) }

func loadForUpdate(ctx context.Context, tx pgx.Tx, ids []int64, skipLocked bool) ([]Case, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	if skipLocked {
		return load(ctx, tx, lockFreeCasesSQL, ids)
	}
	return load(ctx, tx, lockCasesSQL, ids)
}

func loadCases(ctx context.Context, q Querier, ids []int64) ([]Case, error) {
	return load(ctx, q, readCasesSQL, ids)
}

func load(ctx context.Context, q Querier, sql string, ids []int64) ([]Case, error) {
	cases, err := loadRows(ctx, q, sql, ids)
	if err != nil {
		return nil, err
	}
	return cases, loadOrders(ctx, q, ids, cases)
}

// loadRows reads cases without their orders.
func loadRows(ctx context.Context, q Querier, sql string, ids []int64) ([]Case, error) {
	rows, err := q.Query(ctx, sql, ids)
	if err != nil {
		return nil, fmt.Errorf("engine: load cases: %w", err)
	}
	cases := make([]Case, 0, len(ids))
	var objected map[int64]int16
	for rows.Next() {
		c, objections, err := scanCase(rows)
		if err != nil {
			rows.Close()
			return nil, fmt.Errorf("engine: load cases: %w", err)
		}
		if objections > 0 {
			if objected == nil {
				objected = map[int64]int16{}
			}
			objected[c.ID] = objections
		}
		cases = append(cases, c)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("engine: load cases: %w", err)
	}
	if err := loadLimitations(ctx, q, cases); err != nil {
		return nil, err
	}
	if err := loadObjections(ctx, q, cases, objected); err != nil {
		return nil, err
	}
	return cases, nil
}

// loadLimitations reads from their first event until when writs may be enforced, of cases that began before this was in the row.
func loadLimitations(ctx context.Context, q Querier, cases []Case) error {
	var at map[int64]*Case
	var ids []int64
	for i := range cases {
		if c := &cases[i]; c.LimitationOn.IsZero() && !c.State.Final() {
			if at == nil {
				at = map[int64]*Case{}
			}
			at[c.ID], ids = c, append(ids, c.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := q.Query(ctx, firstEventsSQL, ids)
	if err != nil {
		return fmt.Errorf("engine: first events: %w", err)
	}
	var (
		id  int64
		raw []byte
	)
	_, err = pgx.ForEachRow(rows, []any{&id, &raw}, func() error {
		var d Data
		if err := json.Unmarshal(raw, &d); err != nil {
			return err
		}
		at[id].LimitationOn = limitation(d.Trace)
		return nil
	})
	if err != nil {
		return fmt.Errorf("engine: first events: %w", err)
	}
	return nil
}

func scanCase(row pgx.Row) (c Case, objections int16, err error) {
	var (
		debt, outstanding, paid, adjusted          int64
		opened, term, notified, voluntary, collect pgtype.Date
		since, until, register, paused, limitation pgtype.Date
		nextRung, refusal, ended, released         pgtype.Timestamptz
		bailiff                                    pgtype.Int8
		head                                       []byte
	)
	err = row.Scan(&c.ID, &c.DebtorID, &c.Region, &c.Language, &c.State, &c.Hold, &c.Suspended, &since, &until, &c.SuspendedDays, &debt, &outstanding, &paid, &adjusted,
		&opened, &term, &notified, &voluntary, &collect, &register, &paused, &limitation, &c.Rung, &nextRung, &refusal,
		&bailiff, &ended, &released, &c.Pack, &c.Seq, &head, &c.Mail, &objections)
	if err != nil {
		return c, 0, err
	}
	c.Debt, c.Outstanding, c.Paid, c.Adjusted = money.FromTiyn(debt), money.FromTiyn(outstanding), money.FromTiyn(paid), money.FromTiyn(adjusted)
	c.OpenedOn, c.TermEndsOn, c.NotifiedOn = fromDate(opened), fromDate(term), fromDate(notified)
	c.VoluntaryEndsOn, c.CollectOn, c.SuspendedOn, c.SuspendedUntil = fromDate(voluntary), fromDate(collect), fromDate(since), fromDate(until)
	c.RegisterOn, c.PausedTo, c.LimitationOn = fromDate(register), fromDate(paused), fromDate(limitation)
	c.NextRungAt, c.RefusalAt, c.EndedAt, c.ReleasedAt = fromTime(nextRung), fromTime(refusal), fromTime(ended), fromTime(released)
	c.BailiffID = bailiff.Int64
	copy(c.Head[:], head)
	return c, objections, nil
}

// loadOrders fills in the orders; cases are in id order and so are the orders.
func loadOrders(ctx context.Context, q Querier, ids []int64, cases []Case) error {
	rows, err := q.Query(ctx, readOrdersSQL, ids)
	if err != nil {
		return fmt.Errorf("engine: load orders: %w", err)
	}
	defer rows.Close()
	i := 0
	for rows.Next() {
		var (
			id           int64
			o            Order
			amount, held int64
		)
		if err := rows.Scan(&id, &o.Purpose, &o.Ordinal, &o.Status, &amount, &held, &o.At); err != nil {
			return fmt.Errorf("engine: load orders: %w", err)
		}
		o.Amount, o.Held, o.At = money.FromTiyn(amount), money.FromTiyn(held), o.At.UTC()
		for i < len(cases) && cases[i].ID < id {
			i++
		}
		if i < len(cases) && cases[i].ID == id {
			cases[i].Orders = append(cases[i].Orders, o)
		}
	}
	return rows.Err()
}

// write stores a plan set by set, in the lock order.
func (s *Store) write(ctx context.Context, tx pgx.Tx, pl *Plan, id any) error {
	w := newWriter(pl)
	if _, err := tx.Exec(ctx, insertApplySQL, id, pl.env.Now); err != nil {
		return fmt.Errorf("engine: write apply: %w", err)
	}
	steps := []struct {
		name string
		do   func(context.Context, pgx.Tx) error
	}{
		{"cases", w.writeCases}, {"events", w.writeEvents}, {"reviews", w.writeReviews}, {"orders", w.writeOrders}, {"objections", w.writeObjections}, {"due", w.writeDue}, {"totals", w.writeTotals}, {"tallies", w.writeTallies}, {"days", w.writeDays},
	}
	for _, step := range steps {
		if err := step.do(ctx, tx); err != nil {
			return fmt.Errorf("engine: write %s: %w", step.name, err)
		}
	}
	effects := pl.Effects()
	if len(effects) == 0 {
		return nil
	}
	for _, sink := range s.sinks {
		if err := sink(ctx, tx, effects, pl.env.Now); err != nil {
			return err
		}
	}
	return s.startChunks(ctx, tx, chunksOf(effects, pl.env.Now), pl.env.Now)
}

// startChunks stores chunks and has work started on those whose legal time has come; the pulse starts the others.
func (s *Store) startChunks(ctx context.Context, tx pgx.Tx, chunks []Chunk, now time.Time) error {
	if len(chunks) == 0 {
		return nil
	}
	due := func(c Chunk) bool { return s.enqueue != nil && !c.NotBefore.After(now) }
	chunks, err := insertChunks(ctx, tx, chunks, due)
	if err != nil {
		return fmt.Errorf("engine: write chunks: %w", err)
	}
	ready := chunks[:0:0]
	for _, c := range chunks {
		if due(c) {
			ready = append(ready, c)
		}
	}
	if len(ready) == 0 {
		return nil
	}
	return s.enqueue(ctx, tx, ready)
}

func toDate(d calendar.Date) pgtype.Date {
	if d.IsZero() {
		return pgtype.Date{}
	}
	y, m, day := d.YMD()
	return pgtype.Date{Time: time.Date(y, m, day, 0, 0, 0, 0, time.UTC), Valid: true}
}

func fromDate(d pgtype.Date) calendar.Date {
	if !d.Valid {
		return noDate
	}
	return calendar.MakeDate(d.Time.Date())
}

func toTime(t time.Time) pgtype.Timestamptz {
	return pgtype.Timestamptz{Time: t, Valid: !t.IsZero()}
}

func fromTime(t pgtype.Timestamptz) time.Time {
	if !t.Valid {
		return time.Time{}
	}
	return t.Time.UTC()
}
