package intake

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"robotbailiff/rules"
)

// Confirmed is a row about which two people have found that it means the person of its IIN, on its way in.
type Confirmed struct{ it *item }

// Confirm prepares a row to be let in. by are the two people, as the event of the opening names them.
func (in *Inbox) Confirm(ctx context.Context, batchID int64, row int, by string) (*Confirmed, error) {
	w, err := in.readWaiting(ctx, in.store.Pool(), batchID, row, "")
	if err != nil {
		return nil, err
	}
	if w.state != StateDone || w.Verdict != Quarantined || w.Code != rules.CodeIdentityConflict || w.action != ActionOpen || by == "" {
		return nil, ErrNotWaiting
	}
	it, err := w.item(in)
	if err != nil {
		return nil, err
	}
	if it.problem.Code != "" || it.blind == nil {
		return nil, ErrNotWaiting
	}
	it.by = by
	return &Confirmed{it}, (&lanes{im: in.im}).number(ctx, []*item{it})
}

// LetIn gives a confirmed row the verdict that any other row gets: the same rules of today, the same look at whether its document has a case
// already, the same transaction for case, writ and verdict. Only the doubt about the person is not raised again. It runs in the transaction
// of the second person's word, which keep writes down, with what becomes of the row.
func (in *Inbox) LetIn(ctx context.Context, tx pgx.Tx, batchID int64, c *Confirmed, keep func(Verdict, string) error) error {
	it := c.it
	if _, err := in.lockWaiting(ctx, tx, batchID, it.row.No); err != nil {
		return err
	}
	it.clear()
	r := &run{im: in.im, batchID: batchID, careful: true}
	if err := r.open(ctx, tx, []*item{it}); err != nil {
		return err
	}
	if err := keep(it.verdict, it.code); err != nil {
		return err
	}
	caseID := it.of
	if it.verdict == Accepted {
		caseID = it.caseID
	}
	return in.settle(ctx, tx, batchID, it.row.No, it.verdict, it.code, it.field, caseID, it.trace)
}

// SendBack gives a row that waits its last verdict: the court has to send the writ again. It runs in the transaction of the second person's
// word, which keep writes down, with the code that the court reads.
func (in *Inbox) SendBack(ctx context.Context, tx pgx.Tx, batchID int64, row int, keep func(Verdict, string) error) error {
	w, err := in.lockWaiting(ctx, tx, batchID, row)
	if err != nil {
		return err
	}
	code := CodeSentBack
	if w.Code == rules.CodeIdentityConflict {
		code = CodeIdentityRefused
	}
	if err := keep(Rejected, code); err != nil {
		return err
	}
	return in.settle(ctx, tx, batchID, row, Rejected, code, w.Field, w.CaseID, w.Trace)
}

// LockWaiting locks a row that waits until the transaction ends, so that two words about it come one after the other.
func (in *Inbox) LockWaiting(ctx context.Context, tx pgx.Tx, batchID int64, row int) error {
	_, err := in.lockWaiting(ctx, tx, batchID, row)
	return err
}

// lockWaiting locks a row that waits, and its batch before it.
func (in *Inbox) lockWaiting(ctx context.Context, tx pgx.Tx, batchID int64, row int) (w waitingRow, err error) {
	if w, err = in.readWaiting(ctx, tx, batchID, row, " FOR UPDATE"); err != nil {
		return w, err
	}
	if w.state != StateDone || w.Verdict != Quarantined {
		return w, ErrNotWaiting
	}
	return w, nil
}

const (
	settleRowSQL = `UPDATE batch_rows SET verdict = $3, code = $4, field = $5, case_id = nullif($6::bigint, 0), trace = $7,
       sealed = CASE WHEN $3 IN ('rejected', 'quarantined') THEN sealed END
 WHERE batch_id = $1 AND row_no = $2`

	settleBatchSQL = `UPDATE batches SET accepted = accepted + $2, duplicate = duplicate + $3, rejected = rejected + $4, quarantined = quarantined + $5 - 1, revision = revision + 1 WHERE id = $1`
)

// settle stores a later verdict of a row, and counts it.
func (in *Inbox) settle(ctx context.Context, tx pgx.Tx, batchID int64, row int, v Verdict, code, field string, caseID int64, trace rules.Trace) error {
	var raw []byte
	if len(trace) > 0 {
		raw = trace.AppendJSON(nil)
	}
	if _, err := tx.Exec(ctx, settleRowSQL, batchID, row, string(v), code, field, caseID, raw); err != nil {
		return fmt.Errorf("intake: settle row %d of batch %d: %w", row, batchID, err)
	}
	var n tally
	n.add(v)
	if _, err := tx.Exec(ctx, settleBatchSQL, batchID, n.accepted, n.duplicate, n.rejected, n.quarantined); err != nil {
		return fmt.Errorf("intake: settle row %d of batch %d: %w", row, batchID, err)
	}
	return nil
}

// Retold is a batch of a drop folder of which rows have got a later verdict since its sender was told.
type Retold struct {
	Batch

	Revision int
	Named    bool // no later batch of the sender has its file name
}

const untoldSQL = `SELECT b.id, b.revision, NOT EXISTS (SELECT 1 FROM batches n WHERE n.source = b.source AND n.via = 'drop' AND n.file_name = b.file_name AND n.id > b.id)
  FROM batches b WHERE b.source = $1 AND b.told_revision < b.revision AND b.via = 'drop' ORDER BY b.id LIMIT 100`

// Untold gives the batches of a sender's folder with verdicts that he has not been told.
func (in *Inbox) Untold(ctx context.Context, source string) ([]Retold, error) {
	rows, err := in.store.Pool().Query(ctx, untoldSQL, source)
	if err != nil {
		return nil, fmt.Errorf("intake: untold batches: %w", err)
	}
	var all []Retold
	var r Retold
	if _, err := pgx.ForEachRow(rows, []any{&r.ID, &r.Revision, &r.Named}, func() error { all = append(all, r); return nil }); err != nil {
		return nil, fmt.Errorf("intake: untold batches: %w", err)
	}
	for i := range all {
		if all[i].Batch, err = in.Batch(ctx, all[i].ID); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Told keeps that the sender of a batch knows its verdicts up to a revision.
func (in *Inbox) Told(ctx context.Context, id int64, revision int) error {
	if _, err := in.store.Pool().Exec(ctx, `UPDATE batches SET told_revision = greatest(told_revision, $2) WHERE id = $1`, id, revision); err != nil {
		return fmt.Errorf("intake: batch %d was told: %w", id, err)
	}
	return nil
}
