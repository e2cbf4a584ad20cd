package pg

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/clock"
)

// The pause between two attempts to connect while the database is away: short at first, so that a blip stays short, and never
// so long that a database that is back stands idle.
const (
	calmFirst = 50 * time.Millisecond
	calmMost  = 500 * time.Millisecond
)

// calm keeps a pool from storming a database that is away: after a failed attempt to connect only one more is made per pause,
// and who else wants a connection shares its outcome. The pause doubles. A server that recovers has better things to do than to
// fork and refuse a hundred times a second. It is a [pgx.ConnectTracer], which is how pgx tells the end of an attempt.
type calm struct {
	watch clock.Stopwatch

	mu    sync.Mutex
	away  error         // of the last attempt; nil while the database answers
	pause time.Duration // before the next attempt
	turn  time.Duration // when that may be made, by watch
	ended chan struct{} // closed when the attempt that is under way or waits for its turn has ended; nil when there is none
}

func newCalm() *calm { return &calm{watch: clock.StartStopwatch()} }

// wait holds an attempt back until its turn, or until the one before it ended; a failure of that one is this one's too.
func (c *calm) wait(ctx context.Context) error {
	c.mu.Lock()
	if c.away == nil {
		c.mu.Unlock()
		return nil
	}
	first := c.ended == nil
	if first {
		c.ended = make(chan struct{})
	}
	ended, turn := c.ended, c.turn-c.watch.Elapsed()
	c.mu.Unlock()

	if first {
		err := sleep(ctx, turn)
		if err != nil { // it will make no attempt: the others fail too, and whoever comes next is the first
			c.mu.Lock()
			c.end()
			c.mu.Unlock()
		}
		return err
	}
	select {
	case <-ended:
	case <-ctx.Done():
		return ctx.Err()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.away
}

// end tells those who wait for an attempt; the caller holds the lock.
func (c *calm) end() {
	if c.ended != nil {
		close(c.ended)
		c.ended = nil
	}
}

// TraceConnectStart implements [pgx.ConnectTracer].
func (*calm) TraceConnectStart(ctx context.Context, _ pgx.TraceConnectStartData) context.Context {
	return ctx
}

// TraceConnectEnd implements [pgx.ConnectTracer]. A caller that gave up says nothing about the database.
func (c *calm) TraceConnectEnd(ctx context.Context, end pgx.TraceConnectEndData) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.end()
	switch {
	case end.Err == nil:
		c.away, c.pause = nil, 0
	case ctx.Err() != nil:
	default:
		if c.ended != nil || c.away == nil { // not one of those that were under way when the first one failed
			c.pause = min(max(calmFirst, c.pause*2), calmMost)
		}
		c.away = end.Err
		c.turn = c.watch.Elapsed() + c.pause
	}
}

// TraceQueryStart implements [pgx.QueryTracer], without which pgx takes no tracer.
func (*calm) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

// TraceQueryEnd implements [pgx.QueryTracer].
func (*calm) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
