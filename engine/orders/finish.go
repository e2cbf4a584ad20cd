package orders

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/internal/pg"
)

// finish records the answers in one transaction with the end of the chunk.
func (s *Sender) finish(ctx context.Context, chunk engine.Chunk, open []pending) error {
	var (
		cmds  []engine.For
		again []int64
		heard marks
		tries = maxTries
		count = map[[2]string]int{}
	)
	later := map[time.Time][]int64{}
	for i := range open {
		p := &open[i]
		if p.waits {
			later[p.turn] = append(later[p.turn], p.CaseID)
			count[[2]string{string(p.Purpose), "waits"}]++
			continue
		}
		r, whole := p.answer()
		if odd := func(l Leg) bool { return !l.plain() }; p.news && (!whole || slices.ContainsFunc(p.legs, odd)) {
			if err := heard.add(p, s.Keys); err != nil {
				return fmt.Errorf("orders: chunk %d: answers: %w", chunk.ID, err)
			}
		}
		if !whole {
			again, tries = append(again, p.CaseID), min(tries, p.attempts)
			count[[2]string{string(p.Purpose), "unknown"}]++
			continue
		}
		count[[2]string{string(p.Purpose), string(r.Answer)}]++
		cmds = append(cmds, engine.For{CaseID: p.CaseID, Actor: engine.ActorBank, Command: engine.OrderAnswered{
			Purpose: p.Purpose, Ordinal: p.ordinal, Answer: r.Answer, Sum: r.Sum, Bank: r.Bank, Detail: r.Detail,
		}})
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
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
		if len(heard.ids) > 0 {
			if _, err := tx.Exec(ctx, legsSQL, heard.ids, heard.purposes, heard.ordinals, heard.legs); err != nil {
				return err
			}
		}
		if again, err = notElsewhere(ctx, tx, chunk, again); err != nil {
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
	for k, n := range count {
		s.observe(engine.Purpose(k[0]), k[1], n)
	}
	return nil
}

// answer is what became of an order; false while that is not known, or while nothing could be settled: accounts could not be
// read, or the gate was shut meanwhile.
func (p *pending) answer() (Reply, bool) {
	if !p.stored {
		return Reply{}, false
	}
	return combine(p.Instruction, p.legs)
}

// maxTries bounds the doubling of the wait.
const maxTries = 10

// retryAfter is how long an unanswered order waits before it is queried, in legal time: a minute, doubled with every
// attempt, up to an hour; what gives back never waits longer than a quarter of an hour.
func retryAfter(kind string, attempts int) time.Duration {
	longest := time.Hour
	if kind == engine.ChunkLift || kind == engine.ChunkDeregister {
		longest = 15 * time.Minute
	}
	return min(time.Minute<<attempts, longest)
}

// notElsewhere leaves out the cases that a newer open chunk of the kind has already: the sweep makes one for what stays
// unanswered for long, and two chunks of the same would only grow in number.
func notElsewhere(ctx context.Context, tx pgx.Tx, chunk engine.Chunk, ids []int64) ([]int64, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := tx.Query(ctx, elsewhereSQL, chunk.Kind, chunk.ID, ids)
	if err != nil {
		return nil, err
	}
	elsewhere, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	return slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return slices.Contains(elsewhere, id) }), err
}

const elsewhereSQL = `SELECT DISTINCT i.id FROM chunks k CROSS JOIN LATERAL unnest(k.case_ids) AS c(id) JOIN unnest($3::bigint[]) AS i(id) ON i.id = c.id
 WHERE k.done_at IS NULL AND k.kind = $1 AND k.id > $2`
