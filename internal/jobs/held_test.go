package jobs_test

import (
	"fmt"
	"testing"
	"time"

	"robotbailiff/engine/trial"
)

// The robot of a house that has never arrested keeps its first arrests until people have looked; what each came by is known. A house that
// needs nobody, as all others here are, keeps none.
func TestTrial_theFirstOfARobot(t *testing.T) {
	t.Parallel()
	b := setup(t, 4)
	b.exec(`ALTER TABLE trials DISABLE TRIGGER trials_kept`)
	b.exec(`DELETE FROM trials WHERE kind = 'all'`)
	b.run()
	b.enforce()
	if n := b.count(`SELECT count(*) FROM orders WHERE purpose = 'arrest' AND status = 'requested' AND attempts = 0`); n != 4 {
		t.Fatalf("%d of 4 arrests wait", n)
	}
	picks, err := trial.Waiting(t.Context(), b.pool, 10)
	if err != nil || len(picks) != 4 || picks[0].Source != "ERAP" || picks[0].Format != "csv,utf-8" || picks[0].Pack != b.robot.Engine.Pack().Hash() {
		t.Fatalf("%d arrests wait, %v: %.300s", len(picks), err, fmt.Sprint(picks))
	}
	people := trial.NewStore(b.pool)
	for _, p := range picks[:2] {
		if err := people.Confirm(t.Context(), p.CaseID, p.Ordinal, "Aigul", "seen", b.now()); err != nil {
			t.Fatal(err)
		}
	}
	b.clock.Advance(31 * time.Minute)
	b.rest()
	if n := b.count(`SELECT count(*) FROM orders WHERE purpose = 'arrest' AND status = 'active'`); n != 2 {
		t.Errorf("%d of the 2 confirmed arrests were made", n)
	}
	b.sound()
}
