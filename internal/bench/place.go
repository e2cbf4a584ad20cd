package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/internal/giveway"
	"robotbailiff/internal/pg"
	"robotbailiff/migrations"
)

// place is a durable server of the run's own.
type place struct {
	dir     string
	cluster *pg.Cluster
	remove  func() error
}

func openPlace(ctx context.Context, o Options) (*place, error) {
	dir, remove, err := o.folder()
	if err != nil {
		return nil, err
	}
	c, err := pg.StartEmbedded(ctx, pg.EmbeddedOptions{Dir: filepath.Join(dir, "pg"), Durable: true, Settings: o.settings()})
	if err != nil {
		return nil, errors.Join(err, remove())
	}
	return &place{dir: dir, cluster: c, remove: remove}, nil
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
	pool, err := pg.Open(ctx, p.cluster.URL(name), pg.WithName("bailiff-bench"), pg.WithMaxConns(24), pg.WithConfig(func(c *pgxpool.Config) { c.AfterConnect = giveway.Session }))
	if err != nil {
		return nil, err
	}
	return pool, errors.Join(pg.Durable(ctx, pool), checkpoint(ctx, pool))
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
