package orders

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/engine/restored"
	"robotbailiff/internal/pg"
	"robotbailiff/rules/calendar"
)

// Comparer holds what a bank has in force for us against our arrests (INV-A5). It goes by pages of both, so that its memory does
// not grow with them, and goes on where it stopped. What differs becomes a finding. It only ever gives back: what a bank holds
// for a case that has ended, or beyond what was ordered, is lifted or reduced; what is missing lowers our record when the bank
// says the same about the order itself; what an older copy of this database does not know is adopted under its old id.
type Comparer struct {
	Sender *Sender
	// Alarm is told how many findings of a kind are new; for metrics. May be nil.
	Alarm func(what, kind string, n int)
}

// DutyDaily is the compare that is done once a legal day at each bank.
const DutyDaily = "compare"

// Run is one compare of one bank.
type Run struct {
	Duty     string        `json:"duty"`
	On       calendar.Date `json:"on"`
	Bank     string        `json:"bank"`
	Holds    int64         `json:"holds"`   // read from the bank
	Arrests  int64         `json:"arrests"` // of ours, looked for in what was read
	Started  time.Time     `json:"started_at"`
	Finished time.Time     `json:"finished_at,omitzero"`

	fence        int
	phase, after string
}

// Phases of a run.
const (
	phaseList = "list" // what the bank has is read and looked at
	phaseOurs = "ours" // what we have is looked for in it
	phaseAsk  = "ask"  // after a restore: orders that this database has still to make are asked about
	phaseDone = "done"
)

// comparePage is how many arrests are looked at at a time.
const comparePage = 1000

// compareLease is how long a run whose worker says nothing is left to it, in real time.
const compareLease = 90 * time.Second

// ErrNotNow says that a run is done already, or that somebody else is at it.
var ErrNotNow = errors.New("orders: this compare is done, or another process is at it")

// Compare claims a run and takes it to its end. A process that died in the middle is followed by the next one to claim it, which
// goes on at the same page; of two, the later claim goes on and the earlier one stops.
func (c *Comparer) Compare(ctx context.Context, duty string, on calendar.Date, bank string) (Run, error) {
	peer := c.Sender.Banks[bank]
	if peer == nil {
		return Run{}, fmt.Errorf("orders: compare %s: %w", bank, errNoBank)
	}
	r, err := c.claim(ctx, duty, on, bank)
	if err != nil {
		return r, err
	}
	for r.phase != phaseDone && err == nil {
		switch r.phase {
		case phaseList:
			err = c.list(ctx, peer, &r)
		case phaseOurs:
			err = c.ours(ctx, peer, &r)
		case phaseAsk:
			err = c.askAhead(ctx, peer, &r)
		}
	}
	if err != nil && !errors.Is(err, ErrNotNow) {
		err = fmt.Errorf("orders: compare %s: %s: %w", bank, r.phase, err)
	}
	return r, err
}

// Due gives the banks whose compare of a day nobody has done and nobody is at.
func (c *Comparer) Due(ctx context.Context, duty string, on calendar.Date, banks []string) ([]string, error) {
	rows, err := c.Sender.Store.Pool().Query(ctx, dueRunsSQL, duty, on.UTC(), banks, compareLease)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// Owed says whether a correction is due.
func (c *Comparer) Owed(ctx context.Context) (owed bool, err error) {
	now, err := c.Sender.Store.Now(ctx)
	if err == nil {
		err = c.Sender.Store.Pool().QueryRow(ctx, owedSQL, now).Scan(&owed)
	}
	return owed, err
}

func (c *Comparer) claim(ctx context.Context, duty string, on calendar.Date, bank string) (Run, error) {
	now, err := c.Sender.Store.Now(ctx)
	if err != nil {
		return Run{}, err
	}
	r := Run{Duty: duty, On: on, Bank: bank}
	err = c.Sender.Store.Pool().QueryRow(ctx, claimRunSQL, duty, on.UTC(), bank, now, compareLease).
		Scan(&r.fence, &r.phase, &r.after, &r.Started, &r.Holds, &r.Arrests)
	if errors.Is(err, pgx.ErrNoRows) {
		return r, ErrNotNow
	}
	return r, err
}

// step writes what a page has shown, under the fence, and moves the cursor in the same transaction.
func (c *Comparer) step(ctx context.Context, r *Run, next Run, write func(tx pgx.Tx) error) error {
	err := pg.InTx(ctx, c.Sender.Store.Pool(), func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, moveRunSQL, r.Duty, r.On.UTC(), r.Bank, r.fence, next.phase, next.after, next.Holds, next.Arrests, toNull(next.Finished))
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return ErrNotNow
		}
		return write(tx)
	})
	if err == nil {
		*r = next
	}
	return err
}

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

// askAhead comes last, and only after a restore: the bank is asked about the arrests that this database may order next. One that
// the bank knows was ordered in the past that is lost, and is over since: its case waits for a person.
func (c *Comparer) askAhead(ctx context.Context, peer Peer, r *Run) error {
	next := *r
	var waits []engine.For
	last := true
	if restored.IsDuty(r.Duty) {
		ids, cursor, err := c.page(ctx, openCasesSQL, r.after)
		if err != nil {
			return err
		}
		if waits, err = c.knownAhead(ctx, peer, r.Bank, ids); err != nil {
			return err
		}
		next.after, last = cursor, len(ids) < comparePage
	}
	now, err := c.Sender.Store.Now(ctx)
	if err != nil {
		return err
	}
	if last {
		next.phase, next.after, next.Finished = phaseDone, "", now
	}
	return c.step(ctx, r, next, func(tx pgx.Tx) error {
		if len(waits) > 0 {
			if _, err := c.Sender.Store.ApplyTx(ctx, tx, waits); err != nil {
				return err
			}
		}
		if !last {
			return nil
		}
		return c.finish(ctx, tx, r, now)
	})
}

// knownAhead gives the holds for cases whose next arrest the bank knows already.
func (c *Comparer) knownAhead(ctx context.Context, peer Peer, bank string, ids []int64) ([]engine.For, error) {
	cases, err := engine.Load(ctx, c.Sender.Store.Pool(), ids)
	if err != nil {
		return nil, err
	}
	var ask []uuid.UUID
	of := map[uuid.UUID]int64{}
	for i := range cases {
		k := &cases[i]
		if a := k.LiveArrest(); a != nil && a.Status != engine.Requested {
			continue
		}
		for _, n := range k.NextArrests() {
			id := LegID(engine.OrderID(k.ID, engine.Arrest, n), bank)
			ask, of[id] = append(ask, id), k.ID
		}
	}
	var waits []engine.For
	for part := range slices.Chunk(ask, comparePage) {
		replies, err := peer.Query(ctx, part)
		if err != nil {
			return nil, err
		}
		for _, r := range replies {
			if id, asked := of[r.ID]; asked && r.Known {
				waits = append(waits, engine.For{CaseID: id, Actor: engine.ActorRobot, Command: engine.SetHold{Reason: restored.Reason}})
			}
		}
	}
	return waits, nil
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

// finish ends a run: what was found earlier and not again is gone, and what was read from the bank is not needed any more.
func (c *Comparer) finish(ctx context.Context, tx pgx.Tx, r *Run, now time.Time) error {
	if _, err := tx.Exec(ctx, goneSQL, r.Bank, r.Started, now); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, dropHoldsSQL, r.Duty, r.On.UTC(), r.Bank)
	return err
}

func toNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
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

const claimRunSQL = `INSERT INTO daily_runs AS d (duty, on_date, bank, started_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (duty, on_date, bank) DO UPDATE SET fence = d.fence + 1, touched_at = now()
 WHERE d.finished_at IS NULL AND d.touched_at < now() - $5::interval
RETURNING fence, phase, after, started_at, holds, arrests`

const dueRunsSQL = `SELECT b FROM unnest($3::text[]) b
 WHERE NOT EXISTS (SELECT 1 FROM daily_runs d WHERE d.duty = $1 AND d.on_date = $2 AND d.bank = b AND (d.finished_at IS NOT NULL OR d.touched_at >= now() - $4::interval))`

const owedSQL = `SELECT EXISTS (SELECT 1 FROM bank_corrections WHERE confirmed_at IS NULL AND next_at <= $1)`

const moveRunSQL = `UPDATE daily_runs SET phase = $5, after = $6, holds = $7, arrests = $8, finished_at = $9, touched_at = now()
 WHERE duty = $1 AND on_date = $2 AND bank = $3 AND fence = $4 AND finished_at IS NULL`

const keepHoldsSQL = `INSERT INTO bank_holds (duty, on_date, bank, leg_id) SELECT $1, $2, $3, unnest($4::uuid[]) ON CONFLICT DO NOTHING`

const dropHoldsSQL = `DELETE FROM bank_holds WHERE duty = $1 AND on_date = $2 AND bank = $3`

const toldSQL = `SELECT leg_id FROM bank_holds WHERE duty = $1 AND on_date = $2 AND bank = $3 AND leg_id = ANY($4)`

const liveCasesSQL = `SELECT DISTINCT case_id FROM orders WHERE case_id > $1 AND purpose = 'arrest' AND status IN ('active', 'handed_over') AND legs IS NOT NULL ORDER BY case_id LIMIT $2`

const openCasesSQL = `SELECT id FROM cases WHERE id > $1 AND ended_at IS NULL ORDER BY id LIMIT $2`

const standSQL = `SELECT c.id, c.state, EXISTS (SELECT 1 FROM orders o WHERE o.case_id = c.id AND (o.status IN ('requested', 'unknown') OR o.answered_at >= $2))
  FROM cases c WHERE c.id = ANY($1)`

const goneSQL = `UPDATE bank_findings f SET resolved_at = $3, resolution = 'gone'
 WHERE f.bank = $1 AND f.resolved_at IS NULL AND f.seen_at < $2
   AND NOT EXISTS (SELECT 1 FROM bank_corrections k WHERE k.finding_id = f.id AND k.confirmed_at IS NULL)`
