package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"robotbailiff/engine"
	"robotbailiff/engine/intake"
	"robotbailiff/engine/orders"
	"robotbailiff/internal/app/caseacts"
	"robotbailiff/internal/app/feed"
	"robotbailiff/internal/app/objections"
	"robotbailiff/internal/app/statistics"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/jobs"
	"robotbailiff/internal/obs"
	"robotbailiff/internal/peers"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/sandbox"
	"robotbailiff/internal/seal"
	webapi "robotbailiff/internal/web/api"
	"robotbailiff/notify"
	"robotbailiff/notify/contact"
	"robotbailiff/rules/pack"
)

// portalHost is how notices name the portal; the sandbox has no other.
const portalHost = "1414.gov.kz"

// parts is the program, joined.
type parts struct {
	db       *database
	keys     *seal.Keys
	clock    clock.Clock
	sandbox  *clock.SandboxClock      // nil in production
	world    *sandbox.World           // nil in production
	banks    map[string]orders.Peer   // by their short names; nil: this process calls none
	register orders.Register          // of debtors; nil: this process calls none
	until    map[peers.Peer]time.Time // our certificates hold, as far as they are known
	rates    map[string]int           // arrests an hour, of banks with a rate of their own
	packs    *engine.Packs
	robot    *jobs.Robot
	figures  *statistics.Service // for everybody
	registry *prometheus.Registry
	health   *obs.Health
	metrics  *metrics
	worlds   *pgxpool.Pool // the world's own connections
	sources  *intake.Sources
	feed     *feed.Service
	outside  channels
	tills    tills
	closers  []func() error
	hush     func() // ends what pages hear
	contacts *contact.Store
	sign     func(context.Context) (int, error) // signs decrees, set before the robot runs; nil: nobody does
	log      *slog.Logger
}

// wiring says what to join.
type wiring struct {
	work       bool            // with workers
	seed       uint64          // of the world
	playful    bool            // the world need not survive a crash of the database
	pulse      time.Duration   // 0: one second
	lease      time.Duration   // 0: the default of jobs
	drop       string          // folder that senders put batches into; empty: none
	statements string          // folder that bank statements are put into; empty: none
	faults     *sandbox.Faults // of the world; nil: the usual ones
	reach      bool            // people outside, by the channels that the environment names
	banks      bool            // without workers, and yet with the banks
	older      bool            // it is an older copy, as somebody says
	mark       bool            // an older copy of the database is to be noticed
}

// join builds the program on an open database.
func (e *env) join(ctx context.Context, db *database, w wiring) (*parts, error) {
	p := &parts{db: db, log: e.log, registry: obs.NewRegistry(), health: &obs.Health{}}
	var err error
	if err = db.current(ctx); err != nil {
		return nil, err
	}
	if p.keys, err = db.keys(); err != nil {
		return nil, err
	}
	if p.packs, err = engine.RegisterPack(ctx, db.pool, pack.Default()); err != nil {
		return nil, err
	}
	if err := p.joinWorld(ctx, w); err != nil {
		return nil, err
	}
	p.contacts = contact.New(p.keys)
	p.metrics = newMetrics(p)
	p.sources = intake.NewSources(db.pool, p.keys)
	p.feed = feed.New(feed.Config{Pool: db.pool, Sources: p.sources, Post: webapi.Poster(p.sandbox != nil), Log: e.log})
	cfg := jobs.Config{
		Pool: db.pool, Clock: p.clock, Packs: p.packs, Keys: p.keys, Log: e.log, Host: portalHost,
		Proof: intake.NewAdmission(p.sources, p.clock.Now), Feed: p.feed, House: house(p.sandbox != nil),
		Work: w.work, Pulse: w.pulse, Lease: w.lease, Observe: p.metrics.observe, AnyAccount: p.sandbox != nil, Leaps: p.sandbox != nil,
		Forget: objections.New(db.pool, p.keys).Purge,
	}
	if p.outside, err = e.joinChannels(p, w); err != nil {
		return nil, err
	}
	if p.tills, err = joinTills(p.world); err != nil {
		return nil, err
	}
	cfg.Tills = p.tills.drivers
	if err = e.joinBanks(p, w); err != nil {
		return nil, err
	}
	cfg.Banks, cfg.Register, cfg.BankRates, cfg.Certificates = p.banks, p.register, p.rates, p.until
	if w.mark {
		if cfg.Mark, err = openMark(); err != nil {
			return nil, err
		}
	}
	if w.work {
		cfg.Sign = func(ctx context.Context) (int, error) {
			if p.sign == nil {
				return 0, nil
			}
			return p.sign(ctx)
		}
		cfg.Figures = monthCounter(func() *statistics.Service { return p.figures })
		cfg.Acts = func(ctx context.Context) (int, error) { return caseacts.New(db.pool, p.robot.Engine).Work(ctx) }
		cfg.Gateways = map[notify.Channel]notify.Gateway{}
		if p.world != nil {
			for _, c := range []notify.Channel{notify.SMS, notify.Push, notify.Letter} {
				cfg.Gateways[c] = p.world.Messages(c)
			}
		}
		maps.Copy(cfg.Gateways, p.outside.ways)
		cfg.Devices = p.outside.devices
	}
	if p.robot, err = jobs.New(cfg); err != nil {
		return nil, err
	}
	p.figures = statistics.New(db.pool, p.robot.Engine)
	for name, ready := range p.outside.ready {
		p.health.Add(name, ready)
	}
	p.health.Add("database", func(ctx context.Context) error { return db.pool.Ping(ctx) })
	p.health.Add("schema", db.current)
	return p, nil
}

// joinWorld takes the sandbox's clock and world when the database is a sandbox, the system's clock when it is not. A
// production database never has the sandbox's tables, so no sandbox adapter can be reached there.
func (p *parts) joinWorld(ctx context.Context, w wiring) error {
	err := p.joinClock(ctx)
	if err != nil || p.sandbox == nil {
		return err
	}
	if p.worlds, err = pg.Open(ctx, p.db.url, pg.WithName("sandbox"), pg.WithMaxConns(4), pg.WithConfig(func(c *pgxpool.Config) {
		if w.playful {
			c.ConnConfig.RuntimeParams["synchronous_commit"] = "off" // the simulated banks' books only, for as long as a demo runs
		}
	})); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	p.world, err = sandbox.New(w.seed, sandbox.Config{Pool: p.worlds, Clock: p.clock, Faults: w.faults, Secrets: map[string]string{
		sandbox.SourceGateway: p.webhookSecret(sandbox.SourceGateway), sandbox.SourceBank: p.webhookSecret(sandbox.SourceBank),
	}})
	return err
}

// joinClock takes the clock of the database if it is a sandbox's, the system's if not.
func (p *parts) joinClock(ctx context.Context) error {
	var marked bool
	if err := p.db.pool.QueryRow(ctx, `SELECT to_regclass('public.sandbox_clock') IS NOT NULL`).Scan(&marked); err != nil {
		return err
	}
	if !marked {
		p.clock = clock.System()
		return nil
	}
	var err error
	if p.sandbox, err = clock.Sandbox(ctx, p.db.pool); err != nil {
		return err
	}
	p.clock = p.sandbox
	return nil
}

// webhookSecret is the sandbox's shared secret of one source, derived from the installation's.
func (p *parts) webhookSecret(source string) string {
	return "whsec_" + base64.StdEncoding.EncodeToString(p.keys.Blind("sandbox.webhook", source))
}

// pagePool opens the connections of the debtors' pages, which must not wait for those that workers have, and which give up long before.
func (p *parts) pagePool(ctx context.Context) (*pgxpool.Pool, error) {
	pool, err := pg.Open(ctx, p.db.url, pg.WithName("bailiff-pages"), pg.WithRole(pg.RoleWeb), pg.WithMaxConns(pg.PageConns))
	if err != nil {
		return nil, err
	}
	p.closers = append(p.closers, func() error { pool.Close(); return nil })
	return pool, nil
}

func (p *parts) close() {
	for _, c := range p.closers {
		_ = c() // folders that were only read and written through, and pools
	}
	if p.worlds != nil {
		p.worlds.Close()
	}
}
