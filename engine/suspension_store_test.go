package engine_test

import (
	"testing"
	"time"

	"robotbailiff/engine"
	"robotbailiff/rules/calendar"
)

// What a suspension changes is in the stored row, which stays the fold of its events, and nothing else moves.
func TestSuspension_isStored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ids := b.openMany(t, 2) // on 1 September 2026
	do := func(cmd engine.Command) {
		t.Helper()
		if out := b.apply(t, engine.For{CaseID: ids[0], Actor: engine.ActorCourt, Command: cmd}); out[0].Refusal != nil {
			t.Fatalf("%s: %+v", cmd.Kind(), out[0].Refusal)
		}
	}
	green := func() {
		t.Helper()
		if found, err := engine.Check(t.Context(), b.pool); err != nil || len(found) > 0 {
			t.Errorf("%+v, %v", found, err)
		}
	}
	do(engine.Suspend{Reason: "appeal"})
	if c := b.load(t, ids[0]); c.Suspended != "appeal" || c.SuspendedOn != date("2026-09-01") || c.SuspendedDays != 0 {
		t.Errorf("suspended: %+v", c)
	}
	green()
	b.clock.Advance(10 * 24 * time.Hour)
	do(engine.Resume{Reason: "over"})
	if c := b.load(t, ids[0]); c.Suspended != "" || c.SuspendedOn != calendar.Date(0) || c.SuspendedDays != 10 || c.TermEndsOn != date("2026-10-12") {
		t.Errorf("resumed: %+v", c)
	}
	if c := b.load(t, ids[1]); c.TermEndsOn != date("2026-10-01") || c.SuspendedDays != 0 {
		t.Errorf("the other case: %+v", c)
	}
	green()
	for name, sql := range map[string]string{
		"a term that is too short": `UPDATE cases SET suspended_days = 40 WHERE id = $1`,
		"no first day":             `UPDATE cases SET suspended = 'appeal' WHERE id = $1`,
	} {
		tx, err := b.pool.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), sql, ids[0]); err != nil {
			t.Fatal(err)
		}
		if found, err := engine.Check(t.Context(), tx); err != nil || len(found) == 0 {
			t.Errorf("%s is not found (%v)", name, err)
		}
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
