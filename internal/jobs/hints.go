package jobs

import (
	"context"
	"time"

	"github.com/google/uuid"

	"robotbailiff/internal/clock"
)

// heedEvery is the real time between two looks at the hints of banks: however often a bank hints, its orders are asked about no more
// often than this.
const heedEvery = 10 * time.Second

// Hint keeps which orders a bank says are worth a query; the workers take it up. It is told by any process.
func (r *Robot) Hint(ctx context.Context, bank string, legs []uuid.UUID) error {
	return r.bank.Hinted(ctx, bank, legs)
}

// heed lets orders that banks have hinted at have their turn.
func (r *Robot) heed(ctx context.Context) error {
	if r.heeded.Elapsed() < heedEvery {
		return nil
	}
	r.heeded = clock.StartStopwatch()
	n, err := r.bank.Heed(ctx)
	if n > 0 {
		r.cfg.Observe("bank_hint", "heeded", n)
	}
	return err
}
