package orders

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/engine/stop"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/seal"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Sender works the chunks of orders.
type Sender struct {
	Store *engine.Store
	Bank  Bank
	Keys  *seal.Keys
	Log   *slog.Logger
	// Observe is told how many orders of a purpose ended how; for metrics. May be nil.
	Observe func(purpose engine.Purpose, outcome string, n int)
}

// pending is one open order of a claimed chunk.
type pending struct {
	Instruction
	ordinal  int
	attempts int       // before this one; then its outcome is unknown
	lawful   bool      // what it takes may still be taken now
	asked    time.Time // when the engine asked for it
	waits    bool      // it is another order's turn first
	parked   bool      // its bank is stopped
	turn     time.Time // for one that waits: when to look again, in legal time
}

// Run works one chunk: claims it, marks its open orders as sent, asks the bank what it knows of those that were sent
// before, sends the others, and records the answers under the fence. What stays unanswered comes back later under the
// same ids, and so does what has to wait for another order against the same debtor. It returns engine.ErrFenced when another worker has the chunk; nothing is lost then.
func (s *Sender) Run(ctx context.Context, chunkID int64) error {
	var (
		chunk engine.Chunk
		open  []pending
	)
	err := pg.InTx(ctx, s.Store.Pool(), func(tx pgx.Tx) error {
		var err error
		if chunk, err = engine.Claim(ctx, tx, chunkID); err != nil {
			return err
		}
		open, err = s.begin(ctx, tx, chunk)
		return err
	})
	if err != nil {
		return fmt.Errorf("orders: chunk %d: %w", chunkID, err)
	}
	replies, callErr := s.call(ctx, open)
	if callErr != nil {
		s.Log.WarnContext(ctx, "bank call failed, outcome unknown", "chunk", chunkID, "error", callErr)
	}
	return s.finish(ctx, chunk, open, replies)
}

// begin records the attempt before the call: from here on the outcome of these orders is unknown until answered.
func (s *Sender) begin(ctx context.Context, tx pgx.Tx, chunk engine.Chunk) ([]pending, error) {
	now, err := s.Store.Now(ctx)
	if err != nil {
		return nil, err
	}
	var stops stop.Set
	if chunk.Kind != engine.ChunkLift { // nothing stops what gives back, and nothing makes it wait
		if stops, err = stop.ReadGuarded(ctx, tx); err != nil {
			return nil, err
		}
	}
	rows, err := tx.Query(ctx, openOrdersSQL, chunk.CaseIDs, purposesOf(chunk.Kind), now, civil(calendar.DateOf(now)), stops.BySource(), len(stops.Banks()) > 0)
	if err != nil {
		return nil, err
	}
	var (
		open  []pending
		ids   []int64
		purps []string
		ords  []int16

		waiting int
	)
	for rows.Next() {
		var (
			p      pending
			amount int64
			sealed []byte
			of     *uuid.UUID
			about  stop.Subject
			bank   string
		)
		if err := rows.Scan(&p.CaseID, &p.Purpose, &p.ordinal, &p.ID, &amount, &p.attempts, &sealed, &of, &p.lawful, &p.asked, &p.waits, &about.Region, &about.Source, &bank); err != nil {
			rows.Close()
			return nil, err
		}
		p.lawful = p.lawful && !Stopped(stops, about, p.Purpose, "")
		p.parked = p.lawful && Stopped(stops, about, p.Purpose, bank)
		iin, err := s.Keys.Open(sealed, "debtors.iin_sealed")
		if err != nil {
			rows.Close()
			return nil, fmt.Errorf("case %d: identity: %w", p.CaseID, err)
		}
		p.IIN, p.Amount = string(iin), money.FromTiyn(amount)
		if of != nil {
			p.Of = *of
		}
		open = append(open, p)
		if p.waits = p.waits && p.lawful; p.waits {
			waiting++
		} else if p.parked && !p.tried() {
			continue
		} else if p.lawful || p.tried() {
			ids, purps, ords = append(ids, p.CaseID), append(purps, string(p.Purpose)), append(ords, int16(p.ordinal))
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if waiting > 0 {
		if err := turns(ctx, tx, open, now); err != nil {
			return nil, err
		}
	}
	_, err = tx.Exec(ctx, attemptSQL, ids, purps, ords)
	return open, err
}

// call talks to the bank outside any transaction.
func (s *Sender) call(ctx context.Context, open []pending) (map[uuid.UUID]Reply, error) {
	replies := make(map[uuid.UUID]Reply, len(open))
	var errs []error
	unseen, err := s.ask(ctx, open, replies)
	if err != nil {
		errs = append(errs, err)
	}
	var batch []Instruction
	for _, p := range open {
		switch {
		case p.waits, p.parked, p.tried() && !unseen[p.ID]:
		case !p.lawful:
			replies[p.ID] = Reply{ID: p.ID, Known: true, Answer: engine.Withdrawn}
		default:
			batch = append(batch, p.Instruction)
		}
	}
	if len(batch) > 0 {
		got, err := s.Bank.Submit(ctx, batch)
		if err != nil {
			errs = append(errs, err)
		}
		for _, r := range got {
			replies[r.ID] = r
		}
	}
	return replies, errors.Join(errs...)
}

// ask queries the orders that were sent before; it returns those that the bank has never seen.
func (s *Sender) ask(ctx context.Context, open []pending, replies map[uuid.UUID]Reply) (map[uuid.UUID]bool, error) {
	unseen := map[uuid.UUID]bool{}
	var ids []uuid.UUID
	for _, p := range open {
		if p.tried() {
			ids = append(ids, p.ID)
		}
	}
	if len(ids) == 0 {
		return unseen, nil
	}
	got, err := s.Bank.Query(ctx, ids)
	for _, r := range got {
		switch {
		case !r.Known:
			unseen[r.ID] = true
		case r.Answer != "":
			replies[r.ID] = r
		}
	}
	return unseen, err
}

// finish records the answers in one transaction with the end of the chunk.
func (s *Sender) finish(ctx context.Context, chunk engine.Chunk, open []pending, replies map[uuid.UUID]Reply) error {
	var (
		cmds  []engine.For
		again []int64
		tries = maxTries
		count = map[[2]string]int{}
	)
	later := map[time.Time][]int64{}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	for _, p := range open {
		if p.waits {
			later[p.turn] = append(later[p.turn], p.CaseID)
			count[[2]string{string(p.Purpose), "waits"}]++
			continue
		}
		r, ok := replies[p.ID]
		if p.parked && (!ok || r.Answer == "") {
			later[now.Add(parkFor)] = append(later[now.Add(parkFor)], p.CaseID)
			count[[2]string{string(p.Purpose), "parked"}]++
			continue
		}
		if !ok || r.Answer == "" {
			again, tries = append(again, p.CaseID), min(tries, p.attempts)
			count[[2]string{string(p.Purpose), "unknown"}]++
			continue
		}
		if !p.Purpose.Coercive() && !accepted(r.Answer) {
			again, tries = append(again, p.CaseID), min(tries, p.attempts) // giving back is asked for until it is done
			s.Log.ErrorContext(ctx, "a bank refuses to give back", "case", p.CaseID, "purpose", p.Purpose, "answer", r.Answer)
		}
		count[[2]string{string(p.Purpose), string(r.Answer)}]++
		cmds = append(cmds, engine.For{CaseID: p.CaseID, Actor: engine.ActorBank, Command: engine.OrderAnswered{
			Purpose: p.Purpose, Ordinal: p.ordinal, Answer: r.Answer, Sum: r.Sum, Bank: r.Bank, Detail: r.Detail,
		}})
	}
	err = pg.InTx(ctx, s.Store.Pool(), func(tx pgx.Tx) error {
		if err := chunk.Hold(ctx, tx); err != nil {
			return err
		}
		known, early, err := afterCollections(ctx, tx, cmds, now)
		if err != nil {
			return err
		}
		if _, err := s.Store.ApplyTx(ctx, tx, known); err != nil {
			return err
		}
		for _, back := range []map[time.Time][]int64{later, early} {
			for _, at := range slices.SortedFunc(maps.Keys(back), time.Time.Compare) {
				if err := chunk.Again(ctx, tx, back[at], now, at); err != nil {
					return err
				}
			}
		}
		return chunk.Finish(ctx, tx, again, now, now.Add(retryAfter(chunk.Kind, tries)))
	})
	if err != nil {
		return fmt.Errorf("orders: chunk %d: answers: %w", chunk.ID, err)
	}
	if s.Observe != nil {
		for k, n := range count {
			s.Observe(engine.Purpose(k[0]), k[1], n)
		}
	}
	return nil
}

// maxTries bounds the doubling of the wait.
const maxTries = 10

// retryAfter is how long an unanswered order waits before it is queried, in legal time: a minute, doubled with every
// attempt, up to an hour; what gives back never waits longer than a quarter of an hour.
func retryAfter(kind string, attempts int) time.Duration {
	longest := time.Hour
	if kind == engine.ChunkLift {
		longest = 15 * time.Minute
	}
	return min(time.Minute<<attempts, longest)
}

// tried says whether the order was sent before and its outcome is unknown.
func (p pending) tried() bool { return p.attempts > 0 }

func accepted(a engine.Answer) bool {
	return a == engine.Accepted || a == engine.Partial || a == engine.AlreadyDone
}

func purposesOf(kind string) []string {
	if kind == engine.ChunkLift {
		return []string{string(engine.Lift), string(engine.Reduce), string(engine.Recall)}
	}
	return []string{string(engine.Arrest), string(engine.Collect)}
}

func civil(d calendar.Date) time.Time { return d.UTC() }

// openOrdersSQL locks the open orders of a chunk. An order that takes something is lawful only while the gate is open;
// engine.Blocks decides the same when the order is made, this, with [Stopped], is the second look just before it is sent.
const openOrdersSQL = `SELECT o.case_id, o.purpose, o.ordinal, o.id, o.amount, o.attempts, d.iin_sealed,
	CASE WHEN o.purpose IN ('lift', 'reduce', 'collect') THEN (SELECT a.id FROM orders a WHERE a.case_id = o.case_id AND a.purpose = 'arrest' ORDER BY a.ordinal DESC LIMIT 1)
	     WHEN o.purpose = 'recall' THEN (SELECT a.id FROM orders a WHERE a.case_id = o.case_id AND a.purpose = 'collect' ORDER BY a.ordinal DESC LIMIT 1)
	END,
	o.purpose NOT IN ('arrest', 'collect') OR (c.state = 'enforcing' AND c.hold = '' AND c.suspended = '' AND c.refusal_at IS NULL
	  AND c.outstanding >= o.amount AND c.voluntary_ends_on < $4
	  AND (c.limitation_on IS NULL OR c.limitation_on >= $4)),
	o.requested_at,
	o.attempts = 0 AND o.purpose IN ('arrest', 'collect') AND EXISTS (SELECT 1 FROM writs w
	  WHERE w.debtor_id = c.debtor_id AND w.case_id <> o.case_id AND (EXISTS (` + openBeforeSQL + `) OR EXISTS (` + dueBeforeSQL + `))),
	c.region, CASE WHEN $5::boolean THEN (SELECT w.source FROM writs w WHERE w.case_id = o.case_id) ELSE '' END,
	CASE WHEN $6::boolean AND o.purpose = 'collect' THEN (SELECT a.bank FROM orders a WHERE a.case_id = o.case_id AND a.purpose = 'arrest' ORDER BY a.ordinal DESC LIMIT 1) ELSE '' END
  FROM orders o JOIN cases c ON c.id = o.case_id JOIN debtors d ON d.id = c.debtor_id
 WHERE o.case_id = ANY($1) AND o.purpose = ANY($2) AND o.status IN ('requested', 'unknown')
 ORDER BY o.case_id, o.requested_at, o.purpose, o.ordinal FOR UPDATE OF o`

const attemptSQL = `UPDATE orders o SET status = 'unknown', attempts = attempts + 1
  FROM unnest($1::bigint[], $2::text[], $3::smallint[]) AS u(case_id, purpose, ordinal)
 WHERE o.case_id = u.case_id AND o.purpose = u.purpose AND o.ordinal = u.ordinal`
