package migrations_test

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"robotbailiff/internal/testkit"
)

// "Money to a claimant" that named no payment explains nothing any more: it waits for people again, and can be explained once anew.
func TestNamedAndNet_whatNamedNobodyIsUnexplainedAgain(t *testing.T) {
	t.Parallel()
	const version = 20261128171500
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
	exec := func(sql string) error {
		_, err := pool.Exec(t.Context(), sql)
		return err
	}
	for _, sql := range []string{
		`INSERT INTO departures (txn_id, amount, gateway, at) VALUES ('fee', 7, '', now()), ('sent', 1000, '', now())`,
		`INSERT INTO money_acts (kind, txn_id, meaning, proposed_by, reason, proposed_at) VALUES ('explain', 'fee', 'bank_fee', 'a', 'r', now()), ('explain', 'sent', 'remittance', 'a', 'r', now()), ('explain', 'sent', 'otherwise', 'a', 'r', now())`,
		`INSERT INTO explanations (txn_id, meaning, amount, act_id) SELECT txn_id, meaning, CASE txn_id WHEN 'fee' THEN 7 ELSE 1000 END, id FROM money_acts WHERE meaning <> 'otherwise'`,
		`INSERT INTO ledger (at, kind, debit, credit, amount, reason) VALUES (now(), 'unexplained', 'unexplained', 'treasury', 1000, ''), (now(), 'explained', 'claims', 'unexplained', 1000, 'act 2')`,
	} {
		if err := exec(sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	if _, err := p.ApplyVersion(t.Context(), version, true); err != nil {
		t.Fatal(err)
	}
	var open, claims int
	err = pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM departures d WHERE NOT EXISTS (SELECT 1 FROM explanations e WHERE e.txn_id = d.txn_id AND NOT e.void)),
		(SELECT sum(CASE WHEN debit = 'claims' THEN amount ELSE -amount END) FROM ledger WHERE 'claims' IN (debit, credit))`).Scan(&open, &claims)
	if err != nil || open != 1 || claims != 0 {
		t.Errorf("%d departures wait, claims %d, %v", open, claims, err)
	}
	anew := `INSERT INTO explanations (txn_id, meaning, amount, act_id) SELECT txn_id, meaning, 1000, id FROM money_acts WHERE meaning = 'otherwise'`
	if _, err := p.ApplyVersion(t.Context(), version, false); err != nil { // nothing was said since: it can be undone
		t.Fatal(err)
	}
	if _, err := p.ApplyVersion(t.Context(), version, true); err != nil {
		t.Fatal(err)
	}
	if err := exec(anew); err != nil {
		t.Fatal(err)
	}
	if err := exec(`UPDATE explanations SET void = false`); err == nil {
		t.Error("what was said is changed")
	}
	if _, err := p.ApplyVersion(t.Context(), version, false); err == nil {
		t.Error("it was undone though something was said since")
	}
}
