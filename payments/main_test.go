package payments_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/testkit"
	"robotbailiff/payments"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Tests with testkit.Tx share a database and use the same keys, so they do not run in parallel: one would wait for the
// other's rollback. Those with a database of their own do.
func TestMain(m *testing.M) { testkit.Main(m) }

var (
	store = payments.New()
	now   = testkit.Morning
	day   = calendar.MakeDate(2026, time.March, 2)
)

func tiyn(n int64) money.Amount { return money.FromTiyn(n) }

type fataler interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

func must(t fataler, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// insertCase plays the engine: the row of a case that has just been opened.
func insertCase(t fataler, tx pgx.Tx, id, debt int64) {
	t.Helper()
	ctx := context.Background()
	_, err := tx.Exec(ctx, `INSERT INTO rule_packs (hash, files) VALUES (repeat('a', 64), '{}') ON CONFLICT DO NOTHING`)
	must(t, err)
	_, err = tx.Exec(ctx, `INSERT INTO cases (id, debtor_id, region, language, state, debt, outstanding, opened_on, term_ends_on, pack, seq, head)
		SELECT $1, 1, '75', 'ru', 'opened', $2, $2, '2026-03-02', '2026-04-01', (SELECT min(id) FROM rule_packs), 1, decode(repeat('00', 32), 'hex')`, id, debt)
	must(t, err)
}

// openCase also books the debt.
func openCase(t fataler, tx pgx.Tx, id, debt int64) {
	t.Helper()
	insertCase(t, tx, id, debt)
	must(t, store.MoveDebts(context.Background(), tx, []payments.DebtMove{{CaseID: id, Kind: "opened", Amount: tiyn(debt)}}, now))
}

func transfer(txn string, sum int64) payments.Transfer {
	return payments.Transfer{Source: "kaspi", TxnID: txn, Amount: tiyn(sum), Currency: "KZT", ValueDate: day}
}

// record books transfers into suspense.
func record(ctx context.Context, tx pgx.Tx, transfers []payments.Transfer) ([]payments.Recorded, error) {
	got, err := store.Reserve(ctx, tx, transfers)
	if err != nil {
		return nil, err
	}
	var fresh []payments.Booking
	for i, r := range got {
		if r.Fresh {
			fresh = append(fresh, payments.Booking{Transfer: transfers[i], PaymentID: r.PaymentID})
		}
	}
	return got, store.Book(ctx, tx, fresh, now)
}

// recordOne books one transfer that must be fresh.
func recordOne(t fataler, tx pgx.Tx, txn string, sum int64) int64 {
	t.Helper()
	got, err := record(context.Background(), tx, []payments.Transfer{transfer(txn, sum)})
	must(t, err)
	if len(got) != 1 || !got[0].Fresh || got[0].PaymentID == 0 {
		t.Fatalf("recorded %+v", got)
	}
	return got[0].PaymentID
}

func clean(t fataler, tx pgx.Tx) {
	t.Helper()
	found, err := payments.Check(context.Background(), tx)
	must(t, err)
	if len(found) != 0 {
		t.Fatalf("violations: %+v", found)
	}
}

func stand(p payments.Payment) string {
	return fmt.Sprintf("%s=%s+%s+%s+%s", p.Amount, p.Allocated, p.RefundDue, p.Reversed, p.Suspense)
}
