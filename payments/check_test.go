package payments_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/testkit"
	"robotbailiff/payments"
)

// settled makes a small sound world: two cases, one paid in part; one payment in suspense; one message.
func settled(t *testing.T) pgx.Tx {
	t.Helper()
	ctx, tx := context.Background(), testkit.Tx(t)
	openCase(t, tx, 260_000_001, 1000)
	openCase(t, tx, 260_000_002, 500)
	p := recordOne(t, tx, "a", 700)
	recordOne(t, tx, "b", 50)
	must(t, store.Allocate(ctx, tx, []payments.Allocation{{PaymentID: p, CaseID: 260_000_001, Allocated: tiyn(600), RefundDue: tiyn(40)}}, now))
	_, err := store.Receive(ctx, tx, payments.Event{Source: "kaspi", EventID: "e", Body: []byte("x")}, now)
	must(t, err)
	_, err = tx.Exec(ctx, `UPDATE cases SET outstanding = 400, paid = 600 WHERE id = 260000001`)
	must(t, err)
	clean(t, tx)
	return tx
}

// What the constraints would stop is planted after they are dropped: the check must not lean on them.
func TestCheck_findsWhatIsPlanted(t *testing.T) {
	const (
		open         = `ALTER TABLE ledger DISABLE TRIGGER ledger_immutable`
		freeEvents   = `ALTER TABLE payment_events DISABLE TRIGGER payment_events_immutable`
		freeVerdicts = `ALTER TABLE payment_verdicts DISABLE TRIGGER payment_verdicts_immutable`
		loose        = `ALTER TABLE payments DROP CONSTRAINT payments_check`
		nothing      = `SELECT 1`
	)
	for name, c := range map[string]struct {
		sql  []string
		want string
		of   int64
	}{
		"a payment grew":     {[]string{`UPDATE payments SET amount = amount + 1 WHERE txn_id = 'a'`}, "INV-M2", 260_000_001},
		"a payment vanished": {[]string{`DELETE FROM payments WHERE txn_id = 'b'`}, "INV-M2", 0},
		"a payment without entries": {[]string{`INSERT INTO payments (source, txn_id, amount, currency, value_date, received_at)
			VALUES ('kaspi', 'c', 5, 'KZT', '2026-03-02', now())`}, "INV-M2", 0},
		"received twice": {[]string{`INSERT INTO ledger (at, kind, debit, credit, amount, payment_id)
			SELECT at, kind, debit, credit, amount, payment_id FROM ledger WHERE kind = 'received' AND amount = 50`}, "INV-M2", 0},
		"one transfer, two payments": {[]string{
			`ALTER TABLE payments DROP CONSTRAINT payments_source_txn_id_key`,
			`UPDATE payments SET txn_id = 'a'`,
		}, "INV-M2", 260_000_001},
		"allocated by hand":       {[]string{`UPDATE payments SET allocated = allocated + 1 WHERE txn_id = 'a'`}, "INV-M1", 260_000_001},
		"a refund by hand":        {[]string{`UPDATE payments SET refund_due = 0 WHERE txn_id = 'a'`}, "INV-M1", 260_000_001},
		"reversed by hand":        {[]string{`UPDATE payments SET reversed = 1 WHERE txn_id = 'b'`}, "INV-M1", 0},
		"outstanding by hand":     {[]string{`UPDATE cases SET outstanding = 401, paid = 599 WHERE id = 260000001`}, "INV-M1", 260_000_001},
		"forgiven by hand":        {[]string{`UPDATE cases SET outstanding = 0, adjusted = -400 WHERE id = 260000001`}, "INV-M1", 260_000_001},
		"handed over, not booked": {[]string{`UPDATE cases SET state = 'handed_over', ended_at = now() WHERE id = 260000001`}, "INV-M1", 260_000_001},
		"opened, not booked":      {[]string{`INSERT INTO cases SELECT 260000003, debtor_id, region, language, state, hold, suspended, suspended_until, debt, outstanding, paid, adjusted, opened_on, term_ends_on, notified_on, voluntary_ends_on, collect_on, notice_rung, notice_seq, next_rung_at, refusal_at, bailiff_id, ended_at, released_at, pack, seq, head FROM cases WHERE id = 260000002`}, "INV-M1", 260_000_003},
		"sums of a case":          {[]string{`ALTER TABLE cases DROP CONSTRAINT cases_check1`, `UPDATE cases SET paid = paid + 5 WHERE id = 260000002`}, "INV-M1", 260_000_002},
		"debt of nobody":          {[]string{`INSERT INTO ledger (at, kind, debit, credit, amount, case_id) VALUES (now(), 'opened', 'receivable', 'claims', 1, 260000009)`}, "INV-M1", 260_000_009},
		"money without a payment": {[]string{`INSERT INTO ledger (at, kind, debit, credit, amount) VALUES (now(), 'received', 'clearing:kaspi', 'suspense', 1)`}, "INV-M1", 0},
		"money of another source": {[]string{open, `UPDATE ledger SET debit = 'clearing:halyk' WHERE kind = 'received'`}, "INV-M1", 0},
		"an entry changed":        {[]string{open, `UPDATE ledger SET amount = amount - 1 WHERE kind = 'allocated'`}, "INV-M1", 260_000_001},
		"an entry gone":           {[]string{open, `DELETE FROM ledger WHERE kind = 'opened' AND case_id = 260000002`}, "INV-M1", 260_000_002},
		"a message changed":       {[]string{freeEvents, `UPDATE payment_events SET body = 'y'`}, "INV-M3", 0},
		"money of no case":        {[]string{`UPDATE payments SET case_id = 260000009 WHERE txn_id = 'b'`}, "INV-M4", 260_000_009},
		"allocated to nothing":    {[]string{`UPDATE payments SET case_id = NULL WHERE txn_id = 'a'`}, "INV-M4", 0},
		"more than came":          {[]string{loose, `UPDATE payments SET refund_due = 700 WHERE txn_id = 'a'`}, "INV-M4", 260_000_001},
		"a recorded message lost": {[]string{
			freeEvents, freeVerdicts, `DELETE FROM payment_pending`, `DELETE FROM payment_verdicts`, `INSERT INTO payment_verdicts SELECT id, 'recorded' FROM payment_events`,
			`UPDATE payments SET source = 'halyk'`,
		}, "INV-M5", 0},
		"a message forgotten": {[]string{`DELETE FROM payment_pending`}, "INV-M5", 0},
		"an unknown entry":    {[]string{`INSERT INTO ledger (at, kind, debit, credit, amount) VALUES (now(), 'gift', 'cash', 'claims', 1)`}, "INV-M6", 0},
		"a wrong shape":       {[]string{`INSERT INTO ledger (at, kind, debit, credit, amount, case_id) VALUES (now(), 'cancelled', 'receivable', 'claims', 1, 260000001)`}, "INV-M6", 260_000_001},
		"without a reason":    {[]string{`INSERT INTO ledger (at, kind, debit, credit, amount, case_id) VALUES (now(), 'adjusted', 'receivable', 'claims', 1, 260000001)`}, "INV-M6", 260_000_001},
		"without its payment": {[]string{open, `UPDATE ledger SET payment_id = NULL WHERE kind = 'allocated'`}, "INV-M6", 260_000_001},
		"the guard is off":    {[]string{open}, "INV-M6", 0},
		"the guard is gone":   {[]string{`DROP TRIGGER ledger_immutable ON ledger`}, "INV-M6", 0},
		"nothing at all":      {[]string{nothing}, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			tx := settled(t)
			for _, sql := range c.sql {
				if _, err := tx.Exec(context.Background(), sql); err != nil {
					t.Fatalf("%s: %v", sql, err)
				}
			}
			found, err := payments.Check(context.Background(), tx)
			must(t, err)
			if c.want == "" && len(found) == 0 {
				return
			}
			for _, v := range found {
				if v.ID == c.want && v.CaseID == c.of && v.Detail != "" {
					return
				}
			}
			t.Fatalf("want %s of case %d, found %+v", c.want, c.of, found)
		})
	}
}

// finds plants faults with SQL and wants the check to find one of an invariant.
func finds(t *testing.T, tx pgx.Tx, want string, faults []string) {
	t.Helper()
	for _, sql := range faults {
		if _, err := tx.Exec(context.Background(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	found, err := payments.Check(context.Background(), tx)
	must(t, err)
	if !slices.ContainsFunc(found, func(v payments.Violation) bool { return v.ID == want && v.Detail != "" }) {
		t.Fatalf("want %s, found %+v", want, found)
	}
}

func TestCheck_isBounded(t *testing.T) {
	ctx, tx := context.Background(), testkit.Tx(t)
	_, err := tx.Exec(ctx, `INSERT INTO ledger (at, kind, debit, credit, amount, case_id)
		SELECT now(), 'opened', 'receivable', 'claims', 1, 260000000 + n FROM generate_series(1, 5000) AS n`)
	must(t, err)
	found, err := payments.Check(ctx, tx)
	must(t, err)
	if len(found) != 100 {
		t.Fatalf("%d violations", len(found))
	}
}

// The auditor has a read-only role.
func TestCheck_readsOnly(t *testing.T) {
	ctx, tx := context.Background(), testkit.Tx(t)
	_, err := tx.Exec(ctx, `SET TRANSACTION READ ONLY`)
	must(t, err)
	clean(t, tx)
}

// The entries can be written and never touched again.
func TestLedger_isImmutable(t *testing.T) {
	for _, sql := range []string{`UPDATE ledger SET amount = 1`, `DELETE FROM ledger`, `TRUNCATE ledger`} {
		t.Run(sql, func(t *testing.T) {
			_, err := settled(t).Exec(context.Background(), sql)
			if err == nil || !strings.Contains(err.Error(), "immutable") {
				t.Error(err)
			}
		})
	}
}
