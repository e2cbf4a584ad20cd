package payments_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/pg"
	"robotbailiff/internal/testkit"
	"robotbailiff/payments"
)

// One message 20 times at once (F9): one is fresh, the others are replays; with another content, it is a conflict.
func TestReceive_atOnce(t *testing.T) {
	t.Parallel()
	ctx, pool := context.Background(), testkit.DB(t)
	var fresh, replay, conflict atomic.Int64
	var wg sync.WaitGroup
	for i := range 20 {
		body := []byte("same")
		if i%10 == 9 {
			body = []byte("other")
		}
		wg.Go(func() {
			err := pg.InTx(ctx, pool, func(tx pgx.Tx) error {
				got, err := store.Receive(ctx, tx, payments.Event{Source: "kaspi", EventID: "e", Body: body}, now)
				switch got {
				case payments.Fresh:
					fresh.Add(1)
				case payments.Replay:
					replay.Add(1)
				}
				return err
			})
			if _, ok := errors.AsType[*payments.ConflictError](err); ok {
				conflict.Add(1)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if fresh.Load() != 1 || fresh.Load()+replay.Load()+conflict.Load() != 20 || conflict.Load() != 2 && conflict.Load() != 18 {
		t.Fatalf("fresh %d, replay %d, conflict %d", fresh.Load(), replay.Load(), conflict.Load())
	}
}

// The same transfers in eight shuffled batches at once: each is counted once, and no batch dead-locks.
func TestRecord_atOnce(t *testing.T) {
	t.Parallel()
	ctx, pool := context.Background(), testkit.DB(t)
	const n = 500
	var fresh atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		batch := make([]payments.Transfer, n)
		for i, k := range rand.Perm(n) {
			batch[i] = transfer(fmt.Sprint("t", k), int64(k+1))
		}
		wg.Go(func() {
			count := int64(0)
			book := func(tx pgx.Tx) error {
				got, err := record(ctx, tx, batch)
				count = 0
				for _, r := range got {
					if r.Fresh {
						count++
					}
					if r.Conflict || r.Refused != "" || r.PaymentID == 0 {
						return fmt.Errorf("recorded %+v", r)
					}
				}
				return err
			}
			err := pg.InTx(ctx, pool, book)
			for errors.Is(err, payments.ErrRaced) {
				err = pg.InTx(ctx, pool, book)
			}
			if err != nil {
				t.Error(err)
			}
			fresh.Add(count)
		})
	}
	wg.Wait()
	if fresh.Load() != n {
		t.Fatalf("%d fresh, want %d", fresh.Load(), n)
	}
	total, err := store.Suspense(ctx, pool)
	must(t, err)
	if total.Count != n || total.Amount.Tiyn() != n*(n+1)/2 {
		t.Fatalf("%+v", total)
	}
	found, err := payments.Check(ctx, pool)
	must(t, err)
	if len(found) != 0 {
		t.Fatalf("%+v", found)
	}
}

// Two workers never see the same message, and neither waits for the other.
func TestTakePending_workersDoNotMeet(t *testing.T) {
	t.Parallel()
	ctx, pool := context.Background(), testkit.DB(t)
	must(t, pg.InTx(ctx, pool, func(tx pgx.Tx) error {
		for i := range 10 {
			if _, err := store.Receive(ctx, tx, payments.Event{Source: "kaspi", EventID: fmt.Sprint(i)}, now); err != nil {
				return err
			}
		}
		return nil
	}))
	one, err := pool.Begin(ctx)
	must(t, err)
	defer func() { _ = one.Rollback(ctx) }()
	two, err := pool.Begin(ctx)
	must(t, err)
	defer func() { _ = two.Rollback(ctx) }()
	a, err := store.TakePending(ctx, one, 6)
	must(t, err)
	b, err := store.TakePending(ctx, two, 6)
	must(t, err)
	if len(a) != 6 || len(b) != 4 || a[5].Row >= b[0].Row {
		t.Fatalf("%d and %d", len(a), len(b))
	}
}

// Two allocations of the same money at once: the second sees the first.
func TestAllocate_atOnce(t *testing.T) {
	t.Parallel()
	ctx, pool := context.Background(), testkit.DB(t)
	var p int64
	must(t, pg.InTx(ctx, pool, func(tx pgx.Tx) error {
		openCase(t, tx, 260_000_001, 1000)
		p = recordOne(t, tx, "a", 100)
		return nil
	}))
	var done, refused atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			err := pg.InTx(ctx, pool, func(tx pgx.Tx) error {
				return store.Allocate(ctx, tx, []payments.Allocation{{PaymentID: p, CaseID: 260_000_001, Allocated: tiyn(30)}}, now)
			})
			if _, ok := errors.AsType[*payments.RefusedError](err); ok {
				refused.Add(1)
			} else if err == nil {
				done.Add(1)
			} else {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if done.Load() != 3 || refused.Load() != 5 {
		t.Fatalf("%d done, %d refused", done.Load(), refused.Load())
	}
}

// BenchmarkAllocate books lines into suspense and then gives them to their cases: each payment is written twice.
func BenchmarkAllocate(b *testing.B) {
	ctx, pool := context.Background(), testkit.DB(b)
	const n = 10_000
	serial := 0
	for b.Loop() {
		batch := make([]payments.Transfer, n)
		for i := range batch {
			serial++
			batch[i] = transfer(fmt.Sprintf("line-%09d", serial), 25_000)
		}
		must(b, pg.InTx(ctx, pool, func(tx pgx.Tx) error {
			got, err := record(ctx, tx, batch)
			if err != nil {
				return err
			}
			to := make([]payments.Allocation, n)
			for i, r := range got {
				to[i] = payments.Allocation{PaymentID: r.PaymentID, CaseID: 260_000_000 + int64(i+1), Allocated: tiyn(25_000)}
			}
			return store.Allocate(ctx, tx, to, now)
		}))
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

// BenchmarkBook books lines with what was decided of them: each payment is written once.
func BenchmarkBook(b *testing.B) {
	ctx, pool := context.Background(), testkit.DB(b)
	const n = 10_000
	serial := 0
	for b.Loop() {
		batch := make([]payments.Transfer, n)
		for i := range batch {
			serial++
			batch[i] = transfer(fmt.Sprintf("line-%09d", serial), 25_000)
		}
		must(b, pg.InTx(ctx, pool, func(tx pgx.Tx) error {
			got, err := store.Reserve(ctx, tx, batch)
			if err != nil {
				return err
			}
			to := make([]payments.Booking, n)
			for i, r := range got {
				to[i] = payments.Booking{Transfer: batch[i], PaymentID: r.PaymentID, CaseID: 260_000_000 + int64(i+1), Allocated: tiyn(25_000)}
			}
			return store.Book(ctx, tx, to, now)
		}))
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}
