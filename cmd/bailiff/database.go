package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine/restored"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/seal"
	"robotbailiff/migrations"
)

// embeddedName is the database of the persistent private cluster.
const embeddedName = "bailiff"

// database is an open database and, if it is private, the hold on its server.
type database struct {
	pool    *pgxpool.Pool
	url     string
	cluster *pg.Cluster
	turn    *pgx.Conn // holds the name of a demo's database
}

// home is the folder of the embedded database and its key.
func home() string {
	if h := os.Getenv("BAILIFF_HOME"); h != "" {
		return h
	}
	return "var"
}

// open opens the database that the flags or the environment select. need says what the command needs of it.
func (e *env) open(ctx context.Context, opts ...pg.Option) (*database, error) {
	target := e.db
	if target == "" {
		target = os.Getenv("BAILIFF_DATABASE_URL")
	}
	switch {
	case target == "":
		return nil, usagef("%s needs a database: give --db embedded or --db postgres://…, or set BAILIFF_DATABASE_URL", e.flags.Name())
	case target == "embedded":
		return e.openEmbedded(ctx, embeddedName, false, opts...)
	case !strings.HasPrefix(target, "postgres://") && !strings.HasPrefix(target, "postgresql://"):
		return nil, usagef("--db is neither embedded nor a postgres:// URL")
	}
	pool, err := pg.Open(ctx, target, opts...)
	if err != nil {
		return nil, err
	}
	return &database{pool: pool, url: target}, nil
}

func (e *env) startCluster(ctx context.Context) (*pg.Cluster, error) {
	c, err := pg.StartEmbedded(ctx, pg.EmbeddedOptions{Dir: filepath.Join(home(), "pg"), Durable: true})
	if err != nil {
		if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
			return nil, fmt.Errorf("embedded database: %w: it lives in %q, which cannot be written; set BAILIFF_HOME to a folder that can", err, home())
		}
		return nil, fmt.Errorf("embedded database: %w", err)
	}
	return c, nil
}

func (e *env) openEmbedded(ctx context.Context, name string, fresh bool, opts ...pg.Option) (*database, error) {
	c, err := e.startCluster(ctx)
	if err != nil {
		return nil, err
	}
	d := &database{cluster: c, url: c.URL(name)}
	if err := c.EnsureDatabase(ctx, name, fresh); err != nil {
		return nil, errors.Join(err, d.close(ctx))
	}
	if d.pool, err = pg.Open(ctx, d.url, opts...); err != nil {
		return nil, errors.Join(err, d.close(ctx))
	}
	return d, nil
}

// openFresh gives a new, empty database of the embedded cluster. Two demos at once get two databases.
func (e *env) openFresh(ctx context.Context, base string, opts ...pg.Option) (*database, error) {
	c, err := e.startCluster(ctx)
	if err != nil {
		return nil, err
	}
	d := &database{cluster: c}
	if d.turn, err = pgx.Connect(ctx, c.URL("postgres")); err != nil {
		return nil, errors.Join(fmt.Errorf("embedded database: %w", err), d.close(ctx))
	}
	name := ""
	for i := 1; i <= 20 && name == ""; i++ {
		candidate := base
		if i > 1 {
			candidate = fmt.Sprintf("%s_%d", base, i)
		}
		var free bool
		if err := d.turn.QueryRow(ctx, `SELECT pg_try_advisory_lock(hashtextextended($1, 7))`, candidate).Scan(&free); err != nil {
			return nil, errors.Join(err, d.close(ctx))
		}
		if free {
			name = candidate
		}
	}
	if name == "" {
		return nil, errors.Join(errors.New("twenty demos run at once in this folder: end one of them"), d.close(ctx))
	}
	d.url = c.URL(name)
	if err := c.EnsureDatabase(ctx, name, true); err != nil {
		return nil, errors.Join(err, d.close(ctx))
	}
	if d.pool, err = pg.Open(ctx, d.url, opts...); err != nil {
		return nil, errors.Join(err, d.close(ctx))
	}
	return d, nil
}

// close lets go of the database; the last to let go of an embedded server stops it.
func (d *database) close(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	if d.pool != nil {
		d.pool.Close()
	}
	var errs []error
	if d.turn != nil {
		errs = append(errs, d.turn.Close(ctx))
	}
	if d.cluster != nil {
		errs = append(errs, d.cluster.Stop(ctx))
	}
	return errors.Join(errs...)
}

// current refuses to work on a schema that is not up to date.
func (d *database) current(ctx context.Context) error { return migrations.Current(ctx, d.pool) }

// keys loads the secret of the installation. The embedded database has its own, made on first use.
func (d *database) keys() (*seal.Keys, error) {
	if path := os.Getenv("BAILIFF_SECRET_FILE"); path != "" {
		return seal.Load(path)
	}
	if d.cluster == nil && !d.ownSocket() {
		return nil, usagef("set BAILIFF_SECRET_FILE to the file with the installation's secret (32 random bytes in base64, mode 0400)")
	}
	return seal.LoadOrCreate(filepath.Join(home(), "secret.key"))
}

// openMark finds the file that tells an older copy of a database: beside the secret key, unless it is told to be elsewhere.
func openMark() (*restored.Mark, error) {
	path := os.Getenv("BAILIFF_MARK_FILE")
	if path == "" {
		dir := home()
		if secret := os.Getenv("BAILIFF_SECRET_FILE"); secret != "" {
			dir = filepath.Dir(secret)
		}
		path = filepath.Join(dir, "mark.json")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("mark of the database: %w: set BAILIFF_MARK_FILE to a file that can be written and is not restored with the database", err)
	}
	return restored.NewMark(path), nil
}

// ownSocket says whether the URL leads to the embedded server of this folder, as the demo prints it.
func (d *database) ownSocket() bool {
	u, err := url.Parse(d.url)
	if err != nil {
		return false
	}
	dir, err := filepath.Abs(filepath.Join(home(), "pg"))
	return err == nil && strings.HasPrefix(u.Query().Get("host"), dir+string(filepath.Separator))
}

// print writes the one JSON object of a command, or its plain text.
func (e *env) print(v any, plain func()) error {
	if !e.json {
		plain()
		return nil
	}
	enc := json.NewEncoder(e.stdout)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
