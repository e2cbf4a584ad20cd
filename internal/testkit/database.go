package testkit

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/internal/pg"
	"robotbailiff/migrations"
)

// EnvURL names the variable with the address of a server on which tests may create databases.
// Without it each test binary starts a private server.
const EnvURL = "BAILIFF_TEST_DATABASE_URL"

// templateLock is the advisory lock under which one of several test processes makes the
// template: "testkit" in bytes.
const templateLock int64 = 0x746573746b6974

var server struct {
	mainCalled atomic.Bool

	once    sync.Once
	err     error
	url     string      // of the maintenance database
	cluster *pg.Cluster // nil when the server is not ours
	admin   *pgxpool.Pool
	serial  atomic.Int64

	sharedOnce sync.Once
	sharedErr  error
	sharedName string
	shared     *pgxpool.Pool // for Tx
}

// Main runs the tests of a package and then stops what they started. The server is started by
// the first test that asks for a database, so a run without such tests costs nothing.
func Main(m *testing.M) {
	server.mainCalled.Store(true)
	code := m.Run()
	if err := stop(); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "testkit:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// DB gives a database of the test's own with the current schema, and a pool on it. It is
// dropped at the end of the test, unless the test failed: then it stays for inspection and
// its name is logged (a private server goes with the process all the same).
func DB(tb testing.TB) *pgxpool.Pool {
	tb.Helper()
	ready(tb)
	ctx := context.Background()
	name := freshName()
	if err := clone(ctx, name); err != nil {
		tb.Fatal(err)
	}
	pool, err := pg.Open(ctx, addressOf(name), pg.WithName(appName(tb)), pg.WithMaxConns(8))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		pool.Close()
		if tb.Failed() {
			tb.Logf("the database of this test was kept: %s", name)
			return
		}
		if err := drop(ctx, name); err != nil {
			tb.Errorf("dropping the test's database: %v", err)
		}
	})
	return pool
}

// URL gives the address of a pool's database, for tests that start other processes.
func URL(tb testing.TB, pool *pgxpool.Pool) string {
	tb.Helper()
	return addressOf(pool.Config().ConnConfig.Database)
}

// Tx gives a transaction that is rolled back at the end of the test, on a database that all
// tests of the package share. It is much cheaper than [DB] and is enough wherever nothing has
// to be committed. Each subtest opens its own.
func Tx(tb testing.TB) pgx.Tx {
	tb.Helper()
	ready(tb)
	ctx := context.Background()
	server.sharedOnce.Do(func() {
		server.sharedName = freshName()
		if server.sharedErr = clone(ctx, server.sharedName); server.sharedErr != nil {
			return
		}
		server.shared, server.sharedErr = pg.Open(ctx, addressOf(server.sharedName),
			pg.WithName("testkit-tx"), pg.WithMaxConns(16), pg.WithIdleInTxTimeout(0))
	})
	if server.sharedErr != nil {
		tb.Fatal(server.sharedErr)
	}
	tx, err := server.shared.Begin(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := tx.Rollback(ctx); err != nil && !errors.Is(err, pgx.ErrTxClosed) {
			tb.Errorf("rolling the test back: %v", err)
		}
	})
	return tx
}

// ready starts or finds the server and makes the template, once per process.
func ready(tb testing.TB) {
	tb.Helper()
	server.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
		defer cancel()
		server.err = start(ctx)
	})
	if server.err != nil {
		tb.Fatal(server.err)
	}
}

func start(ctx context.Context) error {
	server.url = os.Getenv(EnvURL)
	if server.url == "" {
		if !server.mainCalled.Load() {
			return errors.New("this package has no TestMain that calls testkit.Main: add one, or set " + EnvURL)
		}
		cluster, err := StartServer(ctx)
		if err != nil {
			return err
		}
		server.cluster, server.url = cluster, cluster.URL("postgres")
	}
	var err error
	server.admin, err = pg.Open(ctx, server.url, pg.WithName("testkit-admin"), pg.WithMaxConns(4),
		pg.WithStatementTimeout(0), pg.WithLockTimeout(0), pg.WithIdleInTxTimeout(0))
	if err != nil {
		return err
	}
	return makeTemplate(ctx)
}

// StartServer starts a private server for tests in the system's temporary directory. It also
// clears away those of former runs that were killed.
func StartServer(ctx context.Context) (*pg.Cluster, error) {
	if err := pg.RemoveAbandoned(ctx, filepath.Join(os.TempDir(), "bailiff-test-*")); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "testkit: clearing former runs:", err)
	}
	dir, err := os.MkdirTemp("", "bailiff-test-")
	if err != nil {
		return nil, err
	}
	// The server's user must get through to its data.
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // see above
		return nil, err
	}
	return pg.StartEmbedded(ctx, pg.EmbeddedOptions{Dir: dir, Log: os.Stderr})
}

// StopServer stops a server of [StartServer] and deletes it.
func StopServer(ctx context.Context, cluster *pg.Cluster) error {
	return errors.Join(cluster.Stop(ctx), cluster.Remove())
}

func stop() error {
	ctx := context.Background()
	var errs []error
	if server.shared != nil {
		server.shared.Close()
		if server.cluster == nil {
			errs = append(errs, drop(ctx, server.sharedName))
		}
	}
	if server.admin != nil {
		server.admin.Close()
	}
	if server.cluster != nil {
		errs = append(errs, StopServer(ctx, server.cluster))
	}
	return errors.Join(errs...)
}

func templateName() string { return "bailiff_template_" + migrations.Fingerprint() }

// makeTemplate makes the database that all others are copied from. Several test processes meet
// here, so it happens under a lock, and only a finished template carries the mark by which the
// others know it.
func makeTemplate(ctx context.Context) error {
	conn, err := server.admin.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, templateLock); err != nil {
		return fmt.Errorf("waiting for the template: %w", err)
	}
	defer func() { _, _ = conn.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, templateLock) }()
	name := templateName()
	var finished bool
	const sql = `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND datistemplate)`
	if err := conn.QueryRow(ctx, sql, name).Scan(&finished); err != nil || finished {
		return err
	}
	quoted := pgx.Identifier{name}.Sanitize()
	for _, sql := range []string{
		"DROP DATABASE IF EXISTS " + quoted + " WITH (FORCE)", // half made by a killed run
		"CREATE DATABASE " + quoted + " TEMPLATE template0",
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("making the template: %w", err)
		}
	}
	pool, err := pg.Open(ctx, addressOf(name), pg.WithName("testkit-template"), pg.WithRole(pg.RoleMigrate))
	if err != nil {
		return err
	}
	err = migrations.Up(ctx, pool)
	pool.Close()
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "ALTER DATABASE "+quoted+" WITH IS_TEMPLATE true ALLOW_CONNECTIONS false")
	return err
}

func clone(ctx context.Context, name string) error {
	sql := "CREATE DATABASE " + pgx.Identifier{name}.Sanitize() + " TEMPLATE " + pgx.Identifier{templateName()}.Sanitize()
	if _, err := server.admin.Exec(ctx, sql); err != nil {
		return fmt.Errorf("copying the template: %w", err)
	}
	return nil
}

func drop(ctx context.Context, name string) error {
	admin := server.admin
	if admin == nil {
		return nil
	}
	_, err := admin.Exec(ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)")
	return err
}

func freshName() string {
	return fmt.Sprintf("test_%d_%d", os.Getpid(), server.serial.Add(1))
}

// addressOf replaces the database in the server's address.
func addressOf(database string) string {
	u, err := url.Parse(server.url)
	if err != nil || u.Scheme == "" {
		panic(EnvURL + " must be written as postgres://…") // pg.Open accepts more than we can rewrite
	}
	u.Path = "/" + database
	return u.String()
}

// appName makes a test recognisable in pg_stat_activity, which keeps 63 characters.
func appName(tb testing.TB) string {
	name := strings.ToValidUTF8(tb.Name(), "")
	return name[:min(len(name), 63)]
}
