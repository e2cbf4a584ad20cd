package jobs_test

import (
	"context"
	"testing"

	"robotbailiff/internal/jobs"
)

// What people do to many cases at once goes on with every pulse.
func TestPulse_goesOnWithActs(t *testing.T) {
	t.Parallel()
	asked := 0
	b := setupConfig(t, 1, func(c *jobs.Config) {
		c.Acts = func(context.Context) (int, error) { asked++; return 3, nil }
	})
	for range 2 {
		if err := b.robot.Pulse(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
}
