package orders

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

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

const claimRunSQL = `INSERT INTO daily_runs AS d (duty, on_date, bank, started_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (duty, on_date, bank) DO UPDATE SET fence = d.fence + 1, touched_at = now()
 WHERE d.finished_at IS NULL AND d.touched_at < now() - $5::interval
RETURNING fence, phase, after, started_at, holds, arrests`

const dueRunsSQL = `SELECT b FROM unnest($3::text[]) b
 WHERE NOT EXISTS (SELECT 1 FROM daily_runs d WHERE d.duty = $1 AND d.on_date = $2 AND d.bank = b AND (d.finished_at IS NOT NULL OR d.touched_at >= now() - $4::interval))`

const owedSQL = `SELECT EXISTS (SELECT 1 FROM bank_corrections WHERE confirmed_at IS NULL AND next_at <= $1)`

const moveRunSQL = `UPDATE daily_runs SET phase = $5, after = $6, holds = $7, arrests = $8, finished_at = $9, touched_at = now()
 WHERE duty = $1 AND on_date = $2 AND bank = $3 AND fence = $4 AND finished_at IS NULL`

const dropHoldsSQL = `DELETE FROM bank_holds WHERE duty = $1 AND on_date = $2 AND bank = $3`

const goneSQL = `UPDATE bank_findings f SET resolved_at = $3, resolution = 'gone'
 WHERE f.bank = $1 AND f.resolved_at IS NULL AND f.seen_at < $2
   AND NOT EXISTS (SELECT 1 FROM bank_corrections k WHERE k.finding_id = f.id AND k.confirmed_at IS NULL)`
