package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/pg"
)

// beat pulses until the context ends.
func (r *Robot) beat(ctx context.Context) {
	ticker := time.NewTicker(r.cfg.Pulse)
	defer ticker.Stop()
	for {
		if err := r.Pulse(ctx); err != nil && ctx.Err() == nil {
			r.cfg.Observe("pulse", "failed", 1)
			r.cfg.Log.ErrorContext(ctx, "pulse", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-r.nudge:
		case <-ticker.C:
		}
	}
}

// Nudge asks for a pulse at once.
func (r *Robot) Nudge() {
	select {
	case r.nudge <- struct{}{}:
	default:
	}
}

// Pulse does what is due from state alone, so that a lost job, a missed tick or an emptied job table loses nothing:
// the breakers are looked at, money is settled, then due cases are looked at, then chunks and court batches that nobody works are started again.
func (r *Robot) Pulse(ctx context.Context) error {
	var errs []error
	if err := r.watchBreakers(ctx); err != nil {
		errs = append(errs, fmt.Errorf("breakers: %w", err))
	}
	if err := r.markBeat(ctx, beatEvery); err != nil {
		errs = append(errs, fmt.Errorf("mark: %w", err))
	}
	if _, err := r.Settle(ctx); err != nil {
		errs = append(errs, fmt.Errorf("settle: %w", err))
	}
	if err := r.sweep(ctx); err != nil {
		errs = append(errs, fmt.Errorf("sweep: %w", err))
	}
	if err := r.earlyReceipts(ctx); err != nil {
		errs = append(errs, fmt.Errorf("early receipts: %w", err))
	}
	if err := r.heed(ctx); err != nil {
		errs = append(errs, err)
	}
	if err := r.restart(ctx); err != nil {
		errs = append(errs, fmt.Errorf("restart chunks: %w", err))
	}
	if err := r.wakeBatches(ctx); err != nil {
		errs = append(errs, fmt.Errorf("wake batches: %w", err))
	}
	if err := r.wakeFeeds(ctx); err != nil {
		errs = append(errs, fmt.Errorf("wake webhooks: %w", err))
	}
	if err := r.askTills(ctx); err != nil {
		errs = append(errs, fmt.Errorf("ask gateways: %w", err))
	}
	if err := r.wakeCompares(ctx); err != nil {
		errs = append(errs, fmt.Errorf("wake compares: %w", err))
	}
	if err := r.wakeChains(ctx); err != nil {
		errs = append(errs, fmt.Errorf("wake the verifier: %w", err))
	}
	if err := r.wakeFigures(ctx); err != nil {
		errs = append(errs, fmt.Errorf("wake the figures: %w", err))
	}
	if err := r.flushPeers(ctx); err != nil {
		errs = append(errs, err)
	}
	if err := r.escalate(ctx); err != nil {
		errs = append(errs, fmt.Errorf("escalate: %w", err))
	}
	if err := r.countOrders(ctx); err != nil {
		errs = append(errs, err)
	}
	if err := r.foldTotals(ctx); err != nil {
		errs = append(errs, fmt.Errorf("fold totals: %w", err))
	}
	if err := r.keyDebtors(ctx); err != nil {
		errs = append(errs, err)
	}
	if err := r.doActs(ctx); err != nil {
		errs = append(errs, fmt.Errorf("acts: %w", err))
	}
	if err := r.sign(ctx); err != nil {
		errs = append(errs, fmt.Errorf("sign: %w", err))
	}
	if err := r.Engine.FoldDays(ctx); err != nil {
		errs = append(errs, fmt.Errorf("fold days: %w", err))
	}
	if err := r.forget(ctx); err != nil {
		errs = append(errs, fmt.Errorf("forget: %w", err))
	}
	return errors.Join(errs...)
}

// doActs goes on for a short while with what people do to many cases at once.
func (r *Robot) doActs(ctx context.Context) error {
	if r.cfg.Acts == nil {
		return nil
	}
	n, err := r.cfg.Acts(ctx)
	if n > 0 {
		r.cfg.Observe("acts", "cases", n)
	}
	return err
}

// sign signs decrees for a short while, last of all that is not tidying up.
func (r *Robot) sign(ctx context.Context) error {
	if r.cfg.Sign == nil {
		return nil
	}
	n, err := r.cfg.Sign(ctx)
	if n > 0 {
		r.cfg.Observe("decrees", "signed", n)
	}
	return err
}

func (r *Robot) sweep(ctx context.Context) error {
	for ctx.Err() == nil {
		n, err := r.Engine.Sweep(ctx, engine.MaxBatch)
		if n > 0 {
			r.cfg.Observe("sweep", "cases", n)
		}
		if err != nil || n == 0 {
			return err
		}
		if n < engine.MaxBatch {
			// A case may have more than one thing due, but a locked one would be found again at once.
			more, _, err := r.Engine.Due(ctx)
			if err != nil || more == 0 {
				return err
			}
		}
	}
	return nil
}

// restartBatch is how many waiting chunks one pulse takes up.
const restartBatch = 1000

// restart makes jobs anew for chunks whose time has come and that nobody works.
func (r *Robot) restart(ctx context.Context) error {
	now, err := r.cfg.Clock.Now(ctx)
	if err != nil {
		return err
	}
	return pg.InTx(ctx, r.cfg.Pool, func(tx pgx.Tx) error {
		paused, err := pausedChunks(ctx, tx)
		if err != nil {
			return err
		}
		chunks, err := engine.DueChunks(ctx, tx, now, r.cfg.Lease, max(r.cfg.Lease, abandonAfter), restartBatch, paused...)
		if err != nil || len(chunks) == 0 {
			return err
		}
		return r.enqueue(ctx, tx, chunks)
	})
}

// foldTotals sums the increments of the rollup when there are many. One process at a time; readers see the same sums
// before and after.
func (r *Robot) foldTotals(ctx context.Context) error {
	return pg.InTx(ctx, r.cfg.Pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, foldTotalsSQL)
		return err
	})
}

// forgetEvery is the real time between two looks at rows that nobody reads any more.
const forgetEvery = 10 * time.Minute

// forget deletes some of them per pulse, until none is left for a while.
func (r *Robot) forget(ctx context.Context) error {
	if r.forgot.Elapsed() < forgetEvery {
		return nil
	}
	n, err := r.Engine.Forget(ctx)
	if err == nil {
		var more int
		more, err = r.Notices.Forget(ctx, r.cfg.Pool)
		n += more
	}
	if err == nil {
		_, err = r.Codes.Forget(ctx, r.cfg.Pool)
	}
	if err == nil && r.cfg.Forget != nil {
		_, err = r.cfg.Forget(ctx) // all at once: they are few
	}
	if n == 0 {
		r.forgot = clock.StartStopwatch()
		return err
	}
	r.cfg.Observe("forget", "rows", n)
	return err
}

// Idle says whether nothing is left to do at the present legal time.
func (r *Robot) Idle(ctx context.Context) (bool, error) {
	now, err := r.cfg.Clock.Now(ctx)
	if err != nil {
		return false, err
	}
	// Money first: what was settled before this look has already left its chunks for the next one.
	transit, err := r.Payments.InTransit(ctx, r.cfg.Pool)
	if err != nil || transit {
		return false, err
	}
	var busy bool
	if err := r.cfg.Pool.QueryRow(ctx, busySQL, now).Scan(&busy); err != nil {
		return false, fmt.Errorf("jobs: idle: %w", err)
	}
	return !busy, nil
}

// NextAt is the next legal instant at which something becomes due; ok is false when nothing is waiting.
func (r *Robot) NextAt(ctx context.Context) (at time.Time, ok bool, err error) {
	var t *time.Time
	if err := r.cfg.Pool.QueryRow(ctx, nextAtSQL).Scan(&t); err != nil {
		return at, false, fmt.Errorf("jobs: next: %w", err)
	}
	if t == nil {
		return at, false, nil
	}
	return *t, true, nil
}

const foldTotalsSQL = `WITH many AS (
    SELECT 1 WHERE (SELECT count(*) FROM (SELECT 1 FROM case_totals LIMIT 5000) s) = 5000
       AND pg_try_advisory_xact_lock(hashtextextended('bailiff.totals.fold', 0))),
old AS (DELETE FROM case_totals WHERE EXISTS (SELECT 1 FROM many) RETURNING region, state, cases, debt, outstanding, paid)
INSERT INTO case_totals (region, state, cases, debt, outstanding, paid)
SELECT region, state, sum(cases), sum(debt), sum(outstanding), sum(paid) FROM old GROUP BY region, state`

const busySQL = `SELECT EXISTS (SELECT 1 FROM due WHERE at <= $1) OR EXISTS (SELECT 1 FROM chunks WHERE done_at IS NULL AND not_before <= $1)
    OR EXISTS (SELECT 1 FROM batches WHERE state IN ('received', 'staging') AND size > 0)`

const nextAtSQL = `SELECT min(at) FROM (SELECT min(at) AS at FROM due UNION ALL SELECT min(not_before) FROM chunks WHERE done_at IS NULL) s`
