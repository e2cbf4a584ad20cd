package orders

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/engine/stop"
	"robotbailiff/engine/trial"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/seal"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Sender works the chunks of orders.
type Sender struct {
	Store *engine.Store
	Banks map[string]Peer // by the short name under which legs remember a bank; a name is never used for another bank
	Keys  *seal.Keys
	Log   *slog.Logger
	Trial *trial.Gate // keeps the first arrests of what is new until people have looked; nil: nobody looks
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
	turn     time.Time // for one that waits: when to look again, in legal time
	halted   []string  // banks at which nothing is taken now

	legs   []Leg
	stored bool // the legs stand in the database
	news   bool // a leg has another answer than what is stored
}

// Run works one chunk: claims it, settles what each bank gets of its open orders, marks them as sent, asks the banks what they
// know of those that were sent before, sends the others, and records the answers under the fence. What stays unanswered comes
// back later under the same ids, of the banks that did not answer alone, and so does what has to wait for another order
// against the same debtor. It returns engine.ErrFenced when another worker has the chunk; nothing is lost then.
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
	if err := s.plan(ctx, chunk, open); err != nil {
		return fmt.Errorf("orders: chunk %d: plan: %w", chunkID, err)
	}
	s.call(ctx, open)
	return s.finish(ctx, chunk, open)
}

// begin takes up the open orders of a chunk. It records the attempt before the call: from here on the outcome of these orders is
// unknown until answered. An arrest that was never sent is left to plan.
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
	open, err := s.take(ctx, tx, chunk, stops, now)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(open, func(p pending) bool { return p.waits && p.turn.IsZero() }) {
		if err := turns(ctx, tx, open, now); err != nil {
			return nil, err
		}
	}
	if err := s.derive(ctx, tx, open, now); err != nil {
		return nil, err
	}
	park(open, now)
	if err := s.try(ctx, tx, open, now); err != nil {
		return nil, err
	}
	var first, more, never marks
	for i := range open {
		p := &open[i]
		switch {
		case p.waits || p.closed():
		case p.stored:
			more.order(p)
		case !p.lawful && !p.tried():
			p.legs = nobody(engine.Withdrawn)
			err = never.add(p, s.Keys)
		case p.Purpose != engine.Arrest:
			err = first.add(p, s.Keys)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(never.ids) > 0 {
		if _, err := tx.Exec(ctx, legsSQL, never.ids, never.purposes, never.ordinals, never.legs); err != nil {
			return nil, err
		}
	}
	if len(first.ids) > 0 {
		if _, err := tx.Exec(ctx, firstSQL, first.ids, first.purposes, first.ordinals, first.legs); err != nil {
			return nil, err
		}
	}
	if len(more.ids) > 0 {
		if _, err := tx.Exec(ctx, moreSQL, more.ids, more.purposes, more.ordinals); err != nil {
			return nil, err
		}
	}
	for i := range open {
		p := &open[i]
		p.stored = p.stored || !p.waits && p.legs != nil
	}
	return open, nil
}

// take reads and locks the open orders of a chunk.
func (s *Sender) take(ctx context.Context, tx pgx.Tx, chunk engine.Chunk, stops stop.Set, now time.Time) ([]pending, error) {
	rows, err := tx.Query(ctx, openOrdersSQL, chunk.CaseIDs, today(now), now, chunk.Kind, stops.BySource())
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (p pending, err error) {
		var (
			amount       int64
			sealed, legs []byte
			about        stop.Subject
			doubt        bool
		)
		if err := row.Scan(&p.CaseID, &p.Purpose, &p.ordinal, &p.ID, &amount, &p.attempts, &sealed, &legs, &p.lawful, &p.asked, &p.waits, &about.Region, &about.Source, &doubt); err != nil {
			return p, err
		}
		if p.Purpose.Coercive() {
			p.lawful, p.halted = p.lawful && !Stopped(stops, about, p.Purpose, ""), stops.Banks()
		}
		iin, err := s.Keys.Open(sealed, "debtors.iin_sealed")
		if err != nil {
			return p, fmt.Errorf("case %d: identity: %w", p.CaseID, err)
		}
		p.IIN, p.Amount = string(iin), money.FromTiyn(amount)
		p.waits = p.waits && p.lawful
		if doubt && p.lawful && !p.waits {
			p.waits, p.turn = true, now.Add(parkFor) // a person looks at the money first
		}
		p.legs, err = decodeLegs(legs, s.Keys)
		p.stored = legs != nil
		return p, err
	})
}

// derive finds out for orders that are about an earlier one which order that is, and who gets which part of them. A recall
// whose collection is asked for and not sent yet waits for it: only then is it known which banks have something to give back.
func (s *Sender) derive(ctx context.Context, tx pgx.Tx, open []pending, now time.Time) error {
	var ids []int64
	for i := range open {
		if p := &open[i]; p.Purpose != engine.Arrest && !p.waits {
			ids = append(ids, p.CaseID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	of, err := s.histories(ctx, tx, ids)
	if err != nil {
		return err
	}
	banks := slices.Sorted(maps.Keys(s.Banks))
	for i := range open {
		p := &open[i]
		if p.Purpose == engine.Arrest || p.waits {
			continue
		}
		h := of[p.CaseID]
		target := h.target(p.Purpose)
		if target != nil {
			p.Of = target.id
		}
		switch {
		case p.stored:
		case p.Purpose == engine.Recall && target != nil && target.status == engine.Requested:
			p.waits, p.turn = true, now.Add(soon)
		case p.lawful || p.tried():
			if p.legs = h.legs(p.Purpose, p.Amount, banks); p.legs == nil {
				p.legs = []Leg{} // nobody has anything: that stands, too
			}
		}
	}
	return nil
}

func (s *Sender) histories(ctx context.Context, tx pgx.Tx, ids []int64) (map[int64]history, error) {
	rows, err := tx.Query(ctx, historySQL, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[int64]history, len(ids))
	var (
		id   int64
		o    past
		legs []byte
	)
	_, err = pgx.ForEachRow(rows, []any{&id, &o.purpose, &o.ordinal, &o.id, &o.status, &o.asked, &legs}, func() error {
		var err error
		if o.legs, err = decodeLegs(legs, s.Keys); err != nil {
			return fmt.Errorf("case %d: %w", id, err)
		}
		out[id] = append(out[id], o)
		return nil
	})
	return out, err
}

// marks are the attempts that are recorded at once.
type marks struct {
	ids            []int64
	purposes, legs []string
	ordinals       []int16
}

// order puts an order on the list.
func (m *marks) order(p *pending) {
	m.ids, m.purposes, m.ordinals = append(m.ids, p.CaseID), append(m.purposes, string(p.Purpose)), append(m.ordinals, int16(p.ordinal))
}

// add puts an order on the list with its legs.
func (m *marks) add(p *pending, keys *seal.Keys) error {
	m.order(p)
	legs, err := encodeLegs(p.legs, keys)
	m.legs = append(m.legs, legs)
	return err
}

// tried says whether the order was sent before and its outcome is unknown.
func (p *pending) tried() bool { return p.attempts > 0 }

// closed says whether no bank has anything to answer any more, and only what it comes to is left to be recorded.
func (p *pending) closed() bool {
	return p.stored && !slices.ContainsFunc(p.legs, func(l Leg) bool { return !l.settled(p.Purpose) })
}

// nobody is what stands instead of legs when no bank is to get anything. It is settled like legs, in one place and for ever, so
// that no other worker finds accounts, or the gate open again, and sends the order nevertheless.
func nobody(why engine.Answer) []Leg { return []Leg{{Answer: why}} }

func accepted(a engine.Answer) bool {
	return a == engine.Accepted || a == engine.Partial || a == engine.AlreadyDone
}

func today(now time.Time) time.Time { return calendar.DateOf(now).UTC() }

// lawfulSQL is the second look, just before an order is sent, at what engine.Blocks decided when it was made, with [Stopped] beside it:
// what takes something may be taken only while the gate is open.
const lawfulSQL = `(o.purpose NOT IN ('arrest', 'collect') OR (c.state = 'enforcing' AND c.hold = '' AND c.suspended = '' AND c.refusal_at IS NULL
	  AND c.outstanding >= o.amount AND c.voluntary_ends_on < $2 AND (c.limitation_on IS NULL OR c.limitation_on >= $2)
	  AND ` + unopposedSQL + `))`

// unopposedSQL says that no objection stands: none is open or declined and not told, and none to a notice was accepted.
const unopposedSQL = `(c.objections = 0 OR NOT EXISTS (SELECT 1 FROM objections j WHERE j.case_id = c.id AND (j.status IN ('open', 'declined')
	    OR j.ground = 'notice' AND j.status = 'accepted' AND j.over_on > c.voluntary_ends_on)))`

// openOrdersSQL locks the open orders of a chunk. Money that came in the debtor's name and that no case has yet keeps a new order back.
var openOrdersSQL = `SELECT o.case_id, o.purpose, o.ordinal, o.id, o.amount, o.attempts, d.iin_sealed, o.legs,
	` + lawfulSQL + `,
	o.requested_at,
	o.attempts = 0 AND o.purpose IN ('arrest', 'collect') AND EXISTS (SELECT 1 FROM writs w
	  WHERE w.debtor_id = c.debtor_id AND w.case_id <> o.case_id AND (EXISTS (` + openBeforeSQL + `) OR EXISTS (` + dueBeforeSQL + `))),
	c.region, CASE WHEN $5::boolean THEN (SELECT w.source FROM writs w WHERE w.case_id = o.case_id) ELSE '' END,
	o.attempts = 0 AND o.purpose IN ('arrest', 'collect') AND EXISTS (SELECT 1 FROM unmatched_money u WHERE u.debtor_id = c.debtor_id)
  FROM orders o JOIN cases c ON c.id = o.case_id JOIN debtors d ON d.id = c.debtor_id
 WHERE o.case_id = ANY($1) AND ` + engine.ChunkSQL("o.purpose") + ` = $4 AND o.status IN ('requested', 'unknown')
 ORDER BY o.case_id, o.requested_at, o.purpose, o.ordinal FOR UPDATE OF o`

const historySQL = `SELECT case_id, purpose, ordinal, id, status, requested_at, legs FROM orders WHERE case_id = ANY($1)
 ORDER BY case_id, requested_at, purpose, ordinal`

// The number of attempts is what a retry waits by; it stops growing, the attempts do not.
const moreSQL = `UPDATE orders o SET status = 'unknown', attempts = least(o.attempts, 32766) + 1
  FROM unnest($1::bigint[], $2::text[], $3::smallint[]) AS u(case_id, purpose, ordinal)
 WHERE o.case_id = u.case_id AND o.purpose = u.purpose AND o.ordinal = u.ordinal`

const firstSQL = `UPDATE orders o SET status = 'unknown', attempts = least(o.attempts, 32766) + 1, legs = u.legs::json
  FROM unnest($1::bigint[], $2::text[], $3::smallint[], $4::text[]) AS u(case_id, purpose, ordinal, legs)
 WHERE o.case_id = u.case_id AND o.purpose = u.purpose AND o.ordinal = u.ordinal`

// legsSQL writes the legs of orders, with what some banks said of them.
const legsSQL = `UPDATE orders o SET legs = u.legs::json
  FROM unnest($1::bigint[], $2::text[], $3::smallint[], $4::text[]) AS u(case_id, purpose, ordinal, legs)
 WHERE o.case_id = u.case_id AND o.purpose = u.purpose AND o.ordinal = u.ordinal`
