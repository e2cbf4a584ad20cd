package migrations_test

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"robotbailiff/internal/testkit"
)

// Reversals that messages told of before are known afterwards, so that the list of their day takes nothing back once more; a text that the
// database cannot read as JSON stops nothing.
func TestReversals_whatWasToldBeforeIsKnown(t *testing.T) {
	t.Parallel()
	const version = 20261129220000
	pool := testkit.DB(t)
	db := stdlib.OpenDBFromPool(pool)
	defer func() { _ = db.Close() }()
	p, err := goose.NewProvider(goose.DialectPostgres, db, os.DirFS("."), goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.ApplyVersion(t.Context(), version, false); err != nil {
		t.Fatal(err)
	}
	for id, body := range map[string]string{
		"whole": `{"type":"payment.reversed","data":{"txn_id":"T-1","amount":"5","currency":"KZT"}}`,
		"tenth": `{"type":"payment.reversed","data":{"txn_id":"T-2","amount":"12.50","currency":"KZT"}}`,
		"odd":   `{"type":"payment.reversed","data":{"txn_id":"T-3","amount":"1.00","currency":"KZT","reference":"\u0000"}}`,
		"paid":  `{"type":"payment.paid","data":{"txn_id":"T-4","amount":"1.00","currency":"KZT","value_date":"2026-09-01"}}`,
	} {
		verdict := "reversed"
		if id == "paid" {
			verdict = "recorded"
		}
		const sql = `WITH e AS (INSERT INTO payment_events (source, event_id, content, body, received_at) VALUES ('gateway', $1, sha256($2), $2, now()) RETURNING id)
INSERT INTO payment_verdicts SELECT id, $3 FROM e`
		if _, err := pool.Exec(t.Context(), sql, id, []byte(body), verdict); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.ApplyVersion(t.Context(), version, true); err != nil {
		t.Fatal(err)
	}
	var got string
	err = pool.QueryRow(t.Context(), `SELECT string_agg(txn_id || ' ' || amount, ', ' ORDER BY txn_id) FROM reversals_told WHERE message_id IS NOT NULL`).Scan(&got)
	if err != nil || got != "T-1 500, T-2 1250" {
		t.Errorf("%q, %v", got, err)
	}
}
