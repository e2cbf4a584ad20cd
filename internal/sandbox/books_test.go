package sandbox_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/internal/sandbox"
	"robotbailiff/internal/testkit"
	"robotbailiff/notify"
)

func install(t *testing.T) *pgxpool.Pool {
	t.Helper()
	pool := testkit.DB(t)
	for range 2 { // it may be repeated
		if err := sandbox.Install(context.Background(), pool); err != nil {
			t.Fatal(err)
		}
	}
	return pool
}

const emptySQL = `TRUNCATE sandbox.instructions, sandbox.arrests, sandbox.accounts, sandbox.debtors, sandbox.messages, sandbox.checkouts,
	sandbox.payments, sandbox.items, sandbox.wrongs`

// TestBooks_memoryEqualsPostgres does the same to two worlds and compares all that they answer, hand over and keep.
func TestBooks_memoryEqualsPostgres(t *testing.T) {
	pool := install(t)
	ctx := context.Background()
	rapid.Check(t, func(t *rapid.T) {
		if _, err := pool.Exec(ctx, emptySQL); err != nil {
			t.Fatal(err)
		}
		seed := rapid.Uint64Range(0, 1000).Draw(t, "seed")
		faults := sandbox.DefaultFaults()
		faults.LineDown, faults.LineMute, faults.LostAnswer, faults.SlowAnswer = 1500, 1500, 1000, 1000
		a := newWorld(t, seed, sandbox.NewMemoryBooks(), faults)
		b := newWorld(t, seed, sandbox.NewPGBooks(pool), faults)
		both := func(what string, f func(w *world) string) {
			if x, y := f(a), f(b); x != y {
				t.Fatalf("%s:\nmemory   %s\npostgres %s", what, x, y)
			}
		}
		for range rapid.IntRange(1, 8).Draw(t, "steps") {
			do := rapid.SampledFrom([]string{"orders", "orders", "messages", "messages", "query", "pay", "step", "step"}).Draw(t, "do")
			cases := rapid.SliceOfNDistinct(rapid.IntRange(0, 7), 1, 8, rapid.ID).Draw(t, "cases")
			purpose := rapid.SampledFrom(engine.Purposes).Draw(t, "purpose")
			hours := rapid.IntRange(0, 24*12).Draw(t, "hours")
			sum := rapid.Int64Range(1_00, 80_000_00).Draw(t, "sum")
			both(do, func(w *world) string { return apply(ctx, t, w, do, cases, purpose, hours, sum) })
			both("next", func(w *world) string {
				at, ok, err := w.NextAt(ctx)
				return fmt.Sprint(at, ok, err)
			})
		}
		both("books", func(w *world) string {
			text, err := sandbox.Dump(ctx, w.books)
			if err != nil {
				t.Fatal(err)
			}
			return text
		})
		if wrong, err := b.CheckBooks(ctx); err != nil || len(wrong) > 0 {
			t.Fatalf("%+v, %v", wrong, err)
		}
	})
}

func apply(ctx context.Context, t failer, w *world, do string, cases []int, purpose engine.Purpose, hours int, sum int64) string {
	var batch []orders.Instruction
	var ids []uuid.UUID
	var messages []notify.Message
	for _, n := range cases {
		in := order(t, n, n%5, purpose, 1, sum)
		batch, ids = append(batch, in), append(ids, in.ID)
		messages = append(messages, message(t, n, notify.SMS, sum))
	}
	switch do {
	case "orders":
		r, err := w.hub().Submit(ctx, batch)
		return fmt.Sprint(r, err)
	case "query":
		r, err := w.hub().Query(ctx, ids)
		s, err2 := w.Messages(notify.SMS).Query(ctx, []string{messages[0].Ref})
		return fmt.Sprint(r, err, s, err2)
	case "messages":
		r, err := w.Messages(notify.SMS).Send(ctx, messages)
		return fmt.Sprint(r, err)
	case "pay":
		txn, err := w.pay(ctx, caseID(cases[0]), sum)
		return fmt.Sprint(txn, err)
	}
	now := w.clock.Advance(time.Duration(hours) * time.Hour)
	w.out.log = nil
	n, err := w.Step(ctx, now, w.out)
	return fmt.Sprint(n, err, w.out.log)
}

func TestBooks_surviveAnotherProcess(t *testing.T) {
	t.Parallel()
	pool := install(t)
	ctx := context.Background()
	w := newWorld(t, 1, sandbox.NewPGBooks(pool), sandbox.NoFaults())
	mustSend(ctx, t, w, notify.SMS, []notify.Message{message(t, 7, notify.SMS, 50_00)})
	other := newWorld(t, 1, sandbox.NewPGBooks(pool), sandbox.NoFaults())
	other.until(ctx, t, opening.AddDays(60).Start())
	if other.out.receipts[notify.Ref(caseID(7), 1, notify.SMS)] != 1 {
		t.Errorf("%v", other.out.log)
	}
}

// plant writes a case of ours with what belongs to it.
func plant(ctx context.Context, t *testing.T, pool *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	if _, err := pool.Exec(ctx, sql, args...); err != nil {
		t.Fatal(err)
	}
}

const plantCaseSQL = `INSERT INTO cases (id, debtor_id, region, language, state, debt, outstanding, paid, opened_on, term_ends_on, ended_at, released_at, pack, seq, head)
VALUES ($1, 1, '75', 'kk', $2, 2000000, $3::bigint, 2000000 - $3::bigint, '2026-03-02', '2026-04-01', $4::timestamptz, $4, (SELECT min(id) FROM rule_packs), 1, decode(repeat('00', 32), 'hex'))`

const plantOrderSQL = `INSERT INTO orders (case_id, purpose, ordinal, id, status, amount, held, requested_at, legs)
VALUES ($1, 'arrest', $2, $3, $4, $5, $6, '2026-03-02', $7::json)`

// noted writes the legs of an order as they stand with it, but for the account numbers, and gives the bank of the first.
func (h *hub) noted(id uuid.UUID) (legs, bank string) {
	var words []string
	for _, name := range h.names() {
		if l, known := h.legs[id][name]; known {
			var sums []string
			for _, p := range l.Parts {
				sums = append(sums, strconv.FormatInt(p.Amount.Tiyn(), 10))
			}
			words = append(words, fmt.Sprintf(`{"bank":%q,"sums":[%s]}`, name, strings.Join(sums, ",")))
			bank = cmp.Or(bank, name)
		}
	}
	return "[" + strings.Join(words, ",") + "]", bank
}

// TestCompare_findsPlantedWrongs begins from two sides that agree and then breaks one promise after the other.
func TestCompare_findsPlantedWrongs(t *testing.T) {
	t.Parallel()
	pool := install(t)
	ctx := context.Background()
	w := newWorld(t, 3, sandbox.NewPGBooks(pool), sandbox.NoFaults())
	plant(ctx, t, pool, `INSERT INTO rule_packs (hash, files) VALUES (repeat('a', 64), '{}')`)

	// Somebody with money, arrested for 20 000 tenge.
	who := -1
	for n := range 50 {
		in := order(t, n, n, engine.Arrest, 1, 2_000_000)
		got, err := w.hub().Submit(ctx, []orders.Instruction{in})
		if err != nil {
			t.Fatal(err)
		}
		plant(ctx, t, pool, plantCaseSQL, caseID(n), "notified", 2_000_000, nil)
		status := "rejected"
		if got[0].Sum.IsPositive() {
			status = "active"
		}
		if got[0].Answer == engine.Accepted && who < 0 && len(w.hub().legs[in.ID]) == 1 {
			who = n
		}
		legs, _ := w.hub().noted(in.ID)
		plant(ctx, t, pool, plantOrderSQL, caseID(n), 1, in.ID, status, 2_000_000, got[0].Sum.Tiyn(), legs)
	}
	now, _ := w.clock.Now(ctx)
	txn, err := w.pay(ctx, caseID(who), 700_00)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Step(ctx, now, w.out); err != nil {
		t.Fatal(err)
	}
	plant(ctx, t, pool, `INSERT INTO payments (source, txn_id, amount, currency, value_date, received_at) VALUES ('gateway', $1, 70000, 'KZT', '2026-03-02', now())`, txn)
	id, second := engine.OrderID(caseID(who), engine.Arrest, 1), engine.OrderID(caseID(who), engine.Arrest, 2)
	_, bank := w.hub().noted(id)
	leg := orders.LegID(id, bank)
	plant(ctx, t, pool, plantOrderSQL, caseID(who), 2, second, "withdrawn", 2_000_000, 0, `[{"bank":"dala"}]`)

	for _, c := range []struct {
		want, breakIt, healIt string
		args                  []any
	}{
		{"", `SELECT $1::uuid`, `SELECT $1::uuid`, []any{id}},
		{"INV-A6", `UPDATE orders SET legs = replace(legs::text, '[2000000]', '[2000001]')::json WHERE id = $1`, `UPDATE orders SET legs = replace(legs::text, '[2000001]', '[2000000]')::json WHERE id = $1`, []any{id}},
		{"INV-A6", `UPDATE orders SET legs = replace(legs::text, '"bank"', '"bank":"of nobody","was"')::json WHERE id = $1`, `UPDATE orders SET legs = replace(legs::text, '"bank":"of nobody","was"', '"bank"')::json WHERE id = $1`, []any{id}},
		{"INV-A2", `UPDATE orders SET amount = 1999999, held = 1999999 WHERE id = $1`, `UPDATE orders SET amount = 2000000, held = 2000000 WHERE id = $1`, []any{id}},
		{"INV-A5", `UPDATE orders SET status = 'lifted', held = 0 WHERE id = $1`, `UPDATE orders SET status = 'active', held = 2000000 WHERE id = $1`, []any{id}},
		{"INV-A5", `UPDATE orders SET held = 1 WHERE id = $1`, `UPDATE orders SET held = 2000000 WHERE id = $1`, []any{id}},
		{"INV-A2", `UPDATE cases SET outstanding = 5, paid = debt - 5 WHERE id = $1`, `UPDATE cases SET outstanding = debt, paid = 0 WHERE id = $1`, []any{caseID(who)}},
		{"INV-A2", `UPDATE sandbox.debtors SET peak = peak + 1 WHERE case_id = $1`, `UPDATE sandbox.debtors SET peak = peak - 1 WHERE case_id = $1`, []any{caseID(who)}},
		{"INV-A1", `INSERT INTO sandbox.arrests SELECT 'k', $2::uuid, case_id, '', '', 'dala', 0, 0, at, '', NULL FROM sandbox.arrests WHERE id = $1`, `DELETE FROM sandbox.arrests WHERE key = 'k' AND id <> $1 AND id = $2`, []any{leg, orders.LegID(second, "dala")}},
		{"INV-A5", `UPDATE sandbox.arrests SET ended = 'lifted' WHERE id = $1`, `UPDATE sandbox.arrests SET ended = '' WHERE id = $1`, []any{leg}},
		{"INV-M2", `UPDATE payments SET amount = 70001 WHERE txn_id = $1`, `UPDATE payments SET amount = 70000 WHERE txn_id = $1`, []any{txn}},
		{"INV-M2", `INSERT INTO payments (source, txn_id, amount, currency, value_date, received_at) VALUES ('bank', $1, 1, 'KZT', '2026-03-02', now())`, `DELETE FROM payments WHERE source = 'bank' AND txn_id = $1`, []any{txn}},
		{"INV-M5", `UPDATE payments SET source = 'other' WHERE txn_id = $1`, `UPDATE payments SET source = 'gateway' WHERE txn_id = $1`, []any{txn}},
		{"INV-N2", `INSERT INTO sandbox.messages VALUES ('1-1-sms', 'sms', $1, '', 0, '', 0, 1, now(), '', NULL)`, `DELETE FROM sandbox.messages WHERE ref = $1`, []any{"1-1-sms"}},
		{"INV-A4", `UPDATE cases SET state = 'paid', outstanding = 0, paid = debt, ended_at = now(), released_at = now() WHERE id = $1`, `SELECT $1::bigint`, []any{caseID(who)}},
	} {
		plant(ctx, t, pool, c.breakIt, c.args...)
		got, err := w.Compare(ctx, pool)
		if err != nil {
			t.Fatal(err)
		}
		found := ""
		for _, v := range got {
			if v.ID == c.want {
				found = v.ID
			}
		}
		if found != c.want || c.want == "" && len(got) > 0 {
			t.Errorf("%s: found %s", c.breakIt, gocmp.Diff([]sandbox.Violation(nil), got))
		}
		plant(ctx, t, pool, c.healIt, c.args...)
	}
	// An order that the bank has and we do not.
	if _, err := w.Banks()["dala"].Submit(ctx, []orders.Instruction{order(t, 60, 60, engine.Lift, 1, 0)}); err != nil {
		t.Fatal(err)
	}
	got, err := w.Compare(ctx, pool)
	if err != nil || !slices.ContainsFunc(got, func(v sandbox.Violation) bool { return v.ID == "INV-A6" && v.CaseID == caseID(60) }) {
		t.Errorf("%+v, %v", got, err)
	}
}

// demo lives through 45 days of so many cases, with a robot of a few lines on our side.
func demo(tb testing.TB, books sandbox.Books, n int) (*world, int) {
	ctx := context.Background()
	w := newWorld(tb, 1, books, sandbox.DefaultFaults())
	for from := 0; from < n; from += 500 {
		var sms, push []notify.Message
		for i := from; i < min(n, from+500); i++ {
			sms, push = append(sms, message(tb, i, notify.SMS, int64(20_000_00+i))), append(push, message(tb, i, notify.Push, int64(20_000_00+i)))
		}
		mustSend(ctx, tb, w, notify.SMS, sms)
		mustSend(ctx, tb, w, notify.Push, push)
	}
	steps := 0
	for day := range 45 {
		for range 24 {
			now := w.clock.Advance(time.Hour)
			if _, err := w.Step(ctx, now, w.out); err != nil {
				tb.Fatal(err)
			}
			steps++
		}
		for purpose, on := range map[engine.Purpose]int{engine.Arrest: 8, engine.Collect: 15, engine.Lift: 20} {
			if day != on {
				continue
			}
			for from := 0; from < n; from += 500 {
				var batch []orders.Instruction
				for i := from; i < min(n, from+500); i++ {
					if purpose != engine.Lift || i%2 == 0 {
						batch = append(batch, order(tb, i, i%1000, purpose, 1, int64(20_000_00+i)))
					}
				}
				mustSubmit(ctx, tb, w, batch)
			}
		}
	}
	return w, steps
}

func TestDemo_exercisesEverything(t *testing.T) {
	ctx := context.Background()
	w, _ := demo(t, sandbox.NewMemoryBooks(), 5000)
	if wrong, err := w.CheckBooks(ctx); err != nil || len(wrong) > 0 {
		t.Errorf("%+v, %v", wrong, err)
	}
	ledger, err := w.Ledger(ctx)
	if err != nil {
		t.Fatal(err)
	}
	plans, paid, arrested, taken := map[string]int{}, 0, 0, 0
	for _, l := range ledger {
		plans[l.Plan]++
		if l.Paid.IsPositive() {
			paid++
		}
		if l.Arrests > 0 {
			arrested++
		}
		if l.Taken.IsPositive() {
			taken++
		}
	}
	t.Logf("plans %v; %d paid, %d arrested, %d taken; %d refused, %d undone, %d reversed, %d events", plans, paid, arrested, taken,
		len(w.out.refused), len(w.out.undone), len(w.out.reversed), len(w.out.events))
	if paid < 1500 || arrested < 2000 || taken < 1500 || len(w.out.refused) < 100 || len(w.out.undone) < 20 || len(w.out.reversed) < 10 || len(plans) < 10 {
		t.Error("something is not exercised")
	}
}

func BenchmarkDemo(b *testing.B) {
	for b.Loop() {
		demo(b, sandbox.NewMemoryBooks(), 5000)
	}
}

// BenchmarkDemoPostgres is the cost of the world in a demo of 5 000 cases over 45 days.
func BenchmarkDemoPostgres(b *testing.B) {
	pool := testkit.DB(b)
	if err := sandbox.Install(context.Background(), pool); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := pool.Exec(context.Background(), emptySQL); err != nil {
			b.Fatal(err)
		}
		demo(b, sandbox.NewPGBooks(pool), 5000)
	}
}
