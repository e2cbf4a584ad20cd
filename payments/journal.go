package payments

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

const journalSQL = `SELECT id, at, kind, debit, credit, amount, coalesce(case_id, 0), coalesce(payment_id, 0) FROM ledger ORDER BY id`

// Journal writes the whole ledger in the journal format of plain text accounting, which hledger and ledger read: one transaction an entry,
// by the legal day it was booked, with the numbers of the entry, the case and the payment as tags. It holds no personal data. It
// returns how many entries were written.
func (s *Store) Journal(ctx context.Context, q Querier, w io.Writer) (n int, err error) {
	rows, err := q.Query(ctx, journalSQL)
	if err != nil {
		return 0, fmt.Errorf("payments: journal: %w", err)
	}
	out := bufio.NewWriter(w)
	_, _ = out.WriteString("decimal-mark .\ncommodity 1000.00 KZT\n")
	var at time.Time
	var kind, debit, credit string
	var id, tiyn, caseID, payment int64
	_, err = pgx.ForEachRow(rows, []any{&id, &at, &kind, &debit, &credit, &tiyn, &caseID, &payment}, func() error {
		n++
		_, err := fmt.Fprintf(out, "\n%s (%d) %s", calendar.DateOf(at), id, kind)
		tag := "  ; "
		for _, t := range []struct {
			name  string
			value int64
		}{{"case", caseID}, {"payment", payment}} {
			if t.value != 0 {
				_, _ = fmt.Fprintf(out, "%s%s:%d", tag, t.name, t.value)
				tag = ", "
			}
		}
		sum := money.FromTiyn(tiyn)
		_, _ = fmt.Fprintf(out, "\n    %s  %s KZT\n    %s  -%s KZT\n", journalAccount(debit), sum, journalAccount(credit), sum)
		return err
	})
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return n, fmt.Errorf("payments: journal: %w", err)
	}
	return n, nil
}

// journalAccount puts an account under the class that plain text accounting knows: what we have, what we owe, and what the work costs.
func journalAccount(name string) string {
	switch {
	case strings.HasPrefix(name, "clearing:"), name == "treasury", name == "unexplained", name == "fees", name == "otherwise", name == "receivable", name == "transferred", name == "returned", name == "owed_by_claimants":
		return "assets:" + name
	}
	if name == "gateway_fees" {
		return "expenses:" + name
	}
	return "liabilities:" + name
}
