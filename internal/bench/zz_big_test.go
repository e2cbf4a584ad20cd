package bench

import (
	"context"
	"fmt"
	"os"
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
			rows, _ = pool.Query(ctx, `SELECT relname, n_tup_ins, n_tup_upd, n_tup_hot_upd, n_tup_del, n_dead_tup, autovacuum_count, pg_relation_size(relid)/1e6 FROM pg_stat_user_tables WHERE n_tup_ins > 1000 ORDER BY 3 DESC`)
			for rows.Next() {
				v, _ := rows.Values()
				fmt.Fprintln(os.Stderr, v...)
			}
			fmt.Fprintln(os.Stderr, rows.Err())
		}
	}
	f := Lifecycle
	_ = f
	res, err := Lifecycle(t.Context(), Options{N: n, NaiveN: nn, Out: os.Stderr, Feed: court})
	if err != nil {
		t.Fatal(err)
	}
	res.Table(os.Stderr)
}
