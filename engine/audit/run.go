package audit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/pg"
)

// RunState is how a run stands.
type RunState string

// States of a run.
const (
	RunWaiting  RunState = "waiting"
	RunRunning  RunState = "running"
	RunIntact   RunState = "intact"
	RunTampered RunState = "tampered"
)

// Run is one verification of the record that somebody asked for. It goes through the cases by id, some at a time, so that it needs little
// memory and goes on where it was when a process ends. Each case is looked at in one snapshot; the cases are not all of one instant.
type Run struct {
	ID               int64
	AskedBy, Reason  string
	Asked            time.Time
	State            RunState
	After            int64 // the last case that was looked at; 0: none yet
	Cases, Events    int64 // looked at so far
	FaultCase        int64 // the first record that is not as it was written; 0: none was found
	FaultSeq         int
	Fault            Fault
	Touched          time.Time // when it last moved
	Finished         time.Time // zero: not yet
	fromCase, toCase int64
}

// Open says whether the run goes on.
func (r Run) Open() bool { return r.State == RunWaiting || r.State == RunRunning }

// Place names the first fault of a run; nil: none was found.
func (r Run) Place() *Place {
	if r.FaultCase == 0 {
		return nil
	}
	return placeOf(r.FaultCase, r.FaultSeq, r.Fault)
}

// Errors of runs.
var (
	ErrOpen  = errors.New("audit: a run is under way")
	ErrNoRun = errors.New("audit: there is no such run")
)

// Ask asks for a run over the whole record. One is under way at a time.
func Ask(ctx context.Context, pool *pgxpool.Pool, actor, reason string) (id int64, err error) {
	err = pool.QueryRow(ctx, askRunSQL, actor, reason).Scan(&id)
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && pgErr.ConstraintName == "chain_runs_one_open" {
		return 0, ErrOpen
	}
	if err != nil {
		return 0, fmt.Errorf("audit: ask for a run: %w", err)
	}
	return id, nil
}

// OpenRun gives the run that is under way and that nobody has moved for a while; 0: there is none.
func OpenRun(ctx context.Context, pool *pgxpool.Pool, idle time.Duration) (id int64, err error) {
	err = pool.QueryRow(ctx, openRunSQL, idle).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	return id, err
}

// Runs lists the latest runs, the newest first; before: only those with a lower id, 0: all.
func Runs(ctx context.Context, pool *pgxpool.Pool, before int64, limit int) ([]Run, error) {
	rows, err := pool.Query(ctx, listRunsSQL, before, limit)
	if err != nil {
		return nil, fmt.Errorf("audit: runs: %w", err)
	}
	return pgx.CollectRows(rows, runOf)
}

func runOf(row pgx.CollectableRow) (r Run, err error) {
	var finished *time.Time
	err = row.Scan(&r.ID, &r.AskedBy, &r.Reason, &r.Asked, &r.fromCase, &r.toCase, &r.State, &r.After, &r.Cases, &r.Events, &r.FaultCase, &r.FaultSeq, &r.Fault, &r.Touched, &finished)
	if finished != nil {
		r.Finished = *finished
	}
	return r, err
}

// casesAtOnce is how many cases one snapshot has: a few thousand events, of which one is in memory at a time.
const casesAtOnce = 2000

// Work moves a run on for some time, or to its end or the first fault. more says that it is not over. Whoever works a run at the same time
// waits, and goes on behind it. alarm is told of a fault before it is kept: what cannot be told is found again.
func Work(ctx context.Context, pool *pgxpool.Pool, id int64, slice time.Duration, alarm func(ctx context.Context, p Place) error) (r Run, more bool, err error) {
	watch := clock.StartStopwatch()
	for {
		if r, err = step(ctx, pool, id, alarm); err != nil {
			return r, false, fmt.Errorf("audit: run %d: %w", id, err)
		}
		if !r.Open() || watch.Elapsed() >= slice {
			return r, r.Open(), nil
		}
	}
}

// step verifies the next cases and keeps how far it got, in one transaction on one snapshot.
func step(ctx context.Context, pool *pgxpool.Pool, id int64, alarm func(ctx context.Context, p Place) error) (r Run, err error) {
	err = pg.InTx(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('bailiff.chain', 0))`); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, lockRunSQL, id)
		if err != nil {
			return err
		}
		r, err = pgx.CollectExactlyOneRow(rows, runOf)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNoRun
		}
		if err != nil || !r.Open() {
			return err
		}
		after := max(r.After, r.fromCase-1)
		upto, last := int64(0), false
		if err := tx.QueryRow(ctx, nextCasesSQL, after, casesAtOnce, r.toCase).Scan(&upto, &last); err != nil {
			return err
		}
		var found Report
		if err := verifyOnce(ctx, pool, &found, after, upto); err != nil {
			return err
		}
		r.State, r.Cases, r.Events, r.After = RunRunning, r.Cases+found.Cases, r.Events+found.Events, upto
		switch bad := found.FirstBad; {
		case bad != nil:
			r.State, r.FaultCase, r.FaultSeq, r.Fault = RunTampered, bad.CaseID, bad.Seq, bad.Fault
			if err := alarm(ctx, *bad); err != nil {
				return err
			}
		case last:
			r.State = RunIntact
		}
		_, err = tx.Exec(ctx, moveRunSQL, id, r.State, r.After, r.Cases, r.Events, r.FaultCase, r.FaultSeq, r.Fault)
		return err
	})
	return r, err
}

// verifyOnce verifies some cases in a snapshot of its own, by a transaction that can only read.
func verifyOnce(ctx context.Context, pool *pgxpool.Pool, r *Report, after, upto int64) error {
	return pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		return verifyBetween(ctx, tx, r, after, upto)
	})
}

const runColumnsSQL = `id, asked_by, reason, asked_at, from_case, to_case, state, after_case, cases, events, coalesce(fault_case, 0), coalesce(fault_seq, 0), fault, touched_at, finished_at`

const askRunSQL = `INSERT INTO chain_runs (asked_by, reason) VALUES ($1, $2) RETURNING id`

const openRunSQL = `SELECT id FROM chain_runs WHERE finished_at IS NULL AND (state = 'waiting' OR touched_at < clock_timestamp() - $1::interval)`

const listRunsSQL = `SELECT ` + runColumnsSQL + ` FROM chain_runs WHERE $1 = 0 OR id < $1 ORDER BY id DESC LIMIT $2`

const lockRunSQL = `SELECT ` + runColumnsSQL + ` FROM chain_runs WHERE id = $1 FOR UPDATE`

// nextCasesSQL finds how far the next cases go, by the events, by the cases and by the writs, each along its own key; the last of a run
// go to its end.
const nextCasesSQL = `WITH RECURSIVE told (id, n) AS (
    SELECT (SELECT min(case_id) FROM events WHERE case_id > $1), 1
    UNION ALL SELECT (SELECT min(case_id) FROM events WHERE case_id > told.id), n + 1 FROM told WHERE told.id IS NOT NULL AND n < $2),
ends (id) AS (
    SELECT max(id) FROM told HAVING count(id) >= $2
    UNION ALL SELECT max(id) FROM (SELECT id FROM cases WHERE id > $1 ORDER BY id LIMIT $2) c HAVING count(*) >= $2
    UNION ALL SELECT max(case_id) FROM (SELECT case_id FROM writs WHERE case_id > $1 ORDER BY case_id LIMIT $2) w HAVING count(*) >= $2)
SELECT least(coalesce(min(id), $3::bigint), $3::bigint), coalesce(min(id), $3::bigint) >= $3::bigint FROM ends`

const moveRunSQL = `UPDATE chain_runs SET state = $2, after_case = $3, cases = $4, events = $5, fault_case = nullif($6::bigint, 0), fault_seq = nullif($7::int, 0), fault = $8,
       touched_at = clock_timestamp(), finished_at = CASE WHEN $2 IN ('intact', 'tampered') THEN clock_timestamp() END WHERE id = $1`
