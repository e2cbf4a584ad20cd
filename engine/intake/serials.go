package intake

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/caseno"
	"robotbailiff/internal/pg"
	"robotbailiff/rules/calendar"
)

// YearFullError says that all case numbers of a year are used up.
type YearFullError struct{ Year int }

// Error names the year.
func (e *YearFullError) Error() string {
	return fmt.Sprintf("intake: the case numbers of the year %02d are used up: no case can be opened before the next year", e.Year)
}

// serials holds case ids that were taken from the table and not used. Gaps are harmless, waste is avoided all the same.
type serials struct {
	year int
	free []int64
}

func (s *serials) giveBack(id int64) { s.free = append(s.free, id) }

// number gives a case id to each row that may begin a case, and the id that its debtor would get, in the order of the file:
// which lane is faster does not show in them. The block of ids is taken in a short transaction of its own, so that uploaders
// do not wait for each other's chunks.
func (l *lanes) number(ctx context.Context, items []*item) error {
	need := 0
	for _, it := range items {
		if it.needsCase() {
			need++
		}
	}
	if need == 0 {
		return nil
	}
	now, err := l.im.store.Now(ctx)
	if err != nil {
		return fmt.Errorf("intake: legal time: %w", err)
	}
	year := calendar.DateOf(now).Year() % 100
	if l.free.year != year {
		l.free = serials{year: year}
	}
	if lack := need - len(l.free.free); lack > 0 {
		if err := l.take(ctx, year, lack); err != nil {
			return err
		}
	}
	rows, err := l.im.store.Pool().Query(ctx, nextDebtorsSQL, need)
	if err != nil {
		return fmt.Errorf("intake: number debtors: %w", err)
	}
	debtors, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return fmt.Errorf("intake: number debtors: %w", err)
	}
	ids := l.free.free[:need]
	l.free.free = l.free.free[need:]
	for _, it := range items {
		if it.needsCase() {
			it.caseID, ids = ids[0], ids[1:]
			it.newDebtor, debtors = debtors[0], debtors[1:]
		}
	}
	return nil
}

func (l *lanes) take(ctx context.Context, year, n int) error {
	var first int
	err := pg.InTx(ctx, l.im.store.Pool(), func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, startYearSQL, year); err != nil {
			return err
		}
		return tx.QueryRow(ctx, takeSerialsSQL, year, n).Scan(&first)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return &YearFullError{Year: year}
	}
	if err != nil {
		return fmt.Errorf("intake: take case numbers: %w", err)
	}
	for serial := first; serial < first+n; serial++ {
		id, err := caseno.Make(year, serial)
		if err != nil {
			return fmt.Errorf("intake: take case numbers: %w", err)
		}
		l.free.free = append(l.free.free, id)
	}
	return nil
}
