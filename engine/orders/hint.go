package orders

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/internal/pg"
)

// A hint of a bank is that its answer to some orders is there. It is not believed: the orders are looked at sooner than they would be,
// as they would be. How many hints may wait, and how often orders are looked for, is bounded, so that a bank which floods us wins nothing.

// Bounds of hints.
const (
	maxHints     = 10_000 // of one bank that may wait
	hintsAtOnce  = 50_000 // that are looked at
	hintedChunks = 50     // waiting chunks in which orders are looked for at once, those whose turn is next
)

// ErrManyHints says that more hints of a bank wait than are kept: it asks in vain, and is asked itself in any case.
var ErrManyHints = errors.New("orders: too many hints of this bank wait")

// Hinted keeps which legs a bank says are worth a query. Told twice it is kept once; legs that are not ours are forgotten after a while.
func (s *Sender) Hinted(ctx context.Context, bank string, legs []uuid.UUID) error {
	var wait int
	if err := s.Store.Pool().QueryRow(ctx, countHintsSQL, bank).Scan(&wait); err != nil {
		return fmt.Errorf("orders: hints: %w", err)
	}
	if wait+len(legs) > maxHints {
		return ErrManyHints
	}
	if _, err := s.Store.Pool().Exec(ctx, keepHintsSQL, bank, legs); err != nil {
		return fmt.Errorf("orders: hints: %w", err)
	}
	return nil
}

// Heed takes up hints: those orders among them that wait to be asked about again have their turn now. It gives their number. A hint
// that meets none stays for a minute, since its order may be on its way just now.
func (s *Sender) Heed(ctx context.Context) (n int, err error) {
	now, err := s.Store.Now(ctx)
	if err != nil {
		return 0, err
	}
	err = pg.InTx(ctx, s.Store.Pool(), func(tx pgx.Tx) error {
		n = 0
		hints, banks, legs, err := readHints(ctx, tx)
		if err != nil || len(hints) == 0 {
			return err
		}
		rows, err := tx.Query(ctx, unansweredSQL, now, hintedChunks)
		if err != nil {
			return err
		}
		var (
			chunk  engine.Chunk
			caseID int64
			order  uuid.UUID
		)
		found := map[int64]engine.Chunk{} // the part of each chunk that is meant
		_, err = pgx.ForEachRow(rows, []any{&chunk.ID, &chunk.Kind, &caseID, &order}, func() error {
			meant := false
			for bank, ids := range hints {
				leg := LegID(order, bank)
				if bank == RegisterName {
					leg = order
				}
				if ids[leg] {
					meant, banks, legs = true, append(banks, bank), append(legs, leg)
				}
			}
			if meant {
				n++
				part := found[chunk.ID]
				found[chunk.ID] = engine.Chunk{ID: chunk.ID, Kind: chunk.Kind, CaseIDs: append(part.CaseIDs, caseID)}
			}
			return nil
		})
		if err == nil {
			err = engine.Hurry(ctx, tx, found, now)
		}
		if err == nil {
			_, err = tx.Exec(ctx, heededSQL, banks, legs)
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("orders: hints: %w", err)
	}
	return n, nil
}

// readHints takes the hints that wait, by bank, and gives those beside that have waited for long enough.
func readHints(ctx context.Context, tx pgx.Tx) (hints map[string]map[uuid.UUID]bool, banks []string, legs []uuid.UUID, err error) {
	rows, err := tx.Query(ctx, takeHintsSQL, hintsAtOnce)
	if err != nil {
		return nil, nil, nil, err
	}
	hints = map[string]map[uuid.UUID]bool{}
	var (
		bank string
		leg  uuid.UUID
		old  bool
	)
	_, err = pgx.ForEachRow(rows, []any{&bank, &leg, &old}, func() error {
		if old {
			banks, legs = append(banks, bank), append(legs, leg)
		}
		if hints[bank] == nil {
			hints[bank] = map[uuid.UUID]bool{}
		}
		hints[bank][leg] = true
		return nil
	})
	return hints, banks, legs, err
}

const countHintsSQL = `SELECT count(*) FROM bank_hints WHERE bank = $1`

const keepHintsSQL = `INSERT INTO bank_hints (bank, leg_id) SELECT $1, u.id FROM unnest($2::uuid[]) AS u(id) ORDER BY u.id ON CONFLICT DO NOTHING`

const takeHintsSQL = `SELECT bank, leg_id, at < now() - interval '1 minute' FROM bank_hints ORDER BY at LIMIT $1 FOR UPDATE SKIP LOCKED`

// unansweredSQL finds the orders that were sent and wait to be asked about again. The id of a leg cannot be turned back into that of its
// order, so that those whose turn is next are gone through.
var unansweredSQL = `SELECT k.id, k.kind, o.case_id, o.id
  FROM (SELECT id, kind, case_ids FROM chunks WHERE done_at IS NULL AND kind IN ('orders', 'lift', 'register', 'deregister') AND not_before > $1
	     ORDER BY not_before, id LIMIT $2 FOR UPDATE SKIP LOCKED) k
 CROSS JOIN LATERAL unnest(k.case_ids) AS c(id)
  JOIN orders o ON o.case_id = c.id AND o.status = 'unknown' AND k.kind = ` + engine.ChunkSQL("o.purpose")

const heededSQL = `DELETE FROM bank_hints h USING unnest($1::text[], $2::uuid[]) AS u(bank, id) WHERE h.bank = u.bank AND h.leg_id = u.id`
