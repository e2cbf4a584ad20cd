package intake

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/internal/pg"
)

// batch is the row of a file that is being taken in.
type batch struct {
	id      int64
	rows    int   // that have a verdict already
	sameAs  int64 // batch of the same file, received in full before
	resumed bool
}

// repeatSize is the number of rows of one transaction when a file comes again.
const repeatSize = 20_000

// begin finds the unfinished batch of this content and sender, or makes a new one. A lock on the content keeps two
// uploaders of one file from making two batches of it.
func (im *Importer) begin(ctx context.Context, source, fileName string, sum []byte) (batch, error) {
	now, err := im.store.Now(ctx)
	if err != nil {
		return batch{}, fmt.Errorf("intake: legal time: %w", err)
	}
	var b batch
	err = pg.InTx(ctx, im.store.Pool(), func(tx pgx.Tx) error {
		b = batch{}
		key := int64(binary.BigEndian.Uint64(sum))
		if _, err := tx.Exec(ctx, lockContentSQL, key); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, findBatchSQL, sum, source)
		if err != nil {
			return err
		}
		var (
			id    int64
			state string
			n     int
		)
		if _, err := pgx.ForEachRow(rows, []any{&id, &state, &n}, func() error {
			switch {
			case state == "staging":
				b.id, b.rows, b.resumed = id, n, true
			case b.sameAs == 0:
				b.sameAs = id
			}
			return nil
		}); err != nil {
			return err
		}
		if b.id != 0 {
			return nil
		}
		return tx.QueryRow(ctx, insertBatchSQL, source, fileName, sum, now).Scan(&b.id)
	})
	if err != nil {
		return b, fmt.Errorf("intake: begin batch: %w", err)
	}
	return b, nil
}

// repeat gives every row of a file that was received before its verdict, without reading it again: duplicate.
func (im *Importer) repeat(ctx context.Context, b batch, o Options) error {
	done := b.rows
	for {
		n := 0
		err := pg.InTx(ctx, im.store.Pool(), func(tx pgx.Tx) error {
			last, err := lockBatch(ctx, tx, b.id)
			if err != nil {
				return err
			}
			tag, err := tx.Exec(ctx, repeatRowsSQL, b.id, b.sameAs, last, repeatSize)
			if err != nil {
				return err
			}
			n = int(tag.RowsAffected())
			t := tally{rows: n, duplicate: n}
			return t.count(ctx, tx, b.id)
		})
		if err != nil {
			return fmt.Errorf("intake: repeat batch %d: %w", b.sameAs, err)
		}
		if n == 0 {
			return nil
		}
		done += n
		o.Progress(done)
	}
}

// end closes the batch once every row of the file has a verdict.
func (im *Importer) end(ctx context.Context, b batch, rows int) error {
	now, err := im.store.Now(ctx)
	if err != nil {
		return fmt.Errorf("intake: legal time: %w", err)
	}
	err = pg.InTx(ctx, im.store.Pool(), func(tx pgx.Tx) error {
		if _, err := lockBatch(ctx, tx, b.id); err != nil {
			return err
		}
		t, err := readBatch(ctx, tx, b.id)
		if err != nil {
			return err
		}
		if t.rows != rows || t.rows != t.accepted+t.duplicate+t.rejected+t.quarantined {
			return errRows(b.id, rows, t.rows)
		}
		_, err = tx.Exec(ctx, endBatchSQL, b.id, "done", now)
		return err
	})
	if err != nil {
		return fmt.Errorf("intake: end batch %d: %w", b.id, err)
	}
	return nil
}

// fail closes a batch whose file cannot be trusted any more; what was accepted stays accepted.
func (im *Importer) fail(ctx context.Context, id int64) error {
	now, err := im.store.Now(ctx)
	if err == nil {
		_, err = im.store.Pool().Exec(ctx, endBatchSQL, id, "failed", now)
	}
	if err != nil {
		return fmt.Errorf("intake: fail batch %d: %w", id, err)
	}
	return nil
}

func readBatch(ctx context.Context, q engine.Querier, id int64) (t tally, err error) {
	err = q.QueryRow(ctx, readBatchSQL, id).Scan(&t.rows, &t.accepted, &t.duplicate, &t.rejected, &t.quarantined)
	return t, err
}

// report reads the counts and the first rows that were not accepted back, so that it covers what an interrupted import
// had done before.
func (im *Importer) report(ctx context.Context, b batch, o Options) (Report, error) {
	t, err := readBatch(ctx, im.store.Pool(), b.id)
	if err != nil {
		return Report{BatchID: b.id}, fmt.Errorf("intake: report batch %d: %w", b.id, err)
	}
	rep := t.report()
	rep.BatchID, rep.SameAs, rep.Resumed = b.id, b.sameAs, b.resumed
	if t.rejected+t.quarantined > 0 {
		rep.Errors, err = im.rowErrors(ctx, problemRowsSQL, b.id, o.MaxErrors, o.Language)
	}
	if left := o.MaxErrors - len(rep.Errors); err == nil && t.duplicate > 0 && left > 0 {
		var more []RowError
		more, err = im.rowErrors(ctx, duplicateRowsSQL, b.id, left, o.Language)
		rep.Errors = append(rep.Errors, more...)
	}
	if err != nil {
		return rep, fmt.Errorf("intake: report batch %d: %w", b.id, err)
	}
	sortErrors(rep.Errors)
	return rep, nil
}

func (im *Importer) rowErrors(ctx context.Context, sql string, batchID int64, limit int, language string) ([]RowError, error) {
	rows, err := im.store.Pool().Query(ctx, sql, batchID, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (RowError, error) {
		var e RowError
		err := row.Scan(&e.Row, &e.Code, &e.Field)
		e.Message = Message(e.Code, language)
		return e, err
	})
}

func (t *tally) report() Report {
	return Report{Rows: t.rows, Accepted: t.accepted, Duplicate: t.duplicate, Rejected: t.rejected, Quarantined: t.quarantined, Errors: []RowError{}}
}

func sortErrors(errs []RowError) {
	slices.SortFunc(errs, func(a, b RowError) int { return cmp.Compare(a.Row, b.Row) })
}
