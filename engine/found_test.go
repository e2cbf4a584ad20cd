package engine

import (
	"testing"

	"robotbailiff/rules/calendar"
)

// What a bank holds after a restore becomes ours under its old ordinal where this database can say why, and is lifted at once
// where it cannot.
func TestDecide_adoptsWhatABankHolds(t *testing.T) {
	t.Parallel()
	found := BankHolds{Ordinal: 1, Sum: tenge("20155.00"), Ground: GroundRestored}
	for name, tc := range map[string]struct {
		world  func() *world
		status OrderStatus
		state  State
		orders []Purpose // asked for by the same decision
	}{
		"the notice is not proven here": {func() *world { return inState(Opened) }, LiftRequested, Opened, []Purpose{Lift}},
		"there is still time to pay":    {func() *world { return inState(Notified) }, LiftRequested, Notified, []Purpose{Lift}},
		"the time to pay is over": {func() *world {
			w := inState(Notified)
			w.now = w.c.VoluntaryEndsOn.End()
			return w
		}, Active, Enforcing, nil},
		"it was asked for here and not sent": {func() *world { return inState(Enforcing) }, Active, Enforcing, nil},
		"it was withdrawn here": {func() *world {
			w := inState(Enforcing)
			w.do(OrderAnswered{Purpose: Arrest, Ordinal: 1, Answer: Withdrawn})
			return w
		}, Active, Enforcing, nil},
		"a part was paid": {func() *world {
			w := inState(Notified)
			w.now = w.c.VoluntaryEndsOn.End()
			w.do(Pay{PaymentID: 1, Amount: tenge("155.00"), ValueDate: calendar.DateOf(w.now)})
			return w
		}, Active, Enforcing, []Purpose{Reduce}},
		"a person looks": {func() *world {
			w := inState(Enforcing)
			w.do(SetHold{Reason: "person"})
			return w
		}, Active, Enforcing, nil},
		"the decision was cancelled": {func() *world { return inState(Cancelled) }, LiftRequested, Cancelled, []Purpose{Lift}},
	} {
		w := tc.world()
		d := w.do(found)
		if w.refusal != nil {
			t.Errorf("%s: refused: %s", name, w.refusal.Code)
			continue
		}
		if a := w.c.last(Arrest); a.Ordinal != 1 || a.Status != tc.status || !a.Held.Equal(found.Sum) || w.c.State != tc.state {
			t.Errorf("%s: %s with %+v", name, w.c.State, a)
		}
		var asked []Purpose
		for _, e := range d.Effects {
			if o, ok := e.(OrderWanted); ok {
				asked = append(asked, o.Order.Purpose)
			}
		}
		if len(asked) != len(tc.orders) || len(asked) > 0 && asked[0] != tc.orders[0] {
			t.Errorf("%s: asked for %v, want %v", name, asked, tc.orders)
		}
		if w.do(found); w.refusal == nil {
			t.Errorf("%s: told twice, done twice", name)
		}
		if w.do(Tick{}); w.c.nextOrdinal(Arrest) != 2 {
			t.Errorf("%s: another arrest beside the one found", name)
		}
	}
}

// A bank that holds less than we thought lowers our record; nothing is asked of it again.
func TestDecide_followsABankThatHoldsLess(t *testing.T) {
	t.Parallel()
	w := inState(Enforcing)
	w.do(OrderAnswered{Purpose: Arrest, Ordinal: 1, Answer: Accepted, Sum: tenge("20155.00")})
	w.do(BankHolds{Ordinal: 1, Sum: tenge("100.00"), Ground: GroundCompare})
	if a := w.c.LiveArrest(); a == nil || !a.Held.Equal(tenge("100.00")) {
		t.Fatalf("%+v", a)
	}
	w.do(BankHolds{Ordinal: 1, Ground: GroundCompare})
	if a := w.c.last(Arrest); a.Status != Lifted || w.c.LiveArrest() != nil {
		t.Fatalf("%+v", a)
	}
	w.now = w.c.TermEndsOn.Start()
	if w.do(Tick{}); w.c.nextOrdinal(Arrest) != 2 || w.c.State != Enforcing {
		t.Error("a hold that is gone was ordered anew")
	}
	w.do(BankHolds{Ordinal: 1, Sum: tenge("5.00"), Ground: GroundCompare})
	if w.refusal == nil {
		t.Error("an arrest that has ended came back")
	}
}
