package bench

import (
	"os"
	"testing"

	"robotbailiff/internal/sandbox"
	"robotbailiff/rules/calendar"
)

// court makes the batches of the sandbox's court feed.
func court(n int, opening calendar.Date, clean bool) (Feed, error) {
	o := sandbox.DefaultFeed(opening)
	if clean {
		o.Bad, o.Duplicate, o.Recurring, o.Cancelled = 0, 0, 0, 0
	}
	return sandbox.NewCourt(1, n, o)
}

func TestLifecycle(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a server")
	}
	res, err := Lifecycle(t.Context(), Options{N: 200, NaiveN: 5, Dir: t.TempDir(), Out: testWriter{t}, Feed: court})
	if err != nil {
		t.Fatal(err)
	}
	res.Table(os.Stderr)
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(b []byte) (int, error) {
	w.t.Logf("%s", b)
	return len(b), nil
}
