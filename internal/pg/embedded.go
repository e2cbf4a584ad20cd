package pg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"robotbailiff/internal/clock"
)

const (
	clusterUser = "bailiff" // superuser of every embedded cluster, created by initdb
	clusterPort = "5432"    // names the socket file only; nothing listens on TCP
	startLimit  = 90 * time.Second
	stopLimit   = 30 * time.Second
)

// EmbeddedOptions says where a private server lives and how careful it is.
type EmbeddedOptions struct {
	// Dir holds the lock, the log and, where the server's user can reach it, the data.
	Dir string
	// Durable turns fsync on. Only tests, whose data nobody misses, may leave it off.
	Durable bool
	// Log receives one line for each thing worth knowing; nil drops them.
	Log io.Writer
	// Settings are added to the server's command line and win over the defaults.
	Settings map[string]string
}

// Cluster is one process's hold on a private server. Several processes may hold the same one;
// the last to let go stops it.
type Cluster struct {
	opts    EmbeddedOptions
	bin     binaries
	owner   owner
	place   place
	startMu *fileLock // guards starting and stopping
	useMu   *fileLock // shared by all who use the server

	mu      sync.Mutex
	stopped bool
	exited  chan struct{} // closed when a postmaster started by this process is gone
}

// StartEmbedded gives a running private PostgreSQL server on a unix socket below opts.Dir. It
// creates the cluster on first use, joins a server that another process or a killed former run
// left behind, and starts one otherwise. Call [Cluster.Stop] when done.
func StartEmbedded(ctx context.Context, opts EmbeddedOptions) (*Cluster, error) {
	if opts.Dir == "" {
		return nil, errors.New("the embedded database needs a directory")
	}
	dir, err := filepath.Abs(opts.Dir)
	if err != nil {
		return nil, fmt.Errorf("the embedded database's directory: %w", err)
	}
	opts.Dir = dir
	if opts.Log == nil {
		opts.Log = io.Discard
	}
	c := &Cluster{opts: opts}
	if err := makeDir(dir); err != nil {
		return nil, err
	}
	if c.useMu, err = openLock(filepath.Join(dir, "lock")); err != nil {
		return nil, err
	}
	if c.startMu, err = openLock(filepath.Join(dir, "start.lock")); err != nil {
		c.useMu.close()
		return nil, err
	}
	if err := c.begin(ctx); err != nil {
		c.useMu.close()
		c.startMu.close()
		return nil, fmt.Errorf("embedded database in %s: %w", dir, err)
	}
	return c, nil
}

func (c *Cluster) begin(ctx context.Context) error {
	if err := c.useMu.share(ctx); err != nil {
		return err
	}
	if err := c.startMu.exclude(ctx); err != nil {
		return err
	}
	defer c.startMu.release()
	var err error
	if c.owner, err = serverUser(); err != nil {
		return err
	}
	if c.place, err = choosePlace(c.opts, c.owner); err != nil {
		return err
	}
	for _, note := range c.place.notes {
		_, _ = fmt.Fprintln(c.opts.Log, note)
	}
	if c.bin, err = findBinaries(ctx, c.opts, c.owner, c.place.majorVersion()); err != nil {
		return err
	}
	if err := c.initialise(ctx); err != nil {
		return err
	}
	return c.ensureRunning(ctx)
}

// URL addresses one database of the cluster, for [Open] and for psql alike.
func (c *Cluster) URL(db string) string {
	u := url.URL{Scheme: "postgres", User: url.User(clusterUser), Path: "/" + db}
	u.RawQuery = url.Values{"host": {c.place.socket}, "port": {clusterPort}}.Encode()
	return u.String()
}

// DataDir tells where the data really is; see [EmbeddedOptions].
func (c *Cluster) DataDir() string { return c.place.data }

// LogFile is the server's own log.
func (c *Cluster) LogFile() string { return c.place.log }

// PostmasterPID gives the server's process id, or 0 when none is known.
func (c *Cluster) PostmasterPID() int { return readPID(c.place.data) }

var databaseName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// EnsureDatabase creates the database when it is missing. With fresh an existing one is
// dropped first, with all that is in it and whoever is connected.
func (c *Cluster) EnsureDatabase(ctx context.Context, name string, fresh bool) error {
	if !databaseName.MatchString(name) {
		return fmt.Errorf("%q is no database name: use lower case letters, digits and _", name)
	}
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err != nil {
		return fmt.Errorf("creating database %s: %w", name, err)
	}
	defer closeConn(ctx, conn)
	quoted := pgx.Identifier{name}.Sanitize()
	if fresh {
		if _, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+quoted+" WITH (FORCE)"); err != nil {
			return fmt.Errorf("dropping database %s: %w", name, err)
		}
	}
	_, err = conn.Exec(ctx, "CREATE DATABASE "+quoted+" TEMPLATE template0")
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && (pgErr.Code == "42P04" || pgErr.Code == "23505") {
		return nil // there already, or another process was faster
	}
	if err != nil {
		return fmt.Errorf("creating database %s: %w", name, err)
	}
	return nil
}

// Restart brings the server back after it was killed: it waits until the old backends have
// left the shared memory and starts a new one on the same data. On a living server it does
// nothing, so several processes may call it at once.
func (c *Cluster) Restart(ctx context.Context) error {
	if err := c.startMu.exclude(ctx); err != nil {
		return err
	}
	defer c.startMu.release()
	return c.ensureRunning(ctx)
}

// Stop lets go of the server. The last process to do so shuts it down (fast mode) and waits
// for its end; the others leave it running. It may be called twice. When ctx is already over,
// Stop still takes the time it needs, up to half a minute.
func (c *Cluster) Stop(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return nil
	}
	c.stopped = true
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
	defer cancel()
	defer c.useMu.close()
	defer c.startMu.close()
	if err := c.startMu.exclude(ctx); err != nil {
		return fmt.Errorf("stopping the embedded database: %w", err)
	}
	if !c.useMu.tryExclude() {
		return nil // somebody else still works with it
	}
	if err := c.shutdown(ctx); err != nil {
		return fmt.Errorf("stopping the embedded database in %s: %w", c.opts.Dir, err)
	}
	return nil
}

// Remove deletes all that a stopped cluster left on disk, including what lies outside its
// directory.
func (c *Cluster) Remove() error {
	var errs []error
	for _, dir := range []string{c.place.data, c.place.socket, c.place.elsewhere, c.opts.Dir} {
		if dir != "" {
			errs = append(errs, os.RemoveAll(dir))
		}
	}
	return errors.Join(errs...)
}

func closeConn(ctx context.Context, conn *pgx.Conn) {
	detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = conn.Close(detached)
}

// RemoveAbandoned stops and deletes clusters whose directories match the pattern and that no
// process holds any more, as killed test runs leave them. Those younger than a minute are
// spared, since their owner may just be starting.
func RemoveAbandoned(ctx context.Context, pattern string) error {
	dirs, err := filepath.Glob(pattern)
	if err != nil {
		return err
	}
	var errs []error
	for _, dir := range dirs {
		info, err := os.Stat(filepath.Join(dir, "lock"))
		if err != nil || clock.Age(info.ModTime()) < time.Minute {
			continue
		}
		errs = append(errs, removeAbandoned(ctx, dir))
	}
	return errors.Join(errs...)
}

func removeAbandoned(ctx context.Context, dir string) error {
	lock, err := openLock(filepath.Join(dir, "lock"))
	if err != nil {
		return nil //nolint:nilerr // somebody else's, or just gone
	}
	defer lock.close()
	if !lock.tryExclude() {
		return nil
	}
	c := &Cluster{opts: EmbeddedOptions{Dir: dir}}
	if c.owner, err = serverUser(); err != nil {
		return err
	}
	if c.place, err = choosePlace(c.opts, c.owner); err != nil {
		return err
	}
	if err := c.shutdown(ctx); err != nil {
		return fmt.Errorf("stopping the abandoned server in %s: %w", dir, err)
	}
	return c.Remove()
}
