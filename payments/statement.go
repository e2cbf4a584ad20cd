package payments

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/pg"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Statement is what is kept of one statement of one of our accounts.
type Statement struct {
	ID               int64
	Account          string // IBAN
	Format           string
	MessageID        string // the bank's; empty where the format has none
	Number           string
	SHA256           [32]byte // of the file
	Part             int      // its place in the file, from 1
	From, To         calendar.Date
	Balanced         bool
	Opening, Closing money.Amount // when Balanced
	Lines            int
	Credits, Debits  money.Amount
}

// ErrStatementChanged says that the bank's id of a statement is known with another content (INV-M3): nothing was taken.
var ErrStatementChanged = errors.New("payments: this statement is known with another content")

const beginStatementSQL = `INSERT INTO statements (account, format, message_id, number, sha256, part, from_on, to_on, opening, closing, lines, credits, debits, received_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING RETURNING id`

const knownStatementSQL = `SELECT id, state = 'done' FROM statements WHERE sha256 = $1 AND part = $2`

// BeginStatement keeps a statement whose sums were checked, before its first line is taken. The same file again is found:
// done says that all its lines have their verdicts, else what is missing may be taken now.
func (s *Store) BeginStatement(ctx context.Context, tx pgx.Tx, st Statement, now time.Time) (id int64, done bool, err error) {
	var opening, closing *int64
	if st.Balanced {
		o, c := st.Opening.Tiyn(), st.Closing.Tiyn()
		opening, closing = &o, &c
	}
	err = tx.QueryRow(ctx, beginStatementSQL, st.Account, st.Format, st.MessageID, st.Number, st.SHA256[:], st.Part, st.From.UTC(), st.To.UTC(),
		opening, closing, st.Lines, st.Credits.Tiyn(), st.Debits.Tiyn(), now).Scan(&id)
	if err == nil {
		return id, false, nil
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return 0, false, fmt.Errorf("payments: statement: %w", err)
	}
	err = tx.QueryRow(ctx, knownStatementSQL, st.SHA256[:], st.Part).Scan(&id, &done)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return 0, false, ErrStatementChanged
	case err != nil:
		return 0, false, fmt.Errorf("payments: statement: %w", err)
	}
	return id, done, nil
}

const otherFormatSQL = `SELECT EXISTS (SELECT 1 FROM statements WHERE account = $1 AND from_on <= $3 AND to_on >= $2 AND split_part(format, '.', 1) <> split_part($4, '.', 1))`

// OtherFormat says whether days of a statement were taken from one of another format. Formats call a movement by other names, so that
// it would be taken twice.
func (s *Store) OtherFormat(ctx context.Context, q Querier, account, format string, from, to calendar.Date) (bool, error) {
	rows, err := q.Query(ctx, otherFormatSQL, account, from.UTC(), to.UTC(), format)
	if err != nil {
		return false, fmt.Errorf("payments: statements: %w", err)
	}
	other, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool])
	if err != nil {
		return false, fmt.Errorf("payments: statements: %w", err)
	}
	return other, nil
}

const neighboursSQL = `(SELECT id, message_id, number, from_on, to_on, opening, closing FROM statements
  WHERE account = $1 AND opening IS NOT NULL AND id <> $2 AND to_on < $3 ORDER BY to_on DESC, id DESC LIMIT 1)
UNION ALL (SELECT id, message_id, number, from_on, to_on, opening, closing FROM statements
  WHERE account = $1 AND opening IS NOT NULL AND id <> $2 AND to_on >= $3 ORDER BY to_on, id LIMIT 1)`

// Neighbours gives the statements with balances just before and just after the first day of another one; nil where there is none.
func (s *Store) Neighbours(ctx context.Context, q Querier, account string, id int64, from calendar.Date) (before, after *Statement, err error) {
	rows, err := q.Query(ctx, neighboursSQL, account, id, from.UTC())
	if err != nil {
		return nil, nil, fmt.Errorf("payments: statements: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Statement, error) {
		st := Statement{Account: account, Balanced: true}
		var first, last time.Time
		var opening, closing int64
		err := row.Scan(&st.ID, &st.MessageID, &st.Number, &first, &last, &opening, &closing)
		st.From, st.To = calendar.FromUTC(first), calendar.FromUTC(last)
		st.Opening, st.Closing = money.FromTiyn(opening), money.FromTiyn(closing)
		return st, err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("payments: statements: %w", err)
	}
	for i := range list {
		if list[i].To.Before(from) {
			before = &list[i]
		} else {
			after = &list[i]
		}
	}
	return before, after, nil
}

// LineVerdict is what became of one line of a statement.
type LineVerdict struct {
	LineNo    int
	Verdict   Verdict
	Amount    money.Amount // signed: positive is to us
	PaymentID int64        // 0 when none
	Gateway   string       // with PaidBack
	Payer     []byte       // sealed; nil when the bank names nobody
}

// TakeLines keeps the verdicts of lines; each line has one for ever.
func (s *Store) TakeLines(ctx context.Context, tx pgx.Tx, statement int64, lines []LineVerdict) error {
	if err := checkBatch(len(lines)); err != nil || len(lines) == 0 {
		return err
	}
	columns := []string{"statement_id", "line_no", "verdict", "amount", "payment_id", "gateway", "payer"}
	err := pg.Copy(ctx, tx, "statement_lines", columns, len(lines), func(r *pg.Row, i int) {
		l := &lines[i]
		r.Int8(statement)
		r.Int4(int32(l.LineNo))
		r.Text(string(l.Verdict))
		r.Int8(l.Amount.Tiyn())
		r.ID(l.PaymentID)
		r.Text(l.Gateway)
		r.Bytes(l.Payer)
	})
	if err != nil {
		return fmt.Errorf("payments: lines of statement %d: %w", statement, err)
	}
	return nil
}

const takenLinesSQL = `SELECT line_no FROM statement_lines WHERE statement_id = $1`

// Taken gives the lines of a statement that have their verdict: whoever goes on after a crash leaves them out.
func (s *Store) Taken(ctx context.Context, q Querier, statement int64) (map[int]struct{}, error) {
	rows, err := q.Query(ctx, takenLinesSQL, statement)
	if err != nil {
		return nil, fmt.Errorf("payments: lines of statement %d: %w", statement, err)
	}
	taken := map[int]struct{}{}
	var n int
	if _, err = pgx.ForEachRow(rows, []any{&n}, func() error { taken[n] = struct{}{}; return nil }); err != nil {
		return nil, fmt.Errorf("payments: lines of statement %d: %w", statement, err)
	}
	return taken, nil
}

const endStatementSQL = `UPDATE statements SET state = 'done', finished_at = $2 WHERE id = $1 AND state = 'taking'`

// EndStatement says that every line has its verdict.
func (s *Store) EndStatement(ctx context.Context, tx pgx.Tx, statement int64, now time.Time) error {
	if _, err := tx.Exec(ctx, endStatementSQL, statement, now); err != nil {
		return fmt.Errorf("payments: end of statement %d: %w", statement, err)
	}
	return nil
}

const countLinesSQL = `SELECT verdict, count(*) FROM statement_lines WHERE statement_id = $1 GROUP BY verdict`

// CountLines counts the lines of a statement by verdict.
func (s *Store) CountLines(ctx context.Context, q Querier, statement int64) (map[Verdict]int, error) {
	rows, err := q.Query(ctx, countLinesSQL, statement)
	if err != nil {
		return nil, fmt.Errorf("payments: lines of statement %d: %w", statement, err)
	}
	counts := map[Verdict]int{}
	var verdict Verdict
	var n int
	if _, err = pgx.ForEachRow(rows, []any{&verdict, &n}, func() error { counts[verdict] = n; return nil }); err != nil {
		return nil, fmt.Errorf("payments: lines of statement %d: %w", statement, err)
	}
	return counts, nil
}
