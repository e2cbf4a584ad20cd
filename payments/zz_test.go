package payments_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"robotbailiff/internal/testkit"
	"robotbailiff/payments"
)

func TestZZ(t *testing.T) {
	ctx, pool := context.Background(), testkit.DB(t)
	const n = 10_000
	serial := 0
	var at time.Time
	step := func(name string) { fmt.Printf("%-18s %v\n", name, time.Since(at).Round(time.Millisecond/10)); at = time.Now() }
	for range 4 {
		src, txn, refs, dates := make([]string, n), make([]string, n), make([]string, n), make([]time.Time, n)
		al, cs := make([]int64, n), make([]int64, n)
		for i := range src {
			serial++
			src[i], txn[i], dates[i], al[i], cs[i] = "kaspi", fmt.Sprintf("x-%09d", serial), day.UTC(), 25000, 260_000_000+int64(serial)
			refs[i] = "оплата штрафа по делу 26-0000001-5"
		}
		tx, err := pool.Begin(ctx)
		must(t, err)
		at = time.Now()
		rows, err := tx.Query(ctx, payments.KnownSQL, pgx.QueryExecModeCacheDescribe, src, txn)
		must(t, err)
		rows.Close()
		must(t, rows.Err())
		step("lookup")
		rows, err = tx.Query(ctx, "SELECT nextval('payments_id_seq') FROM generate_series(1,$1)", n)
		must(t, err)
		ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		must(t, err)
		step("nextval")
		_, err = tx.Exec(ctx, "UPDATE pg_sequence SET seqcache=1 WHERE false")
		step("nothing")
		_, err = tx.Exec(ctx, `INSERT INTO payments (id, source, txn_id, amount, currency, value_date, reference, received_at, case_id, allocated)
OVERRIDING SYSTEM VALUE SELECT * FROM (SELECT w.id, w.source, w.txn_id, w.amount, 'KZT', w.value_date, w.reference, $6::timestamptz, w.c, w.amount
  FROM unnest($1::text[], $2::text[], $3::bigint[], $4::date[], $5::text[], $7::bigint[], $8::bigint[]) AS w (source, txn_id, amount, value_date, reference, id, c)) s`, pgx.QueryExecModeCacheDescribe, src, txn, al, dates, refs, now, ids, cs)
		must(t, err)
		step("insert payments")
		_, err = tx.CopyFrom(ctx, pgx.Identifier{"ledger"}, []string{"at", "kind", "debit", "credit", "amount", "case_id", "payment_id", "reason"}, pgx.CopyFromSlice(n, func(i int) ([]any, error) {
			return []any{now, "received", "clearing:kaspi", "suspense", al[i], nil, ids[i], ""}, nil
		}))
		must(t, err)
		step("copy ledger recv")
		_, err = tx.CopyFrom(ctx, pgx.Identifier{"ledger"}, []string{"at", "kind", "debit", "credit", "amount", "case_id", "payment_id", "reason"}, pgx.CopyFromSlice(n, func(i int) ([]any, error) {
			return []any{now, "allocated", "suspense", "receivable", al[i], cs[i], ids[i], ""}, nil
		}))
		must(t, err)
		step("copy ledger alloc")
		_, err = tx.Exec(ctx, `INSERT INTO ledger (at, kind, debit, credit, amount, case_id, payment_id) SELECT $1, 'allocated', 'suspense', 'receivable', w.a, w.c, w.p FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) w (a, c, p)`, pgx.QueryExecModeCacheDescribe, now, al, cs, ids)
		must(t, err)
		step("insert ledger alloc")
		must(t, tx.Commit(ctx))
		step("commit")
		fmt.Println()
	}
}
