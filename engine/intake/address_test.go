package intake

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/internal/testkit"
)

// An address is sealed, and the case knows that a letter can reach its debtor; what is known of a person stays, what is not is filled in.
func TestImport_addresses(t *testing.T) {
	t.Parallel()
	im, pool := newImporter(t)
	first := []values{
		goodRow(1).with("debtor_address", "010000, г. Астана, ул. Абая, д. 1"),
		goodRow(2).with("debtor_address", ""),
		goodRow(5).with("debtor_address", "?????"),
	}
	if rep := mustImport(t, im, table(first, ","), Options{MaxErrors: 5}); rep.Accepted != 2 || len(rep.Errors) != 1 || rep.Errors[0].Field != "debtor_address" {
		t.Fatalf("%+v", rep)
	}
	address := func(row int) string {
		sealed := one[[]byte](t, pool, `SELECT d.address_sealed FROM debtors d JOIN writs w ON w.debtor_id = d.id WHERE w.document_number = $1`, goodRow(row)["document_number"])
		if sealed == nil {
			return ""
		}
		plain, err := testkit.Keys(t).Open(sealed, SealedAddress)
		if err != nil {
			t.Fatal(err)
		}
		return string(plain)
	}
	wants(t, address(1), "010000, г. Астана, ул. Абая, д. 1")
	wants(t, address(2), "")
	wants(t, mails(t, pool), "true false")
	again := []values{ // the same persons, on other writs
		goodRow(1).with("document_number", "9-1", "debtor_address", "050000, г. Алматы"),
		goodRow(1).with("document_number", "9-2", "debtor_address", ""),
		goodRow(2).with("document_number", "9-3", "debtor_address", "050000, г. Алматы"),
	}
	if rep := mustImport(t, im, table(again, ","), Options{MaxErrors: 5}); rep.Accepted != 3 {
		t.Fatalf("%+v", rep)
	}
	wants(t, address(1), "010000, г. Астана, ул. Абая, д. 1")
	wants(t, address(2), "050000, г. Алматы")
	wants(t, mails(t, pool), "true false true true true")
	noViolations(t, pool)
}

func mails(t *testing.T, pool *pgxpool.Pool) string {
	t.Helper()
	return one[string](t, pool, `SELECT string_agg(c.mail::text, ' ' ORDER BY w.batch_id, w.row_no) FROM cases c JOIN writs w ON w.case_id = c.id`)
}

func wants(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
