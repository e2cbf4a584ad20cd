package orders_test

import (
	"testing"

	"robotbailiff/engine/orders"
)

// What the person is told of a plan: each account by its end, and what is held on it; nothing where there was nothing to arrest.
func TestChosenFor_tellsWhichAccountsAndHowMuch(t *testing.T) {
	t.Parallel()
	s := setup(t)
	who, ids := s.debtor(t, 1)
	s.banks["altyn"].open(who, "KZ111111111111111234", orders.KindCurrent, 60_000_00)
	s.banks["dala"].open(who, "KZ22222222222222ABCD", orders.KindCurrent, 40_851_00)
	s.banks["dala"].open(who, "KZ333333333333339999", "alimony", 900_000_00)
	s.enforce(t, ids[0])
	got, err := orders.ChosenFor(t.Context(), s.pool, s.sender.Keys, ids[0])
	if err != nil || len(got) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	if c := got[0]; !c.Asked.Equal(tenge(50_000)) || c.At.Before(morning) || len(c.Places) != 1 || c.Places[0].Bank != "altyn" || c.Places[0].Account != "1234" || !c.Places[0].Sum.Equal(tenge(50_000)) {
		t.Errorf("%+v", c)
	}
}

func TestChosenFor_tellsNothingWhereNothingWasArrested(t *testing.T) {
	t.Parallel()
	s := setup(t)
	who, ids := s.debtor(t, 1)
	s.banks["dala"].open(who, "P", "alimony", 900_000_00)
	s.enforce(t, ids[0])
	if got, err := orders.ChosenFor(t.Context(), s.pool, s.sender.Keys, ids[0]); err != nil || len(got) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestChosenFor_tellsWhenThereWasLess(t *testing.T) {
	t.Parallel()
	s := setup(t)
	who, ids := s.debtor(t, 1)
	s.banks["altyn"].open(who, "KZ111111111111111234", orders.KindCurrent, 60_000_00)
	s.banks["dala"].open(who, "KZ2", orders.KindCurrent, 30_000_00)
	s.enforce(t, ids[0]) // 39 149 above the minimum
	got, err := orders.ChosenFor(t.Context(), s.pool, s.sender.Keys, ids[0])
	if err != nil || len(got) != 1 || len(got[0].Places) != 1 || !got[0].Places[0].Sum.Equal(tenge(39_149)) {
		t.Fatalf("%+v, %v", got, err)
	}
}
