package payments_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/testkit"
	"robotbailiff/payments"
	"robotbailiff/payments/ledger"
)

// remitting makes a sound world with money on every step of its way to a claimant: due, collected, sent, paid, returned, and owed by him.
func remitting(t *testing.T) pgx.Tx {
	t.Helper()
	ctx, tx := context.Background(), testkit.Tx(t)
	exec := func(sql string, args ...any) {
		t.Helper()
		_, err := tx.Exec(ctx, sql, args...)
		must(t, err)
	}
	must(t, store.RegisterAccount(ctx, tx, payments.Account{IBAN: treasuryIBAN, AddedBy: "a", AddedAt: now}))
	openCase(t, tx, 260_000_001, 10_000)
	n, paid := 0, int64(0)
	line := func(verdict string, sum, payment int64) {
		t.Helper()
		n++
		exec(`INSERT INTO statement_lines (statement_id, line_no, verdict, amount, payment_id) VALUES (1, $1, $2, $3, $4)`, n, verdict, sum, payment)
	}
	orders := map[string]payments.PayOrder{}
	for i, name := range []string{"due", "collected", "sent", "paid", "returned", "owed"} {
		sum := int64(100 + i)
		got, err := record(ctx, tx, []payments.Transfer{{Source: ledger.SourceTreasury, TxnID: name, Amount: tiyn(sum), Currency: "KZT", ValueDate: day}})
		must(t, err)
		p := got[0].PaymentID
		must(t, store.Allocate(ctx, tx, []payments.Allocation{{PaymentID: p, CaseID: 260_000_001, Allocated: tiyn(sum)}}, now))
		line("matched", sum, p)
		paid += sum
		if name == "due" {
			continue
		}
		file, err := store.Collect(ctx, tx, payments.RemittanceKind, treasuryIBAN, []payments.Wanted{{PaymentID: p, Amount: tiyn(sum), EndToEnd: func(int64, int) string { return name }, Requisites: []byte("x")}}, "a", "r", now)
		must(t, err)
		if name == "collected" {
			continue
		}
		must(t, store.Release(ctx, tx, file, "b", "", [32]byte{}, []byte("x"), now))
		locked, err := store.LockPayouts(ctx, tx, []string{name})
		must(t, err)
		orders[name] = locked[name]
	}
	for _, name := range []string{"paid", "returned", "owed"} {
		o := orders[name]
		_, err := store.Leave(ctx, tx, []payments.Departure{{TxnID: "out " + name, Amount: o.Amount, Order: &o}}, now)
		must(t, err)
		line("paid_out", -o.Amount.Tiyn(), o.PaymentID)
		switch name {
		case "returned":
			must(t, store.CameBack(ctx, tx, &o, "back", now))
			line("came_back", o.Amount.Tiyn(), o.PaymentID)
		case "owed":
			must(t, store.Reverse(ctx, tx, []payments.ReversalOf{{PaymentID: o.PaymentID, FromCase: o.Amount}}, now))
			line("reversed", -o.Amount.Tiyn(), o.PaymentID)
			paid -= o.Amount.Tiyn()
		}
	}
	exec(`UPDATE cases SET paid = $1, outstanding = debt - $1`, paid)
	clean(t, tx)
	return tx
}

func TestCheck_findsWhatWentWrongWithClaimants(t *testing.T) {
	free := func(table string) string { return fmt.Sprintf(`ALTER TABLE %s DISABLE TRIGGER USER`, table) }
	for name, c := range map[string]struct {
		sql  []string
		want string
	}{
		"remitted by hand":          {[]string{`UPDATE payments SET remitted = 100 WHERE txn_id = 'due'`}, "INV-M1"},
		"due again by hand":         {[]string{`UPDATE payments SET remitted = 0 WHERE txn_id = 'paid'`}, "INV-M1"},
		"on its way by hand":        {[]string{`UPDATE payments SET remitting = 0 WHERE txn_id = 'sent'`}, "INV-M1"},
		"a debt of his forgotten":   {[]string{`UPDATE payments SET remitted = 0 WHERE txn_id = 'owed'`}, "INV-M1"},
		"ordered twice at a time":   {[]string{free("payouts"), `DROP INDEX payouts_one_at_a_time`, `INSERT INTO payouts (file_id, payment_id, amount, end_to_end, requisites, kind) SELECT file_id, payment_id, amount, 'again', requisites, kind FROM payouts WHERE end_to_end = 'collected'`}, "INV-M1"},
		"paid without a word":       {[]string{free("payouts"), `UPDATE payouts SET state = 'paid', ended_at = now() WHERE end_to_end = 'sent'`}, "INV-M1"},
		"an order gone":             {[]string{free("payouts"), `DELETE FROM payouts WHERE end_to_end = 'sent'`}, "INV-M1"},
		"an order of nobody":        {[]string{free("payouts"), `UPDATE payouts SET payment_id = 999999 WHERE end_to_end = 'sent'`}, "INV-M2"},
		"an order of another kind":  {[]string{free("payouts"), `UPDATE payouts SET kind = 'refund' WHERE end_to_end = 'sent'`}, "INV-M1"},
		"money that never came":     {[]string{`UPDATE payments SET source = 'kaspi' WHERE txn_id = 'paid'`}, "INV-M1"},
		"a departure of no order":   {[]string{`UPDATE departures SET payout_id = NULL WHERE txn_id = 'out paid'`}, "INV-M1"},
		"collected, not booked":     {[]string{free("ledger"), `DELETE FROM ledger WHERE kind = 'collected' AND amount = 100`}, "INV-M1"},
		"overpaid, not booked":      {[]string{free("ledger"), `UPDATE ledger SET kind = 'uncollected', debit = 'due_to_claimants' WHERE kind = 'overpaid'`}, "INV-M1"},
		"claims of a case by hand":  {[]string{`INSERT INTO ledger (at, kind, debit, credit, amount, case_id) SELECT now(), 'collected', 'claims', 'due_to_claimants', 1, 260000001`}, "INV-M1"},
		"sent, and not booked":      {[]string{free("ledger"), `DELETE FROM ledger WHERE kind = 'remitted' AND payment_id = (SELECT id FROM payments WHERE txn_id = 'paid')`}, "INV-M1"},
		"an entry of a wrong shape": {[]string{`INSERT INTO ledger (at, kind, debit, credit, amount, case_id, payment_id) SELECT now(), 'remitted', 'claims', 'treasury', 1, 260000001, min(id) FROM payments`}, "INV-M6"},
		"recovered without an act": {[]string{
			free("remittance_recoveries"), `INSERT INTO money_acts (kind, proposed_by, reason, proposed_at) VALUES ('recover', 'a', 'r', now())`,
			`INSERT INTO remittance_recoveries (act_id, from_id, payment_id, kept, amount) SELECT max(a.id), 1, 2, true, 1 FROM money_acts a`,
		}, "INV-M6"},
		"requisites of one person": {[]string{
			free("claimant_requisites_decisions"), `INSERT INTO claimant_requisites (scope, name, bin, iban, kbk, knp, proposed_by, reason, proposed_at)
			 VALUES (decode(repeat('00', 32), 'hex'), 'x', '971240001315', 'KZ510700000000000001', '204000', '900', 'a', 'r', now())`,
			`INSERT INTO claimant_requisites_decisions SELECT max(id), 'approved', 'a', '', now() FROM claimant_requisites`,
		}, "INV-M6"},
	} {
		t.Run(name, func(t *testing.T) {
			finds(t, remitting(t), c.want, c.sql)
		})
	}
}

// What was said of claimants stays, and an order keeps its kind, whoever asks the database.
func TestRemitting_isImmutable(t *testing.T) {
	for _, sql := range []string{
		`DELETE FROM claimant_requisites`, `UPDATE claimant_requisites_decisions SET actor = 'x'`, `TRUNCATE remittance_recoveries`, `UPDATE payouts SET kind = 'refund'`,
		`UPDATE payments SET remitted = amount + 1`,
	} {
		t.Run(sql, func(t *testing.T) {
			if _, err := remitting(t).Exec(context.Background(), sql); err == nil {
				t.Error("it was changed")
			}
		})
	}
}
