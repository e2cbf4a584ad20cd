package desk

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/clock"
	"robotbailiff/notify/text"
)

// caseFacts gives the values with which a notice of a kind would tell of a case as it stands. The link in it opens nothing.
func (s *Service) caseFacts(ctx context.Context, actor Actor, k text.Kind, number string) (f text.Facts, err error) {
	id, err := caseno.Parse(number)
	if err != nil {
		return f, ErrNotFound
	}
	f = text.Longest(k)
	err = s.read(ctx, func(tx pgx.Tx) error {
		cases, err := engine.Load(ctx, tx, []int64{id})
		if err != nil {
			return err
		}
		if len(cases) != 1 || !actor.Sees(cases[0].Region) {
			return ErrNotFound
		}
		c := cases[0]
		w, err := readWrit(ctx, tx, id)
		if err != nil {
			return err
		}
		f.Case, f.Initials, f.Bailiff = caseno.Format(id), text.Initials(w.name), w.writ.Bailiff
		if s.cfg.Host != "" {
			f.Host = s.cfg.Host
		}
		f.Amount, f.Outstanding, f.Arrested = c.Outstanding, c.Outstanding, c.LiveArrest() != nil
		if k == text.PartPaid || k == text.Paid {
			f.Amount = c.Paid
		}
		f.Until = c.TermEndsOn
		if !c.VoluntaryEndsOn.IsZero() {
			f.Until = c.VoluntaryEndsOn
		}
		if k == text.HandedOver || k == text.Cancelled || k == text.NotYours || k == text.Paid || k == text.Refusal || k == text.RefundDue {
			f.Until = text.Facts{}.Until // these say no day
		}
		return nil
	})
	if err != nil && !errors.Is(err, ErrNotFound) {
		return f, fmt.Errorf("desk: case %d: %w", id, err)
	}
	return f, err
}

const (
	// sentSQL reads all notices: no index is kept for a number that is looked at now and then.
	sentSQL     = `SELECT text_version, count(*) FROM notices WHERE attempts > denied GROUP BY text_version`
	sentTimeSQL = `SET LOCAL statement_timeout = '2s'`
	// sentAboutSQL is what the database itself believes of a table that is too large to be read now.
	sentAboutSQL = `SELECT u.v::integer, (u.f * c.reltuples)::bigint
  FROM pg_stats s JOIN pg_class c ON c.oid = 'notices'::regclass,
       unnest(s.most_common_vals::text::text[], s.most_common_freqs) u (v, f)
 WHERE s.schemaname = 'public' AND s.tablename = 'notices' AND s.attname = 'text_version'`
)

// sentFor is how long the counts are believed, in real time.
const sentFor = time.Minute

// sent is how many notices were sent with each version.
type sent struct {
	of    map[int]int64
	about bool // estimated
}

// sentCounts remembers the numbers.
type sentCounts struct {
	mu     sync.Mutex
	last   sent
	looked clock.Stopwatch
}

// counts gives the numbers, at most a minute old. Who comes while they are being read waits for the same reading.
func (c *sentCounts) counts(ctx context.Context, pool *pgxpool.Pool) (sent, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last.of != nil && c.looked.Elapsed() < sentFor {
		return c.last, nil
	}
	var n sent
	err := pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) (err error) {
		if _, err = tx.Exec(ctx, sentTimeSQL); err == nil {
			n.of, err = byVersion(ctx, tx, sentSQL)
		}
		return err
	})
	if late, ok := errors.AsType[*pgconn.PgError](err); ok && late.Code == "57014" { // query_canceled
		n.about = true
		n.of, err = byVersion(ctx, pool, sentAboutSQL)
	}
	if err != nil {
		return sent{}, fmt.Errorf("desk: notices by version: %w", err)
	}
	c.last, c.looked = n, clock.StartStopwatch()
	return n, nil
}

func byVersion(ctx context.Context, q interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}, sql string,
) (map[int]int64, error) {
	rows, err := q.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	of := map[int]int64{}
	var version int
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&version, &n}, func() error { of[version] = n; return nil })
	return of, err
}
