package jobs_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"robotbailiff/internal/jobs"
)

// months is something that counts months, of which one waits.
type months struct{ waits, counted atomic.Int64 }

func (m *months) Due(context.Context) (bool, error) { return m.waits.Load() > 0, nil }

func (m *months) Count(context.Context) error {
	m.waits.Store(0)
	m.counted.Add(1)
	return nil
}

// A month that is over is counted by the robot, once, without anybody who asks for it.
func TestRobot_countsAMonthThatIsOver(t *testing.T) {
	t.Parallel()
	m := &months{}
	m.waits.Store(1)
	b := setupConfig(t, 1, func(c *jobs.Config) { c.Figures = m })
	b.run()
	late := time.After(time.Minute)
	for m.counted.Load() == 0 {
		select {
		case <-late:
			t.Fatal("nobody counts the month")
		case <-t.Context().Done():
			t.Fatal("stopped")
		case <-time.Tick(20 * time.Millisecond):
		}
	}
	if n := b.count(`SELECT count(*) FROM river_job WHERE kind = 'figures.count'`); n != 1 || m.counted.Load() != 1 {
		t.Errorf("%d jobs, counted %d times", n, m.counted.Load())
	}
}
