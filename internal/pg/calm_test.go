package pg_test

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/testkit"
)

// A database that is away is asked now and then, not by everybody who wants it at once; and when it is back all get in.
func TestOpen_asksCalmlyWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	const callers = 8
	var away atomic.Bool
	var refused, told atomic.Int64
	pool := open(t, testkit.DB(t), pg.WithMaxConns(callers), pg.WithConfig(func(c *pgxpool.Config) {
		dial := c.ConnConfig.DialFunc
		c.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if away.Load() {
				refused.Add(1)
				return nil, syscall.ECONNREFUSED
			}
			return dial(ctx, network, addr)
		}
	}))
	away.Store(true)
	pool.Reset()

	watch := clock.StartStopwatch()
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for watch.Elapsed() < time.Second {
				if pool.Ping(t.Context()) != nil {
					told.Add(1)
				}
			}
		})
	}
	all.Wait()
	// Those that were under way when the first one failed, then one after pauses of 50, 100, 200, 400, ... ms.
	if n := refused.Load(); n == 0 || n > 3*callers {
		t.Errorf("%d attempts in a second; %d callers were told", n, told.Load())
	}
	away.Store(false)
	for range callers {
		all.Go(func() {
			if err := pool.Ping(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if took := watch.Elapsed(); took > 10*time.Second {
		t.Errorf("all got in after %s", took)
	}
}
