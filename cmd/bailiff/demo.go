package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"robotbailiff/engine/intake"
	"robotbailiff/engine/intake/proof"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/sandbox"
	"robotbailiff/internal/sandbox/smspage"
	"robotbailiff/migrations"
	"robotbailiff/notify"
	"robotbailiff/rules/calendar"
)

// demoStart is the legal instant at which every demo begins, so that the same seed gives the same counts on any day.
var demoStart = calendar.MakeDate(2026, time.September, 1).Start().Add(9*time.Hour + 30*time.Minute)

// demoSource is who may send batches to the API of a demo: the sender of deploy/samples.
const demoSource = "court-7101"

// demoGrid is the step of legal time: six looks a day.
const demoGrid = 4 * time.Hour

// demoPace is how long one step of legal time lasts for those who watch.
const demoPace = 150 * time.Millisecond

func runDemo(ctx context.Context, e *env, args []string) error {
	cases := e.flags.Int("cases", 2000, "rows of the sample court batch")
	seed := e.flags.Uint64("seed", 1, "of the simulated world: the same seed gives the same counts")
	addr := e.flags.String("addr", defaultAddr, "`HOST:PORT` of desk and portal")
	exit := e.flags.Bool("exit", false, "end when every case has ended and was checked")
	rest, err := e.parse(args)
	switch {
	case err != nil:
		return err
	case len(rest) > 0:
		return usagef("demo takes no arguments, got %q", rest[0])
	case *cases < 1 || *cases > 1_000_000:
		return usagef("--cases is 1 to 1000000")
	case e.db != "" && e.db != "embedded":
		return usagef("demo makes a fresh embedded database; it never touches %s", "another one")
	}
	watch := clock.StartStopwatch()
	if *exit && !e.set("addr") {
		*addr = "127.0.0.1:0" // nobody looks: any free port
	}
	ln, err := listen(ctx, *addr) // a busy port is told before anything is made
	if err != nil {
		return err
	}
	db, err := e.openFresh(ctx, embeddedName, pg.WithName("bailiff demo"), pg.WithMaxConns(24), pg.WithConfig(givingWay))
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	d := &demo{env: e, cases: *cases, seed: *seed, exit: *exit, watch: watch}
	err = d.run(ctx, db, ln)
	return errors.Join(err, db.close(ctx))
}

// set says whether a flag was given.
func (e *env) set(name string) bool {
	found := false
	e.flags.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}

type demo struct {
	*env
	cases int
	seed  uint64
	exit  bool
	watch clock.Stopwatch

	parts  *parts
	report intake.Report
	screen *screen
}

func (d *demo) run(ctx context.Context, db *database, ln net.Listener) error {
	if err := d.prepare(ctx, db); err != nil {
		return errors.Join(err, ln.Close())
	}
	defer d.parts.close()
	if err := d.parts.allowed(ln.Addr().String()); err != nil {
		return errors.Join(err, ln.Close())
	}
	site, err := d.site(ctx, d.parts, "http://"+ln.Addr().String())
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	d.screen = newScreen(d.stderr, d.json)
	g, gctx := errgroup.WithContext(ctx)
	running, stop := context.WithCancel(gctx)
	g.Go(func() error { return d.serveHTTP(running, ln, nil, site, d.parts.hush) })
	g.Go(func() error { return d.parts.robot.Run(running) })
	g.Go(func() error {
		err := d.live(running, "http://"+ln.Addr().String())
		if err != nil || d.exit {
			stop()
		}
		return err
	})
	err = g.Wait()
	stop()
	if err != nil && ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil // ended by the user
	}
	return err
}

// prepare makes the schema, the simulated world and its private bailiffs.
func (d *demo) prepare(ctx context.Context, db *database) error {
	if err := migrations.Up(ctx, db.pool); err != nil {
		return err
	}
	if err := sandbox.Install(ctx, db.pool); err != nil {
		return err
	}
	if _, err := clock.MarkSandbox(ctx, db.pool, demoStart); err != nil {
		return err
	}
	if err := sandbox.InstallBailiffs(ctx, db.pool); err != nil {
		return err
	}
	var err error
	if d.parts, err = d.join(ctx, db, wiring{work: true, playful: true, seed: d.seed, pulse: 250 * time.Millisecond}); err != nil {
		return err
	}
	if err := d.registerAccounts(ctx); err != nil {
		return err
	}
	return d.parts.sources.Put(ctx, intake.Source{Name: demoSource, Title: "Demo court", Proof: proof.None, Active: true, GatesOn: true}, "demo")
}

// live takes the batch in, lets legal time run until nothing is left to happen, and checks.
func (d *demo) live(ctx context.Context, base string) error {
	court, err := sandbox.NewCourt(d.seed, d.cases, sandbox.DefaultFeed(calendar.DateOf(demoStart)))
	if err != nil {
		return err
	}
	if err := d.importBatch(ctx, court); err != nil {
		return err
	}
	if err := d.parts.world.Announce(ctx, court); err != nil {
		return err
	}
	if !d.exit {
		if err := d.welcome(ctx, base); err != nil {
			return err
		}
	}
	if err := d.drive(ctx, base); err != nil {
		return err
	}
	bank, err := d.remit(ctx, base)
	if err != nil {
		return err
	}
	s, err := d.summarise(ctx, court, bank)
	if err != nil {
		return err
	}
	d.screen.done()
	if err := d.print(s, func() { s.write(d.stdout) }); err != nil {
		return err
	}
	if s.Violations > 0 {
		for _, v := range s.found {
			_, _ = fmt.Fprintf(d.stderr, "violation %s, case %s: %s\n", v.ID, v.Case, v.Detail)
		}
		return errSilent
	}
	if d.exit {
		return nil
	}
	_, _ = fmt.Fprintf(d.stderr, "\nEverything has ended and was checked. The pages stay at %s/desk/ until Ctrl-C.\n", base)
	return d.signAll(ctx, base)
}

// signAll signs the decrees of the cases of a demo, when nobody waits for its days any more.
func (d *demo) signAll(ctx context.Context, base string) error {
	s, err := d.parts.signer(base)
	if err != nil {
		return err
	}
	for {
		if n, err := s.Run(ctx); n == 0 || err != nil {
			return err
		}
	}
}

func (d *demo) importBatch(ctx context.Context, court *sandbox.Court) error {
	d.screen.begin("court batch", court.Len())
	var err error
	d.report, err = intake.New(d.parts.robot.Engine, d.parts.keys).Import(ctx, "", "demo.csv", court.Reader(), intake.Options{
		MaxErrors: 20, Progress: func(rows int) { d.screen.at(rows) },
	})
	return err
}

// drive lets legal days pass.
func (d *demo) drive(ctx context.Context, base string) error {
	first := calendar.DateOf(demoStart)
	d.screen.begin("legal days", 45)
	driver := sandbox.Driver{
		World: d.parts.world, Clock: d.parts.sandbox, Robot: d.parts.robot,
		Outbox: frontDoor(d.parts, base),
		Grid:   demoGrid,
		Wake:   d.parts.robot.Pulse,
		Moved: func(now time.Time) error {
			d.screen.at(calendar.DateOf(now).Sub(first))
			if d.exit {
				return ctx.Err()
			}
			return d.watchers(ctx)
		},
	}
	return driver.Run(ctx, time.Time{})
}

// watchers slows legal time down for those who look, and tells how the cases stand.
func (d *demo) watchers(ctx context.Context) error {
	line, err := standing(ctx, d.parts.db.pool)
	if err != nil {
		return err
	}
	d.screen.line(line)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(demoPace):
		return nil
	}
}

// welcome prints where to look: the desk, its sign-in, and one debtor's link with what the gate asks.
func (d *demo) welcome(ctx context.Context, base string) error {
	v, err := d.someDebtor(ctx)
	if err != nil {
		return err
	}
	key, err := d.parts.sources.NewAPIKey(ctx, demoSource, "demo")
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(d.stderr, `
  desk      %s/desk/      sign in with one click: operator, supervisor, finance, auditor or administrator
  debtor    %s/p/%s
            the gate asks: last four digits of the IIN %s, year of birth %d
  all cases %s/p/signin      the eGov of the sandbox: choose a person
  sms       %s      the code that a refusal takes
  api       %s/api/openapi.json      API key of %s: %s
  metrics   %s/metrics
  database  --db '%s'

`, base, base, v.token, v.lastFour, v.year, base, base+smspage.Path, base, demoSource, key, base, d.parts.db.url)
	return nil
}

type visitor struct {
	token, lastFour string
	year            int
	reached         bool // the SMS arrives at once
}

// someDebtor picks the first open case whose SMS arrives, so that every way of the portal can be tried, and makes the link that it carries.
func (d *demo) someDebtor(ctx context.Context) (visitor, error) {
	now, err := d.parts.clock.Now(ctx)
	if err != nil {
		return visitor{}, err
	}
	rows, err := d.parts.db.pool.Query(ctx, someDebtorSQL)
	if err != nil {
		return visitor{}, err
	}
	var (
		v          visitor
		id         int64
		iin, phone []byte
		born       time.Time
	)
	_, err = pgx.ForEachRow(rows, []any{&id, &iin, &phone, &born}, func() error {
		number, err := d.parts.keys.Open(iin, "debtors.iin_sealed")
		if err != nil {
			return err
		}
		to, err := d.parts.keys.Open(phone, "debtors.phone_sealed")
		if err != nil {
			return err
		}
		reached := d.parts.world.Delivers(string(to), notify.Ref(id, 1, notify.SMS), now)
		if v.token == "" || reached && !v.reached {
			v = visitor{d.parts.keys.LinkToken(id, 1), string(number[8:]), born.Year(), reached}
		}
		return nil
	})
	if err == nil && v.token == "" {
		err = errors.New("there is none")
	}
	if err != nil {
		return v, fmt.Errorf("no case to show: %w", err)
	}
	return v, nil
}

const someDebtorSQL = `SELECT c.id, d.iin_sealed, d.phone_sealed, d.birth_date FROM cases c JOIN debtors d ON d.id = c.debtor_id
 WHERE c.state = 'opened' AND d.birth_date IS NOT NULL AND d.phone_sealed IS NOT NULL ORDER BY c.id LIMIT 50`
