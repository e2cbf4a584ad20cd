package payments_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/testkit"
	"robotbailiff/payments"
	"robotbailiff/payments/ledger"
)

// netted makes a sound world with a payment that came less its fee, one that met its word by itself, money sent by hand, and a split payment that
// was taken back.
func netted(t *testing.T) pgx.Tx {
	t.Helper()
	ctx, tx := context.Background(), testkit.Tx(t)
	exec := func(sql string, args ...any) {
		t.Helper()
		_, err := tx.Exec(ctx, sql, args...)
		must(t, err)
	}
	n := 0
	line := func(verdict string, sum, payment int64) {
		t.Helper()
		n++
		exec(`INSERT INTO statement_lines (statement_id, line_no, verdict, amount, payment_id) VALUES (1, $1, $2, $3, nullif($4, 0::bigint))`, n, verdict, sum, payment)
	}
	came := func(txn string, sum int64) int64 {
		t.Helper()
		got, err := record(ctx, tx, []payments.Transfer{{Source: ledger.SourceTreasury, TxnID: txn, Amount: tiyn(sum), Currency: "KZT", ValueDate: day}})
		must(t, err)
		line("suspense", sum, got[0].PaymentID)
		return got[0].PaymentID
	}
	act := func(kind, txn, meaning string) (id int64) {
		t.Helper()
		must(t, tx.QueryRow(ctx, `INSERT INTO money_acts (kind, txn_id, meaning, proposed_by, reason, proposed_at) VALUES ($1, $2, $3, 'a', 'r', $4) RETURNING id`, kind, txn, meaning, now).Scan(&id))
		exec(`INSERT INTO money_act_decisions (act_id, verdict, actor, reason, at) VALUES ($1, 'approved', 'b', '', $2)`, id, now)
		return id
	}
	openCase(t, tx, 260_000_001, 1000)
	net, late := recordOne(t, tx, "net", 100), recordOne(t, tx, "late", 200)
	early := came("early", 195)
	must(t, store.KeepWaits(ctx, tx, []payments.Wait{{PaymentID: early, Gateway: "kaspi", Ref: "late"}}))
	told, err := store.TellFees(ctx, tx, []payments.Fee{{PaymentID: net, Amount: tiyn(3)}, {PaymentID: late, Amount: tiyn(5)}, {PaymentID: late, Amount: tiyn(6)}, {PaymentID: early, Amount: tiyn(1)}, {PaymentID: net, Amount: tiyn(100)}})
	must(t, err)
	if fmt.Sprint(told) != "[{true false false false} {true false false false} {false true false false} {false false true false} {false false false true}]" {
		t.Fatalf("%v", told)
	}
	must(t, store.Settle(ctx, tx, []payments.Settlement{{TxnID: "l-net", Gateway: "kaspi", PaymentID: net, Amount: tiyn(97), Fee: tiyn(3)}}, now))
	line("settled", 97, net)
	met, differ, err := store.MeetWaiting(ctx, tx, []int64{net, late}, now)
	must(t, err)
	if len(met) != 1 || met[0] != early || len(differ) != 0 {
		t.Fatalf("met %v, differ %v", met, differ)
	}

	byHand := came("byhand", 60)
	must(t, store.Allocate(ctx, tx, []payments.Allocation{{PaymentID: byHand, CaseID: 260_000_001, Allocated: tiyn(60)}}, now))
	_, err = store.Leave(ctx, tx, []payments.Departure{{TxnID: "hand", Amount: tiyn(50)}}, now)
	must(t, err)
	line("unexplained", -50, 0)
	hand := act("explain", "hand", "remittance")
	exec(`INSERT INTO money_act_parts (act_id, part, payment_id, case_id, amount) VALUES ($1, 1, $2, 260000001, 50)`, hand, byHand)
	must(t, store.ExplainSent(ctx, tx, "hand", []payments.Sent{{PaymentID: byHand, CaseID: 260_000_001, Amount: tiyn(50)}}, hand, now))

	home := came("home", 20)
	again := act("due_again", "hand", "")
	exec(`INSERT INTO money_act_parts (act_id, part, payment_id, known_id, amount) VALUES ($1, 1, $2, $3, 20)`, again, home, byHand)
	must(t, store.DueAgain(ctx, tx, "hand", home, []payments.Sent{{PaymentID: byHand, Amount: tiyn(20)}}, again, now))

	whole := came("whole", 500)
	split := act("split", "", "")
	exec(`INSERT INTO money_act_parts (act_id, part, payment_id, case_id, amount) VALUES ($1, 1, $2, 260000001, 300), ($1, 2, $2, 260000002, 100)`, split, whole)
	made, err := record(ctx, tx, []payments.Transfer{
		{Source: ledger.SourceSplit, TxnID: "1", Amount: tiyn(300), Currency: "KZT", ValueDate: day}, {Source: ledger.SourceSplit, TxnID: "2", Amount: tiyn(100), Currency: "KZT", ValueDate: day},
	})
	must(t, err)
	must(t, store.MoveOn(ctx, tx, []payments.Split{{PaymentID: whole, ToID: made[0].PaymentID, Amount: tiyn(300)}, {PaymentID: whole, ToID: made[1].PaymentID, Amount: tiyn(100)}}, split, now))
	loaded, err := store.LockForReversal(ctx, tx, []payments.Reversal{{Source: ledger.SourceTreasury, TxnID: "whole", Amount: tiyn(500), Currency: "KZT"}})
	must(t, err)
	plan, verdicts := payments.PlanReversals(append(loaded, loaded...))
	if len(plan) != 3 || verdicts[0] != payments.WasReverse || verdicts[1] != payments.Duplicate {
		t.Fatalf("%+v %v", plan, verdicts)
	}
	must(t, store.Reverse(ctx, tx, plan, now))
	line("reversed", -500, whole)
	exec(`UPDATE cases SET paid = 60, outstanding = debt - 60`)
	clean(t, tx)
	return tx
}

func TestCheck_findsWhatWentWrongWithFeesAndParts(t *testing.T) {
	free := func(table string) string { return fmt.Sprintf(`ALTER TABLE %s DISABLE TRIGGER USER`, table) }
	for name, c := range map[string]struct {
		sql  []string
		want string
	}{
		"a fee kept by hand":        {[]string{free("settlements"), `UPDATE settlements SET fee = 4 WHERE txn_id = 'l-net'`}, "INV-M2"},
		"a fee that nobody told":    {[]string{free("payments"), `UPDATE payments SET fee = 0 WHERE txn_id = 'net'`}, "INV-M2"},
		"a fee not booked":          {[]string{free("ledger"), `DELETE FROM ledger WHERE kind = 'fee_kept' AND amount = 3`}, "INV-M1"},
		"a fee of another account":  {[]string{free("ledger"), `UPDATE ledger SET debit = 'fees' WHERE kind = 'fee_kept'`}, "INV-M6"},
		"what met is another sum":   {[]string{free("money_moves"), `UPDATE money_moves SET amount = 194 WHERE kind = 'met'`}, "INV-M2"},
		"a meeting forgotten":       {[]string{free("money_moves"), `DELETE FROM money_moves WHERE kind = 'met'`}, "INV-M2"},
		"sent by hand, of nobody":   {[]string{free("money_act_parts"), `DELETE FROM money_act_parts p USING money_acts a WHERE a.id = p.act_id AND a.kind = 'explain'`}, "INV-M1"},
		"sent by hand, less":        {[]string{free("money_act_parts"), `UPDATE money_act_parts p SET amount = 49 FROM money_acts a WHERE a.id = p.act_id AND a.kind = 'explain'`}, "INV-M1"},
		"sent by hand, other case":  {[]string{free("money_act_parts"), `UPDATE money_act_parts p SET case_id = 260000002 FROM money_acts a WHERE a.id = p.act_id AND a.kind = 'explain'`}, "INV-M1"},
		"due again by hand":         {[]string{`UPDATE payments SET remitted = 0 WHERE txn_id = 'byhand'`}, "INV-M1"},
		"came back, not kept":       {[]string{free("remittance_returns"), `DELETE FROM remittance_returns`}, "INV-M6"},
		"came back, another sum":    {[]string{free("remittance_returns"), `UPDATE remittance_returns SET amount = 19`}, "INV-M6"},
		"came back, more than went": {[]string{free("remittance_returns"), free("money_act_parts"), `UPDATE remittance_returns SET amount = 51`, `UPDATE money_act_parts p SET amount = 51 FROM money_acts a WHERE a.id = p.act_id AND a.kind = 'due_again'`}, "INV-M1"},
		"came back, undecided":      {[]string{free("money_act_decisions"), `DELETE FROM money_act_decisions d USING money_acts a WHERE a.id = d.act_id AND a.kind = 'due_again'`}, "INV-M6"},
		"came back, not booked":     {[]string{free("ledger"), `DELETE FROM ledger WHERE kind = 'due_again'`}, "INV-M1"},
		"came back, one side":       {[]string{free("ledger"), `UPDATE ledger SET credit = 'owed_by_claimants' WHERE kind = 'due_again' AND debit = 'claims'`}, "INV-M6"},
		"sent by hand, not booked":  {[]string{free("ledger"), `DELETE FROM ledger WHERE kind = 'sent_by_hand'`}, "INV-M1"},
		"a part that is still here": {[]string{`UPDATE payments SET reversed = 0 WHERE source = 'split' AND amount = 100`}, "INV-M1"},
		"a whole that is split yet": {[]string{`UPDATE payments SET moved = 100, reversed = 400 WHERE txn_id = 'whole'`}, "INV-M2"},
		"taken back, not unsplit":   {[]string{free("ledger"), `DELETE FROM ledger WHERE kind = 'unsplit'`}, "INV-M1"},
	} {
		t.Run(name, func(t *testing.T) {
			finds(t, netted(t), c.want, c.sql)
		})
	}
}

// The books refuse what the domain would not ask for, and the database what the books would not.
func TestNetted_refuses(t *testing.T) {
	ctx := context.Background()
	id := func(tx pgx.Tx, txn string) (id int64) {
		must(t, tx.QueryRow(ctx, `SELECT id FROM payments WHERE txn_id = $1`, txn).Scan(&id))
		return id
	}
	left := func(tx pgx.Tx, sum int64) {
		_, err := store.Leave(ctx, tx, []payments.Departure{{TxnID: "other", Amount: tiyn(sum)}}, now)
		must(t, err)
	}
	sent := func(tx pgx.Tx, caseID int64, sums ...int64) error {
		var parts []payments.Sent
		for _, sum := range sums {
			parts = append(parts, payments.Sent{PaymentID: id(tx, "byhand"), CaseID: caseID, Amount: tiyn(sum)})
		}
		var act int64
		must(t, tx.QueryRow(ctx, `INSERT INTO money_acts (kind, txn_id, meaning, proposed_by, reason, proposed_at) VALUES ('explain', 'other', 'remittance', 'a', 'r', $1) RETURNING id`, now).Scan(&act))
		return store.ExplainSent(ctx, tx, "other", parts, act, now)
	}
	for name, do := range map[string]func(tx pgx.Tx) error{
		"more than is due":    func(tx pgx.Tx) error { left(tx, 31); return sent(tx, 260_000_001, 31) }, // 10 were not sent, 20 have come back
		"of another case":     func(tx pgx.Tx) error { left(tx, 10); return sent(tx, 260_000_002, 10) },
		"less than has left":  func(tx pgx.Tx) error { left(tx, 10); return sent(tx, 260_000_001, 9) },
		"one payment twice":   func(tx pgx.Tx) error { left(tx, 10); return sent(tx, 260_000_001, 5, 5) },
		"nobody":              func(tx pgx.Tx) error { left(tx, 10); return sent(tx, 260_000_001) },
		"a departure of none": func(tx pgx.Tx) error { return sent(tx, 260_000_001, 10) },
		"more parts than moved": func(tx pgx.Tx) error {
			return store.Reverse(ctx, tx, []payments.ReversalOf{{PaymentID: id(tx, "net"), FromSuspense: tiyn(1), FromParts: tiyn(1)}}, now)
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := do(netted(t))
			if _, refused := errors.AsType[*payments.RefusedError](err); !refused {
				t.Errorf("%v", err)
			}
		})
	}
	for _, sql := range []string{`UPDATE payments SET fee = 4 WHERE txn_id = 'net'`, `UPDATE payments SET fee = amount WHERE txn_id = 'byhand'`, `UPDATE settlements SET fee = -1`} {
		t.Run(sql, func(t *testing.T) {
			if _, err := netted(t).Exec(ctx, sql); err == nil {
				t.Error("it was changed")
			}
		})
	}
}
