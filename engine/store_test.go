package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine"
	"robotbailiff/engine/stop"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/testkit"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

func TestMain(m *testing.M) { testkit.Main(m) }

type bundle struct {
	pool  *pgxpool.Pool
	clock *clock.Manual
	store *engine.Store
}

func setup(t testing.TB) bundle {
	t.Helper()
	pool := testkit.DB(t)
	packs, err := engine.RegisterPack(t.Context(), pool, pack.Default())
	if err != nil {
		t.Fatal(err)
	}
	c := clock.NewManual(time.Date(2026, 9, 1, 5, 0, 0, 0, time.UTC))
	return bundle{pool, c, engine.NewStore(engine.Config{Pool: pool, Clock: c, Packs: packs})}
}

func date(s string) calendar.Date {
	d, err := calendar.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func tenge(n int64) money.Amount { return money.FromTiyn(n * 100) }

func validIIN(n int) string {
	for ; ; n++ {
		first := fmt.Sprintf("8501013%04d", n)
		if c, ok := rules.IINCheckDigit(first); ok {
			return first + string(c)
		}
	}
}

func open(id int64, amount int64) engine.For {
	return engine.For{CaseID: id, Actor: engine.ActorCourt, Command: engine.Open{DebtorID: 1, Region: "75", Language: "kk", Facts: rules.WritFacts{
		Kind: "fine_prescription", DebtorIIN: validIIN(int(id % 9000)), Amount: tenge(amount), Currency: "KZT", InForce: date("2026-06-01"), UnpaidConfirmedOn: date("2026-08-20"),
	}}}
}

const firstID = 260000001

// openMany opens n cases.
func (b bundle) openMany(t testing.TB, n int) []int64 {
	t.Helper()
	var cmds []engine.For
	var ids []int64
	for i := range n {
		cmds = append(cmds, open(firstID+int64(i), 20155))
		ids = append(ids, firstID+int64(i))
	}
	b.apply(t, cmds...)
	return ids
}

func (b bundle) apply(t testing.TB, cmds ...engine.For) []engine.Outcome {
	t.Helper()
	out, err := b.store.Apply(t.Context(), cmds)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func each(ids []int64, actor string, cmd engine.Command) []engine.For {
	var cmds []engine.For
	for _, id := range ids {
		cmds = append(cmds, engine.For{CaseID: id, Actor: actor, Command: cmd})
	}
	return cmds
}

func (b bundle) load(t testing.TB, id int64) engine.Case {
	t.Helper()
	cs, err := engine.Load(t.Context(), b.pool, []int64{id})
	if err != nil || len(cs) != 1 {
		t.Fatalf("case %d: %v, %v", id, cs, err)
	}
	return cs[0]
}

func (b bundle) count(t testing.TB, sql string, args ...any) (n int) {
	t.Helper()
	if err := b.pool.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// A batch goes the whole way: the stored rows equal what the events say, and the database counts agree.
func TestApply_theWholeWay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ids := b.openMany(t, 50)
	now, _ := b.clock.Now(t.Context())
	b.apply(t, each(ids, engine.ActorNotice, engine.NoticeDelivered{Ordinal: 1, Opening: true, Channel: "sms", At: now})...)
	c := b.load(t, ids[0])
	b.clock.Set(c.VoluntaryEndsOn.End())
	for {
		n, err := b.store.Sweep(t.Context(), 20)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
	}
	if n := b.count(t, `SELECT count(*) FROM orders WHERE live`); n != 50 {
		t.Fatalf("%d live arrests", n)
	}
	b.apply(t, each(ids, engine.ActorBank, engine.OrderAnswered{Purpose: engine.Arrest, Ordinal: 1, Answer: engine.Accepted, Sum: tenge(20155), Bank: "halyk"})...)
	b.apply(t, each(ids, engine.ActorPayment, engine.Pay{PaymentID: 1, Amount: tenge(20155), ValueDate: date("2026-09-10")})...)
	b.apply(t, each(ids, engine.ActorBank, engine.OrderAnswered{Purpose: engine.Lift, Ordinal: 1, Answer: engine.Accepted})...)
	for _, id := range ids {
		got := b.load(t, id)
		if got.State != engine.Paid || got.ReleasedAt.IsZero() || got.LiveArrest() != nil {
			t.Fatalf("case %d: %s, released %s, orders %+v", id, got.State, got.ReleasedAt, got.Orders)
		}
		events, err := engine.Events(t.Context(), b.pool, id)
		if err != nil {
			t.Fatal(err)
		}
		folded := engine.Fold(id, events)
		folded.Head = got.Head
		if diff := cmp.Diff(asJSON(t, got), asJSON(t, folded)); diff != "" {
			t.Fatalf("row and events differ (-row +fold):\n%s", diff)
		}
	}
	if n := b.count(t, `SELECT count(*) FROM due`); n != 0 {
		t.Errorf("%d due rows of ended cases", n)
	}
	if n := b.count(t, `SELECT COALESCE(sum(cases), 0) FROM case_totals WHERE state = 'paid'`); n != 50 {
		t.Errorf("the rollup counts %d paid", n)
	}
	if n := b.count(t, `SELECT COALESCE(sum(outstanding), 0) FROM case_totals`); n != 0 {
		t.Errorf("the rollup has %d outstanding", n)
	}
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	raw, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// The same commands again change nothing.
func TestApply_repetitionIsHarmless(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ids := b.openMany(t, 5)
	now, _ := b.clock.Now(t.Context())
	cmd := engine.NoticeDelivered{Ordinal: 1, Opening: true, Channel: "sms", At: now}
	b.apply(t, each(ids, "notice", cmd)...)
	before := b.count(t, `SELECT count(*) FROM events`)
	for _, o := range append(b.apply(t, each(ids, "notice", cmd)...), b.apply(t, open(ids[0], 20155))...) {
		if o.Refusal == nil || o.Refusal.Code != engine.CodeAlready {
			t.Errorf("case %d: %+v", o.CaseID, o.Refusal)
		}
	}
	if after := b.count(t, `SELECT count(*) FROM events`); after != before {
		t.Errorf("%d events became %d", before, after)
	}
}

// One bad case gets a hold, the rest go on.
func TestApply_isolatesTheBadCase(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ids := b.openMany(t, 40)
	// A constraint that only one case breaks stands for anything that the database refuses about one case.
	if _, err := b.pool.Exec(t.Context(), fmt.Sprintf(`ALTER TABLE cases ADD CONSTRAINT poison CHECK (id <> %d OR notified_on IS NULL)`, ids[17])); err != nil {
		t.Fatal(err)
	}
	now, _ := b.clock.Now(t.Context())
	out := b.apply(t, each(ids, "notice", engine.NoticeDelivered{Ordinal: 1, Opening: true, Channel: "sms", At: now})...)
	for i, o := range out {
		if bad := o.Refusal != nil; bad != (i == 17) {
			t.Errorf("case %d: %+v", i, o.Refusal)
		}
	}
	if c := b.load(t, ids[17]); c.Hold != "failed_notice_delivered" || c.State != engine.Opened {
		t.Errorf("the bad case: hold %q, %s", c.Hold, c.State)
	}
	if n := b.count(t, `SELECT count(*) FROM cases WHERE state = 'notified'`); n != 39 {
		t.Errorf("%d notified", n)
	}
}

// What the code must never do, the database refuses as well.
func TestDatabase_guards(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.openMany(t, 2)[0]
	b.apply(t, engine.For{CaseID: id, Actor: "court", Command: engine.Cancel{Ground: "court", Act: "1"}})
	for name, sql := range map[string]string{
		"a final state is left":    `UPDATE cases SET state = 'opened', ended_at = NULL WHERE id = $1`,
		"a final state is changed": `UPDATE cases SET state = 'paid' WHERE id = $1`,
		"an event is changed":      `UPDATE events SET actor = 'x' WHERE case_id = $1`,
		"an event is deleted":      `DELETE FROM events WHERE case_id = $1`,
		"the sequence has a gap":   `INSERT INTO events SELECT case_id, 9, kind, at, actor, pack, data, hash FROM events WHERE case_id = $1 AND seq = 1`,
		"a case goes back":         `UPDATE cases SET seq = 1 WHERE id = $1`,
		"a case is deleted":        `DELETE FROM cases WHERE id = $1`,
		"money does not add up":    `UPDATE cases SET paid = paid + 1 WHERE id = $1`,
		"an arrest of nothing":     `INSERT INTO orders (case_id, purpose, ordinal, id, status, amount, requested_at) VALUES ($1, 'arrest', 1, gen_random_uuid(), 'requested', 0, now())`,
		"two live arrests":         `INSERT INTO orders (case_id, purpose, ordinal, id, status, amount, requested_at) SELECT $1, 'arrest', n, gen_random_uuid(), 'requested', 1, now() FROM generate_series(1, 2) n`,
		"the bank holds more":      `INSERT INTO orders (case_id, purpose, ordinal, id, status, amount, held, requested_at) VALUES ($1, 'arrest', 1, gen_random_uuid(), 'active', 1, 2, now())`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := b.pool.Exec(t.Context(), sql, id)
			var pgErr *pgconn.PgError
			if !errors.As(err, &pgErr) || !strings.HasPrefix(pgErr.Code, "23") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Two batches over the same cases at once: each case moves once.
func TestApply_atOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ids := b.openMany(t, 30)
	now, _ := b.clock.Now(t.Context())
	errs := make(chan error, 8)
	for range 8 {
		go func() {
			_, err := b.store.Apply(context.Background(), each(ids, "notice", engine.NoticeDelivered{Ordinal: 1, Opening: true, Channel: "sms", At: now}))
			errs <- err
		}()
	}
	for range 8 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if n := b.count(t, `SELECT count(*) FROM events`); n != 60 {
		t.Errorf("%d events of 30 cases", n)
	}
}

// A shut gate leaves the case due later, not in a hot loop, and writes no event.
func TestSweep_stoppedRobot(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ids := b.openMany(t, 3)
	now, _ := b.clock.Now(t.Context())
	b.apply(t, each(ids, "notice", engine.NoticeDelivered{Ordinal: 1, Opening: true, Channel: "sms", At: now})...)
	if _, err := stop.NewStore(b.pool).Throw(t.Context(), stop.Everything, "Aigul", "a drill", now); err != nil {
		t.Fatal(err)
	}
	b.clock.Set(b.load(t, ids[0]).VoluntaryEndsOn.End())
	for i := range 3 {
		n, err := b.store.Sweep(t.Context(), 100)
		if err != nil || i == 0 && n != 3 || i > 0 && n != 0 {
			t.Fatalf("sweep %d looked at %d: %v", i, n, err)
		}
	}
	if n := b.count(t, `SELECT count(*) FROM orders`); n != 0 {
		t.Fatalf("%d orders of a stopped robot", n)
	}
}

func TestWatch_clockRunsBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if err := b.store.Watch(t.Context()); err != nil {
		t.Fatal(err)
	}
	now, _ := b.clock.Now(t.Context())
	slow := engine.NewStore(engine.Config{Pool: b.pool, Clock: clock.Fixed(now.Add(-time.Hour)), Packs: b.store.Packs()})
	if _, err := slow.Sweep(t.Context(), 10); !errors.Is(err, engine.ErrClockBack) {
		t.Fatalf("swept an hour ago: %v", err)
	}
}

func TestChunk_fence(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.openMany(t, 5)
	var id int64
	if err := b.pool.QueryRow(t.Context(), `SELECT id FROM chunks WHERE kind = 'notify'`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	claim := func() (c engine.Chunk) {
		if err := pg.InTx(t.Context(), b.pool, func(tx pgx.Tx) (err error) { c, err = engine.Claim(t.Context(), tx, id); return err }); err != nil {
			t.Fatal(err)
		}
		return c
	}
	stale, fresh := claim(), claim()
	finish := func(c engine.Chunk) error {
		return pg.InTx(t.Context(), b.pool, func(tx pgx.Tx) error {
			if err := c.Hold(t.Context(), tx); err != nil {
				return err
			}
			return c.Finish(t.Context(), tx, c.CaseIDs[:2], c.NotBefore, c.NotBefore.Add(time.Hour))
		})
	}
	if err := finish(stale); !errors.Is(err, engine.ErrFenced) {
		t.Errorf("a stale worker finished: %v", err)
	}
	if err := finish(fresh); err != nil {
		t.Error(err)
	}
	if err := finish(fresh); !errors.Is(err, engine.ErrFenced) {
		t.Errorf("finished twice: %v", err)
	}
	if n := b.count(t, `SELECT cardinality(case_ids) FROM chunks WHERE done_at IS NULL`); n != 2 {
		t.Errorf("%d cases come back", n)
	}
}

func TestDueChunks_restartsWhatADeadWorkerHeld(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.openMany(t, 5)
	now, _ := b.clock.Now(t.Context())
	due := func(lease, longest time.Duration) (n int) {
		must := pg.InTx(t.Context(), b.pool, func(tx pgx.Tx) error {
			chunks, err := engine.DueChunks(t.Context(), tx, now.Add(24*time.Hour), lease, longest, 10)
			n = len(chunks)
			return err
		})
		if must != nil {
			t.Fatal(must)
		}
		return n
	}
	due(0, 0) // a job is asked for
	if n := due(time.Hour, 0); n != 0 {
		t.Fatalf("%d chunks asked for twice", n)
	}
	worker, err := pgx.ConnectConfig(t.Context(), b.pool.Config().ConnConfig)
	if err != nil {
		t.Fatal(err)
	}
	err = pg.InTx(t.Context(), worker, func(tx pgx.Tx) error {
		_, err := engine.Claim(t.Context(), tx, int64(b.count(t, `SELECT id FROM chunks WHERE kind = 'notify'`)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := due(0, time.Hour); n != 0 {
		t.Fatalf("%d chunks were taken from a living worker", n)
	}
	if n := due(time.Hour, 0); n != 1 {
		t.Fatalf("%d chunks were taken from a worker that is stuck", n)
	}
	err = pg.InTx(t.Context(), worker, func(tx pgx.Tx) error {
		_, err := engine.Claim(t.Context(), tx, int64(b.count(t, `SELECT id FROM chunks WHERE kind = 'notify'`)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := worker.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 200 { // the database notices in its own time
		if n := due(time.Hour, time.Hour); n == 1 {
			return
		}
		if _, err := b.pool.Exec(t.Context(), `SELECT pg_sleep(0.01)`); err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("a dead worker keeps its chunk")
}
