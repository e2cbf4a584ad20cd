package bench

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Names of the files in the folder of Options.Profile.
const (
	cpuProfile     = "cpu.pprof"
	statementsFile = "statements.txt"
	tablesFile     = "tables.txt"
	plansFile      = "plans.log"
)

// settings are those of the server of a run. A server that has just been made fills every new file of its log with zeros, one
// that has been running uses old files again: what is measured first would bear that alone, so it is left out.
//
// With a profile the server counts what its statements cost. That costs some per cent itself, so nobody compares figures of a run
// with a profile with those of one without.
func (o Options) settings() map[string]string {
	s := map[string]string{"wal_init_zero": "off"}
	if o.Profile == "" {
		return s
	}
	maps.Copy(s, map[string]string{
		"shared_preload_libraries": "pg_stat_statements,auto_explain", "pg_stat_statements.track_planning": "on", "track_io_timing": "on",
		"auto_explain.log_min_duration": "20ms", "auto_explain.log_analyze": "on", "auto_explain.log_nested_statements": "on",
		"auto_explain.log_timing": "off", "auto_explain.sample_rate": "0.2",
	})
	return s
}

// part is a folder of its own for the profile of a part of a run.
func (o Options) part(name string) Options {
	if o.Profile != "" {
		o.Profile = filepath.Join(o.Profile, name)
	}
	return o
}

// profiled runs f and, where it is asked for, writes down where our own time and that of the server went.
func (o Options) profiled(ctx context.Context, p *place, pool *pgxpool.Pool, f func() error) (err error) {
	if o.Profile == "" {
		return f()
	}
	if err := os.MkdirAll(o.Profile, 0o750); err != nil {
		return fmt.Errorf("bench: profile: %w", err)
	}
	if _, err := pool.Exec(ctx, `CREATE EXTENSION IF NOT EXISTS pg_stat_statements`); err != nil {
		return fmt.Errorf("bench: profile: the server's contrib modules are needed: %w", err)
	}
	if _, err := pool.Exec(ctx, `SELECT pg_stat_statements_reset()`); err != nil {
		return fmt.Errorf("bench: profile: %w", err)
	}
	cpu, err := os.Create(filepath.Join(o.Profile, cpuProfile))
	if err != nil {
		return fmt.Errorf("bench: profile: %w", err)
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return errors.Join(fmt.Errorf("bench: profile: %w", err), cpu.Close())
	}
	err = f()
	pprof.StopCPUProfile()
	return errors.Join(err, cpu.Close(), o.lines(ctx, pool, statementsSQL, statementsFile), o.lines(ctx, pool, changedSQL, tablesFile), o.plans(p))
}

const statementsSQL = `SELECT format('%s ms  plan %s ms  %s calls  %s rows  %s KB WAL  %s',
	round(total_exec_time::numeric), round(total_plan_time::numeric), calls, rows, round(wal_bytes / 1024), left(regexp_replace(query, '\s+', ' ', 'g'), 140))
  FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY total_exec_time + total_plan_time DESC LIMIT 60`

// changedSQL tells how many rows of each table were written, changed, and changed without touching an index.
const changedSQL = `SELECT format('%s: %s rows, %s changes, %s of them heap-only, %s KB', relname, n_tup_ins, n_tup_upd, n_tup_hot_upd, pg_relation_size(relid) / 1024)
  FROM pg_stat_user_tables WHERE n_tup_ins > 0 ORDER BY n_tup_upd DESC, n_tup_ins DESC`

// lines keeps what a statement tells of the server.
func (o Options) lines(ctx context.Context, pool *pgxpool.Pool, sql, file string) error {
	rows, err := pool.Query(ctx, sql)
	if err != nil {
		return fmt.Errorf("bench: profile: %w", err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("bench: profile: %w", err)
	}
	return os.WriteFile(filepath.Join(o.Profile, file), []byte(strings.Join(lines, "\n")+"\n"), 0o600)
}

// plans keeps the server's log, which tells how slow statements were run.
func (o Options) plans(p *place) error {
	text, err := os.ReadFile(p.cluster.LogFile())
	if err != nil {
		return fmt.Errorf("bench: profile: %w", err)
	}
	return os.WriteFile(filepath.Join(o.Profile, plansFile), text, 0o600)
}
