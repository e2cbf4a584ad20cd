package jobs_test

import (
	"testing"

	"github.com/google/uuid"
)

// Hints are taken by a process that does no work, and the pulse of one that does takes them up.
func TestPulse_heedsHints(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	if err := b.robot.Hint(t.Context(), "test", []uuid.UUID{uuid.New()}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.pool.Exec(t.Context(), `UPDATE bank_hints SET at = now() - interval '2 minutes'`); err != nil {
		t.Fatal(err)
	}
	_, stop := b.start(b.pool, b.bank, nil)
	defer stop()
	b.until(`SELECT NOT EXISTS (SELECT 1 FROM bank_hints)`)
}
