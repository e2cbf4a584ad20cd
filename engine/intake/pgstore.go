package intake

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"robotbailiff/engine"
	"robotbailiff/internal/pg"
)

// lock makes the writers of a lane wait for each other, whoever reads the file besides us.
func (r *run) lock(ctx context.Context, tx pgx.Tx) error {
	for _, lane := range r.lanes {
		if _, err := tx.Exec(ctx, lockLaneSQL, fmt.Sprintf("bailiff.intake/%d/%d", r.batchID, lane)); err != nil {
			return fmt.Errorf("intake: lock batch %d: %w", r.batchID, err)
		}
	}
	return nil
}

// unstored gives the rows that have no verdict yet; none when the batch is not being staged any more.
func (r *run) unstored(ctx context.Context, q querier, items []*item) ([]*item, error) {
	var state string
	if err := q.QueryRow(ctx, batchStateSQL, r.batchID).Scan(&state); err != nil {
		return nil, fmt.Errorf("intake: batch %d: %w", r.batchID, err)
	}
	if state != "staging" {
		return nil, nil
	}
	rows, err := q.Query(ctx, storedRowsSQL, r.batchID, items[0].row.No, items[len(items)-1].row.No)
	if err != nil {
		return nil, fmt.Errorf("intake: rows of batch %d: %w", r.batchID, err)
	}
	numbers, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil || len(numbers) == 0 {
		return items, err
	}
	stored := make(map[int]bool, len(numbers))
	for _, n := range numbers {
		stored[n] = true
	}
	fresh := make([]*item, 0, len(items))
	for _, it := range items {
		if !stored[it.row.No] {
			fresh = append(fresh, it)
		}
	}
	return fresh, nil
}

// lockBatch locks the row of a batch and returns the last row that has a verdict. A batch that is not being staged takes no
// more rows.
func lockBatch(ctx context.Context, tx pgx.Tx, id int64) (last int, err error) {
	var state string
	if err := tx.QueryRow(ctx, lockBatchSQL, id).Scan(&state); err != nil {
		return 0, fmt.Errorf("intake: lock batch %d: %w", id, err)
	}
	if state != "staging" {
		return maxRows + 1, nil
	}
	if err := tx.QueryRow(ctx, lastRowSQL, id).Scan(&last); err != nil {
		return 0, fmt.Errorf("intake: last row of batch %d: %w", id, err)
	}
	return last, nil
}

// numberDebtors gives the persons who are not in the table the id that was taken for their first row, since the decision
// names the debtor.
func numberDebtors(items []*item, k *known) {
	for _, it := range items {
		if it.blind == nil {
			continue
		}
		if p := k.persons[it.person]; p.id == 0 {
			p.id, p.fresh = it.newDebtor, true
		}
	}
}

// writeDebtors inserts the new persons among the winners in the order of their key, so that uploaders do not block each
// other in a circle.
func (r *run) writeDebtors(ctx context.Context, tx pgx.Tx, winners []*item, k *known, lost losses) error {
	var first []*item
	for _, it := range winners {
		if p := k.persons[it.person]; p.fresh {
			p.fresh, p.mail = false, it.writ.DebtorAddress != ""
			first = append(first, it)
		}
	}
	if len(first) == 0 {
		return nil
	}
	slices.SortFunc(first, func(a, b *item) int { return bytes.Compare(a.blind, b.blind) })
	stored, err := r.put(ctx, tx, "debtors", "iin_blind", debtorColumns, len(first), func(row *pg.Row, i int) {
		it, w := first[i], &first[i].writ
		var phone, phoneBlind, address []byte
		if w.DebtorAddress != "" {
			address = r.im.keys.Seal([]byte(w.DebtorAddress), SealedAddress)
		}
		if w.DebtorPhone != "" {
			phone = r.im.keys.Seal([]byte(w.DebtorPhone), SealedPhone)
			phoneBlind = PhoneBlind(r.im.keys, w.DebtorPhone)
		}
		row.Int8(k.persons[it.person].id)
		row.Bytes(it.blind)
		row.Bytes(r.im.keys.Seal([]byte(w.DebtorIIN), SealedIIN))
		row.Text(w.DebtorName)
		row.Date(w.birthDate().UTC())
		row.Bytes(phone)
		row.Text(w.DebtorLanguage)
		row.Bytes(address)
		row.Text(NameKey(w.DebtorName))
		row.Bytes(phoneBlind)
	})
	if err != nil {
		return fmt.Errorf("intake: write debtors: %w", err)
	}
	for _, it := range first {
		if !stored(k.persons[it.person].id) {
			lost.persons[it.person] = true
		}
	}
	return nil
}

var debtorColumns = []string{"id", "iin_blind", "iin_sealed", "name", "birth_date", "phone_sealed", "language", "address_sealed", "name_key", "phone_blind"}

// writeWrits inserts the documents in the order of their number, for the same reason.
func (r *run) writeWrits(ctx context.Context, tx pgx.Tx, winners []*item, k *known, lost losses) error {
	if len(winners) == 0 {
		return nil
	}
	winners = slices.SortedFunc(slices.Values(winners), func(a, b *item) int {
		return cmp.Or(cmp.Compare(a.writ.Source, b.writ.Source), cmp.Compare(a.writ.DocumentNumber, b.writ.DocumentNumber))
	})
	stored, err := r.put(ctx, tx, "writs", "source, document_number", writColumns, len(winners), func(row *pg.Row, i int) {
		it, w := winners[i], &winners[i].writ
		row.Int8(it.caseID)
		row.Text(w.Source)
		row.Text(w.DocumentNumber)
		row.Date(w.DocumentDate.UTC())
		row.Date(w.InForceDate.UTC())
		row.Text(w.Kind)
		row.Text(w.IssuerBIN)
		row.Text(w.IssuerName)
		row.Int8(k.persons[it.person].id)
		row.Int8(w.Amount.Tiyn())
		row.Text(w.ClaimantBIN)
		row.Text(w.ClaimantName)
		row.Text(w.IBAN)
		row.Text(w.KBK)
		row.Text(w.KNP)
		row.Date(w.UnpaidConfirmedOn.UTC())
		row.Bytes(it.hash[:])
		row.Int8(r.batchID)
		row.Int4(int32(it.row.No))
	})
	if err != nil {
		return fmt.Errorf("intake: write writs: %w", err)
	}
	for _, it := range winners {
		if !stored(it.caseID) {
			lost.docs[it.doc] = true
		}
	}
	return nil
}

var writColumns = []string{
	"case_id", "source", "document_number", "document_date", "in_force_date", "kind", "issuer_bin", "issuer_name", "debtor_id", "amount",
	"claimant_bin", "claimant_name", "iban", "kbk", "knp", "unpaid_confirmed_on", "content_hash", "batch_id", "row_no",
}

// put writes rows into a table with a unique key, and says which of them, by the id in their first column, are in it now. As
// a rule nobody else brings the same rows at the same time, and COPY costs half of what looking for such a one costs: so
// only a run that has met one is careful, see raced.
func (r *run) put(ctx context.Context, tx pgx.Tx, table, key string, columns []string, n int, row func(*pg.Row, int)) (stored func(id int64) bool, err error) {
	if !r.careful {
		return func(int64) bool { return true }, pg.Copy(ctx, tx, table, columns, n, row)
	}
	heap, list := "incoming_"+table, strings.Join(columns, ", ")
	if _, err := tx.Exec(ctx, `CREATE TEMPORARY TABLE IF NOT EXISTS `+heap+` (LIKE `+table+`) ON COMMIT DROP`); err != nil {
		return nil, err
	}
	if err := pg.Copy(ctx, tx, heap, columns, n, row); err != nil {
		return nil, err
	}
	moved, err := tx.Query(ctx, `INSERT INTO `+table+` (`+list+`) OVERRIDING SYSTEM VALUE SELECT `+list+` FROM `+heap+` ORDER BY `+key+
		` ON CONFLICT (`+key+`) DO NOTHING RETURNING `+columns[0])
	if err != nil {
		return nil, err
	}
	ids, err := pgx.CollectRows(moved, pgx.RowTo[int64])
	if err != nil {
		return nil, err
	}
	there := make(map[int64]bool, len(ids))
	for _, id := range ids {
		there[id] = true
	}
	_, err = tx.Exec(ctx, `TRUNCATE `+heap)
	return func(id int64) bool { return there[id] }, err
}

// raced says that another uploader has stored one of our documents or persons since we looked.
func raced(err error) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && (pgErr.ConstraintName == "writs_source_document_number_key" || pgErr.ConstraintName == "debtors_iin_blind_key")
}

var rowColumns = []string{"batch_id", "row_no", "verdict", "case_id", "document_number", "code", "field", "trace", "sealed", "action"}

// writeRows stores the verdicts and counts them.
func (r *run) writeRows(ctx context.Context, tx pgx.Tx, items []*item) error {
	var n tally
	err := pg.Copy(ctx, tx, "batch_rows", rowColumns, len(items), func(row *pg.Row, i int) {
		it := items[i]
		n.add(it.verdict)
		var trace, sealed []byte
		if len(it.trace) > 0 {
			trace = it.trace.AppendJSON(nil)
		}
		if it.verdict == Rejected || it.verdict == Quarantined {
			sealed = r.im.keys.Seal(it.row.appendObject(nil), SealedRow)
		}
		caseID := it.of
		if it.verdict == Accepted && it.caseID != 0 {
			caseID = it.caseID
		}
		row.Int8(r.batchID)
		row.Int4(int32(it.row.No))
		row.Text(string(it.verdict))
		row.ID(caseID)
		row.Text(it.writ.DocumentNumber)
		row.Text(it.code)
		row.Text(it.field)
		row.Bytes(trace)
		row.Bytes(sealed)
		row.Text(string(it.action()))
	})
	if err != nil {
		return fmt.Errorf("intake: write rows of batch %d: %w", r.batchID, err)
	}
	if n.rows != n.accepted+n.duplicate+n.rejected+n.quarantined || n.rows != len(items) {
		return fmt.Errorf("intake: batch %d: a row has no verdict", r.batchID)
	}
	return n.count(ctx, tx, r.batchID)
}

// tally counts verdicts.
type tally struct{ rows, accepted, duplicate, rejected, quarantined int }

func (t *tally) add(v Verdict) {
	t.rows++
	switch v {
	case Accepted:
		t.accepted++
	case Duplicate:
		t.duplicate++
	case Rejected:
		t.rejected++
	case Quarantined:
		t.quarantined++
	}
}

func (t *tally) count(ctx context.Context, tx pgx.Tx, batchID int64) error {
	tag, err := tx.Exec(ctx, countRowsSQL, batchID, t.rows, t.accepted, t.duplicate, t.rejected, t.quarantined)
	if err == nil && tag.RowsAffected() != 1 {
		err = fmt.Errorf("it takes no more rows: %w", engine.ErrConflict)
	}
	if err != nil {
		return fmt.Errorf("intake: count rows of batch %d: %w", batchID, err)
	}
	return nil
}
