package desk

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine/stop"
	"robotbailiff/internal/peers"
)

// Banks is how everybody fares whom the robot talks to. The numbers are of the whole country: a bank knows no regions.
type Banks struct {
	Now     time.Time
	Counted time.Time // the orders were; zero: never yet
	Stopped bool      // everything is, at all banks
	Rows    []BankHealth
}

// BankHealth is one bank, the register of debtors, a payment gateway or a way of notices.
type BankHealth struct {
	peers.Health

	State       BankState
	Stops       []stop.Stop // of this bank alone, in force
	Waiting     int64       // orders without an answer
	Oldest      time.Time   // the oldest of them; zero: none
	OldestLift  time.Time   // the oldest that gives back; zero: none
	Compared    time.Time   // the last daily compare that is done; zero: none
	Differences int         // that are open
}

// BankState is how a peer stands, in a word. The words are stable.
type BankState string

// The states, from the worst.
const (
	BankAway    BankState = "away"    // no process is connected to it
	BankStopped BankState = "stopped" // by the switch: nothing is taken from anybody there
	BankSilent  BankState = "silent"  // most of what it was asked for in the last hour has no answer
	BankWell    BankState = "well"
	BankIdle    BankState = "idle" // connected, and never asked
)

// Ordered says whether the peer gets orders, so that counts of orders and the compare are about it.
func (b *BankHealth) Ordered() bool { return b.Kind == peers.Bank || b.Kind == peers.Register }

const (
	bankOrdersSQL = `SELECT bank, coalesce(sum(n) FILTER (WHERE status IN ('requested', 'unknown')), 0)::bigint, min(oldest) FILTER (WHERE status IN ('requested', 'unknown')),
       min(oldest) FILTER (WHERE status IN ('requested', 'unknown') AND purpose IN ('lift', 'reduce', 'recall', 'deregister')), max(counted_at) FROM order_counts GROUP BY bank`

	bankComparesSQL = `SELECT b.bank, max(b.finished_at), (SELECT count(*) FROM bank_findings f WHERE f.bank = b.bank AND f.resolved_at IS NULL) FROM daily_runs b WHERE b.finished_at IS NOT NULL GROUP BY b.bank`
)

// Banks reads how everybody fares whom the robot talks to, from what is counted already and never from the orders.
func (s *Service) Banks(ctx context.Context, actor Actor) (v Banks, err error) {
	if err := actor.check(); err != nil {
		return v, err
	}
	if v.Now, err = s.cfg.Cases.Now(ctx); err != nil {
		return v, fmt.Errorf("desk: legal time: %w", err)
	}
	batch := &pgx.Batch{}
	health := peers.Read(batch)
	counts := v.queueOrders(batch)
	if err := s.cfg.Pool.SendBatch(ctx, batch).Close(); err != nil {
		return v, fmt.Errorf("desk: banks: %w", err)
	}
	open, err := stop.List(ctx, s.cfg.Pool, v.Now, true, maxStops)
	if err != nil {
		return v, err
	}
	stops := map[stop.Scope][]stop.Stop{}
	for _, x := range open {
		stops[x.Scope] = append(stops[x.Scope], x)
	}
	v.Stopped = len(stops[stop.Everything]) > 0
	for _, h := range *health {
		row := BankHealth{Health: h}
		if row.Ordered() {
			c := counts[h.Name]
			row.Waiting, row.Oldest, row.OldestLift, row.Compared, row.Differences = c.Waiting, c.Oldest, c.OldestLift, c.Compared, c.Differences
		}
		if h.Kind == peers.Bank {
			row.Stops = stops[stop.Scope(stop.KindBank+":"+h.Name)]
		}
		row.State = row.state()
		v.Rows = append(v.Rows, row)
	}
	return v, nil
}

func (b *BankHealth) state() BankState {
	switch {
	case !b.Connected:
		return BankAway
	case len(b.Stops) > 0:
		return BankStopped
	case b.Quiet():
		return BankSilent
	case b.Asked.IsZero():
		return BankIdle
	}
	return BankWell
}

// queueOrders reads what is counted of the orders to each bank, and its last compare.
func (v *Banks) queueOrders(batch *pgx.Batch) map[string]BankHealth {
	of := map[string]BankHealth{}
	batch.Queue(bankOrdersSQL).Query(func(rows pgx.Rows) error {
		var bank string
		var waiting int64
		var oldest, lift *time.Time
		var counted time.Time
		_, err := pgx.ForEachRow(rows, []any{&bank, &waiting, &oldest, &lift, &counted}, func() error {
			of[bank] = BankHealth{Waiting: waiting, Oldest: instantOf(oldest), OldestLift: instantOf(lift)}
			v.Counted = slices.MaxFunc([]time.Time{v.Counted, counted}, time.Time.Compare)
			return nil
		})
		return err
	})
	batch.Queue(bankComparesSQL).Query(func(rows pgx.Rows) error {
		var bank string
		var at *time.Time
		var n int
		_, err := pgx.ForEachRow(rows, []any{&bank, &at, &n}, func() error {
			c := of[bank]
			c.Compared, c.Differences = instantOf(at), n
			of[bank] = c
			return nil
		})
		return err
	})
	return of
}

func instantOf(t *time.Time) time.Time { return cmp.Or(t, &time.Time{}).UTC() }
