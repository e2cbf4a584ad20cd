package bench

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"
)

// floorConns is the number of connections of every comparison by COPY.
const floorConns = 2

// table is one table of the product, with the columns that can be written.
type table struct {
	name, columns string
	pages, rows   int64
}

// tablesSQL lists the tables that hold what the product has left behind; the job queue's rows are not among them, since
// they are removed in time.
const tablesSQL = `SELECT c.relname, pg_relation_size(c.oid) / current_setting('block_size')::int,
       (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '')
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname NOT LIKE 'river%' AND c.relname NOT LIKE 'goose%'
 ORDER BY c.relname`

func tablesOf(ctx context.Context, pool *pgxpool.Pool) ([]table, error) {
	rows, err := pool.Query(ctx, tablesSQL)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (table, error) {
		var t table
		err := row.Scan(&t.name, &t.pages, &t.columns)
		return t, err
	})
	if err != nil {
		return nil, err
	}
	for i := range all {
		if err := pool.QueryRow(ctx, `SELECT count(*) FROM `+all[i].name).Scan(&all[i].rows); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(all, func(t table) bool { return t.rows == 0 }), nil
}

// piece is a part of a table in a file.
type piece struct {
	table
	file string
}

// partPages is how many pages of a table go into one piece, so that two connections share every table.
const partPages = 4096

// copyFloor writes the rows of a database once more, by COPY into the same tables and indexes of an empty database, from
// files that are made before. Triggers and foreign keys are off there: it is the least that these rows can cost.
func copyFloor(ctx context.Context, p *place, from *pgxpool.Pool, name string) (c cost, rows int64, err error) {
	tables, err := tablesOf(ctx, from)
	if err != nil {
		return c, 0, fmt.Errorf("bench: floor: %w", err)
	}
	dir := filepath.Join(p.dir, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return c, 0, fmt.Errorf("bench: floor: %w", err)
	}
	var pieces []piece
	for _, t := range tables {
		if given(t.name) {
			continue
		}
		rows += t.rows
		more, err := dump(ctx, from, t, dir)
		if err != nil {
			return c, rows, fmt.Errorf("bench: floor: %s: %w", t.name, err)
		}
		pieces = append(pieces, more...)
	}
	// Tables take turns, so that the two connections are not always in the same one.
	slices.SortStableFunc(pieces, func(a, b piece) int { return cmp.Compare(a.pages, b.pages) })
	costs := make([]cost, floorRuns)
	for i := range costs {
		if costs[i], err = loadOnce(ctx, p, name, pieces, tables); err != nil {
			return c, rows, fmt.Errorf("bench: floor: %w", err)
		}
	}
	slices.SortFunc(costs, func(a, b cost) int { return cmp.Compare(a.seconds, b.seconds) })
	return costs[len(costs)/2], rows, os.RemoveAll(dir)
}

// floorRuns is how often the floor is measured; the median counts. It lasts a fifth of what it is compared with, so that other
// work on the machine hits it harder.
const floorRuns = 3

// loadOnce fills a new database of the given name; one that was there is gone.
func loadOnce(ctx context.Context, p *place, name string, pieces []piece, tables []table) (cost, error) {
	to, err := p.database(ctx, name)
	if err != nil {
		return cost{}, err
	}
	c, err := measure(ctx, to, p, func() error { return load(ctx, to, pieces) })
	if err == nil {
		err = sameCounts(ctx, to, tables)
	}
	to.Close()
	return c, err
}

func dump(ctx context.Context, pool *pgxpool.Pool, t table, dir string) (out []piece, err error) {
	step := max(min(partPages, (t.pages+1)/2), 1)
	for first := int64(0); first < t.pages; first += step {
		pc := piece{t, filepath.Join(dir, fmt.Sprintf("%s-%d", t.name, first))}
		pc.pages = first / step // turn
		f, err := os.Create(pc.file)
		if err != nil {
			return nil, err
		}
		err = pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
			if _, err := conn.Exec(ctx, `SET statement_timeout = 0`); err != nil {
				return err
			}
			_, err := conn.Conn().PgConn().CopyTo(ctx, f, fmt.Sprintf(`COPY (SELECT %s FROM %s WHERE ctid >= '(%d,0)' AND ctid < '(%d,0)') TO STDOUT (FORMAT binary)`,
				t.columns, t.name, first, first+step))
			return err
		})
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return nil, err
		}
		out = append(out, pc)
	}
	return out, nil
}

// load copies the pieces in over two connections.
func load(ctx context.Context, to *pgxpool.Pool, pieces []piece) error {
	g, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range floorConns {
		g.Go(func() error {
			return to.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
				for _, set := range []string{`SET statement_timeout = 0`, `SET session_replication_role = replica`} {
					if _, err := conn.Exec(ctx, set); err != nil {
						return err
					}
				}
				for {
					i := int(next.Add(1)) - 1
					if i >= len(pieces) {
						_, err := conn.Exec(ctx, `RESET session_replication_role`)
						return err
					}
					if err := loadPiece(ctx, conn.Conn().PgConn(), pieces[i]); err != nil {
						return err
					}
				}
			})
		})
	}
	return g.Wait()
}

func loadPiece(ctx context.Context, conn *pgconn.PgConn, pc piece) error {
	f, err := os.Open(pc.file)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if _, err := conn.CopyFrom(ctx, f, fmt.Sprintf(`COPY %s (%s) FROM STDIN (FORMAT binary)`, pc.name, pc.columns)); err != nil {
		return fmt.Errorf("%s: %w", pc.name, err)
	}
	return nil
}

// given says that a table has its rows, few as they are, from the beginning: nothing is written to it.
func given(name string) bool {
	return name == "robot" || name == "instance" || name == "trials" || name == "decrees_seen"
}

// sameCounts proves that the comparison wrote what it is compared with.
func sameCounts(ctx context.Context, to *pgxpool.Pool, want []table) error {
	got, err := tablesOf(ctx, to)
	if err != nil {
		return err
	}
	for i, t := range want {
		if i >= len(got) || got[i].name != t.name || got[i].rows != t.rows && !given(t.name) {
			return fmt.Errorf("bench: floor: %s has %d rows there, but not here", t.name, t.rows)
		}
	}
	return nil
}
