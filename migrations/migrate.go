package migrations

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// lockKey is the advisory lock under which the whole of Up runs: "bailiff" in bytes.
const lockKey int64 = 0x6261696c696666

// queueSettings keep the queue's table fast: its rows live for seconds, and dead ones make
// each fetch slower.
const queueSettings = `ALTER TABLE river_job SET (
	autovacuum_vacuum_scale_factor = 0.01,
	autovacuum_vacuum_threshold = 500,
	autovacuum_vacuum_cost_delay = 0
)`

// State tells how far a database is behind the program.
type State struct {
	Version      int64    `json:"version"` // newest of our files that is applied, 0 for none
	Pending      int      `json:"pending"` // steps still to apply, ours and the queue's
	Files        []string `json:"files"`   // our files still to apply
	QueueVersion int      `json:"queue_version"`
	QueuePending int      `json:"queue_pending"`
	Ahead        bool     `json:"ahead"` // the database was migrated by a newer program
}

// Up brings the schema to what this program needs: our files first, then the queue's. Several
// processes may call it at once; one works and the others wait for it.
func Up(ctx context.Context, pool *pgxpool.Pool) error {
	return exclusively(ctx, pool, func(own *pgxpool.Pool) error {
		if err := upOurs(ctx, own); err != nil {
			return err
		}
		return upQueue(ctx, own)
	})
}

// Down takes all of it back, the queue first. It is for tests and for a development database.
func Down(ctx context.Context, pool *pgxpool.Pool) error {
	return exclusively(ctx, pool, func(own *pgxpool.Pool) error {
		queue, err := queueMigrator(own)
		if err != nil {
			return err
		}
		opts := &rivermigrate.MigrateOpts{TargetVersion: -1}
		if _, err := queue.Migrate(ctx, rivermigrate.DirectionDown, opts); err != nil {
			return fmt.Errorf("taking back the queue's schema: %w", err)
		}
		return withProvider(own, func(p *goose.Provider) error {
			if _, err := p.DownTo(ctx, 0); err != nil {
				return fmt.Errorf("taking back the schema: %w", err)
			}
			return nil
		})
	})
}

// exclusively runs f with a small pool of its own, whose sessions may take their time, and
// under a lock that is released with its connection, whatever happens.
func exclusively(ctx context.Context, pool *pgxpool.Pool, f func(*pgxpool.Pool) error) error {
	cfg := pool.Config()
	cfg.MinConns, cfg.MinIdleConns, cfg.MaxConns = 0, 0, 4
	params := cfg.ConnConfig.RuntimeParams
	params["application_name"] = "bailiff-migrate"
	params["statement_timeout"] = "0"
	params["idle_in_transaction_session_timeout"] = "0"
	own, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return fmt.Errorf("connecting to migrate: %w", err)
	}
	defer own.Close()

	holder, err := pgx.ConnectConfig(ctx, cfg.ConnConfig)
	if err != nil {
		return fmt.Errorf("connecting to migrate: %w", err)
	}
	defer func() {
		detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = holder.Close(detached) // with it goes the lock
	}()
	// The wait for another process's migration is as long as that takes.
	for _, sql := range []string{"SET lock_timeout = 0", fmt.Sprintf("SELECT pg_advisory_lock(%d)", lockKey)} {
		if _, err := holder.Exec(ctx, sql); err != nil {
			return fmt.Errorf("waiting for the migration lock: %w", err)
		}
	}
	return f(own)
}

func upOurs(ctx context.Context, pool *pgxpool.Pool) error {
	return withProvider(pool, func(p *goose.Provider) error {
		if _, err := p.Up(ctx); err != nil {
			return fmt.Errorf("applying the schema: %w", err)
		}
		return nil
	})
}

func withProvider(pool *pgxpool.Pool, f func(*goose.Provider) error) error {
	db := stdlib.OpenDBFromPool(pool)
	defer func() { _ = db.Close() }()
	// Our own lock is around both schemas already. This one also keeps out somebody who runs
	// the migration tool by hand.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return fmt.Errorf("preparing the schema: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true),
		goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return fmt.Errorf("preparing the schema: %w", err)
	}
	return f(provider)
}

func upQueue(ctx context.Context, pool *pgxpool.Pool) error {
	queue, err := queueMigrator(pool)
	if err != nil {
		return err
	}
	if _, err := queue.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("applying the queue's schema: %w", err)
	}
	var set bool
	const sql = `SELECT coalesce(reloptions @> ARRAY['autovacuum_vacuum_threshold=500'], false)
FROM pg_class WHERE oid = 'river_job'::regclass`
	if err := pool.QueryRow(ctx, sql).Scan(&set); err != nil {
		return fmt.Errorf("reading the queue's settings: %w", err)
	}
	if set {
		return nil // a start of a running system takes no lock
	}
	if _, err := pool.Exec(ctx, queueSettings); err != nil {
		return fmt.Errorf("setting up the queue's table: %w", err)
	}
	return nil
}

func queueMigrator(pool *pgxpool.Pool) (*rivermigrate.Migrator[pgx.Tx], error) {
	m, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, fmt.Errorf("preparing the queue's schema: %w", err)
	}
	return m, nil
}

// Status compares a database with this program. It only reads, so it works with a read-only
// role and on an empty database.
func Status(ctx context.Context, pool *pgxpool.Pool) (State, error) {
	wanted, err := versions()
	if err != nil {
		return State{}, err
	}
	applied, err := list[int64](ctx, pool, "goose_db_version",
		`SELECT version_id FROM goose_db_version WHERE is_applied AND version_id > 0 ORDER BY 1`)
	if err != nil {
		return State{}, err
	}
	queueApplied, err := list[int](ctx, pool, "river_migration",
		`SELECT version::int FROM river_migration WHERE line = 'main' ORDER BY 1`)
	if err != nil {
		return State{}, err
	}
	queue, err := queueMigrator(pool)
	if err != nil {
		return State{}, err
	}
	s := State{Files: []string{}}
	if len(applied) > 0 {
		s.Version = applied[len(applied)-1]
		s.Ahead = len(wanted) == 0 || s.Version > wanted[len(wanted)-1]
	}
	for i, name := range names() {
		if !slices.Contains(applied, wanted[i]) {
			s.Files = append(s.Files, name)
		}
	}
	if len(queueApplied) > 0 {
		s.QueueVersion = queueApplied[len(queueApplied)-1]
	}
	for _, m := range queue.AllVersions() {
		if !slices.Contains(queueApplied, m.Version) {
			s.QueuePending++
		}
	}
	s.Pending = len(s.Files) + s.QueuePending
	return s, nil
}

// list reads one column of a table that may not exist yet.
func list[T any](ctx context.Context, pool *pgxpool.Pool, table, sql string) ([]T, error) {
	var exists bool
	if err := pool.QueryRow(ctx, `SELECT to_regclass($1) IS NOT NULL`, table).Scan(&exists); err != nil {
		return nil, fmt.Errorf("reading the schema's version: %w", err)
	}
	if !exists {
		return nil, nil
	}
	rows, err := pool.Query(ctx, sql)
	if err != nil {
		return nil, fmt.Errorf("reading the schema's version: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		return nil, fmt.Errorf("reading the schema's version: %w", err)
	}
	return all, nil
}

// ErrBehind says that the database's schema is older than the program needs.
var ErrBehind = errors.New("the database's schema is behind: run bailiff migrate up")

// Current fails with [ErrBehind] when something is left to apply. Processes that serve call it
// at start-up, since they must not migrate by themselves.
func Current(ctx context.Context, pool *pgxpool.Pool) error {
	s, err := Status(ctx, pool)
	if err != nil {
		return err
	}
	if s.Pending > 0 {
		return fmt.Errorf("%w (%d steps: %s)", ErrBehind, s.Pending, strings.Join(s.Files, ", "))
	}
	return nil
}
