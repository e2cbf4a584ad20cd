package bench

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"robotbailiff/engine/intake"
)

// Import takes a court batch of N rows in, with everything that opening a case brings with it: the decision with its
// trace, debtor, writ, case, event, due date, notices with their links, ledger, one verdict a row. It compares that with a
// raw COPY of the same input rows, with a COPY of the rows that it left behind, and with the same file again.
func Import(ctx context.Context, o Options) (ImportResult, error) {
	o, err := o.withDefaults(1_000_000)
	if err != nil {
		return ImportResult{}, err
	}
	p, err := openPlace(ctx, o)
	if err != nil {
		return ImportResult{}, err
	}
	res, err := importBatch(ctx, o, p)
	return res, errors.Join(err, p.close())
}

func importBatch(ctx context.Context, o Options, p *place) (ImportResult, error) {
	res := ImportResult{Name: "import", N: o.N, Format: o.Format}
	pool, err := p.database(ctx, "imports")
	if err != nil {
		return res, err
	}
	defer pool.Close()
	// The job queue is asked for work as ever; nobody works it here, that is what lifecycle measures.
	r, err := newRig(ctx, p, pool, rigOptions{n: 0})
	if err != nil {
		return res, err
	}
	table, err := r.batch(o, o.N, false, "court.csv")
	if err != nil {
		return res, err
	}
	file := table
	if o.Format == XML {
		if file, err = r.batch(o, o.N, false, "court.xml"); err != nil {
			return res, err
		}
	}
	o.say("import: %d rows as %s", o.N, o.Format)
	resetPeak()
	var rep, again intake.Report
	var first cost
	err = o.profiled(ctx, p, pool, func() error {
		first, err = measure(ctx, pool, p, func() error { rep, err = r.take(ctx, file, 0); return err })
		return err
	})
	if err != nil {
		return res, fmt.Errorf("bench: import: %w", err)
	}
	res.PeakMB = peakMemory()
	o.say("import: the rows it left behind by COPY")
	floor, rows, err := copyFloor(ctx, p, pool, "floor")
	if err != nil {
		return res, err
	}
	o.say("import: the same file again")
	if err := checkpoint(ctx, pool); err != nil {
		return res, err
	}
	second, err := measure(ctx, pool, p, func() error { again, err = r.take(ctx, file, 0); return err })
	if err != nil {
		return res, fmt.Errorf("bench: import again: %w", err)
	}
	if err := r.verifyImport(ctx, o.N, rep, again); err != nil {
		return res, err
	}
	o.say("import: the same input rows by raw COPY")
	raw, err := rawCopy(ctx, p, table, o.N)
	if err != nil {
		return res, err
	}
	res.fill(rep, first, second, raw, floor, rows)
	return res, nil
}

// verifyImport proves that the sums agree, that the repetition opened nothing, and that no invariant is broken.
func (r *rig) verifyImport(ctx context.Context, n int, rep, again intake.Report) error {
	if rep.Rows != n || rep.Accepted+rep.Duplicate+rep.Rejected+rep.Quarantined != n || rep.Accepted == 0 {
		return fmt.Errorf("bench: import: %d rows gave %d accepted, %d duplicate, %d rejected, %d quarantined", n, rep.Accepted, rep.Duplicate, rep.Rejected, rep.Quarantined)
	}
	if again.Rows != n || again.Duplicate != n || again.SameAs != rep.BatchID {
		return fmt.Errorf("bench: import again: of %d rows %d are duplicates", again.Rows, again.Duplicate)
	}
	var cases int
	if err := r.pool.QueryRow(ctx, `SELECT count(*) FROM cases`).Scan(&cases); err != nil {
		return err
	}
	if cases != rep.Accepted {
		return fmt.Errorf("bench: import: %d rows were accepted, there are %d cases", rep.Accepted, cases)
	}
	return r.checkAll(ctx)
}

// inputColumns is the number of columns of a court batch.
const inputColumns = 22

const stagingSQL = `CREATE TABLE staging (row_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	source text, document_number text, document_date text, in_force_date text, kind text, issuer_bin text, issuer_name text, debtor_iin text,
	debtor_name text, debtor_birth_date text, debtor_phone text, debtor_language text, region text, amount text, currency text,
	claimant_bin text, claimant_name text, iban text, kbk text, knp text, unpaid_confirmed_on text, debtor_address text)`

const copyStagingSQL = `COPY staging (source, document_number, document_date, in_force_date, kind, issuer_bin, issuer_name, debtor_iin,
	debtor_name, debtor_birth_date, debtor_phone, debtor_language, region, amount, currency, claimant_bin, claimant_name, iban, kbk, knp,
	unpaid_confirmed_on, debtor_address) FROM STDIN (FORMAT csv)`

// rawCopy writes the input rows as they are, unchecked, over two connections into a table with nothing but a primary key.
func rawCopy(ctx context.Context, p *place, file string, n int) (cost, error) {
	pool, err := p.database(ctx, "raw")
	if err != nil {
		return cost{}, err
	}
	defer pool.Close()
	if _, err := pool.Exec(ctx, stagingSQL); err != nil {
		return cost{}, err
	}
	halves, err := splitFile(file, n)
	if err != nil {
		return cost{}, err
	}
	if err := checkpoint(ctx, pool); err != nil {
		return cost{}, err
	}
	c, err := measure(ctx, pool, p, func() error {
		g, ctx := errgroup.WithContext(ctx)
		for _, half := range halves {
			g.Go(func() error { return copyHalf(ctx, pool, file, half) })
		}
		return g.Wait()
	})
	if err != nil {
		return c, fmt.Errorf("bench: raw copy: %w", err)
	}
	var rows int
	if err := pool.QueryRow(ctx, `SELECT count(*) FROM staging`).Scan(&rows); err != nil {
		return c, err
	}
	if rows != n {
		return c, fmt.Errorf("bench: raw copy: %d of %d rows arrived", rows, n)
	}
	return c, nil
}

// stretch is a part of a file, in bytes.
type stretch struct{ from, to int64 }

// splitFile finds the middle of the rows, after the header. No field of the feed holds a line break.
func splitFile(file string, n int) ([]stretch, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	rows := csv.NewReader(f)
	rows.FieldsPerRecord, rows.ReuseRecord = inputColumns, true
	var head, middle int64
	for i := 0; ; i++ {
		if _, err := rows.Read(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		switch i {
		case 0:
			head = rows.InputOffset()
		case n / 2:
			middle = rows.InputOffset()
		}
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if middle == 0 {
		middle = head
	}
	return []stretch{{head, middle}, {middle, info.Size()}}, nil
}

func copyHalf(ctx context.Context, pool *pgxpool.Pool, file string, s stretch) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	return pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		if _, err := conn.Exec(ctx, `SET statement_timeout = 0`); err != nil {
			return err
		}
		_, err := conn.Conn().PgConn().CopyFrom(ctx, io.NewSectionReader(f, s.from, s.to-s.from), copyStagingSQL)
		return err
	})
}
