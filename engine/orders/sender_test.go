package orders_test

import (
	"context"
	"encoding/base64"
	"strconv"
	"testing"
	"time"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/rules/calendar"
)

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
	for number := range s.banks["altyn"].accounts[who] {
		for _, clear := range []string{number, base64.StdEncoding.EncodeToString([]byte(number))} {
			if got := s.count(t, `SELECT count(*) FROM orders WHERE position($2 IN legs::text) > 0 AND case_id = $1`, id, strconv.Quote(clear)); got != 0 {
				t.Errorf("the account number %s stands in the clear", number)
			}
		}
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

// A plan is made once: whatever the person does with his accounts afterwards, the same parts are sent.
func TestPlanned_neverAgain(t *testing.T) {
	t.Parallel()
	s := setup(t)
	who, ids := s.debtor(t, 1)
	s.rich(who)
	s.enforceWith(t, ids[0], map[string]mood{"altyn": mute})
	s.banks["jetisu"].open(who, "KZN", orders.KindCurrent, 500_000_00) // now one account would do
	s.banks["altyn"].be(well)
	s.clock.Advance(time.Hour)
	s.work(t)
	if a, b := s.banks["altyn"].holds(ids[0]), s.banks["dala"].holds(ids[0]); a != 40_000_00 || b != 10_000_00 || s.banks["jetisu"].holds(ids[0]) != 0 {
		t.Errorf("%d and %d held", a, b)
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
