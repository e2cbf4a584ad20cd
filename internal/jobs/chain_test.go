package jobs_test

import (
	"testing"

	"robotbailiff/engine/audit"
)

// A run that somebody has asked for is found in its row by the workers, also when the job for it is lost, worked to its end, and kept; a
// fault stops everything.
func TestChain_isVerifiedByTheWorkers(t *testing.T) {
	t.Parallel()
	b := setup(t, 3)
	ask := func(reason string) {
		t.Helper()
		if _, err := audit.Ask(t.Context(), b.pool, "desk:auditor", reason); err != nil {
			t.Fatal(err)
		}
	}
	ask("monthly")
	for range 2 { // one job is enough
		if err := b.robot.Pulse(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := b.count(`SELECT count(*) FROM river_job WHERE kind = 'audit.chain' AND priority = 4 AND queue = 'compare'`); n != 1 {
		t.Errorf("%d jobs", n)
	}
	b.exec(`DELETE FROM river_job`)
	b.run()
	b.until(`SELECT EXISTS (SELECT 1 FROM chain_runs WHERE state = 'intact' AND cases = 3 AND finished_at IS NOT NULL)`)
	if n := b.count(`SELECT count(*) FROM stops WHERE released_at IS NULL`); n != 0 {
		t.Error("an intact record stops something")
	}
	b.exec(`ALTER TABLE events DISABLE TRIGGER USER`)
	b.exec(`UPDATE events SET actor = 'desk:forger' WHERE case_id = $1 AND seq = 1`, b.ids[1])
	b.exec(`ALTER TABLE events ENABLE TRIGGER USER`)
	ask("a doubt")
	b.until(`SELECT EXISTS (SELECT 1 FROM chain_runs WHERE state = 'tampered' AND fault_case = $1 AND fault_seq = 1 AND fault = 'edited')`, b.ids[1])
	if n := b.count(`SELECT count(*) FROM stops WHERE scope = 'all' AND actor = 'breaker:violations' AND released_at IS NULL`); n != 1 {
		t.Errorf("%d stops", n)
	}
}
