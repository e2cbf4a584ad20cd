package orders

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/internal/pg"
)

// removal is one that the compare asked for and that the register has still to confirm. By our books the entry is over or never was,
// so that no case has anything to decide; like every removal it is sent under one id until it is done.
type removal struct {
	finding  int64
	attempts int
	Entry
}

// Owed says whether such a removal is due.
func (s *Registrar) Owed(ctx context.Context) (owed bool, err error) {
	now, err := s.Store.Now(ctx)
	if err == nil && s.Register != nil {
		err = s.Store.Pool().QueryRow(ctx, removalOwedSQL, now).Scan(&owed)
	}
	return owed, err
}

// Correct sends the removals whose time has come. It may be run by several at once: the register does the same id once.
func (s *Registrar) Correct(ctx context.Context) error {
	now, err := s.Store.Now(ctx)
	if err != nil || s.Register == nil {
		return err
	}
	var todo []removal
	err = pg.InTx(ctx, s.Store.Pool(), func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, takeRemovalsSQL, now, comparePage)
		if err != nil {
			return err
		}
		todo, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (k removal, err error) {
			k.Purpose = engine.Deregister
			err = row.Scan(&k.finding, &k.ID, &k.Of, &k.CaseID, &k.attempts)
			return k, err
		})
		if err != nil {
			return err
		}
		ids, next := make([]int64, len(todo)), make([]time.Time, len(todo))
		for i, k := range todo {
			ids[i], next[i] = k.finding, now.Add(retryAfter(engine.ChunkLift, min(k.attempts, maxTries)))
		}
		_, err = tx.Exec(ctx, tryRemovalsSQL, ids, next)
		return err
	})
	if err != nil || len(todo) == 0 {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, callRegister)
	defer cancel()
	if err := s.remove(ctx, todo); err != nil {
		return fmt.Errorf("orders: removals: %w", err)
	}
	return nil
}

func (s *Registrar) remove(ctx context.Context, todo []removal) error {
	by := map[uuid.UUID]*removal{}
	answers := map[uuid.UUID]engine.Answer{}
	has := map[uuid.UUID]bool{} // taken and not answered yet
	var ask []uuid.UUID
	for i := range todo {
		k := &todo[i]
		if by[k.ID] = k; k.attempts > 0 {
			ask = append(ask, k.ID)
		}
	}
	hear := func(replies []Reply) {
		for _, r := range replies {
			switch k := by[r.ID]; {
			case k == nil || r.Known && r.CaseID != k.CaseID:
				s.Log.ErrorContext(ctx, "the register's answer does not fit what it was asked, outcome unknown")
			case r.Known:
				answers[r.ID], has[r.ID] = r.Answer, r.Answer == ""
			}
		}
	}
	if len(ask) > 0 {
		replies, err := s.Register.Query(ctx, ask)
		s.failed(ctx, err)
		hear(replies)
	}
	var batch []Entry
	for _, k := range todo {
		if !accepted(answers[k.ID]) && !has[k.ID] {
			batch = append(batch, k.Entry)
		}
	}
	if len(batch) > 0 {
		replies, err := s.Register.Submit(ctx, batch)
		s.failed(ctx, err)
		hear(replies)
	}
	var ids []int64
	var words []string
	var done []bool
	for id, a := range answers {
		if a == "" {
			continue
		}
		k := by[id]
		if !accepted(a) {
			s.Log.ErrorContext(ctx, "the register refuses to take out an entry, or to say who executes", "case", k.CaseID, "purpose", k.Purpose)
		}
		s.observe(k.Purpose, string(a), 1)
		ids, words, done = append(ids, k.finding), append(words, string(a)), append(done, accepted(a))
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	_, err = s.Store.Pool().Exec(ctx, removedSQL, ids, words, done, now)
	return err
}

const removalOwedSQL = `SELECT EXISTS (SELECT 1 FROM register_findings WHERE removal_id IS NOT NULL AND resolved_at IS NULL AND next_at <= $1)`

const takeRemovalsSQL = `SELECT id, removal_id, entry_id, case_id, attempts FROM register_findings
 WHERE removal_id IS NOT NULL AND resolved_at IS NULL AND next_at <= $1 ORDER BY next_at, id LIMIT $2 FOR UPDATE SKIP LOCKED`

const tryRemovalsSQL = `UPDATE register_findings f SET attempts = least(f.attempts, 32766) + 1, next_at = u.at
  FROM unnest($1::bigint[], $2::timestamptz[]) AS u(id, at) WHERE f.id = u.id`

const removedSQL = `UPDATE register_findings f SET answer = u.answer, resolved_at = CASE WHEN u.done THEN $4::timestamptz END, resolution = CASE WHEN u.done THEN 'removed' ELSE '' END
  FROM unnest($1::bigint[], $2::text[], $3::boolean[]) AS u(id, answer, done) WHERE f.id = u.id AND f.resolved_at IS NULL`
