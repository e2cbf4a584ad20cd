package identities

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine"
	"robotbailiff/engine/intake"
	"robotbailiff/internal/app/caselist"
	"robotbailiff/internal/pg"
)

// Rows is what is needed of the inbox: rows that wait, and their way in or back.
type Rows interface {
	Waiting(ctx context.Context, q engine.Querier, batchID int64, row int, regions []string) (intake.Waiting, error)
	Confirm(ctx context.Context, batchID int64, row int, by string) (*intake.Confirmed, error)
	LockWaiting(ctx context.Context, tx pgx.Tx, batchID int64, row int) error
	LetIn(ctx context.Context, tx pgx.Tx, batchID int64, c *intake.Confirmed, keep func(intake.Verdict, string) error) error
	SendBack(ctx context.Context, tx pgx.Tx, batchID int64, row int, keep func(intake.Verdict, string) error) error
}

// Store keeps words.
type Store struct {
	pool *pgxpool.Pool
	rows Rows
}

// New returns a store.
func New(pool *pgxpool.Pool, rows Rows) *Store { return &Store{pool: pool, rows: rows} }

// View is a row with what was said of it.
type View struct {
	intake.Waiting

	Region string
	Words  []Word // the newest first
}

// Open is the word that waits for a second person; nil: none does.
func (v *View) Open() *Word {
	if len(v.Words) > 0 && v.Words[0].Verdict == Waits {
		return &v.Words[0]
	}
	return nil
}

// Answers are what may be said of the row now.
func (v *View) Answers() []Answer {
	switch {
	case v.Verdict != intake.Quarantined:
		return nil
	case v.Doubtful():
		return Answers
	}
	return []Answer{Back}
}

const wordsSQL = `SELECT id, answer, reason, region, proposed_by, proposed_at, expires_at, coalesce(decided_by, ''), decided_at,
       CASE WHEN verdict = '' AND expires_at <= clock_timestamp() THEN 'expired' ELSE verdict END, why, became, code
  FROM identity_words WHERE batch_id = $1 AND row_no = $2 ORDER BY id DESC LIMIT 50`

func readWords(ctx context.Context, q engine.Querier, who Who, batchID int64, row int) ([]Word, error) {
	rows, err := q.Query(ctx, wordsSQL, batchID, row)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (w Word, err error) {
		var decided pgtype.Timestamptz
		err = row.Scan(&w.ID, &w.Answer, &w.Reason, &w.region, &w.By, &w.At, &w.Until, &w.DecidedBy, &decided, &w.Verdict, &w.Why, &w.Became, &w.Code)
		if decided.Valid {
			w.DecidedAt = decided.Time
		}
		w.Mine = w.By == who.key()
		return w, err
	})
}

// Look reads a row, as far as who looks sees its region. What it holds of persons is for those alone who have given a reason, see [Store.Unmask].
func (s *Store) Look(ctx context.Context, who Who, batchID int64, row int) (v View, err error) {
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		v, err = s.look(ctx, tx, who, batchID, row)
		return err
	})
	return v, told(err, batchID, row)
}

func (s *Store) look(ctx context.Context, q engine.Querier, who Who, batchID int64, row int) (v View, err error) {
	if v.Waiting, err = s.rows.Waiting(ctx, q, batchID, row, who.Regions); err != nil {
		return v, err
	}
	if v.Words, err = readWords(ctx, q, who, batchID, row); err != nil {
		return v, err
	}
	if v.Verdict != intake.Quarantined && len(v.Words) == 0 { // it has never waited
		return View{}, ErrNone
	}
	if v.Region = v.Writ.Region; len(v.Words) > 0 {
		v.Region = v.Words[0].region
	}
	if !who.sees(v.Region) {
		return View{}, ErrNone
	}
	return v, nil
}

// Unmask writes down that somebody looks at whom a row means, and why; then the view may be shown as it is.
func (s *Store) Unmask(ctx context.Context, who Who, batchID int64, row int, why string) (v View, err error) {
	why, err = reason(why, false)
	if err != nil {
		return v, err
	}
	refused := false
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if v, err = s.look(ctx, tx, who, batchID, row); err != nil {
			return err
		}
		refused, err = caselist.NoteRow(ctx, tx, who.Name, batchID, row, why)
		return err
	})
	if err == nil && refused {
		return View{}, caselist.ErrTooOften
	}
	return v, told(err, batchID, row)
}

// told keeps the errors that people are told, and says of which row the others are.
func told(err error, batchID int64, row int) error {
	if errors.Is(err, intake.ErrNotWaiting) {
		return ErrNone
	}
	for _, known := range []error{ErrNone, ErrOwn, ErrNotMine, ErrClosed, ErrExpired, ErrAnswer, intake.ErrStopped} {
		if errors.Is(err, known) {
			return known
		}
	}
	if err != nil {
		return fmt.Errorf("identities: row %d of batch %d: %w", row, batchID, err)
	}
	return nil
}
