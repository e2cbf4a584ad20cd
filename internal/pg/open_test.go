package pg_test

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/internal/pg"
	"robotbailiff/internal/testkit"
)

// open gives a pool of its own on the database of another one.
func open(t *testing.T, base *pgxpool.Pool, opts ...pg.Option) *pgxpool.Pool {
	t.Helper()
	pool, err := pg.Open(t.Context(), testkit.URL(t, base), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func TestOpen_boundsTheSession(t *testing.T) {
	t.Parallel()
	base := testkit.DB(t)
	for role, want := range map[pg.Role]string{pg.RoleWeb: "5s", pg.RoleWork: "30s", pg.RoleAudit: "10min", pg.RoleMigrate: "0"} {
		pool := open(t, base, pg.WithRole(role), pg.WithMaxConns(2))
		for setting, value := range map[string]string{
			"timezone": "UTC", "statement_timeout": want, "lock_timeout": "3s",
			"idle_in_transaction_session_timeout": "10s", "application_name": "bailiff-" + string(role),
		} {
			var got string
			if err := pool.QueryRow(t.Context(), `SELECT current_setting($1)`, setting).Scan(&got); err != nil || got != value {
				t.Errorf("%s: %s is %q, want %q (%v)", role, setting, got, value, err)
			}
		}
		if got := pool.Config().MaxConns; got != 2 {
			t.Errorf("%s: %d connections", role, got)
		}
	}
}

func TestOpen_addressMayAskForFewerConnections(t *testing.T) {
	t.Parallel()
	base := testkit.URL(t, testkit.DB(t)) + "&pool_max_conns="
	for asked, want := range map[string]int32{"3": 3, "40": 8} {
		pool, err := pg.Open(t.Context(), base+asked, pg.WithMaxConns(8))
		if err != nil {
			t.Fatal(err)
		}
		if got := pool.Config().MaxConns; got != want {
			t.Errorf("%s asked for of 8: %d, want %d", asked, got, want)
		}
		pool.Close()
	}
}

func TestOpen_auditOnlyReads(t *testing.T) {
	t.Parallel()
	pool := open(t, testkit.DB(t), pg.WithRole(pg.RoleAudit))
	if _, err := pool.Exec(t.Context(), `CREATE TABLE x (y int)`); err == nil || !strings.Contains(err.Error(), "25006") {
		t.Errorf("an audit session wrote: %v", err)
	}
}

func TestOpen_endsLongStatements(t *testing.T) {
	t.Parallel()
	pool := open(t, testkit.DB(t), pg.WithStatementTimeout(20*time.Millisecond))
	if _, err := pool.Exec(t.Context(), `SELECT pg_sleep(10)`); err == nil || !strings.Contains(err.Error(), "57014") {
		t.Errorf("got %v", err)
	}
}

const secret = "sw0rdf:sh@/?%"

func TestOpen_saysCauseAndRemedyAndNoPassword(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	_ = l.Close()
	escaped := url.UserPassword("u", secret).String()
	for name, c := range map[string]struct {
		url  string
		want []string
	}{
		"nothing":     {"", []string{"no database address", "BAILIFF_DATABASE_URL", "--db embedded"}},
		"unreachable": {"postgres://" + escaped + "@" + closed + "/x", []string{"cannot reach the database at " + closed + "/x", "refused", "start it or set BAILIFF_DATABASE_URL"}},
		"no host":     {"postgres://" + escaped + "@nowhere.invalid/x", []string{"nowhere.invalid", "BAILIFF_DATABASE_URL"}},
		"no socket":   {"postgres://" + escaped + "@/x?host=/nonexistent", []string{"/nonexistent/x", "no such file"}},
		"simple":      {"postgres://" + escaped + "@h/x?default_query_exec_mode=simple_protocol", []string{"remove default_query_exec_mode"}},
		"not escaped": {"postgres://u:" + secret + "@h/x", []string{"not a PostgreSQL address", "postgres://user@host"}},
		"bad port":    {"postgres://" + escaped + "@h:port/x", []string{"not a PostgreSQL address"}},
		"bad option":  {"postgres://" + escaped + "@h/x?sslmode=" + secret, []string{"not a PostgreSQL address"}},
		"not a url":   {"host=h password='" + secret + "' port=x", []string{"not a PostgreSQL address"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := pg.Open(t.Context(), c.url)
			connect, ok := errors.AsType[*pg.ConnectError](err)
			if !ok || connect.Cause == "" || connect.Remedy == "" {
				t.Fatalf("got %v", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			for _, part := range []string{"sw0rdf", secret, escaped} {
				if strings.Contains(err.Error(), part) {
					t.Errorf("%q holds the password", err)
				}
			}
		})
	}
}

func TestOpen_knowsTheServersRefusals(t *testing.T) {
	t.Parallel()
	base := testkit.URL(t, testkit.DB(t))
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/missing_database"
	_, err = pg.Open(t.Context(), u.String())
	if err == nil || !strings.Contains(err.Error(), "create the database") {
		t.Errorf("got %v", err)
	}
}

func TestOpen_waitsForAServerThatComesUp(t *testing.T) {
	t.Parallel()
	base, err := url.Parse(testkit.URL(t, testkit.DB(t)))
	if err != nil {
		t.Fatal(err)
	}
	config, err := pgxpool.ParseConfig(base.String())
	if err != nil {
		t.Fatal(err)
	}
	dials := 0
	real := config.ConnConfig.DialFunc
	pool, err := pg.Open(t.Context(), base.String(), pg.WithWait(10*time.Second), pg.WithConfig(func(c *pgxpool.Config) {
		c.MinConns = 0
		c.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if dials++; dials < 3 {
				return nil, errors.New("not yet")
			}
			return real(ctx, network, addr)
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	pool.Close()
	if dials < 3 {
		t.Errorf("%d dials", dials)
	}
}

func TestDurable_namesWhatIsOff(t *testing.T) {
	t.Parallel()
	base := testkit.DB(t)
	pool := open(t, base, pg.WithConfig(func(c *pgxpool.Config) {
		c.ConnConfig.RuntimeParams["synchronous_commit"] = "off"
	}))
	err := pg.Durable(t.Context(), pool)
	if _, ok := errors.AsType[*pg.NotDurableError](err); !ok || !strings.Contains(err.Error(), "synchronous_commit") {
		t.Errorf("got %v", err)
	}
}
