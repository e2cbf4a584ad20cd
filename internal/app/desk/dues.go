package desk

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/rules/calendar"
)

// Kinds of what falls due.
const (
	DueVoluntary = "voluntary" // the voluntary period ends
	DueHandover  = "handover"  // the case is handed over to a private bailiff
	DueUnproven  = "unproven"  // the same, and no notice has reached the debtor
	DueKept      = "kept"      // its term is over then, and a hold, a suspension or an objection keeps it
)

type dueKind struct {
	kind string
	what engine.DayCount
}

// dueKinds are the kinds in the order in which they are shown, each with its count.
var dueKinds = []dueKind{{DueHandover, engine.DueHandover}, {DueVoluntary, engine.DueVoluntary}, {DueUnproven, engine.DueUnproven}, {DueKept, engine.DueHandoverKept}}

// DueRow is how much of one kind falls due when, by the rules and not by what the robot has got round to.
type DueRow struct {
	Kind                           string
	Overdue, Today, Tomorrow, Week int64 // Week: within seven days from tomorrow on
}

// duesOf counts by kind. Refusals that become final are handed over too.
func duesOf(dues, finals []engine.DayTotal, today calendar.Date, in area) []DueRow {
	out := make([]DueRow, len(dueKinds))
	for i, k := range dueKinds {
		out[i].Kind = k.kind
		for _, t := range sumDays(dues, k.what, in) {
			out[i].add(today, t.Day, t.N)
		}
		if k.kind == DueHandover {
			for _, t := range sumDays(finals, dueFinal, in) {
				out[i].add(today, t.Day, t.N)
			}
		}
	}
	return out
}

// weekAhead is how far the first page looks ahead.
const weekAhead = 7

func (r *DueRow) add(today, day calendar.Date, n int64) {
	switch ahead := day.Sub(today); {
	case ahead < 0:
		r.Overdue += n
	case ahead == 0:
		r.Today += n
	case ahead <= weekAhead:
		r.Week += n
		if ahead == 1 {
			r.Tomorrow += n
		}
	}
}

// dueFinal counts refusals by the day on which they become final.
const dueFinal engine.DayCount = "due_final"

// readRefusals counts, by the day on which they become final, the refusals that end a case before its term does, as far as a list goes.
func readRefusals(ctx context.Context, tx pgx.Tx, today calendar.Date, undo time.Duration) ([]engine.DayTotal, error) {
	rows, err := tx.Query(ctx, refusalsSQL, today.AddDays(-longestPeriod).Start(), today.AddDays(deadlineDays).End().Add(-undo), undo)
	if err != nil {
		return nil, fmt.Errorf("refusals: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (t engine.DayTotal, err error) {
		var day time.Time
		err = row.Scan(&t.Region, &day, &t.N)
		t.Day, t.What = calendar.FromUTC(day), dueFinal
		return t, err
	})
}

// keptSQL says that a case waits for something that no rule ends by itself.
const keptSQL = `(c.hold <> '' OR c.suspended <> '' OR c.objections > 0 AND EXISTS (SELECT 1 FROM objections j WHERE j.case_id = c.id AND j.status IN ('open', 'declined')))`

const refusalsSQL = `SELECT region, final, count(*) FROM (SELECT c.region, ((c.refusal_at + $3::interval) AT TIME ZONE 'Asia/Almaty')::date AS final, c.term_ends_on
  FROM cases c WHERE c.refusal_at >= $1 AND c.refusal_at < $2 AND c.ended_at IS NULL AND NOT ` + keptSQL + ` LIMIT 10000) s
 WHERE final <= term_ends_on GROUP BY region, final ORDER BY final, region`

// StuckRow is what the robot should have done an hour ago and has not, by what it is.
type StuckRow struct {
	Duty   string
	Count  int64
	More   bool // there is more: only the oldest were counted
	Oldest time.Time
}

// stuckAfter is how long what is due may wait for the sweep, which comes every second; mostStuck is how much of it is counted.
const (
	stuckAfter = time.Hour
	mostStuck  = 2000
)

func readStuck(ctx context.Context, tx pgx.Tx, now time.Time, after time.Duration, in area) ([]StuckRow, error) {
	rows, err := tx.Query(ctx, stuckSQL, now.Add(-after), mostStuck, []string(in))
	if err != nil {
		return nil, fmt.Errorf("stuck: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r StuckRow, err error) {
		err = row.Scan(&r.Duty, &r.Count, &r.Oldest, &r.More)
		return r, err
	})
}

const stuckSQL = `WITH oldest AS MATERIALIZED (SELECT case_id, duty, at FROM due WHERE at < $1 ORDER BY at LIMIT $2)
SELECT u.duty, count(*), min(u.at), (SELECT count(*) FROM oldest) >= $2 FROM oldest u
 WHERE $3::text[] IS NULL OR EXISTS (SELECT 1 FROM cases c WHERE c.id = u.case_id AND c.region = ANY ($3)) GROUP BY u.duty ORDER BY min(u.at)`
