package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"robotbailiff/internal/sandbox"
	"robotbailiff/rules/calendar"
)

// pagesVariable makes the test's own program the process of pages.
const pagesVariable = "BAILIFF_BENCH_PAGES"

func TestMain(m *testing.M) {
	if os.Getenv(pagesVariable) != "" {
		if err := Pages(context.Background(), os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func ownPages(ctx context.Context) (*exec.Cmd, error) {
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), pagesVariable+"=1")
	return cmd, nil
}

// court makes the batches of the sandbox's court feed.
func court(n int, opening calendar.Date, clean bool) (Feed, error) {
	o := sandbox.DefaultFeed(opening)
	if clean {
		o.Bad, o.Duplicate, o.Recurring, o.Cancelled = 0, 0, 0, 0
	}
	return sandbox.NewCourt(1, n, o)
}

func options(t *testing.T, n int) Options {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a durable server of its own")
	}
	return Options{N: n, NaiveN: 5, Dir: t.TempDir(), Out: t.Output(), Feed: court, Pages: ownPages}
}

// A run of lives ends right, or it is an error; it leaves nothing behind.
func TestLifecycle(t *testing.T) {
	o := options(t, 200)
	o.Rounds = 2
	res, err := Lifecycle(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	// A life leaves 24 rows: writ, debtor, row of the batch, case, 6 events, 4 notices, 3 links, 2 orders, message, payment, 3 entries.
	if res.N != 200 || res.Rows < 24*200 || res.NaiveN != 5 || len(res.Phases) != 3 || len(res.Shares) != 2 || res.ShareOfFloor != max(res.Shares[0], res.Shares[1]) || len(res.Goals) != 4 {
		t.Errorf("%+v", res)
	}
	for name, f := range map[string]float64{
		"lives": res.PerSecond, "floor": res.FloorPerSecond, "share": res.ShareOfFloor, "one by one": res.NaivePerSecond,
		"times": res.TimesNaive, "log": res.WALBytesPerCase, "CPU": res.OwnMicros,
	} {
		if f <= 0 {
			t.Errorf("%s: %g", name, f)
		}
	}
	printed(t, res, res.Table, "share of the COPY")
	left(t, o)
}

func TestImport(t *testing.T) {
	for _, format := range []Format{CSV, XML} {
		o := options(t, 500)
		o.Format = format
		res, err := Import(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if res.N != 500 || res.Format != format || res.Accepted < 400 || res.Accepted+res.Duplicate+res.Rejected+res.Quarantined != 500 || len(res.Goals) != 3 {
			t.Errorf("%+v", res)
		}
		for name, f := range map[string]float64{
			"import": res.PerSecond, "raw": res.RawPerSecond, "floor": res.FloorPerSecond, "again": res.AgainPerSecond, "log": res.WALBytesPerRow,
		} {
			if f <= 0 {
				t.Errorf("%s: %g", name, f)
			}
		}
		printed(t, res, res.Table, "raw COPY")
		left(t, o)
	}
}

// The page is shown to those who passed the gate, beside its limit and beside the robot, and all cases end right.
func TestWeb(t *testing.T) {
	o := options(t, 60)
	o.Rounds, o.Slice = 3, 100*time.Millisecond
	res, err := Web(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if res.N != 60 || res.Sessions != 60 || len(res.Shares) != 3 || len(res.Goals) != 3 || res.Goals[0].Got != 100*res.ShareOfLimit {
		t.Errorf("%+v", res)
	}
	if res.Waits != 2 || res.Statements < 2 || res.PageBytes < 4<<10 || res.PageBytes > 14<<10 {
		t.Errorf("a page of %d bytes asks %g statements in %g round trips, want 2", res.PageBytes, res.Statements, res.Waits)
	}
	for name, f := range map[string]float64{
		"pages": res.PerSecond, "limit": res.LimitPerSecond, "lives": res.Lives, "least": res.Least.P50, "idle": res.Idle.P50, "working": res.Working.P99,
	} {
		if f <= 0 {
			t.Errorf("%s: %g", name, f)
		}
	}
	printed(t, res, res.Table, "one statement and the template")
	left(t, o)
}

func TestOptions_needAFeed(t *testing.T) {
	t.Parallel()
	if _, err := Lifecycle(t.Context(), Options{}); !errors.Is(err, errNoFeed) {
		t.Error(err)
	}
	if _, err := Import(t.Context(), Options{}); !errors.Is(err, errNoFeed) {
		t.Error(err)
	}
}

func printed(t *testing.T, res any, table func(io.Writer), word string) {
	t.Helper()
	var out strings.Builder
	table(&out)
	if !strings.Contains(out.String(), word) {
		t.Errorf("the table has no %q:\n%s", word, &out)
	}
	raw, err := json.Marshal(res)
	if err != nil {
		t.Fatal(err)
	}
	var keys map[string]any
	if err := json.Unmarshal(raw, &keys); err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{"name", "n", "seconds", "per_second"} {
		if _, ok := keys[k]; !ok {
			t.Errorf("the object has no %s", k)
		}
	}
}

func left(t *testing.T, o Options) {
	t.Helper()
	if found, err := os.ReadDir(o.Dir); err != nil || len(found) > 0 {
		t.Errorf("left behind: %v, %v", found, err)
	}
}
