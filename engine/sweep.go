package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/pg"
)

// ErrClockBack says that legal time has run backwards; nothing coercive is swept until it is right again (INV-T2).
var ErrClockBack = errors.New("engine: the clock is behind the last legal instant seen: set it right, coercion waits")

// clockSlack is how far two processes' clocks may differ.
const clockSlack = 5 * time.Second

// Watch checks that legal time has not run backwards and keeps the furthest instant seen.
func (s *Store) Watch(ctx context.Context) error {
	now, err := s.clock.Now(ctx)
	if err != nil {
		return fmt.Errorf("engine: legal time: %w", err)
	}
	var high time.Time
	if err := s.pool.QueryRow(ctx, highWaterSQL).Scan(&high); err != nil {
		return fmt.Errorf("engine: legal time: %w", err)
	}
	if now.Before(high.Add(-clockSlack)) {
		return fmt.Errorf("%w (now %s, seen %s)", ErrClockBack, now.UTC().Format(time.RFC3339), high.UTC().Format(time.RFC3339))
	}
	if now.Sub(high) > time.Second {
		_, err = s.pool.Exec(ctx, raiseHighWaterSQL, now)
	}
	return err
}

// Sweep looks at the cases whose next look is due, at most limit of them, and does what is due. It works from state: a
// lost job or a missed tick loses nothing. It returns how many cases it looked at.
func (s *Store) Sweep(ctx context.Context, limit int) (int, error) {
	if err := s.Watch(ctx); err != nil {
		return 0, err
	}
	now, err := s.clock.Now(ctx)
	if err != nil {
		return 0, err
	}
	rows, err := s.pool.Query(ctx, dueCasesSQL, now, min(limit, MaxBatch))
	if err != nil {
		return 0, fmt.Errorf("engine: sweep: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	cmds := make([]For, len(ids))
	for i, id := range ids {
		cmds[i] = For{CaseID: id, Actor: ActorRobot, Command: Tick{}}
	}
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		_, err := s.ApplyTx(ctx, tx, cmds, SkipLocked())
		return err
	})
	if err != nil && pg.BlamesData(err) {
		_, err = s.Apply(ctx, cmds) // finds the bad case and puts it on hold
	}
	return len(ids), err
}

// Due tells how many cases are due now and since when the oldest waits.
func (s *Store) Due(ctx context.Context) (n int, oldest time.Duration, err error) {
	now, err := s.clock.Now(ctx)
	if err != nil {
		return 0, 0, err
	}
	var first *time.Time
	if err := s.pool.QueryRow(ctx, countDueSQL, now).Scan(&n, &first); err != nil {
		return 0, 0, fmt.Errorf("engine: due: %w", err)
	}
	if first != nil {
		oldest = now.Sub(*first)
	}
	return n, oldest, nil
}

const highWaterSQL = `SELECT high_water FROM robot`

const raiseHighWaterSQL = `UPDATE robot SET high_water = $1 WHERE high_water < $1`

const countDueSQL = `SELECT count(*), min(at) FROM due WHERE at <= $1`
