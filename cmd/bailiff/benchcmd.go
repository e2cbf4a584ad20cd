package main

import (
	"context"
	"io"
	"os"
	"os/exec"

	"robotbailiff/internal/bench"
	"robotbailiff/internal/giveway"
	"robotbailiff/internal/sandbox"
	"robotbailiff/internal/sandbox/smsc"
	"robotbailiff/rules/calendar"
)

// runBench measures on an embedded database of its own. A missed goal is told and ends with 1; the figures are of this
// machine, in this run.
func runBench(ctx context.Context, e *env, args []string) error {
	n := e.flags.Int("n", 0, "cases or rows; 0: 100 000 cases, 1 000 000 rows, 20 000 cases for notices")
	naive := e.flags.Int("naive", 0, "cases of the comparison that takes one at a time; 0: 300")
	rounds := e.flags.Int("rounds", 0, "how often lifecycle, or web beside its limit, is measured; the round with the median share counts; 0: 3, and 1 with --profile")
	dir := e.flags.String("dir", "", "`FOLDER` for the databases of the run; empty: a temporary one")
	profile := e.flags.String("profile", "", "`FOLDER` for a CPU profile and the server's costliest statements; the figures of such a run are not comparable")
	desk := e.flags.Bool("desk", false, "web: the pages of the desk and not that of the debtor, on 1 000 000 cases where --n says nothing else")
	format := e.flags.String("format", string(bench.CSV), "`ENCODING` of the batch that import takes in: csv or xml")
	rest, err := e.parse(args)
	switch {
	case err != nil:
		return err
	case len(rest) != 1:
		return usagef("bench needs one name: lifecycle, import, reconcile, notices or web")
	case *n < 0 || *naive < 0 || *rounds < 0:
		return usagef("--n, --naive and --rounds are not negative")
	case *rounds > 0 && rest[0] != "lifecycle" && rest[0] != "web":
		return usagef("--rounds belongs to bench lifecycle and bench web")
	case *desk && rest[0] != "web":
		return usagef("--desk belongs to bench web")
	case *format != string(bench.CSV) && *format != string(bench.XML):
		return usagef("--format is csv or xml, not %q", *format)
	case *format != string(bench.CSV) && rest[0] != "import":
		return usagef("--format belongs to bench import")
	case e.db != "":
		return usagef("bench works on a database of its own, never on %s: leave out --db", "another one")
	}
	out := e.stderr
	if e.json {
		out = io.Discard
	}
	if rest[0] == pagesProcess {
		return bench.Pages(ctx, os.Stdin, e.stdout)
	}
	o := bench.Options{N: *n, NaiveN: *naive, Rounds: *rounds, Dir: *dir, Profile: *profile, Format: bench.Format(*format), Out: out, Feed: benchFeed, Centre: benchCentre, Pages: benchPages, GiveWay: giveway.Process}
	switch rest[0] {
	case "lifecycle":
		r, err := bench.Lifecycle(ctx, o)
		if err != nil {
			return err
		}
		return e.benchResult(r, r.Met, func() { r.Table(e.stdout) })
	case "import":
		r, err := bench.Import(ctx, o)
		if err != nil {
			return err
		}
		return e.benchResult(r, r.Met, func() { r.Table(e.stdout) })
	case "reconcile":
		r, err := bench.Reconcile(ctx, o)
		if err != nil {
			return err
		}
		return e.benchResult(r, r.Met, func() { r.Table(e.stdout) })
	case "notices":
		r, err := bench.Notices(ctx, o)
		if err != nil {
			return err
		}
		return e.benchResult(r, r.Met, func() { r.Table(e.stdout) })
	case "web":
		if *desk {
			r, err := bench.Desk(ctx, o)
			if err != nil {
				return err
			}
			return e.benchResult(r, r.Met, func() { r.Table(e.stdout) })
		}
		r, err := bench.Web(ctx, o)
		if err != nil {
			return err
		}
		return e.benchResult(r, r.Met, func() { r.Table(e.stdout) })
	}
	return usagef("bench knows lifecycle, import, reconcile, notices and web, not %q; sweep comes with its issue", rest[0])
}

func (e *env) benchResult(r any, met bool, table func()) error {
	if err := e.print(r, table); err != nil {
		return err
	}
	if !met {
		return errSilent
	}
	return nil
}

// pagesProcess is the name under which this program serves the pages of bench web in a process of its own. It is for that bench alone.
const pagesProcess = "pages"

func benchPages(ctx context.Context) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return exec.CommandContext(ctx, self, "bench", pagesProcess), nil //nolint:gosec // this very program, with words of our own
}

// benchFeed makes the court batch that is measured with.
func benchFeed(n int, opening calendar.Date, clean bool) (bench.Feed, error) {
	o := sandbox.DefaultFeed(opening)
	if clean {
		o = sandbox.FeedOptions{Opening: opening}
	}
	return sandbox.NewCourt(1, n, o)
}

// smsCentre is an SMS centre on a free port of this machine.
type smsCentre struct {
	centre  *smsc.Centre
	account string
	stop    func()
	ended   chan error
}

func benchCentre(ctx context.Context, rate int) (bench.Centre, error) {
	ln, err := listen(ctx, "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	c := &smsCentre{
		centre:  smsc.New(smsc.Config{Accounts: map[string]string{"bench": "bench"}, Rate: float64(rate), CountOnly: true}),
		account: "smpp://bench:bench@" + ln.Addr().String(), stop: stop, ended: make(chan error, 1),
	}
	go func() { c.ended <- c.centre.Serve(ctx, ln) }()
	return c, nil
}

// Account implements bench.Centre.
func (c *smsCentre) Account() string { return c.account }

// Counts implements bench.Centre.
func (c *smsCentre) Counts() (taken, throttled int) {
	n := c.centre.Counts()
	return n.Taken, n.ByStatus[smsc.Throttled]
}

// Close implements bench.Centre.
func (c *smsCentre) Close() error {
	c.stop()
	return <-c.ended
}
