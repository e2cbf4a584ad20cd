package payments_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/testkit"
	"robotbailiff/payments"
	"robotbailiff/payments/ledger"
)

// desked makes a sound world in which people did everything once: a split, a gateway's payment met, a fee explained, and one
// refund each collected, sent, paid and returned.
func desked(t *testing.T) pgx.Tx {
	t.Helper()
	ctx, tx := context.Background(), testkit.Tx(t)
	exec := func(sql string, args ...any) {
		t.Helper()
		_, err := tx.Exec(ctx, sql, args...)
		must(t, err)
	}
	act := func(kind, txn, meaning string) (id int64) {
		t.Helper()
		must(t, tx.QueryRow(ctx, `INSERT INTO money_acts (kind, txn_id, meaning, proposed_by, reason, proposed_at) VALUES ($1, $2, $3, 'a', 'r', $4) RETURNING id`, kind, txn, meaning, now).Scan(&id))
		return id
	}
	done := func(id int64) {
		t.Helper()
		exec(`INSERT INTO money_act_decisions (act_id, verdict, actor, reason, at) VALUES ($1, 'approved', 'b', '', $2)`, id, now)
	}
	exec(`INSERT INTO money_accounts (iban, gateway, added_by, added_at) VALUES ('KZ510700000000000001', '', 'a', $1)`, now)
	var lines [][2]any
	line := func(txn string, sum int64) int64 {
		t.Helper()
		got, err := record(ctx, tx, []payments.Transfer{{Source: ledger.SourceTreasury, TxnID: txn, Amount: tiyn(sum), Currency: "KZT", ValueDate: day}})
		must(t, err)
		lines = append(lines, [2]any{sum, got[0].PaymentID})
		return got[0].PaymentID
	}

	openCase(t, tx, 260_000_001, 1000)
	split := act("split", "", "")
	whole := line("whole", 500)
	exec(`INSERT INTO money_act_parts (act_id, part, payment_id, case_id, amount) VALUES ($1, 1, $2, 260000001, 300), ($1, 2, $2, 260000002, 100)`, split, whole)
	parts := []payments.Transfer{{Source: ledger.SourceSplit, TxnID: "1", Amount: tiyn(300), Currency: "KZT", ValueDate: day}, {Source: ledger.SourceSplit, TxnID: "2", Amount: tiyn(100), Currency: "KZT", ValueDate: day}}
	made, err := record(ctx, tx, parts)
	must(t, err)
	must(t, store.MoveOn(ctx, tx, []payments.Split{{PaymentID: whole, ToID: made[0].PaymentID, Amount: tiyn(300)}, {PaymentID: whole, ToID: made[1].PaymentID, Amount: tiyn(100)}}, split, now))
	done(split)

	same := act("same_as", "", "")
	known, twin := recordOne(t, tx, "g", 70), line("twin", 70)
	exec(`INSERT INTO money_act_parts (act_id, part, payment_id, known_id, amount) VALUES ($1, 1, $2, $3, 70)`, same, twin, known)
	must(t, store.SameAs(ctx, tx, twin, known, same, now))
	done(same)

	_, err = store.Leave(ctx, tx, []payments.Departure{{TxnID: "fee", Amount: tiyn(7)}}, now)
	must(t, err)
	lines = append(lines, [2]any{int64(-7), int64(0)})
	fee := act("explain", "fee", "bank_fee")
	must(t, store.Explain(ctx, tx, "fee", ledger.BankFee, fee, now))
	done(fee)

	orders := map[string]int64{}
	for i, name := range []string{"collected", "sent", "paid", "returned"} {
		p := line(name, int64(20+i))
		must(t, store.Allocate(ctx, tx, []payments.Allocation{{PaymentID: p, RefundDue: tiyn(int64(20 + i))}}, now))
		file, err := store.Collect(ctx, tx, payments.RefundKind, "KZ510700000000000001", []payments.Wanted{{PaymentID: p, Amount: tiyn(int64(20 + i)), EndToEnd: func(int64, int) string { return name }, Requisites: []byte("x")}}, "a", "r", now)
		must(t, err)
		orders[name] = file
		if name != "collected" {
			must(t, store.Release(ctx, tx, file, "b", "", [32]byte{}, []byte("x"), now))
		}
	}
	locked, err := store.LockPayouts(ctx, tx, []string{"paid", "returned"})
	must(t, err)
	for name, o := range locked {
		_, err = store.Leave(ctx, tx, []payments.Departure{{TxnID: "out " + name, Amount: o.Amount, Order: &o}}, now)
		must(t, err)
		lines = append(lines, [2]any{-o.Amount.Tiyn(), o.PaymentID})
		if name == "returned" {
			must(t, store.CameBack(ctx, tx, &o, "back", now))
			lines = append(lines, [2]any{o.Amount.Tiyn(), o.PaymentID})
		}
	}
	for i, l := range lines {
		verdict := "suspense"
		if l[1] == int64(0) {
			verdict = "unexplained"
		}
		exec(`INSERT INTO statement_lines (statement_id, line_no, verdict, amount, payment_id) VALUES (1, $1, $2, $3, nullif($4, 0::bigint))`, i+1, verdict, l[0], l[1])
	}
	clean(t, tx)
	return tx
}

func TestCheck_findsWhatPeopleDidWrong(t *testing.T) {
	free := func(table string) string {
		return fmt.Sprintf(`ALTER TABLE %s DISABLE TRIGGER USER`, table)
	}
	for name, c := range map[string]struct {
		sql  []string
		want string
	}{
		"a part grew":                  {[]string{`UPDATE payments SET amount = amount + 1 WHERE source = 'split' AND amount = 300`}, "INV-M2"},
		"moved by hand":                {[]string{`UPDATE payments SET moved = moved - 1 WHERE txn_id = 'whole'`}, "INV-M1"},
		"a move forgotten":             {[]string{free("money_moves"), `DELETE FROM money_moves WHERE amount = 100`}, "INV-M2"},
		"a move to nobody":             {[]string{free("money_moves"), `UPDATE money_moves SET to_id = 999999 WHERE amount = 100`}, "INV-M2"},
		"a move of another sum":        {[]string{free("money_moves"), `UPDATE money_moves SET amount = 99 WHERE amount = 100`}, "INV-M2"},
		"a part of nothing":            {[]string{`INSERT INTO payments (source, txn_id, amount, currency, value_date, received_at) VALUES ('split', 'x', 5, 'KZT', '2026-03-02', now())`}, "INV-M2"},
		"an act did more than it said": {[]string{free("money_act_parts"), `UPDATE money_act_parts SET amount = 1 WHERE amount = 100`}, "INV-M6"},
		"an act nobody decided":        {[]string{free("money_act_decisions"), `DELETE FROM money_act_decisions d USING money_acts a WHERE a.id = d.act_id AND a.kind = 'split'`}, "INV-M6"},
		"one person alone":             {[]string{free("money_act_decisions"), `UPDATE money_act_decisions SET actor = 'a'`}, "INV-M6"},
		"after a day":                  {[]string{free("money_act_decisions"), `UPDATE money_act_decisions SET at = at + interval '24 hours'`}, "INV-M6"},
		"explained by nobody":          {[]string{free("money_act_decisions"), `DELETE FROM money_act_decisions d USING money_acts a WHERE a.id = d.act_id AND a.kind = 'explain'`}, "INV-M6"},
		"an explanation gone":          {[]string{free("explanations"), `DELETE FROM explanations`}, "INV-M1"},
		"explained as something else":  {[]string{free("explanations"), `UPDATE explanations SET meaning = 'otherwise'`}, "INV-M1"},
		"refunded by hand":             {[]string{`UPDATE payments SET refunded = 0, refund_due = 22 WHERE txn_id = 'paid'`}, "INV-M1"},
		"paying by hand":               {[]string{`UPDATE payments SET paying = 0 WHERE txn_id = 'sent'`}, "INV-M1"},
		"ordered twice at a time":      {[]string{free("payouts"), `DROP INDEX payouts_one_at_a_time`, `INSERT INTO payouts (file_id, payment_id, amount, end_to_end, requisites) SELECT file_id, payment_id, amount, 'again', requisites FROM payouts WHERE end_to_end = 'collected'`}, "INV-M1"},
		"paid without a word":          {[]string{free("payouts"), `UPDATE payouts SET state = 'paid', ended_at = now() WHERE end_to_end = 'sent'`}, "INV-M1"},
		"sent without a release":       {[]string{free("payouts"), `UPDATE payouts SET state = 'sent' WHERE end_to_end = 'collected'`}, "INV-M1"},
		"released by one person":       {[]string{free("payout_file_acts"), `UPDATE payout_file_acts SET actor = 'a'`}, "INV-M6"},
		"another sum left":             {[]string{`UPDATE departures SET amount = amount + 1 WHERE payout_id IS NOT NULL`}, "INV-M1"},
		"a departure of no order":      {[]string{`UPDATE departures SET payout_id = NULL`}, "INV-M1"},
		"a return forgotten":           {[]string{free("payout_returns"), `DELETE FROM payout_returns`}, "INV-M1"},
		"an entry of a wrong shape":    {[]string{`INSERT INTO ledger (at, kind, debit, credit, amount, payment_id) SELECT now(), 'refunded', 'refunds_due', 'treasury', 1, min(id) FROM payments`}, "INV-M6"},
		"an entry without its act":     {[]string{`INSERT INTO ledger (at, kind, debit, credit, amount, payment_id) SELECT now(), 'split', 'suspense', 'clearing:split', 1, min(id) FROM payments`}, "INV-M6"},
	} {
		t.Run(name, func(t *testing.T) {
			finds(t, desked(t), c.want, c.sql)
		})
	}
}

// What was said stays as it was said, whoever asks the database.
func TestDesk_isImmutable(t *testing.T) {
	for _, sql := range []string{
		`UPDATE money_acts SET reason = 'x'`, `DELETE FROM money_act_parts`, `UPDATE money_act_decisions SET actor = 'x'`, `DELETE FROM money_moves`, `DELETE FROM explanations`,
		`UPDATE payout_files SET reason = 'x'`, `DELETE FROM payout_file_acts`, `DELETE FROM payout_returns`, `DELETE FROM payouts`, `UPDATE payouts SET amount = 1`,
		`UPDATE payouts SET state = 'collected', ended_at = NULL WHERE state = 'paid'`, `DELETE FROM desk_openings`, `TRUNCATE refund_requisites`,
	} {
		t.Run(sql, func(t *testing.T) {
			if _, err := desked(t).Exec(context.Background(), sql); err == nil {
				t.Error("it was changed")
			}
		})
	}
}

// The books refuse what the domain would not ask for.
func TestDesk_refuses(t *testing.T) {
	ctx := context.Background()
	id := func(tx pgx.Tx, txn string) (id int64) {
		must(t, tx.QueryRow(ctx, `SELECT id FROM payments WHERE txn_id = $1`, txn).Scan(&id))
		return id
	}
	for name, do := range map[string]func(tx pgx.Tx) error{
		"more than is in suspense": func(tx pgx.Tx) error {
			return store.MoveOn(ctx, tx, []payments.Split{{PaymentID: id(tx, "whole"), ToID: 999, Amount: tiyn(101)}}, 1, now)
		},
		"a twin that was used": func(tx pgx.Tx) error { return store.SameAs(ctx, tx, id(tx, "twin"), id(tx, "g"), 1, now) },
		"a twin of another sum": func(tx pgx.Tx) error {
			return store.SameAs(ctx, tx, id(tx, "collected"), id(tx, "g"), 1, now)
		},
		"what is explained": func(tx pgx.Tx) error { return store.Explain(ctx, tx, "nothing", ledger.BankFee, 1, now) },
		"collected twice": func(tx pgx.Tx) error {
			_, err := store.Collect(ctx, tx, payments.RefundKind, "KZ510700000000000001", []payments.Wanted{{PaymentID: id(tx, "sent"), Amount: tiyn(21), EndToEnd: func(int64, int) string { return "n" }}}, "a", "r", now)
			return err
		},
		"taken back from what is being paid": func(tx pgx.Tx) error {
			return store.Reverse(ctx, tx, []payments.ReversalOf{{PaymentID: id(tx, "sent"), FromRefund: tiyn(1)}}, now)
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := do(desked(t))
			if _, refused := errors.AsType[*payments.RefusedError](err); !refused {
				t.Errorf("%v", err)
			}
			if err != nil && strings.Contains(err.Error(), "KZ51") {
				t.Error("the error repeats an account")
			}
		})
	}
}
