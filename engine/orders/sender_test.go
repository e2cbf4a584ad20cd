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

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

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

// An arrest at two banks is one arrest: reduced, collected and lifted as one, and each bank gets its own part once.
func TestSender_oneArrestAtTwoBanks(t *testing.T) {
	t.Parallel()
	s := setup(t)
	who, ids := s.debtor(t, 1)
	s.rich(who)
	id := ids[0]
	s.banks["dala"].be(mute)
	s.enforce(t, id)
	if s.held(id) != 0 {
		t.Fatal("a bank was silent, no account covers the sum, and something is held")
	}
	s.banks["dala"].be(well)
	s.clock.Advance(time.Minute)
	s.banks["dala"].be(late)
	s.work(t)
	if a, b := s.banks["altyn"].holds(id), s.banks["dala"].holds(id); a != 40_000_00 || b != 10_000_00 || s.order(t, id, engine.Arrest).Status != engine.Unknown {
		t.Fatalf("%d and %d held, %+v", a, b, s.order(t, id, engine.Arrest))
	}
	s.banks["altyn"].be(down) // it has answered: nobody asks it again
	s.banks["dala"].be(well)
	s.clock.Advance(5 * time.Minute)
	s.work(t)
	if o := s.order(t, id, engine.Arrest); o.Status != engine.Active || !o.Held.Equal(tenge(50_000)) {
		t.Fatalf("%+v", o)
	}
	if got := s.count(t, `SELECT count(*) FROM orders WHERE case_id = $1 AND bank = 'altyn, dala'`, id); got != 1 {
		t.Error("the order does not name its banks")
	}
	// Nothing personal: account numbers are nowhere in the clear.
	if got := s.count(t, `SELECT count(*) FROM orders WHERE legs::text LIKE '%KZ%' AND case_id = $1`, id); got != 0 {
		t.Error("an account number stands in the clear")
	}

	s.apply(t, id, engine.Pay{PaymentID: 1, Amount: tenge(15_000), ValueDate: calendar.DateOf(morning)})
	s.work(t)
	if a, b := s.banks["altyn"].holds(id), s.banks["dala"].holds(id); a != 40_000_00 || b != 0 {
		t.Fatalf("%d and %d held: dala is free at once, altyn is down", a, b)
	}
	if s.order(t, id, engine.Reduce).Status != engine.Unknown {
		t.Error("a reduction is done before all banks did it")
	}
	s.banks["altyn"].be(well)
	s.clock.Advance(time.Hour)
	s.work(t)
	if o := s.order(t, id, engine.Arrest); !o.Held.Equal(tenge(35_000)) || s.held(id) != 35_000_00 {
		t.Fatalf("%+v, %d held", o, s.held(id))
	}

	s.clock.Set(s.load(t, id).CollectOn.Start())
	s.work(t)
	if o := s.order(t, id, engine.Collect); o.Status != engine.Done || !o.Held.Equal(tenge(35_000)) {
		t.Fatalf("%+v", o)
	}
	s.apply(t, id, engine.Pay{PaymentID: 2, Amount: tenge(35_000), ValueDate: calendar.DateOf(morning)})
	s.work(t)
	if c := s.load(t, id); c.State != engine.Paid || c.ReleasedAt.IsZero() || s.held(id) != 0 {
		t.Fatalf("%+v", c)
	}
	s.sound(t)
}

func TestPlanned_answersWithoutABank(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for want, open := range map[string]func(who string){
		"no_account": func(string) {},
		"protected":  func(who string) { s.banks["dala"].open(who, "P", "savings_of_a_new_kind", 900_000_00) },
		"no_funds":   func(who string) { s.banks["dala"].open(who, "C", orders.KindCurrent, 50_851_00) },
	} {
		s.clock.Set(morning)
		s.exec(t, `UPDATE robot SET high_water = '2000-01-01'`)
		who, ids := s.debtor(t, 1)
		open(who)
		s.enforce(t, ids[0])
		if got := s.count(t, `SELECT count(*) FROM orders WHERE case_id = $1 AND status = 'rejected' AND detail = $2 AND attempts = 0`, ids[0], want); got != 1 {
			t.Errorf("%s: %+v", want, s.load(t, ids[0]).Orders)
		}
	}
	for _, b := range s.banks {
		if len(b.orders) > 0 {
			t.Errorf("%s got %d orders", b.name, len(b.orders))
		}
	}
}

// One account that covers the sum is the fewest that there can be, whatever a silent bank has.
func TestPlanned_aSilentBankHoldsUpOnlyWhatItMayChange(t *testing.T) {
	t.Parallel()
	s := setup(t)
	who, ids := s.debtor(t, 1)
	s.banks["altyn"].open(who, "KZA", orders.KindCurrent, 101_000_00)
	s.banks["dala"].be(down)
	s.enforce(t, ids[0])
	if s.banks["altyn"].holds(ids[0]) != 50_000_00 {
		t.Errorf("%+v", s.load(t, ids[0]).Orders)
	}
}

// Several cases of one person: the second arrest sees what the first has left, and the minimum stays once.
func TestPlanned_casesOfOnePersonTogether(t *testing.T) {
	t.Parallel()
	s := setup(t)
	who, ids := s.debtor(t, 3)
	s.rich(who)
	s.enforce(t, ids[0])
	s.clock.Advance(2 * time.Minute)
	s.work(t)
	if a, b, c := s.held(ids[0]), s.held(ids[1]), s.held(ids[2]); a != 50_000_00 || b != 4_149_00 || c != 0 { // 105 000 less 50 851
		t.Errorf("%d, %d, %d held", a, b, c)
	}
	s.sound(t)
}

// liar is a bank that answers as it is told.
type liar struct {
	*bank

	submit func(in orders.Instruction) orders.Reply
	query  func(id uuid.UUID) (orders.Reply, bool)
}

func (l liar) Submit(ctx context.Context, batch []orders.Instruction) ([]orders.Reply, error) {
	if l.submit == nil {
		return l.bank.Submit(ctx, batch)
	}
	var out []orders.Reply
	for _, in := range batch {
		out = append(out, l.submit(in))
	}
	return out, nil
}

func (l liar) Query(ctx context.Context, ids []uuid.UUID) ([]orders.Reply, error) {
	if l.query == nil {
		return l.bank.Query(ctx, ids)
	}
	var out []orders.Reply
	for _, id := range ids {
		if r, ok := l.query(id); ok {
			out = append(out, r)
		}
	}
	return out, nil
}

// A lift that is refused a hundred times is lifted at the next; each refusal is told.
func TestSender_liftsUntilItIsDone(t *testing.T) {
	t.Parallel()
	s := setup(t)
	who, ids := s.debtor(t, 1)
	s.banks["altyn"].open(who, "KZA", orders.KindCurrent, 200_000_00)
	s.enforce(t, ids[0])
	s.apply(t, ids[0], engine.Pay{PaymentID: 1, Amount: tenge(50_000), ValueDate: calendar.DateOf(morning)})
	refused := 0
	seen := map[uuid.UUID]orders.Instruction{}
	s.sender.Banks["altyn"] = liar{bank: s.banks["altyn"], submit: func(in orders.Instruction) orders.Reply {
		seen[in.ID] = in
		if refused == 100 {
			out, err := s.banks["altyn"].Submit(t.Context(), []orders.Instruction{in})
			if err != nil {
				t.Fatal(err)
			}
			return out[0]
		}
		refused++
		return in.Reply(engine.Refused, money.Zero)
	}, query: func(id uuid.UUID) (orders.Reply, bool) { return seen[id].Reply(engine.Refused, money.Zero), true }}
	for s.work(t); refused < 100; s.work(t) {
		if c := s.load(t, ids[0]); !c.ReleasedAt.IsZero() || s.held(ids[0]) != 50_000_00 {
			t.Fatalf("released after %d refusals: %+v", refused, c)
		}
		if n := s.count(t, `SELECT count(*) FROM chunks WHERE done_at IS NULL AND kind = 'lift'`); n != 1 {
			t.Fatalf("%d chunks after %d refusals", n, refused)
		}
		s.clock.Advance(15 * time.Minute)
	}
	s.clock.Advance(15 * time.Minute)
	s.work(t)
	if c := s.load(t, ids[0]); c.ReleasedAt.IsZero() || s.held(ids[0]) != 0 || refused != 100 || len(seen) != 1 {
		t.Fatalf("%d refusals under %d ids, %+v", refused, len(seen), c)
	}
	if got := s.alarms.count("refuses to give back"); got != 100 {
		t.Errorf("%d alarms", got)
	}
	s.sound(t)
}

// A bank that only says that it has the order is asked for ever, and never sent the order again.
func TestSender_takenForEver(t *testing.T) {
	t.Parallel()
	s := setup(t)
	who, ids := s.debtor(t, 1)
	s.banks["altyn"].open(who, "KZA", orders.KindCurrent, 200_000_00)
	s.banks["altyn"].be(late)
	s.enforce(t, ids[0])
	for range 60 {
		s.clock.Advance(time.Hour)
		s.work(t)
	}
	if o := s.order(t, ids[0], engine.Arrest); o.Status != engine.Unknown || o.Held.IsPositive() {
		t.Fatalf("%+v", o)
	}
	for _, o := range s.banks["altyn"].orders {
		if o.sent != 1 {
			t.Errorf("%s was sent %d times", o.in.Purpose, o.sent)
		}
	}
	if got := s.count(t, `SELECT attempts FROM orders WHERE case_id = $1 AND purpose = 'arrest'`, ids[0]); got < 50 {
		t.Errorf("asked %d times", got)
	}
	s.exec(t, `UPDATE orders SET attempts = 32767 WHERE case_id = $1`, ids[0]) // as after years
	s.clock.Advance(2 * time.Hour)
	s.work(t)
	s.banks["altyn"].be(well)
	s.clock.Advance(2 * time.Hour)
	s.work(t)
	if o := s.order(t, ids[0], engine.Arrest); o.Status != engine.Active {
		t.Errorf("%+v", o)
	}
}

// An answer that speaks of another case, or in words that nobody knows, changes nothing but raises an alarm.
func TestSender_neverAFalseActive(t *testing.T) {
	t.Parallel()
	s := setup(t)
	who, ids := s.debtor(t, 1)
	s.banks["altyn"].open(who, "KZA", orders.KindCurrent, 200_000_00)
	var bend func(r *orders.Reply)
	s.sender.Banks["altyn"] = liar{bank: s.banks["altyn"], submit: func(in orders.Instruction) orders.Reply {
		r := in.Reply(engine.Accepted, in.Amount)
		bend(&r)
		return r
	}, query: func(id uuid.UUID) (orders.Reply, bool) {
		r := orders.Reply{ID: id, CaseID: ids[0], Known: true, Answer: engine.Accepted, Sum: tenge(50_000)}
		bend(&r)
		return r, true
	}}
	for i, b := range []func(r *orders.Reply){
		func(r *orders.Reply) { r.CaseID++ },
		func(r *orders.Reply) { r.CaseID = 0 },
		func(r *orders.Reply) { r.Answer = "<html>" },
		func(r *orders.Reply) { r.ID = uuid.New() },
	} {
		bend = b
		if i == 0 {
			s.enforce(t, ids[0])
		}
		s.clock.Advance(2 * time.Hour)
		s.work(t)
		if o := s.order(t, ids[0], engine.Arrest); o.Status != engine.Unknown || o.Held.IsPositive() {
			t.Fatalf("lie %d: %+v", i, o)
		}
	}
	if fit, asked := s.alarms.count("does not fit"), s.alarms.count("was not asked"); fit < 4 || asked < 1 {
		t.Errorf("alarms: %v", s.alarms.said)
	}
	bend = func(*orders.Reply) {}
	s.clock.Advance(2 * time.Hour)
	s.work(t)
	if o := s.order(t, ids[0], engine.Arrest); o.Status != engine.Active {
		t.Errorf("%+v", o)
	}
}

// A plan is made once: whatever the person does with his accounts afterwards, the same parts are sent.
func TestPlanned_neverAgain(t *testing.T) {
	t.Parallel()
	s := setup(t)
	who, ids := s.debtor(t, 1)
	s.rich(who)
	s.enforceWith(t, ids[0], map[string]mood{"altyn": mute})
	first := s.count(t, `SELECT hashtext(legs::text) FROM orders WHERE case_id = $1`, ids[0])
	s.banks["jetisu"].open(who, "KZN", orders.KindCurrent, 500_000_00) // now one account would do
	s.banks["altyn"].be(well)
	s.clock.Advance(time.Hour)
	s.work(t)
	if a, b := s.banks["altyn"].holds(ids[0]), s.banks["dala"].holds(ids[0]); a != 40_000_00 || b != 10_000_00 || s.banks["jetisu"].holds(ids[0]) != 0 {
		t.Errorf("%d and %d held", a, b)
	}
	if got := s.count(t, `SELECT hashtext(legs::text) FROM orders WHERE case_id = $1`, ids[0]); got != first {
		t.Logf("%d became %d: an answer was noted", first, got)
	}
	s.sound(t)
}

// enforceWith has banks fall into a mood between the reading of accounts and the arrest.
func (s *site) enforceWith(t failer, id int64, after map[string]mood) {
	t.Helper()
	for name, m := range after {
		s.sender.Banks[name] = turning{s.banks[name], m}
	}
	s.enforce(t, id)
	for name := range after {
		s.sender.Banks[name] = s.banks[name]
	}
}

// turning is a bank that changes its mood after it told its accounts.
type turning struct {
	*bank

	to mood
}

func (b turning) Accounts(ctx context.Context, iins []string) (map[string][]orders.Account, error) {
	defer b.be(b.to)
	return b.bank.Accounts(ctx, iins)
}

// A leg that one bank refuses counts as not held, and it is not asked to lift it.
func TestSender_oneBankRefuses(t *testing.T) {
	t.Parallel()
	s := setup(t)
	who, ids := s.debtor(t, 1)
	s.rich(who)
	s.enforceWith(t, ids[0], map[string]mood{"altyn": stubby})
	if o := s.order(t, ids[0], engine.Arrest); o.Status != engine.Active || !o.Held.Equal(tenge(10_000)) {
		t.Fatalf("%+v", o)
	}
	s.apply(t, ids[0], engine.Cancel{Ground: "court", Act: "1"})
	s.work(t)
	if c := s.load(t, ids[0]); c.ReleasedAt.IsZero() || len(s.banks["altyn"].orders) != 1 || s.held(ids[0]) != 0 {
		t.Errorf("%+v", c)
	}
	s.sound(t)
}

// The whole life of cases under random events, with banks that lose answers, answer late, refuse and mix up cases: what all banks
// hold for a case is never more than was outstanding when its arrest was ordered, nor than is outstanding once all is answered;
// nothing is ordered twice; the law's minimum stays; and when the bad times are over, no arrest outlives its case.
func TestSender_anyOrderOfEvents(t *testing.T) {
	s := setup(t)
	rapid.Check(t, func(t *rapid.T) {
		s.exec(t, `DELETE FROM due`)
		s.exec(t, `UPDATE chunks SET done_at = now() WHERE done_at IS NULL`)
		s.exec(t, `UPDATE robot SET high_water = '2000-01-01', coercion_on = true`)
		s.fresh()
		who, ids := s.debtor(t, rapid.IntRange(1, 2).Draw(t, "cases"))
		for i := range rapid.IntRange(0, 5).Draw(t, "accounts") {
			kind := rapid.SampledFrom([]string{orders.KindCurrent, orders.KindCurrent, orders.KindCurrent, "alimony"}).Draw(t, "kind")
			s.banks[rapid.SampledFrom(names).Draw(t, "bank")].open(who, fmt.Sprintf("KZ%d", i), kind, rapid.Int64Range(0, 90_000_00).Draw(t, "balance"))
		}
		s.clock.Set(s.load(t, ids[0]).VoluntaryEndsOn.End())
		payment := int64(0)
		for range rapid.IntRange(1, 25).Draw(t, "events") {
			id := rapid.SampledFrom(ids).Draw(t, "case")
			switch rapid.SampledFrom([]string{"work", "work", "work", "wait", "wait", "days", "mood", "mood", "pay", "rest", "hold", "resume", "switch", "cancel", "refuse"}).Draw(t, "event") {
			case "work":
				s.work(t)
			case "wait":
				s.clock.Advance(time.Duration(rapid.IntRange(1, 90).Draw(t, "minutes")) * time.Minute)
				s.work(t)
			case "days":
				s.clock.Advance(time.Duration(rapid.IntRange(1, 8).Draw(t, "days")) * 24 * time.Hour)
				s.work(t)
			case "mood":
				s.banks[rapid.SampledFrom(names).Draw(t, "bank")].be(rapid.SampledFrom(moods).Draw(t, "mood"))
			case "pay":
				payment++
				s.apply(t, id, engine.Pay{PaymentID: payment, Amount: money.FromTiyn(rapid.Int64Range(1, 30_000_00).Draw(t, "sum")), ValueDate: calendar.DateOf(morning)})
			case "rest":
				payment++
				if left := s.load(t, id).Outstanding; left.IsPositive() {
					s.apply(t, id, engine.Pay{PaymentID: payment, Amount: left, ValueDate: calendar.DateOf(morning)})
				}
			case "hold":
				s.apply(t, id, engine.SetHold{Reason: "test"})
			case "resume":
				s.apply(t, id, engine.Resume{Reason: "test"})
			case "switch":
				s.exec(t, `UPDATE robot SET coercion_on = NOT coercion_on`)
			case "cancel":
				s.apply(t, id, engine.Cancel{Ground: "court", Act: "1"})
			case "refuse":
				s.apply(t, id, engine.RequestRefusal{})
			}
			s.within(t, ids)
		}
		for _, b := range s.banks {
			b.be(well)
		}
		for _, id := range ids {
			s.apply(t, id, engine.Cancel{Ground: "court", Act: "2"})
		}
		for range 12 {
			s.clock.Advance(2 * time.Hour)
			s.work(t)
			s.within(t, ids)
		}
		for _, id := range ids {
			c := s.load(t, id)
			if !c.State.Final() || s.held(id) != 0 && c.State != engine.HandedOver {
				t.Fatalf("%d is held: %+v", s.held(id), c)
			}
			if c.State != engine.HandedOver && c.ReleasedAt.IsZero() {
				t.Fatalf("not released: %+v", c)
			}
			if n := s.count(t, `SELECT count(*) FROM orders WHERE case_id = $1 AND status IN ('requested', 'unknown')`, id); n > 0 {
				t.Fatalf("%d orders are open: %+v", n, c)
			}
		}
		s.sound(t)
	})
}

// within checks what must hold at every instant.
func (s *site) within(t failer, ids []int64) {
	t.Helper()
	for _, id := range ids {
		held := s.held(id)
		ordered := s.count(t, `SELECT coalesce((SELECT amount FROM orders WHERE case_id = $1 AND purpose = 'arrest' ORDER BY ordinal DESC LIMIT 1), 0)`, id)
		open := s.count(t, `SELECT count(*) FROM orders WHERE case_id = $1 AND status IN ('requested', 'unknown')`, id)
		c := s.load(t, id)
		if held > ordered || held > c.Outstanding.Tiyn() && open == 0 && c.State != engine.HandedOver {
			t.Fatalf("%d is held, %d was ordered, %s is outstanding, %d orders are open", held, ordered, c.Outstanding, open)
		}
	}
	for _, b := range s.banks {
		if len(b.wrong) > 0 {
			t.Fatalf("%s: %v", b.name, b.wrong)
		}
	}
}
