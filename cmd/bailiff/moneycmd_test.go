package main

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/pg"
	"robotbailiff/internal/testkit"
	"robotbailiff/payments"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

func TestMoney_tellsHowItStands(t *testing.T) {
	t.Parallel()
	pool := testkit.DB(t)
	url := testkit.URL(t, pool)
	var store payments.Store
	day := calendar.DateOf(testkit.Morning)
	err := pg.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		transfers := []payments.Transfer{{Source: "kaspi", TxnID: "1", Amount: money.FromTiyn(500_00), Currency: "KZT", ValueDate: day, Reference: "Ахметов Данияр"}}
		got, err := store.Reserve(t.Context(), tx, transfers)
		if err != nil {
			return err
		}
		if err := store.Book(t.Context(), tx, []payments.Booking{{Transfer: transfers[0], PaymentID: got[0].PaymentID}}, testkit.Morning); err != nil {
			return err
		}
		return store.Allocate(t.Context(), tx, []payments.Allocation{{PaymentID: got[0].PaymentID, RefundDue: money.FromTiyn(200_00)}}, testkit.Morning)
	})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "books.journal")
	status, out, errs := bailiff("money", "--journal", file, "--db", url)
	if status != exitDone || !strings.Contains(out, "clearing:kaspi") || !strings.Contains(out, "300.00") || !strings.Contains(out, "2 entries written") {
		t.Fatalf("%d %s %s", status, out, errs)
	}
	if strings.Contains(out, "Ахметов") {
		t.Error("it shows the payer's words")
	}
	body, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(body), "assets:clearing:kaspi  500.00 KZT") {
		t.Errorf("%v\n%s", err, body)
	}
	sum := sha256.Sum256(body)
	if status, _, _ := bailiff("money", "--journal", file, "--db", url); status != exitFailed {
		t.Errorf("a file was overwritten: %d", status)
	}
	again, err := os.ReadFile(file)
	if err != nil || sha256.Sum256(again) != sum {
		t.Error("the file is not what it was")
	}
	status, out, _ = bailiff("money", "--json", "--db", url)
	if status != exitDone || !strings.Contains(out, `"suspense"`) || !strings.Contains(out, `"refunds"`) {
		t.Errorf("%d %s", status, out)
	}
	if status, _, _ = bailiff("money", "all", "--db", url); status != exitUsage {
		t.Errorf("an argument: %d", status)
	}
}
