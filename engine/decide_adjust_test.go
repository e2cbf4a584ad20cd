package engine

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"robotbailiff/rules/calendar"
)

// A lower sum in every state: what it does to the debt, the arrest and what was paid (EL 62(6), 10-5).
func TestDecide_adjust(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name        string
		state       State
		paid        string // before
		debt        string // new
		code        string
		outstanding string
		refund      string
		then        State
		orders      []Purpose
	}{
		{"lower, opened", Opened, "", "15000.00", "", "15000.00", "", Opened, nil},
		{"lower, notified", Notified, "", "0.01", "", "0.01", "", Notified, nil},
		{"lower, arrested", Enforcing, "", "15000.00", "", "15000.00", "", Enforcing, []Purpose{Reduce}},
		{"lower than what was paid", Enforcing, "10000.00", "8000.00", "", "0.00", "2000.00", Paid, []Purpose{Lift}},
		{"to what was paid", Notified, "10000.00", "10000.00", "", "0.00", "", Paid, nil},
		{"part paid, lower", Enforcing, "10000.00", "12000.00", "", "2000.00", "", Enforcing, []Purpose{Reduce}},
		{"the same sum", Opened, "", "20155.00", CodeAlready, "20155.00", "", Opened, nil},
		{"a higher sum", Opened, "", "20155.01", CodeRaises, "20155.00", "", Opened, nil},
		{"nothing at all is a cancellation", Opened, "", "0.00", CodeInvalid, "20155.00", "", Opened, nil},
		{"paid", Paid, "", "5155.00", "", "0.00", "15000.00", Paid, nil},
		{"cancelled", Cancelled, "", "5155.00", CodeEnded, "0.00", "", Cancelled, nil},
		{"with the bailiff", HandedOver, "", "5155.00", "", "5155.00", "", HandedOver, nil},
		{"with the bailiff, paid so much before", HandedOver, "9000.00", "8000.00", "", "0.00", "1000.00", HandedOver, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := inState(tc.state)
			if tc.state == Enforcing {
				w.do(OrderAnswered{Purpose: Arrest, Ordinal: 1, Answer: Accepted, Sum: tenge("20155.00")})
			}
			if tc.paid != "" {
				w.do(Pay{PaymentID: 1, Amount: tenge(tc.paid), ValueDate: calendar.DateOf(w.now).AddDays(1)})
				if r := w.c.last(Reduce); r != nil {
					w.do(OrderAnswered{Purpose: Reduce, Ordinal: r.Ordinal, Answer: Accepted, Sum: r.Amount})
				}
			}
			d := w.do(Adjust{Debt: tenge(tc.debt), Ground: "amended", Act: "7"})
			if code := w.refusal; (code == nil) != (tc.code == "") || code != nil && code.Code != tc.code {
				t.Fatalf("refused %+v, want %q", code, tc.code)
			}
			if w.c.State != tc.then || !w.c.Outstanding.Equal(tenge(tc.outstanding)) {
				t.Errorf("%s, outstanding %s", w.c.State, w.c.Outstanding)
			}
			var refund string
			var orders []Purpose
			told := false
			for _, e := range d.Effects {
				switch e := e.(type) {
				case NoticeWanted:
					told = told || e.Kind == "corrected" && e.Outstanding.Equal(tenge(tc.outstanding)) && e.Until == w.c.TermEndsOn
				case DebtMoved:
					if e.Refund.IsPositive() {
						refund = e.Refund.String()
					}
				case OrderWanted:
					orders = append(orders, e.Order.Purpose)
				}
			}
			if refund != tc.refund || !slices.Equal(orders, tc.orders) {
				t.Errorf("refund %q, orders %v", refund, orders)
			}
			if told != (tc.code == "" && !tc.then.Final()) {
				t.Errorf("the debtor is told of the new sum: %v", told)
			}
			recalled := slices.ContainsFunc(d.Effects, func(e Effect) bool { _, ok := e.(HandoverRecalled); return ok })
			if recalled != (tc.state == HandedOver && tc.outstanding == "0.00") {
				t.Errorf("recalled: %v", recalled)
			}
			if diff := cmp.Diff(caseJSON(t, w.c), caseJSON(t, Fold(w.c.ID, w.events))); diff != "" {
				t.Errorf("the events do not make the case:\n%s", diff)
			}
			if again := w.do(Adjust{Debt: tenge(tc.debt), Ground: "amended", Act: "7"}); tc.code == "" && (again.Refusal == nil || again.Refusal.Code != CodeAlready) {
				t.Errorf("done twice: %+v", again)
			}
		})
	}
}

// A court's word ends no case that was paid; people who say so give back what was paid, once, and the case stays ended as it was.
func TestDecide_whatWasPaidForNothing(t *testing.T) {
	t.Parallel()
	for ground, news := range map[string]string{"court": "cancelled", GroundOtherPerson: GroundOtherPerson} {
		w := inState(Paid)
		if d := w.do(Cancel{Ground: ground, Act: "1"}); d.Refusal == nil || d.Refusal.Code != CodeEnded {
			t.Fatalf("%s: %+v", ground, d)
		}
		released := w.c.ReleasedAt
		d := w.do(Cancel{Ground: ground, Act: "1", GiveBack: true})
		if d.Refusal != nil || len(d.Events) != 1 || d.Events[0].Kind != EvVoided || d.Events[0].Data.RefundDue.String() != "20155.00" {
			t.Fatalf("%s: %+v", ground, d)
		}
		if w.c.State != Paid || !w.c.Paid.IsZero() || !w.c.Outstanding.IsZero() || !w.c.Adjusted.Equal(tenge("20155.00").Neg()) || !w.c.ReleasedAt.Equal(released) {
			t.Errorf("%s: %+v", ground, w.c)
		}
		moved, told := d.Effects[0].(DebtMoved), d.Effects[1].(NoticeWanted)
		if len(d.Effects) != 2 || moved.Move != "cancelled" || !moved.Amount.IsZero() || moved.Refund.String() != "20155.00" || told.Kind != news || told.Amount.String() != "20155.00" {
			t.Errorf("%s: %+v", ground, d.Effects)
		}
		for name, cmd := range map[string]Command{"twice": Cancel{Ground: ground, Act: "1", GiveBack: true}, "lowered": Adjust{Debt: tenge("1.00"), Ground: "amended", Act: "2"}} {
			if again := w.do(cmd); again.Refusal == nil || len(again.Events) != 0 {
				t.Errorf("%s, %s: %+v", ground, name, again)
			}
		}
		late := w.do(Pay{PaymentID: 2, Amount: tenge("100.00"), ValueDate: calendar.DateOf(w.now)})
		if e := late.Events[0]; e.Kind != EvPaidAfterEnd || !e.Data.Amount.IsZero() || e.Data.RefundDue.String() != "100.00" {
			t.Errorf("%s: what comes afterwards: %+v", ground, late)
		}
		if diff := cmp.Diff(caseJSON(t, w.c), caseJSON(t, Fold(w.c.ID, w.events))); diff != "" {
			t.Errorf("%s: the events do not make the case:\n%s", ground, diff)
		}
	}
}
