package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"robotbailiff/engine"
	"robotbailiff/engine/breaker"
	"robotbailiff/engine/handover"
	"robotbailiff/engine/intake"
	"robotbailiff/engine/orders"
	"robotbailiff/engine/restored"
	"robotbailiff/engine/trial"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/peers"
	"robotbailiff/internal/seal"
	"robotbailiff/notify"
	"robotbailiff/notify/contact"
	"robotbailiff/notify/passcode"
	"robotbailiff/payments"
	"robotbailiff/payments/acts"
	"robotbailiff/payments/source/gateway"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
)

// Config is what a robot needs from outside.
type Config struct {
	Pool  *pgxpool.Pool
	Clock clock.Clock
	Packs *engine.Packs
	Keys  *seal.Keys
	Log   *slog.Logger
	Host  string       // of the portal, as notices print it
	House House        // who pays back; without it no file of refunds is made
	Proof intake.Proof // of court batches; nil: nobody asks
	Feed  Feed         // tells sources what happened to their writs; nil: nobody is told

	Mark *restored.Mark // tells an older copy of the database; nil: nobody looks

	// Work turns the workers on; without it this process only asks for work.
	Work     bool
	Banks    map[string]orders.Peer            // by their short names; needed with Work
	Register orders.Register                   // of debtors; nil: there is none, and the measure is off
	Gateways map[notify.Channel]notify.Gateway // needed with Work
	Devices  bool                              // a push goes to a debtor's newest device; not: to his pseudonym
	Pulse    time.Duration                     // 0: one second
	Lease    time.Duration                     // a chunk whose job nobody began for so long is started again; 0: 40 seconds

	Tills map[string]gateway.Driver // payment gateways that can be asked, by source; may be nil

	NoCompare   bool                               // banks are not compared by the legal day: where days last seconds and something else is measured
	AnyAccount  bool                               // statements of accounts that nobody registered are taken too: in a sandbox
	LinesAtOnce int                                // lines of a statement that one transaction takes; 0: 5000
	Observe     func(what, outcome string, n int)  // for metrics; may be nil
	BankRates   map[string]int                     // arrests an hour, of banks with a rate of their own; the others have that of the pack
	Breakers    time.Duration                      // real time between two looks at the breakers; 0: one minute
	Forget      func(context.Context) (int, error) // drops what nobody needs any more of others' rows; may be nil
	Sign        func(context.Context) (int, error) // signs decrees for a short while; nil: nobody signs
	Acts        func(context.Context) (int, error) // does acts on cases that people have asked for, for a short while; nil: nobody does
	// Certificates are until when our certificates for peers hold, as far as they are known.
	Certificates map[peers.Peer]time.Time
	Figures      Figures // counts the months that are over; nil: nobody does
	Leaps        bool    // legal time is moved by hand: breakers, which count by its hours, are read and open nothing
}

// Robot is the engine with everything that drives it.
type Robot struct {
	Engine   *engine.Store
	Notices  *notify.Store
	Payments *payments.Store
	Inbox    *intake.Inbox // its batches are processed by the workers
	Comparer *orders.Comparer
	Codes    *passcode.Store // that debtors type before they refuse; SendCode sends them

	cfg           Config
	acts          acts.Store
	client        *river.Client[pgx.Tx]
	bank          *orders.Sender
	registrar     *orders.Registrar
	sender        *notify.Sender
	assigner      *handover.Assigner
	reach         *contact.Store
	nudge         chan struct{}
	asked         clock.Stopwatch // since the pulse asked whether gateways have to be asked
	meter         *peers.Meter    // of banks, the register, gateways and channels
	flushed       clock.Stopwatch // since what it counted was written
	figured       clock.Stopwatch // since it asked whether a month has to be counted
	breakers      *breaker.Watcher
	looking       sync.Mutex
	looked        *clock.Stopwatch // since the breakers were looked at; nil: not yet
	escalated     clock.Stopwatch  // since late lifts were looked for
	escalatePause time.Duration    // until they are looked for again; 0 at first
	counted       clock.Stopwatch  // since orders were counted
	countPause    time.Duration    // until they are counted again; 0 at first
	heeded        clock.Stopwatch  // since hints of banks were taken up
	beaten        clock.Stopwatch  // since the mark was noted
	forgot        clock.Stopwatch  // since rows that nobody reads any more were looked for
	stopping      chan struct{}    // closed when Run ends
}

// Job time limits. A worker that outlives its timeout is stuck; a chunk it held is claimed by another under a new fence.
const (
	jobTimeout   = 30 * time.Second
	abandonAfter = jobTimeout + 10*time.Second
	rescueAfter  = 2 * time.Minute
)

// New joins a robot. Nothing runs before [Robot.Run].
func New(cfg Config) (*Robot, error) {
	if cfg.Pulse == 0 {
		cfg.Pulse = time.Second
	}
	if cfg.Lease == 0 {
		cfg.Lease = abandonAfter
	}
	if cfg.LinesAtOnce == 0 {
		cfg.LinesAtOnce = statementPage
	}
	if cfg.Breakers == 0 {
		cfg.Breakers = time.Minute
	}
	if cfg.Observe == nil {
		cfg.Observe = func(string, string, int) {}
	}
	if cfg.Work && (len(cfg.Banks) == 0 || len(cfg.Gateways) == 0) {
		return nil, errors.New("jobs: workers need banks and the gateways of notices")
	}
	counting := watch(&cfg)
	r := &Robot{
		meter: counting, flushed: clock.StartStopwatch(),
		Payments: payments.New(), cfg: cfg, nudge: make(chan struct{}, 1), asked: clock.StartStopwatch(), figured: clock.StartStopwatch(), forgot: clock.StartStopwatch(),
		escalated: clock.StartStopwatch(), stopping: make(chan struct{}),
	}
	var err error
	r.Notices, err = notify.NewStore(notify.Config{Links: cfg.Keys, Host: cfg.Host, Window: func(t time.Time) (time.Time, time.Time) {
		return rules.SendWindow(cfg.Packs.Current(), t)
	}})
	if err != nil {
		return nil, err
	}
	r.Engine = engine.NewStore(engine.Config{
		Pool: cfg.Pool, Clock: cfg.Clock, Packs: cfg.Packs,
		Sinks:          []engine.Sink{r.carryNotices, r.carryMoney, carryRecalls},
		Enqueue:        r.enqueue,
		MoneyInTransit: func(ctx context.Context, tx pgx.Tx) (bool, error) { return r.Payments.InTransit(ctx, tx) },
		Register:       cfg.Register != nil,
	})
	r.Inbox = intake.NewInbox(r.Engine, cfg.Keys, intake.InboxConfig{Proof: cfg.Proof, Enqueue: r.enqueueBatch})
	r.bank = &orders.Sender{Store: r.Engine, Banks: cfg.Banks, Keys: cfg.Keys, Log: cfg.Log, Observe: func(p engine.Purpose, outcome string, n int) {
		cfg.Observe("order_"+string(p), outcome, n)
	}}
	r.registrar = &orders.Registrar{Store: r.Engine, Register: cfg.Register, Keys: cfg.Keys, Log: cfg.Log, Observe: r.bank.Observe, Alarm: cfg.Observe}
	r.bank.Trial = trial.NewGate(func(now time.Time) (int, bool) { return cfg.Packs.Current().TrialArrests(calendar.DateOf(now)) })
	r.Comparer = &orders.Comparer{Sender: r.bank, Alarm: cfg.Observe}
	r.sender = &notify.Sender{Store: r.Notices, DB: cfg.Pool, Clock: cfg.Clock, Gateways: cfg.Gateways}
	r.reach, r.Codes = contact.New(cfg.Keys), passcode.New(cfg.Keys)
	r.breakers = breaker.NewWatcher(cfg.Pool, cfg.Packs.Current, cfg.BankRates)
	r.assigner = &handover.Assigner{Store: r.Engine, Log: cfg.Log}
	return r, r.newClient()
}

func (r *Robot) newClient() error {
	rc := &river.Config{
		Logger:                      r.cfg.Log,
		JobTimeout:                  jobTimeout,
		RescueStuckJobsAfter:        rescueAfter,
		MaxAttempts:                 5,
		CompletedJobRetentionPeriod: time.Hour,
		FetchOnlyKnownKinds:         true,
	}
	if r.cfg.Work {
		rc.FetchCooldown = 10 * time.Millisecond
		rc.FetchPollInterval = 100 * time.Millisecond
		rc.Queues = queues
		rc.Workers = r.workers()
	}
	client, err := river.NewClient(riverpgxv5.New(r.cfg.Pool), rc)
	if err != nil {
		return fmt.Errorf("jobs: %w", err)
	}
	r.client = client
	return nil
}

// Run works until the context ends, then lets running jobs finish within ten seconds.
func (r *Robot) Run(ctx context.Context) error {
	if !r.cfg.Work {
		return r.onlyFlush(ctx)
	}
	background := context.WithoutCancel(ctx)
	steps := []func() error{
		func() error { return r.markBeat(ctx, 0) }, // before anything is done
		func() error { return r.client.Start(background) },
	}
	for _, step := range steps {
		if err := r.patiently(ctx, step); err != nil || ctx.Err() != nil {
			return err
		}
	}
	r.beat(ctx)
	close(r.stopping)
	stop, cancel := context.WithTimeout(background, 10*time.Second)
	defer cancel()
	if err := r.client.Stop(stop); err != nil {
		return fmt.Errorf("jobs: stop: %w", err)
	}
	if err := r.markBeat(stop, 0); err != nil { // a copy made before this moment is older
		r.cfg.Log.WarnContext(stop, "the mark was not noted at the end", "error", err)
	}
	return nil
}

// startPatience is for how long the start is tried again while the database is away: an outage at the wrong moment is no reason for the
// process to end, and neither is the wish that it ends.
const startPatience = 30 * time.Second

func (r *Robot) patiently(ctx context.Context, step func() error) error {
	watch := clock.StartStopwatch()
	for {
		err := step()
		if err == nil || ctx.Err() != nil {
			return nil
		}
		if watch.Elapsed() > startPatience {
			return fmt.Errorf("jobs: start: %w", err)
		}
		r.cfg.Log.WarnContext(ctx, "workers not started, trying again", "error", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(200 * time.Millisecond):
		}
	}
}
