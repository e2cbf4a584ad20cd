package peers

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/pg"
)

// Kind is what a peer is. The words are stable.
type Kind string

// Kinds of peers.
const (
	Bank     Kind = "bank"
	Register Kind = "register" // of debtors
	Till     Kind = "till"     // a payment gateway that can be asked
	Channel  Kind = "channel"  // a way of notices
)

// Kinds lists every kind once, as they are shown.
var Kinds = []Kind{Bank, Register, Till, Channel}

// Outcome is what became of one thing that a peer was asked for. The words are stable.
type Outcome string

// Outcomes.
const (
	Accepted Outcome = "accepted" // done
	Taken    Outcome = "taken"    // it has it, and answers later
	Rejected Outcome = "rejected"
	Unknown  Outcome = "unknown" // no answer that could be believed
	Timeout  Outcome = "timeout"
	Unsent   Outcome = "unsent" // nothing left: it is given some quiet, or there is no connection
)

// Outcomes lists every outcome once, as they are shown.
var Outcomes = []Outcome{Accepted, Taken, Rejected, Unknown, Timeout, Unsent}

// call is the outcome under which calls are counted by how long they took.
const call = "call"

// Peer names one.
type Peer struct {
	Kind Kind
	Name string
}

// steps are the upper ends of how long calls take, in milliseconds. What lasts longer counts as the last.
var steps = []int32{1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000, 3000, 5000, 7000, 10_000, 15_000, 20_000, 30_000, 60_000, 300_000}

func step(d time.Duration) int32 {
	ms := d.Milliseconds()
	i, _ := slices.BinarySearchFunc(steps, ms+1, func(s int32, ms int64) int { return cmp.Compare(int64(s), ms) })
	return steps[min(i, len(steps)-1)]
}

type tally struct {
	Peer
	outcome string
	took    int32
}

// Meter counts what peers answer, until it is written. Any number of callers may use it.
type Meter struct {
	expires map[Peer]time.Time // the peers that this process is connected to; a zero time: no certificate is known

	mu     sync.Mutex
	counts map[tally]int64
	last   map[Peer]Outcome
	heard  map[Peer]bool // it has answered
	seen   *clock.Stopwatch
}

// NewMeter makes a meter for the peers that a process is connected to.
func NewMeter(connected map[Peer]time.Time) *Meter {
	return &Meter{expires: connected, counts: map[tally]int64{}, last: map[Peer]Outcome{}, heard: map[Peer]bool{}}
}

// Called counts one call and what became of what was asked for.
func (m *Meter) Called(p Peer, took time.Duration, outcomes map[Outcome]int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	left, most := false, 0 // something was sent; of what became of the most
	for _, o := range Outcomes {
		n := outcomes[o]
		if n == 0 {
			continue
		}
		m.counts[tally{p, string(o), 0}] += int64(n)
		if n > most {
			m.last[p], most = o, n
		}
		left = left || o != Unsent
		m.heard[p] = m.heard[p] || o == Accepted || o == Taken || o == Rejected
	}
	if left || len(outcomes) == 0 {
		m.counts[tally{p, call, step(took)}]++
	}
	if len(outcomes) == 0 { // it has answered, and there was nothing to count
		m.heard[p] = true
		if _, was := m.last[p]; !was {
			m.last[p] = Accepted
		}
	}
}

// seenEvery is how often a process says that it is connected.
const seenEvery = 30 * time.Second

const (
	seenSQL = `INSERT INTO peers (kind, name, seen_at, expires_at) SELECT w.kind, w.name, clock_timestamp(), w.expires_at
  FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS w (kind, name, expires_at) ORDER BY w.kind, w.name
    ON CONFLICT (kind, name) DO UPDATE SET seen_at = excluded.seen_at, expires_at = excluded.expires_at`
	lastSQL = `UPDATE peers p SET last_at = clock_timestamp(), last_outcome = w.outcome, answered_at = CASE WHEN w.heard THEN clock_timestamp() ELSE p.answered_at END
  FROM (SELECT kind, name FROM peers ORDER BY kind, name FOR UPDATE) l
  JOIN unnest($1::text[], $2::text[], $3::text[], $4::boolean[]) AS w (kind, name, outcome, heard) ON w.kind = l.kind AND w.name = l.name
 WHERE p.kind = w.kind AND p.name = w.name`
	addSQL = `INSERT INTO peer_answers AS a (at, kind, name, outcome, took, n)
SELECT date_bin('5 minutes', clock_timestamp(), timestamptz '2020-01-01'), w.kind, w.name, w.outcome, w.took, w.n
  FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::bigint[]) AS w (kind, name, outcome, took, n) ORDER BY w.kind, w.name, w.outcome, w.took
    ON CONFLICT (at, kind, name, outcome, took) DO UPDATE SET n = a.n + excluded.n`
	forgetSQL = `DELETE FROM peer_answers WHERE at < clock_timestamp() - interval '2 days'`
)

// Flush writes what was counted since it was last called. What cannot be written is counted on.
func (m *Meter) Flush(ctx context.Context, pool *pgxpool.Pool) error {
	m.mu.Lock()
	counts, last, heard := m.counts, m.last, m.heard
	m.counts, m.last, m.heard = map[tally]int64{}, map[Peer]Outcome{}, map[Peer]bool{}
	say := m.seen == nil || m.seen.Elapsed() >= seenEvery
	m.mu.Unlock()
	if len(counts) == 0 && len(last) == 0 && !say {
		return nil
	}
	err := pg.InTx(ctx, pool, func(tx pgx.Tx) error {
		batch := &pgx.Batch{}
		if say || len(last) > 0 {
			m.queueSeen(batch)
		}
		queueLast(batch, last, heard)
		queueCounts(batch, counts)
		if say {
			batch.Queue(forgetSQL)
		}
		return tx.SendBatch(ctx, batch).Close()
	})
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil {
		for k, n := range counts {
			m.counts[k] += n
		}
		for p, o := range last {
			if _, newer := m.last[p]; !newer {
				m.last[p] = o
			}
			m.heard[p] = m.heard[p] || heard[p]
		}
		return fmt.Errorf("peers: %w", err)
	}
	if say {
		watch := clock.StartStopwatch()
		m.seen = &watch
	}
	return nil
}

func (m *Meter) queueSeen(batch *pgx.Batch) {
	var kinds, names []string
	var expires []*time.Time
	for p, at := range m.expires {
		kinds, names = append(kinds, string(p.Kind)), append(names, p.Name)
		if at.IsZero() {
			expires = append(expires, nil)
		} else {
			expires = append(expires, &at)
		}
	}
	if len(kinds) > 0 {
		batch.Queue(seenSQL, kinds, names, expires)
	}
}

func queueLast(batch *pgx.Batch, last map[Peer]Outcome, heard map[Peer]bool) {
	var kinds, names, outcomes []string
	var answered []bool
	for p, o := range last {
		kinds, names, outcomes, answered = append(kinds, string(p.Kind)), append(names, p.Name), append(outcomes, string(o)), append(answered, heard[p])
	}
	if len(kinds) > 0 {
		batch.Queue(lastSQL, kinds, names, outcomes, answered)
	}
}

func queueCounts(batch *pgx.Batch, counts map[tally]int64) {
	if len(counts) == 0 {
		return
	}
	var kinds, names, outcomes []string
	var took []int32
	var ns []int64
	for _, k := range slices.Collect(maps.Keys(counts)) {
		kinds, names, outcomes, took, ns = append(kinds, string(k.Kind)), append(names, k.Name), append(outcomes, k.outcome), append(took, k.took), append(ns, counts[k])
	}
	batch.Queue(addSQL, kinds, names, outcomes, took, ns)
}
