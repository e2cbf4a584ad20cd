package orders

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
)

// Several writs against one debtor meet at the same account, and which is served first must not depend on which worker is
// faster. So what takes money goes to the banks one order per debtor at a time, in the order in which the orders were
// asked for; among those of the same instant what gives back comes first, then the lower case number. What gives back
// never waits. Nobody waits for ever: the one before is answered, withdrawn, or ended with its case.

// soon is when an order looks again whose predecessor is open and in no chunk: the sweep will make one.
const soon = time.Minute

// turns finds out when the waiting orders may be looked at again: at once while the one before is being worked now, else
// together with it.
func turns(ctx context.Context, tx pgx.Tx, open []pending, now time.Time) error {
	var (
		ids   []int64
		asked []time.Time
	)
	for _, p := range open {
		if p.waits {
			ids, asked = append(ids, p.CaseID), append(asked, p.asked)
		}
	}
	rows, err := tx.Query(ctx, turnsSQL, ids, asked, now)
	if err != nil {
		return err
	}
	at := make(map[int64]time.Time, len(ids))
	var (
		id   int64
		turn time.Time
	)
	if _, err = pgx.ForEachRow(rows, []any{&id, &turn}, func() error { at[id] = turn; return nil }); err != nil {
		return err
	}
	for i := range open {
		p := &open[i]
		if !p.waits {
			continue
		}
		if turn, ok := at[p.CaseID]; !ok {
			p.turn = now.Add(soon)
		} else if p.turn = now; turn.After(now) {
			p.turn = turn.UTC()
		}
	}
	return nil
}

// afterCollections holds back the answers to recalls whose collection has no answer yet: what a recall has changed is known
// only together with what the collection had taken before, and those come by two chunks. The recall itself has been sent; it
// is asked about again when the collection is.
func afterCollections(ctx context.Context, tx pgx.Tx, cmds []engine.For, now time.Time) (known []engine.For, early map[time.Time][]int64, err error) {
	var recalled []int64
	for _, c := range cmds {
		if isRecall(c) {
			recalled = append(recalled, c.CaseID)
		}
	}
	if len(recalled) == 0 {
		return cmds, nil, nil
	}
	rows, err := tx.Query(ctx, collectingSQL, recalled)
	if err != nil {
		return nil, nil, err
	}
	early = map[time.Time][]int64{}
	waits := map[int64]bool{}
	var (
		id int64
		at *time.Time
	)
	_, err = pgx.ForEachRow(rows, []any{&id, &at}, func() error {
		turn := now
		if at == nil {
			turn = now.Add(soon)
		} else if at.After(now) {
			turn = at.UTC()
		}
		waits[id], early[turn] = true, append(early[turn], id)
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	for _, c := range cmds {
		if !waits[c.CaseID] || !isRecall(c) {
			known = append(known, c)
		}
	}
	return known, early, nil
}

func isRecall(c engine.For) bool {
	a, ok := c.Command.(engine.OrderAnswered)
	return ok && a.Purpose == engine.Recall
}

// openBeforeSQL finds the open orders of another case (w) that come before an order (o).
const openBeforeSQL = `SELECT 1 FROM orders b WHERE b.case_id = w.case_id AND b.status IN ('requested', 'unknown')
	    AND (b.requested_at, b.purpose IN ('arrest', 'collect'), b.case_id) < (o.requested_at, true, o.case_id)`

// dueBeforeSQL finds a case with a lower number (w) whose own order is due now and not asked for yet: the sweep is on its
// way to it, in this process or another. A reminder that is due may be one that was missed: then it is an arrest's turn.
const dueBeforeSQL = `SELECT d.at FROM due d WHERE d.case_id = w.case_id AND d.case_id < o.case_id AND d.at <= $3 AND d.duty IN ('arrest', 'collect', 'reminder')`

const turnsSQL = `SELECT o.case_id, min(t.at)
  FROM unnest($1::bigint[], $2::timestamptz[]) AS o(case_id, requested_at)
  JOIN writs v ON v.case_id = o.case_id
  JOIN writs w ON w.debtor_id = v.debtor_id AND w.case_id <> o.case_id
 CROSS JOIN LATERAL (
	SELECT k.not_before AS at FROM chunks k
	 WHERE k.done_at IS NULL AND k.kind IN ('orders', 'lift') AND w.case_id = ANY (k.case_ids) AND EXISTS (` + openBeforeSQL + `)
	UNION ALL ` + dueBeforeSQL + `) t
 GROUP BY o.case_id`

// collectingSQL gives the cases whose collection is open, and when it is worked next.
const collectingSQL = `SELECT b.case_id, min(k.not_before)
  FROM orders b LEFT JOIN chunks k ON k.done_at IS NULL AND k.kind = 'orders' AND b.case_id = ANY (k.case_ids)
 WHERE b.case_id = ANY ($1) AND b.purpose = 'collect' AND b.status IN ('requested', 'unknown')
 GROUP BY b.case_id`
