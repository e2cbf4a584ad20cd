package pg

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Role selects the statement timeout of a pool, because a page must give up long before a
// sweep does.
type Role string

// The roles a pool can be opened for.
const (
	RoleWeb     Role = "web"     // 5 s per statement
	RoleWork    Role = "work"    // 30 s per statement, the default
	RoleAudit   Role = "audit"   // 10 min per statement, read-only by default
	RoleMigrate Role = "migrate" // no statement timeout
)

var statementTimeouts = map[Role]time.Duration{
	RoleWeb:     5 * time.Second,
	RoleWork:    30 * time.Second,
	RoleAudit:   10 * time.Minute,
	RoleMigrate: 0,
}

// PageConns is the size of a pool for pages alone. A page asks its one or two questions in a fraction of a millisecond: more connections
// than these would only let more pages wait in the server instead of before it.
const PageConns = 8

// avoidedPlans are the ways of reading that workers and pages do without. Their statements look rows up by key, some thousand at a time,
// in tables that grow faster than their statistics: a plan that reads such a table as a whole is never right for them, and
// the planner would choose one whenever it believes the table small. A statement with no other way still gets its plan.
var avoidedPlans = []string{"enable_seqscan", "enable_hashjoin", "enable_mergejoin"}

type options struct {
	name             string
	role             Role
	maxConns         int32
	statementTimeout time.Duration
	statementSet     bool
	lockTimeout      time.Duration
	idleInTx         time.Duration
	wait             time.Duration
	configure        func(*pgxpool.Config)
}

// Option changes one default of [Open].
type Option func(*options)

// WithName sets application_name, by which an operator recognises the process in
// pg_stat_activity. The default is "bailiff-" and the role.
func WithName(name string) Option { return func(o *options) { o.name = name } }

// WithRole selects the timeouts by the work the pool does; the default is [RoleWork].
func WithRole(r Role) Option { return func(o *options) { o.role = r } }

// WithMaxConns bounds the pool; the default is 10. An address with pool_max_conns may ask for fewer: on a small server fewer
// connections do more work, and whoever finds none free waits for one.
func WithMaxConns(n int) Option { return func(o *options) { o.maxConns = int32(min(max(n, 1), 1000)) } }

// WithStatementTimeout overrides the timeout of the role; zero means none.
func WithStatementTimeout(d time.Duration) Option {
	return func(o *options) { o.statementTimeout, o.statementSet = d, true }
}

// WithLockTimeout bounds the wait for one lock; the default is 3 s, zero means none.
func WithLockTimeout(d time.Duration) Option { return func(o *options) { o.lockTimeout = d } }

// WithIdleInTxTimeout bounds how long a transaction may sit idle; the default is 10 s, zero
// means no bound.
func WithIdleInTxTimeout(d time.Duration) Option { return func(o *options) { o.idleInTx = d } }

// WithWait keeps trying for up to d while the database cannot be reached or is starting, as
// when both are started together. The default is to fail at once.
func WithWait(d time.Duration) Option { return func(o *options) { o.wait = d } }

// WithConfig is called last with the pool's configuration, for codecs, tracers and the like.
func WithConfig(f func(*pgxpool.Config)) Option { return func(o *options) { o.configure = f } }

// Open opens a pool and proves with one round trip that the database answers. Sessions run in
// UTC with bounded statements, locks and idle transactions; the simple protocol is refused.
// A failure is a [*ConnectError], which names the cause and the remedy and never the password.
func Open(ctx context.Context, url string, opts ...Option) (*pgxpool.Pool, error) {
	o := options{role: RoleWork, maxConns: 10, lockTimeout: 3 * time.Second, idleInTx: 10 * time.Second}
	for _, opt := range opts {
		opt(&o)
	}
	cfg, err := config(url, o)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, connectError(cfg.ConnConfig, err)
	}
	if err := firstAnswer(ctx, pool, o.wait); err != nil {
		pool.Close()
		return nil, connectError(cfg.ConnConfig, err)
	}
	return pool, nil
}

func config(url string, o options) (*pgxpool.Config, error) {
	if url == "" {
		return nil, &ConnectError{
			Cause:  "no database address given",
			Remedy: "set BAILIFF_DATABASE_URL or use --db embedded",
		}
	}
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, addressError(err)
	}
	switch cfg.ConnConfig.DefaultQueryExecMode {
	case pgx.QueryExecModeSimpleProtocol, pgx.QueryExecModeExec:
		return nil, &ConnectError{
			Target: target(cfg.ConnConfig),
			Cause:  "the address asks for a protocol without prepared statements",
			Remedy: "remove default_query_exec_mode from it",
		}
	default:
	}
	if !o.statementSet {
		o.statementTimeout = statementTimeouts[o.role]
	}
	if o.name == "" {
		o.name = "bailiff-" + string(o.role)
	}
	params := cfg.ConnConfig.RuntimeParams
	params["timezone"] = "UTC"
	params["application_name"] = o.name
	params["statement_timeout"] = millis(o.statementTimeout)
	params["lock_timeout"] = millis(o.lockTimeout)
	params["idle_in_transaction_session_timeout"] = millis(o.idleInTx)
	if o.role == RoleWork || o.role == RoleWeb {
		for _, way := range avoidedPlans {
			params[way] = "off"
		}
	}
	if o.role == RoleAudit {
		params["default_transaction_read_only"] = "on"
	} else if cfg.ConnConfig.ValidateConnect == nil && len(cfg.ConnConfig.Fallbacks) > 0 {
		// With several hosts, never sit on a demoted primary.
		cfg.ConnConfig.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	if cfg.ConnConfig.ConnectTimeout == 0 {
		cfg.ConnConfig.ConnectTimeout = 5 * time.Second
	}
	if !strings.Contains(url, "pool_max_conns=") { // then it is pgx's own default
		cfg.MaxConns = o.maxConns
	}
	cfg.MaxConns = min(cfg.MaxConns, o.maxConns)
	cfg.MaxConnLifetime = 20 * time.Minute
	cfg.MaxConnLifetimeJitter = 5 * time.Minute
	cfg.MaxConnIdleTime = 5 * time.Minute
	cfg.HealthCheckPeriod = 30 * time.Second
	gate := newCalm()
	cfg.ConnConfig.Tracer = gate
	cfg.BeforeConnect = func(ctx context.Context, _ *pgx.ConnConfig) error { return gate.wait(ctx) }
	if o.configure != nil {
		o.configure(cfg)
	}
	return cfg, nil
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// firstAnswer pings until the database answers, or until waiting longer is not allowed.
func firstAnswer(ctx context.Context, pool *pgxpool.Pool, wait time.Duration) error {
	err := pool.Ping(ctx)
	if err == nil || wait <= 0 {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for err != nil && worthWaiting(err) {
		if sleep(bounded, 100*time.Millisecond) != nil {
			return err
		}
		err = pool.Ping(bounded)
	}
	return err
}

// worthWaiting tells a server that is not up yet from one that will never let us in.
func worthWaiting(err error) bool {
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pgErr.Code == "57P03" || pgErr.Code == "53300"
	}
	return !errors.Is(err, context.Canceled)
}

// sleep waits for d or for the end of ctx, whichever comes first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Durable proves that the database keeps what it acknowledges: fsync, full_page_writes and
// synchronous_commit must be on. A process that serves real cases calls it at start-up and
// must not go on when it fails.
func Durable(ctx context.Context, pool *pgxpool.Pool) error {
	rows, err := pool.Query(ctx, durableSQL)
	if err != nil {
		return fmt.Errorf("reading the durability settings: %w", err)
	}
	type setting struct{ Name, Setting string }
	settings, err := pgx.CollectRows(rows, pgx.RowToStructByName[setting])
	if err != nil {
		return fmt.Errorf("reading the durability settings: %w", err)
	}
	var problems []error
	for _, s := range settings {
		if s.Setting == "on" || (s.Name == "synchronous_commit" && s.Setting == "remote_apply") {
			continue
		}
		problems = append(problems, &NotDurableError{Setting: s.Name, Value: s.Setting})
	}
	if len(settings) != 3 {
		problems = append(problems, fmt.Errorf("expected three durability settings, the server showed %d", len(settings)))
	}
	return errors.Join(problems...)
}

const durableSQL = `SELECT name, setting FROM pg_settings
WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') ORDER BY name`
