package audit_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine/audit"
)

// worked asks for a run and works it to its end, a step at a time; it gives the run and what was told of it.
func worked(t *testing.T, pool *pgxpool.Pool) (audit.Run, []audit.Place) {
	t.Helper()
	id, err := audit.Ask(t.Context(), pool, "desk:auditor", "monthly check")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := audit.Ask(t.Context(), pool, "desk:auditor", "again"); !errors.Is(err, audit.ErrOpen) {
		t.Errorf("a second run beside the first: %v", err)
	}
	var told []audit.Place
	for range 100 {
		r, more, err := audit.Work(t.Context(), pool, id, 0, func(_ context.Context, p audit.Place) error { told = append(told, p); return nil })
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			return r, told
		}
	}
	t.Fatal("the run does not end")
	return audit.Run{}, nil
}

func TestRun_intact(t *testing.T) {
	t.Parallel()
	pool := filled(t)
	r, told := worked(t, pool)
	if r.State != audit.RunIntact || r.Cases != cases || r.Events != 3*cases || r.Place() != nil || len(told) != 0 {
		t.Errorf("%+v, told %v", r, told)
	}
	kept, err := audit.Runs(t.Context(), pool, 0, 10)
	if err != nil || len(kept) != 1 || kept[0].Finished.IsZero() || kept[0].AskedBy != "desk:auditor" || kept[0].Reason != "monthly check" {
		t.Errorf("%+v, %v", kept, err)
	}
	for _, sql := range []string{`UPDATE chain_runs SET events = events + 1`, `DELETE FROM chain_runs`, `TRUNCATE chain_runs`} {
		if _, err := pool.Exec(t.Context(), sql); err == nil {
			t.Errorf("%s is done", sql)
		}
	}
	if open, err := audit.OpenRun(t.Context(), pool, time.Hour); err != nil || open != 0 {
		t.Errorf("run %d is open, %v", open, err)
	}
}

// One byte of one event is changed, and the run names that event.
func TestRun_namesTheEventWhoseByteWasFlipped(t *testing.T) {
	t.Parallel()
	pool := filled(t)
	const flipSQL = `UPDATE events SET data = overlay(data::text PLACING CASE substr(data::text, position('debtor' IN data::text), 1) WHEN 'd' THEN 'e' ELSE 'd' END FROM position('debtor' IN data::text) FOR 1)::json
 WHERE case_id = $1 AND seq = 1`
	do(t, pool, flipSQL, first+7)
	var flipped int
	if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM events WHERE data::text LIKE '%eebtor%'`).Scan(&flipped); err != nil || flipped != 1 {
		t.Fatalf("%d events are changed, %v", flipped, err)
	}
	r, told := worked(t, pool)
	want := audit.Place{CaseID: first + 7, Seq: 1, Why: "the event is not what was written", Fault: audit.Edited}
	if r.State != audit.RunTampered || r.Place() == nil || *r.Place() != want || len(told) != 1 || told[0] != want {
		t.Errorf("%+v, told %v", r, told)
	}
}

// A fault that cannot be told is not kept, and is found again.
func TestRun_tellsBeforeItKeeps(t *testing.T) {
	t.Parallel()
	pool := filled(t)
	do(t, pool, `DELETE FROM events WHERE case_id = $1 AND seq = 3`, first+2)
	id, err := audit.Ask(t.Context(), pool, "desk:auditor", "x")
	if err != nil {
		t.Fatal(err)
	}
	deaf := errors.New("nobody hears")
	if _, _, err := audit.Work(t.Context(), pool, id, time.Hour, func(context.Context, audit.Place) error { return deaf }); !errors.Is(err, deaf) {
		t.Errorf("the fault was kept: %v", err)
	}
	if open, err := audit.OpenRun(t.Context(), pool, time.Hour); err != nil || open != id {
		t.Errorf("run %d is open, %v", open, err)
	}
	r, more, err := audit.Work(t.Context(), pool, id, time.Hour, func(context.Context, audit.Place) error { return nil })
	if err != nil || more || r.State != audit.RunTampered || r.FaultCase != first+2 || r.FaultSeq != 3 || r.Fault != audit.Missing {
		t.Errorf("%+v, %v, %v", r, more, err)
	}
}

// All that the whole verifier finds, a run finds: also cases without events, and events without a case.
func TestRun_findsWhatIsGone(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"head": `UPDATE cases SET head = sha256(head) WHERE id = $1`, "case": `DELETE FROM cases WHERE id = $1`, "events": `DELETE FROM events WHERE case_id = $1`,
	} {
		pool := filled(t)
		do(t, pool, sql, first+int64(cases)-1)
		if r, _ := worked(t, pool); r.State != audit.RunTampered || string(r.Fault) != name || r.FaultCase != first+cases-1 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}
