package orders_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/testkit"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var names = []string{"altyn", "dala", "jetisu"}

// site is our side with some banks, and one debtor after the other.
type site struct {
	pool   *pgxpool.Pool
	clock  *clock.Manual
	store  *engine.Store
	sender *orders.Sender
	banks  map[string]*bank
	alarms *alarms
	serial int64
	first  int64 // the cases before it are those of an earlier round, which nobody finished
}

// alarms keeps what was told as an error.
type alarms struct {
	slog.Handler

	mu   sync.Mutex
	said []string
}

func (a *alarms) Enabled(context.Context, slog.Level) bool { return true }

func (a *alarms) Handle(_ context.Context, r slog.Record) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if r.Level >= slog.LevelError {
		a.said = append(a.said, r.Message)
	}
	return nil
}

func (a *alarms) count(words string) (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.said {
		if strings.Contains(s, words) {
			n++
		}
	}
	return n
}

var morning = calendar.MakeDate(2026, 9, 1).Start().Add(10 * time.Hour)

func setup(t *testing.T) *site {
	t.Helper()
	s := setupNew(t)
	s.exec(t, `INSERT INTO trials (kind, name, need, opened_at, passed_at) VALUES ('all', '', 0, now(), now())`) // nothing here is new
	return s
}

// setupNew does the same in a house where everything is new.
func setupNew(t *testing.T) *site {
	t.Helper()
	pool := testkit.DB(t)
	packs, err := engine.RegisterPack(t.Context(), pool, pack.Default())
	if err != nil {
		t.Fatal(err)
	}
	s := &site{pool: pool, clock: clock.NewManual(morning), alarms: &alarms{}, serial: 260_000_000}
	s.store = engine.NewStore(engine.Config{Pool: pool, Clock: s.clock, Packs: packs})
	s.sender = &orders.Sender{Store: s.store, Keys: testkit.Keys(t), Log: slog.New(s.alarms)}
	s.fresh()
	return s
}

// fresh begins again with new banks.
func (s *site) fresh() {
	s.banks, s.sender.Banks = map[string]*bank{}, map[string]orders.Peer{}
	for _, name := range names {
		b := newBank(name)
		s.banks[name], s.sender.Banks[name] = b, b
	}
	s.clock.Set(morning)
	s.first = s.serial + 1
}

// failer is what tests and properties have in common.
type failer interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Context() context.Context
}

func (s *site) exec(t failer, sql string, args ...any) {
	t.Helper()
	if _, err := s.pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

func (s *site) count(t failer, sql string, args ...any) (n int64) {
	t.Helper()
	if err := s.pool.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func iin(n int64) string {
	for ; ; n++ {
		first := fmt.Sprintf("8501013%04d", n%10000)
		if c, ok := rules.IINCheckDigit(first); ok {
			return first + string(c)
		}
	}
}

// debtor writes down a new person with so many cases of 50 000 tenge each, told of all of them.
func (s *site) debtor(t failer, n int) (who string, ids []int64) {
	t.Helper()
	who = iin(s.serial)
	var debtor int64
	err := s.pool.QueryRow(t.Context(), `INSERT INTO debtors (iin_blind, iin_sealed, name) VALUES ($1, $2, 'А') RETURNING id`,
		fmt.Appendf(nil, "%d", s.serial), s.sender.Keys.Seal([]byte(who), "debtors.iin_sealed")).Scan(&debtor)
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		s.serial++
		id := s.serial
		ids = append(ids, id)
		s.exec(t, `INSERT INTO writs (case_id, source, document_number, in_force_date, kind, debtor_id, amount, unpaid_confirmed_on, content_hash, batch_id, row_no)
			VALUES ($1::bigint, 'T', $1::bigint::text, '2026-06-01', 'fine_prescription', $2, 5000000, '2026-08-20', '', 0, 0)`, id, debtor)
		s.apply(t, id, engine.Open{DebtorID: debtor, Region: "75", Language: "kk", Facts: rules.WritFacts{
			Kind: "fine_prescription", DebtorIIN: who, Amount: tenge(50_000), Currency: "KZT", InForce: calendar.MakeDate(2026, 6, 1), UnpaidConfirmedOn: calendar.MakeDate(2026, 8, 20),
		}})
		s.apply(t, id, engine.NoticeDelivered{Ordinal: 1, Opening: true, Channel: "sms", At: morning})
	}
	return who, ids
}

func tenge(n int64) money.Amount { return money.FromTiyn(n * 100) }

func (s *site) apply(t failer, id int64, cmd engine.Command) {
	t.Helper()
	if _, err := s.store.Apply(t.Context(), []engine.For{{CaseID: id, Actor: "test", Command: cmd}}); err != nil {
		t.Fatal(err)
	}
}

func (s *site) load(t failer, id int64) engine.Case {
	t.Helper()
	cs, err := engine.Load(t.Context(), s.pool, []int64{id})
	if err != nil || len(cs) != 1 {
		t.Fatalf("case %d: %v", id, err)
	}
	return cs[0]
}

// work does what is due now: the sweep, and every chunk of orders whose time has come.
func (s *site) work(t failer) {
	t.Helper()
	if _, err := s.store.Sweep(t.Context(), engine.MaxBatch); err != nil {
		t.Fatal(err)
	}
	now, _ := s.clock.Now(t.Context())
	for range 20 { // what waits for another order comes back at the same instant
		rows, err := s.pool.Query(t.Context(), `SELECT id FROM chunks WHERE done_at IS NULL AND kind IN ('orders', 'lift') AND not_before <= $1 ORDER BY kind, id`, now)
		if err != nil {
			t.Fatal(err)
		}
		var due []int64
		for rows.Next() {
			var id int64
			if err := rows.Scan(&id); err != nil {
				t.Fatal(err)
			}
			due = append(due, id)
		}
		if len(due) == 0 {
			return
		}
		for _, id := range due {
			if err := s.sender.Run(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// enforce brings cases to the end of the voluntary period.
func (s *site) enforce(t failer, id int64) {
	t.Helper()
	s.clock.Set(s.load(t, id).VoluntaryEndsOn.End())
	s.work(t)
}

func (s *site) held(id int64) (sum int64) {
	for _, b := range s.banks {
		sum += b.holds(id)
	}
	return sum
}

func (s *site) order(t failer, id int64, p engine.Purpose) engine.Order {
	t.Helper()
	c := s.load(t, id)
	for i := len(c.Orders) - 1; i >= 0; i-- {
		if c.Orders[i].Purpose == p {
			return c.Orders[i]
		}
	}
	t.Fatalf("case %d has no %s: %+v", id, p, c.Orders)
	return engine.Order{}
}

// sound fails when a bank was asked for something wrong, or a promise of ours is broken.
func (s *site) sound(t failer) {
	t.Helper()
	for _, b := range s.banks {
		if len(b.wrong) > 0 {
			t.Fatalf("%s: %v", b.name, b.wrong)
		}
	}
	found, err := engine.Check(t.Context(), s.pool)
	found = slices.DeleteFunc(found, func(v engine.Violation) bool { return v.CaseID != 0 && v.CaseID < s.first })
	if err != nil || len(found) > 0 {
		t.Fatalf("%+v, %v", found, err)
	}
}

// rich gives a person money at all three banks: no account covers a case, two do, and the minimum stays.
func (s *site) rich(who string) {
	s.banks["altyn"].open(who, "KZA", orders.KindCurrent, 40_000_00)
	s.banks["altyn"].open(who, "KZP", "social_benefit", 900_000_00)
	s.banks["dala"].open(who, "KZD", orders.KindCurrent, 35_000_00)
	s.banks["jetisu"].open(who, "KZJ", orders.KindCurrent, 30_000_00)
}
