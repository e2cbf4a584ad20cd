package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
)

func TestBig(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("BENCH_N"))
	if n == 0 {
		t.Skip()
	}
	nn, _ := strconv.Atoi(os.Getenv("BENCH_NAIVE"))
	if os.Getenv("BENCH_PGSS") != "" {
		serverSettings = map[string]string{"shared_preload_libraries": "pg_stat_statements", "track_io_timing": "on"}
		inspect = func(ctx context.Context, pool *pgxpool.Pool) {
			pool.Exec(ctx, "CREATE EXTENSION pg_stat_statements")
			rows, err := pool.Query(ctx, `SELECT round(total_exec_time::numeric,0)::text, calls, rows, round((wal_bytes/1e6)::numeric,1)::text, wal_fpi, shared_blks_hit, left(regexp_replace(query, '\s+', ' ', 'g'),150) FROM pg_stat_statements ORDER BY total_exec_time DESC LIMIT 24`)
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				return
			}
			for rows.Next() {
				v, _ := rows.Values()
				fmt.Fprintln(os.Stderr, strings.TrimSpace(fmt.Sprintf("%8v ms %6v calls %8v rows %8v MB %v fpi %10v hit  %v", v...)))
			}
			rows, _ = pool.Query(ctx, `SELECT kind, channel, status, detail, attempts, count(*) FROM notices GROUP BY 1,2,3,4,5`)
			for rows.Next() {
				v, _ := rows.Values()
				fmt.Fprintln(os.Stderr, v...)
			}
			rows, _ = pool.Query(ctx, `SELECT kind, queue, attempt, state, count(*), errors FROM river_job GROUP BY 1,2,3,4,6`)
			for rows.Next() {
				v, _ := rows.Values()
				fmt.Fprintln(os.Stderr, v...)
			}
			rows, _ = pool.Query(ctx, `SELECT kind, fence, error, count(*), min(done_at - touched_at), max(done_at-touched_at), min(not_before), max(not_before) FROM chunks GROUP BY 1,2,3`)
			for rows.Next() {
				v, _ := rows.Values()
				fmt.Fprintln(os.Stderr, v...)
			}
			rows, _ = pool.Query(ctx, `SELECT relname, n_tup_ins, n_tup_upd, n_tup_hot_upd, n_tup_del, n_dead_tup, autovacuum_count, pg_relation_size(relid)/1e6 FROM pg_stat_user_tables WHERE n_tup_ins > 1000 ORDER BY 3 DESC`)
			for rows.Next() {
				v, _ := rows.Values()
				fmt.Fprintln(os.Stderr, v...)
			}
			fmt.Fprintln(os.Stderr, rows.Err())
		}
	}
	if os.Getenv("BENCH_EXPLAIN") != "" {
		serverSettings = map[string]string{"shared_preload_libraries": "auto_explain", "auto_explain.log_min_duration": os.Getenv("BENCH_EXPLAIN"), "auto_explain.log_analyze": "on", "auto_explain.log_buffers": "on", "auto_explain.log_triggers": "on", "auto_explain.log_timing": "off", "log_error_verbosity": "default", "auto_explain.log_wal": "on"}
		inspect = func(ctx context.Context, pool *pgxpool.Pool) {
			m, _ := filepath.Glob(os.Getenv("BENCH_DIR") + "/*/pg/*log*")
			for _, f := range m {
				b, _ := os.ReadFile(f)
				os.WriteFile("/tmp/pglog.txt", b, 0o600)
			}
			rows, _ := pool.Query(ctx, `SELECT kind, channel, status, detail, attempts, count(*), min(case_id), max(case_id), min(sent_at)::text FROM notices GROUP BY 1,2,3,4,5 UNION ALL SELECT queue, kind, state::text, errors::text, attempt, count(*),0,0,'' FROM river_job GROUP BY 1,2,3,4,5 UNION ALL SELECT kind, error, '','',fence,count(*),max(cardinality(case_ids)),0,(max(done_at-touched_at))::text FROM chunks GROUP BY 1,2,fence`)
			for rows.Next() {
				v, _ := rows.Values()
				fmt.Fprintln(os.Stderr, v...)
			}
		}
	}
	res, err := Lifecycle(t.Context(), Options{N: n, NaiveN: nn, Dir: os.Getenv("BENCH_DIR"), Out: os.Stderr, Feed: court})
	if err != nil {
		t.Fatal(err)
	}
	res.Table(os.Stderr)
}

func TestBigImport(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("BENCH_IMPORT"))
	if n == 0 {
		t.Skip()
	}
	res, err := Import(t.Context(), Options{N: n, Out: os.Stderr, Feed: court})
	if err != nil {
		t.Fatal(err)
	}
	res.Table(os.Stderr)
}
