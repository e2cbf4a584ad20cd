package payments

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"robotbailiff/rules/money"
)

// ReleaseWithin is how long a collected file waits for the second person, in legal time. The database knows the same bound.
const ReleaseWithin = 24 * time.Hour

// FileState is where a file of payment orders stands.
type FileState string

// The states of a file.
const (
	FileOpen     FileState = "open"     // another person may release it
	FileLapsed   FileState = "lapsed"   // nobody did in time; whoever drops it makes its money due again
	FileReleased FileState = "released" // it was made, and the bank may have it
	FileDropped  FileState = "dropped"
)

// PayoutKind is what the orders of a file pay. It is stored.
type PayoutKind string

// Kinds of files and orders.
const (
	RefundKind     PayoutKind = "refund"     // back to payers
	RemittanceKind PayoutKind = "remittance" // on to claimants
)

// PayoutFile is a file of payment orders.
type PayoutFile struct {
	ID          int64
	Kind        PayoutKind
	Account     string // ours
	State       FileState
	CollectedBy string
	Reason      string
	CollectedAt time.Time
	DecidedBy   string
	DecidedWhy  string
	DecidedAt   time.Time
	SHA256      []byte // of the file, when released
	Count       int64
	Sum         money.Amount
	Waiting     int64 // orders of which nothing is known yet
	Failed      int64 // orders that are due again
}

// Wanted is one refund or remittance to be collected.
type Wanted struct {
	PaymentID  int64
	Amount     money.Amount // all that can be sent
	EndToEnd   func(file int64, n int) string
	Requisites []byte // sealed
}

const (
	insertFileSQL = `INSERT INTO payout_files (account, collected_by, reason, collected_at, kind) VALUES ($1, $2, $3, $4, $5) RETURNING id`
	lockDueSQL    = `SELECT id FROM payments WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE`
	takeDueSQL    = `UPDATE payments p SET paying = w.amount FROM unnest($1::bigint[], $2::bigint[]) AS w (id, amount)
 WHERE p.id = w.id AND p.paying = 0 AND p.refund_due - greatest(0, p.remitting + p.remitted - p.allocated) = w.amount RETURNING p.id`
	takeRemitSQL = `UPDATE payments p SET remitting = w.amount FROM unnest($1::bigint[], $2::bigint[]) AS w (id, amount)
 WHERE p.id = w.id AND p.remitting = 0 AND p.allocated - p.remitted = w.amount RETURNING p.id`
	insertPayoutsSQL = `INSERT INTO payouts (file_id, payment_id, amount, end_to_end, requisites, kind)
SELECT $1, w.payment_id, w.amount, w.end_to_end, w.requisites, $6 FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::bytea[]) AS w (payment_id, amount, end_to_end, requisites)`
)

// Collect puts refunds or remittances into a new file, for another person to release. What is not due any more, or in another file, refuses all.
func (s *Store) Collect(ctx context.Context, tx pgx.Tx, kind PayoutKind, account string, wanted []Wanted, by, reason string, now time.Time) (file int64, err error) {
	id := func(w Wanted) int64 { return w.PaymentID }
	if err := checkBatch(len(wanted)); err != nil {
		return 0, err
	}
	if twice := duplicates(wanted, id); twice != nil || len(wanted) == 0 {
		return 0, &RefusedError{Step: "collect", Problem: "nothing, or named twice", IDs: twice}
	}
	if err := tx.QueryRow(ctx, insertFileSQL, account, by, reason, now, string(kind)).Scan(&file); err != nil {
		return 0, fmt.Errorf("payments: collect: %w", err)
	}
	n := len(wanted)
	ids, sums, names, requisites := make([]int64, n), make([]int64, n), make([]string, n), make([][]byte, n)
	for i, w := range wanted {
		ids[i], sums[i], names[i], requisites[i] = w.PaymentID, w.Amount.Tiyn(), w.EndToEnd(file, i+1), w.Requisites
	}
	if _, err := tx.Exec(ctx, lockDueSQL, ids); err != nil {
		return 0, fmt.Errorf("payments: collect: %w", err)
	}
	take := takeDueSQL
	if kind == RemittanceKind {
		take = takeRemitSQL
	}
	done, err := collectIDs(ctx, tx, take, whole, ids, sums)
	if err != nil {
		return 0, fmt.Errorf("payments: collect: %w", err)
	}
	if left := missing(wanted, id, done); left != nil {
		return 0, &RefusedError{Step: "collect", Problem: "not due any more, or on its way already", IDs: left}
	}
	if _, err := tx.Exec(ctx, insertPayoutsSQL, file, ids, sums, names, requisites, string(kind)); err != nil {
		return 0, unlessTwice(err, "payments: collect: %w")
	}
	return file, nil
}

const (
	fileColumns = `SELECT f.id, f.kind, f.account, f.collected_by, f.reason, f.collected_at, coalesce(a.act, ''), coalesce(a.actor, ''), coalesce(a.reason, ''), a.at, a.sha256,
       (SELECT count(*) FROM payouts o WHERE o.file_id = f.id), (SELECT coalesce(sum(o.amount), 0)::bigint FROM payouts o WHERE o.file_id = f.id),
       (SELECT count(*) FROM payouts o WHERE o.file_id = f.id AND o.state IN ('collected', 'sent')),
       (SELECT count(*) FROM payouts o WHERE o.file_id = f.id AND o.state IN ('rejected', 'returned'))
  FROM payout_files f LEFT JOIN payout_file_acts a ON a.file_id = f.id `
	filesSQL    = fileColumns + `WHERE f.kind = $2 ORDER BY f.id DESC LIMIT $1`
	fileSQL     = fileColumns + `WHERE f.id = $1`
	lockFileSQL = `SELECT pg_advisory_xact_lock(hashtextextended('bailiff.payout_file/' || $1::bigint, 0))`
	fileActSQL  = `INSERT INTO payout_file_acts (file_id, act, actor, reason, at, sha256, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7)`
	sendSQL     = `UPDATE payouts SET state = 'sent' WHERE file_id = $1`
	dropSQL     = `UPDATE payouts SET state = 'dropped', ended_at = $2 WHERE file_id = $1`
	freeDueSQL  = `UPDATE payments p SET paying = 0 FROM payouts o WHERE o.file_id = $1 AND o.kind = 'refund' AND p.id = o.payment_id`
	lockOfSQL   = `SELECT p.id FROM payments p JOIN payouts o ON o.payment_id = p.id WHERE o.file_id = $1 ORDER BY p.id FOR UPDATE OF p`
	sealedSQL   = `SELECT sealed, sha256 FROM payout_file_acts WHERE file_id = $1 AND act = 'released'`
)

// Files lists the newest files of a kind.
func (s *Store) Files(ctx context.Context, q Querier, kind PayoutKind, limit int, now time.Time) ([]PayoutFile, error) {
	return readFiles(ctx, q, now, filesSQL, limit, string(kind))
}

// File reads one file.
func (s *Store) File(ctx context.Context, q Querier, id int64, now time.Time) (PayoutFile, error) {
	list, err := readFiles(ctx, q, now, fileSQL, id)
	switch {
	case err != nil:
		return PayoutFile{}, err
	case len(list) == 0:
		return PayoutFile{}, ErrNoSuch
	}
	return list[0], nil
}

// LockFile reads a file for a decision: nobody else decides it until the transaction ends.
func (s *Store) LockFile(ctx context.Context, tx pgx.Tx, id int64, now time.Time) (PayoutFile, error) {
	if _, err := tx.Exec(ctx, lockFileSQL, id); err != nil {
		return PayoutFile{}, fmt.Errorf("payments: file %d: %w", id, err)
	}
	return s.File(ctx, tx, id, now)
}

func readFiles(ctx context.Context, q Querier, now time.Time, sql string, args ...any) ([]PayoutFile, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("payments: files: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (f PayoutFile, err error) {
		var act string
		var at pgtype.Timestamptz
		var tiyn int64
		err = row.Scan(&f.ID, &f.Kind, &f.Account, &f.CollectedBy, &f.Reason, &f.CollectedAt, &act, &f.DecidedBy, &f.DecidedWhy, &at, &f.SHA256, &f.Count, &tiyn, &f.Waiting, &f.Failed)
		f.Sum, f.DecidedAt = money.FromTiyn(tiyn), at.Time
		f.State = FileState(cmp.Or(act, string(FileOpen)))
		if act == "" && !now.Before(f.CollectedAt.Add(ReleaseWithin)) {
			f.State = FileLapsed
		}
		return f, err
	})
	if err != nil {
		return nil, fmt.Errorf("payments: files: %w", err)
	}
	return list, nil
}

// Release keeps the file that another person released. The caller holds LockFile.
func (s *Store) Release(ctx context.Context, tx pgx.Tx, file int64, by, why string, sum [32]byte, sealed []byte, now time.Time) error {
	_, err := tx.Exec(ctx, fileActSQL, file, "released", by, why, now, sum[:], sealed)
	if err == nil {
		_, err = tx.Exec(ctx, sendSQL, file)
	}
	if err != nil {
		return fmt.Errorf("payments: file %d: %w", file, err)
	}
	return nil
}

// Drop makes the money of a file that was not released due again. The caller holds LockFile.
func (s *Store) Drop(ctx context.Context, tx pgx.Tx, file int64, by, why string, now time.Time) error {
	_, err := tx.Exec(ctx, lockOfSQL, file)
	if err == nil {
		_, err = tx.Exec(ctx, fileActSQL, file, "dropped", by, why, now, nil, nil)
	}
	if err == nil {
		_, err = tx.Exec(ctx, freeDueSQL, file)
	}
	if err == nil {
		err = s.freeRemittances(ctx, tx, file, now)
	}
	if err == nil {
		_, err = tx.Exec(ctx, dropSQL, file, now)
	}
	if err != nil {
		return fmt.Errorf("payments: file %d: %w", file, err)
	}
	return nil
}

// SealedFile gives a released file as it was made, sealed, and the hash of its bytes.
func (s *Store) SealedFile(ctx context.Context, tx pgx.Tx, file int64) (sealed, sum []byte, err error) {
	err = tx.QueryRow(ctx, sealedSQL, file).Scan(&sealed, &sum)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, nil, ErrNoSuch
	case err != nil:
		return nil, nil, fmt.Errorf("payments: file %d: %w", file, err)
	}
	return sealed, sum, nil
}
