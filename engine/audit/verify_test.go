package audit_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine"
	"robotbailiff/engine/audit"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/testkit"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const (
	first = 260000001
	cases = 12
)

// filled makes a database with some cases of three events each.
func filled(t *testing.T) *pgxpool.Pool {
	t.Helper()
	pool := testkit.DB(t)
	packs, err := engine.RegisterPack(t.Context(), pool, pack.Default())
	if err != nil {
		t.Fatal(err)
	}
	now := calendar.MakeDate(2026, time.September, 1).Start().Add(10 * time.Hour)
	store := engine.NewStore(engine.Config{Pool: pool, Clock: clock.Fixed(now), Packs: packs})
	digit, _ := rules.IINCheckDigit("85010130001")
	var cmds []engine.For
	for i := range int64(cases) {
		open := engine.Open{DebtorID: 1, Region: "75", Language: "kk", Facts: rules.WritFacts{
			Kind: "fine_prescription", DebtorIIN: "85010130001" + string(digit), Amount: money.FromTiyn(2015500), Currency: "KZT",
			InForce: calendar.MakeDate(2026, time.June, 1), UnpaidConfirmedOn: calendar.MakeDate(2026, time.August, 20),
		}}
		cmds = append(cmds,
			engine.For{CaseID: first + i, Actor: "court", Command: open},
			engine.For{CaseID: first + i, Actor: "notice", Command: engine.NoticeDelivered{Ordinal: 1, Opening: true, Channel: "sms", At: now}},
			engine.For{CaseID: first + i, Actor: "payment", Command: engine.Pay{PaymentID: i + 1, Amount: money.FromTiyn(100), ValueDate: calendar.DateOf(now)}})
	}
	if _, err := store.Apply(t.Context(), cmds); err != nil {
		t.Fatal(err)
	}
	return pool
}

func TestVerify_clean(t *testing.T) {
	t.Parallel()
	r, err := audit.Verify(t.Context(), filled(t))
	if err != nil || r.Result != audit.Intact || r.Events != 3*cases || r.Cases != cases || r.FirstBad != nil {
		t.Fatalf("%+v, %v", r, err)
	}
}

// Whatever is done to any event is found, and the place is named.
func TestVerify_findsEveryTampering(t *testing.T) {
	t.Parallel()
	pool := filled(t)
	luck := rand.New(rand.NewPCG(1, 2))
	for i := range 120 {
		id, seq := first+luck.Int64N(cases), 1+luck.IntN(3)
		deeds := map[string]string{
			"actor":     `UPDATE events SET actor = actor || 'x' WHERE case_id = $1 AND seq = $2`,
			"time":      `UPDATE events SET at = at + interval '1 microsecond' WHERE case_id = $1 AND seq = $2`,
			"kind":      `UPDATE events SET kind = 'cancelled' WHERE case_id = $1 AND seq = $2`,
			"data":      `UPDATE events SET data = (data::text || ' ')::json WHERE case_id = $1 AND seq = $2`,
			"hash":      `UPDATE events SET hash = sha256(hash) WHERE case_id = $1 AND seq = $2`,
			"delete":    `DELETE FROM events WHERE case_id = $1 AND seq = $2`,
			"tail":      `DELETE FROM events WHERE case_id = $1 AND seq >= $2`,
			"swap":      `UPDATE events SET seq = CASE seq WHEN 1 THEN 12 WHEN 2 THEN 11 ELSE 13 END WHERE case_id = $1 AND $2 > 0`,
			"insert":    `INSERT INTO events SELECT case_id, 4, kind, at, actor, pack, data, hash FROM events WHERE case_id = $1 AND seq = $2`,
			"neighbour": `UPDATE events e SET data = o.data FROM events o WHERE e.case_id = $1 AND e.seq = $2 AND o.case_id = $1 AND o.seq = 1 + e.seq % 3`,
		}
		names := []string{"actor", "time", "kind", "data", "hash", "delete", "tail", "swap", "insert", "neighbour"}
		name := names[i%len(names)]
		t.Run(fmt.Sprintf("%s of %d in %d", name, seq, id), func(t *testing.T) {
			r := tamper(t, pool, deeds[name], id, seq)
			if r.Result != audit.Tampered || r.FirstBad == nil || r.FirstBad.CaseID != id {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestVerify_findsAnotherHeadAndALostCase(t *testing.T) {
	t.Parallel()
	pool := filled(t)
	for name, sql := range map[string]string{
		"head":            `UPDATE cases SET head = sha256(head) WHERE id = $1 AND $2 > 0`,
		"case and events": `WITH e AS (DELETE FROM events WHERE case_id = $1 AND $2 > 0) DELETE FROM cases WHERE id = $1`,
		"all events":      `DELETE FROM events WHERE case_id = $1 AND $2 > 0`,
	} {
		t.Run(name, func(t *testing.T) {
			want := audit.Tampered
			if name == "case and events" {
				want = audit.Intact // nothing is left that could tell; that is what checkpoints are for
			}
			if r := tamper(t, pool, sql, first+2, 1); r.Result != want {
				t.Errorf("%+v", r)
			}
		})
	}
}

// tamper does a deed with the guards off, verifies, and puts everything back.
func tamper(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) audit.Report {
	t.Helper()
	back := func(tables ...string) {
		for _, table := range tables {
			do(t, pool, `INSERT INTO `+table+` SELECT * FROM kept_`+table)
		}
	}
	for _, table := range []string{"events", "cases"} {
		do(t, pool, `CREATE TABLE kept_`+table+` AS TABLE `+table)
	}
	do(t, pool, sql, args...)
	r, err := audit.Verify(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	do(t, pool, `DELETE FROM events`)
	do(t, pool, `DELETE FROM cases`)
	back("events", "cases")
	do(t, pool, `DROP TABLE kept_events, kept_cases`)
	return r
}

// do runs a statement with triggers off.
func do(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `SET LOCAL session_replication_role = replica`); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), sql, args...)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func TestLink_dependsOnEveryField(t *testing.T) {
	t.Parallel()
	base := audit.Record{CaseID: 1, Seq: 2, Kind: "paid", At: time.UnixMicro(3), Actor: "robot", Pack: "p", Data: []byte("{}")}
	want := audit.Link([32]byte{}, base)
	for name, change := range map[string]func(*audit.Record){
		"case": func(r *audit.Record) { r.CaseID++ }, "seq": func(r *audit.Record) { r.Seq++ }, "kind": func(r *audit.Record) { r.Kind = "pai" },
		"at": func(r *audit.Record) { r.At = r.At.Add(time.Microsecond) }, "actor": func(r *audit.Record) { r.Actor = "d" + r.Actor },
		"pack": func(r *audit.Record) { r.Pack = "" }, "data": func(r *audit.Record) { r.Data = []byte("{ }") },
	} {
		r := base
		change(&r)
		if audit.Link([32]byte{}, r) == want {
			t.Errorf("%s does not count", name)
		}
	}
	moved := base
	moved.Kind, moved.Actor = "pai", "drobot" // the same bytes, cut elsewhere
	if audit.Link([32]byte{}, moved) == want || audit.Link([32]byte{1}, base) == want {
		t.Error("fields run into each other, or the former hash does not count")
	}
}
