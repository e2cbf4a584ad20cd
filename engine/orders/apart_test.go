package orders_test

import (
	"testing"

	"robotbailiff/engine"
	"robotbailiff/rules/calendar"
)

// What goes to the register is never taken up by the sender of banks, which would take it for done: it has nobody to send it to.
func TestSender_leavesTheRegisterAlone(t *testing.T) {
	t.Parallel()
	s := setup(t)
	who, ids := s.debtor(t, 1)
	s.rich(who)
	s.enforce(t, ids[0])
	if _, err := s.pool.Exec(t.Context(), `INSERT INTO orders (case_id, purpose, ordinal, id, amount, status, requested_at)
SELECT $1, p, 1, gen_random_uuid(), 0, 'requested', requested_at FROM orders, unnest('{register,deregister}'::text[]) p WHERE case_id = $1 AND purpose = 'arrest'`, ids[0]); err != nil {
		t.Fatal(err)
	}
	s.apply(t, ids[0], engine.Pay{PaymentID: 1, Amount: tenge(50_000), ValueDate: calendar.DateOf(morning)})
	s.work(t)
	if got := s.count(t, `SELECT count(*) FROM orders WHERE purpose IN ('register', 'deregister') AND status = 'requested' AND attempts = 0`); got != 2 {
		t.Errorf("%d of 2 orders about the register are untouched", got)
	}
	if got := s.count(t, `SELECT count(*) FROM orders WHERE purpose = 'lift' AND status = 'done'`); got != 1 {
		t.Error("the lift is not done")
	}
}
