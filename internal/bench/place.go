package bench

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"

	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/internal/giveway"
	"robotbailiff/internal/pg"
	"robotbailiff/migrations"
)

// place is a server of the run's own, durable unless it was begun anew as one that is not.
type place struct {
	options Options
	dir     string
	cluster *pg.Cluster
	hasty   bool
	remove  func() error
}

func openPlace(ctx context.Context, o Options) (*place, error) {
	dir, remove, err := o.folder()
	if err != nil {
		return nil, err
	}
	p := &place{options: o, dir: dir, remove: remove}
	if err := p.begin(ctx); err != nil {
		return nil, errors.Join(err, remove())
	}
	return p, nil
}

func (p *place) begin(ctx context.Context) error {
	settings := p.options.settings()
	if p.hasty {
		maps.Copy(settings, map[string]string{"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_wal_size": "2GB"})
	}
	c, err := pg.StartEmbedded(ctx, pg.EmbeddedOptions{Dir: filepath.Join(p.dir, "pg"), Durable: true, Settings: settings})
	if err == nil { // else the one of before, which has stopped, removes what is left
		p.cluster = c
	}
	return err
}

// anew stops the server, whose connections are closed, and begins it again with what it holds. A hasty one waits for no disk, for what is
// made and not measured: a commit that waits for a slow one is given up after some seconds.
func (p *place) anew(ctx context.Context, hasty bool) error {
	if err := p.cluster.Stop(ctx); err != nil {
		return err
	}
	p.hasty = hasty
	return p.begin(ctx)
}

// close stops the server and removes all it had.
func (p *place) close() error {
	ctx := context.Background()
	return errors.Join(p.cluster.Stop(ctx), p.cluster.Remove(), p.remove())
}

// database makes an empty database with the schema of the product.
func (p *place) database(ctx context.Context, name string) (*pgxpool.Pool, error) {
	if err := p.cluster.EnsureDatabase(ctx, name, true); err != nil {
		return nil, err
	}
	up, err := pg.Open(ctx, p.cluster.URL(name), pg.WithRole(pg.RoleMigrate), pg.WithMaxConns(2))
	if err != nil {
		return nil, err
	}
	err = migrations.Up(ctx, up)
	up.Close()
	if err != nil {
		return nil, fmt.Errorf("bench: schema: %w", err)
	}
	return p.pool(ctx, name)
}

// pool opens a database of the place.
func (p *place) pool(ctx context.Context, name string) (*pgxpool.Pool, error) {
	pool, err := pg.Open(ctx, p.cluster.URL(name), pg.WithName("bailiff-bench"), pg.WithMaxConns(24), pg.WithConfig(func(c *pgxpool.Config) { c.AfterConnect = giveway.Session }))
	if err != nil {
		return nil, err
	}
	if !p.hasty {
		err = pg.Durable(ctx, pool)
	}
	return pool, errors.Join(err, checkpoint(ctx, pool))
}

// checkpoint lets every measurement begin in the same state of the log.
func checkpoint(ctx context.Context, pool *pgxpool.Pool) error {
	_, err := pool.Exec(ctx, `CHECKPOINT`)
	return err
}

// tended lets the server's housekeeping go over all tables, as it does by itself in the days between an opening and the money for it.
func tended(ctx context.Context, pool *pgxpool.Pool) error {
	own, err := pg.Open(ctx, pool.Config().ConnString(), pg.WithRole(pg.RoleMigrate), pg.WithMaxConns(1))
	if err != nil {
		return err
	}
	defer own.Close()
	_, err = own.Exec(ctx, `VACUUM (ANALYZE)`)
	return err
}
