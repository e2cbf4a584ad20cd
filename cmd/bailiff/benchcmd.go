package main

import (
	"context"
	"io"

	"robotbailiff/internal/bench"
	"robotbailiff/internal/sandbox"
	"robotbailiff/internal/sandbox/smsc"
	"robotbailiff/rules/calendar"
)

// runBench measures on an embedded database of its own. A missed goal is told and ends with 1; the figures are of this
// machine, in this run.
func runBench(ctx context.Context, e *env, args []string) error {
	n := e.flags.Int("n", 0, "cases or rows; 0: 100 000 cases, 1 000 000 rows, 20 000 cases for notices")
	naive := e.flags.Int("naive", 0, "cases of the comparison that takes one at a time; 0: 300")
	rounds := e.flags.Int("rounds", 0, "how often lifecycle is measured; the round with the median share counts; 0: 3, and 1 with --profile")
	dir := e.flags.String("dir", "", "`FOLDER` for the databases of the run; empty: a temporary one")
	profile := e.flags.String("profile", "", "`FOLDER` for a CPU profile and the server's costliest statements; the figures of such a run are not comparable")
	format := e.flags.String("format", string(bench.CSV), "`ENCODING` of the batch that import takes in: csv or xml")
	rest, err := e.parse(args)
	switch {
	case err != nil:
		return err
	case len(rest) != 1:
		return usagef("bench needs one name: lifecycle, import, reconcile or notices")
	case *n < 0 || *naive < 0 || *rounds < 0:
		return usagef("--n, --naive and --rounds are not negative")
	case *rounds > 0 && rest[0] != "lifecycle":
		return usagef("--rounds belongs to bench lifecycle")
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
	o := bench.Options{N: *n, NaiveN: *naive, Rounds: *rounds, Dir: *dir, Profile: *profile, Format: bench.Format(*format), Out: out, Feed: benchFeed, Centre: benchCentre}
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
	}
	return usagef("bench knows lifecycle, import, reconcile and notices, not %q; sweep and web come with their issues", rest[0])
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
