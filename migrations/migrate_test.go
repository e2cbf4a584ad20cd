package migrations_test

import (
	"errors"
	"io/fs"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/internal/pg"
	"robotbailiff/internal/testkit"
	"robotbailiff/migrations"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// tables lists every table and its columns, which is what must come back after down and up.
func tables(t *testing.T, pool *pgxpool.Pool) []string {
	t.Helper()
	rows, err := pool.Query(t.Context(), `SELECT table_name || '.' || column_name || ' ' || data_type FROM information_schema.columns
WHERE table_schema = 'public' ORDER BY table_name, ordinal_position`)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// empty turns a test's database into one without any schema.
func empty(t *testing.T) *pgxpool.Pool {
	t.Helper()
	pool := testkit.DB(t)
	for _, sql := range []string{`DROP SCHEMA public CASCADE`, `CREATE SCHEMA public`} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	pool.Reset()
	return pool
}

func TestUp_isSafeForSeveralProcessesAtOnce(t *testing.T) {
	t.Parallel()
	pool := empty(t)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if err := migrations.Up(t.Context(), pool); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if err := migrations.Current(t.Context(), pool); err != nil {
		t.Error(err)
	}
}

func TestStatus_readsAnEmptyDatabaseAndLeavesItSo(t *testing.T) {
	t.Parallel()
	pool := empty(t)
	s, err := migrations.Status(t.Context(), pool)
	if err != nil || s.Version != 0 || s.QueueVersion != 0 || s.Pending != len(s.Files)+s.QueuePending || len(s.Files) == 0 {
		t.Errorf("%+v, %v", s, err)
	}
	if got := tables(t, pool); len(got) != 0 {
		t.Errorf("made %v", got)
	}
	if err := migrations.Current(t.Context(), pool); !errors.Is(err, migrations.ErrBehind) {
		t.Errorf("got %v", err)
	}
}

func TestStatus_noticesANewerDatabase(t *testing.T) {
	t.Parallel()
	pool := testkit.DB(t)
	const sql = `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99991231235959, true)`
	if _, err := pool.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
	if s, err := migrations.Status(t.Context(), pool); err != nil || !s.Ahead || s.Pending != 0 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestDownUp_comesBackTheSame(t *testing.T) {
	t.Parallel()
	pool := testkit.DB(t)
	before := tables(t, pool)
	if err := migrations.Down(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	for _, column := range tables(t, pool) {
		if !strings.HasPrefix(column, "goose_db_version.") {
			t.Errorf("still there: %s", column)
		}
	}
	if err := migrations.Up(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, tables(t, pool)); diff != "" {
		t.Errorf("another schema came back (-before +after):\n%s", diff)
	}
}

func TestUp_worksUnderAWebSessionsTimeouts(t *testing.T) {
	t.Parallel()
	pool, err := pg.Open(t.Context(), testkit.URL(t, empty(t)), pg.WithRole(pg.RoleWeb), pg.WithMaxConns(1))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if err := migrations.Up(t.Context(), pool); err != nil {
		t.Error(err)
	}
	var options []string
	if err := pool.QueryRow(t.Context(), `SELECT reloptions FROM pg_class WHERE relname = 'river_job'`).Scan(&options); err != nil {
		t.Fatal(err)
	}
	want := []string{"autovacuum_vacuum_scale_factor=0.01", "autovacuum_vacuum_threshold=500", "autovacuum_vacuum_cost_delay=0"}
	if diff := cmp.Diff(want, options); diff != "" {
		t.Error(diff)
	}
}

// The zone of a timestamp without one is dropped in silence, and a numeric amount can be NaN.
func TestFiles_keepTheRules(t *testing.T) {
	t.Parallel()
	name := regexp.MustCompile(`^\d{14}_[a-z0-9_]+\.sql$`)
	comment := regexp.MustCompile(`--[^\n]*`)
	forbidden := regexp.MustCompile(`(?i)\b(timestamp without|timestamp\s*[,)\n]|timestamp not|numeric|decimal|real|double precision|money|float\d?)\b`)
	files, err := fs.Glob(migrations.Files(), "*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if !name.MatchString(file) {
			t.Errorf("%s: the name must be a timestamp of 14 digits, _, words, .sql", file)
		}
		text, err := fs.ReadFile(migrations.Files(), file)
		if err != nil {
			t.Fatal(err)
		}
		up, down, found := strings.Cut(string(text), "-- +goose Down")
		if !found || strings.TrimSpace(down) == "" {
			t.Errorf("%s: no way down", file)
		}
		if !strings.Contains(up, "lock_timeout") {
			t.Errorf("%s: sets no lock_timeout", file)
		}
		for _, word := range forbidden.FindAllString(comment.ReplaceAllString(up, ""), -1) {
			t.Errorf("%s: uses %s; write timestamptz, date or bigint", file, strings.TrimSpace(word))
		}
	}
}

func TestFingerprint_isStable(t *testing.T) {
	t.Parallel()
	if got := migrations.Fingerprint(); len(got) != 16 || got != migrations.Fingerprint() {
		t.Errorf("got %q", got)
	}
}
