package handover

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/internal/pg"
)

// Assigner works the chunks of cases that need a bailiff.
type Assigner struct {
	Store *engine.Store
	Log   *slog.Logger
}

// noBailiffRetry is how long cases of a region without a bailiff wait before the next try.
const noBailiffRetry = time.Hour

// stoppedRetry is how long cases whose hand-over is stopped wait before the next look.
const stoppedRetry = 15 * time.Minute

// Run chooses a bailiff for every case of a chunk and records choice, reason and load in one transaction. One chunk at a
// time: loads are compared under a lock, so that two workers do not both choose the same least-loaded bailiff.
func (a *Assigner) Run(ctx context.Context, chunkID int64) error {
	now, err := a.Store.Now(ctx)
	if err != nil {
		return err
	}
	err = pg.InTx(ctx, a.Store.Pool(), func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockChoiceSQL); err != nil {
			return err
		}
		chunk, err := engine.Claim(ctx, tx, chunkID)
		if err != nil {
			return err
		}
		wanted, bailiffs, err := candidates(ctx, tx, chunk.CaseIDs)
		if err != nil {
			return err
		}
		choices := Choose(wanted, bailiffs)
		pl, err := a.Store.ApplyTx(ctx, tx, commands(choices))
		if err != nil {
			return err
		}
		taken := choices[:0:0]
		var stopped []int64
		for i, o := range pl.Outcomes {
			switch {
			case o.Refusal == nil:
				taken = append(taken, choices[i])
			case o.Refusal.Code == engine.CodeStopped:
				stopped = append(stopped, choices[i].CaseID)
			}
		}
		if err := record(ctx, tx, taken, now); err != nil {
			return err
		}
		left := leftOver(wanted, choices)
		if len(left) > 0 {
			a.Log.ErrorContext(ctx, "no private bailiff in the region", "cases", len(left))
		}
		if err := chunk.Again(ctx, tx, stopped, now, now.Add(stoppedRetry)); err != nil {
			return err
		}
		return chunk.Finish(ctx, tx, left, now, now.Add(noBailiffRetry))
	})
	if err != nil {
		return fmt.Errorf("handover: chunk %d: %w", chunkID, err)
	}
	return nil
}

func candidates(ctx context.Context, tx pgx.Tx, ids []int64) ([]Wanted, []Bailiff, error) {
	rows, err := tx.Query(ctx, wantedSQL, ids)
	if err != nil {
		return nil, nil, err
	}
	wanted, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Wanted])
	if err != nil {
		return nil, nil, err
	}
	rows, err = tx.Query(ctx, bailiffsSQL)
	if err != nil {
		return nil, nil, err
	}
	bailiffs, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Bailiff])
	return wanted, bailiffs, err
}

func commands(choices []Choice) []engine.For {
	cmds := make([]engine.For, len(choices))
	for i, c := range choices {
		cmds[i] = engine.For{CaseID: c.CaseID, Actor: engine.ActorRobot, Command: engine.Assign{BailiffID: c.BailiffID, Load: c.Load, Among: c.Among, Tie: c.Tie}}
	}
	return cmds
}

func record(ctx context.Context, tx pgx.Tx, choices []Choice, now time.Time) error {
	if len(choices) == 0 {
		return nil
	}
	var (
		cases, bailiffs []int64
		reasons         []string
	)
	for _, c := range choices {
		raw, err := json.Marshal(map[string]any{"load": c.Load, "among": c.Among, "tie": c.Tie})
		if err != nil {
			return err
		}
		cases, bailiffs, reasons = append(cases, c.CaseID), append(bailiffs, c.BailiffID), append(reasons, string(raw))
	}
	if _, err := tx.Exec(ctx, insertHandoversSQL, cases, bailiffs, reasons, now); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, raiseLoadSQL, bailiffs)
	return err
}

// Recall takes cases back from their bailiffs, in the transaction that ended their reason.
func Recall(ctx context.Context, tx pgx.Tx, recalls []engine.HandoverRecalled, now time.Time) error {
	if len(recalls) == 0 {
		return nil
	}
	var (
		ids     []int64
		reasons []string
	)
	for _, r := range recalls {
		ids, reasons = append(ids, r.CaseID), append(reasons, r.Reason)
	}
	_, err := tx.Exec(ctx, recallSQL, ids, reasons, now)
	if err != nil {
		return fmt.Errorf("handover: recall: %w", err)
	}
	return nil
}

func leftOver(wanted []Wanted, choices []Choice) []int64 {
	chosen := make(map[int64]bool, len(choices))
	for _, c := range choices {
		chosen[c.CaseID] = true
	}
	var left []int64
	for _, w := range wanted {
		if !chosen[w.CaseID] {
			left = append(left, w.CaseID)
		}
	}
	return left
}

const lockChoiceSQL = `SELECT pg_advisory_xact_lock(hashtextextended('bailiff.handover.choice', 0))`

const wantedSQL = `SELECT id, region FROM cases WHERE id = ANY($1) AND state = 'handed_over' AND bailiff_id IS NULL ORDER BY id`

const bailiffsSQL = `SELECT id, region, open_cases FROM bailiffs WHERE active ORDER BY id`

const insertHandoversSQL = `INSERT INTO handovers (case_id, bailiff_id, reason, assigned_at)
SELECT u.case_id, u.bailiff_id, u.reason::json, $4 FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS u(case_id, bailiff_id, reason)`

const raiseLoadSQL = `UPDATE bailiffs b SET open_cases = open_cases + n.n
  FROM (SELECT id, count(*)::int AS n FROM unnest($1::bigint[]) AS u(id) GROUP BY id) n WHERE b.id = n.id`

const recallSQL = `WITH taken AS (UPDATE handovers h SET recalled_at = $3, recall_reason = u.reason
    FROM unnest($1::bigint[], $2::text[]) AS u(case_id, reason)
   WHERE h.case_id = u.case_id AND h.recalled_at IS NULL RETURNING h.bailiff_id),
lighter AS (SELECT bailiff_id, count(*)::int AS n FROM taken GROUP BY bailiff_id)
UPDATE bailiffs b SET open_cases = open_cases - l.n FROM lighter l WHERE b.id = l.bailiff_id`
