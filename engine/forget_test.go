package engine_test

import (
	"testing"

	"robotbailiff/engine"
)

// What nobody reads any more goes; what may still be asked for, or is not done, stays.
func TestForget(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.openMany(t, 3)
	ctx := t.Context()
	exec := func(sql string, args ...any) {
		t.Helper()
		if _, err := b.pool.Exec(ctx, sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec(`DELETE FROM chunks`)
	exec(`INSERT INTO applies (id, at) VALUES ('01900000-0000-7000-8000-000000000001', now())`) // made in June 2024
	exec(`INSERT INTO chunks (kind, case_ids, not_before, done_at)
	      SELECT 'notify', '{1}', now(), d FROM unnest(ARRAY [now() - interval '8 days', NULL, now() - interval '6 days', now() - interval '30 days']::timestamptz[]) d`)
	for _, want := range []int{3, 0} {
		n, err := b.store.Forget(ctx)
		if err != nil || n != want {
			t.Errorf("%d rows went (%v), want %d", n, err, want)
		}
	}
	var applies, chunks int
	if err := b.pool.QueryRow(ctx, `SELECT (SELECT count(*) FROM applies), (SELECT count(*) FROM chunks WHERE done_at IS NULL OR done_at > now() - interval '7 days')`).Scan(&applies, &chunks); err != nil {
		t.Fatal(err)
	}
	if applies == 0 || chunks != 2 {
		t.Errorf("%d marks of calls and %d chunks are left", applies, chunks)
	}
	if _, err := b.store.Apply(ctx, []engine.For{{CaseID: firstID, Actor: engine.ActorRobot, Command: engine.Tick{}}}); err != nil {
		t.Error(err)
	}
}
